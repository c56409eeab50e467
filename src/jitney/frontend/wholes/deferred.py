"""Expressions over whole arrays whose computing is put off until somebody uses them.

    a * b + np.sqrt(c)          Whole: shape; element = +(*(a[i], b[i]), sqrt(c[i]))

Whoever consumes one (a store, a reduction, an assignment to a name) makes the one loop that computes it: there are no
temporaries. The tree of nodes says how an element is computed from the operands' elements.
"""

from __future__ import annotations

from ...ir.function import ARRAY_DATA
from ...ir.ops import OPS
from ...ir.types import I1
from ...pytypes import PyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...pytypes import Scalar
    from ..operators.ufunc_loops import UfuncLoop
    from ..state import Lowering, Val

    Element = Callable[[Lowering, list[Val]], Val]

_STORE, _CALL, _CCALL = OPS["store"], OPS["call"], OPS["ccall"]
_HARMLESS = ("np.", "PyMem_", "PyArray_", "Py_", "PyFloat_", "PyLong_", "PyErr_")


class Node:
    """How an element is computed; `type` is what it gives. Nodes are compared by identity."""

    __slots__ = ("type",)

    def __init__(self, type: PyType) -> None:
        self.type = type


class Operand(Node):
    """An element of `array`, whose axes are the last ones of the expression's; one of length 1 is stretched."""

    __slots__ = ("array",)

    def __init__(self, array: Val) -> None:
        super().__init__(array.type.item)  # type: ignore[attr-defined]
        self.array = array


class Number(Node):
    """The same value for all elements."""

    __slots__ = ("value",)

    def __init__(self, value: Val) -> None:
        super().__init__(value.type)
        self.value = value


class Map(Node):
    """What `function` makes of the values of `parts`: the operator or ufunc `name`. It never leaves."""

    __slots__ = ("function", "name", "parts")

    def __init__(self, type: Scalar, name: str, function: Element, parts: tuple[Node, ...]) -> None:
        super().__init__(type)
        self.name = name
        self.function = function
        self.parts = parts


class Inner(Node):
    """What NumPy's own inner loop makes of `parts`, whose types are the loop's."""

    __slots__ = ("loop", "parts")

    def __init__(self, loop: UfuncLoop, parts: tuple[Node, ...]) -> None:
        super().__init__(loop.output)
        self.loop = loop
        self.parts = parts


class Whole(PyType):
    """The type of one deferred expression, which it holds; a value of it has no parts.

    Attributes:
        item: the elements' type. shape: the lengths (i64 values). node: how an element is computed.
    """

    __slots__ = ("item", "node", "shape")

    def __init__(self, item: Scalar, shape: tuple[int, ...], node: Node) -> None:
        super().__init__(f"array({item.dtype}, {len(shape)}d) expression", ())
        self.item = item
        self.shape = shape
        self.node = node

    @property
    def ndim(self) -> int:
        return len(self.shape)


def walk(roots: tuple[Node, ...]) -> list[Node]:
    """All nodes below `roots`, each once, parts before what is made of them."""
    out: list[Node] = []
    seen: set[Node] = set()

    def visit(node: Node) -> None:
        if node not in seen:
            seen.add(node)
            if isinstance(node, (Map, Inner)):
                for part in node.parts:
                    visit(part)
            out.append(node)

    for root in roots:
        visit(root)
    return out


def arrays_of(node: Node) -> list[Val]:
    """The arrays that are read."""
    return [n.array for n in walk((node,)) if isinstance(n, Operand)]


def has_effects(lw: Lowering, first: int) -> bool:
    """Whether what has been emitted from value `first` on may change an array that was there before."""
    ops, imms, fresh = lw.function.ops, lw.function.imms, lw.fresh_stores
    for v in range(first, len(ops)):
        if v in fresh:
            continue
        op = ops[v]
        if op is _STORE:
            if imms[v].region == ARRAY_DATA:
                return True
        elif op is _CALL:
            # The callee's dirty flag is its last result: there is none where it has no effects.
            if imms[v].params and imms[v].results[-1:] == (I1,):
                return True
        elif op is _CCALL and not imms[v].pure and not imms[v].name.startswith(_HARMLESS):
            return True
    return False
