"""Random functions: native code and the interpreter agree on results, failures and memory."""

import os
import random

import pytest
from harness import BASE, TARGET, Native, compare
from random_ir import BUFFER, RandomFunction, random_arguments

from jitney.ir.interp import Context, run

ROUNDS = int(os.environ.get("JITNEY_FUZZ_IR", "150"))


def fill(seed):
    r = random.Random(seed)
    for k in range(len(BUFFER)):
        BUFFER[k] = r.choice([0, 1, -1, r.getrandbits(63), r.getrandbits(20)])


def both_ways(native, args, symbols, seed):
    fill(seed)
    context = Context()
    run(native.function, (context.address, *args), symbols=symbols)
    expected = list(BUFFER)
    fill(seed)

    class Again:
        function = native.function

        def __call__(self, *args, context):
            fill(seed)
            return native(*args, context=context)

    outcome = compare(Again(), *args, symbols=symbols)
    assert list(BUFFER) == expected
    return outcome


def exercise(seed, target, **options):
    r = random.Random(seed)
    callees = [RandomFunction(f"{seed}-{k}", size=12, params=r.randint(1, 3), name=f"g{k}").function for k in range(2)]
    if r.random() < 0.3:
        callees = []
    made = RandomFunction(seed, callees=callees, **options)
    symbols = {f.name: f for f in (made.function, *callees)}
    native = Native(made.function, *callees, target=target)
    for k in range(6):
        both_ways(native, random_arguments(made.function, r), symbols, f"{seed}/{k}")


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_small(seed):
    exercise(seed, TARGET, size=15, params=3)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_large(seed):
    exercise(seed + 10**6, TARGET, size=80, params=8)


@pytest.mark.parametrize("seed", range(ROUNDS // 2))
def test_pressure(seed):
    exercise(seed + 2 * 10**6, TARGET, size=160, params=14, pressure=True)


@pytest.mark.parametrize("seed", range(ROUNDS // 2))
def test_sse2(seed):
    exercise(seed + 3 * 10**6, BASE, size=60, params=10, pressure=seed % 2 == 0)
