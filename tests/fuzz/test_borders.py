"""Random loops that compare their counter with what is near their borders, plain against jitted."""

from __future__ import annotations

import linecache
import os
import random

import numpy as np
import pytest

from jitney import jit
from tests.support import outcome

COUNT = int(os.environ.get("JITNEY_FUZZ", "600")) // 12
BATCH = 10

_START = ("0", "1", "-2", "n - 3", "m")
_STOP = ("n", "n - 1", "len(a)", "7", "n + 1")
_STEP = ("", "", "", ", 2", ", -1")
_LEFT = ("i", "i + 1", "i - 2", "2 * i", "-i", "n - i")
_RIGHT = ("0", "1", "2", "n - 1", "n", "n - 2", "len(a) - 1", "6", "m", "-1")
_THEN = (
    "t += a[i - 1]", "t += a[i - 2]", "out[i] = a[i] + t", "t = t * 3 + i & 1023", "break",
    "t += a[min(max(i - 1, 0), n - 1)]", "t += a[max(min(i + 2, len(a) - 1), 1)] + min(n - 2, i)",
)  # fmt: skip
_ELSE = ("t -= 1", "out[i] += 2", "t += a[i + 1]", "t = max(t, i - 1)")


def program(r: random.Random) -> str:
    counts = f"{r.choice(_START)}, {r.choice(_STOP)}{r.choice(_STEP)}"
    lines = ["def f(a, out, n, m):", "    t = 0", f"    for i in range({counts}):"]
    for _ in range(r.randint(1, 3)):
        test = f"{r.choice(_LEFT)} {r.choice(('<', '<=', '>', '>=', '==', '!='))} {r.choice(_RIGHT)}"
        if r.random() < 0.3:
            test += r.choice((" and ", " or ")) + f"{r.choice(_LEFT)} {r.choice(('<', '>', '=='))} {r.choice(_RIGHT)}"
        if r.random() < 0.3:
            p, end = r.choice(_LEFT), r.choice(("n", "len(a)", "m"))
            test = r.choice((f"0 <= {p} < {end}", f"{p} < 0 or {p} >= {end}", f"{p} <= {end} and {p} > -1"))
        lines += [f"        if {test}:", f"            {r.choice(_THEN)}"]
        if r.random() < 0.5:
            lines += ["        else:", f"            {r.choice(_ELSE)}"]
    return "\n".join([*lines, "        out[i] = out[i] + 1", "    return t"]) + "\n"


def run(seed: int) -> str | None:
    """The difference in words, None if there is none."""
    source, name = program(random.Random(seed)), f"<borders {seed}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    names: dict[str, object] = {}
    exec(compile(source, name, "exec"), names)
    plain = names["f"]
    compiled = jit(plain)  # type: ignore[call-overload]
    try:
        for n in (0, 1, 2, 3, 4, 7, 30):
            for m in (0, 2, n):
                args = [(np.arange(max(n, 1)) * 5 % 7, np.zeros(max(n, 1), np.int64), n, m) for _ in range(2)]
                wanted, got = outcome(plain, args[0]), outcome(compiled, args[1])
                if got != wanted or not np.array_equal(args[0][1], args[1][1]):
                    return f"seed {seed}, n {n}, m {m}: jitted {got}, plain {wanted}\n{source}"
    finally:
        linecache.cache.pop(name, None)
    return None


@pytest.mark.parametrize("batch", range(-(-COUNT // BATCH)))
def test_programs(batch: int) -> None:
    for seed in range(batch * BATCH, min((batch + 1) * BATCH, COUNT)):
        difference = run(seed)
        assert difference is None, difference
