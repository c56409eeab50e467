"""What `f.explain()` shows, and the disassembler behind it against another one."""

import re

import iced_x86
import numpy as np
import pytest

from jitney import FallbackWarning, jit, pipeline
from jitney.report.disassemble import disassemble
from jitney.runtime import pieces, pieces_x86_64, stubs

ALIASES = {"movsx"}


@jit
def dot(a, b):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@jit
def mixture(a, x, y, n):
    i = 0
    while i < n:
        a[i] = x / 3.0 + (y >> 2) * (y // 7) % 5
        if a[i] > x or not y & 1:
            a[i] = -a[i]
        i += 1
    return i, x**2, float(y), abs(y), min(x, 2.5), y == 3


@jit
def chosen(a, b, n):
    least = n[0]
    for i in range(len(n)):
        least = min(least, n[i])
    for i in range(len(a)):
        if a[i] > b[i] or n[i] == 3:
            a[i] = a[i] * 2.0 + b[i] / n[i]
    return least


def test_before_the_first_call_and_after():
    def f(x):
        return x + 1

    jitted = jit(f)
    text = str(jitted.explain())
    assert "not called yet" in text and "return x + 1" in text
    jitted(1.5)
    text = str(jitted.explain())
    assert text.splitlines()[0].endswith("f(float) -> float: " + text.split(": ", 1)[1].split("\n")[0])
    for part in ("source", "IR", "machine code", "return x + 1", "fadd", "addsd", "ret"):
        assert part in text
    jitted(2)
    assert "(int) -> int" in str(jitted.explain())
    assert "(float) -> float" in str(jitted.explain(*jitted.specializations[0].types))


def test_every_instruction_is_shown_once():
    dot(np.zeros(3), np.zeros(3))
    explanation = dot.explain()
    shown = sorted(int(row[2].split()[0], 16) for row in explanation.rows if row[2] and row[2] != "cold:")
    assert shown[0] == 0 and len(set(shown)) == len(shown)
    shown_ir = " ".join(row[1] for row in explanation.rows)
    assert "fmul" in shown_ir and "load f64" in shown_ir


def test_source_lines_stand_beside_their_ir():
    dot(np.zeros(3), np.zeros(3))
    by_line = {row[0].strip(): row[1] for row in dot.explain().rows if "total += a[i]" in row[0]}
    assert by_line and all("load" in ir or "fadd" in ir or "fmul" in ir for ir in by_line.values())


def test_fallback_says_why():
    @jit
    def f(x):
        with x:
            return x

    with pytest.warns(FallbackWarning):
        f(memoryview(b""))
    text = str(f.explain())
    assert "runs in CPython: `with` is not supported" in text and "return x" in text


def test_html():
    dot(np.zeros(3), np.zeros(3))
    html = dot.explain()._repr_html_()
    assert html.startswith("<p>") and "<table>" in html and "fmul" in html
    assert "range(len(a))" in html and "-&gt;" in html and "->" not in html


def test_disassembler_agrees_with_iced():
    formatter = iced_x86.Formatter(iced_x86.FormatterSyntax.INTEL)
    formatter.hex_prefix, formatter.hex_suffix = "0x", ""
    count = 0
    made = []
    original = pipeline.generate

    def generating(*args, **kwargs):
        code = original(*args, **kwargs)
        made.append(code.code)
        return code

    pipeline.generate = generating
    try:
        jit(dot.__wrapped__)(np.zeros(3), np.zeros(3, "i4"))
        jit(mixture.__wrapped__)(np.zeros(3), 2.5, 9, 3)
        jit(mixture.__wrapped__)(np.zeros(6, "f4")[::2], 2, 9, 2)
        jit(chosen.__wrapped__)(np.zeros(3), np.ones(3), np.ones(3, "i2"))
    finally:
        pipeline.generate = original
    assert len(made) >= 4
    made += [stubs.code(listing) for listing in stubs.LISTINGS.values()]
    made += [pieces.Piece(text).code for name, text in vars(pieces_x86_64).items() if name.isupper()]
    for code in made:
        own = disassemble(code)
        assert b"".join(i.code for i in own) == code
        for mine, theirs in zip(own, iced_x86.Decoder(64, code), strict=True):
            text = formatter.format(theirs)
            assert (mine.offset, len(mine.code)) == (theirs.ip, theirs.len), text
            # The table may know an instruction under two names.
            name, known = mine.text.split()[0], text.split()[0]
            compares = re.fullmatch("(vp?cmp).*?(pd|ps|u?[bwdq])", known)
            if name.startswith(("vcmpp", "vpcmpq", "vpcmpd", "vpcmpu", "vpcmpw", "vpcmpb")) and compares:
                known = "".join(compares.groups())  # without the name of what is compared for
            assert name == known or name in ALIASES, (mine.text, text)
            if "rip" not in mine.text and mine.target < 0:
                assert registers(mine.text) == registers(text), (mine.text, text)
            count += 1
    assert count > 500


def registers(text):
    words = "".join(c if c.isalnum() else " " for c in text).split()[1:]
    sizes = ("ptr", "byte", "dword", "xmmword", "ymmword", "zmmword")
    return [w for w in words if w[0] in "rexyzkabcds" and w not in sizes]


def test_bytes_that_are_no_instruction():
    texts = [i.text for i in disassemble(b"\x06\xc3\x0f")]
    assert texts == ["db 0x06", "ret", "db 0x0f"]
