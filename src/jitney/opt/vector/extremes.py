"""Least and greatest in whatever way a loop computes them, and what goes along with them.

    v4 = fge v3, v1                         v7 = fmin v3, v1
    v5 = not v4
    v6 = feq v1, v1
    v7 = select (and v5, v6), v3, v1

(which is how NumPy's argmin takes NaN for the least).
"""

from __future__ import annotations

from ...ir.ops import OPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .body import Body

_SELECT, _CONST = OPS["select"], OPS["const"]
_FMIN, _FMAX = OPS["fmin"], OPS["fmax"]
# The comparison of a new value (first) with the greatest or least so far that tells whether it is another.
CHANGES = {"smin": "slt", "smax": "sgt", "fmin": "flt", "fmax": "fgt"}
_SWAPPED = {"slt": "sgt", "sgt": "slt", "flt": "fgt", "fgt": "flt"}
# Whether it holds where the first is less, equal, greater.
_ORDERED = {"flt": (True, False, False), "fle": (True, True, False), "fgt": (False, False, True),
            "fge": (False, True, True), "feq": (False, True, False), "fne": (True, False, True)}  # fmt: skip
_DEEP = 5


def loosen(body: Body) -> None:
    """Extremes of floats that differ from `fmin` or `fmax` only if there is a NaN, or between zeros, become such. They
    are noted in `body.loose`: if there was one, all has to be done again."""
    for p, result in body.carried.items():
        inst = body.insts.get(result)
        if inst is None or not inst.type.is_float or p not in inst.args:
            continue
        cond = -1
        if inst.op is _FMIN or inst.op is _FMAX:
            x = inst.args[1]
            if inst.args[0] != p or x == p:
                continue
            less, same, more = inst.op is _FMIN, True, inst.op is _FMAX
            taken = True
        elif inst.op is _SELECT and inst.args[1] != inst.args[2]:
            cond, first, second = inst.args
            x = second if first == p else first
            picks = [_holds(body, cond, x, p, way, _DEEP) for way in range(3)]
            if None in picks:
                continue
            taken = x == first
            less, same, more = [bool(pick) is taken for pick in picks]
        else:
            continue
        if less is not more:
            body.insts[result] = type(inst)(_FMIN if less else _FMAX, (x, p), None, inst.type)
            body.loose[p] = cond, taken, same


def _holds(body: Body, cond: int, x: int, p: int, way: int, deep: int) -> bool | None:
    """Whether a condition holds where neither is NaN and x is less than p (0), equal (1), greater (2); None: it depends
    on something else."""
    inst = body.insts.get(cond)
    if inst is None or not deep:
        return None
    name, args = inst.op.name, inst.args
    if name in _ORDERED:
        if args == (x, p):
            return _ORDERED[name][way]
        if args == (p, x):
            return _ORDERED[name][2 - way]
        return _ORDERED[name][1] if args in ((x, x), (p, p)) else None
    if name in ("and", "or", "not"):
        found = [_holds(body, a, x, p, way, deep - 1) for a in args]
        if None in found:
            return None
        return not found[0] if name == "not" else all(found) if name == "and" else any(found)
    return None


def is_flag(body: Body, p: int) -> bool:
    """Whether ``p = t if x > m else p``, beside ``m = x if x > m else m``: it is t in the end if m is another. Then it
    is noted in `body.flags` and `body.seeks`."""
    inst = body.insts.get(body.carried[p])
    if inst is None or inst.op is not _SELECT or inst.args[0] not in body.insts:
        return False
    cond, chosen, kept = inst.args
    taken = kept == p
    if not taken:
        chosen, kept = kept, chosen
    if kept != p or chosen == p:
        return False
    seeks = chosen == body.counter
    if not seeks and body.inside(chosen) and body.op(chosen) is not _CONST:
        return False
    for m, (test, holds, same) in body.loose.items():
        if test == cond and taken is holds and not same and m != p:
            body.flags[p] = m, chosen
            if seeks:
                body.seeks[p] = -1
            return True
    if not taken:
        return False
    name, args = body.insts[cond].op.name, body.insts[cond].args
    if name == "and" and not seeks:
        # ``if ok and x > m: m, p = x, t``: the extreme changes under the same condition.
        for test, ok in (args, args[::-1]):
            for m, result in body.carried.items():
                inst = body.insts.get(result)
                if inst is None or inst.op is not _SELECT or m == p or m in body.loose:
                    continue
                if inst.args[0] == ok and inst.args[2] == m:
                    if _changes(body, test, m, inst.args[1]):
                        body.flags[p] = m, chosen
                        return True
    if name not in _SWAPPED:
        return False
    for m, result in body.carried.items():
        if m != p and m not in body.loose and _changes(body, cond, m, result):
            body.flags[p] = m, chosen
            if seeks:
                body.seeks[p] = cond
            return True
    return False


def _changes(body: Body, cond: int, m: int, result: int) -> bool:
    """Whether `result` is the least or greatest of parameter `m` and something, and `cond` that it is not `m`."""
    test, extreme = body.insts.get(cond), body.insts.get(result)
    if test is None or test.op.name not in _SWAPPED:
        return False
    if extreme is None or m not in extreme.args or extreme.op.name not in CHANGES:
        return False
    name, args = test.op.name, test.args
    way, given = (_SWAPPED[name], args[::-1]) if args[0] == m else (name, args)
    return way == CHANGES[extreme.op.name] and given[1] == m and set(given) == set(extreme.args)
