"""The dispatcher behind each jitted function.

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

from . import pipeline
from .asm import memory
from .errors import FallbackWarning, UnsupportedError
from .frontend.calls import MOST_ARGUMENTS, CalleeInfo
from .frontend.names import ABSENT
from .frontend.source import file_lines
from .lazy import lazy, load
from .pipeline import Tier
from .pytypes import INT, Array
from .runtime import arguments, host, stack, stubs
from .runtime.callable import Callable, bare, function_of, set_entry, slow_of
from .runtime.entry import Entry
from .runtime.guards import GuardTable
from .runtime.pieces import assemble_entry
from .runtime.specialization import Specialization, Words
from .runtime.typeof import description, type_of, unusual_dtypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _weakref import ReferenceType
    from collections.abc import Sequence
    from typing import Any

    from . import report
    from .pipeline import Compiled
    from .pytypes import PyType
    from .runtime import build_entry, interruptions, threads
else:
    report = lazy("jitney", "report")
    build_entry, interruptions, threads = lazy("jitney.runtime", "build_entry", "interruptions", "threads")

MAX_SPECIALIZATIONS = 16
"""Argument types a function is compiled for; calls with further ones run in CPython."""
MAX_COMPILATIONS = 64
"""How often a function is compiled in all, counting again after a global it relies on has changed."""
_RECORDS = 64
_ATTEMPTS = 5
_PATIENCE = 10.0
_HUGE = 1 << 62
_STAR_ARGS, _STAR = 0x0C, 0x04

_lock = RLock()
_compiling: set[tuple[Dispatcher, tuple[PyType, ...]]] = set()


def _fresh_lock() -> None:
    """After a fork, in the child: the thread that held the lock is not there any more."""
    global _lock
    _lock = RLock()
    _compiling.clear()


os.register_at_fork(after_in_child=_fresh_lock)


_limits = stack.StackLimits()


def compile_lock() -> RLock:
    """What a thread holds while it compiles."""
    return _lock


def expect_recursion() -> None:
    """Have ready what a recursive function will need."""
    with _lock:
        _limits.prepare()


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
        "__weakref__", "_binding", "_called", "_chain", "_code", "_compilations", "_flexible", "_jitted", "_left",
        "_variety", "function", "options", "records", "strict", "volatile",
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
        # Types that were compiled for before.
        self._called: set[tuple[PyType, ...]] = set()
        self._variety = arguments.Variety()

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
        lock, held, collecting = _lock, False, False
        nested = lock._is_owned()  # type: ignore[attr-defined]
        try:
            held = lock.acquire(timeout=_PATIENCE)
            if not held or any(busy is self for busy, _ in _compiling):
                return self.function
            # Compiling makes many objects and hardly a cycle: collecting in between is an eighth of its time.
            collecting = gc.isenabled()
            gc.disable()
            return self._prepare(jitted, args, kwargs) or self.function
        finally:
            # A signal handler may raise at any time, right after the lock was taken, too.
            try:
                if collecting:
                    gc.enable()
            finally:
                if held or (not nested and lock._is_owned()):  # type: ignore[attr-defined]
                    lock.release()

    def _prepare(self, jitted: Callable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable | None:
        """Make the entry ready for this call; None if CPython is to run it. The jitted function only where something
        has changed: the call is then tried again. Of a function compiled quickly, what runs this one call."""
        self.check_code()
        names, positional = self._binding.names, self._binding.positional
        starred = self._code.co_flags & _STAR_ARGS
        usual = not kwargs and len(names) == positional and (
            len(args) == positional or (starred == _STAR and positional < len(args) <= MOST_ARGUMENTS)
        )  # fmt: skip
        values = args if usual else self._binding.arrange(args, kwargs)
        if values is None and starred <= _STAR:
            return None
        if values is None or (starred and not usual):
            # The usual call of a function that takes any arguments has neither keywords nor defaults.
            values = ()
            record = self._refused(("*",), "`*args` with keywords or defaults, and `**kwargs`, are not supported")
        else:
            record = self._record_for(values)
        if record.reason:
            self._tell(record)
            self._shorten(jitted, record, args, kwargs)
            return None
        if record.tier == Tier.QUICK:
            by_number = unusual_dtypes(record.types, values)
            return self._for_one_call(jitted, record, None if usual else self._binding, by_number)
        changed = record.guards.moved
        record.guards.moved = False
        if not record.address:
            if record not in self._chain:
                self._chain.append(record)
            changed = True
        if not usual and not self._flexible:
            self._flexible = changed = True
        elif not changed and not record.by_number and unusual_dtypes(record.types, values):
            record.by_number = changed = True
        if changed:
            try:
                self._install(jitted)
            except Exception as error:
                self._chain.remove(record)
                self._tell(self._leave(record, self._own_fault(error)))
                return None
        return jitted if changed else None

    def _for_one_call(
        self, jitted: Callable, record: Specialization, binding: arguments.Binding | None, by_number: bool
    ) -> Callable | None:
        """What runs one call by code that was compiled quickly, which goes with it. Whatever its entry cannot serve
        comes back to `slow`, and finds that this was not the first call."""
        made = bare(type(jitted), self.function, self.slow)
        try:
            address, owner = self._build_entry(record, stubs.address("slow"), by_number, binding)
        except Exception as error:
            self._tell(self._leave(record, self._own_fault(error)))
            return None
        set_entry(made, address, (owner, record.owners, record.words, record.guards))
        # From here on the code is that call's alone.
        if record.symbol is not None:
            record.symbol.owner = None
        record.owners, record.symbol = (), None
        return made

    def _shorten(
        self, jitted: Callable, record: Specialization, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Let later calls like this one, which CPython runs, get there sooner."""
        if not record.told:
            return
        if self._code.co_flags & _STAR_ARGS > _STAR:
            set_entry(jitted, stubs.address("plain"), None)
        elif not kwargs and all(getattr(t, "tag", -1) >= 0 for t in record.types):
            self._left.add(tuple(map(type, args)))

    def _record_for(self, values: tuple[Any, ...]) -> Specialization:
        types = [type_of(v) for v in values]
        names = self._binding.names
        if len(values) > len(names):
            names += ("*" + self._code.co_varnames[len(names)],) * (len(values) - len(names))
        for name, value, found in zip(names, values, types):
            if found is None:
                key = tuple([t or description(v) for t, v in zip(types, values)])
                return self._refused(key, f"the argument {name!r} is {description(value)}, which is not supported")
        return self.specialize(self._variety.limited(types), values)  # type: ignore[arg-type]

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

    def specialize(self, types: tuple[PyType, ...], values: tuple[Any, ...] | None = None) -> Specialization:
        """What became of these argument types: compiled now if they are new, or if a name they rely on has changed.

        Args:
            values: the arguments of a call. Only for the first with these types may it be compiled quickly.
        """
        record = self.current(types)
        if record is None:
            first = None
            if types not in self._called and len(self._called) < _RECORDS:
                self._called.add(types)
                if values is not None and os.environ.get("JITNEY_TIERS") != "0":
                    first = _integers(types, values)
            record = self._compile(types, first)
            self._keep(types, record)
        return record

    def current(self, types: tuple[PyType, ...]) -> Specialization | None:
        """What became of these argument types, if that is known and every name still means the same; not code for
        one call."""
        self.check_code()
        record = self.records.get(types)
        if record is not None and record.tier == Tier.QUICK:
            return None
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

    def _compile(self, types: tuple[PyType, ...], first: Sequence[int | None] | None) -> Specialization:
        """Compile for these types. `first`: see `pipeline.compile`."""
        record = Specialization(types)
        before = self.records[types].unit if types in self.records and first is None else None
        known = [r for key, r in self.records.items() if key != types]
        live = sum(not r.reason for r in known) + sum(busy is self for busy, _ in _compiling)
        if live >= MAX_SPECIALIZATIONS or self._compilations >= MAX_COMPILATIONS:
            message = "it has been compiled often enough, for other argument types or after changes of globals"
            return self._leave(record, self._error(message))
        self._compilations += 1
        busy = (self, types)
        try:
            _compiling.add(busy)
            for _ in range(_ATTEMPTS):
                hooks = _Hooks(self, keeps=first is None)
                made = pipeline.compile(self.function, types, hooks, first, before)
                if self._made(record, made):
                    record.unit = pipeline.serves_again(made)
                    break
                before = None
            else:
                record.reason = "what it relies on is being changed all the time"
        except UnsupportedError as error:
            self._leave(record, error)
        except (RecursionError, MemoryError) as error:
            if isinstance(error, RecursionError) and interruptions.is_shallow():
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
        """What to tell of an error in the compiler itself; in the tests, and if it is none of its own, it is raised."""
        if os.environ.get("JITNEY_CHECK") == "1" or interruptions.is_interruption(error):
            raise error
        return self._error(f"the compiler failed, which is a bug in jitney ({type(error).__name__}: {error})")

    def _made(self, record: Specialization, group: list[Compiled]) -> bool:
        """Take over what was compiled, each function for its own dispatcher; False if what one of them relies on has
        changed meanwhile."""
        owners = _owners(group)
        for compiled in group[:-1] if group[-1].tier != Tier.QUICK else ():
            dispatcher = dispatcher_of(compiled.unit.callee)
            other = Specialization(compiled.unit.types)
            dispatcher._compilations += 1
            if not dispatcher._fill(other, compiled, owners):
                return False
            before = dispatcher.records.get(other.types)
            if before is not None:
                dispatcher._drop(before)
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
        unit = compiled.unit
        record.recursive, record.reenters, record.owns = unit.recursive, unit.reenters, unit.owns
        limits = _limits if record.recursive else None
        record.words = Words(self.function, self._retirement(record.types), limits)
        record.owners = owners
        record.tier = compiled.tier
        record.stages = dict(compiled.stages)
        record.code_size = compiled.code_size
        record.loops = tuple(compiled.notes)
        return True

    @staticmethod
    def _leave(record: Specialization, error: UnsupportedError) -> Specialization:
        """CPython runs these calls, for this reason."""
        # Its traceback would keep the whole compilation alive.
        error.__traceback__ = error.__context__ = error.__cause__ = None
        # From now on CPython's calls look at the stack.
        _limits.address()
        record.error = error
        record.reason = error.message
        return record

    # -- entries ---------------------------------------------------------------------------------------------------

    def _install(self, jitted: Callable) -> None:
        """Let calls reach the entries of the chain, the newest first; make those that are missing or out of date."""
        next = stubs.address("slow")
        for record in self._chain:
            form = (next, self._flexible, record.by_number)
            if not record.address or record.entry_form != form:
                binding = self._binding if self._flexible else None
                record.address, record.entry_owner = self._build_entry(record, next, record.by_number, binding)
                record.entry_form = form
            next = record.address
        set_entry(jitted, next, [(r.entry_owner, r.owners, r.words, r.guards) for r in self._chain])

    def _build_entry(
        self, record: Specialization, next: int, by_number: bool, binding: arguments.Binding | None
    ) -> tuple[int, Any]:
        """Machine code for `Entry`: its address, and what keeps it alive."""
        assert record.symbol is not None and record.result is not None and record.words is not None
        free = None
        if self.options.get("nogil") and not record.symbol.gil:
            pool = threads.pool()
            free = pool["RELEASE"], pool["RETAKE"]
        limit = _limits.address() if record.recursive or record.reenters else 0
        entry = Entry(
            self.function.__name__, record.symbol, record.types, record.result, record.writes, record.guards,
            record.words.address, next, limit, by_number, binding, record.owns, free,
        )  # fmt: skip
        start = perf_counter()
        assembled = assemble_entry(entry)
        if assembled is not None:
            code, offset = assembled
            region = memory.publish(code)
            owner: Any = region
            address = region.code_address + offset
        else:
            function = build_entry.build_entry(entry)
            owner = pipeline.link([function])
            address = function.symbol.address
        record.stages["entry"] = record.stages.get("entry", 0.0) + perf_counter() - start
        return address, (owner, self._binding)

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
            lowered, function, machine = pipeline.listing(self.function, record.types, _Hooks(self, keeps=True))
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


def warn(error: UnsupportedError) -> None:
    """Issue a FallbackWarning with the error's text, at the line of the user's that led here.

    Raises:
        UnsupportedError: the user's filters make an error of the warning.
    """
    frame = sys._getframe(1)
    while frame.f_globals.get("__package__") == __package__ and frame.f_back is not None:
        frame = frame.f_back
    # What shows the warning imports this, but not so that forks wait for it.
    load("warnings")
    load("linecache")
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
    kept = [compiled.lowered.kept for compiled in group if compiled.lowered.kept]
    return (group[-1].owner, [compiled.registrations for compiled in group], before, kept)


def _integers(types: tuple[PyType, ...], values: tuple[Any, ...]) -> list[int | None]:
    """The integers and the arrays' addresses, lengths and strides among the leaves of arguments, None for others."""
    found: list[int | None] = []
    for type, value in zip(types, values):
        rest = len(type.leaves)
        if type is INT:
            found.append(max(-_HUGE, min(value, _HUGE)))
            rest -= 1
        elif isinstance(type, Array):
            strides = value.strides if type.layout == "A" else ()
            found += (None, value.__array_interface__["data"][0], *value.shape, *strides)
            rest = 0
        found += [None] * rest
    return found


class _Hooks:
    """What the frontend asks while a function is compiled.

    Attributes:
        keeps: callees are to be compiled with all passes, too.
    """

    __slots__ = ("host", "keeps", "options", "volatile")

    def __init__(self, dispatcher: Dispatcher, keeps: bool) -> None:
        self.keeps = keeps
        self.host: Any = host
        self.volatile = dispatcher.volatile
        self.options = dispatcher.options

    type_of = staticmethod(type_of)

    def plain(self, callee: Any) -> FunctionType | None:
        if isinstance(callee, Callable):
            return function_of(callee)
        return callee if isinstance(callee, FunctionType) and _is_own(callee) else None

    def of(self, callee: Any) -> _Hooks:
        return _Hooks(dispatcher_of(callee), self.keeps)

    def finished(self, callee: Any, types: tuple[PyType, ...]) -> CalleeInfo | None:
        record = dispatcher_of(callee).current(types)
        if record is None or record.symbol is None or record.reason or record.result is None:
            return None
        if self.keeps and record.tier != Tier.FULL:
            return None
        return CalleeInfo(record.symbol, record.result, record.writes, record.hidden, record.rows, record)


_undecorated: dict[ReferenceType[FunctionType], Dispatcher] = {}
"""Of functions that were compiled because a jitted one calls them."""


def dispatcher_of(jitted: Callable | FunctionType) -> Dispatcher:
    """The dispatcher behind a jitted function, or a function that is compiled because a jitted one calls it."""
    if isinstance(jitted, FunctionType):
        found = _undecorated.get(ref(jitted))
        if found is None:
            found = _undecorated[ref(jitted, _undecorated.pop)] = Dispatcher(jitted, {})
        return found
    dispatcher: Dispatcher = slow_of(jitted).__self__
    return dispatcher


def _is_own(function: FunctionType) -> bool:
    """Whether a function without decorator is worth compiling with its caller: Python's own and NumPy's are not."""
    root = (function.__module__ or "").partition(".")[0]
    return root == "__main__" or (root != "numpy" and root not in sys.stdlib_module_names)
