"""What `Builder` makes of what is emitted: folding, sharing, motion, checks dropped; and never another answer."""

from __future__ import annotations

import math
import random

import pytest

from jitney.ir.builder import Builder
from jitney.ir.function import Block, Call, Function, Loop, Memory
from jitney.ir.interp import Context, run
from jitney.ir.ops import OPS, bits_of
from jitney.ir.print import to_text
from jitney.ir.types import ACCESSES, F32, F64, I1, I64, PTR, Type
from jitney.ir.verify import verify
from tests.ir.harness import observe_interpreted
from tests.ir.random_ir import generate
from tests.ir.rebuild import rebuilt


class Fixture:
    """A function under construction, with a parameter of each type; letters name them."""

    def __init__(self, results: tuple[Type, ...] = ()) -> None:
        self.f = Function("f", results)
        self.b = b = Builder(self.f)
        self.entry = b.new_block()
        b.start(self.entry, None)
        self.context = b.param(self.entry, PTR)
        self.p = b.param(self.entry, PTR)
        self.x, self.y, self.n = (b.param(self.entry, I64) for _ in range(3))
        self.u, self.v = b.param(self.entry, F64), b.param(self.entry, F64)
        self.c, self.d = b.param(self.entry, I1), b.param(self.entry, I1)
        self.clean = b.const(I1, False)

    def int(self, value: int) -> int:
        return self.b.const(I64, value)

    def after(self, block: Block, idom: Block) -> Block:
        """Continue in a new block that `block` reaches."""
        self.b.start(block, idom)
        return block

    def loop(self, parent: Loop | None = None) -> Loop:
        """Start a loop: jumps to a preheader and a header with one i64 parameter, and continues in the header."""
        b, loop = self.b, Loop(parent)
        outside = b.block
        loop.preheader, loop.header = b.new_block(parent), b.new_block(loop)
        b.jump(loop.preheader)
        b.start(loop.preheader, outside)
        b.jump(loop.header, (self.int(0),))
        b.start(loop.header, loop.preheader)
        b.param(loop.header, I64)
        return loop

    def end(self, *loops: Loop) -> None:
        """Close loops from the innermost, each leaving when `c` holds, and return nothing."""
        b = self.b
        for loop in loops:
            after, latch = b.new_block(loop.parent), b.block
            following = b.emit("add", loop.header.params[0], self.int(1))
            b.branch(self.c, after, loop.header, (), (following,))
            b.start(after, latch)
        b.ret(())
        verify(self.f)


@pytest.fixture
def z() -> Fixture:
    return Fixture()


# -- folding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "type", "expected"),
    [
        ("add", (2**63 - 1, 1), I64, -(2**63)),
        ("mul", (2**62, 4), I64, 0),
        ("sub", (-(2**63), 1), I64, 2**63 - 1),
        ("neg", (-(2**63),), I64, -(2**63)),
        ("umulh", (-1, -1), I64, -2),
        ("smulh", (-1, -1), I64, 0),
        ("shl", (1, 65), I64, 2),
        ("lshr", (-1, 63), I64, 1),
        ("sar", (-8, 1), I64, -4),
        ("floordiv", (-7, 2), I64, -4),
        ("floormod", (-7, 2), I64, 1),
        ("udiv", (-1, 2), I64, 2**63 - 1),
        ("slt", (-1, 0), I1, True),
        ("ult", (-1, 0), I1, False),
        ("clz", (0,), I64, 64),
        ("sext8", (255,), I64, -1),
        ("zext32", (-1,), I64, 2**32 - 1),
        ("i2p", (-1,), PTR, 2**64 - 1),
        ("f2bits", (-0.0,), I64, -(2**63)),
        ("fdiv", (1.0, -0.0), F64, -math.inf),
        ("f2i", (1e300,), I64, -(2**63)),
        ("fmin", (0.0, -0.0), F64, -0.0),
        ("frint", (2.5,), F64, 2.0),
        ("select", (True, 4, 5), I64, 4),
    ],
)
def test_constants_fold(z: Fixture, name: str, values: tuple, type: Type, expected: object) -> None:
    kinds = {bool: I1, int: I64, float: F64}
    v = z.b.emit(name, *[z.b.const(kinds[value.__class__], value) for value in values])
    assert v == z.b.const(type, expected)
    assert z.f.types[v] is type and z.f.imms[v].__class__ is expected.__class__


def test_singles_round_once(z: Fixture) -> None:
    b = z.b
    one, tiny = b.const(F32, 1.0), b.const(F32, 2.0**-25)
    assert b.emit("fadd", one, tiny) == one
    assert b.constant(b.const(F32, 0.1)) == 0.10000000149011612
    # 2**60 + 2**36 + 1: by way of a double, ties go to even and the answer is 2**60.
    assert b.constant(b.emit("i2f", z.int(2**60 + 2**36 + 1), type=F32)) == 2.0**60 + 2.0**37
    assert b.constant(b.emit("u2f", z.int(-1), type=F32)) == 2.0**64
    assert b.constant(b.emit("fround", b.const(F64, 1e300))) == math.inf


def test_constants_are_shared_by_their_bits(z: Fixture) -> None:
    b = z.b
    assert b.const(F64, 0.0) != b.const(F64, -0.0)
    assert b.const(F64, math.nan) == b.const(F64, math.nan)
    payload = b.emit("bits2f", z.int(0x7FF8000000000123))
    assert payload != b.const(F64, math.nan) and bits_of(b.constant(payload)) == 0x7FF8000000000123
    assert len({b.const(I64, 1), b.const(I1, True), b.const(F64, 1.0), b.const(F32, 1.0), b.const(PTR, 1)}) == 5
    assert b.const(I64, 2**64 + 3) == b.const(I64, 3)
    assert b.const(PTR, -1) == b.const(PTR, 2**64 - 1)


def test_constants_stand_in_the_entry(z: Fixture) -> None:
    inner = z.loop()
    late = z.int(77)
    assert z.f.homes[late] is z.entry
    z.end(inner)


def test_divisions_that_may_be_errors_stay(z: Fixture) -> None:
    for divisor in (0, -1):
        v = z.b.emit("floordiv", z.int(-(2**63)), z.int(divisor))
        assert z.f.ops[v] is OPS["floordiv"]


def test_a_branch_on_a_constant_is_a_jump(z: Fixture) -> None:
    then, other = z.b.new_block(), z.b.new_block()
    z.b.branch(z.b.const(I1, False), then, other, (), (z.x,))
    assert z.entry.term == "jump" and z.entry.edges[0].target is other and z.entry.edges[0].args == (z.x,)


# -- numbering ---------------------------------------------------------------------------------------------------------


def test_equal_values_are_shared(z: Fixture) -> None:
    b = z.b
    assert b.emit("sub", z.x, z.y) == b.emit("sub", z.x, z.y)
    assert b.emit("sub", z.x, z.y) != b.emit("sub", z.y, z.x)
    assert b.emit("mul", z.x, z.y) == b.emit("mul", z.y, z.x)
    assert b.emit("floordiv", z.x, z.n) == b.emit("floordiv", z.x, z.n)
    assert b.emit("i2f", z.x, type=F64) != b.emit("i2f", z.x, type=F32)
    assert b.emit("fadd", z.u, z.v) == b.emit("fadd", z.v, z.u)


def test_constants_go_to_the_right(z: Fixture) -> None:
    assert z.f.args[z.b.emit("mul", z.int(5), z.x)] == (z.x, z.int(5))
    checked = z.b.emit("addo", z.int(5), z.x, z.clean, imm=z.b.add_site("overflow"))
    assert z.f.args[checked] == (z.x, z.int(5), z.clean)


def test_only_open_blocks_share(z: Fixture) -> None:
    """A value is reused below its block in the dominator tree, and not beside it."""
    b = z.b
    above = b.emit("add", z.x, z.y)
    left, right, below = (b.new_block() for _ in range(3))
    b.branch(z.c, left, right)
    z.after(left, z.entry)
    assert b.emit("add", z.x, z.y) == above
    in_left = b.emit("xor", z.x, z.y)
    b.jump(below)
    z.after(right, z.entry)
    in_right = b.emit("xor", z.x, z.y)
    assert in_right != in_left
    b.jump(below)
    z.after(below, z.entry)
    assert b.emit("xor", z.x, z.y) not in (in_left, in_right)
    assert b.emit("add", z.x, z.y) == above
    b.ret(())
    verify(z.f)


def test_loads_are_shared_only_if_invariant(z: Fixture) -> None:
    b, i64 = z.b, ACCESSES["i64"]
    assert b.load(i64, z.p) != b.load(i64, z.p)
    assert b.load(i64, z.p, invariant=True) == b.load(i64, z.p, invariant=True)
    assert b.load(i64, z.p, disp=8, invariant=True) != b.load(i64, z.p, invariant=True)
    assert z.f.imms[b.load(i64, z.p, z.x, 8, 16, 1)] == Memory(i64, 8, 16, 1)


def test_calls_of_pure_functions_are_shared(z: Fixture) -> None:
    pure = Call("sin", 0x1000, (F64,), (F64,), pure=True)
    impure = Call("rand", 0x2000, (), (I64,))
    assert z.b.call("ccall", pure, (z.u,)) == z.b.call("ccall", pure, (z.u,))
    assert z.b.call("ccall", impure, ()) != z.b.call("ccall", impure, ())


def test_results_follow_their_call(z: Fixture) -> None:
    call = Call("g", z.f.symbol, (I64,), (I64, F64), site=z.b.add_site("call"))
    first, second = z.b.call("call", call, (z.context, z.x, z.clean))
    assert z.entry.insts[-2:] == [first, second]
    assert (z.f.types[first], z.f.types[second], z.f.imms[second]) == (I64, F64, 1)
    results = z.b.call("invoke", Call("g", z.f.symbol, (), ()), (z.context,))
    assert [z.f.types[v] for v in results] == [I1]


# -- motion ------------------------------------------------------------------------------------------------------------


def test_invariant_values_leave_their_loops(z: Fixture) -> None:
    b = z.b
    outer = z.loop()
    i = outer.header.params[0]
    inner = z.loop(outer)
    j = inner.header.params[0]
    homes = z.f.homes
    assert homes[b.emit("xor", z.x, z.y)] is outer.preheader
    assert homes[b.emit("xor", i, z.y)] is inner.preheader
    assert homes[b.emit("xor", i, j)] is inner.header
    chain = b.emit("sub", b.emit("or", z.x, z.y), b.emit("and", i, z.y))
    assert homes[chain] is inner.preheader
    # A division only where it cannot go wrong, whatever is divided.
    assert homes[b.emit("floordiv", i, b.const(I64, 3))] is inner.preheader
    assert homes[b.emit("floordiv", i, z.y)] is homes[b.emit("floordiv", i, b.const(I64, -1))] is inner.header
    z.end(inner, outer)


def test_what_depends_on_a_finished_loop_moves_as_far_as_the_loop_around(z: Fixture) -> None:
    b = z.b
    outer = z.loop()
    first = z.loop(outer)
    j = first.header.params[0]
    after = b.new_block(outer)
    b.branch(z.c, after, first.header, (), (j,))
    z.after(after, first.header)
    second = z.loop(outer)
    assert z.f.homes[b.emit("xor", j, z.x)] is second.preheader
    z.end(second, outer)


def test_what_may_trap_or_costs_much_stays(z: Fixture) -> None:
    b = z.b
    loop = z.loop()
    site = b.add_site("overflow")
    for v in (b.emit("floordiv", z.x, z.y), b.emit("fdiv", z.u, z.v), b.emit("fsqrt", z.u),
              b.emit("addo", z.x, z.y, z.clean, imm=site), b.load(ACCESSES["i64"], z.p)):  # fmt: skip
        assert z.f.homes[v] is loop.header
    z.end(loop)


# -- checks ------------------------------------------------------------------------------------------------------------


def test_checks_are_shared(z: Fixture) -> None:
    b = z.b
    site, other = b.add_site("overflow"), b.add_site("overflow")
    total = b.emit("addo", z.x, z.y, z.clean, imm=site)
    assert b.emit("addo", z.y, z.x, z.d, imm=other) == total
    assert b.emit("subo", z.x, z.y, z.clean, imm=site) != b.emit("subo", z.y, z.x, z.clean, imm=site)
    assert b.emit("index", z.x, z.n, z.clean, imm=site) == b.emit("index", z.x, z.n, z.d, imm=other)
    b.emit("guard", z.c, z.clean, imm=site)
    count = len(z.entry.insts)
    b.emit("guard", z.c, z.d, imm=other)
    assert len(z.entry.insts) == count
    b.emit("guard", z.d, z.clean, imm=site)
    assert len(z.entry.insts) == count + 1


def test_a_check_beside_is_not_shared(z: Fixture) -> None:
    b = z.b
    site = b.add_site("guard")
    left, below = b.new_block(), b.new_block()
    b.branch(z.c, left, below)
    z.after(left, z.entry)
    b.emit("guard", z.d, z.clean, imm=site)
    b.jump(below)
    z.after(below, z.entry)
    b.emit("guard", z.d, z.clean, imm=site)
    b.ret(())
    assert [z.f.ops[v].name for v in (*left.insts, *below.insts)] == ["guard", "guard"]


def test_checks_that_pass_are_dropped(z: Fixture) -> None:
    b = z.b
    site = b.add_site("overflow")
    assert b.emit("guard", b.const(I1, True), z.clean, imm=site) == -1
    assert b.emit("addo", z.x, z.int(0), z.clean, imm=site) == z.x
    assert b.emit("addo", z.int(0), z.x, z.clean, imm=site) == z.x
    assert b.emit("subo", z.x, z.int(0), z.clean, imm=site) == z.x
    assert b.emit("mulo", z.int(1), z.x, z.clean, imm=site) == z.x
    assert b.emit("mulo", z.x, z.int(0), z.clean, imm=site) == z.int(0)
    assert b.emit("mulo", z.int(2**31), z.int(2**31), z.clean, imm=site) == z.int(2**62)
    assert not [v for v in z.entry.insts if z.f.ops[v].guard]


def test_checks_that_fail_stay(z: Fixture) -> None:
    b = z.b
    site = b.add_site("overflow")
    assert z.f.ops[b.emit("mulo", z.int(2**32), z.int(2**31), z.clean, imm=site)] is OPS["mulo"]
    assert z.f.ops[b.emit("subo", z.int(0), z.x, z.clean, imm=site)] is OPS["subo"]
    b.emit("guard", b.const(I1, False), z.clean, imm=site)
    assert z.f.ops[z.entry.insts[-1]] is OPS["guard"]


def test_polls_are_never_shared(z: Fixture) -> None:
    site = z.b.add_site("poll")
    polls = [z.b.emit("poll", z.x, z.clean, imm=(site, 1), type=I64) for _ in range(2)]
    assert polls[0] != polls[1]


# -- rewinding ---------------------------------------------------------------------------------------------------------


def test_rewinding_forgets_blocks_and_keeps_nothing_of_them(z: Fixture) -> None:
    b = z.b
    mark = b.mark()
    loop = z.loop()
    b.emit("xor", z.x, loop.header.params[0])
    shared = b.emit("addo", z.x, z.y, z.clean, imm=b.add_site("overflow"))
    b.rewind(mark)
    assert z.f.blocks == [z.entry] and not z.f.sites and b.block is z.entry
    again = b.emit("addo", z.x, z.y, z.clean, imm=b.add_site("overflow"))
    assert again != shared
    b.ret(())
    verify(z.f)


# -- and the answers stay ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_rebuilt_programs_do_the_same(first: int) -> None:
    """Raw programs against their copies through the builder: same results, failures and memory."""
    for seed in range(first, first + 50):
        program = generate(seed, 10 + seed % 80, raw=True)
        copy = rebuilt(program.function)
        verify(copy)
        for k in range(2):
            args = program.arguments(random.Random(k))
            expected = observe_interpreted(program, args)
            assert observe_interpreted(program, args, copy) == expected, to_text(program.function)


def test_building_shrinks() -> None:
    raw = folded = 0
    for seed in range(60):
        function = generate(seed, 60, raw=True).function
        raw += sum(len(block.insts) for block in function.blocks)
        folded += sum(len(block.insts) for block in rebuilt(function).blocks)
    assert folded < 0.9 * raw


def test_a_small_function_from_source_to_answer() -> None:
    """sum of i * k for i in range(n), with the product's factor computed once."""
    z = Fixture((I64,))
    b = z.b
    preheader, after = b.new_block(), b.new_block()
    b.branch(b.emit("sgt", z.n, z.int(0)), preheader, after, (), (z.int(0),))
    b.start(preheader, z.entry)
    loop = Loop(None)
    loop.preheader, loop.header = preheader, b.new_block(loop)
    b.jump(loop.header, (z.int(0), z.int(0)))
    b.start(loop.header, preheader)
    i, total = b.param(loop.header, I64), b.param(loop.header, I64)
    loop.counter, loop.step, loop.stop = i, 1, z.n
    factor = b.emit("mul", z.x, z.y)
    following_total = b.emit("add", total, b.emit("mul", i, factor))
    following = b.emit("add", i, z.int(1))
    b.branch(b.emit("slt", following, z.n), loop.header, after, (following, following_total), (following_total,))
    b.start(after, z.entry)
    result = b.param(after, I64)
    b.ret((result,))
    verify(z.f)
    assert z.f.homes[factor] is preheader
    context = Context()
    outcome = run(z.f, (context.address, 0, 3, 5, 10, 0.0, 0.0, False, False))
    assert outcome.results == (45 * 15,)
