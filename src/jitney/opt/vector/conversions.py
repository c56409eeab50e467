"""Conversions of floats to integers in lanes of 32 bits, and their checks.

    v4 = f2i v3                             v4 = f2i v3         # in lanes of 32 bits
    v5 = feq v3, -2.0**63                   guard ne v4, least  # of 32 bits: "does not fit", or NaN
    v6 = ne v4, least
    guard (or v5, v6)

A round whose numbers do not fit is the scalar loop's, so a check may be stricter than what the program asks for. Where
numbers may be meant to be large, lanes keep 64 bits: they are narrow if bounds of the float say that it fits unless it
is NaN, or if something compares the integer with a small constant, or stores it as a small one.
"""

from __future__ import annotations

from ...analysis import bounds
from ...analysis.intervals import MIN, access_range
from ...ir.ops import OPS
from ...ir.types import F32, I1, I64
from .masks import ALWAYS, condition, simplified

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...analysis.bounds import Bounds
    from .body import Body
    from .masks import Mask

LEAST = -(1 << 31)
_CONST, _F2I, _I2F, _SELECT, _OR = OPS["const"], OPS["f2i"], OPS["i2f"], OPS["select"], OPS["or"]
_NE, _FEQ, _SUB, _ULE, _STORE = OPS["ne"], OPS["feq"], OPS["sub"], OPS["ule"], OPS["store"]
_ADD, _LOAD, _NOT = OPS["add"], OPS["load"], OPS["not"]
_COMPARED = frozenset(OPS[name] for name in ("slt", "sle", "sgt", "sge", "eq", "smin", "smax"))
_FLOAT_TESTS = frozenset(OPS[name] for name in ("flt", "fle", "fgt", "fge", "feq", "fne"))
_DEEP = 24


def settle(body: Body, checks: list[tuple[int, Mask]], executed: dict[int, Mask]) -> None:
    """Find the conversions whose lanes may be narrow, `Body.short`, and what must hold in each iteration,
    `Body.guards`.

    Args:
        checks: conditions that must hold, and when.
        executed: when each conversion is.
    """
    masks = _joined([(_part(body, cond) if executed else cond, mask) for cond, mask in checks])
    executed = {x: simplified(when) for x, when in executed.items()}
    for x in list(executed):
        _clip(body, masks, executed, x)
    found = {x: of(body, body.insts[x].args[0]) for x in executed}
    masks = _joined([(_strict(body, cond, found), mask) for cond, mask in masks.items()])
    for x, when in executed.items():
        fits = _narrow(found[x])
        if fits is not None and not found[x][2]:
            body.short[x] = fits
            continue
        tests = [cond for cond in masks if _not_least(body, cond) == x]
        others = [cond for cond in masks if _excludes(body, cond, x)]
        if _cover(masks, others, when):
            # These are made with what stands for "does not fit" as a possible number, and fail where it is.
            body.short[x] = LEAST, ~LEAST
            for cond in tests:
                del masks[cond]
        elif (fits is not None or _is_small(body, x)) and _cover(masks, tests, when):
            body.short[x] = fits or (LEAST + 1, ~LEAST)
    for cond, mask in masks.items():
        if mask != ALWAYS:
            cond = body.make(_OR, (cond, body.make(_NOT, (condition(body, mask),), I1)), I1)
        if cond not in body.guards:
            body.guards.append(cond)


def _joined(checks: list[tuple[int, Mask]]) -> dict[int, Mask]:
    """When each condition is tested."""
    masks: dict[int, Mask] = {}
    for cond, mask in checks:
        masks[cond] = simplified(masks[cond] | mask) if cond in masks else mask
    return masks


def _clip(body: Body, masks: dict[int, Mask], executed: dict[int, Mask], x: int) -> None:
    """Where constants are chosen instead of a conversion by comparisons of floats, and it is checked in no other case:
    convert what is chosen instead of choosing from what is converted.

        v5 = f2i v3                             v7 = select v4, 255.0, v3
        v6 = select v4, 255, v5                 v6 = f2i v7
        guard (or v4, v5 fits)                  guard v6 fits
    """
    insts = body.insts
    if len(executed[x]) != 1:
        return
    (path,) = executed[x]
    left, chain, last = dict(path), [], x
    type = body.type(insts[x].args[0])
    limit = 1 << (24 if type is F32 else 53)
    while left:
        for v, inst in insts.items():
            if inst.op is _SELECT and inst.args[0] in left and last in inst.args[1:]:
                cond = inst.args[0]
                held = inst.args[1] == last
                number = body.constant(inst.args[2 if held else 1])
                if left[cond] is held and number is not None and abs(number) <= limit and _tests_floats(body, cond):
                    chain.append((cond, held, number))
                    del left[cond]
                    last = v
                    break
        else:
            return
    mine = [cond for cond, mask in masks.items() if mask == executed[x] and _not_least(body, cond) == x]
    if not chain or not mine:
        return
    before = len(body.order)
    chosen = insts[x].args[0]
    for cond, held, number in chain:
        given = [a for a in insts[cond].args if body.constant(a) == number and body.type(a) is type]
        other = given[0] if given else body.make(_CONST, (), type, float(number))
        chosen = body.choice(cond, chosen, other, type) if held else body.choice(cond, other, chosen, type)
    made = body.order[before:]
    del body.order[before:]
    at = body.order.index(last)
    body.order[at:at] = made
    insts[last] = insts[x].__class__(_F2I, (chosen,), None, I64)
    del executed[x]
    executed[last] = ALWAYS
    for cond in mine:
        del masks[cond]
    masks[body.make(_NE, (last, body.make(_CONST, (), I64, MIN)), I1)] = ALWAYS


def _tests_floats(body: Body, cond: int) -> bool:
    inst = body.insts.get(cond)
    return inst is not None and inst.op in _FLOAT_TESTS


def _cover(masks: dict[int, Mask], conditions: list[int], when: Mask) -> bool:
    """Whether one of the conditions is tested whenever `when` holds."""
    tested: Mask = frozenset().union(*[masks[cond] for cond in conditions])
    return bool(tested) and simplified(tested | when) == simplified(tested)


def _narrow(found: Bounds) -> tuple[int, int] | None:
    """Bounds of a conversion of what is not NaN, if 32 bits hold it."""
    fits = bounds.whole(found)
    return fits if fits is not None and LEAST < fits[0] and fits[1] <= ~LEAST else None


def _strict(body: Body, cond: int, found: dict[int, Bounds]) -> int:
    """`cond`, or that a conversion fits, where that is the same."""
    for x in found:
        fits, interval = _narrow(found[x]), _interval(body, cond, x)
        if fits is not None and interval is not None and interval[0] <= fits[0] and fits[1] <= interval[1]:
            # Nothing but NaN is out of it.
            return body.make(_NE, (x, body.make(_CONST, (), I64, MIN)), I1)
    return cond


def _part(body: Body, cond: int) -> int:
    """Of the condition that a conversion fits, the part that says so of all numbers but the least one."""
    inst = body.insts.get(cond)
    if inst is not None and inst.op is _OR:
        for test, other in (inst.args, inst.args[::-1]):
            x, least = _not_least(body, test), body.insts.get(other)
            if x >= 0 and least is not None and least.op is _FEQ and body.insts[x].args[0] == least.args[0]:
                return test
    return cond


def _not_least(body: Body, cond: int) -> int:
    """The conversion that `cond` tells to have fitted, or -1."""
    inst = body.insts.get(cond)
    if inst is None or inst.op is not _NE or body.constant(inst.args[1]) != MIN:
        return -1
    made = body.insts.get(inst.args[0])
    return inst.args[0] if made is not None and made.op is _F2I else -1


def _excludes(body: Body, cond: int, x: int) -> bool:
    """Whether `cond` fails where `x`, of 32 bits, is the least number."""
    limit = body.limits.get(cond)
    if limit is not None:
        return limit.x == x
    interval = _interval(body, cond, x)
    return interval is not None and LEAST < interval[0] and interval[1] <= ~LEAST


def _interval(body: Body, cond: int, x: int) -> tuple[int, int] | None:
    """The interval of constants that `cond` asks `x` to lie in, if it does."""
    inst = body.insts.get(cond)
    if inst is None or inst.op is not _ULE:
        return None
    moved, span = inst.args[0], body.constant(inst.args[1])
    made = body.insts.get(moved)
    low = 0
    if made is not None and made.op in (_SUB, _ADD) and made.args[0] == x:
        by = body.constant(made.args[1])
        if by is None:
            return None
        moved, low = x, by if made.op is _SUB else -by
    return (low, low + span) if moved == x and span is not None and span >= 0 else None


def _is_small(body: Body, x: int) -> bool:
    """Whether something compares `x`, or a choice of it and others, with a small constant, stores it where only small
    ones fit, or looks something up in a table there: those are not as long as that."""
    values = {x}
    for v, inst in body.insts.items():
        if values.isdisjoint(inst.args):
            continue
        if inst.op is _SELECT and inst.type is I64:
            values.add(v)
        elif v in body.limits:
            return True
        elif inst.op in _COMPARED:
            known = [body.constant(a) for a in inst.args if a not in values]
            if known and known[0] is not None and LEAST < known[0] < -LEAST:
                return True
        elif inst.op is _STORE and inst.args[0] in values and inst.imm.access.size < 4:
            return True
    return False


def of(body: Body, v: int, deep: int = _DEEP) -> Bounds:
    """Bounds of a float of the body, from what it is computed from."""
    known = body.constant(v)
    if known is not None:
        number = float(known)
        return (number, number, False) if number == number else bounds.ANYTHING
    inst = body.insts.get(v)
    if inst is None or not deep:
        return bounds.ANYTHING
    deep -= 1
    if inst.op is _I2F:
        whole = body.insts.get(inst.args[0])
        if whole is None or whole.op is not _LOAD:
            return bounds.ANYTHING
        return bounds.of_int(*access_range(whole.imm), inst.type)
    if inst.op is _SELECT:
        cond, *given = inst.args
        found = [of(body, a, deep) for a in given]
        test = body.insts.get(cond)
        if test is not None and test.op in _FLOAT_TESTS:
            sides = [of(body, a, deep) for a in test.args]
            for k, holds in enumerate((True, False)):
                for side, narrowed in zip(test.args, bounds.compared(test.op.name, holds, sides[0], sides[1])):
                    if side == given[k]:
                        found[k] = narrowed
        return bounds.hull(found[0], found[1])
    if inst.op in bounds.OPERATIONS:
        return bounds.of(inst.op, inst.type, [of(body, a, deep) for a in inst.args])
    return bounds.ANYTHING
