"""Memory accesses of a counted loop as linear functions of its counter, and which of them depend on each other.

The address of an access is ``sum of multiples of invariants + coef * k + const``, modulo 2**64, for the counter k:
address arithmetic wraps, so no assumption is needed. Two accesses with the same invariants and the same `coef` meet
after a known number of iterations, the *distance* (a dependence test for single subscripts: Allen, Kennedy 2001). All
other pairs have to be told apart at run time, by the ranges of bytes that they cover in the whole loop.
"""

from __future__ import annotations

from ..ir.ops import OPS, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..ir.function import Memory
    from ..ir.ops import Op

    # The operation, arguments and imm that compute a value in the loop; None for what is invariant.
    Definition = Callable[[int], "tuple[Op, tuple[int, ...], Any] | None"]

_ADD, _SUB, _MUL, _SHL, _NEG, _PTRADD = (OPS[name] for name in ("add", "sub", "mul", "shl", "neg", "ptradd"))
_CONST = OPS["const"]


class Linear:
    """``sum(mult * value for value, mult in terms) + coef * k + const``, modulo 2**64."""

    __slots__ = ("coef", "const", "terms")

    def __init__(self, terms: dict[int, int], coef: int, const: int) -> None:
        self.terms = terms
        self.coef = coef
        self.const = const

    def plus(self, other: Linear, sign: int) -> Linear:
        terms = self.terms
        if other.terms:
            terms = dict(terms)
            for value, mult in other.terms.items():
                terms[value] = wrap(terms.get(value, 0) + sign * mult)
                if not terms[value]:
                    del terms[value]
        return Linear(terms, wrap(self.coef + sign * other.coef), wrap(self.const + sign * other.const))

    def times(self, k: int) -> Linear:
        terms = {v: wrap(m * k) for v, m in self.terms.items() if wrap(m * k)}
        return Linear(terms, wrap(self.coef * k), wrap(self.const * k))

    @property
    def key(self) -> tuple[Any, ...]:
        """Of two with the same key the difference is a number."""
        return (frozenset(self.terms.items()), self.coef)


class Access:
    """One load or store.

    Attributes:
        value: the instruction. memory: its `Memory`. store: whether it writes.
        at: its address.
    """

    __slots__ = ("at", "memory", "store", "value")

    def __init__(self, value: int, memory: Memory, store: bool, at: Linear) -> None:
        self.value = value
        self.memory = memory
        self.store = store
        self.at = at


class Addresses:
    """Linear forms of the values in a loop, found on demand."""

    __slots__ = ("_counter", "_definition", "_found")

    def __init__(self, counter: int, definition: Definition) -> None:
        self._counter = counter
        self._definition = definition
        self._found: dict[int, Linear | None] = {counter: Linear({}, 1, 0)}

    def of(self, base: int, index: int | None, memory: Memory) -> Linear | None:
        """The address of an access; None if it is not linear."""
        at = self.linear(base)
        if at is not None and index is not None:
            offset = self.linear(index)
            at = at.plus(offset.times(memory.scale), 1) if offset is not None else None
        return at.plus(Linear({}, 0, memory.disp), 1) if at is not None else None

    def linear(self, v: int) -> Linear | None:
        if v in self._found:
            return self._found[v]
        found: Linear | None = None
        defined = self._definition(v)
        if defined is None:
            found = Linear({v: 1}, 0, 0)
        else:
            op, args, imm = defined
            if op is _CONST:
                found = Linear({}, 0, wrap(imm))
            elif op is _ADD or op is _SUB or op is _PTRADD:
                a, b = self.linear(args[0]), self.linear(args[1])
                if a is not None and b is not None:
                    found = a.plus(b, -1 if op is _SUB else 1)
            elif op is _MUL:
                a, b = self.linear(args[0]), self.linear(args[1])
                if a is not None and b is not None:
                    found = _product(a, b) or _product(b, a)
            elif op is _SHL:
                a, b = self.linear(args[0]), self.linear(args[1])
                if a is not None and b is not None and not b.terms and not b.coef:
                    found = a.times(1 << (b.const & 63))
            elif op is _NEG:
                a = self.linear(args[0])
                found = a.times(-1) if a is not None else None
        self._found[v] = found
        return found


def _product(a: Linear, b: Linear) -> Linear | None:
    return a.times(b.const) if not b.terms and not b.coef else None


def distance(first: Access, later: Access, step: int) -> int | None:
    """How many iterations after `first` (before, if negative) `later` touches the same bytes; 0 if in the same one.

    `first` comes first within an iteration, and both have the same key and move. Returns None if they never meet.
    Raises:
        ValueError: they overlap in part.
    """
    stride = first.at.coef * step
    apart = wrap(first.at.const - later.at.const)
    rest = apart % abs(stride)
    if rest == 0 and first.memory.access.size == later.memory.access.size <= abs(stride):
        return apart // stride
    # `later` moved by whole strides begins `rest` bytes before `first`, or abs(stride) - rest after it.
    if rest >= later.memory.access.size and abs(stride) - rest >= first.memory.access.size:
        return None
    raise ValueError("partial overlap")
