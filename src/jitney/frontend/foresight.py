"""A guess at the types that a loop's variables settle to, so that it need not be lowered twice.

    s = 0.0                     s is a float on entry and a np.float64 after the first iteration: carried as
    for i in range(n):          float | np.float64 from the start
        d = a[i] - b[i]
        s += d * d

The body is read once, in order. A wrong guess costs time, never truth: the loop is then lowered again as without it.
"""

from __future__ import annotations

import _ast

from ..pytypes import COMPLEX, COMPLEX128, FLOAT, INT, SCALARS, Array, Complex, Scalar, union_type
from .arrays import loaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..pytypes import PyType
    from .plan import Plan
    from .state import Lowering

    # The types that a value may have; none where it takes more than a look.
    Types = frozenset[PyType]

_ARITHMETIC = (_ast.Add, _ast.Sub, _ast.Mult, _ast.Div)
_FLOAT64 = SCALARS["float64"]
_UNKNOWN: Types = frozenset()
_CONSTANTS = {int: frozenset((INT,)), float: frozenset((FLOAT,)), complex: frozenset((COMPLEX,))}
_WEAK = (INT, FLOAT, COMPLEX)
"""Python's numbers, in order: an operation on two of them gives the later."""


def foresee(lw: Lowering, node: Any, plan: Plan) -> None:
    """Put guesses for the numbers that the loop changes into a fresh plan."""
    env, live = lw.env, lw.live
    carried = [name for name in live.select(live.head[node] & live.assigned[node]) if name in env]
    before = {name: env[name].type for name in carried if env[name].type in _WEAK}
    if not before or not any(isinstance(value.type, (Array, Scalar)) for value in env.values()):
        return
    guess = _Guess(lw)
    guess.body(node.body, certain=True)
    for name, type in before.items():
        after = guess.types.get(name, _UNKNOWN)
        if not after or name in plan.types:
            continue
        both = after | {type}
        leaves = {t.leaves for t in both}
        strong = [t for t in after if t not in _WEAK]
        if len(strong) != 1:
            continue
        if isinstance(strong[0], Complex):
            plan.types[name] = strong[0]
            plan.peel = True
        elif len(leaves) == 1:
            plan.types[name] = union_type(tuple(both))
        elif strong[0] is _FLOAT64:
            plan.types[name] = strong[0]
            plan.peel = True


class _Guess:
    """The types that names have been given."""

    __slots__ = ("lw", "types")

    def __init__(self, lw: Lowering) -> None:
        self.lw = lw
        self.types: dict[str, Types] = {}

    def body(self, body: list[Any], certain: bool) -> None:
        """Read statements; `certain` if they run in each iteration."""
        for statement in body:
            if isinstance(statement, _ast.AugAssign):
                if isinstance(statement.target, _ast.Name):
                    given = _result(statement.op, self.of(statement.target), self.of(statement.value))
                    self._give(statement.target.id, given, certain)
            elif isinstance(statement, _ast.Assign):
                self._assign(statement.targets[0], statement.value, certain)
            elif isinstance(statement, (_ast.For, _ast.While, _ast.If)):
                self.body(statement.body, certain=False)
                self.body(statement.orelse, certain=False)

    def _assign(self, target: Any, value: Any, certain: bool) -> None:
        if isinstance(target, _ast.Name):
            self._give(target.id, self.of(value), certain)
        elif isinstance(target, _ast.Tuple) and isinstance(value, _ast.Tuple):
            given = [self.of(element) for element in value.elts]
            for inner, types in zip(target.elts, given):
                if isinstance(inner, _ast.Name):
                    self._give(inner.id, types, certain)

    def _give(self, name: str, types: Types, certain: bool) -> None:
        if certain:
            self.types[name] = types
        else:
            known = self._read(name)
            self.types[name] = known | types if types else known

    def _read(self, name: str) -> Types:
        found = self.types.get(name)
        if found is None:
            value = self.lw.env.get(name)
            found = self.types[name] = _UNKNOWN if value is None else _number(value.type)
        return found

    def of(self, tree: Any) -> Types:
        """The types of an expression."""
        if isinstance(tree, _ast.Name):
            return self._read(tree.id)
        if isinstance(tree, _ast.Constant):
            return _CONSTANTS.get(type(tree.value), _UNKNOWN)
        if isinstance(tree, _ast.BinOp):
            return _result(tree.op, self.of(tree.left), self.of(tree.right))
        if isinstance(tree, _ast.Subscript) and isinstance(tree.value, _ast.Name):
            array = self.lw.env.get(tree.value.id)
            if array is not None and isinstance(array.type, Array) and _rank(tree.slice) == array.type.ndim:
                return _number(loaded(array.type.item))
        return _UNKNOWN


def _number(type: PyType) -> Types:
    return frozenset((type,)) if type in _WEAK or isinstance(type, (Scalar, Complex)) else _UNKNOWN


def _rank(index: Any) -> int:
    """How many axes a subscript takes away; -1 where that takes more than a look."""
    items = index.elts if isinstance(index, _ast.Tuple) else [index]
    for item in items:
        if isinstance(item, _ast.Slice) or (isinstance(item, _ast.Constant) and not isinstance(item.value, int)):
            return -1
    return len(items)


def _result(op: Any, left: Types, right: Types) -> Types:
    """The types of an operation's result. Whatever is unknown is taken to fit an operand that is NumPy's."""
    if not isinstance(op, _ARITHMETIC):
        return _UNKNOWN
    if not left or not right:
        known = [t for t in left | right if t not in _WEAK]
        return frozenset(known) if len(known) == 1 else _UNKNOWN
    found = {_of_two(op, a, b) for a in left for b in right}
    return _UNKNOWN if None in found else frozenset(found)  # type: ignore[arg-type]


def _of_two(op: Any, a: PyType, b: PyType) -> PyType | None:
    if a in _WEAK and b in _WEAK:
        both = max(_WEAK.index(a), _WEAK.index(b))
        return _WEAK[max(both, 1 if isinstance(op, _ast.Div) else 0)]
    if a in _WEAK:
        a, b = b, a
    if isinstance(a, Complex):
        return a if a is b or b in _WEAK else None
    if isinstance(b, Complex):
        return COMPLEX128 if a is _FLOAT64 and b is COMPLEX else None
    whole = isinstance(a, Scalar) and a.kind in "iu"
    if a is _FLOAT64 or b is _FLOAT64 or (whole and (b is FLOAT or isinstance(op, _ast.Div))):
        return _FLOAT64
    return a if a is b or b in _WEAK else None
