"""Rotation: a loop that tests at its top becomes one that tests at its bottom, after a first test before it.

    pre: jump head(start)                   pre: br start < n, enter, out(start)
    head(i):                                enter: jump body(start)
        br i < n, body, out                 body(i): ...
    body: ...                                    i' = i + 1
        i' = i + 1                               br i' < n, body(i'), out(i')
        jump head(i')                       out(i''):
    out:

One jump less per iteration; what the body does first is certain to be executed once the loop is entered; and a `while`
that counts is a counted loop as a `range` is: `counter`, `step` and `stop` are recorded. ``while x < 1.0 and i < n`` is
rotated twice, so that it counts at its bottom, too. ``while i + 8 <= n`` tests ``i' < n - 7`` at its bottom, which
cannot wrap once the first test has let the loop begin.
"""

from __future__ import annotations

from ..analysis.ranges import Ranges
from ..ir.function import Block, Edge
from ..ir.ops import OPS
from ..ir.types import I64
from .rebuild import Rebuild, laid_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function, Loop

_TEST_SIZE = 12  # instructions of the test, which is copied
_FAR = 1 << 62
_CONST = OPS["const"]
_EQUALITY = (OPS["eq"], OPS["ne"])
_SUMS = {OPS["add"]: 1, OPS["addo"]: 1, OPS["sub"]: -1, OPS["subo"]: -1}
_SLE, _SGE = OPS["sle"], OPS["sge"]
_BEFORE = {OPS["slt"]: 1, _SLE: 1, OPS["sgt"]: -1, _SGE: -1}  # the direction of a counter tested by it


def rotate(function: Function) -> Function:
    """Rotate all loops that test at the top with little work; where another test is left at the top then, which counts,
    once more."""
    function = _rotated(function)
    if not _count_at_top(function):
        return function
    laid_out(function)
    return _rotated(function)


def _count_at_top(function: Function) -> bool:
    """Give loops that test a counter at the top and something else at the bottom, as ``while x < 1.0 and k < n`` leaves
    them, a block of their own for the way back; false if there are none."""
    found = False
    preds: dict[Block, list[Block]] = {}
    ops, args, homes = function.ops, function.args, function.homes
    for loop in function.loops():
        header = loop.header
        if loop.counter >= 0 or header.term != "br" or len(header.insts) > _TEST_SIZE:
            continue
        cond = header.term_args[0]
        if ops[cond] not in _BEFORE or args[cond][0] not in header.params:
            continue
        preds = preds or function.predecessors()
        latches = [b for b in preds[header] if b is not loop.preheader]
        home = homes[args[cond][1]].loop
        if len(latches) != 1 or latches[0].term != "br" or latches[0].loop is not loop or latches[0] is header or (
            home is not None and home.inside(loop)
        ):  # fmt: skip
            continue
        (latch,) = latches
        (back,) = [edge for edge in latch.edges if edge.target is header]
        following = back.args[header.params.index(args[cond][0])]
        if ops[following] not in _SUMS or args[cond][0] not in args[following][:2]:
            continue
        way = Block(-1, loop)
        way.term, way.edges, way.line, way.idom = "jump", [Edge(header, back.args)], latch.line, latch
        back.target, back.args = way, ()
        function.blocks.insert(function.blocks.index(latch) + 1, way)
        found = True
    return found


def _rotated(function: Function) -> Function:
    preds = function.predecessors()
    preheaders = {loop.preheader for loop in function.loops()}
    loops = {loop.header: loop for loop in function.loops() if _tests_on_top(function, loop, preds, preheaders)}
    if not loops:
        return function
    laid_out(function)
    for header, loop in loops.items():
        _decide(function, header, loop)
    ahead = {header: found for header, loop in loops.items() if (found := _ahead(function, header, loop, preds))}
    return _Rotation(function, loops, preds, ahead).run()


def _decide(function: Function, header: Block, loop: Loop) -> None:
    """In place: what is tested at the top holds in the body: ``while b != 0`` need not ask again whether it is."""
    ops, args, imms = function.ops, function.args, function.imms
    cond = header.term_args[0]
    if ops[cond] not in _EQUALITY:
        return
    holds = header.edges[0] is _body(header, loop)
    for block in function.blocks:
        if block is not header and block.loop is not None and block.loop.inside(loop):
            for v in block.insts:
                if ops[v] in _EQUALITY and args[v] == args[cond]:
                    imms[v] = holds is (ops[v] is ops[cond])
                    ops[v], args[v] = _CONST, ()


def _ahead(
    function: Function, header: Block, loop: Loop, preds: dict[Block, list[Block]]
) -> tuple[int, int] | None:
    """(parameter, constant) where the test at the top is one of their sum, ``i + 8 <= n``, in the direction of the
    constant, and does nothing else: the loop may as well compare the parameter. In place, where that sum is the next
    value as well, it is computed once more."""
    ops, args, imms = function.ops, function.args, function.imms
    cond = header.term_args[0]
    if ops[cond] not in _BEFORE or header.edges[0] is not _body(header, loop):
        return None
    t, stop = args[cond]
    home = function.homes[stop].loop
    if ops[t] not in _SUMS or function.homes[t] is not header or (home is not None and home.inside(loop)):
        return None
    p, k = args[t][:2]
    if p not in header.params and _SUMS[ops[t]] > 0:
        p, k = k, p
    if p not in header.params or ops[k] is not _CONST or [v for v in header.insts if ops[v] is not _CONST] != [t, cond]:
        return None
    by = _SUMS[ops[t]] * imms[k]
    if by * _BEFORE[ops[cond]] <= 0 or not -_FAR < by < _FAR or not ops[t].guard:
        return None
    (latch,) = [block for block in preds[header] if block is not loop.preheader]
    (back,) = latch.edges
    at = header.params.index(p)
    if sum([a == t for a in function.uses()]) != 1 + (back.args[at] == t):
        return None
    if back.args[at] == t:
        again = function.new_value(ops[t], I64, args[t], imms[t], function.lines[t], latch)
        latch.insts.append(again)
        back.args = (*back.args[:at], again, *back.args[at + 1 :])
    return p, by


def _tests_on_top(
    function: Function, loop: Loop, preds: dict[Block, list[Block]], preheaders: set[Block]
) -> bool:
    header = loop.header
    if header.term != "br" or len(header.insts) > _TEST_SIZE or any(function.ops[v].writes for v in header.insts):
        return False
    into, out = header.edges
    if out.target.loop is not None and out.target.loop.inside(loop):
        into, out = out, into
    first = into.target
    return (
        first.loop is not None and first.loop is loop and first is not header and preds[first] == [header]
        and not (out.target.loop is not None and out.target.loop.inside(loop))
        and all(p.term == "jump" for p in preds[header])
        and len(preds[header]) == 2
        and header not in preheaders
    )  # fmt: skip


class _Rotation(Rebuild):
    __slots__ = ("_ahead", "_entered", "_preds", "tops")

    def __init__(
        self, old: Function, tops: dict[Block, Loop], preds: dict[Block, list[Block]],
        ahead: dict[Block, tuple[int, int]],
    ) -> None:  # fmt: skip
        super().__init__(old, {})
        self._ahead = ahead
        self.tops = tops
        self.verbatim = True
        self._preds = preds
        self._entered: dict[Block, list[int]] = {}  # the new values of a header's, in the body, by header
        self.pass_values([[header] for header in tops])

    def begin_copy(self, blocks: list[Block]) -> Block:
        first = super().begin_copy(blocks)
        for header, loop in self.tops.items():
            self.loops[loop].header = self.blocks[_body(header, loop).target]
            for edge in header.edges:
                self._waiting[self.blocks[edge.target]] += 1
        return first

    def block(self, block: Block) -> None:
        if block not in self.tops:
            super().block(block)

    def start(self, copy: Block, block: Block) -> None:
        super().start(copy, block)
        (idom,) = self._preds[block] if len(self._preds[block]) == 1 else (None,)
        if idom in self.tops and block.loop is self.tops[idom]:
            self._entered[idom] = [self.value[v] for v in (*idom.params, *idom.insts)]

    def jump(self, edge: Edge) -> None:
        header = edge.target
        if header not in self.tops:
            super().jump(edge)
            return
        loop = self.tops[header]
        copy = self.loops[loop]
        value = self.value
        values = (*header.params, *header.insts)
        entering = not (self.builder.block.loop is not None and self.builder.block.loop.inside(copy))
        for p, new in zip(header.params, [value[a] for a in edge.args]):
            value[p] = new
        self.verbatim = False
        if entering or header not in self._ahead:
            self.instructions(header)
        else:
            value[header.term_args[0]] = self._counted(header, *self._ahead[header])
        self.verbatim = True
        self.builder.line = header.line
        if entering:
            self._enter(header, loop)
            return
        cond = self._count(header, loop, value[header.term_args[0]])
        self._test(header, cond)
        for v, new in zip(values, self._entered[header]):
            value[v] = new

    def _enter(self, header: Block, loop: Loop) -> None:
        """The first test, and the new preheader."""
        builder = self.builder
        copy, cond = self.loops[loop], self.value[header.term_args[0]]
        if builder.constant(cond) is not None:
            copy.preheader = builder.block
            self._test(header, cond)
            return
        before = builder.block
        body = _body(header, loop)
        copy.preheader = builder.new_block(copy.parent)
        self.end("br", (cond,), [Edge(copy.preheader) if e is body else self.edge(e) for e in header.edges])
        builder.start(copy.preheader, before)
        self.end("jump", (), [self.edge(body)])

    def _test(self, header: Block, cond: int) -> None:
        known = self.builder.constant(cond)
        if known is None:
            self.end("br", (cond,), [self.edge(e) for e in header.edges])
            return
        taken, cut = header.edges if known else header.edges[::-1]
        self._cut = True
        self._waiting[self.blocks[cut.target]] -= 1
        self.end("jump", (), [self.edge(taken)])

    def _counted(self, header: Block, p: int, ahead: int) -> int:
        """The test at the bottom of the loop, of its parameter instead of what is so much ahead of it. The first test
        has found ``start + ahead`` before the stop: so the stop less `ahead` is beyond the start."""
        builder, old = self.builder, self.old
        (cond,) = header.term_args
        op, stop = old.ops[cond], self.value[old.args[cond][1]]
        if op is _SLE or op is _SGE:
            ahead -= _BEFORE[op]
        stop = builder.emit("sub", stop, builder.const(I64, ahead)) if ahead else stop
        return builder.emit("slt" if _BEFORE[op] > 0 else "sgt", self.value[p], stop)

    def _count(self, header: Block, loop: Loop, cond: int) -> int:
        """Record the counter, if the next value of a parameter is tested against what stays the same; the test."""
        new, copy = self.new, self.loops[loop]
        op = new.ops[cond]
        if op not in _BEFORE or header.edges[0] is not _body(header, loop):
            return cond
        following, stop = new.args[cond]
        if op is _SLE or op is _SGE:
            low, high = Ranges(new).anywhere(stop)
            if low <= -_FAR or high >= _FAR:
                return cond
            stop = self.builder.emit("add", stop, self.builder.const(I64, _BEFORE[op]))
            cond = self.builder.emit("slt" if _BEFORE[op] > 0 else "sgt", following, stop)
        home = new.homes[stop].loop
        if home is not None and home.inside(copy):
            return cond
        for p, inside in zip(header.params, self._entered[header]):
            if self.value[p] != following or new.types[following] is not I64:
                continue
            sign = _SUMS.get(new.ops[following], 0)
            if not sign:
                continue
            k, step = new.args[following][:2]
            if new.ops[k] is _CONST and sign > 0:
                k, step = step, k
            by = sign * (self.builder.constant(step) or 0)
            # A counter that may wrap is none.
            exact = by in (1, -1) or new.ops[following].guard
            if k == inside and k in copy.header.params and by and exact and (by > 0) is (_BEFORE[op] > 0):
                copy.counter, copy.step, copy.stop = k, by, stop
        return cond


def _body(header: Block, loop: Loop) -> Edge:
    """The edge of `header` that stays in the loop."""
    inner = header.edges[0].target.loop
    return header.edges[0] if inner is not None and inner.inside(loop) else header.edges[1]
