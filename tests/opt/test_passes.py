"""What each pass does, on small functions: the blocks before, and the blocks after."""

from __future__ import annotations

import textwrap

import pytest

from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.ir.verify import verify
from jitney.opt import PASSES, enabled, optimize
from tests.opt import (
    cases_carry,
    cases_chains,
    cases_integers,
    cases_joins,
    cases_loops,
    cases_scalar,
    cases_scanners,
    cases_tests,
    cases_values,
)

RUN = dict(PASSES)


def after(name: str, before: str) -> str:
    """The blocks of the function after one pass, dedented."""
    function = parse(textwrap.dedent(before).strip() + "\n}\n")
    verify(function)
    function = RUN[name](function)
    verify(function)
    lines = to_text(function).splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("b0"))
    return "\n".join(line.replace("    ", "  ") for line in lines[first + 1 : -1])


def expect(name: str, before: str, wanted: str) -> None:
    got = after(name, before)
    wanted = "\n".join(line[8:] for line in wanted.rstrip().splitlines()[1:])
    assert got == wanted, f"\n{got}\n--- wanted\n{wanted}"


CASES = cases_values.CASES | cases_tests.CASES | cases_integers.CASES | cases_loops.CASES | cases_carry.CASES
CASES |= cases_chains.CASES | cases_joins.CASES | cases_scanners.CASES | cases_scalar.CASES


@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    expect(*CASES[case])


def test_passes_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_DISABLE", "split,memory")
    assert [name for name, _ in enabled()] == [name for name, _ in PASSES if name not in ("split", "memory")]


def test_the_whole_way() -> None:
    """A loop over a whole array keeps no check, and its index is the counter."""
    function = optimize(parse(textwrap.dedent(CASES["checks: counter of a range loop"][1]).strip() + "\n}\n"))
    verify(function)
    assert not [v for block in function.blocks for v in block.insts if function.ops[v].guard]
