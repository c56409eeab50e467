"""A guess at the types that a loop's sums settle to, so that it need not be lowered twice.

    s = 0.0                     s is a float on entry and a np.float64 after the first iteration: carried as
    for i in range(n):          float | np.float64 from the start
        s += a[i] * b[i]

A wrong guess costs time, never truth: the loop is then lowered again as without it.
"""

from __future__ import annotations

import _ast

from ..pytypes import COMPLEX, FLOAT, INT, SCALARS, Array, Complex, Scalar, union_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .plan import Plan
    from .state import Lowering

_SUMS = (_ast.Add, _ast.Sub, _ast.Mult)
_NESTED = (_ast.For, _ast.While, _ast.If)
_FLOAT64 = SCALARS["float64"]


def foresee(lw: Lowering, node: Any, plan: Plan) -> None:
    """Put guesses for names that ``name += expression of elements`` changes into a fresh plan."""
    for statement in _sums(node.body):
        name = statement.target.id
        value = lw.env.get(name)
        if value is None or name in plan.types or value.type not in (INT, FLOAT, COMPLEX):
            continue
        added = _elements(lw, statement.value)
        if added is None:
            continue
        if isinstance(added, Complex):
            plan.types[name] = added
            plan.peel = True
            continue
        if value.type is FLOAT and added.kind in "iu":
            added = _FLOAT64
        if added.leaves == value.type.leaves:
            plan.types[name] = union_type((value.type, added))
        elif added is _FLOAT64:
            plan.types[name] = added
            plan.peel = True


def _sums(body: list[Any]) -> list[Any]:
    found = []
    for statement in body:
        if isinstance(statement, _NESTED):
            found.extend(_sums(statement.body))
            found.extend(_sums(statement.orelse))
        elif (
            isinstance(statement, _ast.AugAssign)
            and isinstance(statement.target, _ast.Name)
            and isinstance(statement.op, _SUMS)
        ):
            found.append(statement)
    return found


def _rank(index: Any) -> int:
    """How many axes a subscript takes away; -1 where that takes more than a look."""
    items = index.elts if isinstance(index, _ast.Tuple) else [index]
    for item in items:
        if isinstance(item, _ast.Slice) or (isinstance(item, _ast.Constant) and not isinstance(item.value, int)):
            return -1
    return len(items)


def _elements(lw: Lowering, tree: Any) -> Scalar | None:
    """The NumPy scalar type of an expression over elements of arrays, None if that takes more than a look."""
    found: Scalar | None = None
    work = [tree]
    while work:
        node = work.pop()
        if isinstance(node, _ast.BinOp) and isinstance(node.op, _SUMS):
            work += [node.left, node.right]
        elif isinstance(node, _ast.Subscript) and isinstance(node.value, _ast.Name):
            array = lw.env.get(node.value.id)
            if array is None or not isinstance(array.type, Array) or _rank(node.slice) != array.type.ndim:
                return None
            item = array.type.item
            if found is None or found is item:
                found = item
            elif isinstance(found, Complex) or isinstance(item, Complex):
                return None
            elif found is _FLOAT64 or item is _FLOAT64:
                found = _FLOAT64
            else:
                return None
        elif not isinstance(node, (_ast.Name, _ast.Constant)):
            return None
    return found
