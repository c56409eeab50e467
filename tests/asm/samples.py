"""Operands for every form of the table: the registers, addresses and values where encodings differ."""

from __future__ import annotations

import itertools

from jitney.asm import registers as R
from jitney.asm.operands import Label, Mem
from jitney.asm.registers import GP8, GP8H, GP16, GP32, GP64, XMM, YMM, ZMM, K, Masked, Reg
from jitney.asm.x86_64 import forms
from jitney.asm.x86_64.forms import Form
from jitney.asm.x86_64.match import FIXED

FAMILIES = sorted({*forms.GENERAL_FILES, *forms.VEX_FILES})
TARGET = Label("target")


def _pick(registers, ids=(0, 3, 4, 5, 7, 8, 12, 13, 15)):
    return [registers[i] for i in ids]


REGISTERS = {
    "r8": _pick(GP8, (0, 3, 4, 7, 8, 15)) + list(GP8H),
    "r16": _pick(GP16),
    "r32": _pick(GP32),
    "r64": _pick(GP64),
    "xmm": _pick(XMM, (0, 1, 7, 8, 15)),
    "ymm": _pick(YMM, (0, 1, 7, 8, 15)),
    "zmm": _pick(ZMM, (0, 1, 7, 8, 15, 16, 31)),
    "k": list(K),
}
WIDE = {"xmm": _pick(XMM, (0, 7, 8, 15, 16, 23, 24, 31)), "ymm": _pick(YMM, (0, 7, 8, 15, 16, 23, 24, 31))}

ADDRESSES = [
    Mem(R.rax), Mem(R.rsp), Mem(R.rbp), Mem(R.r12), Mem(R.r13), Mem(R.rbx, disp=8), Mem(R.rbp, disp=-128),
    Mem(R.rsp, disp=127), Mem(R.r12, disp=128), Mem(R.r13, disp=-129), Mem(R.r15, disp=0x7FFFFFFF),
    Mem(R.rax, R.rcx, 8), Mem(R.rbp, R.rax, 1), Mem(R.r13, R.r12, 4, 16), Mem(R.rsp, R.r15, 2, -4), Mem(R.r8, R.rbp, 8),
    Mem(None, R.rax, 8, 0), Mem(None, R.r13, 4, -1000), Mem(disp=0x1234), Mem(R.eax, disp=4), Mem(R.r9d, R.ecx, 2, 640),
    Mem(label=TARGET), Mem(label=TARGET, disp=4), Mem(R.rip, disp=16), Mem(R.rax, disp=64), Mem(R.rdx, disp=-512),
    Mem(R.rdi, disp=12), Mem(R.rcx).with_segment("fs"), Mem(disp=8).with_segment("gs"),
]  # fmt: skip

VALUES = {
    "imm8": (0, 1, 127, 255, -128), "imm8s": (0, 2, -1, 127, -128), "imm16": (1000, 0xFFFF, -0x8000),
    "imm32": (1000, 0x12345678, 0xFFFFFFFE, -0x80000000), "imm32s": (1000, 0x7FFFFFFF, -0x80000000),
    "imm64": (0x123456789ABCDEF0, 0x80000000, 0xFFFFFFFFFF, -0x8000000000000000),
}  # fmt: skip


def _sized(mem: Mem, size: int) -> Mem:
    return Mem(mem.base, mem.index, mem.scale, mem.disp, size, mem.label, mem.decor)


def _registers(name: str, form: Form):
    if form.kind == "evex" and name in WIDE:
        return WIDE[name]
    return REGISTERS[name]


def _operands(token: str, form: Form) -> list[object]:
    """Samples for one operand of a form: registers first."""
    if token in VALUES:
        return list(VALUES[token])
    if token == "1":
        return [1]
    if token in FIXED:
        return [R.REGISTERS[token]]
    if token in ("rel8", "rel32"):
        return [TARGET]
    if token == "{er}":
        return [R.rn_sae, R.rd_sae, R.ru_sae, R.rz_sae]
    if token == "{sae}":
        return [R.sae]
    token, _, mask = token.partition(" ")
    samples: list[object] = []
    memory: list[Mem] = []
    for part in token.split("/"):
        if part == "r":
            samples += _registers("r" + token[3:], form)
        elif part in REGISTERS:
            samples += _registers(part, form)
        elif part[:2] == "vm":
            vector = {"x": XMM, "y": YMM, "z": ZMM}[part[4]]
            index = (1, 9, 15) if form.kind == "vex" else (1, 9, 23, 31)
            size = 8 if ".W1" in form.encoding else 4
            memory += [Mem(R.rax, vector[i], 4, disp, size) for i in index for disp in (0, 8, 1000)]
            memory += [Mem(R.r13, vector[index[1]], 8, 0, size), Mem(None, vector[index[0]], 1, 64, size)]
        elif part[0] == "m" and part != "moffs":
            bits = part.lstrip("mofs")
            size = int(bits) // 8 if bits else 0
            if part.startswith("moffs"):
                memory += [Mem(disp=0x123456789ABCDEF0, size=size), Mem(disp=8, size=size)]
            else:
                memory += [_sized(mem, size) for mem in ADDRESSES]
        elif part[0] == "b":
            size = int(part[1:]) // 8
            times = memory[0].size // size
            memory += [_sized(mem, size).broadcast(times) for mem in ADDRESSES[:8]]
    if mask == "{k1}":
        samples = [r.masked(R.k1) for r in samples]
        memory = [m.masked(R.k5) for m in memory]
    elif mask:
        zeroing = (False, True) if "{z}" in mask else (False,)
        samples = samples + [r.masked(k, z) for r in samples[-2:] for k in (R.k1, R.k7) for z in zeroing]
        memory = memory + [m.masked(R.k2) for m in memory[:4]]
    return samples + memory


def instructions(form: Form) -> list[tuple[object, ...]]:
    """Instructions that this form should serve: each sample of each operand, the others varying along."""
    if "rel8" in form.operands or "rel32" in form.operands:
        return []
    columns = [_operands(token, form) for token in form.operands]
    if not all(columns):
        return []
    found = []
    longest = max(map(len, columns), default=1)
    for i in range(longest):
        for shift in range(2):
            row = tuple(column[(i + shift * j) % len(column)] for j, column in enumerate(columns))
            found.append((form.mnemonic, *row))
    for row in itertools.product(*[(column[0], column[-1]) for column in columns]):
        found.append((form.mnemonic, *row))
    return list(dict.fromkeys(filter(_distinct, found)))


def _distinct(instruction: tuple[object, ...]) -> bool:
    """Whether a gather names three different registers, as it must."""
    for operand in instruction[1:]:
        if isinstance(operand, Mem) and operand.index is not None and operand.index.size > 8:
            registers = [o.reg if isinstance(o, Masked) else o for o in instruction[1:]]
            ids = [operand.index.id] + [o.id for o in registers if isinstance(o, Reg)]
            return len(set(ids)) == len(ids)
    return True


def all_forms(family: str) -> list[Form]:
    """Every form of one file of the table, families expanded to each of their mnemonics."""
    found = []
    for mnemonic in mnemonics(family):
        for block, n in forms.lines_of(mnemonic, (family,)):
            found += [Form(mnemonic, tokens, columns, n) for tokens, columns in block]
    return found


def mnemonics(family: str) -> list[str]:
    """The mnemonics of one file, those of condition codes and predicates spelled out."""
    found = []
    lines = [line for line in forms.table_lines(family) if line and line[0] not in "#~"]
    aliases = {line.split()[2] for line in lines if line.split()[1] == "="}
    for name in dict.fromkeys(line.split()[0] for line in lines):
        if name in aliases:
            continue
        if name in ("jcc", "setcc", "cmovcc"):
            found += [name[:-2] + c for c in forms.CONDITION_CODES]
        elif "cmpcc" in name:
            predicates = forms.AVX_PREDICATES if name[0] == "v" else forms.SSE_PREDICATES
            found += [f"{name[:-4]}{p}{name[-2:]}" for p in predicates]
        else:
            found.append(name)
    return found


def text(instruction: tuple[object, ...]) -> str:
    """The instruction in Intel syntax, as GNU as reads it."""
    mnemonic, *operands = instruction
    return f"{mnemonic} {', '.join(map(_operand_text, operands))}".rstrip()


def _operand_text(operand: object) -> str:
    if isinstance(operand, Mem) and operand.label is None and operand.base is None and operand.index is None:
        return str(operand) if operand.decor is not None else str(operand).replace("[", "ds:[")
    return str(operand)
