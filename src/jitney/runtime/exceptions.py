"""From a failing site in compiled code to the exception CPython would raise there, with its traceback.

Needed only where a call cannot simply be run again by CPython because something visible has happened (see
docs/ir.md). A site names its `kind`, one row of `KINDS`; its line, and those of the calls passed on the way
out, become traceback entries of the user's file.

The entries are made by running, for each line, a two-instruction code object that carries the user's file
name, function name and line and raises the exception: what CPython records is then an ordinary traceback
entry, which debuggers and loggers understand. (Jinja gives templates their lines in this way.)
"""

from __future__ import annotations

import struct
import sys
from _weakref import ref
from ctypes import c_char

from ..ir import context
from ..ir.types import F32, F64, I1, I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _weakref import ReferenceType
    from collections.abc import Callable
    from functools import partial
    from types import CodeType, TracebackType
    from typing import Any

    from ..ir.function import Function, Site
    from ..ir.types import Type
else:
    # `functools` itself would be imported for this alone.
    from _functools import partial

# -- which function a site belongs to
# ----------------------------------------------------------------------------------


class Registration:
    """A function's sites, known to the runtime for as long as this lives. Make with `register`.

    Attributes:
        id: the function id that the compiled code writes into the context.
        name, file: as shown in a traceback.
        namespace: the globals of the traceback's frames.
        sites: the function's list, by index.
    """

    __slots__ = ("__weakref__", "file", "id", "name", "namespace", "sites")

    def __init__(self, id: int, name: str, file: str, namespace: dict[str, Any], sites: list[Site]) -> None:
        self.id = id
        self.name = name
        self.file = file
        self.namespace = namespace
        self.sites = sites


_registered: dict[int, ReferenceType[Registration]] = {}
_last_id = 0


def register(function: Function, name: str, namespace: dict[str, Any]) -> Registration:
    """Give `function` its id; to be called before its code is generated.

    Args:
        name: the function's, as a traceback shows it.
        namespace: its globals.
    """
    global _last_id
    _last_id = id = _last_id + 1
    function.id = id
    made = Registration(id, name, function.file, namespace, function.sites)
    _registered[id] = ref(made, partial(_registered.pop, id))
    return made


# -- what a site's kind raises
# -----------------------------------------------------------------------------------------


if TYPE_CHECKING:
    Maker = Callable[[Registration, Site, dict[str, Any]], BaseException]


def _overflow(record: Registration, site: Site, values: dict[str, Any]) -> BaseException:
    return OverflowError(
        f"an int beyond 64 bits in line {site.line} of {record.name}(): compiled code holds ints in 64 bits, and "
        "CPython could not take over because the function had already changed an array. Use NumPy integers (which "
        "wrap) or floats there, or compute the number in a function of its own, before the first store"
    )


def _index(record: Registration, site: Site, values: dict[str, Any]) -> BaseException:
    axis = site.detail if isinstance(site.detail, int) else 0
    captured = list(values.values())
    if len(captured) < 2:
        return IndexError(f"index is out of bounds for axis {axis}")
    return IndexError(f"index {captured[0]} is out of bounds for axis {axis} with size {captured[1]}")


def _raise(record: Registration, site: Site, values: dict[str, Any]) -> BaseException:
    exception, args = site.detail
    try:
        made = exception(*args)
    except Exception as error:
        return error.with_traceback(None)
    return made if isinstance(made, BaseException) else TypeError("exceptions must derive from BaseException")


def _assert(record: Registration, site: Site, values: dict[str, Any]) -> BaseException:
    return AssertionError(*(site.detail or ()))


def _unbound(record: Registration, site: Site, values: dict[str, Any]) -> BaseException:
    return _raised_by(f"def function():\n    del {site.detail}\nfunction()", {})


def _evaluated(default: str) -> Maker:
    """The kinds whose `detail` is Python text that raises when run with the captured values under their
    names: the message is then that of the running Python version.
    """
    return lambda record, site, values: _raised_by(site.detail or default, values)


def _guess(record: Registration, site: Site, values: dict[str, Any]) -> BaseException:
    return RuntimeError(
        f"in line {site.line} of {record.name}() the result of {site.detail} is of another type than compiled code "
        "expects, and CPython could not take over because the function had already changed something"
    )


def _changed(record: Registration, site: Site, values: dict[str, Any]) -> BaseException:
    return RuntimeError(
        f"what line {site.line} of {record.name}() calls gave an array another shape, dtype, memory or flags in place, "
        "which compiled code cannot follow"
    )


def _pending(record: Registration, site: Site, values: dict[str, Any]) -> BaseException:
    return SystemError("a C function failed without an exception")


def _message(exception: type[BaseException], default: str) -> Maker:
    return lambda record, site, values: exception(site.detail or default)


KINDS: dict[str, Maker] = {
    # CPython would have gone on here; `detail` is for the optimiser.
    "overflow": _overflow,
    # detail: the axis. Captures: the index and the length.
    "index": _index,
    # detail: text to run, see `_evaluated`.
    "zerodivision": _evaluated("1 // 0"),
    "evaluate": _evaluated("raise RuntimeError('nothing to evaluate')"),
    # detail: (exception class, arguments).
    "raise": _raise,
    # detail: the arguments of AssertionError, or None.
    "assert": _assert,
    # What was called gave something unexpected; detail: its name.
    "guess": _guess,
    # What was called changed the shape, dtype or memory of an array in place.
    "changed": _changed,
    # A C function has failed and has set the exception.
    "pending": _pending,
    # detail: the variable's name.
    "unbound": _unbound,
    # A poll that fails without an exception: the process has lost its threads.
    "poll": _message(RuntimeError, "the process was forked by a signal handler in the middle of a parallel loop"),
    # detail: the message, or None for the usual one.
    "recursion": _message(RecursionError, "maximum recursion depth exceeded"),
    "value": _message(ValueError, "math domain error"),
    "range": _message(OverflowError, "math range error"),
    "type": _message(TypeError, "unsupported operand type(s)"),
    "readonly": _message(ValueError, "assignment destination is read-only"),
}


def _raised_by(text: str, values: dict[str, Any]) -> BaseException:
    namespace = dict(values)
    try:
        exec(text, namespace)
    except Exception as error:
        error.__traceback__ = None
        return error
    finally:
        namespace.clear()
    return RuntimeError(f"{text!r} did not raise")


def failure(address: int, pending: BaseException | None) -> BaseException:
    """The exception that ends a call, with the traceback of the compiled frames it passed.

    Args:
        address: of the context record of the outermost call, which has failed. pending: the exception that
        was set when the code left: a signal handler's, raised during a poll. Otherwise
            the site says what to raise.
    """
    try:
        words = _words(address)
        places = [_place(words[context.SITE // 8])]
        count = min(words[context.TRACE_COUNT // 8], context.TRACE_MAX)
        first = context.TRACE // 8
        places.extend(_place(word) for word in words[first : first + count])
        error = pending if pending is not None else _made(*places[0], words)
        traceback = error.__traceback__
        try:
            for record, site in places:
                if site.kind == "chunk":
                    # The frame of the function that the loop is part of follows from the sites inside it.
                    continue
                for name, file, line in site.inlined:
                    traceback = _entry(error, name, file, record.namespace, line, traceback)
                traceback = _entry(error, record.name, record.file, record.namespace, site.line, traceback)
        except RecursionError:
            # Where there is no room for another frame, the traceback lacks some.
            pass
        return error.with_traceback(traceback)
    finally:
        # The traceback's frames lead back to this one: what it held would keep itself alive.
        pending = error = traceback = None  # type: ignore[assignment]


def kind_of(address: int) -> str:
    """The kind of the site that failed in the call whose context is at `address`."""
    return _place(_words(address)[context.SITE // 8])[1].kind


def _made(record: Registration, site: Site, words: tuple[int, ...]) -> BaseException:
    """The exception that the site names, with the captured values in its message."""
    # The `index` operation itself captures the index and the length.
    types = site.captures or ((I64, I64) if site.kind == "index" else ())
    captured = words[context.CAPTURES // 8 : context.CAPTURES // 8 + len(types)]
    names = site.names or tuple(str(k) for k in range(len(types)))
    values = {n: _value(w, t) for n, w, t in zip(names, captured, types)}
    return KINDS.get(site.kind, _overflow)(record, site, values)


def _words(address: int) -> tuple[int, ...]:
    return struct.unpack(f"<{context.SIZE // 8}q", (c_char * context.SIZE).from_address(address).raw)


def _place(word: int) -> tuple[Registration, Site]:
    record = _registered[word >> 32]()
    assert record is not None, "code that runs keeps its sites"
    return record, record.sites[word & 0xFFFFFFFF]


def _value(word: int, type: Type) -> Any:
    """What a captured machine value holds, as a Python object."""
    if type is F64:
        return struct.unpack("<d", struct.pack("<q", word))[0]
    if type is F32:
        return struct.unpack("<f", struct.pack("<q", word)[:4])[0]
    if type is I1:
        return bool(word & 1)
    return word


# -- traceback entries
# -------------------------------------------------------------------------------------------------


def _entry(
    error: BaseException, name: str, file: str, namespace: dict[str, Any], line: int, inner: TracebackType | None
) -> TracebackType:
    """A traceback entry for `line`, before the entries `inner`.

    Raises:
        BaseException: whatever kept the code from running: a RecursionError, or what a signal handler raises.
    """
    names = {"error": error}
    made: Any = None
    try:
        exec(_raiser(name, file, line), namespace, names)
    except BaseException as caught:
        if caught is not error:
            raise
        made = caught.__traceback__.tb_next  # type: ignore[union-attr]
    try:
        return type(made)(inner, made.tb_frame, made.tb_lasti, line)  # type: ignore[no-any-return]
    finally:
        # As in `failure`; and the frame made here keeps this dict as its locals.
        names.clear()
        error = inner = made = None  # type: ignore[assignment]


def _raiser(name: str, file: str, line: int) -> CodeType:
    code = compile("raise error", file, "exec")
    code = code.replace(co_name=name, co_firstlineno=line)
    if sys.version_info >= (3, 11):
        # One location entry for up to eight code units, of the form "this line, no columns" (13): otherwise
        # the columns of `raise error` would be underlined in the user's line.
        units = len(code.co_code) // 2
        table = bytearray()
        while units:
            here = min(units, 8)
            table += bytes((0x80 | 13 << 3 | here - 1, 0))
            units -= here
        code = code.replace(co_qualname=name, co_linetable=bytes(table))
    return code
