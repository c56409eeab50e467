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

*Flags* (an optional fourth column): `default` is taken where a memory operand's size is left open; `crosses` is taken
where the first register is below 8 and the last is not, as its VEX prefix is a byte shorter then; `tuple=N` is the
scale of an EVEX 8-bit displacement where it is not the size of the memory operand.

*Families.* `add = alu 0` says that the forms of `add` are those of `alu` with n = 0; `/n`, `+n`, `+8n` and `=n` (an
immediate byte that is n) stand for it. `jcc`, `setcc`, `cmovcc` and `cmpccsd`-like forms are shared the same way by
all condition codes and predicates.

A file is sorted by mnemonic, so that a form is found without reading the others. Of several forms that fit, the first
is taken: the lines of a mnemonic stand in the order in which GNU as prefers them.
"""

from __future__ import annotations

from _bisect import bisect_left

from jitney.asm.errors import OperandError
from jitney.asm.operands import Label, Mem
from jitney.asm.registers import REGISTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

GENERAL_FILES = ("control", "integer", "sse", "sse_integer")
VEX_FILES = ("avx", "avx_integer", "fma", "control")

_CONDITIONS = (
    "o no b ae e ne be a s ns p np l ge le g".split(),
    ". . c nc z nz na nbe . . pe po nge nl ng nle".split(),
    ". . nae nb . . . . . . . . . . . .".split(),
)
CONDITION_CODES = {name: n for row in _CONDITIONS for n, name in enumerate(row) if name != "."}
"""Condition suffix -> its four-bit code."""

SSE_PREDICATES = "eq lt le unord neq nlt nle ord".split()
AVX_PREDICATES = (
    "eq lt le unord neq nlt nle ord eq_uq nge ngt false neq_oq ge gt true "
    "eq_os lt_oq le_oq unord_s neq_us nlt_uq nle_uq ord_s eq_us nge_uq ngt_uq false_os neq_os ge_oq gt_oq true_us"
).split()

FIXED = ("al", "ax", "eax", "rax", "cl", "dx", "xmm0")
_GENERAL_TOKENS = {8: "r8 al cl", 16: "r16 ax dx", 32: "r32 eax r32/m8 r32/m16", 64: "r64 rax"}
_MEMORY_STEMS = "m r/m xmm/m ymm/m zmm/m k/m moffs r32/m".split()


def _accepting() -> dict[object, set[str]]:
    """Shape of an operand (see `shape_of`) -> the tokens of the notation that accept it."""
    table: dict[object, set[str]] = {
        "gp8h": {"r8", "r/m8"},
        "i": {"imm8", "imm8s", "imm16", "imm32", "imm32s", "imm64", "1"},
        "l": {"imm64", "rel8", "rel32"},
        "k": {"k", "k {k}"},
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


_IMMEDIATE_SIZES = {"ib": 1, "iw": 2, "id": 4, "iq": 8, "cb": 1, "cd": 4, "/is4": 1}
_MAPS = {"0F": 1, "0F38": 2, "0F3A": 3, "MAP5": 5, "MAP6": 6}
_LEGACY_PREFIXES = ("66", "67", "F2", "F3")
_PP = {"66": 1, "F3": 2, "F2": 3}
_LENGTHS = {"LZ": 0, "LIG": 0, "128": 0, "256": 1, "512": 2}
_VECTOR_SIZES = (16, 32, 64)


class Form:
    """One parsed line. Positions are indices into the operands, -1 where nothing goes there.

    operands: the notation. kind: `legacy`, `vex` or `evex`. prefixes: bytes before REX. opcode: bytes from the map
    escape on (VEX, EVEX: one byte). w: REX.W/VEX.W. map, pp, length: VEX fields. digit: fixed ModRM.reg, or 0.
    modrm: whether there is one. reg, rm, vvvv, low, is4, moffs: operand positions. immediates: (position, size in
    bytes) of each. constant: an immediate byte that is part of the mnemonic. trailing: bytes after the displacement.
    scale: bytes per step of an EVEX 8-bit displacement.
    """

    __slots__ = (
        "constant", "digit", "encoding", "immediates", "is4", "kind", "length", "low", "map", "mnemonic",
        "modrm", "moffs", "opcode", "operands", "pp", "prefixes", "reg", "rm", "scale", "trailing", "vvvv", "w",
    )  # fmt: skip

    def __init__(self, mnemonic: str, operands: tuple[str, ...], columns: str, n: int) -> None:
        places, self.encoding, *flags = columns.split(" | ")
        self.mnemonic = mnemonic
        self.operands = operands
        find = places.find
        self.reg = find("R")
        self.rm = find("M")
        self.vvvv = find("V")
        self.low = find("O") if places != "ZO" else -1
        self.is4 = find("4")
        self.moffs = find("A")
        if places[0] == "B":
            self.reg = self.rm = 0
        self.digit = self.w = self.map = self.pp = self.length = self.scale = 0
        self.modrm = False
        self.constant: int | None = None
        self.kind = "legacy"
        sizes = self._parse_encoding(n)
        self.trailing = sum(sizes)
        if self.kind == "evex":
            self.scale = _displacement_scale(self, flags)
        self.immediates = tuple(zip([i for i, letter in enumerate(places) if letter == "I"], sizes))

    def _parse_encoding(self, n: int) -> list[int]:
        """Set the fields that the third column tells; return the sizes of the immediates."""
        opcode: list[int] = []
        prefixes: list[int] = []
        sizes: list[int] = []
        for token in self.encoding.split():
            if token in _IMMEDIATE_SIZES:
                sizes.append(_IMMEDIATE_SIZES[token])
            elif token[0] == "/":
                self.modrm = True
                if token != "/r":
                    self.digit = n if token == "/n" else int(token[1])
            elif token == "REX.W":
                self.w = 1
            elif token == "=n":
                self.constant = n
                sizes.append(1)
            elif "." in token:
                kind, length, *rest = token.split(".")
                self.kind = kind.lower()
                self.length = _LENGTHS[length]
                for part in rest:
                    if part in _PP:
                        self.pp = _PP[part]
                    elif part in _MAPS:
                        self.map = _MAPS[part]
                    else:
                        self.w = int(part == "W1")
            elif token in _LEGACY_PREFIXES and not opcode and self.kind == "legacy":
                prefixes.append(int(token, 16))
            elif len(token) == 2:
                opcode.append(int(token, 16))
            else:
                byte, _, addend = token.partition("+")
                opcode.append(int(byte, 16) + (8 * n if addend == "8n" else n if addend == "n" else 0))
        self.prefixes = bytes(prefixes)
        self.opcode = bytes(opcode)
        return sizes

    def __repr__(self) -> str:
        return f"{self.mnemonic} {', '.join(self.operands)}".rstrip()


def _displacement_scale(form: Form, flags: list[str]) -> int:
    """The N of `disp8*N`: what the `tuple=` flag says, or else the size of the memory operand."""
    for flag in flags:
        if flag.startswith("tuple="):
            return int(flag[6:])
    for token in form.operands:
        for part in token.split("/"):
            if part[0] == "m" and part[1:].isdigit():
                return int(part[1:]) // 8
    return _VECTOR_SIZES[form.length]


def _checks(tokens: tuple[str, ...]) -> tuple[tuple[Any, ...], ...]:
    """What the shapes of operands leave open, as `(position, lowest, highest, wrap)` or `(position, register)`.

    wrap: 2**bits of the operand, where a value may also be written unsigned and is then sign-extended from less.
    """
    checks: list[tuple[Any, ...]] = []
    for position, token in enumerate(tokens):
        if token[:3] == "imm":
            if token[-1] == "s":
                half = 1 << int(token[3:-1]) - 1
                checks.append((position, -half, half - 1, 1 << (_bits(tokens[0]) if position else 64)))
            else:
                bits = int(token[3:])
                checks.append((position, -1 << bits - 1, (1 << bits) - 1, 0))
        elif token == "1":
            checks.append((position, 1, 1, 0))
        elif token in FIXED:
            checks.append((position, REGISTERS[token]))
    return tuple(checks)


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
            self.checks += ((0, -1, "crosses"),)
        self.default = columns.endswith(" | default")
        self._form: Form | None = None

    def form(self) -> Form:
        form = self._form
        if form is None:
            form = self._form = Form(self.mnemonic, self.tokens, self.columns, self.n)
        return form


_Lines = list[tuple[tuple[str, ...], str]]

_tables: dict[str, list[str]] = {}
_blocks: dict[tuple[str, str], _Lines] = {}
_matches: dict[tuple[object, ...], tuple[Row, ...]] = {}
_directory = __file__.rpartition("/")[0] + "/table/"


def table_lines(family: str) -> list[str]:
    """The lines of `table/<family>.txt`."""
    lines = _tables.get(family)
    if lines is None:
        data: bytes = __loader__.get_data(f"{_directory}{family}.txt")  # type: ignore[name-defined]
        lines = _tables[family] = data.decode().split("\n")
        lines[-1] = "~"  # sorts behind all
    return lines


def _block(family: str, name: str) -> _Lines:
    """(operands, other columns) of the lines of a file that begin with the name.

    Of a line `add = alu 0`: `("=", "alu", "0")` and nothing.
    """
    key = (family, name)
    block = _blocks.get(key)
    if block is None:
        block = _blocks[key] = []
        lines = table_lines(family)
        start = name + " "
        at = bisect_left(lines, start)
        while lines[at].startswith(start):
            operands, bar, columns = lines[at][len(start) :].partition("| ")
            tokens = operands[:-1].split(", ") if bar and operands else operands.split()
            block.append((tuple(tokens), columns))
            at += 1
    return block


def _family_of(mnemonic: str) -> tuple[str, int]:
    """The name under which the table holds the forms of a mnemonic that ends in a condition or a predicate, and n."""
    for stem in ("j", "set", "cmov"):
        code = CONDITION_CODES.get(mnemonic[len(stem) :]) if mnemonic.startswith(stem) else None
        if code is not None:
            return stem + "cc", code
    for stem, predicates in (("cmp", SSE_PREDICATES), ("vcmp", AVX_PREDICATES)):
        if mnemonic.startswith(stem) and mnemonic[len(stem) : -2] in predicates:
            return f"{stem}cc{mnemonic[-2:]}", predicates.index(mnemonic[len(stem) : -2])
    return mnemonic, 0


def files_of(mnemonic: str) -> tuple[str, ...]:
    """The files that may hold the mnemonic, in the order in which they are searched."""
    return VEX_FILES if mnemonic[0] in "vk" else GENERAL_FILES


def lines_of(mnemonic: str, files: tuple[str, ...]) -> Iterator[tuple[_Lines, int]]:
    """The mnemonic's (operands, other columns) in each of these files that has any, and their n."""
    name, n = _family_of(mnemonic)
    for family in files:
        block = _block(family, name)
        if not block:
            continue
        if not block[0][1]:
            _, name, digits = block[0][0]
            block = _block(family, name)
            n = int(digits)
        yield block, n


def forms_of(mnemonic: str) -> list[Form]:
    """Every form of the mnemonic."""
    return [
        Form(mnemonic, tokens, columns, n)
        for block, n in lines_of(mnemonic, files_of(mnemonic))
        for tokens, columns in block
    ]


def relative_forms(mnemonic: str) -> list[Form]:
    """The forms of a jump or call that take a relative target; none for other mnemonics."""
    name, n = _family_of(mnemonic)
    block = _block("control", name)
    return [Form(mnemonic, tokens, columns, n) for tokens, columns in block if tokens in (("rel8",), ("rel32",))]


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
    for row in candidates:
        for check in row.checks:
            value = operands[check[0]]
            if len(check) == 2:
                if value is not check[1]:
                    break
            elif len(check) == 3:
                if not value.id < 8 <= operands[-1].id:
                    break
            elif type(value) is not Label:
                _, lowest, highest, wrap = check
                if not (lowest <= value <= highest or (wrap and lowest <= value - wrap < 0)):
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
            if len(tokens) == count:
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
