"""From a form and its operands to bytes.

`encode` is complete and written to be read beside the manual. `instruction` is what the assembler calls: it splits off
prefixes, asks `forms.match` for the form, and says where the label of a rip-relative operand must be filled in.
"""

from __future__ import annotations

from jitney.asm.errors import OperandError, RangeError
from jitney.asm.operands import Label, Mem
from jitney.asm.registers import Masked, Reg, Rounding, rip
from jitney.asm.x86_64.forms import relative_forms
from jitney.asm.x86_64.match import match

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from jitney.asm.x86_64.forms import Form

_BYTE = tuple(bytes((i,)) for i in range(256))
_SEGMENTS = {"": b"", "fs": b"\x64", "gs": b"\x65"}
_SCALE_BITS = {1: 0, 2: 0x40, 4: 0x80, 8: 0xC0}
PREFIXES = {"lock": 0xF0, "rep": 0xF3, "repe": 0xF3, "repz": 0xF3, "repne": 0xF2, "repnz": 0xF2, "data16": 0x66}
"""Prefixes that may be written before a mnemonic."""

_addresses: dict[tuple[Reg | None, Reg | None, int], tuple[int, int, bytes, int, bytes]] = {}


def _address(base: Reg | None, index: Reg | None, scale: int) -> tuple[int, int, bytes, int, bytes]:
    """What base, index and scale contribute, checked and remembered.

    Returns (X and B bits as X<<1|B with V' as bit 2, ModRM.rm, SIB byte or nothing, 0 | 1 | 2, prefix 67 or nothing),
    where 0: the displacement may be left out, 1: it must be there (rbp, r13), 2: it must be there with 32 bits.
    """
    key = (base, index, scale)
    bits = 0
    width = None
    if base is not None:
        if type(base) is not Reg or base.kind not in ("gp64", "gp32"):
            raise OperandError(f"{base!r} cannot be a base register: 64- and 32-bit general registers can")
        width = base.kind
        bits = base.id >> 3
    if scale not in _SCALE_BITS:
        raise OperandError(f"scale {scale} is not 1, 2, 4 or 8")
    if index is None:
        if base is None:
            return _addresses.setdefault(key, (0, 4, b"\x25", 2, b""))
        low = base.id & 7
        sib = b"\x24" if low == 4 else b""
        return _addresses.setdefault(key, (bits, low, sib, int(low == 5), b"\x67" if width == "gp32" else b""))
    if index.kind in ("gp64", "gp32"):
        if index.id == 4:
            raise OperandError(f"{index} cannot be an index register")
        if width is not None and index.kind != width:
            raise OperandError(f"base {base} and index {index} differ in width")
        width = index.kind
    elif index.size <= 8:
        raise OperandError(f"{index} cannot be an index register")
    bits |= (index.id >> 3 & 1) << 1 | (index.id >> 4) << 2
    low = 5 if base is None else base.id & 7
    sib = _BYTE[_SCALE_BITS[scale] | (index.id & 7) << 3 | low]
    need = 2 if base is None else int(low == 5)
    return _addresses.setdefault(key, (bits, 4, sib, need, b"\x67" if width == "gp32" else b""))


def memory(mem: Mem, reg: int, n: int = 1) -> tuple[int, bytes, bytes]:
    """(extension bits as in `_address`, ModRM + SIB + displacement, prefixes) of a memory operand.

    reg: the low three bits of ModRM.reg. n: what an 8-bit displacement is multiplied by (EVEX; else 1).
    """
    base, index, scale, disp, _, label, decor = mem
    if type(disp) is not int:
        raise OperandError(f"{mem}: the displacement {disp!r} is not an int")
    prefix = _SEGMENTS[decor.segment] if decor is not None else b""
    if label is not None or base is rip:
        if index is not None or (base is not None and base is not rip):
            raise OperandError(f"{mem}: a rip-relative address has neither base nor index")
        return 0, _BYTE[5 | reg << 3] + _disp32(disp if label is None else 0, mem), prefix
    found = _addresses.get((base, index, scale))
    bits, rm, sib, need, prefix67 = found if found is not None else _address(base, index, scale)
    prefix += prefix67
    if need == 2:
        return bits, _BYTE[rm | reg << 3] + sib + _disp32(disp, mem), prefix
    if disp == 0 and not need:
        return bits, _BYTE[rm | reg << 3] + sib, prefix
    if -128 * n <= disp < 128 * n and disp % n == 0:
        return bits, _BYTE[0x40 | rm | reg << 3] + sib + _BYTE[disp // n & 0xFF], prefix
    return bits, _BYTE[0x80 | rm | reg << 3] + sib + _disp32(disp, mem), prefix


def _disp32(disp: int, mem: Mem) -> bytes:
    try:
        return disp.to_bytes(4, "little", signed=True)
    except OverflowError:
        raise RangeError(f"{mem}: the displacement does not fit in 32 bits") from None


def encode(form: Form, operands: tuple[Any, ...]) -> bytes:
    """The bytes of `form` with these operands, which must match it.

    A label's field holds zero. Raises OperandError where the registers cannot be named together (ah with REX), and
    RangeError where a displacement does not fit.
    """
    plain: Sequence[Any] = operands
    mask = zero = 0
    rounding: Rounding | None = None
    high_byte: Reg | None = None
    rex_needed = False
    if form.kind == "evex":
        plain, mask, zero, rounding = _undecorated(operands)
    elif form.bytes and form.kind == "legacy":
        for operand in operands:
            if type(operand) is Reg and operand.size == 1:
                if operand.kind == "gp8h":
                    high_byte = operand
                elif operand.id >= 4:
                    rex_needed = True

    reg = plain[form.reg].id if form.reg >= 0 else form.digit
    vvvv = plain[form.vvvv].id if form.vvvv >= 0 else 0
    prefix = b""
    broadcast = False
    extension = 0
    tail = b""
    head: bytes
    if form.rm >= 0:
        rm = plain[form.rm]
        if type(rm) is Mem:
            scale = 1
            if rm.index is not None and rm.index.size > 8:
                _check_gather(form, plain, rm.index)
            if form.kind == "evex":
                broadcast = rm.decor is not None and rm.decor.broadcast > 0
                scale = form.element if broadcast else form.scale
            extension, tail, prefix = memory(rm, reg & 7, scale)
        else:
            tail = _BYTE[0xC0 | (reg & 7) << 3 | rm.id & 7]
            extension = rm.id >> 3 & 1 | rm.id >> 4 << 1
    elif form.low >= 0:
        extension = plain[form.low].id >> 3
    elif form.modrm:
        tail = _BYTE[0xC0 | (reg & 7) << 3]

    opcode = form.opcode
    if form.kind == "legacy":
        if form.low >= 0:
            opcode = opcode[:-1] + _BYTE[opcode[-1] | plain[form.low].id & 7]
        rex = form.w << 3 | (reg & 8) >> 1 | extension
        if rex or rex_needed:
            if high_byte is not None:
                raise OperandError(f"{high_byte} cannot be used in an instruction that needs a REX prefix")
            head = prefix + form.prefixes + _BYTE[0x40 | rex] + opcode
        else:
            head = prefix + form.prefixes + opcode
    elif form.kind == "vex":
        last = (vvvv ^ 15) << 3 | form.length << 2 | form.pp
        not_r = (reg & 8 ^ 8) << 4
        if extension & 3 == 0 and form.map == 1 and not form.w:
            head = prefix + bytes((0xC5, not_r | last)) + opcode
        else:
            not_xb = (~extension & 3) << 5
            head = prefix + bytes((0xC4, not_r | not_xb | form.map, form.w << 7 | last)) + opcode
    else:
        head = prefix + _evex(form, reg, vvvv, extension, mask, zero, broadcast, rounding) + opcode
    if form.moffs >= 0:
        base, index, _, address, _, label, _ = plain[form.moffs]
        if base is not None or index is not None or label is not None:
            raise OperandError(f"{plain[form.moffs]}: '{form.mnemonic}' takes an absolute address")
        return bytes(head + (address & (1 << 64) - 1).to_bytes(8, "little"))
    if form.is4 >= 0:
        last_byte: int = plain[form.is4].id << 4
        return head + tail + _BYTE[last_byte]
    elif form.constant is not None:
        return head + tail + _BYTE[form.constant]
    for position, size in form.immediates:
        value = plain[position]
        value = 0 if type(value) is Label else value & (1 << 8 * size) - 1
        tail += value.to_bytes(size, "little")
    return head + tail


def _undecorated(operands: tuple[Any, ...]) -> tuple[list[Any], int, bool, Rounding | None]:
    """(operands without their masks, number of the mask, whether it zeroes, rounding) of an EVEX instruction."""
    plain: list[Any] = []
    mask, zero, rounding = 0, False, None
    for operand in operands:
        if type(operand) is Masked:
            mask, zero = operand.mask.id, operand.zero
            operand = operand.reg
        elif type(operand) is Rounding:
            rounding = operand
        elif type(operand) is Mem:
            decor = operand.decor
            if decor is not None and decor.mask is not None:
                mask, zero = decor.mask.id, decor.zero
        plain.append(operand)
    return plain, mask, zero, rounding


def _check_gather(form: Form, operands: Sequence[Any], index: Reg) -> None:
    """The processor refuses a gather whose destination, index and (VEX) mask are not different registers."""
    registers = [index.id] + [operand.id for operand in operands if type(operand) is Reg]
    if form.reg == 0 and len(set(registers)) < len(registers):
        raise OperandError(f"'{form.mnemonic}' needs different registers as destination, index and mask")


def _evex(
    form: Form, reg: int, vvvv: int, extension: int, mask: int, zero: int, broadcast: bool, rounding: Rounding | None
) -> bytes:
    """The four bytes of an EVEX prefix. With a register as rm, bit 1 of `extension` is that register's fifth bit,
    which travels in X; with memory, bit 2 is the vector index's fifth bit, which travels in V'."""
    length = form.length
    if rounding is not None:
        broadcast = True
        length = rounding.code
    high_index = extension >> 2 | vvvv >> 4
    return bytes(
        (
            0x62,
            (reg & 8 ^ 8) << 4 | (~extension & 3) << 5 | (reg & 16 ^ 16) | form.map,
            form.w << 7 | (vvvv & 15 ^ 15) << 3 | 4 | form.pp,
            zero << 7 | length << 5 | broadcast << 4 | (high_index ^ 1) << 3 | mask,
        )
    )


def instruction(mnemonic: str, operands: tuple[Any, ...]) -> tuple[bytes, int, Label | None, int]:
    """Encode one instruction: (bytes, bytes after the label's field, the label, its addend).

    The label is that of a rip-relative operand (a 4-byte field), or of a 64-bit immediate (an 8-byte field, when the
    count of trailing bytes is -8); None where there is none. Raises OperandError and RangeError.
    """
    prefix = b""
    if " " in mnemonic:
        *names, mnemonic = mnemonic.split()
        for name in names:
            if name not in PREFIXES:
                raise OperandError(f"unknown prefix '{name}'")
            prefix += _BYTE[PREFIXES[name]]
    form = match(mnemonic, operands)
    code = encode(form, operands)
    if prefix:
        # GNU as puts the operand-size prefix first
        code = b"\x66" + prefix + code[1:] if form.prefixes[:1] == b"\x66" else prefix + code
    for operand in operands:
        if type(operand) is Mem:
            label = operand.label
            if label is not None:
                return code, form.trailing, label, operand.disp
        elif type(operand) is Label:
            return code, -8, operand, 0
    return code, 0, None, 0


_branches: dict[str, tuple[bytes, bytes] | None] = {}


def branch(mnemonic: str) -> tuple[bytes, bytes] | None:
    """(opcode of the rel8 form, opcode of the rel32 form) of a jump or call, either empty where it does not exist;
    None where the mnemonic takes no relative target."""
    try:
        return _branches[mnemonic]
    except KeyError:
        short = long = b""
        for form in relative_forms(mnemonic):
            if form.operands == ("rel8",):
                short = form.prefixes + form.opcode
            else:
                long = form.prefixes + form.opcode
        found = _branches[mnemonic] = (short, long) if short or long else None
        return found


_LONG_NOPS = tuple(
    bytes.fromhex(code)
    for code in (
        "", "90", "6690", "0f1f00", "0f1f4000", "0f1f440000", "660f1f440000", "0f1f8000000000", "0f1f840000000000",
        "660f1f840000000000", "662e0f1f840000000000", "66662e0f1f840000000000",
    )
)  # fmt: skip


def nops(size: int) -> bytes:
    """Padding that executes as few instructions as possible: nops of 11 bytes and one for the rest."""
    return _LONG_NOPS[11] * (size // 11) + _LONG_NOPS[size % 11]
