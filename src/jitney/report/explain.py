"""A function's source, intermediate representation and machine code side by side.

    source                        IR                               machine code
     4  total += a[i] * b[i]      v9 = load f64 [v2 + v7*8]        20  vmovsd xmm1, qword ptr [rsi+rcx*8]
                                  v11 = fmul v9, v10               25  vmulsd xmm1, xmm1, qword ptr [rdx+rcx*8]

The rows follow the IR. Beside an instruction stands the machine code it became: none where it was folded into an
address or a compare. Moves and jumps that stand for no instruction follow the one before them; the cold stubs, which
run when a check fails, come last.
"""

from __future__ import annotations

from ..ir.print import instruction_text, terminator_text
from .disassemble import disassemble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..codegen.code import MachineCode
    from ..codegen.traffic import Traffic
    from ..ir.function import Function
    from .disassemble import Instruction

    Row = tuple[str, str, str]

_WIDEST = (64, 56)
_HEADS = ("source", "IR", "machine code")


class Explanation:
    """What `f.explain()` gives: prints as text of three columns, and shows as a table in a notebook.

    Attributes:
        title: what was compiled for which types, or why it was not.
        rows: (source, IR, machine code), as text.
        traffic: a `codegen.traffic.Traffic` for each innermost loop that reads from the stack or writes to it what it
            could not keep in registers; see docs/codegen.md.
    """

    def __init__(
        self, title: str, lines: dict[int, str], function: Function | None = None, code: MachineCode | None = None
    ) -> None:
        """
        Args:
            lines: the source, by line number.
            function: the IR that `code` was generated from, with its origins recorded; None if nothing was compiled.
        """
        self.title = title
        self.traffic = code.traffic if code is not None else []
        if function is None or code is None:
            self.rows: list[Row] = [(f"{number:5}  {text}", "", "") for number, text in lines.items()]
        else:
            self.rows = list(_rows(lines, function, code))

    def __str__(self) -> str:
        left, middle = (min(max([len(row[k]) for row in self.rows], default=0), most) for k, most in enumerate(_WIDEST))
        out = [self.title, *_told(self.traffic), ""]
        if any(row[2] for row in self.rows):
            out.append(f"{_HEADS[0]:{left}}  {_HEADS[1]:{middle}}  {_HEADS[2]}")
        for source, ir, machine in self.rows:
            out.append(f"{_cut(source, left):{left}}  {_cut(ir, middle):{middle}}  {machine}".rstrip())
        return "\n".join(out)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr>{''.join(f'<td style={_CELL}>{_escape(text)}</td>' for text in row)}</tr>" for row in self.rows
        )
        heads = "".join(f"<th style={_CELL}>{head}</th>" for head in _HEADS)
        title = "<br>".join([_escape(text) for text in (self.title, *_told(self.traffic))])
        return f"<p><code>{title}</code></p><table><tr>{heads}</tr>{cells}</table>"


def _told(traffic: list[Traffic]) -> list[str]:
    """A line for each loop that uses the stack."""
    return [
        f"loop at line {loop.line}: {loop.loads} loads and {loop.stores} stores of stack slots, "
        f"{loop.avoidable} of them avoidable; up to {loop.wants[0]} general values "
        f"and {loop.wants[1]} floats or vectors at once{', beside calls' if loop.calls else ''}"
        for loop in traffic
    ]


_CELL = '"text-align:left; white-space:pre; font-family:monospace; padding:0 1em 0 0"'


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _rows(lines: dict[int, str], function: Function, code: MachineCode) -> Iterator[Row]:
    machine, cold = _machine_rows(code)
    shown = 0

    def source(line: int) -> str:
        nonlocal shown
        if line == shown or line not in lines:
            return ""
        shown = line
        return f"{line:5}  {lines[line]}"

    def beside(line: int, ir: str, instructions: list[str]) -> Iterator[Row]:
        yield source(line), ir, instructions[0] if instructions else ""
        for text in instructions[1:]:
            yield "", "", text

    yield from beside(0, "", machine.pop(-1, []))
    for block in function.blocks:
        yield "", f"{block}:", ""
        for v in block.insts:
            yield from beside(function.lines[v], "  " + _bare(instruction_text(function, v)), machine.pop(v, []))
        if block.term:
            yield from beside(block.line, "  " + _bare(terminator_text(block)), [])
    rest = [text for v in sorted(machine) for text in machine[v]] + cold
    if rest:
        yield "", "", "cold:"
    for text in rest:
        yield "", "", text


def _bare(text: str) -> str:
    """Without the line number at its end, which the source column shows."""
    before, mark, number = text.rpartition(" ; ")
    return before if mark and number.isdigit() else text


def _machine_rows(code: MachineCode) -> tuple[dict[int, list[str]], list[str]]:
    """The instructions as text, by the IR value they belong to (-1: what comes before the first), and the cold ones."""
    by_value: dict[int, list[str]] = {}
    cold: list[str] = []
    marks = dict(code.marks)
    symbols = {offset: target for offset, _, target, _ in code.relocations}
    value = -1
    for instruction in disassemble(code.code):
        if instruction.offset >= code.hot_size:
            cold.append(_text(instruction, symbols))
            continue
        origin = marks.get(instruction.offset, -1)
        if origin >= 0:
            value = origin
        by_value.setdefault(value, []).append(_text(instruction, symbols))
    return by_value, cold


def _text(instruction: Instruction, symbols: dict[int, object]) -> str:
    text = f"{instruction.offset:4x}  {instruction.text}"
    for at in range(instruction.offset, instruction.offset + len(instruction.code)):
        target = symbols.get(at)
        if isinstance(target, int) and target:
            return f"{text}  ; {target:#x}"
        if target:
            return f"{text}  ; {target}"
    return text
