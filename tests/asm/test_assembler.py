"""Labels, data, layout, relocations and the listing."""

# ruff: noqa: F403, F405  (registers, by name)

from __future__ import annotations

import copy
import pickle

import pytest

from jitney.asm import *
from jitney.asm import registers as R

HELLO = "48c7c00100000048c7c70100000048c7c20c000000488d35030000000f05c3"


def code(*instructions) -> bytes:
    a = Assembler()
    for instruction in instructions:
        a.emit(*instruction)
    return a.finish().code


def hello() -> Assembler:
    a = Assembler()
    a.mov(rax, 1)
    a.mov(rdi, 1)
    a.mov(rdx, 12)
    a.lea(rsi, ptr(a.label("message")))
    a.syscall()
    a.ret()
    a.bind(a.label("message"))
    a.string("Hello World!")
    return a


def test_hello():
    assert bytes(hello().finish()).hex() == HELLO + b"Hello World!".hex()


def test_listing():
    assert hello().finish().listing() == """\
   0  48c7c001000000            mov rax, 1
   7  48c7c701000000            mov rdi, 1
   e  48c7c20c000000            mov rdx, 12
  15  488d3503000000            lea rsi, [rip+message]
  1c  0f05                      syscall
  1e  c3                        ret
                            message:
  1f  48656c6c6f20576f726c      .ascii "Hello World!"
  29  6421"""


def test_the_listing_names_unnamed_labels_and_shows_constants():
    a = Assembler()
    top = a.bind()
    a.addsd(xmm0, ptr(a.const(b"12345678", 8)))
    a.jmp(top)
    a.align(4)
    lines = a.finish().lines()
    assert [text for _, _, text in lines] == [
        ".L0:", "addsd xmm0, [rip+.L1]", "jmp .L0", ".balign 4", ".L1:",
        ".byte 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38",
    ]  # fmt: skip
    assert b"".join(piece for _, piece, _ in lines).hex().startswith("f20f1005"[:4])


def test_registers():
    assert [r.id for r in GP64] == list(range(16)) == [r.id for r in GP8]
    assert (rax.name, rax.kind, rax.size) == ("rax", "gp64", 8)
    assert (ah.kind, ah.id, ah.size) == ("gp8h", 4, 1)
    assert [r.name for r in GP8[4:8]] == ["spl", "bpl", "sil", "dil"]
    assert (len(XMM), len(YMM), len(ZMM), len(K)) == (32, 32, 32, 8)
    assert {r.size for r in GP32} == {4} and {r.size for r in GP16} == {2} and zmm1.size == 64
    assert copy.deepcopy(rax) is rax and pickle.loads(pickle.dumps(xmm16)) is xmm16
    assert not hasattr(rax, "__dict__")
    with pytest.raises(ValueError):
        zmm1.masked(k0)
    with pytest.raises(ValueError):
        zmm1.masked(rax)
    assert zmm1.masked(k1) is zmm1.masked(k1) is not zmm1.masked(k1, zero=True)


def test_memory_operands():
    assert repr(qword_ptr(rax, rcx, 8, -16)) == "qword ptr [rax+rcx*8-16]"
    assert repr(ptr(Label("x"), disp=4)) == "[rip+x+4]"
    assert repr(Mem(disp=64)) == "[64]" and repr(Mem(None, rcx, 2)) == "[rcx*2]"
    assert repr(dword_ptr(rax).broadcast(16)) == "dword ptr [rax]{1to16}"
    assert repr(zmmword_ptr(rax).masked(k1, zero=True)) == "zmmword ptr [rax]{k1}{z}"
    assert repr(byte_ptr(rax).with_segment("fs")) == "byte ptr fs:[rax]"
    makers = (ptr, byte_ptr, word_ptr, dword_ptr, qword_ptr, xmmword_ptr, ymmword_ptr, zmmword_ptr)
    assert [make(rax).size for make in makers] == [0, 1, 2, 4, 8, 16, 32, 64]
    mem = qword_ptr(rax, rcx, 8, -16)
    assert (mem.base, mem.index, mem.scale, mem.disp, mem.size, mem.label) == (rax, rcx, 8, -16, 8, None)
    assert mem == qword_ptr(rax, rcx, 8, -16) and hash(mem) == hash(qword_ptr(rax, rcx, 8, -16))
    assert mem != mem.with_segment("gs") and mem.with_segment("gs") == mem.with_segment("gs")
    assert pickle.loads(pickle.dumps(mem)) == mem
    with pytest.raises(AttributeError):
        mem.base = rcx


REFUSED = [
    ("mov", ah, r8b), ("mov", ah, sil), ("add", byte_ptr(r8), ch), ("movzx", rax, ah), ("mov", rax, eax),
    ("add", rax, ax), ("mov", rax, 1 << 64), ("mov", rax, -(1 << 63) - 1), ("add", rax, 1 << 31),
    ("add", eax, 1 << 32), ("add", al, 256), ("add", al, -129), ("shl", rax, 256), ("shl", rax, rcx),
    ("mov", rax, ptr(rbx, rsp)), ("mov", rax, ptr(rbx, rcx, 3)), ("mov", rax, ptr(al)), ("mov", rax, ptr(rbx, ecx)),
    ("mov", rax, ptr(rbx, xmm1)), ("mov", rax, ptr(ax)), ("mov", eax, qword_ptr(rax)), ("mov", rax, dword_ptr(rax)),
    ("inc", ptr(rax)), ("mov", ptr(rax), 1), ("movzx", eax, ptr(rax)), ("mov", qword_ptr(rax), qword_ptr(rbx)),
    ("addsd", xmm0, rax), ("addsd", xmm0), ("addsd", xmm16, xmm1), ("vaddps", xmm0, xmm1, ymm1),
    ("vgatherdpd", xmm0, qword_ptr(rax, xmm0), xmm1), ("vgatherdpd", xmm0, qword_ptr(rax, xmm1), xmm0),
    ("vgatherdpd", xmm0, qword_ptr(rax), xmm1), ("frobnicate",), ("ret", 70000), ("push", eax),
    ("bogus mov", rax, rbx), ("mov", rax, "rbx"), ("mov", rax, 1.5), ("mov", rax, None),
    ("lea", rax, Mem(rip, rcx)), ("lea", rax, Mem(rax, label=Label("x"))),
    ("mov", rax, [rbx]), ("mov", rax, Mem("rbx")), ("mov", rax, ptr(rbx, disp=1.5)), ("mov", rax, ptr(rbx, "rcx")),
    ("mov", rax, qword_ptr(rbx, rcx, 0)), ("vaddpd", zmm1, zmm2, qword_ptr(rax).broadcast(4)),
    ("vaddpd", xmm1.masked(k1), xmm2, rax), ("vmovups", zmmword_ptr(rax).masked(k1, zero=True), zmm1),
    ("vgatherdpd", zmm1, qword_ptr(rax, ymm1)), ("vaddps", xmm1, xmm1, xmm1, rn_sae),
    ("movabs", rax, qword_ptr(rbx)), ("int3", 3), ("push",), ("bt", rax, 1000), ("xchg", 1, rax), ("lea", rax, rbx),
]  # fmt: skip


@pytest.mark.parametrize("instruction", REFUSED, ids=str)
def test_what_cannot_be_encoded_is_refused(instruction):
    with pytest.raises(OperandError):
        Assembler().emit(*instruction)


@pytest.mark.parametrize("disp", [1 << 31, -(1 << 31) - 1, 1 << 40])
@pytest.mark.parametrize("place", [(rax,), (None, rcx, 2), (None,), (rip,), (rsp, rax, 4)])
def test_displacements_have_32_bits(disp, place):
    with pytest.raises(RangeError):
        Assembler().emit("mov", rax, Mem(*place, disp=disp))


def test_a_refused_instruction_leaves_no_trace():
    a = Assembler()
    a.nop()
    with pytest.raises(AsmError):
        a.mov(rax, ptr(rbx, rsp))
    with pytest.raises(AsmError):
        a.emit("jmp", 1, 2)
    a.ret()
    assert a.finish().code.hex() == "90c3"


def test_errors_tell_the_forms_there_are():
    with pytest.raises(OperandError, match=r"it takes: r16, m; r32, m; r64, m"):
        Assembler().lea(rax, rbx)
    with pytest.raises(OperandError, match="unknown mnemonic 'blah'"):
        Assembler().blah(rax)


def test_the_same_instruction_again_gives_the_same_bytes():
    for _ in range(3):
        assert code(("mov", rax, qword_ptr(rbx, rcx, 4, 8)), ("add", rax, 5)).hex() == "488b448b084883c005"


def test_attribute_sugar():
    a = Assembler()
    a.and_(rax, 1)
    a.or_(rax, rcx)
    a.not_(rax)
    a.rep_movsb()
    a.lock_add(qword_ptr(rdi), rax)
    assert a.finish().code == code(
        ("and", rax, 1), ("or", rax, rcx), ("not", rax), ("rep movsb",), ("lock add", qword_ptr(rdi), rax)
    )
    with pytest.raises(AttributeError):
        a._missing  # noqa: B018


def test_integer_subclasses_are_integers():
    class Number(int):
        pass

    assert code(("mov", rax, Number(7)), ("shl", rax, True)) == code(("mov", rax, 7), ("shl", rax, 1))


def test_labels_by_name_and_by_object():
    a = Assembler()
    assert a.label("x") is a.label("x")
    label = a.bind()
    assert label in a.finish().labels
    a.bind(a.label("x"))
    with pytest.raises(LabelError, match="'x' is bound twice"):
        a.bind(a.label("x"))
    assert a.finish().symbols == {"x": 0}


@pytest.mark.parametrize("filler", [0, 1, 123, 125, 126, 127, 128, 129, 130, 1000])
@pytest.mark.parametrize("mnemonic, short, long", [("jmp", "eb", "e9"), ("jne", "75", "0f85")])
def test_jumps_take_the_short_form_where_it_reaches(filler, mnemonic, short, long):
    a = Assembler()
    start = a.bind()
    a.db(bytes(filler))
    a.emit(mnemonic, start)
    end = a.label("end")
    a.emit(mnemonic, end)
    a.db(bytes(filler))
    a.bind(end)
    image = a.finish().code
    back = -(filler + 2)
    expected = bytes(filler)
    if back >= -128:
        expected += bytes.fromhex(short) + back.to_bytes(1, "little", signed=True)
    else:
        opcode = bytes.fromhex(long)
        expected += opcode + (-(filler + len(opcode) + 4)).to_bytes(4, "little", signed=True)
    if filler <= 127:
        expected += bytes.fromhex(short) + bytes((filler,))
    else:
        expected += bytes.fromhex(long) + filler.to_bytes(4, "little")
    assert image == expected + bytes(filler)


def test_growing_one_jump_can_push_another_out_of_reach():
    a = Assembler()
    one, two = Label("one"), Label("two")
    a.jmp(one)
    a.jmp(two)
    a.db(bytes(125))
    a.bind(one)
    a.db(bytes(20))
    a.bind(two)
    image = a.finish().code
    assert image[0] == 0xE9 and image[5] == 0xE9


def test_rel8_only_jumps():
    a = Assembler()
    top = a.bind()
    a.jrcxz(top)
    a.loop(top)
    assert a.finish().code.hex() == "e3fee2fc"
    a.db(bytes(200))
    a.loop(top)
    with pytest.raises(RangeError, match="'loop' reaches 127 bytes"):
        a.finish()
    b = Assembler()
    b.loop(Label("elsewhere"))
    with pytest.raises(LabelError, match="'elsewhere'"):
        b.finish()


@pytest.mark.parametrize(
    "instruction, trailing",
    [
        (("mov", dword_ptr(Label()), 0x12345678), 4), (("cmp", byte_ptr(Label()), 5), 1),
        (("lea", rax, ptr(Label())), 0),
        (("shl", qword_ptr(Label()), 3), 1), (("imul", eax, dword_ptr(Label()), 1000), 4),
        (("mov", word_ptr(Label()), 1), 2), (("pshufd", xmm1, xmmword_ptr(Label()), 3), 1),
        (("vblendvpd", xmm1, xmm2, xmmword_ptr(Label()), xmm0), 1), (("cmpltsd", xmm1, qword_ptr(Label())), 1),
        (("vmovupd", ymm1, ptr(Label())), 0),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else str(value),
)  # fmt: skip
def test_rip_relative_distances_count_from_the_end_of_the_instruction(instruction, trailing):
    label = next(o.label for o in instruction[1:] if isinstance(o, Mem))
    for gap in (0, 100):
        a = Assembler()
        a.nop()
        a.emit(*instruction)
        a.db(bytes(gap))
        a.bind(label)
        image = a.finish().code
        end = len(image) - gap
        field = end - trailing - 4
        assert int.from_bytes(image[field : field + 4], "little", signed=True) == gap


def test_data():
    a = Assembler()
    a.db(1, -1, 255, b"xy")
    a.dw(0x1234, -2)
    a.dd(0x12345678)
    a.dq(-1)
    a.string("é")
    assert a.finish().code.hex() == "01ffff7879" + "3412feff" + "78563412" + "ff" * 8 + "c3a9"
    for method, value in ((a.db, 256), (a.db, -129), (a.dw, 1 << 16), (a.dd, 1 << 32), (a.dq, 1 << 64)):
        with pytest.raises(RangeError):
            method(value)


@pytest.mark.parametrize("n", [1, 2, 4, 8, 16, 32, 64])
def test_alignment(n):
    a = Assembler()
    a.align(n)
    for size in range(1, 40):
        a.db(b"\xcc" * size)
        a.align(n)
        here = a.bind()
        assert a.finish().labels[here] % n == 0
    a.ret()
    a.align(n, fill=0xAB)
    blob = a.finish()
    assert blob.align >= n
    assert blob.code.endswith(b"\xc3" + b"\xab" * (-(blob.code.rindex(b"\xc3") + 1) % n))
    with pytest.raises(ValueError):
        a.align(3)


def test_alignment_that_would_take_too_much_is_left_out():
    a = Assembler()
    a.db(1)
    a.align(16, fill=0, limit=14)
    a.db(2)
    a.align(16, fill=0, limit=14)
    assert a.finish().code == bytes((1, 2)) + bytes(14)


def test_constants_are_pooled_aligned_and_stored_once():
    a = Assembler()
    one = a.const(b"\0" * 6 + b"\xf0?", 8)
    mask = a.const(bytes(16), 16)
    assert a.const(b"\0" * 6 + b"\xf0?", 8) is one
    small = a.const(b"abc")
    a.movsd(xmm0, ptr(one))
    a.andpd(xmm0, ptr(mask))
    a.ret()
    blob = a.finish()
    assert (blob.labels[mask] % 16, blob.labels[one] % 8, blob.align) == (0, 0, 16)
    assert blob.image[blob.labels[one] :][:8] == b"\0" * 6 + b"\xf0?"
    assert blob.image[blob.labels[small] :][:3] == b"abc"
    assert len(blob) == blob.size == len(blob.image) == blob.data_offset + len(blob.data)
    assert blob.code.hex().endswith("c3")


def test_a_constant_keeps_the_strictest_alignment():
    a = Assembler()
    label = a.const(bytes(8), 8)
    assert a.const(bytes(8), 32) is label
    a.nop()
    blob = a.finish()
    assert blob.labels[label] % 32 == 0 and blob.align == 32


def test_differences():
    a = Assembler()
    table = a.bind()
    cases = [Label(), Label()]
    for case in cases:
        a.difference(case, table)
    a.difference(cases[1], cases[0], 1, size=1)
    for case in cases:
        a.bind(case)
        a.ret()
    assert a.finish().code.hex() == "09000000" + "0a000000" + "02" + "c3c3"
    a.difference(Label("no"), table)
    with pytest.raises(LabelError, match="undefined label 'no'"):
        a.finish()
    b = Assembler()
    far = Label("far")
    b.difference(far, b.bind(), size=1)
    b.db(bytes(300))
    b.bind(far)
    with pytest.raises(RangeError, match="does not fit in 1 byte"):
        b.finish()


def test_linking_blobs_that_use_each_other():
    a, b = Assembler(), Assembler()
    a.call(a.label("there"))
    a.mov(rax, a.label("there"))
    a.bind(a.label("here"))
    a.ret()
    b.bind(b.label("there"))
    b.jmp(b.label("here"))
    b.lea(rcx, ptr(b.label("here"), disp=1))
    b.dq(b.label("there"))
    blobs = [a.finish(), b.finish()]
    one, two = link(blobs, [0x10000, 0x20000])
    assert one[0] == 0xE8 and int.from_bytes(one[1:5], "little") == 0x20000 - 0x10005
    assert one[5:7].hex() == "48b8" and int.from_bytes(one[7:15], "little") == 0x20000
    here = 0x10000 + 15
    assert two[0] == 0xE9 and int.from_bytes(two[1:5], "little", signed=True) == here - 0x20005
    assert int.from_bytes(two[8:12], "little", signed=True) == here + 1 - 0x2000C
    assert int.from_bytes(two[12:20], "little") == 0x20000


def test_linking_by_label_object_and_to_absolute_addresses():
    shared = Label()
    a, b = Assembler(), Assembler()
    a.jmp(shared)
    a.call(0x7000_1234)
    a.call(a.label("puts"))
    a.call(qword_ptr(a.address(a.label("puts"), 8)))
    b.nop()
    b.bind(shared)
    one, _ = link([a.finish(), b.finish()], [0x7000_0000, 0x7100_0000], {"puts": 0x7200_0000})
    assert int.from_bytes(one[1:5], "little") == 0x7100_0001 - 0x7000_0005
    assert int.from_bytes(one[6:10], "little") == 0x7000_1234 - 0x7000_000A
    assert int.from_bytes(one[11:15], "little") == 0x7200_0000 - 0x7000_000F
    assert one[15:17].hex() == "ff15" and int.from_bytes(one[-8:], "little") == 0x7200_0008


def test_link_errors():
    a, b, c = Assembler(), Assembler(), Assembler()
    a.jmp(a.label("x"))
    with pytest.raises(LabelError, match="undefined label 'x' .used at offset 0x1."):
        link([a.finish()], [0])
    with pytest.raises(LabelError, match="undefined label 'x'"):
        bytes(a.finish())
    for other in (b, c):
        other.nop()
        other.bind(other.label("x"))
    with pytest.raises(LabelError, match="'x' is defined more than once"):
        link([a.finish(), b.finish(), c.finish()], [0, 0x1000, 0x2000])
    with pytest.raises(RangeError, match="out of the reach"):
        link([a.finish(), b.finish()], [0, 1 << 40])
    with pytest.raises(ValueError, match="not a multiple of 16"):
        link([b.finish()], [8])
    with pytest.raises(ValueError, match="1 blobs but 2 addresses"):
        link([b.finish()], [0, 16])
    d = Assembler()
    d.dq(d.bind(Label("self")))
    with pytest.raises(LabelError, match="depends on the address"):
        bytes(d.finish())


def test_an_assembler_goes_on_after_finish():
    a = Assembler()
    a.jmp(a.label("end"))
    a.nop()
    first = a.finish()
    a.bind(a.label("end"))
    assert first.relocations and bytes(a.finish()).hex() == "eb0190"


def test_distance():
    a = Assembler()
    start = a.bind()
    a.nop()
    middle = a.bind()
    assert (a.distance(start, middle), a.distance(middle, start)) == (1, -1)
    a.jmp(start)
    end = a.bind()
    assert a.distance(start, end) is None and a.distance(start, Label()) is None


def test_zmm_operands_with_masks_and_rounding():
    text = str(("vaddps", zmm1.masked(k1, zero=True), zmm2, zmm3, rn_sae))
    assert text == "('vaddps', zmm1{k1}{z}, zmm2, zmm3, {rn-sae})"


def test_every_register_is_exported():
    assert all(getattr(R, name) is register for name, register in R.REGISTERS.items())
    assert cl is R.REGISTERS["cl"] and r12.id == 12 and rbp.id == 5
