"""Comparisons of sums of squares, and sums of powers: with products, with the bits of `pow` where those leave a doubt.

    v4 = fmul v1, v1                            v4 = fmul v1, v1
    v6 = fma v1, v1, v5                         v20 = fadd v4, v10
    v7 = fma v1, v1, -v5                        v21 = fma (fmin v20, 2**1000), 1 - 2**-44, -2**-1000
    v8 = fpower v4, v6, v7, v1, 2.0             br v21 >= v3, on(v20), slow
    ...                                 slow:   v6 = ...; v8 = fpower ...; v14 = ...
    v15 = fadd v8, v14                          v15 = fadd v8, v14
    v16 = flt v15, v3                           jump on(v15)
    br v16, less(v15), not_less         on(v22):
                                                v16 = flt v22, v3
                                                br v16, less(v22), not_less

A square that only decides which way to go is needed to the last bit only if the sum is close to what it is compared
with: each product differs from `pow` by one place at most, and in sums of what is not negative (and their roots) the
relative error stays small. Where the sum itself is wanted if it is the lesser (the nearest point so far), it is exact
whenever it may be the lesser. In lanes, a doubt about one of them does all of them again.

    v8 = fpower v4, v6, v7, v1, 2.0             v21 = fadd v3, v6
    v9 = fadd v3, v8                            v22 = fadd v3, v7
    ...                                         br v21 == v22, on(v21), slow
                                        slow:   v8 = fpower ...; v9 = fadd v3, v8
                                                jump on(v9)

What is added to a sum need not be known to the last bit either, mostly: the sum is rounded. A power lies between the
second and the third argument of `fpower`; what is computed from it by sums, roots and factors lies between what is
computed from these, each operation rounding monotonically. Where both ends are the same float, so is what is between.
"""

from __future__ import annotations

import math

from ..ir.function import Block, Edge
from ..ir.ops import OPS, result_of
from ..ir.powers import bounds
from ..ir.types import F32, F64
from .inplace import substitute
from .rebuild import divided, lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..ir.function import Function
    from ..ir.types import Type

    # Who uses a value: an instruction; a block, by its terminator, or an edge of it.
    User = tuple[Block, int | Edge | None]

_CONST, _FABS, _FMUL, _FPOWER, _SELECT = OPS["const"], OPS["fabs"], OPS["fmul"], OPS["fpower"], OPS["select"]
_PARTS = frozenset((OPS["fadd"], OPS["fsqrt"], _FPOWER))
# 1: true, or gives the first argument, if that is less; -1: if it is greater.
_COMPARISONS = {"flt": 1, "fle": 1, "fmin": 1, "fgt": -1, "fge": -1, "fmax": -1}
_CHOICES = ("fmin", "fmax")
# Of these, the ends come from the ends of what is inexact.
_MONOTONIC = frozenset(OPS[name] for name in ("fadd", "fsub", "fmul", "fdiv", "fneg", "fsqrt", "lane", "low", "high"))
_FDIV, _FSQRT = OPS["fdiv"], OPS["fsqrt"]
_SCALED = frozenset((_FDIV, _FMUL))
_PARTS_OF_VECTORS = frozenset(OPS[name] for name in ("lane", "low", "high"))
_SUMS = frozenset((OPS["fadd"], OPS["fsub"]))
# Of each type: what the roundings of so many terms, and of the terms, make together is less, relatively; what underflow
# adds to that is less; and a number whose square may be infinite is greater, as is its square. (Roots of the latter two
# behind roots of sums.)
_LIMITS = {F64: (2.0**-44, 2.0**-1000, 2.0**1000), F32: (2.0**-15, 2.0**-110, 2.0**110)}
_MOST_TERMS = 32
_MOST = 16  # comparisons, and sums
_MOST_OPERATIONS = 80  # for a sum
_FEW = 8


def doubt(function: Function) -> Function:
    """Change what can be changed, in place."""
    sweep = _Sweep(function)
    found = 0
    for block in list(function.blocks):
        for v in list(block.insts):
            if function.ops[v].name in _COMPARISONS and found < _MOST:
                found += sweep.comparison(v)
    for block in list(function.blocks):
        if block.loop is not None and not block.cold:
            for root, tree in sweep.roots(block):
                if found < _MOST:
                    found += 1
                    sweep.root(root, tree)
    if found:
        substitute(function, sweep.same)
        for slow, values in sweep.kept:
            slow.edges = [Edge(slow.edges[0].target, values)]
        lay_out(function)
    return function


class _Sweep:
    """Attributes:
    same: sums, with the parameters that take their place.
    kept: blocks that jump with exact sums.
    _pieces: what blocks have been split into, by any of the pieces: the later ones are reached through the others.
    """

    __slots__ = (
        "_block", "_constants", "_function", "_incoming", "_line", "_pieces", "_trees", "_users", "kept", "same",
    )  # fmt: skip

    def __init__(self, function: Function) -> None:
        self._function = function
        self._block = function.entry
        self._line = 0
        self._constants: dict[tuple[Type, float], int] = {}
        self.same: dict[int, int] = {}
        self.kept: list[tuple[Block, tuple[int, ...]]] = []
        self._pieces: dict[Block, list[Block]] = {}
        self._trees: dict[int, set[int]] = {}
        users: dict[int, list[User]] = {}
        incoming: dict[Block, int] = {}
        for block in function.blocks:
            for v in block.insts:
                for a in function.args[v]:
                    users.setdefault(a, []).append((block, v))
            for a in block.term_args:
                users.setdefault(a, []).append((block, None))
            for edge in block.edges:
                incoming[edge.target] = incoming.get(edge.target, 0) + 1
                for a in edge.args:
                    users.setdefault(a, []).append((block, edge))
        self._users, self._incoming = users, incoming

    def comparison(self, v: int) -> bool:
        """Split the block before comparison `v` if something that it compares is such a sum."""
        function = self._function
        a, b = function.args[v]
        if a == b or function.types[a].element not in _LIMITS:
            return False
        home = function.homes[v]
        sums = [x for x in (a, b) if x not in self.same and self._is_sum(x, home)]
        # How each sum is wanted beside the comparison: see `_wanted`.
        wanted = [self._wanted(x, b if x == a else a, home) for x in sums]
        if len(sums) == 2 and wanted != [(), ()]:
            k = 0 if wanted[0] is not None else 1
            sums, wanted = [sums[k]], [wanted[k]]
        if not sums or wanted[0] is None:
            return False
        # In lanes, both ends of the sum are looked at as well.
        ends = function.types[a].lanes > 1 and wanted[0] != ()
        slow, on = self._divide(home, home.insts.index(v), sums, 4 if ends else 1)
        guesses = tuple([self._guess(x, self._trees[x]) for x in sums])
        self._join(slow, on, sums, guesses, self._certain(v, sums, guesses, wanted[0]))
        return True

    def roots(self, block: Block) -> list[tuple[int, set[int]]]:
        """What is computed in `block` from powers, with what nothing else is computed from on the way."""
        function, users = self._function, self._users
        ops, args, homes = function.ops, function.args, function.homes
        root_of: dict[int, int] = {}
        trees: dict[int, set[int]] = {}
        for v in reversed(block.insts):
            op = ops[v]
            power = op is _FPOWER and function.imms[v] % 2.0 != 1.0
            if power or op in _MONOTONIC:
                found = {
                    root_of.get(user, -1) if isinstance(user, int) and homes[user] is block else -1
                    for _, user in users.get(v, ())
                }
                root = found.pop() if len(found) == 1 else -1
                if root < 0:
                    if power:
                        # It is wanted itself: what is computed from it knows it.
                        continue
                    root = v
                root_of[v] = root
                trees.setdefault(root, set()).add(v)
        result = []
        for root, tree in trees.items():
            # Of what is computed for the root, that which depends on powers.
            inexact: set[int] = set()
            exact = False
            for v in [v for v in block.insts if v in tree]:
                op = ops[v]
                known = [a for a in args[v] if a not in inexact]
                if op is _FPOWER:
                    inexact.add(v)
                elif len(known) < len(args[v]):
                    inexact.add(v)
                    if op in _SCALED and (len(known) != 1 or (op is _FDIV and known[0] != args[v][1])):
                        inexact.clear()
                        break
                    exact |= op in _SUMS and bool(known) and ops[known[0]] is not _CONST
            while root in inexact and ops[root] not in _SUMS and ops[root] is not _FPOWER:
                # Behind this the doubt is as great.
                inexact.remove(root)
                (root,) = [a for a in args[root] if a in inexact]
            powers = sum([ops[v] is _FPOWER for v in inexact])
            if root in inexact and len(inexact) <= _MOST_OPERATIONS and (exact or powers > 1):
                result.append((root, inexact))
        return result

    def root(self, v: int, tree: set[int]) -> None:
        """Split the block before `v`, which is computed from powers by `tree`."""
        function, emit = self._function, self._emit
        self._trees[v] = tree
        home = function.homes[v]
        slow, on = self._divide(home, home.insts.index(v) + 1, [v], 4)
        high, low = self._ends(v, tree, {})
        conditions: list[int] = []
        for test in (*self._sizes(tree), emit("feq", high, low)):
            lanes = function.types[function.args[test][0]].lanes
            conditions.append(emit("allset", test) if lanes > 1 else test)
        ops = [function.ops[w] for w in tree]
        if len(ops) <= _FEW and ops.count(_FPOWER) > 1 and _PARTS_OF_VECTORS.isdisjoint(ops):
            # What the products give is there earlier.
            high = self._guess(v, tree)
        self._join(slow, on, [v], (high,), conditions)

    def _sizes(self, tree: set[int]) -> list[int]:
        """That the powers in `tree` are neither too large nor too small, where their ends do not tell."""
        function, emit = self._function, self._emit
        found: dict[tuple[Type, tuple[float, float]], list[int]] = {}
        for w in sorted(tree):
            if function.ops[w] is _FPOWER:
                limits = bounds(function.types[w].element, function.imms[w])
                if limits is not None:
                    found.setdefault((function.types[w], limits), []).append(function.args[w][0])
        tests = []
        for (type, (least, greatest)), guesses in found.items():
            first = last = guesses[0]
            for guess in guesses[1:]:
                first, last = emit("fmin", first, guess), emit("fmax", last, guess)
            tests += [emit("fgt", first, self._number(type, least)), emit("flt", last, self._number(type, greatest))]
        return tests

    def _ends(self, v: int, tree: set[int], ends: dict[int, tuple[int, int]]) -> tuple[int, int]:
        """Between which two `v` lies."""
        if v not in tree:
            return v, v
        if v in ends:
            return ends[v]
        function, emit = self._function, self._emit
        name, args = function.ops[v].name, function.args[v]
        if name == "fpower":
            high, low = args[1], args[2]
            if function.imms[v] == 2.0 and not _SCALED.isdisjoint(function.ops[w] for w in tree):
                # The end below zero would have the wrong sign where it is scaled down to zero. What is NaN stays it.
                low = emit("fmax", self._number(function.types[v], 0.0), low)
            found = high, low
        else:
            (high, low), *others = [self._ends(a, tree, ends) for a in args]
            more, less = others[0] if others else (-1, -1)
            if name == "fadd":
                found = emit(name, high, more), emit(name, low, less)
            elif name == "fsub":
                found = emit(name, high, less), emit(name, low, more)
            elif name == "fneg":
                found = emit(name, low), emit(name, high)
            elif name in ("fmul", "fdiv"):
                found = emit(name, high, more), emit(name, low, less)
                if any(sum([a in tree for a in function.args[w]]) > 1 for w in tree):
                    # Which end is which matters to sums of them. An end that is NaN (0 * inf) stays in its place.
                    found = emit("fmax", *found[::-1]), emit("fmin", *found)
            else:
                found = emit(name, high, imm=function.imms[v]), emit(name, low, imm=function.imms[v])
        ends[v] = found
        return found

    def _divide(self, block: Block, at: int, sums: list[int], kept: int) -> tuple[Block, Block]:
        """Split the block at a place, and let `sums` be computed elsewhere: gives the block for that, and the one that
        goes on. The first `kept` arguments of powers stay. What is emitted comes before the place."""
        function = self._function
        self._block = block
        self._line = function.lines[block.insts[at - 1]]
        on = divided(function, block, at)
        pieces = self._pieces.setdefault(block, [block])
        moved = self._only_for(sums, [w for piece in pieces for w in piece.insts], kept)
        gone = set(moved)
        for piece in pieces:
            piece.insts = [w for w in piece.insts if w not in gone]
        pieces.append(on)
        self._pieces[on] = pieces
        slow = Block(-1, block.loop)
        slow.cold, slow.insts, slow.line = True, moved, self._line
        for w in moved:
            function.homes[w] = slow
        return slow, on

    def _join(
        self, slow: Block, on: Block, sums: list[int], guesses: tuple[int, ...], conditions: list[int]
    ) -> None:
        """`on` takes the guesses where the conditions hold, and otherwise what `slow` computes."""
        function, block = self._function, self._block
        params = tuple([function.add_param(on, function.types[x]) for x in sums])
        self.same.update(zip(sums, params))
        slow.term, slow.edges = "jump", [Edge(on, params)]
        self.kept.append((slow, tuple(sums)))
        place = function.blocks.index(block) + 1
        function.blocks[place:place] = [slow, on]
        for condition, following in zip(conditions, conditions[1:]):  # noqa: RUF007
            between = Block(-1, block.loop)
            between.cold, between.line = block.cold, self._line
            self._branch(condition, Edge(between), Edge(slow))
            block.insts.remove(following)
            self._block = function.homes[following] = between
            between.insts.append(following)
            function.blocks.insert(function.blocks.index(slow), between)
        self._branch(conditions[-1], Edge(on, guesses), Edge(slow))

    def _is_sum(self, root: int, home: Block) -> bool:
        """Whether `root` adds up squares, and maybe numbers that are not negative: then `_trees` gets what it is
        made of here, squares and sums and roots of them."""
        function, users = self._function, self._users
        ops, args, imms = function.ops, function.args, function.imms
        pieces = self._pieces.get(home, [home])
        tree: set[int] = set()
        squares = 0
        todo = [root]
        while todo:
            v = todo.pop()
            op = ops[v]
            if op is _CONST:
                if not min(imms[v] if isinstance(imms[v], tuple) else (imms[v],)) >= 0.0:
                    return False
            elif function.homes[v] in pieces and op in _PARTS and (v == root or len(users[v]) == 1):
                tree.add(v)
                if len(tree) > _MOST_TERMS:
                    return False
                if op is not _FPOWER:
                    todo += args[v]
                elif imms[v] != 2.0:
                    return False
                else:
                    squares += 1
            elif op is not _FABS and (op is not _FMUL or args[v][0] != args[v][1]):
                return False
        self._trees[root] = tree
        return squares > 0

    def _wanted(self, total: int, limit: int, home: Block) -> tuple[bool, ...] | None:
        """Whether a sum is wanted beside comparisons with `limit` in `home`: (), or (True,) where it is the lesser,
        (False,) where it is the greater. None: otherwise."""
        function = self._function
        ops, args = function.ops, function.args
        users = self._users[total]
        found: set[bool] = set()
        tests: dict[int, bool] = {}  # comparisons, and whether they hold if the sum is less
        for _, user in users:
            less = _COMPARISONS.get(ops[user].name, 0) if isinstance(user, int) else 0
            if less and isinstance(user, int) and function.homes[user] is home and limit in args[user]:
                tests[user] = (less > 0) == (args[user][0] == total)
                if ops[user].name in _CHOICES:
                    # What it gives is the sum.
                    found.add(less > 0)
        for block, user in users:
            if isinstance(user, int) and (user in tests or ops[user] is _SELECT):
                if user not in tests:
                    test = tests.get(args[user][0])
                    if test is None:
                        return None
                    found.update([test == (k == 1) for k in (1, 2) if args[user][k] == total])
            elif home.term == "br" and home.term_args[0] in tests:
                edges, test = home.edges, tests[home.term_args[0]]
                sides = [test == (k == 0) for k in (0, 1) if user is edges[k] or self._beyond(edges[k].target, block)]
                if len(sides) != 1:
                    return None
                found.update(sides)
            else:
                return None
        return tuple(found) if len(found) < 2 else None

    def _beyond(self, target: Block, block: Block | None) -> bool:
        """Whether all ways to `block` lead through the only edge to `target`."""
        if self._incoming[target] == 1:
            while block is not None:
                if block is target:
                    return True
                block = block.idom
        return False

    def _only_for(self, sums: list[int], before: list[int], first: int) -> list[int]:
        """Those of the instructions that nothing but the exact sums needs, in order."""
        function = self._function
        trees = set().union(*[self._trees[x] for x in sums])
        moved = set(trees)
        args, ops = function.args, function.ops
        kept = {a for v in trees for a in (args[v][:first] if ops[v] is _FPOWER else args[v])}
        for v in reversed(before):
            if v not in moved and v not in kept and function.ops[v].pure and function.ops[v] is not _CONST:
                users = self._users.get(v)
                if users and all(isinstance(user, int) and user in moved for _, user in users):
                    moved.add(v)
        return [v for v in before if v in moved]

    def _guess(self, v: int, tree: set[int]) -> int:
        """The sum with products for squares."""
        function = self._function
        op, args = function.ops[v], function.args[v]
        if v not in tree:
            return v
        if op is _FPOWER:
            return args[0]
        return self._emit(op.name, *[self._guess(a, tree) for a in args], imm=function.imms[v])

    def _certain(self, v: int, sums: list[int], guesses: tuple[int, ...], wanted: tuple[bool, ...]) -> list[int]:
        """What must hold so that the comparison is decided, and the sum not wanted. The product of a number next to
        2**512 by itself may be infinite where `pow` is not."""
        function, emit = self._function, self._emit
        args = function.args[v]
        total, guess = sums[0], guesses[0]
        limit = args[1] if args[0] == total else args[0]
        type = function.types[total]
        apart, tiny, large = _LIMITS[type.element]
        for _ in range(max([self._roots(x, self._trees[x]) for x in sums])):
            tiny, large = math.sqrt(tiny), math.sqrt(large)

        def number(value: float) -> int:
            return self._number(type, value)

        if wanted:
            if wanted[0]:
                low = emit("fma", emit("fmin", guess, number(large)), number(1.0 - apart), number(-tiny))
                found = [emit("fge", low, limit)]
            else:
                high = emit("fma", guess, number(1.0 + apart), number(tiny))
                found = [emit("fle", high, limit)]
        else:
            size = guess
            if len(sums) == 2:
                limit = guesses[1]
                size = emit("fadd", guess, limit)
            difference = emit("fabs", emit("fsub", guess, limit))
            found = [emit("fgt", difference, emit("fma", size, number(apart), number(tiny)))]
            imm = function.imms[limit] if function.ops[limit] is _CONST else math.inf
            if not max(imm if isinstance(imm, tuple) else (imm,)) < large:
                found.append(emit("flt", limit, number(large)))
        if type.lanes > 1:
            mask = found[0]
            for other in found[1:]:
                mask = emit("and", mask, other)
            if wanted:
                # A lane is certain, too, where the sum is known.
                same = emit("feq", *self._ends(total, self._trees[total], {}))
                for other in self._sizes(self._trees[total]):
                    same = emit("and", same, other)
                mask = emit("or", mask, same)
            return [emit("allset", mask)]
        return found

    def _roots(self, v: int, tree: set[int]) -> int:
        """How many roots there are on the way from `v` to a square."""
        function = self._function
        if v not in tree or function.ops[v] is _FPOWER:
            return 0
        return (function.ops[v] is _FSQRT) + max([self._roots(a, tree) for a in function.args[v]])

    def _emit(self, name: str, *args: int, imm: Any = None) -> int:
        function = self._function
        op = OPS[name]
        type = result_of(op, [function.types[a] for a in args])
        v = function.new_value(op, type, args, imm, self._line, self._block)
        self._block.insts.append(v)
        return v

    def _number(self, type: Type, number: float) -> int:
        key = type, number
        found = self._constants.get(key)
        if found is None:
            entry = self._function.entry
            imm = number if type.lanes == 1 else (number,) * type.lanes
            found = self._constants[key] = self._function.new_value(_CONST, type, (), imm, 0, entry)
            entry.insts.insert(0, found)
        return found

    def _branch(self, cond: int, then: Edge, other: Edge) -> None:
        block = self._block
        block.term, block.term_args, block.term_imm, block.edges = "br", (cond,), None, [then, other]
