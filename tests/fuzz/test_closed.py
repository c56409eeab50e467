"""Random loops that only count and add up, or use up a number's bits: at once, with `closed` off, and in CPython."""

from __future__ import annotations

import linecache
import os
import random
import warnings
from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.support import outcome

COUNT = int(os.environ.get("JITNEY_FUZZ", "30"))
BATCH = 10
_ANYWHERE = "for i in range(x, x + n % 9):"


def _term(r: random.Random, names: tuple[str, ...], depth: int = 2) -> str:
    if depth == 0 or r.random() < 0.3:
        return r.choice((*names, *names, "x", "2", "-3", "1000"))
    return f"({_term(r, names, depth - 1)} {r.choice('++-**')} {_term(r, names, depth - 1)})"


def _sums(r: random.Random) -> str:
    header = r.choice((
        "for i in range(n):", "for i in range(x, n):", "for i in range(n, x, -1):", "for i in range(x, n, 3):",
        "for i in range(n, -3, -2):", _ANYWHERE, _ANYWHERE,
    ))  # fmt: skip
    inner = r.choice(("", "", "for j in range(n % 7):", "for j in range(i, i + 9, 2):", "for j in range(5, n % 7, -1):",
                      ))  # fmt: skip
    indent = "            " if inner else "        "
    body = f"        {inner}\n" if inner else ""
    for name in r.sample("stu", r.randrange(1, 3)):
        body += f"{indent}{name} {r.choice(('+=', '+=', '-='))} {_term(r, ('i', 'j') if inner else ('i',))}\n"
    start = r.choice(("0", "x", "n", "2**63 - 1000", "-2**62"))
    last = ", i" if r.random() < 0.5 else ""
    return f"def f(n, x):\n    i = -1\n    s, t, u = {start}, 0, x\n    {header}\n{body}    return s, t, u{last}\n"


def _bits(r: random.Random) -> str:
    test = r.choice(("x != 0", "x > 0", "x"))
    step = r.choice(("x &= x - 1", "x = x & (x - 1)", "x >>= 1", "x = x >> 1", "x //= 2"))
    more = r.choice(("", "t -= 3", "t += 5"))
    lines = [step, "c += 1", more]
    r.shuffle(lines)
    body = "".join([f"        {line}\n" for line in lines if line])
    if r.random() < 0.5:
        return f"def f(x, t):\n    c = 0\n    while {test}:\n{body}    return c, t, x\n"
    body = "".join([f"            {line}\n" for line in lines if line])
    return (f"def f(a, t):\n    c = 0\n    for k in range(len(a)):\n        x = {r.choice(('a[k]', 'a[k] ^ a[0]'))}\n"
            f"        while {test}:\n{body}    return c, t\n")  # fmt: skip


def _calls(r: random.Random, source: str) -> list[tuple[Any, ...]]:
    if source.startswith("def f(n, x)"):
        calls = [(r.randrange(-5, 60), r.randrange(-5, 30)) for _ in range(4)]
        big = 1 << r.choice((20, 30, 40, 61))
        return [*calls, (0, 0), (8, big), (5, -big), (big + 7, 4 - big)] if _ANYWHERE in source else calls
    if source.startswith("def f(x, t)"):
        calls = [(r.getrandbits(63), 7), (0, 1), (1, 2), (r.getrandbits(9), -5), ((1 << 62), 2**63 - 4)]
        return [*calls, (-1, 3), (-(1 << 63), 3)] if "x > 0" in source else calls
    dtypes = ("int64", "uint8", "uint16", "uint32", "int32", "uint64")
    return [(np.array([r.getrandbits(bits) for _ in range(n)], d), 3) for n in (1, 40)
            for d in dtypes for bits in (5, np.iinfo(d).bits - (d[0] == "i"))]  # fmt: skip


def run(seed: int, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Compare one function; the difference in words, None if there is none."""
    r = random.Random(seed)
    source = r.choice((_sums, _bits))(r)
    name = f"<closed {seed}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    names: dict[str, Any] = {}
    exec(compile(source, name, "exec"), names)
    function = names["f"]
    for disabled in ("", "closed"):
        monkeypatch.setenv("JITNEY_DISABLE", disabled)
        jitted = jit(function)
        for args in _calls(random.Random(seed), source):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wanted, got = outcome(function, args), outcome(jitted, args)
            if got != wanted:
                return f"seed {seed} {args} without {disabled!r}: {got}, CPython {wanted}\n{source}"
    linecache.cache.pop(name, None)
    return None


@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_random_loops(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    for seed in range(first, min(first + BATCH, COUNT)):
        problem = run(seed, monkeypatch)
        assert problem is None, problem
