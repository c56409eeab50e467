"""The symbolic checker: it accepts what the allocator makes, and what it accepts after damage still works."""

import random

import pytest
from harness import POLLS, TARGET, Native, caller, compare, new_function
from random_ir import RandomFunction, random_arguments

from jitney.codegen.allocate import allocate
from jitney.codegen.checker import CheckError, check
from jitney.codegen.generate import generate
from jitney.codegen.layout import arrange
from jitney.codegen.machine import SLOT
from jitney.codegen.shrink import shrink
from jitney.ir.types import I64
from jitney.loader import load


def allocated(function):
    m = TARGET.select(function, POLLS.symbol, False)
    shrink(m, TARGET.split)
    arrange(m)
    return m, allocate(m, TARGET)


def damage(allocation, r):
    """Change one location, or drop one inserted instruction; says what was done."""
    code = allocation.code
    inserted = sorted(allocation.moves)
    if inserted and r.random() < 0.3:
        k = r.choice(inserted)
        del code[k], allocation.source[k]
        allocation.moves = {i - (i > k): group for i, group in allocation.moves.items() if i != k}
        return "dropped"
    candidates = [k for k, inst in enumerate(code) if inst[1] or inst[2]]
    k = r.choice(candidates)
    op, outs, ins, imm, stub = code[k]
    n = r.randrange(len(outs) + len(ins))
    old = (*outs, *ins)[n]
    kind = TARGET.int_order + TARGET.int_saved if old in TARGET.int_order + TARGET.int_saved else TARGET.float_order
    if old >= SLOT:
        kind = [loc for inst in code for loc in (*inst[1], *inst[2]) if loc >= SLOT]
    new = r.choice([loc for loc in kind if loc != old] or [old])
    if n < len(outs):
        outs = (*outs[:n], new, *outs[n + 1 :])
    else:
        n -= len(outs)
        ins = (*ins[:n], new, *ins[n + 1 :])
    code[k] = (op, outs, ins, imm, stub)
    if stub is not None:
        stub.operands = (outs, ins)
    return "same" if new == old else "moved"


@pytest.mark.parametrize("seed", range(12))
def test_what_it_accepts_works(seed):
    made = RandomFunction(seed + 5 * 10**6, size=70, params=10, pressure=True)
    function = made.function
    r = random.Random(seed)
    caught = tried = 0
    for _ in range(30):
        m, allocation = allocated(function)
        check(m, allocation, TARGET)
        if damage(allocation, r) == "same":
            continue
        tried += 1
        try:
            check(m, allocation, TARGET)
        except CheckError:
            caught += 1
            continue
        code = TARGET.emit(m, allocation, POLLS.symbol)
        native = Native.__new__(Native)
        native.function = function
        entry = generate(caller(function), TARGET)
        native.loaded = load([code, entry])
        native.call = Native.prototype(entry.symbol.address)
        for k in range(3):
            compare(native, *random_arguments(function, random.Random(k)))
    assert tried >= 20
    assert caught > 0.6 * tried


def difference():
    function, b, _, (x, y) = new_function((I64, I64), (I64,))
    b.ret((b.emit("sub", x, y),))
    return function


def instruction(allocation, name):
    (k,) = [k for k, inst in enumerate(allocation.code) if inst[0].name == name]
    return k


@pytest.mark.parametrize("change", ("operand", "late", "result", "lost"))
def test_catches(change):
    m, allocation = allocated(difference())
    check(m, allocation, TARGET)
    k = instruction(allocation, "sub")
    op, (d,), (a, b), imm, stub = allocation.code[k]
    if change == "operand":
        allocation.code[k] = (op, (d,), (b, a), imm, stub)
    elif change == "late":
        allocation.code[k] = (op, (b,), (a, b), imm, stub)
    elif change == "result":
        allocation.code[k] = (op, (9,), (a, b), imm, stub)
    else:
        del allocation.code[k], allocation.source[k]
    with pytest.raises(CheckError):
        check(m, allocation, TARGET)


def test_catches_a_preserved_register_not_saved():
    m, allocation = allocated(difference())
    k = instruction(allocation, "sub")
    op, _, ins, imm, stub = allocation.code[k]
    preserved = TARGET.int_saved[0]
    allocation.code[k] = (op, (preserved,), ins, imm, stub)
    op, outs, _, imm, stub = allocation.code[k + 1]
    allocation.code[k + 1] = (op, outs, (preserved,), imm, stub)
    with pytest.raises(CheckError, match="belongs to the caller"):
        check(m, allocation, TARGET)
