"""What Python's own collections do most often, without a look-up of methods and without ints as objects.

    items.append(x)      PyList_Append(items, box(x))
    items[i]             PyList_GetItem(items, i), one more reference
    len(items)           PyObject_Size(items)

Only for objects of exactly these classes. A list that this very call has made (`Object.local`) is nobody else's: what
is done to it is not seen from outside.
"""

from __future__ import annotations

from ..ir.types import I64
from ..pytypes import INT, Object, object_type
from . import objects
from .state import NONE_VAL, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .state import Lowering

_SIZED = frozenset((list, tuple, dict, set, frozenset, str, bytes))


def is_list(value: Val) -> bool:
    """Whether it is exactly a list."""
    return isinstance(value.type, Object) and value.type.kind is list


def is_local(value: Val) -> bool:
    """Whether it is a list that nobody else knows."""
    return is_list(value) and value.type.local  # type: ignore[attr-defined]


def append(lw: Lowering, owner: Val, item: Val, node: Any) -> Val:
    """``owner.append(item)`` of a list."""
    boxed = objects.box(lw, item)
    lw.at(node)
    if not is_local(owner):
        lw.set_dirty()
    status = objects.api(lw, "PyList_Append", owner.parts[0], boxed.parts[0], result=I64)
    objects.check_status(lw, status)
    return NONE_VAL


def item(lw: Lowering, owner: Val, index: Val) -> Val:
    """``owner[index]`` of a list, by an int."""
    b, count = lw.b, _size(lw, owner)
    i = index.parts[0]
    at = b.emit("select", b.emit("slt", i, lw.int_const(0)), b.emit("add", i, count), i)
    lw.check(b.emit("ult", at, count), "raise", (IndexError, ("list index out of range",)))
    object = objects.api(lw, "PyList_GetItem", owner.parts[0], at)
    objects.effect(lw, "Py_IncRef", object)
    lw.own.hold(object)
    return Val(object_type(None, True), (object,))


def length(lw: Lowering, value: Val) -> Val | None:
    """``len(value)``; None where its class is not known."""
    if not isinstance(value.type, Object) or value.type.kind not in _SIZED:
        return None
    return Val(INT, (_size(lw, value),))


def _size(lw: Lowering, value: Val) -> int:
    """Of one of these classes that cannot fail."""
    return objects.api(lw, "PyObject_Size", value.parts[0], result=I64)
