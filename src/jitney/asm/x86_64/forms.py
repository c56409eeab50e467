"""Instruction forms: the lines of `table/*.txt`, found and parsed when first asked for.

A line is one form, in the notation of the processor manual:

    add r/m64, imm8s | MI | REX.W 83 /n ib

*Operands.* `r8..r64` a general register, `m8..m512` memory of that many bits, `r/m64` either, `m` memory of any size,
`xmm ymm zmm k` vector and mask registers, `al ax eax rax cl xmm0 1` exactly that, `imm8..imm64` an immediate of
that many bits (signed or unsigned), `imm8s imm32s` one sign-extended to the operand's size, `rel8 rel32` a distance,
`moffs64` an absolute address, `vm32x vm64y..` memory with a vector index. AVX-512: `{k}` or `{k}{z}` after an operand
lets it carry a mask, `{k1}` demands one, `/b32` or `/b64` lets memory be one element of that many bits, broadcast, and
`{er}` and `{sae}` are rounding operands.

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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

GENERAL_FILES = ("control", "integer", "sse", "sse_integer")
VEX_FILES = (
    "avx", "avx_integer", "fma", "control", "avx512", "avx512_fma", "avx512_convert", "avx512_move", "avx512_permute",
    "avx512_integer", "avx512_shift",
)  # fmt: skip

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

_IMMEDIATE_SIZES = {"ib": 1, "iw": 2, "id": 4, "iq": 8, "cb": 1, "cd": 4, "/is4": 1}
_MAPS = {"0F": 1, "0F38": 2, "0F3A": 3, "MAP5": 5, "MAP6": 6}
_LEGACY_PREFIXES = ("66", "67", "F2", "F3")
_PP = {"66": 1, "F3": 2, "F2": 3}
_BYTE_TOKENS = ("r8", "r/m8", "al", "cl")
_LENGTHS = {"LZ": 0, "LIG": 0, "128": 0, "256": 1, "512": 2}


class Form:
    """One parsed line. Positions are indices into the operands, -1 where nothing goes there.

    operands: the notation. kind: `legacy`, `vex` or `evex`. prefixes: bytes before REX. opcode: bytes from the map
    escape on (VEX, EVEX: one byte). w: REX.W/VEX.W. map, pp, length: VEX fields. digit: fixed ModRM.reg, or 0.
    modrm: whether there is one. reg, rm, vvvv, low, is4, moffs: operand positions. immediates: (position, size in
    bytes) of each. constant: an immediate byte that is part of the mnemonic. trailing: bytes after the displacement.
    scale: bytes per step of an EVEX 8-bit displacement. element: bytes of a broadcast element, or 0. bytes: whether an
    operand may be a byte register.
    """

    __slots__ = (
        "bytes", "constant", "digit", "element", "encoding", "immediates", "is4", "kind", "length",
        "low", "map", "mnemonic", "modrm", "moffs", "opcode", "operands", "pp", "prefixes",
        "reg", "rm", "scale", "trailing", "vvvv", "w",
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
        self.digit = self.w = self.map = self.pp = self.length = self.scale = self.element = 0
        self.modrm = False
        self.constant: int | None = None
        self.kind = "legacy"
        sizes = self._parse_encoding(n)
        self.trailing = sum(sizes)
        if self.kind == "evex":
            self.scale = _displacement_scale(operands, flags)
            for token in operands:
                if "/b" in token:
                    self.element = int(token.rpartition("/b")[2]) // 8
        self.bytes = any(token in _BYTE_TOKENS for token in operands)
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


def _displacement_scale(operands: tuple[str, ...], flags: list[str]) -> int:
    """The N of `disp8*N`: what the `tuple=` flag says, or else the size of the memory operand."""
    for flag in flags:
        if flag.startswith("tuple="):
            return int(flag[6:])
    for token in operands:
        for part in token.split(" ")[0].split("/"):
            if part[0] == "m":
                return int(part[1:]) // 8
    return 1


Lines = list[tuple[tuple[str, ...], str]]

_tables: dict[str, list[str]] = {}
_blocks: dict[tuple[str, str], Lines] = {}
_directory = __file__.rpartition("/")[0] + "/table/"


def table_lines(family: str) -> list[str]:
    """The lines of `table/<family>.txt`."""
    lines = _tables.get(family)
    if lines is None:
        data: bytes = __loader__.get_data(f"{_directory}{family}.txt")  # type: ignore[name-defined]
        lines = _tables[family] = data.decode().split("\n")
        lines[-1] = "~"  # sorts behind all
    return lines


def _block(family: str, name: str) -> Lines:
    """(operands, other columns) of the lines of a file that begin with the name.

    Of a line `add = alu 0`: `("=", "alu", "0")` and nothing.
    """
    key = (family, name)
    block = _blocks.get(key)
    if block is None:
        block = _blocks[key] = []
        lines = table_lines(family)
        width = len(name) + 1
        for line in lines[bisect_left(lines, name + " ") : bisect_left(lines, name + "!")]:
            operands, bar, columns = line[width:].partition("| ")
            tokens = operands[:-1].split(", ") if bar and operands else operands.split()
            block.append((tuple(tokens), columns))
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


def lines_of(mnemonic: str, files: tuple[str, ...]) -> Iterator[tuple[Lines, int]]:
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
