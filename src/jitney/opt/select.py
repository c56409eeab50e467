"""If-conversion: a branch around next to nothing becomes a choice between two values.

    b1: br v4, b2, b3(v5)               b1: v6 = add v5, v1
    b2: v6 = add v5, v1                     v7 = select v4, v6, v5
        jump b3(v6)
    b3(v7: i64): ...

What an arm computes or loads that the block before it, or the other arm, computes as well is not counted: so
``if a[i] > m: m = a[i]`` is a maximum, and where both arms give the same there is nothing to choose.

In loops only, where the branch is taken anew each time and may be guessed wrong. A float that is chosen waits for the
comparison, while a branch that is guessed right waits for nothing: floats are chosen only where they are a minimum or a
maximum, which takes one instruction (a new one is found now and then, so short loops would mostly guess wrong); where
an iteration is long, so that the next one has not to wait, too; or where the comparison waits for nothing that an
earlier iteration computes, and is of integers, or what is chosen waits for no earlier iteration either. Of
sums in both arms the terms are chosen:

    b1: br v4, b2, b3                   b1: v7 = select v4, v1, -0.0
    b2: v5 = fadd v2, v1                    v8 = select v4, -0.0, v1
        jump b4(v5, v3)                     v5 = fadd v2, v7
    b3: v6 = fadd v3, v1                    v6 = fadd v3, v8
        jump b4(v2, v6)

So they are where only one arm holds a sum, if the branch itself stands in the other arm of a sum: ``if a > b: s += 1.0
elif a == b: s += 0.5``.

Two branches that lead to the same place, ``if c == 32 or c == 10``, are one by `or` or `and` of their conditions, if
that can be replaced then.

Arms may hold checks of numbers that depend on one value by constants. They all pass where that value is in an interval,
which is tested instead; elsewhere the branch stays as it was:

    b1: br v4, b2, b3                   b1: v9 = ule (v5 + 3074457345618258602), 6148914691236517204
    b2: v6 = sar v5, 1                      br v9, fast, slow
        jump b4(v6)                     fast: v10 = sar v5, 1; v11 = mul v5, 3; v12 = select v4, v10, v11
    b3: v7 = mulo v5, 3, v0                   jump b4(v12)
        jump b4(v7)                     slow: br v4, b2, b3
"""

from __future__ import annotations

from ..analysis.intervals import MAX, MIN
from ..ir.function import Block, Edge
from ..ir.ops import OPS
from ..ir.types import F64, I1, I64
from .constants import Constants
from .params import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function, Loop
    from ..ir.ops import Op

_SELECT, _CONST, _LOAD, _STORE, _PARAM = OPS["select"], OPS["const"], OPS["load"], OPS["store"], OPS["param"]
_AND, _OR, _NOT = OPS["and"], OPS["or"], OPS["not"]
_FADD, _FSUB = OPS["fadd"], OPS["fsub"]
_SUMS = (_FADD, _FSUB)
_COMPARES = frozenset(("eq", "ne", "slt", "sle", "sgt", "sge"))
_MOST_WORK = 3  # instructions that are then always executed
_MOST_LOOKED_AT = 12  # instructions of both arms
_MOST_ROUNDS = 3  # what was a branch may have been an arm
_MOST_CHOICES = 4
_LONG = 24  # instructions of an iteration that hide the wait for a choice
_CHEAP = frozenset((
    "add", "sub", "neg", "and", "or", "xor", "not", "shl", "sar", "lshr", "smin", "smax", "eq", "ne", "slt", "sle",
    "sgt", "sge", "ult", "ule", "ugt", "uge", "umin", "umax", "b2i", "select", "feq", "fne", "flt", "fle", "fgt", "fge",
    "sext8", "sext16", "sext32", "zext8", "zext16", "zext32",
))  # fmt: skip
# These only where an iteration is long.
_CHEAP_OF_FLOATS = frozenset(("fadd", "fsub", "fmul", "fneg", "fabs", "select"))
# By comparison of x and y: what ``x if ... else y`` is, and ``y if ... else x``.
_EXTREMES = {
    **dict.fromkeys(("slt", "sle"), ("smin", "smax")), **dict.fromkeys(("sgt", "sge"), ("smax", "smin")),
    "flt": ("fmin", "fmax"), "fgt": ("fmax", "fmin"),
}  # fmt: skip
_CHECKED = ("addo", "subo", "mulo")


def convert(function: Function) -> Function:
    """Replace small branches in loops by `select`."""
    for _ in range(_MOST_ROUNDS):
        conversion = None
        for block in list(function.blocks):
            if block.term == "br" and block.loop is not None:
                if conversion is None:
                    conversion = _Conversion(function)
                if block not in conversion.gone and not conversion.convert_both(block):
                    conversion.convert(block)
        if conversion is None or not conversion.changed:
            break
        function.blocks = [block for block in function.blocks if block not in conversion.gone]
        function = clean(function)
    return function


class _Conversion:
    """What is known of the function whose branches are replaced.

    Attributes:
        preds: of blocks; gone: arms that were merged into the block before; changed: whether anything was.
    """

    __slots__ = ("_constant", "_long", "_uses", "changed", "function", "gone", "preds")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.preds = function.predecessors()
        self.gone: set[Block] = set()
        self.changed = False
        self._long: dict[Loop, bool] = {}
        self._constant = Constants(function)
        self._uses: dict[int, int] | None = None

    def convert_both(self, block: Block) -> bool:
        """Replace the branch that ends `block` together with one behind it that has a way in common with it; False if
        there is no such, or it is not worth it."""
        for k, edge in enumerate(block.edges):
            behind, common = edge.target, block.edges[1 - k]
            if behind.term != "br" or behind.params or behind.loop is not block.loop or self.preds[behind] != [block]:
                continue
            ways = [(e.target, e.args) for e in behind.edges]
            j = ways.index((common.target, common.args)) if (common.target, common.args) in ways else -1
            if j < 0 or len(behind.insts) > _MOST_WORK:
                continue
            # What is loaded again may be: its address is good.
            dear = [v for v in behind.insts if not self._is_cheap(block, v)]
            if dear and not self._computed(block, behind.insts).keys() >= set(dear):
                continue
            preds = self.preds
            first, second = block.term_args[0], behind.term_args[0]
            rest = behind.edges[1 - j]
            before = block.insts, block.term_args, block.edges, preds[common.target], preds[rest.target]
            # `first`, or its opposite, leads to what they have in common, as `second` does.
            new: list[int] = []
            if k == j:
                new.append(self._condition(block, _NOT, (first,)))
                first = new[0]
            together = self._condition(block, _AND if j else _OR, (first, second))
            block.insts = [*block.insts, *behind.insts, *new, together]
            block.term_args, block.edges = (together,), [rest, common] if j else [common, rest]
            for v in behind.insts:
                self.function.homes[v] = block
            joined = block.edges
            preds[common.target] = [p for p in preds[common.target] if p is not behind]
            preds[rest.target] = [block if p is behind else p for p in preds[rest.target]]
            self.convert(block)
            if block.edges is not joined:
                self.gone.add(behind)
                return True
            for v in behind.insts:
                self.function.homes[v] = behind
            block.insts, block.term_args, block.edges, preds[common.target], preds[rest.target] = before
        return False

    def _condition(self, block: Block, op: Op, args: tuple[int, ...]) -> int:
        return self.function.new_value(op, I1, args, None, block.line, block)

    def convert(self, block: Block) -> None:
        """Replace the branch that ends `block`, if it is worth it."""
        function = self.function
        ends = []
        arms = []
        for edge in block.edges:
            arm = edge.target
            if arm.term == "jump" and self.preds[arm] == [block] and arm.loop is block.loop and not arm.params:
                arms.append(arm)
                ends.append(arm.edges[0])
            else:
                ends.append(edge)
        work = [v for arm in arms for v in arm.insts]
        if len(work) > _MOST_LOOKED_AT or not self._meet(block, ends[0], ends[1]):
            return
        ops = function.ops
        same: dict[int, int] = {}
        both: set[int] = set()  # what both arms do
        if work and not any(ops[v].name in _CHECKED for v in work):
            same = self._computed(block, work)
            homes = function.homes
            both = {same[v] for v in work if v in same and homes[same[v]] not in (block, homes[v])}
            work = [v for v in work if v not in same]
            ends = [Edge(e.target, tuple([same.get(a, a) for a in e.args])) for e in ends]
        one = [a for a, b in zip(ends[0].args, ends[1].args) if self._sums(a, b) is not None]
        if len(work) - len(both) - len(one) > _MOST_WORK or not self._worth(block, ends[0], ends[1]):
            return
        checked = [v for v in work if ops[v].name in _CHECKED]
        if not all(self._is_cheap(block, v) for v in work if v not in checked and v not in both):
            return
        if not checked:
            for v in work:
                function.homes[v] = block
                if same:
                    function.args[v] = tuple([same.get(a, a) for a in function.args[v]])
            block.insts += work
            self.gone.update(arms)
            self._choose(block, block, block.term_args[0], ends[0], ends[1])
            self.preds[ends[0].target] = [block]
        elif not block.cold:
            window = _window(function, work)
            if window is not None:
                self._choose_within(block, ends[0], ends[1], work, *window)

    def _is_cheap(self, block: Block, v: int) -> bool:
        """Whether `v` costs less than a branch that is guessed wrong now and then."""
        function = self.function
        name = function.ops[v].name
        if function.types[v].is_float:
            return name in _CHEAP_OF_FLOATS and (
                self._is_long(block.loop) or self._is_early(block.loop, block.term_args[0])
            )
        return name in _CHEAP

    def _computed(self, block: Block, work: list[int]) -> dict[int, int]:
        """Of `work`, to be done at the end of `block`, what is computed or loaded already, with what it equals."""
        function = self.function
        ops, args, imms, types = function.ops, function.args, function.imms, function.types
        found: dict[object, int] = {}
        loads: dict[object, int] = {}
        same: dict[int, int] = {}
        for v in block.insts + work:
            op = ops[v]
            if op.writes:
                loads.clear()
            if op is _LOAD or (op.pure and op is not _CONST):
                known = loads if op is _LOAD else found
                twin = known.setdefault((op, tuple([same.get(a, a) for a in args[v]]), imms[v], types[v]), v)
                if twin != v:
                    same[v] = twin
        return same

    def _meet(self, block: Block, then: Edge, other: Edge) -> bool:
        """Whether both ways meet right again."""
        join = then.target
        if other.target is not join or join.loop is not block.loop or len(self.preds[join]) != 2:
            return False
        return join.loop is None or join.loop.header is not join

    def _worth(self, block: Block, then: Edge, other: Edge) -> bool:
        """Whether there are few values to choose from, and choosing makes nobody wait."""
        function = self.function
        pairs = [(a, b) for a, b in zip(then.args, other.args) if a != b]
        if len(pairs) > _MOST_CHOICES:
            return False
        floats = [pair for pair in pairs if function.types[pair[0]].is_float]
        if not floats:
            return True
        (cond,) = block.term_args
        early = self._is_early(block.loop, cond)
        if early:
            # Sums in both arms: a term is chosen, or nothing, and only additions wait for the iteration before.
            rest = [pair for pair in floats if self._sums(*pair) is None]
            sums = [self._sum(a, b) is not None for a, b in rest]
            if any(sums):
                others = [self._sum(b, a) is not None for a, b in rest]
                if any(others):
                    return all(map(bool.__or__, sums, others))
                return len(pairs) == 1 and self._adds_elsewhere(then.target, pairs[0][1])
            if not rest:
                return True
            if all(self._is_early(block.loop, a) and self._is_early(block.loop, b) for a, b in floats):
                return True
        if all(_extreme(function, cond, a, b) is not None for a, b in floats):
            return True
        if len(pairs) > 1:
            return False
        return self._is_long(block.loop) or (early and function.ops[cond].name in _COMPARES)

    def _adds_elsewhere(self, join: Block, base: int) -> bool:
        """Whether the only value that a join passes on meets another sum of `base`: of an ``elif``."""
        if join.insts or join.term != "jump" or len(join.params) != 1:
            return False
        edge = join.edges[0]
        others = [e for p in self.preds[edge.target] if p is not join for e in p.edges if e.target is edge.target]
        if len(others) != 1 or join.params[0] not in edge.args:
            return False
        return self._sum(others[0].args[edge.args.index(join.params[0])], base) is not None

    def _sum(self, a: int, b: int) -> tuple[Op, int, float] | None:
        """The sum or difference of `b` and a term that `a` is, if it is one: operation, term, and what changes nothing
        in its place."""
        function = self.function
        op, args = function.ops[a], function.args[a]
        if function.types[a] is not F64 or op not in _SUMS or b not in args or args[0] == args[1]:
            return None
        if op is _FADD:
            return op, args[args[0] == b], -0.0
        return (op, args[1], 0.0) if op is _FSUB and args[0] == b else None

    def _sums(self, a: int, b: int) -> tuple[int, tuple[Op, int], tuple[Op, int]] | None:
        """What both are sums or differences of, if there is such: for each the operation and its term."""
        ops, args = self.function.ops, self.function.args
        if self.function.types[a] is not F64 or ops[a] not in _SUMS or ops[b] not in _SUMS:
            return None
        for base in args[a] if ops[a] is _FADD else args[a][:1]:
            if base in (args[b] if ops[b] is _FADD else args[b][:1]):
                (p, q), (x, y) = args[a], args[b]
                return base, (ops[a], q if p == base else p), (ops[b], y if x == base else x)
        return None

    def _is_early(self, loop: Loop | None, value: int) -> bool:
        """Whether a value waits for nothing that the iteration before computes, but for counters."""
        assert loop is not None
        function = self.function
        ops, args, homes = function.ops, function.args, function.homes
        stored: set[int] | None = None
        todo, seen = [value], {value}
        while todo:
            v = todo.pop()
            home = homes[v].loop
            if home is None or not home.inside(loop):
                continue
            op = ops[v]
            if op is _PARAM:
                if v != loop.counter:
                    return False
            elif op is _LOAD:
                if stored is None:
                    stored = {
                        args[u][1] for b in function.blocks if b.loop is loop for u in b.insts if ops[u] is _STORE
                    }
                if args[v][0] in stored:
                    return False
            elif op.reads or op.writes:
                return False
            for a in args[v]:
                if a not in seen:
                    seen.add(a)
                    todo.append(a)
            if len(seen) > _MOST_LOOKED_AT:
                return False
        return True

    def _is_long(self, loop: Loop | None) -> bool:
        """Whether an iteration of the loop is: because of a loop inside, or by itself."""
        assert loop is not None
        if loop not in self._long:
            blocks = self.function.blocks
            self._long[loop] = any(other.parent is loop for other in self.function.loops()) or _LONG < sum(
                len(b.insts) for b in blocks if b.loop is loop and not b.cold
            )
        return self._long[loop]

    def _choose(self, block: Block, home: Block, cond: int, then: Edge, other: Edge) -> None:
        """Choose by `cond` at the end of `home`, in place of the branch of `block`, and jump to the join."""
        function = self.function
        chosen = []
        for a, b in zip(then.args, other.args):
            if a != b:
                extreme = _extreme(function, cond, a, b)
                op, args = (_SELECT, (cond, a, b)) if extreme is None else extreme
                if extreme is None and function.types[a].is_float and self._is_early(block.loop, cond):
                    op, args = self._added(block, home, cond, a, b) or (op, args)
                a = function.new_value(op, function.types[a], args, None, block.line, home)
                home.insts.append(a)
            chosen.append(a)
        home.term, home.term_args, home.edges, home.line = "jump", (), [Edge(then.target, tuple(chosen))], block.line
        then.target.idom = block
        self.changed = True

    def _added(self, block: Block, home: Block, cond: int, a: int, b: int) -> tuple[Op, tuple[int, int]] | None:
        """The sum of one and a chosen term that ``a if cond else b`` is, if one of them is a sum of the other."""
        function = self.function
        both = self._sums(a, b)
        if both is not None:
            base, (op, x), (other_op, y) = both
            if op is not other_op:
                # A difference from -0.0 is the negative, but that it leaves NaN its sign.
                none = self._number(-0.0, block.line)
                negative = function.new_value(_FSUB, F64, (none, x if op is _FSUB else y), None, block.line, home)
                home.insts.append(negative)
                x, y, op = (negative, y, _FADD) if op is _FSUB else (x, negative, _FADD)
            chosen = function.new_value(_SELECT, F64, (cond, x, y), None, block.line, home)
            home.insts.append(chosen)
            return op, (base, chosen)
        for one, other in ((a, b), (b, a)):
            found = self._sum(one, other)
            if found is not None:
                op, term, nothing = found
                zero = self._number(nothing, block.line)
                args = (cond, term, zero) if one == a else (cond, zero, term)
                chosen = function.new_value(_SELECT, F64, args, None, block.line, home)
                home.insts.append(chosen)
                return op, (other, chosen)
        return None

    def _number(self, number: float, line: int) -> int:
        entry = self.function.entry
        v = self.function.new_value(_CONST, F64, (), number, line, entry)
        entry.insts.insert(0, v)
        return v

    def _choose_within(
        self, block: Block, then: Edge, other: Edge, work: list[int], x: int, low: int, high: int
    ) -> None:
        """Choose where `x` is in the interval; a cold copy of the branch does the rest."""
        function = self.function
        fast, slow = Block(-1, block.loop), Block(-1, block.loop)
        slow.cold = True
        slow.term, slow.term_args, slow.edges, slow.line = "br", block.term_args, block.edges, block.line
        for edge in slow.edges:
            if edge.target is not then.target:
                edge.target.cold = True
                edge.target.idom = slow
                self.preds[edge.target] = [slow]
        fast.idom = slow.idom = block
        copies: dict[int, int] = {}
        test = self._test(block)
        for v in test:
            # Where it is used: then it need not become a number.
            block.insts.remove(v)
            slow.insts.append(v)
            function.homes[v] = slow
        for v in test + work:
            op, imm = function.ops[v], function.imms[v]
            args = tuple([copies.get(a, a) for a in function.args[v]])
            if op.base:
                op, args, imm = OPS[op.base], args[:2], None
            copies[v] = function.new_value(op, function.types[v], args, imm, function.lines[v], fast)
            fast.insts.append(copies[v])
        then, other = [Edge(e.target, tuple([copies.get(a, a) for a in e.args])) for e in (then, other)]
        cond = block.term_args[0]
        self._choose(block, fast, copies.get(cond, cond), then, other)
        moved = function.new_value(OPS["add"], I64, (x, self._constant(-low)), None, block.line, block)
        inside = function.new_value(OPS["ule"], I1, (moved, self._constant(high - low)), None, block.line, block)
        block.insts += [moved, inside]
        block.term_args, block.edges = (inside,), [Edge(fast), Edge(slow)]
        at = function.blocks.index(block) + 1
        function.blocks[at:at] = [fast, slow]
        self.preds[fast] = self.preds[slow] = [block]
        self.preds[then.target].append(fast)

    def _test(self, block: Block) -> list[int]:
        """The comparison that `block` branches on, with what it alone needs, if both stand in the block."""
        function = self.function
        (cond,) = block.term_args
        if self._uses is None:
            self._uses = {}
            for a in function.uses():
                self._uses[a] = self._uses.get(a, 0) + 1
        test = [cond]
        if self._uses.get(cond) != 1 or function.homes[cond] is not block or not function.ops[cond].pure:
            return []
        for a in function.args[cond]:
            if function.homes[a] is block and self._uses[a] == 1 and function.ops[a].pure:
                test.insert(0, a)
        return test


def _extreme(function: Function, cond: int, a: int, b: int) -> tuple[Op, tuple[int, int]] | None:
    """The minimum or maximum that ``a if cond else b`` is, if it is one."""
    names = _EXTREMES.get(function.ops[cond].name)
    if names is None or function.args[cond] not in ((a, b), (b, a)):
        return None
    return OPS[names[function.args[cond] != (a, b)]], (a, b)


def _window(function: Function, work: list[int]) -> tuple[int, int, int] | None:
    """The value on which all checks in `work` depend, and the interval, proper, in which they pass; None if there is
    no such."""
    x = -1
    low, high = MIN, MAX
    affine: dict[int, tuple[int, int]] = {}  # v = k * x + c, as mathematical integers, where the checks pass
    for v in work:
        name = function.ops[v].name
        if name not in _CHECKED:
            continue
        a, b = function.args[v][:2]
        if function.ops[b] is not _CONST:
            return None
        if a not in affine:
            if x not in (a, -1) or a in work:
                return None
            x = a
            affine[x] = (1, 0)
        by = int(function.imms[b])
        k, c = affine[a]
        k, c = (k * by, c * by) if name == "mulo" else (k, c + by if name == "addo" else c - by)
        if not k:
            return None
        affine[v] = (k, c)
        first, last = (MIN - c, MAX - c) if k > 0 else (MAX - c, MIN - c)
        low, high = max(low, -(-first // k)), min(high, last // k)
    return (x, low, high) if MIN < low <= high or low <= high < MAX else None
