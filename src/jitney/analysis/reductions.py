"""What a loop carries from one iteration to the next, and which of it parts of the loop can compute apart.

    s += a[i]           the parameter s of the header, its value for the next iteration, and nothing else of the loop
                        sees it: parts begin with 0, and are added in order

A *chain* is everything computed from a header's parameter inside the loop. If all of it is one kind of associative
operation, whose other operand is no part of the chain, the parameter is a reduction. Branches, joins and inner loops
may lie on the way. Sums of integers are checked: that the parts and their sum fit is enough for the sum to be exact.
Floats' sums are associative for nobody but those who said `fastmath`.

The largest and the smallest are chosen by a comparison: ``x if x > m else m``. So are what goes with them: where the
largest was found, of which type it is. Of equal ones the first stays, and a NaN never wins, in parts as in the whole.
"""

from __future__ import annotations

from math import inf

from ..ir.ops import OPS
from ..ir.types import I1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..ir.function import Block, Function, Loop
    from ..ir.types import Type

_MIN, _MAX = -(1 << 63), (1 << 63) - 1
_SELECT = OPS["select"]

# operation -> what combines parts, the positions at which the chain may stand, the identity
_ASSOCIATIVE: dict[str, tuple[str, tuple[int, ...], Any]] = {
    "add": ("add", (0, 1), 0),
    "sub": ("add", (0,), 0),
    "addo": ("addo", (0, 1), 0),
    "subo": ("addo", (0,), 0),
    "mul": ("mul", (0, 1), 1),
    "mulo": ("mulo", (0, 1), 1),
    "and": ("and", (0, 1), -1),
    "or": ("or", (0, 1), 0),
    "xor": ("xor", (0, 1), 0),
    "smin": ("smin", (0, 1), _MAX),
    "smax": ("smax", (0, 1), _MIN),
    "umin": ("umin", (0, 1), -1),
    "umax": ("umax", (0, 1), 0),
    # As the second operand, the one that stays unless the other is really less or greater.
    "fmin": ("fmin", (1,), inf),
    "fmax": ("fmax", (1,), -inf),
}
_FAST: dict[str, tuple[str, tuple[int, ...], Any]] = {
    "fadd": ("fadd", (0, 1), -0.0),
    "fsub": ("fadd", (0,), -0.0),
    "fmul": ("fmul", (0, 1), 1.0),
    "fmin": ("fmin", (0, 1), inf),
    "fmax": ("fmax", (0, 1), -inf),
}
# Integers that wrap at their width: sums and products of the low bits are the low bits of sums and products.
_NARROW = ("sext8", "sext16", "sext32", "zext8", "zext16", "zext32")
_NARROWED = ("add", "mul", "and", "or", "xor")
# What the frontend carries besides the user's variables (`frontend.state`), and what it is.
_HIDDEN = {".dirty": "dirty", ".fuel": "fuel"}
# ``x > m``, by the comparison that says it with the operands in this order and in the other
BETTER = {"fmax": ("fgt", "flt", -inf), "fmin": ("flt", "fgt", inf), "smax": ("sgt", "slt", _MIN),
           "smin": ("slt", "sgt", _MAX)}  # fmt: skip


class Carried:
    """What a parameter of the header is.

    Attributes:
        param, back: the parameter, and its value for the next iteration.
        kind: "fuel"; "dirty"; "companion" of `key`; "last": no iteration reads it; "same": it does not change; else
            the operation that combines parts.
        identity: what a part begins with.
        narrow: an operation that follows each combination, or "".
        key: the parameter whose comparison chooses this one, too, or -1.
        chain: all that is computed from it in the loop.
    """

    __slots__ = ("back", "chain", "identity", "key", "kind", "narrow", "param")

    def __init__(
        self, param: int, back: int, kind: str, identity: Any = 0, narrow: str = "", key: int = -1,
        chain: frozenset[int] = frozenset(),
    ) -> None:  # fmt: skip
        self.param = param
        self.back = back
        self.kind = kind
        self.identity = identity
        self.narrow = narrow
        self.key = key
        self.chain = chain | {param, back}


class Dependence(Exception):
    """An iteration needs what the one before has computed: of this parameter, and why it is no reduction."""

    def __init__(self, param: int, message: str) -> None:
        super().__init__(message)
        self.param = param


def carried(function: Function, loop: Loop, region: set[Block], latch: Block) -> list[Carried]:
    """What each parameter of the header but the counter is. `region` are the blocks of the loop and those that leave
    the function from it; `latch` is the only block that jumps back.

    Raises: Dependence.
    """
    return _Analysis(function, loop, region, latch).run()


class _Analysis:
    def __init__(self, function: Function, loop: Loop, region: set[Block], latch: Block) -> None:
        self.function = function
        self.loop = loop
        self.header = loop.header
        (self.back,) = [e for e in latch.edges if e.target is loop.header]
        # (user, position) of instructions; of edges the parameter; -1 for conditions and captures of terminators
        self.users: dict[int, list[tuple[int, int]]] = {}
        self.passed: dict[int, list[int]] = {}
        self.incoming: dict[int, list[int]] = {}
        self.read: set[int] = set()
        self.names = loop.parallel or {}
        for block in region:
            for v in block.insts:
                for k, a in enumerate(function.args[v]):
                    self.users.setdefault(a, []).append((v, k))
            self.read.update(block.term_args)
            for edge in block.edges:
                if edge.target in region:
                    for p, a in zip(edge.target.params, edge.args):
                        self.passed.setdefault(a, []).append(p)
                        self.incoming.setdefault(p, []).append(a)

    def run(self) -> list[Carried]:
        header, found = self.header, {}
        waiting = []
        for p, back in zip(header.params, self.back.args):
            if p == self.loop.counter:
                continue
            hidden = _HIDDEN.get(self.names.get(p, ""))
            if hidden is not None:
                found[p] = Carried(p, back, hidden)
            elif back == p:
                found[p] = Carried(p, back, "same")
            elif p not in self.users and p not in self.read and not self.passed.get(p):
                found[p] = Carried(p, back, "last")
            else:
                chosen = self.chosen(p, back)
                if chosen is not None:
                    found[p] = chosen
                else:
                    waiting.append((p, back))
        for p, back in waiting:
            found[p] = self.companion(p, back, found) or self.chain(p, back)
        return list(found.values())

    # -- the largest and the smallest --------------------------------------------------------------------------------

    def better(self, v: int, p: int, kind: str) -> int | None:
        """x, where `v` says that x is better than `p`, else None."""
        name, args = self.function.ops[v].name, self.function.args[v]
        straight, turned, _ = BETTER[kind]
        if name == straight and args[1] == p and args[0] != p:
            return args[0]
        if name == turned and args[0] == p and args[1] != p:
            return args[1]
        return None

    def chosen(self, p: int, back: int) -> Carried | None:
        """``p = x if x > p else p``, with comparisons that choose companions."""
        function = self.function
        users = self.users.get(p, [])
        if p in self.read or self.passed.get(p):
            return None
        for kind, (_, _, identity) in BETTER.items():
            tests = [v for v, _ in users if v != back]
            name, args = function.ops[back].name, function.args[back]
            if name == kind and args[1] == p:
                x = args[0]
            elif name == kind and kind[0] == "s" and args[0] == p:
                x = args[1]
            elif name == "select" and args[2] == p and args[0] in tests and self.better(args[0], p, kind) == args[1]:
                x = args[1]
            else:
                continue
            if x != p and tests and all(self.better(v, p, kind) == x for v in tests) and self.only(back, p):
                return Carried(p, back, kind, identity, chain=frozenset(tests))
        return None

    def only(self, back: int, p: int) -> bool:
        """Whether `back` is read nowhere in the loop but by the next iteration's `p`."""
        return back not in self.users and back not in self.read and self.passed.get(back, []) == [p]

    def companion(self, p: int, back: int, found: dict[int, Carried]) -> Carried | None:
        """``p = y if x > m else p``."""
        function = self.function
        if function.ops[back] is not _SELECT or function.args[back][2] != p or function.args[back][1] == p:
            return None
        if self.users.get(p) != [(back, 2)] or self.passed.get(p) or p in self.read or not self.only(back, p):
            return None
        test = function.args[back][0]
        for key in function.args[test]:
            role = found.get(key)
            if role is not None and role.kind in BETTER and self.better(test, key, role.kind) is not None:
                return Carried(p, back, "companion", _zero(function.types[p]), key=key)
        return None

    # -- chains ------------------------------------------------------------------------------------------------------

    def chain(self, p: int, back: int) -> Carried:
        function = self.function
        ops, args = function.ops, function.args
        table = {**_ASSOCIATIVE, **_FAST} if function.fastmath else _ASSOCIATIVE
        inside, work = {p}, [p]
        kinds: dict[str, Any] = {}
        narrow: set[str] = set()
        joins = []
        while work:
            w = work.pop()
            if w in self.read:
                raise Dependence(p, "it decides what the iteration does")
            following = []
            for v, k in self.users.get(w, ()):
                name = ops[v].name
                if name in _NARROW:
                    narrow.add(name)
                elif ops[v] is _SELECT and k:
                    joins.append(args[v][1:])
                else:
                    row = table.get(name)
                    if row is None or k not in row[1]:
                        if name in _FAST:
                            raise Dependence(p, "floats are added and multiplied in order, unless `fastmath=True`")
                        raise Dependence(p, "an iteration reads what the one before computed")
                    kinds[row[0]] = row[2]
                    if args[v][1 - k] == w:
                        raise Dependence(p, "it is combined with itself")
                following.append(v)
            for q in self.passed.get(w, ()):
                if q != p and q in self.header.params:
                    raise Dependence(p, "it is handed on to another variable")
                if q != p:
                    joins.append(tuple(self.incoming[q]))
                    following.append(q)
            for v in following:
                if v not in inside:
                    inside.add(v)
                    work.append(v)
        if back not in inside or any(a not in inside for join in joins for a in join):
            raise Dependence(p, "it is set anew on the way")
        if len(kinds) != 1 or len(narrow) > 1:
            raise Dependence(p, "it is combined in different ways")
        ((kind, identity),) = kinds.items()
        for w in inside:
            for v, k in self.users.get(w, ()):
                if ops[v].name in table and args[v][1 - k] in inside:
                    raise Dependence(p, "it is combined with itself")
        if narrow and (kind not in _NARROWED or ops[back].name not in narrow):
            raise Dependence(p, "it is narrowed in between")
        if function.types[p] is I1:
            identity = bool(identity)
        return Carried(p, back, kind, identity, narrow.pop() if narrow else "", chain=frozenset(inside))


def _zero(type: Type) -> Any:
    return 0.0 if type.is_float else False if type is I1 else 0
