"""Every form of the table against GNU as (bytes) and iced-x86 (what a decoder reads in our bytes)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitney.asm import AsmError, Assembler, OperandError
from jitney.asm import registers as R
from jitney.asm.operands import Mem
from jitney.asm.x86_64 import forms
from jitney.asm.x86_64.encode import encode
from jitney.asm.x86_64.match import match


def _beside(name: str):
    spec = importlib.util.spec_from_file_location(f"asm_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gnu = _beside("gnu")
samples = _beside("samples")
iced = pytest.importorskip("iced_x86")

needs_gnu = pytest.mark.skipif(not gnu.AVAILABLE, reason=gnu.REASON)
each_family = pytest.mark.parametrize("family", samples.FAMILIES)


def assemble_each(instructions):
    """(instruction, its bytes) of those that can be encoded, in one image that `TARGET` ends; the others, refused."""
    a = Assembler()
    starts, refused = [], []
    for instruction in instructions:
        label = a.bind()
        try:
            a.emit(*instruction)
        except AsmError:
            refused.append(instruction)
        else:
            starts.append((label, instruction))
    end = a.bind(samples.TARGET)
    blob = a.finish()
    offsets = [blob.labels[label] for label, _ in starts] + [blob.labels[end]]
    return [(i, blob.code[s:e]) for (_, i), s, e in zip(starts, offsets, offsets[1:])], refused


def instructions_of(family):
    found = [i for form in samples.all_forms(family) for i in samples.instructions(form)]
    return list(dict.fromkeys(found))


@needs_gnu
@each_family
def test_same_bytes_as_gnu_as(family, tmp_path):
    ours, refused = assemble_each(instructions_of(family))
    theirs = gnu.assemble_each([samples.text(i) for i, _ in ours], tmp_path)
    different = [
        (samples.text(i), code.hex(), other and other.hex()) for (i, code), other in zip(ours, theirs) if code != other
    ]
    assert different == []
    # what we refuse, GNU as refuses: ah, ch, dh, bh beside a REX prefix
    answers = gnu.assemble_each([samples.text(i) for i in refused], tmp_path)
    assert [samples.text(i) for i, answer in zip(refused, answers) if answer is not None] == []


@each_family
def test_a_decoder_reads_the_same_operands(family):
    ours, _ = assemble_each(instructions_of(family))
    formatter = iced.Formatter(iced.FormatterSyntax.INTEL)
    for instruction, code in ours:
        decoded = iced.Decoder(64, code, ip=0x1000).decode()
        text = f"{samples.text(instruction)}: {code.hex()} is {formatter.format(decoded)}"
        assert decoded.code != iced.Code.INVALID, text
        assert decoded.len == len(code), text
        written = {_plain_name(o) for o in instruction[1:] if isinstance(o, (R.Reg, R.Masked))}
        kinds = [decoded.op_kind(i) for i in range(decoded.op_count)]
        read = {_NAMES[decoded.op_register(i)] for i, k in enumerate(kinds) if k == iced.OpKind.REGISTER}
        # xmm0 may be implied (blendvps)
        assert written - {"xmm0"} <= read or code in EXCHANGES_NOTHING, text
        for operand in instruction[1:]:
            if isinstance(operand, Mem) and iced.OpKind.MEMORY in kinds:
                _check_memory(operand, decoded, text)


EXCHANGES_NOTHING = (b"\x90", b"\x66\x90")  # xchg of ax or rax with itself, which a decoder calls nop
_NAMES = {getattr(iced.Register, n): n.lower() for n in dir(iced.Register) if n.isupper()}


def _plain_name(operand) -> str:
    """The register's name as the decoder has it: r8b is r8l there."""
    name = str(operand.reg if isinstance(operand, R.Masked) else operand)
    return name.replace("b", "l") if name in map("r{}b".format, range(8, 16)) else name


def _check_memory(mem, decoded, text):
    if mem.label is not None or mem.base is R.rip:
        assert decoded.is_ip_rel_memory_operand, text
        return
    base, index = _NAMES.get(decoded.memory_base), _NAMES.get(decoded.memory_index)
    assert base == (mem.base.name if mem.base else "none"), text
    assert index == (mem.index.name if mem.index else "none"), text
    if mem.index is not None:
        assert decoded.memory_index_scale == mem.scale, text
    assert decoded.memory_displacement & 0xFFFFFFFF == mem.disp & 0xFFFFFFFF, text


@each_family
def test_emit_agrees_with_the_form(family):
    """The memo and the matcher lead to the bytes that the form itself gives, unless an earlier form fits too."""
    for form in samples.all_forms(family):
        reached = 0
        for instruction in samples.instructions(form):
            mnemonic, *operands = instruction
            try:
                chosen = match(mnemonic, tuple(operands))
                direct = encode(chosen, tuple(operands))
            except OperandError:
                continue
            a = Assembler()
            a.emit(*instruction)
            assert len(a.finish().code) == len(direct)
            reached += chosen.operands == form.operands and chosen.encoding == form.encoding
        assert reached or not samples.instructions(form), f"{form} | {form.encoding} is never chosen"


@each_family
def test_the_table_is_sorted_and_each_mnemonic_in_one_piece(family):
    names = [line.split(" ")[0] + " " for line in forms.table_lines(family)[1:-1]]
    assert names == sorted(names)


@each_family
def test_no_line_is_written_twice(family):
    lines = forms.table_lines(family)
    assert len(set(lines)) == len(lines)


general = st.sampled_from(R.GP64)
index = st.sampled_from([r for r in R.GP64 if r is not R.rsp])
displacement = st.one_of(
    st.sampled_from([0, 1, -1, 127, 128, -128, -129, 2**31 - 1, -(2**31)]), st.integers(-(2**31), 2**31 - 1)
)
scale = st.sampled_from([1, 2, 4, 8])
addresses = st.one_of(
    st.builds(Mem, general, st.none(), st.just(1), displacement),
    st.builds(Mem, general, index, scale, displacement),
    st.builds(Mem, st.none(), index, scale, displacement),
    st.builds(
        Mem,
        st.sampled_from(R.GP32),
        st.one_of(st.none(), st.sampled_from([r for r in R.GP32 if r is not R.esp])),
        scale,
        displacement,
    ),
)
uses = st.sampled_from(
    [("mov", R.r9), ("mov", R.ecx), ("addsd", R.xmm12), ("vaddsd", R.xmm1, R.xmm9), ("vpaddd", R.ymm8, R.ymm1)]
)


@given(st.lists(st.tuples(uses, addresses), min_size=1, max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_address_decodes_to_itself(cases):
    for use, address in cases:
        a = Assembler()
        a.emit(*use, address)
        code = a.finish().code
        decoded = iced.Decoder(64, code).decode()
        assert decoded.len == len(code)
        _check_memory(address, decoded, f"{use} {address} {code.hex()}")


@needs_gnu
@given(cases=st.lists(st.tuples(uses, addresses), min_size=100, max_size=400, unique=True))
@settings(max_examples=8, deadline=None)
def test_any_address_has_the_bytes_of_gnu_as(cases, tmp_path_factory):
    ours, refused = assemble_each([(*use, address) for use, address in cases])
    assert refused == []
    theirs = gnu.assemble_each([samples.text(i) for i, _ in ours], tmp_path_factory.mktemp("batch"))
    assert [
        (samples.text(i), code.hex(), other and other.hex()) for (i, code), other in zip(ours, theirs) if code != other
    ] == []
