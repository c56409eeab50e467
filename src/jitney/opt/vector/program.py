"""Vector instructions before they are emitted: what they are, whether the target has them, what they cost."""

from __future__ import annotations

from ...ir.ops import OPS, result_of
from .body import Missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...ir.types import Type

# What splat gets, and what stands for lanes: see `Program`.
SCALAR, FIRST, ACCUMULATOR, LEFT, ELEMENT = "scalar", "first", "accumulator", "left", "element"
_OPPOSITE = {
    "eq": "ne", "ne": "eq", "slt": "sge", "sge": "slt", "sgt": "sle", "sle": "sgt", "ult": "uge", "uge": "ult",
    "ugt": "ule", "ule": "ugt", "feq": "fne", "fne": "feq",
}  # fmt: skip
_LANES_OF = ("low", "high", "join", "vsext", "vtrunc")
MEMORY = ("load", "store", "mload", "mstore", ELEMENT)
_STORES = ("store", "mstore")
_REGISTERS = 15  # that values which change may take, one being left for what is added to one at once
_MOST_ORDERED = 400  # instructions
_COMPARES = frozenset(_OPPOSITE)
# Other than 1.
COSTS = {
    FIRST: 0.0, ACCUMULATOR: 0.0, LEFT: 0.0, "fdiv": 8.0, "fsqrt": 9.0, "fpower": 9.0, "select": 1.5, "load": 0.5,
    "store": 1.0, "mload": 1.5, "mstore": 2.0, "fcall": 40.0, "join": 1.0, "low": 0.0, "high": 1.0, "vtrunc": 1.5,
}  # fmt: skip


class Program:
    """Vector instructions, and scalar ones between them, by number.

    Besides operations of the IR there are leaves: `SCALAR` (imm: an old value that is invariant), `FIRST` (imm: an old
    value, computed for lane 0), `ACCUMULATOR` (imm: number of a parameter of the vector loop), `LEFT` (how many
    iterations are left). The imm of a `load` or `store` is (old access, bytes from lane 0). `ELEMENT` loads what is at
    (base, index) (imm: old access, bytes from there, scale), a scalar or two of them.

    Attributes:
        varying: whether it is computed in each round. cost: of a round, roughly in cycles of one unit.
    """

    __slots__ = ("_known", "_target", "args", "cost", "imms", "ops", "types", "varying")

    def __init__(self, target: Any) -> None:
        self._target = target
        self.ops: list[str] = []
        self.args: list[tuple[int, ...]] = []
        self.imms: list[Any] = []
        self.types: list[Type] = []
        self.varying: list[bool] = []
        self.cost = 0.0
        self._known: dict[Any, int] = {}

    def leaf(self, kind: str, imm: Any, type: Type) -> int:
        return self._put(kind, (), imm, type, kind != SCALAR)

    def const(self, type: Type, value: Any) -> int:
        if type.lanes > 1 and not isinstance(value, tuple):
            value = (value,) * type.lanes
        return self._put("const", (), value, type, False)

    def emit(self, name: str, args: tuple[int, ...], type: Type | None = None, imm: Any = None) -> int:
        """One operation; its result type may be omitted where the arguments determine it."""
        types = self.types
        given = [types[a] for a in args]
        if type is None:
            type = result_of(OPS[name], given)
        asked = next((t for t in given if t.lanes > 1), type)
        if asked.lanes > 1 and name not in ("fcall", ELEMENT) and not self._target.supports(name, asked):
            raise Missing(f"{name} of {asked}")
        changes = name in MEMORY or any(self.varying[a] for a in args)
        return self._put(name, args, imm, type, changes)

    def late(self) -> list[bool]:
        """Of each instruction, whether it needs an element that is looked up."""
        late: list[bool] = []
        for name, args in zip(self.ops, self.args):
            late.append(name == ELEMENT or any(late[a] for a in args))
        return late

    def opposite(self, mask: int) -> int:
        """Where `mask` is not set: the other comparison, or other operations on such, where that is no more work."""
        name, args = self.ops[mask], self.args[mask]
        if name == "not":
            return args[0]
        if name in _OPPOSITE:
            return self.emit(_OPPOSITE[name], args)
        if name in ("and", "or"):
            kept = [self._is_opposed(a) for a in args]
            if all(kept):
                return self.emit("or" if name == "and" else "and", tuple([self.opposite(a) for a in args]))
        elif name in _LANES_OF and self._is_opposed(mask):
            return self.emit(name, tuple([self.opposite(a) for a in args]), self.types[mask])
        return self.emit("not", (mask,))

    def _is_opposed(self, mask: int) -> bool:
        """Whether `opposite` costs nothing."""
        name, args = self.ops[mask], self.args[mask]
        if name in _LANES_OF or name in ("and", "or"):
            return all(self._is_opposed(a) for a in args)
        return name == "not" or name in _OPPOSITE

    def _put(self, name: str, args: tuple[int, ...], imm: Any, type: Type, varying: bool) -> int:
        key = (name, args, imm, type)
        memory = name in MEMORY
        if not memory:
            if name == "const":
                # -0.0 and 0.0 are equal, True and 1 too.
                key = (name, args, repr(imm), type)
            found = self._known.get(key)
            if found is not None:
                return found
        found = len(self.ops)
        self.ops.append(name)
        self.args.append(args)
        self.imms.append(imm)
        self.types.append(type)
        self.varying.append(varying)
        if not memory:
            self._known[key] = found
        if varying:
            self.cost += COSTS.get(name, 1.0)
        return found

    def order(self, results: list[int]) -> list[int]:
        """The instructions of a round, in an order that needs fewer registers at a time where there are too few: not
        all copies of one operation and then all of the next, but result after result, such next that want what has
        just been computed. Where something is stored, the order stays."""
        found = [n for n, varying in enumerate(self.varying) if varying]
        stores = any(self.ops[n] in _STORES for n in found)
        if stores or len(found) > _MOST_ORDERED or self._live(found, results) <= _REGISTERS:
            return found
        needs = {r: self._needs(r) for r in dict.fromkeys(results)}
        other: list[int] = []
        done: set[int] = set()
        last: set[int] = set()
        while needs:
            best = min(needs, key=lambda r: (last.isdisjoint(needs[r]), len(needs[r] - done), r))
            last = needs.pop(best)
            other += sorted(last - done)
            done |= last
        other += [n for n in found if n not in done]
        return other if self._live(other, results) < self._live(found, results) else found

    def _needs(self, n: int) -> set[int]:
        """What changes and `n` is computed from, and `n`."""
        found: set[int] = set()
        work = [n]
        while work:
            n = work.pop()
            if self.varying[n] and n not in found:
                found.add(n)
                work += self.args[n]
        return found

    def _live(self, order: list[int], results: list[int]) -> int:
        """How many vectors wait to be used at a time, at most. A comparison for one choice is made there."""
        users: dict[int, list[int]] = {}
        for n in order:
            for a in self.args[n]:
                users.setdefault(a, []).append(n)
        place = {n: k for k, n in enumerate(order)}
        end = len(order)
        last: dict[int, int] = {}
        for n in reversed(order):
            if self.ops[n] in _COMPARES and len(users.get(n, ())) == 1:
                place[n] = place[users[n][0]]
            for a in self.args[n]:
                last[a] = max(last.get(a, -1), place[n])
        last.update(dict.fromkeys(results, end))
        moves = [0] * (end + 1)
        live = most = 0
        for n in order:
            if self.types[n].lanes > 1 and n in last and self.ops[n] not in _COMPARES:
                if self.ops[n] == ACCUMULATOR:
                    live += 1
                else:
                    moves[place[n]] += 1
                moves[last[n]] -= 1
        for change in moves:
            live += change
            most = max(most, live)
        return most
