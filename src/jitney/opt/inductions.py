"""Induction variables beside the counter: what moves by a constant in each iteration is computed from the counter.

    pre: jump head(0, v1)                   pre: jump head(0)
    head(k, o):                             head(k):
        ...                                     v = mul k, 4; o = add v, v1
        o' = add o, 4                           ...
        k' = add k, 1                           k' = add k, 1
        br k' < n, head(k', o'), out            br k' < n, head(k'), out

Modulo 2**64, as the operations are. Then `split` and `vector` see how indices depend on the counter: they look at
nothing else. What is only counted stays: it is a sum.

Under fastmath floats that move by what does not change in the loop are computed so, too: `o = fadd v1, (fmul k, v2)`.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import F64, I64
from .constants import Constants
from .inplace import substitute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop

_CONST = OPS["const"]
_SUMS = {OPS["add"]: 1, OPS["sub"]: -1}
_FADD = OPS["fadd"]
_FLOAT_SUMS = (_FADD, OPS["fsub"])
_MEANING = {"mul": int.__mul__, "add": int.__add__, "sub": int.__sub__}
_NEUTRAL = {"mul": 1, "add": 0, "sub": 0}  # on the right


class _Variable:
    """Parameter `p` of the header of `loop`, whose next value is `following`, moves by `times` the counter's step; a
    float by the value `by`, which is added or subtracted."""

    __slots__ = ("by", "following", "loop", "p", "times")

    def __init__(self, loop: Loop, p: int, following: int, times: int, by: int = -1) -> None:
        self.loop = loop
        self.p = p
        self.following = following
        self.times = times
        self.by = by


def derive(function: Function) -> Function:
    """Compute the induction variables of counted loops from their counters."""
    found: list[_Variable] = []
    preds: dict[Block, list[Block]] = {}
    for loop in function.loops():
        if loop.counter >= 0 and len(loop.header.params) > 1 and loop.parallel is None:
            preds = preds or function.predecessors()
            found += _moving(function, loop, preds[loop.header])
    if found:
        used = _used(function, found)
        found = [variable for variable in found if variable.p in used or variable.following in used]
    if not found:
        return function
    constant = Constants(function)
    substitute(function, {
        variable.p: (_derived if variable.by < 0 else _derived_float)(function, constant, variable)
        for variable in found
    })  # fmt: skip
    for variable in found:
        header = variable.loop.header
        number = header.params.index(variable.p)
        del header.params[number]
        function.facts.pop(variable.p, None)
        for block in dict.fromkeys(preds[header]):
            for edge in block.edges:
                if edge.target is header:
                    edge.args = edge.args[:number] + edge.args[number + 1 :]
    return function


def _moving(function: Function, loop: Loop, preds: list[Block]) -> list[_Variable]:
    """The parameters that move by a multiple of the counter's step. `preds`: where the header is entered from."""
    ops, args, imms, types = function.ops, function.args, function.imms, function.types
    header = loop.header
    taken = (I64, F64) if function.fastmath and abs(loop.step) == 1 else (I64,)
    given: dict[int, set[int]] = {p: set() for p in header.params if types[p] in taken and p != loop.counter}
    for block in preds:
        if block is not loop.preheader:
            for edge in block.edges:
                if edge.target is header:
                    for p, a in zip(header.params, edge.args):
                        if p in given:
                            given[p].add(a)
    found = []
    for p, back in given.items():
        if len(back) != 1:
            continue
        (a,) = back
        if ops[a] in _SUMS and args[a][0] == p and ops[args[a][1]] is _CONST:
            by = _SUMS[ops[a]] * int(imms[args[a][1]])
            if by % loop.step == 0:
                found.append(_Variable(loop, p, a, by // loop.step))
        elif ops[a] in _FLOAT_SUMS and p in args[a]:
            by = args[a][args[a][0] == p]
            home = function.homes[by].loop
            if (home is None or not home.inside(loop)) and (args[a][0] == p or ops[a] is _FADD):
                found.append(_Variable(loop, p, a, loop.step, by))
    return found


def _used(function: Function, variables: list[_Variable]) -> set[int]:
    """What instructions other than the steps of `variables` use."""
    args = function.args
    steps = {variable.following for variable in variables}
    return {a for block in function.blocks for v in block.insts if v not in steps for a in args[v]}


def _derived(function: Function, constant: Constants, variable: _Variable) -> int:
    """The value that the parameter is in each iteration, at the top of the header."""
    loop, ops, imms = variable.loop, function.ops, function.imms
    header, before = loop.header, loop.preheader
    entry = next(edge for edge in before.edges if edge.target is header).args
    start, first = entry[header.params.index(variable.p)], entry[header.params.index(loop.counter)]
    by = constant(variable.times)
    here: list[int] = []

    def made(name: str, a: int, b: int, into: list[int]) -> int:
        op = OPS[name]
        if ops[b] is _CONST:
            if imms[b] == _NEUTRAL[name]:
                return a
            if ops[a] is _CONST:
                return constant(_MEANING[name](int(imms[a]), int(imms[b])))
        block = header if into is here else before
        into.append(function.new_value(op, I64, (a, b), None, block.line, block))
        return into[-1]

    offset = made("sub", start, made("mul", first, by, before.insts), before.insts)
    derived = made("add", made("mul", loop.counter, by, here), offset, here)
    header.insts[:0] = here
    return derived


def _derived_float(function: Function, constant: Constants, variable: _Variable) -> int:
    """Likewise of a float, which is no longer rounded in each iteration."""
    loop, ops = variable.loop, function.ops
    header = loop.header
    entry = next(edge for edge in loop.preheader.edges if edge.target is header).args
    start, first = entry[header.params.index(variable.p)], entry[header.params.index(loop.counter)]
    here: list[int] = []

    def made(name: str, *given: int) -> int:
        type = F64 if name != "sub" else I64
        here.append(function.new_value(OPS[name], type, given, None, header.line, header))
        return here[-1]

    done = loop.counter
    if variable.times < 0:
        done = made("sub", first, done)
    elif ops[first] is not _CONST or function.imms[first]:
        done = made("sub", done, first)
    way = made("fmul", made("i2f", done), variable.by)
    derived = made(ops[variable.following].name, start, way)
    header.insts[:0] = here
    return derived
