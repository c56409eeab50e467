"""Functions from their text: the inverse of `print.to_text`, which documents the notation.

    function = parse(text)
    to_text(function) == text

Values keep their numbers; operations without result, which print none, get the free ones. What a function refers to
by name alone (symbols) is looked up in a table that several functions can share.
"""

from __future__ import annotations

import ast
import builtins

from .dominators import assign_idoms
from .function import Block, Call, Edge, Function, Loop, Memory, Site, Symbol
from .ops import OPS, TERMINATORS, result_of
from .print import CALLS, COUNTED, MASKED, Opaque
from .types import ACCESSES, BY_NAME, F64, VOID, gathered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .ops import Op
    from .types import Type

_PARAM = OPS["param"]


class ParseError(Exception):
    """The text is not a function; the message gives the line."""


def parse(text: str, symbols: dict[str, Symbol] | None = None) -> Function:
    """The function that `text` describes. It is not verified.

    Args:
        text: as `print.to_text` writes it; empty lines and indentation do not matter.
        symbols: the symbols known by name, the function's own among them; new ones are added.

    Raises:
        ParseError: at the first line that does not read.
    """
    reader = _Reader({} if symbols is None else symbols)
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                reader.line(_Line(line.strip()))
        except ParseError as error:
            raise ParseError(f"line {number}: {error}") from None
        except (KeyError, ValueError, IndexError, SyntaxError, TypeError, AttributeError) as error:
            raise ParseError(f"line {number}: {error!r}") from error
    return reader.finish()


class _Line:
    """One line of text, read from the left."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at] == " ":
            self.at += 1

    def accept(self, what: str) -> bool:
        """Read `what` if it comes next; a word only as a whole."""
        self.skip()
        end = self.at + len(what)
        if not self.text.startswith(what, self.at):
            return False
        if what[-1].isalnum() and self.text[end : end + 1].isalnum():
            return False
        self.at = end
        return True

    def expect(self, what: str) -> None:
        if not self.accept(what):
            raise ParseError(f"{what!r} is due at {self.text[self.at :]!r}")

    def token(self) -> str:
        """What comes up to a space or one of ``,;:()[]*``."""
        self.skip()
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in " ,;:()[]*":
            self.at += 1
        if start == self.at:
            raise ParseError(f"a word is due at {self.text[start:]!r}")
        return self.text[start : self.at]

    def integer(self) -> int:
        return int(self.token(), 0)

    def value(self) -> int:
        return int(self.prefixed("v"))

    def prefixed(self, letter: str) -> str:
        token = self.token()
        if token[0] != letter:
            raise ParseError(f"{letter}... is due, not {token!r}")
        return token[1:]

    def at_value(self) -> bool:
        self.skip()
        return self.text[self.at : self.at + 1] == "v" and self.text[self.at + 1 : self.at + 2].isdigit()

    def string(self) -> str:
        self.expect('"')
        start = self.at
        while self.text[self.at] != '"':
            self.at += 2 if self.text[self.at] == "\\" else 1
        self.at += 1
        return str(ast.literal_eval(self.text[start - 1 : self.at]))

    def name(self) -> str:
        self.skip()
        return self.string() if self.text[self.at : self.at + 1] == '"' else self.token()

    def type(self) -> Type:
        return BY_NAME[self.token()]

    def types(self) -> tuple[Type, ...]:
        found = [self.type()]
        while self.accept(","):
            found.append(self.type())
        return tuple(found)

    def results(self) -> tuple[Type, ...]:
        return self.types() if self.accept("->") else ()

    def values(self) -> tuple[int, ...]:
        """Values in parentheses, if parentheses come next."""
        found = []
        if self.accept("("):
            while not self.accept(")"):
                found.append(self.value())
                self.accept(",")
        return tuple(found)

    def list(self, item: Callable[[], Any]) -> tuple[Any, ...]:
        """What stands in brackets."""
        self.expect("[")
        found = [item()]
        while self.accept(","):
            found.append(item())
        self.expect("]")
        return tuple(found)

    def rest(self) -> str:
        self.skip()
        rest, self.at = self.text[self.at :], len(self.text)
        return rest

    def source_line(self) -> int:
        """The number after the last ``;``; the line must end there."""
        number = self.integer() if self.accept(";") else 0
        if self.at != len(self.text):
            raise ParseError(f"{self.text[self.at :]!r} is too much")
        return number


class _Reader:
    """Takes the lines of one function in turn."""

    __slots__ = ("block", "blocks", "function", "loops", "over", "rows", "symbols", "unnumbered")

    def __init__(self, symbols: dict[str, Symbol]) -> None:
        self.symbols = symbols
        self.function: Function = None  # type: ignore[assignment]
        self.block: Block = None  # type: ignore[assignment]
        self.blocks: dict[str, Block] = {}
        self.loops: dict[str, Loop] = {}
        # The columns of each value, and the void operations as places to put a number into.
        self.rows: dict[int, tuple[Op, Type, tuple[int, ...], Any, int, Block]] = {}
        self.unnumbered: list[tuple[Block, int, tuple[Op, Type, tuple[int, ...], Any, int, Block]]] = []
        self.over = False

    def line(self, line: _Line) -> None:
        if self.over:
            raise ParseError("text after the function")
        if self.function is None:
            self.head(line)
        elif line.accept("}"):
            self.over = True
        elif line.text.endswith(":") and line.text[0] == "b":
            self.start_block(line)
        elif self.block is not None:
            self.instruction(line)
        else:
            getattr(self, f"{line.token()}_declaration")(line)

    def finish(self) -> Function:
        if not self.over:
            raise ParseError("the text ends inside the function")
        function, rows = self.function, self.rows
        free = (v for v in range(len(rows) + len(self.unnumbered) + max(rows, default=0) + 1) if v not in rows)
        for (block, k, row), v in zip(self.unnumbered, free):
            block.insts[k] = v
            rows[v] = row
        nowhere = (_PARAM, VOID, (), None, 0, Block(-1))
        for v in range(max(rows, default=-1) + 1):
            function.new_value(*rows.get(v, nowhere))
        if function.blocks:
            assign_idoms(function.blocks)
        return function

    # -- declarations --------------------------------------------------------------------------------------------------

    def head(self, line: _Line) -> None:
        line.expect("func")
        name = line.name()
        self.parameters(line)
        function = self.function = Function(name, line.results(), "jit")
        while not line.accept("{"):
            if line.accept("fastmath"):
                function.fastmath = True
            elif line.accept("id"):
                function.id = line.integer()
            else:
                function.convention = line.token()
        function.symbol = self.symbols.setdefault(name, function.symbol)

    def parameters(self, line: _Line) -> list[tuple[int, Type]]:
        found = []
        if line.accept("("):
            while not line.accept(")"):
                v = line.value()
                line.expect(":")
                found.append((v, line.type()))
                line.accept(",")
        return found

    def file_declaration(self, line: _Line) -> None:
        self.function.file = line.string()

    def fact_declaration(self, line: _Line) -> None:
        v = line.value()
        low = line.integer()
        self.function.facts[v] = (low, line.integer())

    def site_declaration(self, line: _Line) -> None:
        line.integer()
        line.expect(":")
        line.expect("line")
        site = Site(line.integer(), line.name())
        if line.accept("captures"):
            line.expect("(")
            site.captures = line.types()
            line.expect(")")
        if line.accept("names"):
            line.expect("(")
            names = [line.string()]
            while line.accept(","):
                names.append(line.string())
            site.names = tuple(names)
            line.expect(")")
        while line.accept("in"):
            name, file = line.string(), line.string()
            site.inlined += ((name, file, line.integer()),)
        if line.accept("detail"):
            site.detail = _literal(ast.parse(line.rest(), mode="eval").body)
        self.function.sites.append(site)

    def loop_declaration(self, line: _Line) -> None:
        name = line.token()
        line.expect(":")
        line.expect("header")
        header = self.target(line)
        line.expect("preheader")
        preheader = self.target(line)
        loop = self.loops[name] = Loop(self.loops[line.token()] if line.accept("parent") else None)
        loop.header, loop.preheader = header, preheader
        if line.accept("counter"):
            loop.counter = line.value()
            line.expect("step")
            loop.step = line.integer()
            line.expect("stop")
            loop.stop = line.value()
        loop.lanes = line.accept("lanes")
        loop.apart = line.accept("apart")
        if line.accept("parallel"):
            loop.parallel = {}
            line.expect("(")
            while not line.accept(")"):
                v = line.value()
                loop.parallel[v] = line.string()
                line.accept(",")

    # -- blocks --------------------------------------------------------------------------------------------------------

    def target(self, line: _Line) -> Block:
        number = line.prefixed("b")
        block = self.blocks.get(number)
        if block is None:
            block = self.blocks[number] = Block(int(number))
        return block

    def start_block(self, line: _Line) -> None:
        block = self.block = self.target(line)
        self.function.blocks.append(block)
        for v, type in self.parameters(line):
            block.params.append(v)
            self.rows[v] = (_PARAM, type, (), None, 0, block)
        if line.accept("in"):
            block.loop = self.loops[line.token()]
        block.cold = line.accept("cold")
        line.expect(":")

    def instruction(self, line: _Line) -> None:
        v = -1
        if line.at_value():
            v = line.value()
            line.expect("=")
        name = line.token()
        if name in TERMINATORS:
            self.terminator(line, name)
            return
        op = OPS[name]
        imm: Any
        if name in CALLS:
            type, args, imm = self.call(line, name)
            if name == "fcall" and args[0] in self.rows:
                type = self.rows[args[0]][1]  # perhaps a vector, of which the record does not tell
        elif name in ("load", "store") or name in MASKED:
            type, args, imm = self.access(line, op)
        elif name == "gather":
            type, args, imm = self.access(line, op)
            if line.accept(","):
                args += (line.value(),)
            type = gathered(imm.access.name, self.rows[args[1]][1].lanes) or VOID
        else:
            given = line.type() if op.result == "?" else None
            args = self.operands(line)
            imm = self.immediate(line, name, given)
            type = given or result_of(op, [self.rows[a][1] if a in self.rows else VOID for a in args])
        row = (op, type, args, imm, line.source_line(), self.block)
        if v < 0:
            self.unnumbered.append((self.block, len(self.block.insts), row))
        elif v in self.rows:
            raise ParseError(f"v{v} again")
        else:
            self.rows[v] = row
        self.block.insts.append(v)

    def operands(self, line: _Line) -> tuple[int, ...]:
        found = []
        while line.at_value():
            found.append(line.value())
            line.accept(",")
        return tuple(found)

    def immediate(self, line: _Line, name: str, type: Type | None) -> Any:
        if name == "const" and type is not None and type.lanes > 1:
            return line.list(lambda: _constant(line, type.element))
        if name == "const":
            return _constant(line, type)
        if name == "symbol":
            return self.symbol(line)
        if name in COUNTED:
            return line.integer()
        if name == "shuffle":
            return line.list(line.integer)
        if name == "fpower":
            return _constant(line, F64)
        if not line.accept("!"):
            return None
        site = line.integer()
        return (site, line.integer()) if line.accept(",") else site

    def symbol(self, line: _Line) -> Symbol:
        line.expect("@")
        name = line.name()
        return self.symbols.setdefault(name, Symbol(name))

    def access(self, line: _Line, op: Op) -> tuple[Type, tuple[int, ...], Memory]:
        memory = Memory(ACCESSES[line.token()])
        args = self.operands(line)
        line.expect("[")
        args += (line.value(),)
        if line.accept("+"):
            if line.at_value():
                args += (line.value(),)
                line.expect("*")
                memory.scale = line.integer()
                if line.accept("+"):
                    memory.disp = line.integer()
            else:
                memory.disp = line.integer()
        if line.accept("-"):
            memory.disp = -line.integer()
        line.expect("]")
        if line.accept("scale"):
            memory.scale = line.integer()
        if line.accept("region"):
            memory.region = line.integer()
        memory.invariant = line.accept("invariant")
        if line.accept("ahead"):
            memory.ahead = -line.integer() if line.accept("-") else line.integer()
        return (memory.access.type if op.result else VOID), args, memory

    def call(self, line: _Line, name: str) -> tuple[Type, tuple[int, ...], Call]:
        called = line.name()
        line.expect("at")
        line.skip()
        target: Any = self.symbol(line) if line.text[line.at] == "@" else line.integer()
        pure, free = line.accept("pure"), line.accept("free")
        site = line.integer() if line.accept("!") else -1
        args = line.values()
        line.expect(":")
        line.expect("(")
        params: tuple[Type, ...] = ()
        if not line.accept(")"):
            params = line.types()
            line.expect(")")
        results = line.results()
        types = results + ((BY_NAME["i1"],) if name == "invoke" else ())
        return (types[0] if types else VOID), args, Call(called, target, params, results, pure, site, free)

    def terminator(self, line: _Line, name: str) -> None:
        block = self.block
        if block.term:
            raise ParseError("a second terminator")
        block.term = name
        block.term_args = self.operands(line)
        line.skip()
        while line.text[line.at : line.at + 1] == "b":
            target = self.target(line)
            block.edges.append(Edge(target, line.values()))
            line.accept(",")
            line.skip()
        if line.accept("!"):
            block.term_imm = line.integer()
        block.line = line.source_line()


def _constant(line: _Line, type: Type | None) -> Any:
    if type is not None and type.is_float:
        return _float(line)
    token = line.token()
    return token == "true" if token in ("true", "false") else int(token)


def _float(line: _Line) -> float:
    token = line.token()
    if token != "nan":
        return float(token)
    line.expect(":")
    bits = line.integer()
    return OPS["bits2f"].meaning(bits - (1 << 64) if bits >> 63 else bits)  # type: ignore[misc,no-any-return]


def _literal(node: ast.expr) -> Any:
    """A site's detail: a literal, a tuple of details, a builtin by name, or an `Opaque`."""
    if isinstance(node, ast.Tuple):
        return tuple([_literal(item) for item in node.elts])
    if isinstance(node, ast.Name):
        return getattr(builtins, node.id)
    if isinstance(node, ast.Call):
        return Opaque(_literal(node.args[0]))
    return ast.literal_eval(node)
