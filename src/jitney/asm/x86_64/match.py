"""Which form a mnemonic and its operands select.

Operands are first reduced to shapes (a register's kind, a memory operand's size, ...). The forms that accept these are
found once and remembered; what shapes leave open (values of immediates, fixed registers) is checked each time.
"""

from __future__ import annotations

from jitney.asm.errors import OperandError
from jitney.asm.operands import Label, Mem
from jitney.asm.registers import REGISTERS, Masked, Reg, Rounding
from jitney.asm.x86_64.forms import Form, files_of, forms_of, lines_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FIXED = ("al", "ax", "eax", "rax", "cl", "dx", "xmm0")
_GENERAL_TOKENS = {8: "r8 al cl", 16: "r16 ax dx", 32: "r32 eax r32/m8 r32/m16", 64: "r64 rax"}
_MEMORY_STEMS = "m r/m xmm/m ymm/m zmm/m k/m moffs r32/m".split()


def _accepting() -> dict[object, set[str]]:
    """Shape of an operand (see `shape_of`) -> the tokens of the notation that accept it."""
    table: dict[object, set[str]] = {
        "gp8h": {"r8", "r/m8"},
        "i": {"imm8", "imm8s", "imm16", "imm32", "imm32s", "imm64", "1"},
        "l": {"imm64", "rel8", "rel32"},
        "k": {"k"},
    }
    open_size = {"m"}
    for bits in (8, 16, 32, 64, 128, 256, 512):
        memory = {f"{stem}{bits}" for stem in _MEMORY_STEMS}
        open_size |= memory
        table[bits >> 3] = memory | {"m"}
        if bits in _GENERAL_TOKENS:
            table[f"gp{bits}"] = {f"r/m{bits}", *_GENERAL_TOKENS[bits].split()}
    for letter in "xyz":
        table["vm" + letter] = {"vm32" + letter, "vm64" + letter}
    for vector in ("xmm", "ymm", "zmm", "k"):
        table[vector] = {vector, *[f"{vector}/m{bits}" for bits in (8, 16, 32, 64, 128, 256, 512)]}
    table["xmm"].add("xmm0")
    table[0] = open_size
    table[6] = table[10] = {"m"}
    return table


ACCEPTING = _accepting()


def _accepts_masked(token: str, shape: object) -> bool:
    """Whether a token of an EVEX form accepts a shape, which may carry a mask, be broadcast or be a high register."""
    plain, _, mask = token.partition(" ")
    plain, _, element = plain.partition("/b")
    if type(shape) is str:
        if shape.endswith("{z}"):
            if mask != "{k}{z}":
                return False
            shape = shape[:-3]
        if shape.endswith("{k}"):
            if not mask:
                return False
            shape = shape[:-3]
            mask = ""
        if shape[0] == "b" and shape[1:].isdigit():
            return bool(element) and shape[1:] in (element, "0")
        if shape == "{er}" or shape == "{sae}":
            return token == shape
        shape = int(shape) if shape.isdigit() else shape.rstrip("+")
    return mask != "{k1}" and plain in ACCEPTING.get(shape, ())


def _is(position: int, register: object) -> Callable[[tuple[Any, ...]], bool]:
    def check(operands: tuple[Any, ...]) -> bool:
        return operands[position] is register

    return check


def _fits(position: int, lowest: int, highest: int, wrap: int = 0) -> Callable[[tuple[Any, ...]], bool]:
    """wrap: 2**bits of the operand, where a value may also be written unsigned and is then sign-extended from less."""

    def check(operands: tuple[Any, ...]) -> bool:
        value = operands[position]
        if type(value) is Label:
            return True
        return lowest <= value <= highest or (wrap > 0 and lowest <= value - wrap < 0)

    return check


def _repeats(position: int, times: int) -> Callable[[tuple[Any, ...]], bool]:
    def check(operands: tuple[Any, ...]) -> bool:
        operand = operands[position]
        if type(operand) is not Mem or operand.decor is None:
            return True
        return operand.decor.broadcast in (0, times)

    return check


def _crosses(operands: tuple[Any, ...]) -> bool:
    return bool(operands[0].id < 8 <= operands[-1].id)


def _checks(tokens: tuple[str, ...]) -> list[Callable[[tuple[Any, ...]], bool]]:
    """What the shapes of operands leave open."""
    checks = []
    for position, token in enumerate(tokens):
        if token[:3] == "imm":
            if token[-1] == "s":
                half = 1 << int(token[3:-1]) - 1
                checks.append(_fits(position, -half, half - 1, 1 << (_bits(tokens[0]) if position else 64)))
            else:
                bits = int(token[3:])
                checks.append(_fits(position, -1 << bits - 1, (1 << bits) - 1))
        elif token == "1":
            checks.append(_fits(position, 1, 1))
        elif token in FIXED:
            checks.append(_is(position, REGISTERS[token]))
        elif "/b" in token:
            memory, element = token.split("/")[1:]
            checks.append(_repeats(position, int(memory[1:]) // int(element[1:])))
    return checks


def _bits(token: str) -> int:
    return REGISTERS[token].size * 8 if token in FIXED else int(token.lstrip("r/m"))


class Row:
    """One line, its encoding parsed when first needed. default: what the flag of that name says."""

    __slots__ = ("_form", "checks", "columns", "default", "mnemonic", "n", "tokens")

    def __init__(self, mnemonic: str, tokens: tuple[str, ...], columns: str, n: int) -> None:
        self.mnemonic = mnemonic
        self.tokens = tokens
        self.columns = columns
        self.n = n
        self.checks = _checks(tokens)
        if columns.endswith(" | crosses"):
            self.checks.append(_crosses)
        self.default = columns.endswith(" | default")
        self._form: Form | None = None

    def form(self) -> Form:
        form = self._form
        if form is None:
            form = self._form = Form(self.mnemonic, self.tokens, self.columns, self.n)
        return form


def shape_of(operand: object) -> object:
    """What matching looks at: a register's kind, a memory operand's size, `i` for an integer, `l` for a label."""
    if type(operand) is Mem:
        _, index, _, _, size, _, decor = operand
        if decor is None and index is None:
            return size
        shape: object = size
        if index is not None:
            if type(index) is not Reg:
                raise OperandError(f"{index!r} is not a register")
            if index.size > 8:
                shape = "vm" + index.kind[0]
        if decor is not None:
            if decor.broadcast:
                shape = f"b{size * 8}"
            if decor.mask is not None:
                shape = f"{shape}{{k}}{'{z}' if decor.zero else ''}"
        return shape
    if isinstance(operand, int):
        return "i"
    if isinstance(operand, Label):
        return "l"
    if isinstance(operand, (Reg, Masked, Rounding)):
        return operand.shape
    raise OperandError(f"{operand!r} is not an operand: registers, Mem, int and Label are")


_matches: dict[tuple[object, ...], tuple[Row, ...]] = {}


def match(mnemonic: str, operands: tuple[Any, ...]) -> Form:
    """The form that these operands select.

    Raises OperandError where there is none, or where a memory operand's size is open and matters.
    """
    shape = (mnemonic, *[o.shape if type(o) is Reg else shape_of(o) for o in operands])
    candidates = _matches.get(shape)
    if candidates is None:
        candidates = _matches[shape] = _candidates(mnemonic, shape[1:])
    for row in candidates:
        for check in row.checks:
            if not check(operands):
                break
        else:
            return row.form()
    raise OperandError(_explain(mnemonic, operands, bool(candidates)))


def _candidates(mnemonic: str, shape: tuple[object, ...]) -> tuple[Row, ...]:
    """The rows that accept this shape, of the first file that has any."""
    accepting = [ACCEPTING.get(s, ()) for s in shape]
    count = len(shape)
    for block, n in lines_of(mnemonic, files_of(mnemonic)):
        found = []
        for tokens, columns in block:
            if len(tokens) != count:
                continue
            if "EVEX" in columns:
                if all(map(_accepts_masked, tokens, shape)):
                    found.append(Row(mnemonic, tokens, columns, n))
                continue
            for token, accepted in zip(tokens, accepting):
                if token not in accepted:
                    break
            else:
                found.append(Row(mnemonic, tokens, columns, n))
        if found:
            if len(found) > 1 and 0 in shape:
                found = _of_one_size(mnemonic, found, shape.index(0))
            return tuple(found)
    return ()


def _of_one_size(mnemonic: str, found: list[Row], position: int) -> list[Row]:
    """Of rows that match a memory operand of open size, those of the size that must be meant."""
    sizes = [row.tokens[position].rpartition("m")[2] for row in found]
    if len(set(sizes)) == 1:
        return found
    for row, size in zip(found, sizes):
        if row.default:
            return [row for row, other in zip(found, sizes) if other == size]
    raise OperandError(f"the size of the memory operand of '{mnemonic}' is ambiguous: say byte_ptr, dword_ptr, ...")


def _explain(mnemonic: str, operands: tuple[Any, ...], matched: bool) -> str:
    given = ", ".join(map(str, operands)) or "no operands"
    if matched:
        return f"'{mnemonic}' does not take ({given}): a value is out of range, or a register is not the one required"
    known = [", ".join(form.operands) or "no operands" for form in forms_of(mnemonic)]
    if not known:
        return f"unknown mnemonic '{mnemonic}'"
    return f"'{mnemonic}' does not take ({given}); it takes: {'; '.join(known)}"
