"""Instruction forms: the lines of `table/*.txt`, found and parsed when first asked for.

A line is one form, in the notation of the processor manual:

    add r/m64, imm8s | MI | REX.W 83 /n ib

*Operands.* `r8..r64` a general register, `m8..m512` memory of that many bits, `r/m64` either, `m` memory of any size,
`xmm ymm zmm k` vector and mask registers, `al ax eax rax cl xmm0 1` exactly that, `imm8..imm64` an immediate of
that many bits (signed or unsigned), `imm8s imm32s` one sign-extended to the operand's size, `rel8 rel32` a distance,
`moffs64` an absolute address, `vm32x vm64y..` memory with a vector index. AVX-512: `{k}` or `{k}{z}` after an operand
lets it carry a mask, `/b32` or `/b64` lets a memory operand broadcast elements of that many bits, `{er}` and `{sae}` at
the end let a rounding operand follow.

*Where each operand goes*, one letter each: `M` ModRM.rm, `R` ModRM.reg, `V` VEX.vvvv, `O` the opcode's low three bits,
`I` immediate, `B` both ModRM.reg and ModRM.rm, `4` the immediate's high four bits, `A` absolute address, `D` relative
distance, `-` nowhere. `ZO` where there is none.

*Encoding.* Legacy: prefixes, `REX.W`, opcode bytes. `VEX.L.pp.map.W opcode` and `EVEX...` as the manual writes them.
`/r` a ModRM byte with a register, `/0../7` with this number as its reg field, `+r` a register in the opcode byte,
`ib iw id iq` immediates, `cb cd` relative distances, `/is4` a register in the immediate.

*Flags* (an optional fourth column): `default` is taken where a memory operand's size is left open; `tuple=N` is
the scale of an EVEX 8-bit displacement where it is not the size of the memory operand.

*Families.* `add = alu 0` says that the forms of `add` are those of `alu` with n = 0; `/n`, `+n`, `+8n` and `=n` (an
immediate byte that is n) stand for it. `jcc`, `setcc`, `cmovcc` and `cmpccsd`-like forms are shared the same way by
all condition codes and predicates.

Of several forms that fit, the first is taken: the lines stand in the order in which GNU as prefers them.
"""

from __future__ import annotations

from jitney.asm.errors import OperandError
from jitney.asm.operands import Label, Mem
from jitney.asm.registers import REGISTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jitney.asm.registers import Reg

_GENERAL_FILES = ("integer", "control", "sse", "sse_integer")
_VEX_FILES = ("avx", "avx_integer", "fma", "control", "avx512")

_CONDITIONS = (
    "o no b ae e ne be a s ns p np l ge le g".split(),
    ". . c nc z nz na nbe . . pe po nge nl ng nle".split(),
    ". . nae nb . . . . . . . . . . . .".split(),
)
CONDITION_CODES = {name: n for row in _CONDITIONS for n, name in enumerate(row) if name != "."}
"""Condition suffix -> its four-bit code."""

_SSE_PREDICATES = "eq lt le unord neq nlt nle ord".split()
_AVX_PREDICATES = (
    "eq lt le unord neq nlt nle ord eq_uq nge ngt false neq_oq ge gt true "
    "eq_os lt_oq le_oq unord_s neq_us nlt_uq nle_uq ord_s eq_us nge_uq ngt_uq false_os neq_os ge_oq gt_oq true_us"
).split()

_FIXED = ("al", "ax", "eax", "rax", "cl", "dx", "xmm0")
_SIZES = (1, 2, 4, 8, 16, 32, 64)


def _accepted() -> dict[str, tuple[object, ...]]:
    """Operand notation -> the shapes of operand it accepts (see `shape_of`)."""
    table: dict[str, tuple[object, ...]] = {
        "m": (0, 6, 10, *_SIZES),
        "rel8": ("l",),
        "rel32": ("l",),
        "imm64": ("i", "l"),
        "k": ("k",),
        "1": ("i",),
        "xmm": ("xmm",),
        "ymm": ("ymm",),
        "zmm": ("zmm",),
    }
    for name in ("imm8", "imm8s", "imm16", "imm32", "imm32s"):
        table[name] = ("i",)
    for name in _FIXED:
        table[name] = (REGISTERS[name].shape,)
    for size in _SIZES:
        memory = (size, 0)
        bits = str(size * 8)
        table["m" + bits] = memory
        for vector in ("xmm", "ymm", "zmm", "k"):
            table[f"{vector}/m{bits}"] = (vector, *memory)
        if size <= 8:
            registers = ("gp8", "gp8h") if size == 1 else ("gp" + bits,)
            table["r" + bits] = registers
            table["r/m" + bits] = (*registers, *memory)
            table["moffs" + bits] = memory
            table["r32/m" + bits] = ("gp32", *memory)
    for bits in "32", "64":
        for letter in "xyz":
            table[f"vm{bits}{letter}"] = ("vm" + letter,)
    return table


ACCEPTED = _accepted()

_IMMEDIATE_SIZES = {"ib": 1, "iw": 2, "id": 4, "iq": 8, "cb": 1, "cd": 4, "/is4": 1}
_MAPS = {"0F": 1, "0F38": 2, "0F3A": 3, "MAP5": 5, "MAP6": 6}
_PP = {"66": 1, "F3": 2, "F2": 3}
_LENGTHS = {"LZ": 0, "LIG": 0, "128": 0, "256": 1, "512": 2}
_TUPLE_REGISTERS = {0: 16, 1: 32, 2: 64}


class Form:
    """One parsed line. Positions are indices into the operands, -1 where nothing goes there.

    kind: `legacy`, `vex` or `evex`. prefixes: bytes before REX. opcode: bytes from the map escape on (VEX, EVEX: one
    byte). w: REX.W/VEX.W. map, pp, length: VEX fields. digit: fixed ModRM.reg, or 0. modrm: whether there is one.
    reg, rm, vvvv, low, is4, moffs: operand positions. immediates: (position, size in bytes) of each.
    trailing: bytes after the displacement. checks: what matching by shape leaves open, as `(position, lowest, highest,
    wrap)` or `(position, register)`. scale: bytes per step of an EVEX 8-bit displacement.
    """

    __slots__ = (
        "checks", "constant", "digit", "encoding", "immediates", "is4", "kind", "length", "low", "map", "mnemonic",
        "modrm", "moffs", "opcode", "operands", "pp", "prefixes", "reg", "rm", "scale", "trailing", "vvvv", "w",
    )  # fmt: skip

    def __init__(self, mnemonic: str, operands: tuple[str, ...], fields: list[str], n: int) -> None:
        self.mnemonic = mnemonic
        self.operands = operands
        self.encoding = fields[2]
        places = fields[1] if fields[1] != "ZO" else ""
        find = places.find
        self.reg = find("R")
        self.rm = find("M")
        self.vvvv = find("V")
        self.low = find("O")
        self.is4 = find("4")
        self.moffs = find("A")
        if "B" in places:
            self.reg = self.rm = find("B")
        self.digit = self.w = self.map = self.pp = self.length = self.trailing = 0
        self.modrm = False
        self.constant: int | None = None
        self.scale = 0
        self.prefixes = b""
        self.kind = "legacy"
        self._parse_encoding(n)
        flags = fields[3] if len(fields) > 3 else ""
        if self.kind == "evex":
            self.scale = _displacement_scale(self, flags)

        sizes = [_IMMEDIATE_SIZES[t] for t in self.encoding.split() if t in _IMMEDIATE_SIZES and t != "/is4"]
        positions = [i for i, letter in enumerate(places) if letter == "I"]
        if self.is4 >= 0 or self.constant is not None:
            sizes = [1] * len(positions)
        self.immediates = tuple(zip(positions, sizes))
        self.checks = tuple(c for i, token in enumerate(operands) if (c := _check(i, token, operands)) is not None)

    def _parse_encoding(self, n: int) -> None:
        opcode: list[int] = []
        prefixes: list[int] = []
        for token in self.encoding.split():
            if token[0] == "/":
                if token == "/is4":
                    self.trailing += 1
                    continue
                self.modrm = True
                if token != "/r":
                    self.digit = n if token == "/n" else int(token[1])
            elif token == "REX.W":
                self.w = 1
            elif token in _IMMEDIATE_SIZES:
                self.trailing += _IMMEDIATE_SIZES[token]
            elif token == "=n":
                self.constant = n
                self.trailing += 1
            elif "." in token:
                parts = token.split(".")
                self.kind = parts[0].lower()
                self.length = _LENGTHS[parts[1]]
                for part in parts[2:]:
                    if part in _PP:
                        self.pp = _PP[part]
                    elif part in _MAPS:
                        self.map = _MAPS[part]
                    else:
                        self.w = part == "W1"
            elif not opcode and self.kind == "legacy" and not self.w and token in ("66", "F2", "F3", "67"):
                prefixes.append(int(token, 16))
            else:
                byte, _, addend = token.partition("+")
                scaled = 8 * n if addend == "8n" else n if addend == "n" else 0
                opcode.append(int(byte, 16) + scaled)
        if not opcode:
            opcode.append(prefixes.pop())
        self.prefixes = bytes(prefixes)
        self.opcode = bytes(opcode)

    def __repr__(self) -> str:
        return f"{self.mnemonic} {', '.join(self.operands)}".rstrip()


def _displacement_scale(form: Form, flags: str) -> int:
    """The N of `disp8*N`: what the `tuple=` flag says, or else the size of the memory operand."""
    for flag in flags.split():
        if flag.startswith("tuple="):
            return int(flag[6:])
    for token in form.operands:
        for part in token.split("/"):
            if part[0] == "m" and part[1:].isdigit():
                return int(part[1:]) // 8
    return _TUPLE_REGISTERS[form.length]


def _check(position: int, token: str, operands: tuple[str, ...]) -> tuple[Any, ...] | None:
    """What must still hold of an operand whose shape `token` accepts."""
    if token in ("imm8s", "imm32s"):
        bits = 8 if token == "imm8s" else 32
        width = "".join(c for c in operands[0] if c.isdigit()) if position else ""
        wrap = 1 << int(width or 64)
        return position, -(1 << bits - 1), (1 << bits - 1) - 1, wrap
    if token[:3] == "imm":
        bits = int(token[3:])
        return position, -(1 << bits - 1), (1 << bits) - 1, 0
    if token == "1":
        return position, 1, 1, 0
    if token in _FIXED:
        return position, REGISTERS[token]
    return None


_texts: dict[str, str] = {}
_rows: dict[tuple[str, str], list[tuple[tuple[str, ...], list[str], int]]] = {}
_forms: dict[tuple[str, str, int], Form] = {}
_matches: dict[tuple[object, ...], tuple[Form, ...]] = {}


def table_text(family: str) -> str:
    """The text of `table/<family>.txt`."""
    text = _texts.get(family)
    if text is None:
        directory = __file__.rpartition("/")[0]
        data: bytes = __loader__.get_data(f"{directory}/table/{family}.txt")  # type: ignore[name-defined]
        text = _texts[family] = "\n" + data.decode()
    return text


def families(mnemonic: str) -> tuple[str, ...]:
    """The files that may hold the mnemonic, in the order in which they are searched."""
    return _VEX_FILES if mnemonic[0] in "vk" else _GENERAL_FILES


def _shared(mnemonic: str) -> tuple[str, int]:
    """The family name and n of a mnemonic that carries a condition code or a comparison predicate."""
    for stem in ("j", "set", "cmov"):
        code = CONDITION_CODES.get(mnemonic[len(stem) :]) if mnemonic.startswith(stem) else None
        if code is not None:
            return stem + "cc", code
    for stem, predicates in (("cmp", _SSE_PREDICATES), ("vcmp", _AVX_PREDICATES)):
        middle = mnemonic[len(stem) : -2]
        if mnemonic.startswith(stem) and middle in predicates:
            return f"{stem}cc{mnemonic[-2:]}", predicates.index(middle)
    return mnemonic, 0


def _lines(text: str, mnemonic: str) -> list[str]:
    """The adjacent lines that begin with the mnemonic."""
    lines: list[str] = []
    needle = f"\n{mnemonic} "
    at = text.find(needle)
    while at >= 0:
        end = text.find("\n", at + 1)
        lines.append(text[at + 1 : end])
        at = end if text.startswith(needle, end) else -1
    return lines


def rows(mnemonic: str, family: str) -> list[tuple[tuple[str, ...], list[str], int]]:
    """(operands, columns, n) of every form of the mnemonic in one file, the encoding not yet parsed."""
    key = (mnemonic, family)
    found = _rows.get(key)
    if found is None:
        text = table_text(family)
        name, n = mnemonic, 0
        lines = _lines(text, name)
        if lines and lines[0][len(name) + 1] == "=":
            name, number = lines[0][len(name) + 3 :].split()
            n = int(number)
            lines = _lines(text, name)
        elif not lines:
            name, n = _shared(mnemonic)
            if name != mnemonic:
                lines = _lines(text, name)
        found = _rows[key] = []
        for line in lines:
            columns = line.split(" | ")
            operands = columns[0][len(name) + 1 :]
            found.append((tuple(operands.split(", ")) if operands else (), columns, n))
    return found


def forms_of(mnemonic: str) -> list[Form]:
    """Every form of the mnemonic, parsed."""
    return [
        _form(mnemonic, family, i) for family in families(mnemonic) for i in range(len(rows(mnemonic, family)))
    ]


def _form(mnemonic: str, family: str, i: int) -> Form:
    key = (mnemonic, family, i)
    form = _forms.get(key)
    if form is None:
        operands, columns, n = rows(mnemonic, family)[i]
        form = _forms[key] = Form(mnemonic, operands, columns, n)
    return form


def shape_of(operand: object) -> object:
    """What matching looks at: a register's kind, a memory operand's size, `i` for an integer, `l` for a label."""
    if type(operand) is Mem:
        index = operand.index
        shape: object = operand.size
        if index is not None and index.size > 8:
            shape = "vm" + index.kind[0]
        decor = operand.decor
        if decor is not None:
            if decor.broadcast:
                shape = f"b{operand.size * 8}"
            if decor.mask is not None:
                shape = f"{shape}{{k}}"
        return shape
    if isinstance(operand, int):
        return "i"
    if isinstance(operand, Label):
        return "l"
    shape = getattr(operand, "shape", None)
    if shape is None or operand.__class__.__module__ != "jitney.asm.registers":
        raise OperandError(f"{operand!r} is not an operand: registers, Mem, int and Label are")
    return shape


def match(mnemonic: str, operands: tuple[Any, ...]) -> Form:
    """The form that these operands select.

    Raises OperandError where there is none, or where a memory operand's size is open and matters.
    """
    shape = (mnemonic, *[shape_of(operand) for operand in operands])
    candidates = _matches.get(shape)
    if candidates is None:
        candidates = _matches[shape] = _candidates(mnemonic, shape[1:])
    for form in candidates:
        for check in form.checks:
            value = operands[check[0]]
            if len(check) == 2:
                if value is not check[1]:
                    break
            elif type(value) is not Label:
                _, lowest, highest, wrap = check
                if not (lowest <= value <= highest or wrap and lowest <= value - wrap < 0):
                    break
        else:
            return form
    raise OperandError(_explain(mnemonic, operands, candidates))


def _candidates(mnemonic: str, shape: tuple[object, ...]) -> tuple[Form, ...]:
    """The forms that accept this shape, of the first file that has any."""
    accepted = ACCEPTED
    for family in families(mnemonic):
        found = [
            i
            for i, (tokens, _, _) in enumerate(rows(mnemonic, family))
            if len(tokens) == len(shape) and all(s in accepted[t] for s, t in zip(shape, tokens))
        ]
        if not found:
            continue
        if len(found) > 1 and 0 in shape:
            found = _resolve_size(mnemonic, family, found, shape.index(0))
        return tuple(_form(mnemonic, family, i) for i in found)
    return ()


def _resolve_size(mnemonic: str, family: str, found: list[int], position: int) -> list[int]:
    """Of forms matched by a memory operand of open size, those of the size that must be meant."""
    table = rows(mnemonic, family)
    sizes = {i: ACCEPTED[table[i][0][position]][-2:] for i in found}
    if len(set(sizes.values())) == 1:
        return found
    default = [i for i in found if table[i][1][3:] == ["default"]]
    if not default:
        raise OperandError(f"the size of the memory operand of '{mnemonic}' is ambiguous: say byte_ptr, dword_ptr, ...")
    return [i for i in found if sizes[i] == sizes[default[0]]]


def _explain(mnemonic: str, operands: tuple[Any, ...], candidates: tuple[Form, ...]) -> str:
    given = ", ".join(map(str, operands)) or "no operands"
    if candidates:
        return f"'{mnemonic}' does not take ({given}): a value is out of range, or a register is not the one required"
    known = [", ".join(form.operands) or "no operands" for form in forms_of(mnemonic)]
    if not known:
        return f"unknown mnemonic '{mnemonic}'"
    return f"'{mnemonic}' does not take ({given}); it takes: {'; '.join(known)}"
