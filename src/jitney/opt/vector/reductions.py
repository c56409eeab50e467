"""Values that a loop carries around: sums, extremes, and so on, of which lanes can each do a part.

    main(k, s: i64):                        main(k, s: v4i64):         # from 0, 0, 0, 0
        v = load i64 [a + k*8]                  v = load v4i64 [a + k*8]
        s' = add s, v                           s' = add s, v
                                            behind it: s0 + (sum of the lanes)

A *chain* leads from the parameter to its next value through one kind of operation, with choices in between; nothing
else in the loop looks at the values on it. What is exact:

- sums, products, and, or, xor of integers, which wrap; a narrow accumulator (`sext32` on the chain) wraps at its width.
- Python's sums, which must not overflow: where the elements are bounded, no prefix of 16384 of them can, if the start
  is within 2**62; where not, the bits of the elements are collected on the way, and if they may have overflowed the
  scalar loop does it all again.
- least and greatest, of all or of those that meet a condition. Of floats in the form that ignores NaN (`x if x < s
  else s`). If 0.0 comes out, its sign depends on the order: again the scalar loop does it all once more.
- the same in other forms (`x if x <= s else s`, NumPy's, which take NaN), if there was no NaN: else once more.
- beside a least or greatest, a flag that is set when it changes (which type it has: ``best = inf``, and then elements).
- beside a least or greatest, the counter where it was first found (argmin): each lane remembers its own, and the first
  of those of the lanes that hold the extreme is it.
- float sums and products under fastmath.
"""

from __future__ import annotations

from ...ir.ops import OPS
from ...ir.types import I1, I64
from .body import NotVectorizable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .body import Body

_SELECT = OPS["select"]
_WIDTHS = {"sext8": 8, "zext8": 8, "sext16": 16, "zext16": 16, "sext32": 32, "zext32": 32}
_KINDS = {
    "add": "add", "addo": "add", "sub": "add", "subo": "add", "mul": "mul", "and": "and", "or": "or", "xor": "xor",
    "smin": "smin", "smax": "smax", "fmin": "fmin", "fmax": "fmax",
}  # fmt: skip
_FAST = {"fadd": "fadd", "fsub": "fadd", "fmul": "fmul"}
_WRAPPING = frozenset(("add", "mul", "and", "or", "xor"))
_FIRST = frozenset(("sub", "subo", "fsub"))
# Only as second argument is it what is kept where the other is NaN.
_KEPT = frozenset(("fmin", "fmax"))


class Reduction:
    """Attributes:
    param, result: the header's parameter, and its next value.
    kind: add and or xor smin smax fmin fmax fadd fmul; of i1 only and, or.
    chain: the values from `param`, without it, to `result`.
    given: what comes in from outside of the chain, for the operations, not for conditions.
    narrow: the last operation that cuts it to a width ("sext32"), or "".
    checked: a sum that must not overflow.
    """

    __slots__ = ("chain", "checked", "given", "kind", "narrow", "param", "result")

    def __init__(self, param: int, result: int) -> None:
        self.param = param
        self.result = result
        self.kind = ""
        self.chain: set[int] = set()
        self.given: list[int] = []
        self.narrow = ""
        self.checked = False


def find(body: Body) -> tuple[list[Reduction], list[int]]:
    """The reductions of a loop, and the parameters that are carried around in another way: in order.

    Raises:
        NotVectorizable: some way that does not go in order, either.
    """
    found, others = [], []
    for param, result in body.carried.items():
        if param in body.passed or param in body.flags or param in body.picks:
            continue
        reduction = Reduction(param, result)
        try:
            _follow(body, reduction)
            found.append(reduction)
        except NotVectorizable:
            if body.flags or body.loose:
                raise
            others.append(param)
    if found:
        try:
            _looked_at(body, found)
        except NotVectorizable:
            if body.flags or body.loose or any(r.checked for r in found):
                raise
            return [], others + [r.param for r in found]
    return found, others


def _follow(body: Body, reduction: Reduction) -> None:
    """Everything that depends on the parameter must be of one kind, and lead to the result."""
    chain = {reduction.param}
    tests = body.tests()
    for v in body.order:
        inst = body.insts[v]
        if v in tests:
            continue
        on = [a for a in inst.args if a in chain]
        if not on:
            continue
        op, name = inst.op, inst.op.name
        kind = _KINDS.get(name) or (_FAST.get(name, "") if body.function.fastmath else "")
        if op is _SELECT:
            if inst.args[0] in chain or len(on) != 2:
                raise NotVectorizable("what is carried around is chosen by a condition")
        elif name in _WIDTHS:
            if reduction.narrow and reduction.narrow != name:
                raise NotVectorizable("an accumulator of two widths")
            reduction.narrow = name
        elif kind and len(on) == 1:
            place = inst.args.index(on[0])
            if (name in _FIRST and place) or (name in _KEPT and place != 1):
                raise NotVectorizable("carried around in another way than a reduction")
            if kind != (reduction.kind or kind):
                raise NotVectorizable("a reduction by two operations")
            reduction.kind = kind
            reduction.given.append(inst.args[1 - place])
            reduction.checked = reduction.checked or bool(op.base)
        else:
            raise NotVectorizable(f"{name} of what is carried around")
        chain.add(v)
    type = body.type(reduction.param)
    if not reduction.kind or reduction.result not in chain:
        raise NotVectorizable("carried around unchanged for one iteration")
    if type is I1 and reduction.kind not in ("and", "or"):
        raise NotVectorizable("a condition that is carried around")
    if type not in (I1, I64) and not type.is_float:
        raise NotVectorizable("a pointer that is carried around")
    if reduction.narrow and (reduction.kind not in _WRAPPING or reduction.checked):
        raise NotVectorizable("an extreme that is cut")
    if reduction.narrow and body.op(reduction.result).name not in (reduction.narrow, "select"):
        raise NotVectorizable("an accumulator that is not cut at the end")
    chain.discard(reduction.param)
    reduction.chain = chain


def _looked_at(body: Body, found: list[Reduction]) -> None:
    """Nothing but the chain itself, and who comes behind the loop for the result, may use what is on it."""
    owner = {v: r for r in found for v in (*r.chain, r.param)}
    used: set[int] = set()
    tests = body.tests()
    if tests & ({body.insts[v].mask for v in body.order} | {*map(body.resolve, body.live), *body.passed.values()}):
        raise NotVectorizable("the test of an extreme is looked at")
    for v in body.order:
        if v in tests:
            continue
        if tests.intersection(body.insts[v].args):
            raise NotVectorizable("the test of an extreme is looked at")
        for a in body.insts[v].args:
            if a in owner:
                used.add(a)
                if v not in owner[a].chain:
                    raise NotVectorizable("an accumulator is looked at in the loop")
    if any(cond in owner for cond in body.guards):
        raise NotVectorizable("an accumulator is a check")
    ends = {r.result for r in found} | {body.carried[p] for p in body.flags}
    for v in map(body.resolve, body.live):
        if body.derived(v, ends):
            continue
        if v in owner and v != owner[v].result:
            raise NotVectorizable("an accumulator's value of some iteration is used")
    for r in found:
        # What hangs on the chain must lead to the result.
        if any(v != r.result and v not in used for v in r.chain) or r.result in used:
            raise NotVectorizable("more than one end of a chain")
    if any(len(owner[m].chain) != 1 + (body.op(owner[m].result) is _SELECT) for m, _ in body.flags.values()):
        raise NotVectorizable("a flag of an extreme of several values")
    for p, result in body.carried.items():
        if result in owner and owner[result].param != p:
            raise NotVectorizable("accumulators change places")
