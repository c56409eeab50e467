"""Names are looked up when Python looks them up: globals, builtins, closures, modules, arrays among them."""

import gc
import math
import sys
import threading
import types
import weakref

import numpy as np
import pytest

from jitney import FallbackWarning, jit


@pytest.fixture
def source(tmp_path):
    """Run a text as a module of its own file, and give its globals."""
    count = 0

    def run(text, **names):
        nonlocal count
        count += 1
        path = tmp_path / f"program{count}.py"
        path.write_text(text)
        namespace = {"jit": jit, "__name__": f"program{count}", **names}
        exec(compile(text, str(path), "exec"), namespace)
        return namespace

    return run


def compilations(jitted):
    return len([s for s in jitted.specializations if not s.reason])


def test_changed_number_is_seen_and_then_read_at_entry(source):
    g = source("k = 3\n@jit\ndef f(x):\n    return x * k\n")
    f = g["f"]
    assert f(2) == 6 and f(2) == 6
    first = f.specializations[0]
    g["k"] = 4
    assert f(2) == 8
    second = f.specializations[0]
    assert second is not first
    for k in range(5, 50):
        g["k"] = k
        assert f(2) == 2 * k
    assert f.specializations[0] is second
    g["k"] = 0.5
    assert f(2) == 1.0
    g["k"] = 2**70
    assert f(2) == 2**71
    g["k"] = 7
    assert f(2) == 14
    del g["k"]
    with pytest.raises(NameError, match="name 'k' is not defined"):
        f(2)
    g["k"] = 1
    assert f(2) == 2


def test_new_names_do_not_compile_again(source):
    g = source("k = 3\n@jit\ndef f(x):\n    return abs(x) * k\n")
    f = g["f"]
    assert f(-2) == 6
    record = f.specializations[0]
    for n in range(300):
        g[f"name{n}"] = n
        assert f(-2) == 6
    for n in range(300):
        del g[f"name{n}"]
        assert f(-2) == 6
    assert f.specializations[0] is record and record.calls == 601


def test_global_hides_builtin_and_shows_it_again(source):
    g = source("@jit\ndef f(x):\n    return abs(x)\n")
    f = g["f"]
    assert f(-2) == 2
    g["abs"] = g["jit"](lambda x: 99)
    assert f(-2) == 99
    del g["abs"]
    assert f(-2) == 2


def test_builtin_replaced(source, monkeypatch):
    g = source("@jit\ndef f(x):\n    return abs(x)\n")
    f = g["f"]
    assert f(-2) == 2
    replacement = lambda x: "replaced"
    monkeypatch.setattr("builtins.abs", replacement)
    assert f(-2) == "replaced"
    monkeypatch.undo()
    assert f(-2) == 2


def test_attribute_of_a_module(source):
    module = types.ModuleType("constants")
    module.rate = 2
    g = source("@jit\ndef f(x):\n    return x * constants.rate\n", constants=module)
    f = g["f"]
    assert f(3) == 6
    module.rate = 5
    assert f(3) == 15
    module.rate = 6
    assert f(3) == 18
    other = types.ModuleType("constants")
    other.rate = 1
    g["constants"] = other
    assert f(3) == 3
    del other.rate
    with pytest.raises(AttributeError, match="has no attribute 'rate'"):
        f(3)


def test_cells():
    def make(k):
        @jit
        def f(x):
            return x * k

        def set(value):
            nonlocal k
            k = value

        def unset():
            nonlocal k
            del k

        return f, set, unset

    f, set, unset = make(3)
    other, *_ = make(10)
    assert f(2) == 6 and other(2) == 20
    for value in (4, 5, 6):
        set(value)
        assert f(2) == 2 * value and other(2) == 20
    set(0.25)
    assert f(2) == 0.5
    unset()
    with pytest.raises(NameError):
        f(2)
    set(1)
    assert f(2) == 2


def test_function_of_a_module_replaced(source):
    g = source("@jit\ndef g(x):\n    return x + 1\n@jit\ndef f(x):\n    return g(x) * 10\n")
    f = g["f"]
    assert f(1) == 20 and f(1) == 20
    g["g"] = jit(lambda x: x + 2)
    assert f(1) == 30
    h = source("@jit\ndef h(x):\n    return x + 3\n")["h"]
    g["g"] = h
    assert f(1) == 40


def test_what_a_callee_relies_on(source):
    g = source("k = 1\n@jit\ndef g(x):\n    return x + k\n@jit\ndef f(x):\n    return g(x) * 10\n")
    f = g["f"]
    assert f(1) == 20
    for k in (2, 3, 4):
        g["k"] = k
        assert f(1) == (1 + k) * 10
        assert g["g"](1) == 1 + k
    assert len(f.specializations) == 1


def test_global_array_is_an_argument(source):
    g = source("@jit\ndef f(i):\n    return table[i]\n", table=np.arange(5.0))
    f = g["f"]
    assert f(3) == 3.0
    g["table"][3] = 7.0
    assert f(3) == 7.0
    g["table"] = np.arange(10.0) * 2
    assert f(3) == 6.0 and f(9) == 18.0
    assert len(f.specializations) == 1
    g["table"] = np.arange(10)
    assert f(3) == 3
    g["table"] = np.arange(20.0).reshape(4, 5)[:, 2]
    assert f(3) == 17.0
    count = sys.getrefcount(g["table"])
    for _ in range(100):
        f(3)
    after = sys.getrefcount(g["table"])
    assert after == count
    g["table"] = [1, 2, 3]
    assert f(1) == 2


def test_global_array_of_a_callee(source):
    text = "@jit\ndef g(i):\n    return table[i]\n@jit\ndef f(i):\n    return g(i) + g(0)\n"
    g = source(text, table=np.arange(5.0) + 1)
    assert g["f"](3) == 5.0
    g["table"] = np.arange(5.0) + 10
    assert g["f"](3) == 23.0


def test_recursive_with_hidden_argument(source):
    g = source("k = 1\n@jit\ndef f(n):\n    return k if n == 0 else f(n - 1) + k\n")
    f = g["f"]
    assert f(5) == 6
    for k in (2, 3):
        g["k"] = k
        assert f(5) == 6 * k


def test_name_that_changes_for_ever_is_compiled_only_so_often(source):
    g = source("@jit\ndef f(x):\n    return g(x)\n")
    f = g["f"]
    with pytest.warns(FallbackWarning, match="compiled often enough"):
        for n in range(100):
            g["g"] = jit(source(f"def g(x):\n    return x + {n}\n")["g"])
            assert f(1) == n + 1


def test_compiled_function_does_not_keep_its_globals_alive(source):
    class Marker:
        pass

    marker = Marker()
    gone = weakref.ref(marker)
    g = source("k = 3\n@jit\ndef f(x):\n    return x * k\n", marker=marker)
    del marker
    assert g["f"](2) == 6
    g["k"] = 5
    assert g["f"](2) == 10
    del g
    gc.collect()
    assert gone() is None


def test_dictionary_of_globals_is_a_subclass(tmp_path):
    class Namespace(dict):
        pass

    path = tmp_path / "odd.py"
    text = "def f(x):\n    return x * k\n"
    path.write_text(text)
    namespace = Namespace(k=3)
    exec(compile(text, str(path), "exec"), namespace)
    f = jit(namespace["f"])
    with pytest.warns(FallbackWarning):
        assert f(2) == 6
    namespace["k"] = 4
    assert f(2) == 8


def test_math_pi_is_a_constant_until_it_changes(monkeypatch):
    @jit
    def area(r):
        return math.pi * r * r

    assert area(2.0) == math.pi * 4.0
    monkeypatch.setattr(math, "pi", 3.0)
    assert area(2.0) == 12.0
    monkeypatch.undo()
    assert area(2.0) == math.pi * 4.0


def test_names_change_in_other_threads_all_the_time(source):
    text = "k = 1\n@jit\ndef g(x):\n    return x * k\n@jit\ndef f(x):\n    return g(x) + abs(x) + k\n"
    names = source(text)
    f = names["f"]
    stop, wrong = threading.Event(), []

    def change():
        n = 0
        while not stop.is_set():
            n += 1
            names["k"] = n % 7
            names[f"extra{n}"] = n
            if n % 3000 == 0:
                for name in [name for name in names if name.startswith("extra")]:
                    del names[name]
            if n % 500 == 0:
                names["abs"] = abs
                del names["abs"]

    def call():
        while not stop.is_set():
            result = f(2)
            if type(result) is not int or not 2 <= result <= 20:
                wrong.append(result)

    threads = [threading.Thread(target=call) for _ in range(3)] + [threading.Thread(target=change)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        f(2)
        for thread in threads:
            thread.start()
        stop.wait(1.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert not wrong
    assert all(not s.reason for s in f.specializations)


def test_name_that_is_not_interned(source):
    g = source("@jit\ndef f(x):\n    return x * factor\n")
    f = g["f"]
    name = "".join(["fac", "tor"])
    g[name] = 3
    assert f(2) == 6 and f(2) == 6
    g[name] = 4
    assert f(2) == 8
    del g[name]
    g["factor"] = 5
    assert f(2) == 10 and f.specializations[0].calls
    calls = f.specializations[0].calls
    assert f(2) == 10
    assert f.specializations[0].calls == calls + 1
