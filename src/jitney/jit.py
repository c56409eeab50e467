"""The decorator, and the dispatcher behind each jitted function.

A call jumps into machine code (`runtime/entry.py`) that serves the argument types seen so far. Whatever it cannot serve
it hands to `Dispatcher.slow`, which compiles, or looks moved names up again, or decides for CPython; it *returns* what
the machine code is to call with the same arguments, so that no frame of ours shows in a traceback.
"""

from __future__ import annotations

import gc
import os
import sys
from _thread import RLock
from _warnings import warn_explicit
from _weakref import ref
from time import perf_counter
from types import FunctionType

from . import pipeline, report
from .asm import memory
from .errors import FallbackWarning, UnsupportedError
from .frontend.calls import CalleeInfo
from .frontend.names import ABSENT
from .frontend.source import file_lines
from .lazy import lazy
from .runtime import arguments, host, stack, stubs
from .runtime.callable import Callable, function_of, function_type, new, set_entry, slow_of
from .runtime.entry import Entry
from .runtime.guards import GuardTable
from .runtime.layouts import LAYOUT, arrays
from .runtime.pieces import assemble_entry
from .runtime.specialization import Specialization, Words
from .runtime.typeof import description, type_of, unusual_dtypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _weakref import ReferenceType
    from typing import Any

    from .pipeline import Compiled
    from .pytypes import PyType
    from .runtime import build_entry
else:
    build_entry = lazy("jitney.runtime", "build_entry")

OPTIONS = ("strict", "fastmath", "nogil", "parallel", "cache")
MAX_SPECIALIZATIONS = 16
"""Argument types a function is compiled for; calls with further ones run in CPython."""
MAX_COMPILATIONS = 64
"""How often a function is compiled in all, counting again after a global it relies on has changed."""
_RECORDS = 64
_ATTEMPTS = 5
_PATIENCE = 10.0
_GENERATOR, _COROUTINE, _ASYNC_GENERATOR, _STAR_ARGS = 0x20, 0x80, 0x200, 0x0C

_lock = RLock()
_compiling: set[tuple[Dispatcher, tuple[PyType, ...]]] = set()


def _fresh_lock() -> None:
    """After a fork, in the child: the thread that held the lock is not there any more."""
    global _lock
    _lock = RLock()
    _compiling.clear()


os.register_at_fork(after_in_child=_fresh_lock)


_limits = stack.StackLimits()


class Dispatcher:
    """What a jitted function is compiled for, and what it does with all other calls.

    Attributes:
        function: the plain function.
        strict: an UnsupportedError instead of a FallbackWarning.
        options: all options of the decorator.
        records: what became of each tuple of argument types, in order of appearance.
        volatile: names whose value has changed: numbers are read at entry from then on.
    """

    __slots__ = (
        "__weakref__", "_binding", "_chain", "_code", "_compilations", "_flexible", "_jitted", "_left",
        "function", "options", "records", "strict", "volatile",
    )  # fmt: skip

    def __init__(self, function: FunctionType, options: dict[str, Any]) -> None:
        self.function = function
        self.options = options
        self.strict = bool(options.get("strict"))
        self.volatile: frozenset[str] = frozenset()
        self._jitted: ReferenceType[Callable] | None = None
        self._compilations = 0
        self._start_over()

    def _start_over(self) -> None:
        """Forget what was compiled: the function's code is another one."""
        self._code = self.function.__code__
        self._binding = arguments.Binding(self.function)
        self.records: dict[tuple[Any, ...], Specialization] = {}
        # The records that have an entry; each entry goes on to the one before.
        self._chain: list[Specialization] = []
        # Keywords and defaults have been seen: entries handle them too.
        self._flexible = False
        # Kinds of arguments that alone decide that CPython runs the call.
        self._left: set[tuple[type, ...]] = set()

    def bind(self, jitted: Callable) -> None:
        """The object this is for; it holds the dispatcher, not the other way round."""
        self._jitted = ref(jitted)

    # -- calls that compiled code did not take ---------------------------------------------------------------------

    def slow(self, *args: Any, **kwargs: Any) -> Any:
        """What to call instead, with the same arguments: the jitted function again, or the plain one.

        Raises:
            UnsupportedError: it cannot be compiled, and strict was asked for.
        """
        jitted = self._jitted() if self._jitted is not None else None
        if jitted is None or (not kwargs and tuple(map(type, args)) in self._left):
            return self.function
        # Another thread that compiles may wait for what this one holds: then CPython runs the call.
        lock = _lock
        if not lock.acquire(timeout=_PATIENCE):
            return self.function
        # Compiling makes many objects and hardly a cycle: collecting in between is an eighth of its time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            if any(busy is self for busy, _ in _compiling):
                return self.function
            return jitted if self._prepare(jitted, args, kwargs) else self.function
        finally:
            if collecting:
                gc.enable()
            lock.release()

    def _prepare(self, jitted: Callable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Make the entry ready for this call; False if CPython is to run it. True only where something has changed:
        the call is then tried again."""
        self.check_code()
        usual = not kwargs and len(args) == len(self._binding.names) == self._binding.positional
        values = args if usual else self._binding.arrange(args, kwargs)
        if self._code.co_flags & _STAR_ARGS:
            values = ()
        if values is None:
            return False
        record = self._record_for(values)
        if record.reason:
            self._tell(record)
            self._shorten(jitted, record, args, kwargs)
            return False
        changed = record.guards.moved
        record.guards.moved = False
        if not record.address:
            if record not in self._chain:
                self._chain.append(record)
            changed = True
        if not usual and not self._flexible:
            self._flexible = changed = True
        elif not changed and not record.by_number and unusual_dtypes(values):
            record.by_number = changed = True
        if changed:
            try:
                self._install(jitted)
            except Exception as error:
                self._chain.remove(record)
                self._tell(self._leave(record, self._own_fault(error)))
                return False
        return changed

    def _shorten(
        self, jitted: Callable, record: Specialization, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Let later calls like this one, which CPython runs, get there sooner."""
        if not record.told:
            return
        if self._code.co_flags & _STAR_ARGS:
            set_entry(jitted, stubs.address("plain"), None)
        elif not kwargs and all(getattr(t, "tag", -1) >= 0 for t in record.types):
            self._left.add(tuple(map(type, args)))

    def _record_for(self, values: tuple[Any, ...]) -> Specialization:
        types = [type_of(v) for v in values]
        if self._code.co_flags & _STAR_ARGS:
            return self._refused(("*",), "`*args` and `**kwargs` are not supported")
        for name, value, found in zip(self._binding.names, values, types):
            if found is None:
                key = tuple([t or description(v) for t, v in zip(types, values)])
                return self._refused(key, f"the argument {name!r} is {description(value)}, which is not supported")
        return self.specialize(tuple(types))  # type: ignore[arg-type]

    def _refused(self, key: tuple[Any, ...], message: str) -> Specialization:
        record = self.records.get(key)
        if record is None:
            record = self._leave(Specialization(key), self._error(message))
            self._keep(key, record)
        return record

    def _error(self, message: str) -> UnsupportedError:
        """An error at the function's first line."""
        return UnsupportedError(message, self._code.co_filename, self._code.co_firstlineno)

    def check_code(self) -> None:
        """Notice that the function has been given other code."""
        if self.function.__code__ is not self._code:
            self._start_over()

    def specialize(self, types: tuple[PyType, ...]) -> Specialization:
        """What became of these argument types: compiled now if they are new, or if a name they rely on has changed."""
        record = self.current(types)
        if record is None:
            record = self._compile(types)
            self._keep(types, record)
        return record

    def current(self, types: tuple[PyType, ...]) -> Specialization | None:
        """What became of these argument types, if that is known and every name still means the same."""
        self.check_code()
        record = self.records.get(types)
        if record is not None and not record.reason and not record.guards.bind():
            self.volatile |= self._changed_names(record.guards)
            self._drop(record)
            return None
        return record

    def _changed_names(self, guards: GuardTable) -> set[str]:
        cells = dict(zip(map(id, self.function.__closure__ or ()), self._code.co_freevars))
        return {name or cells.get(id(container), "") for container, name in guards.changed}

    def _keep(self, key: tuple[Any, ...], record: Specialization) -> None:
        """Remember the record, unless there are too many, or it says nothing of the next call."""
        if record.symbol is not None or (record.error is not None and len(self.records) < _RECORDS):
            self.records[key] = record

    # -- compiling -------------------------------------------------------------------------------------------------

    def _compile(self, types: tuple[PyType, ...]) -> Specialization:
        record = Specialization(types)
        live = sum(not r.reason for r in self.records.values()) + sum(busy is self for busy, _ in _compiling)
        if live >= MAX_SPECIALIZATIONS or self._compilations >= MAX_COMPILATIONS:
            message = "it has been compiled often enough, for other argument types or after changes of globals"
            return self._leave(record, self._error(message))
        self._compilations += 1
        busy = (self, types)
        _compiling.add(busy)
        try:
            for _ in range(_ATTEMPTS):
                if self._made(record, pipeline.compile(self.function, types, _Hooks(self))):
                    break
            else:
                record.reason = "what it relies on is being changed all the time"
        except UnsupportedError as error:
            self._leave(record, error)
        except (RecursionError, MemoryError) as error:
            if isinstance(error, RecursionError) and _is_shallow():
                self._leave(record, self._error("its expressions are nested too deeply for the compiler"))
            else:
                # The caller's fault rather than the function's: the next call may go well.
                record.reason = repr(error)
        except Exception as error:
            self._leave(record, self._own_fault(error))
        finally:
            _compiling.discard(busy)
        return record

    def _own_fault(self, error: Exception) -> UnsupportedError:
        """What to tell of an error in the compiler itself; in the tests it is raised."""
        if os.environ.get("JITNEY_CHECK") == "1":
            raise error
        return self._error(f"the compiler failed, which is a bug in jitney ({type(error).__name__}: {error})")

    def _made(self, record: Specialization, group: list[Compiled]) -> bool:
        """Take over what was compiled, each function for its own dispatcher; False if what one of them relies on has
        changed meanwhile."""
        owners = _owners(group)
        for compiled in group[:-1]:
            dispatcher = dispatcher_of(compiled.unit.callee)
            other = Specialization(compiled.unit.types)
            dispatcher._compilations += 1
            if not dispatcher._fill(other, compiled, owners):
                return False
            dispatcher._keep(other.types, other)
        return self._fill(record, group[-1], owners)

    def _fill(self, record: Specialization, compiled: Compiled, owners: tuple[Any, ...]) -> bool:
        lowered = compiled.lowered
        record.guards = GuardTable(lowered.guards, lowered.hidden, ABSENT)
        if not record.guards.supported:
            raise self._error("a namespace it uses cannot be watched for changes")
        if not record.guards.bind():
            self.volatile |= self._changed_names(record.guards)
            return False
        record.symbol = lowered.function.symbol
        record.result, record.writes = lowered.result, lowered.writes
        record.rows, record.hidden = lowered.guards, lowered.hidden
        record.recursive, record.owns = compiled.unit.recursive, compiled.unit.owns
        limits = _limits if record.recursive else None
        record.words = Words(self.function, self._retirement(record.types), limits)
        record.owners = owners
        record.stages = dict(compiled.stages)
        record.code_size = compiled.code_size
        record.loops = tuple(compiled.notes)
        return True

    @staticmethod
    def _leave(record: Specialization, error: UnsupportedError) -> Specialization:
        """CPython runs these calls, for this reason."""
        # Its traceback would keep the whole compilation alive.
        error.__traceback__ = error.__context__ = error.__cause__ = None
        record.error = error
        record.reason = error.message
        return record

    # -- entries ---------------------------------------------------------------------------------------------------

    def _install(self, jitted: Callable) -> None:
        """Let calls reach the entries of the chain, the newest first; make those that are missing or out of date."""
        next = stubs.address("slow")
        for record in self._chain:
            if not record.address or record.entry_form != (next, self._flexible, record.by_number):
                self._make_entry(record, next)
            next = record.address
        set_entry(jitted, next, [(r.entry_owner, r.owners, r.words, r.guards) for r in self._chain])

    def _make_entry(self, record: Specialization, next: int) -> None:
        assert record.symbol is not None and record.result is not None
        entry = Entry(
            self.function.__name__, record.symbol, record.types, record.result, record.writes, record.guards,
            record.words.address, next, _limits.address() if record.recursive else 0, record.by_number,
            self._binding if self._flexible else None, record.owns,
        )  # fmt: skip
        start = perf_counter()
        assembled = assemble_entry(entry)
        if assembled is not None:
            code, offset = assembled
            region = memory.publish(code)
            record.entry_owner = (region, self._binding)
            address = region.code_address + offset
        else:
            function = build_entry.build_entry(entry)
            record.entry_owner = (pipeline.link([function]), self._binding)
            address = function.symbol.address
        record.stages["entry"] = record.stages.get("entry", 0.0) + perf_counter() - start
        record.address = address
        record.entry_form = (next, self._flexible, record.by_number)

    def _drop(self, record: Specialization) -> None:
        """Take a record out of use; code that may be running stays with the jitted function."""
        self.records.pop(record.types, None)
        if record in self._chain:
            self._chain.remove(record)
            jitted = self._jitted() if self._jitted is not None else None
            if jitted is not None:
                self._install(jitted)

    def _retirement(self, types: tuple[PyType, ...]) -> Any:
        """What to call when the specialisation bails out too often."""
        weak = ref(self)

        def hopeless() -> None:
            dispatcher = weak()
            if dispatcher is not None and _lock.acquire(timeout=0.0):
                try:
                    record = dispatcher.records.get(types)
                    if record is not None and not record.reason:
                        dispatcher._drop(record)
                        dispatcher.records[types] = record
                        record.reason = "compiled code gave up in most of its calls"
                        record.error = UnsupportedError(record.reason)
                        record.told = True
                finally:
                    _lock.release()

        return hopeless

    # -- telling ---------------------------------------------------------------------------------------------------

    def explain(self, types: tuple[PyType, ...]) -> report.Explanation:
        """See `JitFunction.explain`."""
        code, name = self._code, self.function.__qualname__
        with _lock:
            record = self.specialize(types) if types else next(reversed(self.records.values()), None)
            first = code.co_firstlineno
            last = max((line for _, _, line in code.co_lines() if line), default=first)
            text = file_lines(code.co_filename)
            lines = {n: text[n - 1].rstrip() for n in range(first, last + 1) if n <= len(text)}
            if record is None:
                return report.Explanation(f"{name}: not called yet, so nothing is compiled", lines)
            if record.reason:
                return report.Explanation(f"{name}({record.signature}) runs in CPython: {record.reason}", lines)
            lowered, function, machine = pipeline.listing(self.function, record.types, _Hooks(self))
            title = f"{name}({record.signature}) -> {lowered.result}: {len(machine.code)} bytes"
            return report.Explanation(title, lines, function, machine)

    def _tell(self, record: Specialization) -> None:
        """Warn, once, that CPython runs these calls; raise instead where that was asked for."""
        error = record.error
        if error is None or record.told:
            return
        message = f"{self.function.__qualname__}({record.signature}) runs in CPython: {error.message}"
        told = UnsupportedError(message, error.file, error.line, error.col, error.end_col, error.text)
        if self.strict:
            raise told
        warn(told)
        record.told = True


def _is_shallow() -> bool:
    """Whether most of the interpreter's stack is left, so that running out of it was the function's doing."""
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth < sys.getrecursionlimit() // 2


def warn(error: UnsupportedError) -> None:
    """Issue a FallbackWarning with the error's text, at the line of the user's that led here.

    Raises:
        UnsupportedError: the user's filters make an error of the warning.
    """
    frame = sys._getframe(1)
    while frame.f_globals is globals() and frame.f_back is not None:
        frame = frame.f_back
    try:
        warn_explicit(
            str(error), FallbackWarning, frame.f_code.co_filename, frame.f_lineno, frame.f_globals.get("__name__")
        )
    except FallbackWarning:
        raise error from None


def _owners(group: list[Compiled]) -> tuple[Any, ...]:
    """What keeps functions that were compiled together alive: their code and sites, and the specialisations that were
    there before and are called. Not what is of no use when running, such as the IR."""
    called = [info.owner for compiled in group for info in compiled.lowered.callees]
    before = [owner for owner in called if isinstance(owner, Specialization)]
    return (group[-1].owner, [compiled.registrations for compiled in group], before)


class _Hooks:
    """What the frontend asks while a function is compiled."""

    __slots__ = ("host", "options", "volatile")

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.host: Any = host
        self.volatile = dispatcher.volatile
        self.options = dispatcher.options

    type_of = staticmethod(type_of)

    def plain(self, callee: Any) -> FunctionType | None:
        return function_of(callee) if isinstance(callee, JitFunction) else None

    def of(self, callee: Any) -> _Hooks:
        return _Hooks(dispatcher_of(callee))

    def finished(self, callee: Any, types: tuple[PyType, ...]) -> CalleeInfo | None:
        record = dispatcher_of(callee).current(types)
        if record is None or record.symbol is None or record.reason or record.result is None:
            return None
        return CalleeInfo(record.symbol, record.result, record.writes, record.hidden, record.rows, record)


class JitFunction(Callable):
    """A compiled function. It behaves as the Python function it was made from.

    Attributes:
        __wrapped__: that function.
    """

    __slots__ = ()

    @property
    def py_func(self) -> FunctionType:
        """The Python function it was made from."""
        return function_of(self)

    @property
    def specializations(self) -> tuple[Specialization, ...]:
        """What became of the argument types seen so far: types, seconds per stage, code size, bailouts, and why
        CPython runs a call where it does."""
        return tuple(dispatcher_of(self).records.values())

    def explain(self, *types: PyType) -> report.Explanation:
        """Source, IR and machine code side by side, of the last specialisation or of the one for the given types.

        What is shown is compiled anew, by the same steps.
        """
        return dispatcher_of(self).explain(types)


def dispatcher_of(jitted: JitFunction) -> Dispatcher:
    """The dispatcher behind a jitted function."""
    dispatcher: Dispatcher = slow_of(jitted).__self__
    return dispatcher


_kinds: list[type[JitFunction]] = []


def _kind() -> type[JitFunction]:
    """The type of jitted functions, made at the first decoration."""
    if not _kinds:
        with _lock:
            if not _kinds:
                made: Any = function_type(JitFunction, entry=stubs.slow_region())
                # What most first calls need is ready before them.
                pipeline.poll_thunk()
                arrays()
                _kinds.append(made)
    return _kinds[0]


_unsupported: list[str] = []


def jit(function: Any = None, /, **options: Any) -> Any:
    """Compile a function when it is called: ``@jit``, or ``@jit(option=value, ...)``.

    It is compiled for the types of the arguments it is called with. What cannot be compiled runs in CPython, and a
    FallbackWarning tells; nothing else differs from the plain function but speed.

    Args:
        strict: raise UnsupportedError instead of the warning.
        fastmath: let floating-point sums be reordered.
        parallel: let threads share the iterations of `prange` loops.
        nogil, cache: accepted; without effect so far.

    Raises:
        TypeError: an unknown option, or not a function.
    """
    for name in options:
        if name not in OPTIONS:
            raise TypeError(f"jit() got an unexpected option {name!r} (it knows {', '.join(OPTIONS)})")
    if function is None:
        return lambda decorated: _decorate(decorated, options)
    return _decorate(function, options)


def _decorate(function: Any, options: dict[str, Any]) -> Any:
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(_decorate(function.__func__, options))
    if isinstance(function, JitFunction):
        function = function_of(function)
    if not isinstance(function, FunctionType):
        if not callable(function):
            raise TypeError(f"jit() takes a function, not {type(function).__name__} {function!r}")
        return _undecorated(function, "only functions written in Python can be compiled", options)
    flags = function.__code__.co_flags
    if flags & (_COROUTINE | _ASYNC_GENERATOR):
        return _undecorated(function, "an `async` function is not supported", options)
    if flags & _GENERATOR:
        return _undecorated(function, "a generator is not supported", options)
    if not LAYOUT.supported:
        # Of every function the same could be said: say it of the first.
        told = bool(_unsupported)
        _unsupported.append(LAYOUT.reason)
        return function if told and not options.get("strict") else _undecorated(function, LAYOUT.reason, options)
    if function.__name__ in function.__code__.co_names:
        # Probably recursive.
        with _lock:
            _limits.prepare()
    dispatcher = Dispatcher(function, options)
    jitted = new(_kind(), function, dispatcher.slow)
    dispatcher.bind(jitted)
    return jitted


def _undecorated(function: Any, reason: str, options: dict[str, Any]) -> Any:
    """The function itself: as a jitted function it would not pass for what it is."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", None) or repr(function)
    place = (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)
    error = UnsupportedError(f"{name} runs in CPython: {reason}", *place)
    if options.get("strict"):
        raise error
    warn(error)
    return function
