"""The type of compiled functions: a function in every respect, whose calls run machine code."""

import copy
import ctypes
import functools
import gc
import inspect
import io
import pickle
import pydoc
import resource
import sys
import threading
import typing
import weakref

import pytest

from jitney import jit
from jitney.asm import memory
from jitney.runtime import callable as callables
from jitney.runtime import capi
from jitney.runtime.callable import ENTRY, FUNCTION, OWNED, SLOW, Callable
from jitney.runtime.layouts import LAYOUT


class Extended(Callable):
    __slots__ = ()

    def explain(self) -> str:
        return f"about {self.__name__}"


KIND = callables.function_type(Extended, "jitney.function")


def plain(first: int, second: float = 2.5, *rest, key: str = "k", **others) -> tuple:
    """What it does."""
    return first, second, rest, key, others


plain.attribute = "kept"


def make(function=plain, slow=None):
    return callables.new(KIND, function, slow or function)


module_level = make()
module_level.__qualname__ = "module_level"


def returning(value: object) -> memory.Region:
    """mov rax, value; inc qword ptr [rax] where it is counted; ret"""
    count = b"" if LAYOUT.immortal else b"\x48\xff\x00"
    return memory.publish(b"\x48\xb8" + id(value).to_bytes(8, "little") + count + b"\xc3")


def set_returning(function, value):
    region = returning(value)
    callables.set_entry(function, region.code_address, region)


def word(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


# -- calls


def test_a_call_goes_to_slow_first():
    function = make()
    assert function(1) == (1, 2.5, (), "k", {})
    assert function(1, 2, 3, key=4, more=5) == (1, 2, (3,), 4, {"more": 5})
    assert function(*(1, 2), **{"key": 3}) == (1, 2, (), 3, {})
    assert function.__call__(1) == (1, 2.5, (), "k", {})
    assert list(map(function, [1])) == [(1, 2.5, (), "k", {})]
    assert functools.partial(function, 7)(key=1) == (7, 2.5, (), 1, {})


def test_wrong_calls_raise_what_the_function_raises():
    function = make(lambda first: first)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'first'"):
        function()
    with pytest.raises(TypeError, match="unexpected keyword argument 'second'"):
        function(second=1)
    with pytest.raises(ZeroDivisionError):
        make(lambda: 1 // 0)()


def test_an_entry_runs_machine_code():
    function = make()
    set_returning(function, True)
    assert function(1, 2, key=3) is True
    assert function() is True
    set_returning(function, None)
    assert function() is None
    callables.reset_entry(function)
    assert function(1) == (1, 2.5, (), "k", {})


def test_the_arguments_of_an_entry():
    function = make()
    # mov rax, rdi (the callable), or [rsi] (the first argument), or rcx (the names); inc qword ptr [rax]; ret
    for code, expected in ((b"\x48\x89\xf8", function), (b"\x48\x8b\x06", plain), (b"\x48\x89\xc8", ("key",))):
        region = memory.publish(code + b"\x48\xff\x00\xc3")
        callables.set_entry(function, region.code_address, region)
        assert function(plain, key=2) == expected
    # mov rax, rdx; btr rax, 63; mov rdi, rax; mov rax, PyLong_FromSize_t; jmp rax: the number of positional ones
    code = b"\x48\x89\xd0\x48\x0f\xba\xf0\x3f\x48\x89\xc7\x48\xb8"
    region = memory.publish(code + capi.address("PyLong_FromSize_t").to_bytes(8, "little") + b"\xff\xe0")
    callables.set_entry(function, region.code_address, region)
    assert [function(), function(1), function(*range(9), key=1)] == [0, 1, 9]


def test_slow_may_be_replaced_while_it_runs():
    def first(*args):
        callables.set_slow(function, second)
        gc.collect()
        return "first", args

    def second(*args):
        return "second", args

    function = make(plain, first)
    collected = weakref.ref(first)
    del first
    assert function(1) == ("first", (1,))
    assert function(2) == ("second", (2,))
    assert collected() is not None
    assert callables.slow_of(function) is second


def test_slow_may_be_any_callable():
    class Handler:
        def __call__(self, *args, **kwargs):
            return "called", args, kwargs

        def method(self, *args, **kwargs):
            return "method", args, kwargs

    for slow, name in ((Handler(), "called"), (Handler().method, "method")):
        assert make(plain, slow)(1, 2, key=3) == (name, (1, 2), {"key": 3})
        assert make(plain, slow)() == (name, (), {})
    assert make(plain, dict)(key=1) == {"key": 1}


def test_a_type_may_have_an_entry_of_its_own():
    region = returning(False)
    kind = callables.function_type(Extended, "jitney.other", region)
    function = callables.new(kind, plain, plain)
    address = region.code_address
    del region
    assert function(1, 2) is False
    set_returning(function, True)
    assert function() is True
    callables.reset_entry(function)
    assert callables.entry_of(function) == address
    assert function() is False


def test_offsets():
    function = make(plain, len)
    assert word(id(function) + ENTRY) == callables.entry_of(function) == callables.slow_entry()
    assert word(id(function) + SLOW) == id(len)
    assert word(id(function) + FUNCTION) == id(plain)
    owner = object()
    callables.set_entry(function, callables.slow_entry(), owner)
    assert ctypes.cast(word(id(function) + OWNED), ctypes.py_object).value == [owner]
    assert callables.owned_by(function) == (owner,)


def test_threads():
    function = make(lambda value: value)
    wrong = []

    def call():
        for index in range(3000):
            result = function(index)
            if result is not True and result != index:
                wrong.append(result)

    def replace():
        for _ in range(300):
            set_returning(function, True)
            callables.reset_entry(function)

    threads = [threading.Thread(target=target) for target in (call, call, replace)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# -- a function in every respect


def test_attributes():
    function = make()
    for name in "name qualname module doc annotations defaults kwdefaults".split():
        assert getattr(function, f"__{name}__") == getattr(plain, f"__{name}__")
    assert function.__code__ is plain.__code__
    assert function.__globals__ is globals()
    assert function.__closure__ is None
    assert function.__wrapped__ is plain
    assert function.attribute == "kept"
    assert vars(function)["attribute"] == "kept"
    assert callables.function_of(function) is plain
    function.own = 1
    assert function.own == 1
    del function.own
    assert not hasattr(function, "own")
    assert not hasattr(plain, "own")
    with pytest.raises(AttributeError):
        function.__globals__ = {}
    assert repr(function) == f"<jit function plain at {id(function):#x}>"
    assert function.explain() == "about plain"


def test_changed_defaults_are_seen():
    def scaled(value, factor=2, *, add=0):
        return value * factor + add

    function = make(scaled)
    set_returning(function, True)
    assert function(3) is True
    function.__defaults__ = (5,)
    assert scaled.__defaults__ == (5,)
    assert function(3) == 15
    set_returning(function, True)
    function.__kwdefaults__ = {"add": 1}
    assert function(3) == 16
    set_returning(function, True)
    function.__code__ = (lambda value, factor, *, add: "new").__code__
    assert function(3) == "new"


def test_signature_and_hints():
    function = make()
    assert inspect.signature(function) == inspect.signature(plain)
    assert inspect.unwrap(function) is plain
    assert inspect.getdoc(function) == "What it does."
    assert inspect.getsource(function) == inspect.getsource(plain)
    assert typing.get_type_hints(function) == typing.get_type_hints(plain)
    assert callable(function)
    assert inspect.isroutine(function)


def test_wraps_both_ways():
    function = make()

    @functools.wraps(function)
    def outer(*args, **kwargs):
        return function(*args, **kwargs)

    assert (outer.__name__, outer.__doc__, outer.attribute) == ("plain", "What it does.", "kept")
    assert outer.__wrapped__ is function
    assert inspect.signature(outer) == inspect.signature(plain)
    assert outer(1) == plain(1)

    def other(value):
        """Other."""

    functools.update_wrapper(function, other)
    assert (function.__name__, function.__doc__) == ("other", "Other.")
    assert function.__wrapped__ is other
    assert inspect.signature(function) == inspect.signature(other)
    assert callables.function_of(function) is plain
    assert function(1) == plain(1)


def test_help():
    text = pydoc.plain(pydoc.render_doc(make()))
    assert "plain(first: int, second: float = 2.5, *rest, key: str = 'k', **others) -> tuple" in text
    assert "What it does." in text


@pytest.mark.parametrize("function", [plain, lambda x, /, y=1: x])
def test_help_of_a_jitted_function_is_that_of_the_plain_one(function):
    def helped(f):
        out = io.StringIO()
        pydoc.Helper(output=out).help(f)
        return out.getvalue().splitlines()

    wanted, got = helped(function), helped(jit(function))
    # The title names what kind of object it is.
    assert wanted[0] == f"Help on function {function.__name__} in module {__name__}:"
    assert got[0] == f"Help on function in module {__name__}:"
    assert got[1:] == wanted[1:] and len(got) > 2


def test_help_of_a_class_shows_jitted_methods_as_plain_ones():
    def methods(decorator):
        class Owner:
            @decorator
            def method(self, x: int) -> int:
                """What it does."""
                return x

            @staticmethod
            @decorator
            def static(x=(1, 2)):
                return x

        return pydoc.plain(pydoc.render_doc(Owner)), pydoc.plain(pydoc.render_doc(Owner().method))

    assert methods(jit) == methods(lambda function: function)


def test_pickle_by_name():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(module_level, protocol)) is module_level
    local = make(lambda: 1)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(local)
    with pytest.raises(pickle.PicklingError, match="not the same object"):
        pickle.dumps(make())


def test_copies_are_the_same():
    function = make()
    assert copy.copy(function) is function
    assert copy.deepcopy([function])[0] is function


def test_identity():
    first, second = make(), make()
    assert first != second
    assert len({first, second, first}) == 2
    assert isinstance(first, Extended)
    assert isinstance(first, Callable)
    assert not isinstance(plain, Callable)


class Owner:
    method = make(lambda self, value=1: (self, value))
    static = staticmethod(make(lambda value: value))
    of_class = classmethod(make(lambda cls, value: (cls, value)))
    value = property(make(lambda self: 42))


def test_methods():
    owner = Owner()
    assert owner.method(5) == (owner, 5)
    assert owner.method() == (owner, 1)
    assert owner.method(value=7) == (owner, 7)
    bound = owner.method
    assert bound.__self__ is owner and bound.__func__ is Owner.method
    assert bound(3) == (owner, 3)
    assert owner.method == owner.method
    assert Owner.method(owner, 2) == (owner, 2)
    assert Owner.static(1) == owner.static(1) == 1
    assert Owner.of_class(1) == (Owner, 1)
    assert owner.value == 42
    assert str(inspect.signature(owner.method)) == "(value=1)"
    set_returning(Owner.method, True)
    try:
        assert all(owner.method(index) is True for index in range(100))
    finally:
        callables.reset_entry(Owner.method)
    assert [owner.method(index)[1] for index in range(100)] == list(range(100))


# -- what must not be possible


def test_no_subclasses_and_no_instances():
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Derived", (KIND,), {})
    with pytest.raises(TypeError):
        KIND()
    with pytest.raises(TypeError):
        object.__new__(KIND)
    with pytest.raises(TypeError):
        Callable.__new__(KIND)


def test_the_fields_are_out_of_reach():
    function = make()
    for name in ("slow", "function", "owned", "_slow"):
        assert not hasattr(function, name)
    for changed in (Extended(), plain, 5):
        for call in (callables.reset_entry, callables.entry_of, callables.function_of, callables.owned_by):
            with pytest.raises(TypeError, match="not made by function_type"):
                call(changed)
        with pytest.raises(TypeError, match="not made by function_type"):
            callables.set_entry(changed, 0, None)
        with pytest.raises(TypeError, match="not made by function_type"):
            callables.set_slow(changed, len)
    with pytest.raises(TypeError, match="not made by function_type"):
        callables.new(Extended, plain, plain)
    with pytest.raises(TypeError):
        function.__class__ = Extended
    function.__dict__ = {"__qualname__": "other"}
    assert repr(function).startswith("<jit function other")
    assert function(1)[0] == 1


def test_a_base_with_state_is_refused():
    class Stateful(Callable):
        pass

    class Slotted(Callable):
        __slots__ = ("state",)

    for base in (Stateful, Slotted, object):
        with pytest.raises(TypeError, match="__slots__"):
            callables.function_type(base)


# -- lifetime


def test_weak_references():
    gone = []
    function = make()
    reference = weakref.ref(function, gone.append)
    assert reference() is function
    del function
    assert reference() is None
    assert gone == [reference]


class Kept:
    """Something that can be watched."""


def test_owners_live_and_die_with_the_function():
    function = make(lambda: Kept)
    owners = [Kept() for _ in range(3)]
    references = [weakref.ref(owner) for owner in owners]
    for owner in owners:
        callables.set_entry(function, callables.slow_entry(), owner)
    del owner, owners
    assert all(reference() is not None for reference in references)
    references.append(weakref.ref(callables.function_of(function)))
    assert references[-1]() is not None
    del function
    assert all(reference() is None for reference in references)


def test_code_is_freed_with_the_function():
    function = make()
    set_returning(function, True)
    before = memory.usage()["code_chunks"]
    del function
    assert memory.usage()["code_chunks"] == before - 1


@pytest.mark.parametrize("place", ["dict", "slow", "function", "owner"])
def test_cycles_are_collected(place):
    gc.collect()
    function = make(lambda: None)
    kept = Kept()
    kept.cycle = function
    if place == "dict":
        function.kept = kept
    elif place == "slow":
        callables.set_slow(function, lambda kept=kept: kept)
    elif place == "function":
        function.__wrapped__.kept = kept
    else:
        callables.set_entry(function, callables.slow_entry(), kept)
    assert function in gc.get_referrers(gc.get_referents(function)[0])
    references = weakref.ref(function), weakref.ref(kept)
    del function, kept
    gc.collect()
    assert [reference() for reference in references] == [None, None]


def test_a_call_from_a_finalizer_of_the_same_cycle():
    seen = []

    class Caller:
        def __del__(self):
            seen.append(self.function())

    function = make()
    set_returning(function, True)
    caller = Caller()
    caller.function = function
    function.caller = caller
    del function, caller
    gc.collect()
    assert seen == [True]


def test_a_cleared_function_raises():
    function = make()
    set_returning(function, True)
    slot = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_int)(capi.address("PyType_GetSlot"))
    clear = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object)(slot(KIND, 51))
    assert clear(function) == 0
    with pytest.raises(ReferenceError, match="being collected"):
        function(1)
    assert clear(function) == 0


def test_a_running_function_may_drop_itself():
    names = {}

    def run():
        names.clear()
        gc.collect()
        return "done"

    names["function"] = make(run)
    assert names["function"]() == "done"


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@pytest.mark.native  # what qemu has translated is resident, too
def test_nothing_leaks():
    def rounds(count):
        for index in range(count):
            function = make(lambda value: value)
            assert function(index) == index
            set_returning(function, True)
            assert function(index) is True
            if index % 2:
                function.cycle = function

    rounds(1000)
    gc.collect()
    objects, memory_before, kinds = len(gc.get_objects()), resident(), sys.getrefcount(KIND)
    rounds(3000)
    gc.collect()
    assert abs(len(gc.get_objects()) - objects) < 50
    assert sys.getrefcount(KIND) == kinds
    assert resident() - memory_before < 1 << 20


def test_calls_leak_nothing():
    function, value = make(), Kept()
    before = sys.getrefcount(value), sys.getrefcount(function)
    for _ in range(1000):
        function(value, value, key=value)
        function(*(value, value))
    assert (sys.getrefcount(value), sys.getrefcount(function)) == before
