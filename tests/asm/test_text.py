"""Assembly text: the same bytes as the objects give and as GNU as gives, and errors that show the place."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitney.asm import AsmError, Assembler, LabelError, TextError, assemble, parse, rax


def _beside(name: str):
    spec = importlib.util.spec_from_file_location(f"asm_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gnu = _beside("gnu")
samples = _beside("samples")
needs_gnu = pytest.mark.skipif(not gnu.AVAILABLE, reason=gnu.REASON)


def gnu_bytes(text: str, directory: Path) -> bytes:
    (directory / "t.s").write_text(".intel_syntax noprefix\n" + text + "\n")
    subprocess.run(["as", "--64", "-o", "t.o", "t.s"], check=True, cwd=directory)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", "t.o", "t.bin"], check=True, cwd=directory)
    return (directory / "t.bin").read_bytes()


PROGRAMS = {
    "hello": """
        mov rax, 1          # write
        mov rdi, 1
        mov rdx, 12
        lea rsi, [rip+message]
        syscall
        ret
    message: .ascii "Hello World!"
    """,
    "local labels": """
    1:  dec ecx
        jnz 1b
        jmp 1f
        nop
    1:  jmp 1b
        jz 2f; nop; 2: ret
    """,
    "addresses": """
        mov eax, DWORD PTR [rbp-4]
        mov eax, dword ptr -4[rbp]
        mov rax, QWORD PTR table[rip]
        mov rax, [rip+table+8]
        lea rax, [rax+rcx*8-16]
        lea rax, [8*rcx+rax+2*(3+4)]
        lea rax, [rcx*4]
        lea rax, 16[rsi][rdi*2]
        mov rax, fs:40
        mov rax, qword ptr gs:[rax+8]
        add byte ptr [rsp], 1
        lea rax, [rax+rsp]
        mov rax, [r13]
        mov ax, [rdi]
        vmovupd ymm1, ymmword ptr [r12+r13]
    table: .quad 1, 2
    """,
    "expressions": """
        mov eax, 1+2*3-4
        mov eax, (1+2)*3
        mov eax, -5/2
        mov eax, 7%4
        mov eax, 1<<4|3
        mov eax, ~0xff&0xfff
        mov eax, 0b1011 + 017 + 0x1F
        mov eax, 6&3+1
        mov al, 'a'
        .equ size, 40
        sub rsp, size+8
        .set size, 3
        mov ecx, size
        other = 9
        mov ecx, other
    start: .ascii "twelve chars"
    end:
        mov edx, offset end - start
        .long end - start, start - end
        .byte . - start
        .equ length, . - start
        mov edx, length
    """,
    "data": r"""
        .byte 1, 2, 0xff, -1, 'x'
        .word 0x1234, -2
        .long 0x12345678, -1
        .quad 0x123456789abcdef0, -1
        .ascii "tab\t", "quote\"", "back\\", "\x41\102\n"
        .asciz "zero"
        .string "also", ""
        .zero 5
        .skip 3, 0x90
        .float 1.5, -0.25
        .double 3.25, 1e10
        .byte 1
        .balign 8, 0xcc
        .byte 2
        .p2align 4
        ret
        .align 8
        nop
        .p2align 4,,10
        nop
        .p2align 3,0xcc,7
        ret
    """,
    "comments": """
        nop # to the end; mov
        nop /* inside */ ; ret
        /* over
           lines */ nop
    """,
    "prefixes": """
        rep movsb
        rep stosq
        repne scasb
        lock add dword ptr [rax], 1
        lock cmpxchg16b xmmword ptr [rdi]
        lock xadd word ptr [rax], cx
        rep movsw
        repz ret
    """,
    "sizes that the mnemonic tells": """
        push [rax]
        pop [rax]
        call [rax]
        jmp [rax+8]
        lea rax, [rax]
        call qword ptr [rip+there]
        jmp rax
    there: .quad 0
    """,
    "upper case": """
        MOV RAX, QWORD PTR [RBX+RCX*8]
        VADDSD XMM0, XMM1, XMM2
    Label: JMP Label
    """,
}  # fmt: skip


@needs_gnu
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_bytes_of_gnu_as(name, tmp_path):
    assert assemble(PROGRAMS[name]).hex() == gnu_bytes(PROGRAMS[name], tmp_path).hex()


@pytest.mark.parametrize("family", samples.FAMILIES)
def test_text_and_objects_agree(family):
    forms = samples.all_forms(family)
    instructions = list(dict.fromkeys(i for form in forms for i in samples.instructions(form)))
    by_object, by_text = Assembler(), Assembler()
    for instruction in instructions[::3]:
        try:
            by_object.emit(*instruction)
        except AsmError:
            with pytest.raises(TextError):
                parse(samples.text(instruction), by_text)
        else:
            parse(samples.text(instruction), by_text)
    by_object.bind(samples.TARGET)
    by_text.bind(by_text.label("target"))
    ours, theirs = by_object.finish(), by_text.finish()
    assert ours.code == theirs.code


def _random_jumps(seed: int) -> list[str]:
    """Lines with jumps, filler and alignments between labels, many jumps near the limit of their short form."""
    random = Random(seed)
    count = random.randint(10, 60)
    places = sorted(random.choices(range(count), k=10))
    lines = []
    for i in range(count):
        lines += [f"l{seed}_{k}:" for k, place in enumerate(places) if place == i]
        kind = random.random()
        if kind < 0.4:
            lines.append("nop\n" * random.randint(1, 90))
        elif kind < 0.4 + seed % 3 * 0.1:
            lines.append(f".balign {random.choice([2, 8, 16, 32])}{random.choice(['', ',,5', ',0xcc,10', ',0xcc'])}")
        else:
            lines.append(f"{random.choice(['jmp', 'jz'])} l{seed}_{random.randrange(10)}")
    return lines


@needs_gnu
@pytest.mark.parametrize("batch", range(4))
def test_jumps_grow_as_in_gnu_as(tmp_path, batch):
    lines = [line for seed in range(batch * 50, batch * 50 + 50) for line in _random_jumps(seed)]
    text = "\n".join(lines) + "\nret\n"
    assert assemble(text).hex() == gnu_bytes(text, tmp_path).hex()


MISTAKES = [
    ("  foo rax", 1, 3, "unknown mnemonic 'foo'"),
    ("nop\nmov rax, [rbx+rcx+rdx]", 2, 10, "at most a base and an index"),
    ("mov rax, [rsp*2]", 1, 10, "rsp cannot be an index register"),
    ("x: nop\nx: nop", 2, 1, "label 'x' is bound twice"),
    ("nop\n  jmp nowhere", 2, 7, "undefined label 'nowhere'"),
    ("mov rax, ebx", 1, 5, "does not take (rax, ebx)"),
    ("mov al, 300", 1, 5, "out of range"),
    ("mov [rax], 1", 1, 5, "ambiguous"),
    ("mov ah, r8b", 1, 5, "REX"),
    ("mov rax, [rax+0x123456789]", 1, 5, "does not fit in 32 bits"),
    ("loop x\n.zero 200\nx:", 1, 1, "reaches 127 bytes"),
    ("jmp 2f", 1, 5, "no label '2:' follows"),
    ("jmp 2b", 1, 5, "no label '2:' before"),
    ("mov eax, [label]", 1, 10, "relative to rip"),
    ('.ascii "abc', 1, 8, "no end"),
    ('.ascii "\\q"', 1, 9, "unknown escape"),
    (".frobnicate 1", 1, 1, "unknown directive '.frobnicate'"),
    (".long x-y", 1, 1, "undefined label 'x'"),
    (".byte 256", 1, 1, "does not fit in 1 byte"),
    (".zero y", 1, 7, "known here"),
    ("mov eax, 1/0", 1, 11, "division by zero"),
    ("mov eax, 0x", 1, 10, "not a number"),
    ("mov eax, (1", 1, 12, "expected ')'"),
    ("mov eax,", 1, 9, "expected a value"),
    ("mov eax, 1 2", 1, 12, "unexpected '2'"),
    ("mov eax, rax*rbx", 1, 13, "multiplied"),
    ("mov eax, rax+1", 1, 10, "in brackets"),
    ("mov eax ebx", 1, 9, "unexpected 'ebx'"),
    ("mov eax, y-x; x: jmp z; y: .zero 200; z:", 1, 10, "not known here"),
    ("mov eax, `1`", 1, 10, "unexpected character"),
    ("vaddps zmm0{k0}, zmm1, zmm2", 1, 12, "cannot be a write mask"),
    ("vaddps zmm0, zmm1, zmm2, {up}", 1, 26, "not a rounding mode"),
    (".align 3", 1, 1, "not a power of two"),
    ("\tmov rax, ebx", 1, 6, "does not take"),
]  # fmt: skip


@pytest.mark.parametrize("text, line, column, message", MISTAKES)
def test_errors_show_the_place(text, line, column, message):
    with pytest.raises(TextError) as caught:
        assemble(text)
    assert message in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)
    source = text.split("\n")[line - 1]
    shown = str(caught.value).split("\n")
    assert shown[-2] == "    " + source
    assert shown[-1].index("^") == 4 + column - 1


@given(st.text(alphabet="movadjx rx123+-*[]():,;#'\"\\.{}\n\t", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_bytes_or_an_error_of_ours(text):
    try:
        assert isinstance(assemble(text), bytes)
    except AsmError:
        pass


def test_text_that_depends_on_its_address_is_refused():
    with pytest.raises(LabelError, match="depends on the address"):
        assemble("x: .quad x")


def test_other_architectures_are_refused():
    with pytest.raises(ValueError, match="unknown architecture"):
        assemble("nop", arch="vax")


def test_parse_shares_labels_with_the_assembler():
    a = Assembler()
    a.mov(rax, 5)
    parse("1: dec rax; jnz 1b; jmp done", a)
    a.bind(a.label("done"))
    a.ret()
    assert bytes(a.finish()).hex() == "48c7c00500000048ffc875fbeb00c3"
