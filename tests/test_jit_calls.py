"""How a jitted function is called: boxing, keywords, defaults, wrong calls, other types, who runs the call."""

import fractions
import functools
import gc
import signal
import sys
import warnings

import numpy as np
import pytest

from jitney import FallbackWarning, UnsupportedError, jit
from tests.support import bits, outcome


def same(x):
    return x


def defaults(a, b=2, *, c=3):
    return a * 100 + b * 10 + c


def positional_only(a, /, b, c=7):
    return a * 100 + b * 10 + c


def both(jitted, *args, **kwargs):
    wanted, got = outcome(jitted.__wrapped__, args, kwargs), outcome(jitted, args, kwargs)
    assert got == wanted
    return got


def compiled(jitted):
    return [s for s in jitted.specializations if not s.reason]


INTS = [0, 1, -1, 5, -5, 256, 257, -6, 2**30 - 1, 2**30, -(2**30), 2**31, 2**60, -(2**60), 2**62, 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("value", [*INTS, 0.0, -0.0, 1.5, float("inf"), float("nan"), True, False, None])
def test_value_goes_in_and_comes_out(value):
    jitted = jit(same)
    assert bits(jitted(value)) == bits(value) and type(jitted(value)) is type(value)
    (record,) = jitted.specializations
    assert record.reason == "" and record.calls == 2 and record.bailouts == 0


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**100])
def test_huge_int_is_left_to_cpython(value):
    jitted = jit(same)
    assert jitted(3) == 3
    assert jitted(value) is value
    assert jitted(value) is value
    assert jitted(4) == 4
    assert len(jitted.specializations) == 1


@pytest.mark.parametrize(
    "name", ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]
)
def test_numpy_scalars(name):
    dtype = np.dtype(name).type
    info = None if name == "bool" else np.finfo(name) if "float" in name else np.iinfo(name)
    extremes = [] if info is None else [info.dtype.type(info.min), info.dtype.type(info.max)]
    for value in [dtype(1), dtype(0), *extremes]:
        jitted = jit(same)
        assert bits(jitted(value)) == bits(value) and bits(jitted(value)) == bits(value)
        assert type(jitted(value)) in (bool, int, float)
        assert len(compiled(jitted)) == 1


def test_tuples_of_tuples():
    jitted = jit(same)
    value = (1, (2.5, None, True), (), (10**15,))
    assert jitted(value) == value and jitted(value) == value
    assert len(compiled(jitted)) == 1
    for other in [(1, (2.5, None, True), (), (10**20,)), (1, (2.5, None, True), ()), (1,), ()]:
        assert jitted(other) == other


def test_result_tuple_mixes_types():
    @jit
    def mixed(a, x):
        return a, (x, a > 1), None

    assert mixed(2, 0.5) == (2, (0.5, True), None)
    assert mixed(2, 0.5) == (2, (0.5, True), None)


def test_result_of_either_type():
    @jit
    def either(n):
        if n > 2:
            return 1.5
        if n > 1:
            return True
        if n > 0:
            return 7
        return None

    for n in (3, 2, 1, 0):
        both(either, n)
    assert len(compiled(either)) == 1


def test_subclasses_keep_their_operators():
    class Int(int):
        def __add__(self, other):
            return "added"

    class Float(float):
        def __add__(self, other):
            return "added"

    @jit
    def plus(x):
        return x + 1

    assert plus(1) == 2 and plus(1.0) == 2.0
    for value in (Int(1), Float(1)):
        assert plus(value) == "added"
        assert plus(value) == "added"


class Sub(np.ndarray):
    def __getitem__(self, index):
        return "mine"


def test_arrays_of_other_kinds():
    @jit
    def first(a):
        return a[0]

    sub = np.arange(3.0).view(Sub)
    swapped = np.arange(3, dtype=">f8" if sys.byteorder == "little" else "<f8")
    unaligned = np.frombuffer(b"x" + np.arange(1.0, 4.0).tobytes(), dtype="f8", offset=1)
    assert first(sub) == "mine"
    for array, expected in [(swapped, 0.0), (unaligned, 1.0), (np.zeros(3, "c16"), 0j)]:
        assert first(array) == expected
    assert first(np.arange(5.0)) == 0.0
    for array, expected in [(sub, "mine"), (swapped, 0.0), (unaligned, 1.0)]:
        assert first(array) == expected


def test_layouts_and_dtypes_each_have_their_code():
    @jit
    def corner(a):
        return a[1, 2]

    base = np.arange(24.0).reshape(4, 6)
    readonly = base.copy()
    readonly.flags.writeable = False
    for array in (base, base.T, base[::2, ::-1], readonly, base.astype("f4"), np.asfortranarray(base)):
        for _ in range(3):
            assert corner(array) == array[1, 2]
    assert len(compiled(corner)) == 5


def test_equal_dtype_of_another_identity():
    @jit
    def first(a):
        return a[0]

    dtype = np.dtype("f8", metadata={"unit": "m"})
    assert first(np.arange(1.0, 3.0)) == 1.0
    for _ in range(3):
        assert first(np.arange(2.0, 4.0).astype(dtype)) == 2.0
        assert first(np.arange(2, 4, dtype="longlong")) == 2
    assert all(s.calls for s in first.specializations) and len(compiled(first)) == 2
    assert sum(s.calls for s in first.specializations) == 7


@pytest.mark.parametrize("function", [defaults, positional_only])
def test_keywords_and_defaults(function):
    jitted = jit(function)
    calls = [
        ((1,), {}), ((1, 5), {}), ((1,), {"b": 5}), ((), {"b": 7, "a": 2}), ((1,), {"c": 9}), ((1, 2), {"c": 9}),
        ((), {"a": 1, "b": 2, "c": 3}), ((1, 2, 3), {}), ((), {}), ((1, 2, 3, 4), {}), ((1,), {"a": 1}),
        ((1,), {"x": 1}), ((1, 2), {"b": 1}), ((), {"c": 1}), ((1,), {"b": 1, "c": 2}),
    ]  # fmt: skip
    for _ in range(3):
        for args, kwargs in calls:
            both(jitted, *args, **kwargs)
    before = sum(s.calls for s in jitted.specializations)
    jitted(1, b=5)
    assert sum(s.calls for s in jitted.specializations) == before + 1


def test_keyword_equal_but_not_the_same_string():
    jitted = jit(defaults)
    name = "".join(["b"])
    key = (name + "x")[:-1]
    for _ in range(2):
        assert jitted(1, b=4) == 143
        assert jitted(1, **{key: 4}) == 143


def test_defaults_are_those_of_the_moment():
    def f(a, b=2):
        return a + b

    jitted = jit(f)
    assert jitted(1) == 3 and jitted(1) == 3
    f.__defaults__ = (10,)
    assert jitted(1) == 11
    jitted.__defaults__ = (2.5,)
    assert jitted(1) == 3.5
    jitted.__defaults__ = None
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        jitted(1)


def test_keyword_only_defaults_are_those_of_the_moment():
    def f(a, *, b=2):
        return a + b

    jitted = jit(f)
    assert jitted(1) == 3 and jitted(1, b=3) == 4
    f.__kwdefaults__["b"] = 20
    assert jitted(1) == 21
    f.__kwdefaults__ = None
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument"):
        jitted(1)


def test_code_can_be_replaced():
    def f(x):
        return x + 1

    def g(x):
        return x + 2

    jitted = jit(f)
    assert jitted(1) == 2
    jitted.__code__ = g.__code__
    assert jitted(1) == 3 and jitted(1) == 3


def test_method():
    class Scaled:
        @jit
        def plain(self, x):
            return x

        @staticmethod
        @jit
        def double(x):
            return 2 * x

        @jit
        @staticmethod
        def triple(x):
            return 3 * x

        @jit
        @classmethod
        def name(cls):
            return cls

    assert Scaled().plain(3) == 3
    assert Scaled().double(3) == 6 and Scaled.triple(3) == 9
    assert Scaled.name() is Scaled


def test_implicit_class_methods():
    class Base:
        @jit
        def __init_subclass__(cls, scale=1):
            cls.scale = scale

        @classmethod
        @jit
        def __class_getitem__(cls, item):
            return cls.__name__, item

    class Derived(Base, scale=3):
        @jit
        def __class_getitem__(cls, item):
            return item, cls.scale

    assert Derived.scale == 3
    assert (Base[2], Derived[2], Derived.__class_getitem__(4)) == (("Base", 2), (2, 3), (4, 3))
    assert isinstance(vars(Base)["__init_subclass__"], classmethod)


def test_fallback_is_told_once_for_each_types():
    @jit
    def half(x):
        return x[0] / 2

    with pytest.warns(FallbackWarning) as caught:
        for _ in range(3):
            assert half((1,) * 20) == 0.5
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(FallbackWarning) as caught:
        assert half(np.broadcast_to(np.uint8(3), (1 << 62,))) == 1.5
    assert len(caught) == 1
    with pytest.raises(IndexError):
        half([])
    assert half([fractions.Fraction(1, 2)]) == fractions.Fraction(1, 4)
    assert half((1.0,)) == 0.5
    assert [bool(s.reason) for s in half.specializations] == [True, True, False, False]


def test_strict_raises_every_time_with_the_place():
    @jit(strict=True)
    def strict(x):
        with x:
            pass

    for _ in range(2):
        with pytest.raises(UnsupportedError) as caught:
            strict(1)
    assert caught.value.file == __file__
    text = str(caught.value)
    assert "    with x:\n    ^" in text
    with pytest.raises(UnsupportedError, match="the argument 'x' is a tuple"):
        strict((1,) * 17)


def test_warning_as_error_raises_unsupported_error():
    @jit
    def f(x):
        return x

    with pytest.raises(UnsupportedError, match="runs in CPython"):
        f((1,) * 17)


def test_generators_and_coroutines_stay_what_they_are():
    def generator(n):
        yield n

    async def coroutine(n):
        return n

    for function in (generator, coroutine):
        with pytest.warns(FallbackWarning, match="not supported"):
            assert jit(function) is function
        with pytest.raises(UnsupportedError):
            jit(strict=True)(function)


def test_star_arguments_run_in_cpython():
    @jit
    def star(a, *rest, b=1, **named):
        return a, rest, b, named

    with pytest.warns(FallbackWarning, match=r"\*args") as caught:
        assert star(1, 2, 3, b=4, c=5) == (1, (2, 3), 4, {"c": 5})
        assert star(1) == (1, (), 1, {})
    assert len(caught) == 1
    with pytest.raises(TypeError, match="missing 1 required"):
        star()


def test_any_number_of_arguments():
    @jit
    def total(x, *rest):
        for r in rest:
            x = x + r
        return x, len(rest), rest

    @jit
    def passed_on(f, x, *args):
        return f(x, *args)

    @jit
    def line(x, a, b):
        return a * x + b

    @jit
    def everything(*args):
        return args

    @jit
    def caller(a):
        return total(1, a, 2)[0] + total(2)[0] + total(1, *(2, 3))[0], everything(), everything(a, 1.5)

    @jit
    def counted(n, *rest):
        return len(rest) if n == 0 else counted(n - 1, n, *rest)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for args in [(1,), (1, 2), (1.5, 2, 3.5), (1, True), tuple(range(20)), (np.ones(3), 2), (1, "a")]:
            for _ in range(2):
                assert str(outcome(total, args)) == str(outcome(total.__wrapped__, args))
        assert passed_on(line, 2.0, 3.0, 4.0) == 10.0
        assert (everything(), everything(1, "x")) == ((), (1, "x"))
        assert caller(7) == (10 + 2 + 6, (), (7, 1.5))
        assert counted(3) == 3
    assert all(not s.reason for f in (total, passed_on, everything, caller) for s in f.specializations)
    for args, named in [((), {}), ((), {"y": 1}), ((1, 2), {"x": 3})]:
        assert outcome(total, args, named) == outcome(total.__wrapped__, args, named)
    with pytest.warns(FallbackWarning, match="keywords or defaults"):
        assert total(x=3) == (3, 0, ())
    assert total(3, 4) == (7, 1, (4,))


@pytest.mark.parametrize("thing", [len, int, fractions.Fraction, print])
def test_what_is_no_python_function_stays_itself(thing):
    with pytest.warns(FallbackWarning, match="written in Python"):
        assert jit(thing) is thing


@pytest.mark.parametrize("thing", [3, [1]])
def test_what_cannot_be_called_is_refused(thing):
    with pytest.raises(TypeError, match="takes a function"):
        jit(thing)


def test_options():
    assert jit(fastmath=True, nogil=True, parallel=True, cache=True)(same)(3) == 3
    assert jit()(same)(3) == 3
    with pytest.raises(TypeError, match="unexpected option 'fast'"):
        jit(fast=True)
    again = jit(jit(same))
    assert again.__wrapped__ is same


def test_too_many_types_run_in_cpython():
    @jit
    def size(t):
        return t

    for n in range(16):
        value = tuple([1 if n >> k & 1 else 0.5 for k in range(4)])
        assert size(value) == value
    with pytest.warns(FallbackWarning, match="compiled often enough"):
        assert size((1.0,)) == (1.0,)
    assert size((1, 1, 1, 1)) == (1, 1, 1, 1)
    assert len(compiled(size)) == 16


def test_calls_without_counting_references_wrong():
    @jit
    def pick(a, x, flag):
        return x

    @jit
    def give(a):
        return a

    array = np.zeros(3)
    big, number = 10**15, 1.25
    things = [array, big, number, None, True, False]

    def calls(n):
        for _ in range(n):
            pick(array, number, True)
            pick(array, None, True)
            pick(array, big, False)
            pick(x=big, a=array, flag=False)
            assert give(array) is array

    calls(3)
    before = [sys.getrefcount(t) for t in things]
    calls(1000)
    after = [sys.getrefcount(t) for t in things]
    assert all(abs(a - b) < 50 for a, b in zip(after, before)), (before, after)


def test_objects_are_freed():
    @jit
    def total(a, n):
        s = 0.0
        for i in range(n):
            s += a[i]
        return s

    gc.collect()
    freed = []
    for n in (3, 10, 3, 10):
        array = np.zeros(5)
        finalizer = type("Finalizer", (), {"__del__": lambda self: freed.append(n)})
        view = np.ndarray.__new__(Sub, (5,), buffer=array)
        view.note = finalizer()
        try:
            total(np.asarray(array), n)
        except IndexError:
            pass
        del view, array, finalizer
    gc.collect()
    assert len(freed) == 4


def test_interpreter_that_is_not_known(monkeypatch):
    module = sys.modules["jitney.jit"]
    layout = type("Layout", (), {"supported": False, "reason": "this is a Python from the future"})
    monkeypatch.setattr(module, "LAYOUT", layout)
    monkeypatch.setattr(module, "_unsupported", [])
    with pytest.warns(FallbackWarning, match="from the future") as caught:
        assert jit(same) is same and jit(defaults) is defaults
    assert len(caught) == 1
    with pytest.raises(UnsupportedError, match="from the future"):
        jit(strict=True)(same)


def test_interrupted_while_compiling_and_called_again(monkeypatch):
    jitted = jit(same)
    module = sys.modules["jitney.dispatcher"]

    def interrupted(*args):
        raise KeyboardInterrupt

    for name in ("assemble_entry", "build_entry", "GuardTable", "Words", "set_entry"):
        place = module.build_entry if name == "build_entry" else module
        original = getattr(place, name)
        monkeypatch.setattr(place, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            jitted(object)
        monkeypatch.setattr(place, name, original)
        for _ in range(2):
            assert jitted(object) is object
        assert len(compiled(jitted)) == 1
        jitted = jit(same)


class _Late(Exception):
    pass


@pytest.mark.parametrize("error", [TimeoutError, _Late])
def test_an_exception_of_a_signal_handler_while_compiling(monkeypatch, error):
    def late(number, frame):
        raise error("too late")

    monkeypatch.delenv("JITNEY_CHECK", raising=False)
    dispatcher = sys.modules["jitney.dispatcher"]
    old = signal.signal(signal.SIGALRM, functools.partial(late))
    try:
        for place, name in ((dispatcher.pipeline, "compile"), (dispatcher, "assemble_entry"), (dispatcher, "type_of")):
            jitted = jit(same)
            original = getattr(place, name)
            monkeypatch.setattr(place, name, lambda *args: signal.raise_signal(signal.SIGALRM))
            with pytest.raises(error, match="too late"):
                jitted(object)
            monkeypatch.setattr(place, name, original)
            assert gc.isenabled() and not dispatcher.compile_lock()._is_owned()
            assert jitted(object) is object and len(compiled(jitted)) == 1
    finally:
        signal.signal(signal.SIGALRM, old)


def test_many_functions_and_texts_as_arguments():
    @jit
    def applied(f, x, text):
        return f(x) + 1, text + "!", len(text)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(30):
            add = (lambda k: lambda x: x + k)(k)
            for x in (1, 2.5):
                assert applied(add, x, f"text {k}") == applied.__wrapped__(add, x, f"text {k}")
        assert applied(abs, -1, "t") == (2, "t!", 1)
    assert len(applied.specializations) < 30
    with pytest.raises(TypeError, match="not callable"):
        applied(3, 1, "t")
