"""Iteration splitting: a check-free copy of an innermost counted loop, for the iterations in which all checks pass.

Before:                                     After:

    pre: jump head(start, x)                    pre: lo, hi computed; limit = min(hi, start + 16384)
                                                     jump head(start, x, lo <= start ? limit : none)
    head(k, x):                                 head(k, x, limit):           # the outer of two loops
        body, with checks                           br k < limit, enter, checked
        poll                                    enter: jump main(k, x)
        k' = k + 1                              main(k, x): body, without checks and poll
        br k' < stop, head(k', x'), out              br k' < limit, main(k', x'), rest
                                                rest: br k' < stop, more, out
                                                more: poll, once per 16384 iterations
                                                     jump head(k', x', min(hi, k' + 16384))
                                                checked: body as it was; a new limit
                                                     br k' < stop, head(k', x', limit'), out

[lo, hi) are the iterations in which every check that is affine in k passes: ``index a*k + b, n`` bounds k where a is
1 or -1, and is tested at both ends otherwise. Checks on invariants, and the assumptions behind "this sum does not
wrap" (`analysis.affine`), are conditions: where one fails, [lo, hi) is empty. All other checks stay in both copies. So
the results, the failures and their order are those of the loop as it was, and one copy of it does whatever comes
before `lo` and after `hi`. Where nothing has to be assumed and nothing bounds k, there is no checked copy.
"""

from __future__ import annotations

from ..analysis.affine import Form, Forms
from ..analysis.intervals import MIN
from ..ir.function import Edge, Function, Loop
from ..ir.ops import OPS
from ..ir.types import I64
from . import borders
from .checks import drop, first_argument, unchecked
from .rebuild import Rebuild, laid_out
from .span import LENGTHS, Chunk, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block
    from .rebuild import Edit

_LARGE = 1 << 60  # what counters and invariants are assumed to be within, at most
_MEDIUM = 1 << 30  # so that their products do not wrap, either
_LONG_BODY = 400  # instructions: not copied
_POLLED_BODY = 40  # instructions: copied, where it takes a copy, though only the poll can go

_LARGEST_TABLE = 1 << 16

_INDEX, _GUARD, _ULT, _POLL = OPS["index"], OPS["guard"], OPS["ult"], OPS["poll"]
_CONST = OPS["const"]
_MASKED = frozenset(OPS[name] for name in (
    "and", "floormod", "urem", "zext8", "zext16", "sar", "lshr", "floordiv", "udiv",
))  # fmt: skip
_MIXED = frozenset(OPS[name] for name in ("add", "or", "xor", "shl", "mul"))
_MOST_MIXED = 3
_PRODUCTS = (OPS["mul"], OPS["mulo"])


class Plan:
    """How one loop is split.

    Attributes:
        body: its blocks; the first is the header.
        latch: the block that ends in the test for the next iteration; `back` is its edge to the header.
        following: the counter's next value.
        forms: of the integers in the loop, with the assumptions that turned out best.
        edits: for the check-free copy.
        clips: (form, length) of indices that bound the counter; `ends`: of those to be tested at both ends.
        needs: what has to lie within +-limit.
        passing: checks on invariants.
        tables: (greatest value, length) of indices that are parts of numbers.
        early: whether a loop that counts by one may be left early, and is not in one that goes on by how far it gets.
        first, last: the counter from which on, and how far before the stop (negative), comparisons are decided.
        poll: the only poll, -1 if there is none or it cannot go; `fuel`: the header's parameter it counts, or -1.
        shared: whether the latch's test is used for something else, too.
    """

    __slots__ = (
        "back", "body", "clips", "early", "edits", "ends", "first", "following", "forms", "fuel", "last", "latch",
        "loop", "needs", "passing", "poll", "shared", "tables",
    )  # fmt: skip

    def __init__(self, loop: Loop, body: list[Block], latch: Block, forms: Forms) -> None:
        self.loop = loop
        (cond,) = latch.term_args
        self.shared = any(_reads(forms.function, b, cond) for b in body)
        self.body = body
        self.latch = latch
        around = loop.parent
        self.early = (
            abs(loop.step) == 1 and (around is None or around.counter >= 0) and _may_be_left(body, latch)
        )  # fmt: skip
        self.back = next(e for e in latch.edges if e.target is loop.header)
        self.following = self.back.args[loop.header.params.index(loop.counter)]
        self.forms = forms
        self.edits: dict[int, Edit] = {}
        self.clips: list[tuple[Form, int]] = []
        self.ends: list[tuple[Form, int]] = []
        self.needs: set[int] = set()
        self.passing: list[int] = []
        self.tables: list[tuple[int, int]] = []
        self.first = MIN
        self.last = 0
        self.poll = -1
        self.fuel = -1

    @property
    def always(self) -> bool:
        """Whether all iterations are the check-free copy's."""
        return not (
            self.clips or self.ends or self.needs or self.passing or self.tables or self.last or self.first > MIN
        )


def split_loops(function: Function) -> Function:
    """Split all innermost counted loops that gain."""
    plans = {}
    if any(loop.counter >= 0 for loop in function.loops()):
        laid_out(function)
    for loop, body in _innermost(function):
        plan = _plan(function, loop, body)
        if plan is not None:
            plans[loop.header] = plan
    if not plans:
        return function
    return Split(function, plans).run()


# -- what to do ----------------------------------------------------------------------------------------------------


def _innermost(function: Function) -> list[tuple[Loop, list[Block]]]:
    """Counted loops without loops in them whose blocks stand together."""
    loops = function.loops()
    outer = {loop.parent for loop in loops}
    bodies: dict[Loop, list[Block]] = {loop: [] for loop in loops if loop.counter >= 0 and loop not in outer}
    for block in function.blocks:
        if block.loop in bodies:
            bodies[block.loop].append(block)
    return [
        (loop, body) for loop, body in bodies.items()
        if body[0] is loop.header and body[-1].id - body[0].id == len(body) - 1
    ]  # fmt: skip


def _plan(function: Function, loop: Loop, body: list[Block]) -> Plan | None:
    latches = [b for b in body if any(e.target is loop.header for e in b.edges)]
    insts = [v for b in body for v in b.insts]
    count = len(insts)
    if len(latches) != 1 or latches[0].term != "br" or count > _LONG_BODY:
        return None
    (latch,) = latches
    plan = Plan(loop, body, latch, Forms(function, loop, body, _LARGE))
    if not _tests_counter(function, plan):
        return None
    if not _collect(function, plan):
        plan = Plan(loop, body, latch, Forms(function, loop, body, _LARGE, wrapping=False))
        _collect(function, plan)
    if any(function.ops[v] in _PRODUCTS for v in insts) and any(
        function.ops[v].guard and function.ops[v] is not _POLL and v not in plan.edits for v in insts
    ):
        other = Plan(loop, body, latch, Forms(function, loop, body, _MEDIUM))
        if _collect(function, other) and len(other.edits) > len(plan.edits):
            plan = other
    gain = len(plan.edits)
    if not plan.shared:
        plan.edits[latch.term_args[0]] = drop
    if plan.poll < 0 or gain == 0 or (gain == 1 and count > _POLLED_BODY and not plan.always):
        return None
    return plan


def _may_be_left(body: list[Block], latch: Block) -> bool:
    """Whether there is another way out than the latch's."""
    inside = set(body)
    return any(
        block.term not in ("br", "jump") or any(edge.target not in inside for edge in block.edges)
        for block in body if block is not latch
    )  # fmt: skip


def _reads(function: Function, block: Block, v: int) -> bool:
    """Whether the block uses `v` for anything but the test of a latch."""
    assert block.loop is not None
    branches = v in block.term_args and all(edge.target is not block.loop.header for edge in block.edges)
    return branches or any(v in function.args[w] for w in block.insts) or any(v in edge.args for edge in block.edges)


def _tests_counter(function: Function, plan: Plan) -> bool:
    """Whether the latch goes on exactly while the next counter is on the near side of the stop."""
    loop, latch = plan.loop, plan.latch
    (cond,) = latch.term_args
    op, args = function.ops[cond].name, function.args[cond]
    if latch.edges[0] is not plan.back or args[0] != plan.following:
        return False
    up = loop.step > 0
    if op == ("slt" if up else "sgt"):
        return args[1] == loop.stop
    ops, imms = function.ops, function.imms
    return (
        op == ("sle" if up else "sge")
        and ops[args[1]] is _CONST and ops[loop.stop] is _CONST
        and imms[args[1]] == imms[loop.stop] - (1 if up else -1)
    )  # fmt: skip


def _collect(function: Function, plan: Plan) -> bool:
    """Find the checks that the copy can do without, and remainders that are their dividend there; false if that does
    not go for a remainder on which others rest."""
    forms = plan.forms
    ops, args = function.ops, function.args
    needs = forms.needs
    for block in plan.body:
        for v in block.insts:
            op = ops[v]
            if op.base:
                if v in forms.fits:
                    plan.edits[v] = unchecked
                    plan.needs |= needs.get(v, frozenset())
            elif op is _INDEX:
                if _bounds_counter(function, plan, args[v][0], args[v][1], v):
                    plan.edits[v] = first_argument
            elif op is _GUARD:
                cond = args[v][0]
                if forms.constant(cond):
                    plan.passing.append(v)
                    plan.edits[v] = drop
                elif ops[cond] is _ULT and function.types[args[cond][0]] is I64:
                    if _bounds_counter(function, plan, args[cond][0], args[cond][1], v):
                        plan.edits[v] = drop
            elif op is _POLL:
                _collect_poll(function, plan, v, block)
            elif v in forms.wraps:
                if not _bounds_counter(function, plan, args[v][0], args[v][1], v):
                    return False
                plan.edits[v] = first_argument
    borders.collect(function, plan)
    return True


def _bounds_counter(function: Function, plan: Plan, index: int, length: int, v: int) -> bool:
    forms = plan.forms
    if not forms.constant(length):
        return False
    if forms.constant(index):
        plan.passing.append(v)
        plan.needs |= forms.needs.get(index, frozenset())
        return True
    form = forms.form_at(index)
    if form is None or not form.coef or not _small(forms, form):
        low, high = forms.known(index)
        if low < 0 or high > _LARGEST_TABLE or not _is_masked(function, index):
            return False
        plan.tables.append((high, length))
        return True
    if index != plan.loop.counter:
        plan.needs |= forms.needs.get(index, frozenset())
    unit = form.factor < 0 and abs(form.coef) == 1
    pairs = plan.clips if unit else plan.ends
    pairs.append((form, length))
    return True


def _is_masked(function: Function, v: int, deep: int = _MOST_MIXED) -> bool:
    """Whether bounds of `v` are likely to be those of a table: it is a part of a number, or put together of such."""
    op = function.ops[v]
    if op in _MASKED or op is _CONST:
        return True
    return op in _MIXED and deep > 0 and all(_is_masked(function, a, deep - 1) for a in function.args[v])


def _small(forms: Forms, form: Form) -> bool:
    """Whether the parts of a form are so small that bounds of the counter can be computed from them."""
    total = abs(form.const)
    for v, mult in form.terms.items():
        lo, hi = forms.bounds(v)
        total += abs(mult) * max(-lo, hi)
    return total <= LENGTHS // 2


def _collect_poll(function: Function, plan: Plan, v: int, block: Block) -> None:
    """The poll can go if it is the only one, at the end of each iteration, counting a parameter of the header."""
    header = plan.loop.header
    fuel = function.args[v][0]
    if plan.poll >= 0 or fuel not in header.params or block is not plan.latch:
        plan.poll = -2
        return
    if plan.poll == -1 and plan.back.args[header.params.index(fuel)] == v:
        plan.poll, plan.fuel = v, fuel
        plan.edits[v] = first_argument


# -- doing it ------------------------------------------------------------------------------------------------------


class Split(Rebuild):
    """The copy in which the loops of `plans`, by their headers, are split."""

    __slots__ = ("_at", "_main", "_split_already", "plans")

    def __init__(self, old: Function, plans: dict[Block, Plan]) -> None:
        super().__init__(old, {})
        self.plans = plans
        self.verbatim = True
        self._main: Plan | None = None  # while its check-free copy is made
        self._split_already: set[Block] = set()
        self._at: Chunk  # what that copy runs through
        self.pass_values([plan.body for plan in plans.values()])

    def block(self, block: Block) -> None:
        if block in self._split_already:
            return
        plan = self.plans.get(block)
        if plan is None or not self._sources[self.blocks[block]]:
            super().block(block)
        else:
            self.settle()
            self._split(plan)
            self._split_already.update(plan.body)

    def _split(self, plan: Plan) -> None:
        builder, value, loop = self.builder, self.value, plan.loop
        header, outer = loop.header, self.loops[loop]
        head = self.blocks[header]
        self.start(head, header)
        outer.counter = outer.stop = -1
        params = [value[p] for p in header.params]

        builder.block, builder.line = outer.preheader, header.line
        at = self._at = Chunk(Span(self, plan), value[loop.counter], head)
        number = header.params.index(loop.counter)
        ((_, entry),) = self._sources[head]
        entry.args += (at.bound(entry.args[number], near=plan.early),)
        builder.block = head
        checked = None
        if not plan.always:
            outer.checked = True
            enter, checked = builder.new_block(outer), builder.new_block(outer)
            self.end("br", (at.inside(),), [Edge(enter), Edge(checked)])
            builder.start(enter, head)
        copies = {block: self.blocks[block] for block in plan.body}
        self._copy_main(plan, outer)

        self.loops[loop] = outer
        self.blocks.update(copies)
        for p, new in zip(header.params, params):
            value[p] = new
        if checked is None:
            for block in plan.body:
                for edge in block.edges:
                    self._waiting[self.blocks[edge.target]] -= 1
        else:
            for copy in copies.values():
                copy.cold = copy is not head
            checked.cold = True
            builder.start(checked, head)
            self.instructions(header)
            self.terminator(header)
            for block in plan.body[1:]:
                self.block(block)
        for source, edge in self._sources[head][1:]:
            edge.args += (at.bound(edge.args[number], source),)

    def _copy_main(self, plan: Plan, outer: Loop) -> None:
        """The check-free copy, entered from the current block."""
        loop, value, enter = plan.loop, self.value, self.builder.block
        header = loop.header
        self._at.enter(value[plan.fuel])
        for block in plan.body:
            for edge in block.edges:
                if edge.target is header or edge.target not in plan.body:
                    self._waiting[self.blocks[edge.target]] += 1
        main = self.loops[loop] = Loop(outer)
        main.step = loop.step
        first = self.begin_copy(plan.body)
        main.preheader = enter
        self.verbatim = False
        self._main, self.edits, self.same = plan, plan.edits, {plan.fuel: plan.fuel} if plan.fuel >= 0 else {}
        self._waiting[first] += 1
        entry = Edge(first, tuple([value[p] for p in header.params]))
        self._sources[first].append((enter, entry))
        self.end("jump", (), [entry])
        self.start(first, header)
        main.stop = self._at.limit
        for p in header.params:
            if p in self.old.facts and p not in self.same:
                self.new.facts[value[p]] = self.old.facts[p]
        self.instructions(header)
        self.terminator(header)
        for block in plan.body[1:]:
            super().block(block)
        self._main, self.edits, self.same = None, {}, {}
        self.verbatim = True

    def terminator(self, block: Block) -> None:
        plan = self._main
        if plan is None or block.term == "ret":
            super().terminator(block)
        elif block is plan.latch:
            self._end_iteration(plan, block)
        else:
            self._end_block(plan, block)

    def _end_block(self, plan: Plan, block: Block) -> None:
        """In the check-free copy, count what was done down from the fuel on each way out."""
        builder, value = self.builder, self.value
        leaving = [e for e in block.edges if e.target not in plan.body and plan.fuel in e.args]
        if not leaving:
            super().terminator(block)
            return
        builder.line = block.line
        here, fuel = builder.block, value[plan.fuel]
        if block.term == "jump":
            value[plan.fuel] = self._at.left(value[plan.loop.counter])
            super().terminator(block)
            value[plan.fuel] = fuel
            return
        edges: list[Edge] = []
        aside: list[tuple[Block, Edge]] = []
        for edge in block.edges:
            if edge in leaving:
                aside.append((builder.new_block(self.blocks[edge.target].loop), edge))
                edges.append(Edge(aside[-1][0]))
            else:
                edges.append(self.edge(edge))
        self.end("br", (value[block.term_args[0]],), edges)
        for way, edge in aside:
            builder.start(way, here)
            value[plan.fuel] = self._at.left(value[plan.loop.counter])
            self.end("jump", (), [self.edge(edge)])
            value[plan.fuel] = fuel

    def _end_iteration(self, plan: Plan, block: Block) -> None:
        """The next iteration of the check-free copy, or the poll and what comes then."""
        old, builder, value = self.old, self.builder, self.value
        header, cond = plan.loop.header, block.term_args[0]
        builder.line = block.line
        rest = builder.new_block(self.loops[plan.loop].parent)
        again = builder.emit("slt" if plan.loop.step > 0 else "sgt", value[plan.following], self._at.limit)
        latch = builder.block
        self.end("br", (again,), [self.edge(plan.back), Edge(rest)])
        builder.start(rest, latch)
        first, self.blocks[header] = self.blocks[header], self._at.head
        same, self.same = self.same, {}
        # Whoever is done need not poll: the loop outside does.
        dirty = value[old.args[plan.poll][1]]
        value[plan.poll] = self._at.left(value[plan.following])
        again = builder.insert(old.ops[cond], tuple([value[a] for a in old.args[cond]]))
        more = builder.new_block(rest.loop)
        more.cold = True
        self.end("br", (again,), [Edge(more), self.edge(block.edges[1])])
        builder.start(more, rest)
        builder.line = old.lines[plan.poll]
        value[plan.poll] = builder.insert(_POLL, (value[plan.poll], dirty), old.imms[plan.poll], I64)
        self.end("jump", (), [self.edge(plan.back)])
        self.blocks[header], self.same = first, same
