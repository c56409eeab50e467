"""Machine code back to text, by the assembler's own instruction table.

For looking at what the compiler makes: the instructions of the table are read, legacy, VEX and EVEX encoded; whatever
else there is comes out as bytes.
"""

from __future__ import annotations

from ..asm.x86_64.forms import Form, forms_of, table_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Key = tuple[str, int, int]
    """Encoding ("legacy", "vex", "evex"), opcode map, opcode byte (of `+r` forms with the low three bits clear)."""

_FILES = (
    "control", "integer", "sse", "sse_integer", "avx", "avx_integer", "fma", "avx512", "avx512_convert", "avx512_fma",
    "avx512_integer", "avx512_move", "avx512_permute", "avx512_shift",
)  # fmt: skip
_FIXED = ("al", "ax", "eax", "rax", "cl", "dx", "xmm0")
_SIZES = {1: "byte", 2: "word", 4: "dword", 8: "qword", 16: "xmmword", 32: "ymmword", 64: "zmmword"}
_NAMES = "ax cx dx bx sp bp si di".split()
_SYNONYMS = ("sal",)
_CONDITIONS = "o no b ae e ne be a s ns p np l ge le g".split()

_forms: dict[Key, list[Form]] = {}


class Instruction:
    """One instruction: where it begins, its bytes, its text, and the offset it jumps to or -1."""

    __slots__ = ("code", "offset", "target", "text")

    def __init__(self, offset: int, code: bytes, text: str, target: int = -1) -> None:
        self.offset = offset
        self.code = code
        self.text = text
        self.target = target


def disassemble(code: bytes) -> list[Instruction]:
    """All instructions of `code`, from its first byte to its last."""
    out: list[Instruction] = []
    at = 0
    while at < len(code):
        found = _Decoder(code, at).instruction()
        out.append(found)
        at += len(found.code)
    return out


def _table() -> dict[Key, list[Form]]:
    if not _forms:
        for form in _all_forms():
            opcode = form.opcode
            kind, map = form.kind, form.map
            if kind == "legacy":
                map = 0
                for escape, number in ((b"\x0f\x38", 2), (b"\x0f\x3a", 3), (b"\x0f", 1)):
                    if opcode.startswith(escape) and len(opcode) > len(escape):
                        map, opcode = number, opcode[len(escape) :]
                        break
            first = opcode[0] & 0xF8 if form.low >= 0 else opcode[0]
            _forms.setdefault((kind, map, first), []).append(form)
    return _forms


def _all_forms() -> Iterator[Form]:
    """Every form of the table; of those with a condition code one for each condition."""
    lines = [line for family in _FILES for line in table_lines(family) if line and line[0] not in "#~"]
    words = [line.split(" ", 3) for line in lines]
    shared = {stem for _, equals, stem, *_ in (row for row in words if len(row) > 2) if equals == "="}
    for name in dict.fromkeys(row[0] for row in words):
        if name in ("jcc", "setcc", "cmovcc"):
            for condition in _CONDITIONS:
                yield from forms_of(name[:-2] + condition)
        elif name not in shared and name not in _SYNONYMS:
            yield from forms_of(name)


class _Decoder:
    """The bytes of one instruction, read once from left to right."""

    __slots__ = ("at", "code", "length", "mask", "pp", "prefixes", "rex", "start", "target", "vvvv", "w")

    def __init__(self, code: bytes, start: int) -> None:
        self.code = code
        self.start = self.at = start
        self.prefixes = b""
        self.mask = ""
        self.rex = self.w = self.vvvv = self.pp = self.length = 0
        self.target = -1

    def instruction(self) -> Instruction:
        try:
            text = self._instruction()
        except IndexError:
            text = ""
        if not text:
            self.at = self.start + 1
            return Instruction(self.start, self.code[self.start : self.at], f"db {self.code[self.start]:#04x}")
        return Instruction(self.start, self.code[self.start : self.at], text, self.target)

    def _byte(self) -> int:
        value = self.code[self.at]
        self.at += 1
        return value

    def _instruction(self) -> str:
        byte = self._byte()
        while byte in (0x66, 0x67, 0xF2, 0xF3):
            self.prefixes += bytes((byte,))
            byte = self._byte()
        if byte in (0xC4, 0xC5):
            return self._vex(byte)
        if byte == 0x62:
            return self._evex()
        if byte & 0xF0 == 0x40:
            self.rex = byte
            self.w = byte >> 3 & 1
            byte = self._byte()
        map = 0
        if byte == 0x0F:
            map, byte = 1, self._byte()
            if byte in (0x38, 0x3A):
                map, byte = (2 if byte == 0x38 else 3), self._byte()
        exact = _table().get(("legacy", map, byte), [])
        in_opcode = [f for f in _table().get(("legacy", map, byte & 0xF8), []) if f.low >= 0]
        return self._choose(exact + in_opcode, byte)

    def _vex(self, byte: int) -> str:
        one = self._byte()
        # The register bits are stored inverted.
        self.rex = (~one >> 5 & 4) if byte == 0xC5 else (~one >> 5 & 7)
        map = 1
        if byte == 0xC4:
            map, one = one & 31, self._byte()
            self.w = one >> 7
        self.vvvv, self.length, self.pp = ~one >> 3 & 15, one >> 2 & 1, one & 3
        byte = self._byte()
        forms = _table().get(("vex", map, byte), [])
        return self._choose([f for f in forms if f.pp == self.pp and self._vector_fits(f)], byte)

    def _evex(self) -> str:
        one, two, three = self._byte(), self._byte(), self._byte()
        if ~one & 0x10 or ~three & 8 or three & 0x10:
            return ""  # registers from 16 on, broadcasts and rounding: not what the compiler makes
        self.rex = ~one >> 5 & 7
        self.w, self.vvvv, self.pp, self.length = two >> 7, ~two >> 3 & 15, two & 3, three >> 5 & 3
        if three & 7:
            self.mask = f"{{k{three & 7}}}" + ("{z}" if three >> 7 else "")
        byte = self._byte()
        forms = [f for f in _table().get(("evex", one & 7, byte), []) if f.operands[-1][0] != "{"]
        return self._choose([f for f in forms if f.pp == self.pp and self._vector_fits(f)], byte)

    def _vector_fits(self, form: Form) -> bool:
        fields = form.encoding.split()[0].split(".")
        return ("LIG" in fields or form.length == self.length) and ("WIG" in fields or form.w == self.w)

    def _choose(self, forms: list[Form], opcode: int) -> str:
        """The text by the first form that fits; the most specific come first: those with mandatory prefixes."""
        after = self.at
        for form in sorted(forms, key=lambda f: (-len(f.prefixes), -len(f.opcode))):
            self.at = after
            if self._fits(form):
                return self._text(form, opcode)
        return ""

    def _fits(self, form: Form) -> bool:
        if form.kind == "legacy":
            if not set(form.prefixes) <= set(self.prefixes) or form.w != self.w:
                return False
            if 0x66 in self.prefixes and 0x66 not in form.prefixes and not form.prefixes and form.modrm:
                return False
            extra = form.opcode.lstrip(b"\x0f")[1:] if form.opcode[:1] == b"\x0f" else form.opcode[1:]
            if form.opcode[:2] in (b"\x0f\x38", b"\x0f\x3a"):
                extra = b""
            if extra:
                if self.code[self.at : self.at + len(extra)] != extra:
                    return False
                self.at += len(extra)
        if not form.modrm:
            return True
        modrm = self.code[self.at]
        if "/r" not in form.encoding and modrm >> 3 & 7 != form.digit:
            return False
        token = form.operands[form.rm] if form.rm >= 0 else ""
        register = modrm >> 6 == 3
        if token and (token[0] == "m" if register else "m" not in token.replace("mm", "")):
            return False
        if form.constant is not None:
            probe = _Decoder(self.code, self.start)
            probe.at, probe.rex = self.at, self.rex
            probe._rm(form, token)
            return self.code[probe.at] == form.constant
        return True

    def _text(self, form: Form, opcode: int) -> str:
        operands: list[str] = [""] * len(form.operands)
        modrm = 0
        if form.modrm:
            modrm = self.code[self.at]
            token = form.operands[form.rm] if form.rm >= 0 else ""
            rm = self._rm(form, token)
            if form.rm >= 0:
                operands[form.rm] = rm
        reg = (modrm >> 3 & 7) | (self.rex & 4) << 1
        if form.reg >= 0 and form.reg != form.rm:
            operands[form.reg] = self._register(form.operands[form.reg], reg)
        if form.vvvv >= 0:
            operands[form.vvvv] = self._register(form.operands[form.vvvv], self.vvvv)
        if form.low >= 0:
            operands[form.low] = self._register(form.operands[form.low], (opcode & 7) | (self.rex & 1) << 3)
        for position, size in form.immediates:
            operands[position] = self._immediate(size, form.operands[position])
        if form.is4 >= 0:
            operands[form.is4] = self._register(form.operands[form.is4], self._byte() >> 4)
        elif form.constant is not None:
            self.at += 1
        for position, token in enumerate(form.operands):
            if token.startswith("rel"):
                size = int(token[3:]) // 8
                distance = int.from_bytes(self.code[self.at : self.at + size], "little", signed=True)
                self.at += size
                self.target = self.at + distance
                operands[position] = f"{self.target:#x}"
            elif token in _FIXED or token == "1":
                operands[position] = token
        if self.at > len(self.code):
            return ""
        if self.mask:
            operands[0] += self.mask
        return f"{form.mnemonic} {', '.join(operands)}".rstrip()

    def _immediate(self, size: int, token: str) -> str:
        value = int.from_bytes(self.code[self.at : self.at + size], "little", signed=True)
        self.at += size
        return str(value) if -4096 < value < 4096 else f"{value & (1 << 8 * size) - 1:#x}"

    def _register(self, token: str, number: int) -> str:
        token = token.split()[0]
        if token[:3] in ("xmm", "ymm", "zmm"):
            return f"{token[:3]}{number}"
        if token[0] == "k":
            return f"k{number & 7}"
        if token in _FIXED:
            return token
        bits = token.lstrip("r/m").split("/")[0] or "64"
        if number >= 8:
            return f"r{number}{ {'8': 'b', '16': 'w', '32': 'd', '64': ''}[bits] }"
        if bits == "8":
            return _NAMES[number] + "l" if number >= 4 else _NAMES[number][0] + "l"
        return {"16": "", "32": "e", "64": "r"}[bits] + _NAMES[number]

    def _rm(self, form: Form, token: str) -> str:
        modrm = self._byte()
        mode, rm = modrm >> 6, modrm & 7
        if mode == 3:
            return self._register(token, rm | (self.rex & 1) << 3) if token else ""
        base, index, scale = "", "", 1
        if rm == 4:
            sib = self._byte()
            number = (sib >> 3 & 7) | (self.rex & 2) << 2
            if number != 4:
                index, scale = self._register("r64", number), 1 << (sib >> 6)
            rm = sib & 7
            if rm != 5 or mode:
                base = self._register("r64", rm | (self.rex & 1) << 3)
        elif rm == 5 and mode == 0:
            base = "rip"
        else:
            base = self._register("r64", rm | (self.rex & 1) << 3)
        size = 1 if mode == 1 else 4 if mode == 2 or base in ("rip", "") else 0
        disp = int.from_bytes(self.code[self.at : self.at + size], "little", signed=True)
        self.at += size
        if size == 1 and form.kind == "evex":
            disp *= form.scale
        parts = [base] if base else []
        if index:
            parts.append(index if scale == 1 else f"{index}*{scale}")
        inner = "+".join(parts)
        if disp or not parts:
            inner += f"{disp:+d}" if inner else str(disp)
        bits = token.split("/b")[0].rpartition("m")[2]
        width = _SIZES.get(int(bits) // 8, "") if bits.isdigit() else ""
        return f"{width} ptr [{inner}]" if width else f"[{inner}]"
