"""Functions as text. `parse.parse` reads back exactly what `to_text` writes.

    func sum(v0: ptr, v1: ptr, v2: i64) -> f64 {
    file "kernels.py"
    fact v2 0 9223372036854775807
    site 0: line 3 index captures(i64) names("i") detail "out of range"
    loop L0: header b2 preheader b1 counter v5 step 1 stop v2
    b0(v0: ptr, v1: ptr, v2: i64):
        v3 = const i64 0 ; 2
        jump b1
    b1:
        jump b2(v3, v4)
    b2(v5: i64, v6: f64) in L0:
        v7 = load f64 [v1 + v5*8 + 16] region 1 ; 4
        v8 = ccall sin at 0x7f00 pure (v7) : (f64) -> f64
        ...

A type stands after an operation where its row does not determine it, a source line after ``;`` where known, a
``!`` before the imm that names a site. Lanes stand in brackets. Addresses of C functions are numbers; symbols are
names with an ``@``.
"""

from __future__ import annotations

import math

from .ops import bits_of
from .types import VOID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .function import Block, Call, Function, Loop, Memory, Site
    from .types import Type

CALLS = ("ccall", "call", "invoke", "fcall")
# Rows whose imm is a number
COUNTED = ("result", "alloca", "lane", "insert")
# Masked accesses: how many arguments stand before the address.
MASKED = {"mload": 1, "mstore": 2}


class Opaque:
    """What the parser makes of a site's detail that has no literal: something with the same text."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text


def to_text(function: Function) -> str:
    """The whole function, one line per instruction."""
    loops = {loop: f"L{k}" for k, loop in enumerate(function.loops())}
    return "\n".join(_lines(function, loops)) + "\n"


def instruction_text(function: Function, v: int) -> str:
    """One instruction, as in `to_text`."""
    op, type, args, imm = function.ops[v], function.types[v], function.args[v], function.imms[v]
    left = "" if type is VOID else f"v{v} = "
    given = f" {type}" if op.result == "?" else ""
    if op.name in CALLS:
        right = f"{op.name} {_call(imm, args)}"
    elif op.name == "load":
        right = f"load {imm.access} {_address(imm, args)}"
    elif op.name == "store":
        right = f"store {imm.access} {_values(args[:1])}, {_address(imm, args[1:])}"
    elif op.name in MASKED:
        n = MASKED[op.name]
        right = f"{op.name} {imm.access} {_values(args[:n])}, {_address(imm, args[n:])}"
    elif op.name == "gather":
        mask = f", {_values(args[2:])}" if len(args) > 2 else ""
        right = f"gather {imm.access} {_address(imm, args[:2])}{mask}"
    else:
        operands = [f"v{a}" for a in args]
        text = _imm(op.name, type, imm)
        if text:
            operands.append(text)
        right = f"{op.name}{given} {', '.join(operands)}".rstrip()
    return left + right + _line(function.lines[v])


def terminator_text(block: Block) -> str:
    """The terminator of `block`, as in `to_text`."""
    operands = [f"v{a}" for a in block.term_args]
    operands += [f"{e.target}{f'({_values(e.args)})' if e.args else ''}" for e in block.edges]
    if block.term == "exit":
        operands.append(f"!{block.term_imm}")
    return f"{block.term} {', '.join(operands)}".rstrip() + _line(block.line)


def float_text(value: float) -> str:
    """A literal that `float_value` in the parser reads back bit by bit."""
    if value != value:
        return f"nan:{bits_of(value) & (1 << 64) - 1:#x}"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(value)


def name_text(name: str) -> str:
    """A bare word, quoted where it would not read as one."""
    return name if all(c.isalnum() or c in "_.<>$" for c in name) and name else quote(name)


def quote(text: str) -> str:
    """In double quotes, always, with Python's escapes."""
    escaped = text.encode("unicode_escape", "surrogatepass").decode("ascii").replace('"', '\\"')
    return f'"{escaped}"'


def _lines(function: Function, loops: dict[Loop, str]) -> Iterator[str]:
    convention = "" if function.convention == "jit" else f" {function.convention}"
    fast = " fastmath" if function.fastmath else ""
    number = f" id {function.id}" if function.id else ""
    head = f"func {name_text(function.name)}({_typed(function, function.params)}){_results(function.results)}"
    yield f"{head}{convention}{fast}{number} {{"
    if function.file:
        yield f"file {quote(function.file)}"
    for v, (low, high) in function.facts.items():
        yield f"fact v{v} {low} {high}"
    for k, site in enumerate(function.sites):
        yield f"site {k}: {_site(site)}"
    for loop, name in loops.items():
        parent = f" parent {loops[loop.parent]}" if loop.parent is not None else ""
        counted = f" counter v{loop.counter} step {loop.step} stop v{loop.stop}" if loop.counter >= 0 else ""
        if loop.lanes:
            counted += " lanes"
        if loop.apart:
            counted += " apart"
        if loop.parallel is not None:
            counted += f" parallel({', '.join(f'v{p} {quote(n)}' for p, n in loop.parallel.items())})"
        yield f"loop {name}: header {loop.header} preheader {loop.preheader}{parent}{counted}"
    for block in function.blocks:
        params = f"({_typed(function, block.params)})" if block.params else ""
        loop_name = f" in {loops[block.loop]}" if block.loop is not None else ""
        yield f"{block}{params}{loop_name}{' cold' if block.cold else ''}:"
        for v in block.insts:
            yield "    " + instruction_text(function, v)
        if block.term:
            yield "    " + terminator_text(block)
    yield "}"


def _typed(function: Function, values: list[int]) -> str:
    return ", ".join(f"v{v}: {function.types[v]}" for v in values)


def _types(types: Iterable[Type]) -> str:
    return ", ".join([t.name for t in types])


def _results(types: tuple[Type, ...]) -> str:
    return f" -> {_types(types)}" if types else ""


def _values(values: Iterable[int]) -> str:
    return ", ".join([f"v{v}" for v in values])


def _line(line: int) -> str:
    return f" ; {line}" if line else ""


def _imm(op: str, type: Type, imm: Any) -> str:
    if op == "const":
        if type.lanes > 1:
            return f"[{', '.join([_imm(op, type.element, lane) for lane in imm])}]"
        if type.is_float:
            return float_text(imm)
        return str(imm).lower()
    if op == "symbol":
        return f"@{name_text(imm.name)}"
    if op == "poll":
        return f"!{imm[0]}, {imm[1]}"
    if op in COUNTED:
        return str(imm)
    if op == "fpower":
        return float_text(imm)
    if op == "shuffle":
        return str(list(imm))
    return f"!{imm}" if imm is not None else ""


def _address(memory: Memory, args: tuple[int, ...]) -> str:
    index = f" + v{args[1]}*{memory.scale}" if len(args) > 1 else ""
    disp = f" {'-' if memory.disp < 0 else '+'} {abs(memory.disp)}" if memory.disp else ""
    scale = f" scale {memory.scale}" if len(args) == 1 and memory.scale != 1 else ""
    region = f" region {memory.region}" if memory.region else ""
    ahead = f" ahead {'- ' if memory.ahead < 0 else ''}{abs(memory.ahead)}" if memory.ahead else ""
    return f"[v{args[0]}{index}{disp}]{scale}{region}{' invariant' if memory.invariant else ''}{ahead}"


def _call(call: Call, args: tuple[int, ...]) -> str:
    target = f"{call.target:#x}" if isinstance(call.target, int) else f"@{name_text(call.target.name)}"
    pure = (" pure" if call.pure else "") + (" free" if call.free else "")
    site = f" !{call.site}" if call.site >= 0 else ""
    signature = f"({_types(call.params)}){_results(call.results)}"
    return f"{name_text(call.name)} at {target}{pure}{site} ({_values(args)}) : {signature}"


def _site(site: Site) -> str:
    captures = f" captures({_types(site.captures)})" if site.captures else ""
    names = f" names({', '.join(map(quote, site.names))})" if site.names else ""
    detail = f" detail {_detail(site.detail)}" if site.detail is not None else ""
    inlined = "".join([f" in {quote(n)} {quote(file)} {line}" for n, file, line in site.inlined])
    return f"line {site.line} {name_text(site.kind)}{captures}{names}{inlined}{detail}"


def _detail(value: Any) -> str:
    """A site's detail: a Python literal, a builtin class by its name, or the text of whatever else it is."""
    kind = value.__class__
    if kind is str:
        return quote(value)
    if value is None or kind in (bool, int) or (kind is float and math.isfinite(value)):
        return repr(value)
    if kind is tuple:
        return f"({', '.join(map(_detail, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, type) and value.__module__ == "builtins":
        return value.__qualname__
    return f"Opaque({quote(repr(value))})"
