"""Every rewrite rule is true, fires where its pattern stands, and is found fast (by what stands below its root)."""

from __future__ import annotations

import itertools
import math
import os
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from jitney.ir import rules
from jitney.ir.builder import Builder
from jitney.ir.function import Function
from jitney.ir.interp import Context, run
from jitney.ir.ops import OPS, hold
from jitney.ir.types import ACCESSES, BY_NAME, F32, F64, I1, I64, PTR, Type
from tests.ir import rule_index

GOLDEN = Path(__file__).parent / "rules.golden"
_BITS, _FLOAT = "bits", "float"  # types of the literals that fit several


def all_rules() -> list[tuple]:
    lines = [line for line in rules.RULES.splitlines() if line and line[0] != "#"]
    return [rule for line in lines for rule in rules.read(line)]


RULES = all_rules()
IDS = [f"{name}-{pattern[0]}" for name, pattern, _, _ in RULES]


def _allows(letter: str, type: Type) -> bool:
    if letter in BY_NAME:
        return BY_NAME[letter] is type
    return type.is_float if letter == "f" else letter == "t" or type in (I64, I1, PTR)


class Mistyped(Exception):
    pass


def type_of(term, env):
    """The type of a term, given its variables'; or `_BITS` or `_FLOAT`. Raises Mistyped."""
    if isinstance(term, str):
        return env[term]
    if not isinstance(term, tuple):
        kinds = {bool: I1, int: I64, float: _FLOAT}
        return kinds.get(type(term), _BITS)
    op, types = term[0], [type_of(t, env) for t in term[1:]]
    bound: dict[str, Type] = {}
    for letter, t in zip(op.params, types):
        if not isinstance(t, str) and not (_allows(letter, t) and bound.setdefault(letter, t) is t):
            raise Mistyped
    for letter, t in zip(op.params, types):
        if isinstance(t, str):
            due = BY_NAME.get(letter) or bound.get(letter)
            if due is None or due.is_float != (t == _FLOAT):
                raise Mistyped
    return BY_NAME.get(op.result) or bound[op.result]


def variables(term) -> list[str]:
    return sorted(rules._names(term, {}))


def typings(rule, types=(I64, I1, PTR, F64, F32)) -> Iterator[dict[str, Type]]:
    """All ways to give the variables types so that both sides have one type."""
    _, pattern, replacement, guard = rule
    names = variables(pattern)
    assert set(variables(replacement)) <= set(names)
    for choice in itertools.product(types, repeat=len(names)):
        env = dict(zip(names, choice))
        try:
            before, after = type_of(pattern, env), type_of(replacement, env)
        except Mistyped:
            continue
        assert before is after or (isinstance(after, str) and before.is_float == (after == _FLOAT))
        if guard is not None and guard[0] == "fits" and env[guard[1]] is not I64:
            continue
        yield env


def is_float_rule(rule) -> bool:
    def floats(term) -> bool:
        if not isinstance(term, tuple):
            return isinstance(term, float)
        head = term[0]
        return "f" in head.params or "f64" in head.params or "f64" == head.result or any(map(floats, term[1:]))

    return floats(rule[1]) or floats(rule[2])


def test_names_are_unique() -> None:
    names = [line.split(":")[0] for line in rules.RULES.splitlines() if line and line[0] != "#"]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_every_rule_has_a_typing(rule) -> None:
    assert list(typings(rule))


# -- proofs ------------------------------------------------------------------------------------------------------------

_HARD = {"mul", "floordiv", "floormod", "udiv", "urem"}  # proved at 8 bits: a solver does not multiply 64


def operations(term) -> set[str]:
    if not isinstance(term, tuple) or term[0] == "fits":
        return set()
    return {term[0].name}.union(*map(operations, term[1:]))


def smt_term(term, env, width, due=None):
    import z3

    from tests.ir.smt import semantics

    if isinstance(term, str):
        return env[term]
    if isinstance(term, tuple):
        op = term[0]
        args = [None if not isinstance(t, (tuple, str)) else smt_term(t, env, width) for t in term[1:]]
        known = next((a.size() for letter, a in zip(op.params, args) if a is not None and letter in "xt"), width)
        for k, (letter, t) in enumerate(zip(op.params, term[1:])):
            if args[k] is None:
                size = 1 if letter == "i1" else known if letter in "xt" else width
                args[k] = smt_term(t, env, width, size)
        return semantics(op.name, width)(*args)
    if term is rules.ZEROS or term is rules.ONES:
        return z3.BitVecVal(0 if term is rules.ZEROS else -1, due)
    if term in ((1 << 63) - 1, -(1 << 63)):
        term >>= 64 - width
    return z3.BitVecVal(int(term), 1 if isinstance(term, bool) else due)


@pytest.mark.parametrize("rule", [r for r in RULES if not is_float_rule(r)],
                         ids=[i for i, r in zip(IDS, RULES) if not is_float_rule(r)])  # fmt: skip
def test_proof(rule) -> None:
    """The solver finds no values for which the two sides differ."""
    z3 = pytest.importorskip("z3", reason="the solver is not installed")
    _, pattern, replacement, guard = rule
    width = 8 if operations(pattern) & _HARD else 64
    proofs = 0
    for types in typings(rule, (I64, I1, PTR)):
        env = {name: z3.BitVec(name, 1 if t is I1 else width) for name, t in types.items()}
        before = smt_term(pattern, env, width)
        after = smt_term(replacement, env, width, before.size())
        solver = z3.Solver()
        solver.set("timeout", 60_000)
        if guard is not None and guard[0] == "fits":
            solver.add(env[guard[1]] >= guard[2], env[guard[1]] <= guard[3])
        elif guard is not None:
            solver.add(smt_term(guard, env, width) == 1)
        for divisor in [t[2] for t in (pattern, replacement) if isinstance(t, tuple) and t[0].name in _HARD - {"mul"}]:
            solver.add(smt_term(divisor, env, width, width) != 0)
        solver.add(before != after)
        assert solver.check() == z3.unsat, solver.model()
        proofs += 1
    assert proofs


def test_the_solver_means_what_the_table_means() -> None:
    """`smt.SEMANTICS` against `Op.meaning`, on many values."""
    z3 = pytest.importorskip("z3", reason="the solver is not installed")
    from tests.ir.smt import SEMANTICS, semantics

    rng = random.Random(1)
    corners = [0, 1, -1, 2, 63, 64, 127, 128, 255, 2**31, 2**32, 2**63 - 1, -(2**63), -7, 7]
    for name in [*SEMANTICS, "b2i"]:
        op = OPS[name]
        types = [I1 if p == "i1" else I64 for p in op.params]
        for _ in range(60):
            values = [hold(t, rng.choice(corners) if rng.random() < 0.6 else rng.getrandbits(64)) for t in types]
            if not op.pure and (values[1] == 0 or values == [-(2**63), -1]):
                continue
            meant = int(op.meaning(*values)) & (2**64 - 1)
            given = [z3.BitVecVal(int(v), 1 if t is I1 else 64) for v, t in zip(values, types)]
            assert z3.simplify(semantics(name, 64)(*given)).as_long() == meant, (name, values)


# -- firing ------------------------------------------------------------------------------------------------------------

_CONSTANTS = {
    I64: [5, 3, 12, 8, 4, -1, 1, 0],
    I1: [True, False],
    PTR: [4096, 64],
    F64: [0.75, 8.0, 0.5, -3.0],
    F32: [0.75, 8.0, 0.5, -3.0],
}


class Instance:
    """A function that computes the pattern of a rule, as it stands, and what the rule makes of it."""

    def __init__(self, rule, types: dict[str, Type], constants: dict[str, object]) -> None:
        _, pattern, self.replacement, self.guard = rule
        self.function = Function("f", (), "jit")
        self.builder = builder = Builder(self.function)
        entry = builder.new_block()
        builder.start(entry, None)
        builder.param(entry, PTR)
        self.bound: dict[str, int] = {}
        for name in variables(pattern):
            if name < "a":
                self.bound[name] = builder.const(types[name], constants[name])
            else:
                self.bound[name] = builder.param(entry, types[name])
        if self.guard is not None and self.guard[0] == "fits":
            narrow = {-0x80: "sext8", -0x8000: "sext16", -0x80000000: "sext32",
                      0xFF: "zext8", 0xFFFF: "zext16", 0xFFFFFFFF: "zext32"}  # fmt: skip
            name = narrow[self.guard[2] or self.guard[3]]
            self.bound[self.guard[1]] = builder._append(OPS[name], (self.bound[self.guard[1]],), None, I64)
        self.args = tuple(self.place(t, pattern, k) for k, t in enumerate(pattern[1:]))
        self.op = pattern[0]
        self.type = builder._result_type(self.op, self.args)

    def place(self, term, above, k: int) -> int:
        if isinstance(term, str):
            return self.bound[term]
        builder = self.builder
        if isinstance(term, tuple):
            args = tuple(self.place(t, term, i) for i, t in enumerate(term[1:]))
            return builder._append(term[0], args, None, builder._result_type(term[0], args))
        letter = above[0].params[k]
        due = BY_NAME.get(letter)
        if due is None:
            siblings = [t for t in above[1:] if isinstance(t, (str, tuple))]
            due = self.function.types[self.place(siblings[-1], above, 0)] if siblings else I64
        value = term.of(due) if isinstance(term, rules._Bits) else term
        return builder.const(due, value)

    def holds(self) -> bool:
        return self.guard is None or rules._holds(self.function, self.guard, self.bound)

    def simplified(self) -> int | None:
        return rules.simplify(self.builder, self.op, self.args, self.type)

    def text(self, v: int) -> str:
        function = self.function
        op = function.ops[v]
        if op.name == "const":
            return str(function.imms[v]).lower()
        if op.name == "param":
            return next((name for name, bound in self.bound.items() if bound == v), f"v{v}")
        return f"({op} {' '.join(self.text(a) for a in function.args[v])})"


def instances(rule) -> Iterator[Instance]:
    """Of each typing of the rule (f32 aside, which is like f64), the first constants that the guard accepts."""
    for types in typings(rule):
        capitals = [name for name in variables(rule[1]) if name < "a"]
        choices = [_CONSTANTS[types[name]][k:] + _CONSTANTS[types[name]][:k] for k, name in enumerate(capitals)]
        for choice in itertools.product(*choices):
            instance = Instance(rule, types, dict(zip(capitals, choice)))
            if instance.holds():
                yield instance
                break
        else:
            raise AssertionError(f"no constants for {rule[0]} with {types}")


def test_index_is_up_to_date() -> None:
    assert rule_index.PATH.read_text() == rule_index.text()


def candidates(instance: Instance) -> set[str]:
    """Names of the rules that `simplify` would try, all of them failing."""
    found = set()
    function = instance.function
    for k, buckets in rules.INDEX.get(instance.op.name, ()):
        keys = [None] if k < 0 else [function.ops[instance.args[k]].name, function.imms[instance.args[k]]]
        for key in keys:
            if key in buckets:
                found |= {rule[0] for rule in rules._rules(instance.op, k, buckets, key)}
    return found


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_fires(rule) -> None:
    """In every typing, and every order of arguments that commute, the rule is tried and something simpler comes."""
    name, pattern, replacement, guard = rule
    for variant in rules._commuted(pattern, rules._names(pattern, {})):
        for instance in instances((name, variant, replacement, guard)):
            before = len(instance.function.ops)
            found = instance.simplified()
            assert found is not None
            assert name in candidates(instance)
            assert instance.function.types[found] is instance.type
            assert len([v for v in range(before, len(instance.function.ops))
                        if instance.function.ops[v].name != "const"]) <= 2  # fmt: skip


def test_before_and_after() -> None:
    """What becomes of one instance of each rule; a changed rule shows in the diff (JITNEY_GOLDEN=1 writes the file)."""
    lines = []
    for rule in RULES:
        instance = next(instances(rule))
        before = f"({instance.op} {' '.join(instance.text(a) for a in instance.args)})"
        lines.append(f"{rule[0]}: {before} -> {instance.text(instance.simplified())}")
    text = "\n".join(lines) + "\n"
    if os.environ.get("JITNEY_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


# -- values ------------------------------------------------------------------------------------------------------------

_SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 1.5, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
            1e-320, 3.4028234663852886e38, 1.401298464324817e-45, 1.1754943508222875e-38, math.inf, -math.inf, math.nan,
            -math.nan, 0.1, 3.0, 2.0**53, 2.0**63, -(2.0**63)]  # fmt: skip


def _value(rng: random.Random, type: Type):
    if type.is_float:
        value = rng.choice(_SPECIAL) if rng.random() < 0.6 else struct.unpack("<d", rng.randbytes(8))[0]
        return hold(type, value)
    return hold(type, rng.choice([0, 1, -1, 2, 255, 256, 2**31, 2**63, 2**63 - 1]) if rng.random() < 0.5
                else rng.getrandbits(64))  # fmt: skip


def _seen(value):
    """Floats by their bits; of a NaN only that it is one, and its sign."""
    if isinstance(value, float):
        return ("nan", math.copysign(1.0, value)) if value != value else struct.pack("<d", value)
    return value


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_same_values(rule) -> None:
    """The interpreter gives the same for both sides, whatever goes in."""
    rng = random.Random(rule[0])
    for instance in instances(rule):
        function, builder = instance.function, instance.builder
        before = builder._append(instance.op, instance.args, None, instance.type)
        after = rules._build(builder, instance.replacement, instance.bound, instance.type)
        builder.ret((before, after))
        context = Context()
        for _ in range(150 if is_float_rule(rule) else 20):
            args = [_value(rng, function.types[p]) for p in function.params[1:]]
            one, two = run(function, (context.address, *args)).results
            assert _seen(one) == _seen(two), (args, one, two)


def test_division_by_a_power_is_exact_for_every_power() -> None:
    """`fdiv-power` over all exponents: the guard holds for the usual ones, and where it does, 1 / C is exact."""
    rule = next(rule for rule in RULES if rule[0] == "fdiv-power")
    accepted = set()
    for exponent in range(-1074, 1024):
        for type in (F64, F32):
            instance = Instance(rule, {"x": type, "C": type}, {"C": 2.0**exponent})
            if instance.holds():
                accepted.add(exponent)
                reciprocal = hold(type, 1.0 / 2.0**exponent)
                assert reciprocal * 2.0**exponent == 1.0 and hold(type, 2.0**exponent) == 2.0**exponent
    assert accepted == set(range(-126, 127))


def test_floats_that_must_stay() -> None:
    """Near misses of the exact rules: x + 0.0, x * 0.0, x - x, x / x, x * -1.0, x / 3.0."""
    function = Function("f", ())
    builder = Builder(function)
    entry = builder.new_block()
    builder.start(entry, None)
    builder.param(entry, PTR)
    x = builder.param(entry, F64)
    for name, value in (("fadd", 0.0), ("fmul", 0.0), ("fmul", -1.0), ("fsub", -0.0), ("fdiv", 3.0), ("fdiv", 0.0)):
        v = builder.emit(name, x, builder.const(F64, value))
        assert function.ops[v] is OPS[name] and function.args[v][0] == x
    for name in ("fsub", "fdiv", "feq", "fne", "fle"):
        assert function.ops[builder.emit(name, x, x)] is OPS[name]


def test_fits_is_true() -> None:
    """`rules.fits` claims only what the operation keeps."""
    rng = random.Random(3)
    for name, (low, high) in rules._RANGES.items():
        op = OPS[name]
        for _ in range(200):
            value = op.meaning(_value(rng, I1 if name == "b2i" else I64))
            assert low <= hold(I64, value) <= high
    function = Function("f", ())
    builder = Builder(function)
    entry = builder.new_block()
    builder.start(entry, None)
    pointer, x = builder.param(entry, PTR), builder.param(entry, I64)
    bounds = {"i8": (-128, 127), "u8": (0, 255), "u16": (0, 65535), "i32": (-(2**31), 2**31 - 1)}
    for name, (low, high) in bounds.items():
        v = builder.load(ACCESSES[name], pointer)
        assert rules.fits(function, v, low, high)
        assert not rules.fits(function, v, low + 1, high) and not rules.fits(function, v, low, high - 1)
    assert not rules.fits(function, builder.load(ACCESSES["i64"], pointer), -(2**62), 2**62)
    assert rules.fits(function, builder.emit("and", x, builder.const(I64, 100)), 0, 127)
    assert not rules.fits(function, builder.emit("and", x, builder.const(I64, -2)), -128, 127)
    assert not rules.fits(function, x, -(2**62), 2**62)
