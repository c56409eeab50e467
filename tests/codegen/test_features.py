"""What the CPU is asked for, and what of it is used."""

import os

import pytest

from jitney.asm import assemble
from jitney.codegen.generate import generate
from jitney.ir.builder import Builder
from jitney.ir.function import Function
from jitney.ir.types import F64
from jitney.targets.x86_64 import features, target
from jitney.targets.x86_64.features import detect, detected, level

AVX512 = {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vbmi", "avx512_vpopcntdq"}
EMULATED = {"Nehalem": level("x86-64-v2"), "Haswell": level("x86-64-v3")}
"""What `make levels` runs the tests on."""


@pytest.mark.parametrize("listing", [features.CPUID, features.XGETBV])
def test_bytes_are_the_instructions(listing):
    assert assemble("\n".join(line[12:] for line in listing.splitlines())) == features.code(listing)


def test_detected_is_what_this_cpu_has():
    emulated = os.environ.get("JITNEY_EMULATED")
    if emulated:
        assert detected() == EMULATED[emulated]
        return
    with open("/proc/cpuinfo") as file:
        flags = next(set(line.split()) for line in file if line.startswith("flags"))
    if "abm" in flags:
        flags.add("lzcnt")
    assert detected() == (level("x86-64-v4") | AVX512) & flags


@pytest.mark.parametrize(
    "saved, gone",
    [
        (0x03, {"avx", "avx2", "fma", *AVX512}),
        (0x07, {*AVX512}),
        (0xE7, set()),
    ],
)
def test_registers_that_the_kernel_does_not_save_are_not_used(monkeypatch, saved, gone):
    here = detected()
    if "avx" not in here:
        pytest.skip("this CPU has no AVX")
    # mov eax, saved; ret
    monkeypatch.setattr(features, "XGETBV", f"b8{saved.to_bytes(4, 'little').hex()}\nc3\n")
    assert features._detect() == here - gone


def test_jitney_cpu_takes_away(monkeypatch):
    monkeypatch.setenv("JITNEY_CPU", "x86-64-v2")
    assert detect() == detected() & level("x86-64-v2")
    monkeypatch.setenv("JITNEY_CPU", "x86-64-v9")
    with pytest.raises(ValueError, match="no level 'x86-64-v9'"):
        detect()


def test_an_instruction_the_processor_lacks_is_refused():
    function = Function("fused", (F64,), "c")
    b = Builder(function)
    block = b.new_block()
    b.start(block, None)
    x, y, z = (b.param(block, F64) for _ in range(3))
    b.ret((b.emit("fma", x, y, z),))
    assert generate(function, target(level("x86-64-v3"))).code
    with pytest.raises(LookupError, match="fma"):
        generate(function, target(level("x86-64-v2")))
