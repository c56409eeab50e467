"""Random numbers drawn by compiled code: the stream of NumPy's and Python's own calls, and the state they leave."""

from __future__ import annotations

import copy
import itertools
import linecache
import random
import subprocess
import sys
import threading
import warnings
from typing import Any

import numpy as np
import pytest

from jitney import jit, prange
from jitney.errors import FallbackWarning
from tests.support import outcome

BIT_GENERATORS = (np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64)
NAN, INF = float("nan"), float("inf")
_numbers = itertools.count()


def _made(source: str, **names: Any) -> Any:
    """The function `f` of a text."""
    file = f"<random {next(_numbers)}>"
    namespace = {"np": np, "random": random, "prange": prange, **names}
    exec(compile(source, file, "exec"), namespace)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    return namespace["f"]


def _alike(function: Any, make: Any, state: Any, *args: Any, **options: Any) -> Any:
    """Plain and jitted from the same state: the same results and, afterwards, the same state. Twice, since the first
    call is compiled in another way."""
    jitted = jit(**options)(function) if options else jit(function)
    for _ in range(2):
        results = []
        for each in (function, jitted):
            generator = make()
            given = copy.deepcopy(args if generator is None else (generator, *args))
            generator = given[0] if generator is not None else None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", FallbackWarning)
                results.append((outcome(each, given), state(generator)))
        assert repr(results[0]) == repr(results[1])
    return jitted


def _generator(kind: Any = np.random.PCG64) -> Any:
    return lambda: np.random.Generator(kind(7))


def _state(generator: Any) -> Any:
    return generator.bit_generator.state


def _seeded() -> None:
    np.random.seed(11)
    random.seed(12)


def _global_state(_: Any) -> Any:
    return np.random.get_state(legacy=False), random.getstate()


NEW = (
    "random()", "standard_normal()", "normal()", "normal(1, 2.5)", "normal(scale=x)", "uniform()", "uniform(-1, x)",
    "uniform(high=3)", "exponential()", "exponential(x)", "standard_exponential()", "lognormal(0.5, 0.25)",
    "laplace()", "gumbel(x)", "logistic(x, x)", "poisson(3.5)", "poisson(x)", "poisson(100.0)", "poisson()",
    "standard_gamma(x)", "gamma(2.0)", "gamma(0.5, 3)", "beta(x, 2)", "beta(0.5, 0.25)", "chisquare(x)",
    "f(x, 3.0)", "standard_t(x)", "standard_cauchy()", "pareto(x)", "weibull(x)", "power(x)", "rayleigh(x)",
    "wald(x, 1.0)", "geometric(0.3)", "integers(10)", "integers(k, 2**62)", "integers(-5, k)", "integers(0, 2**32)",
    "integers(0, 2**32 - 1)", "integers(-2**62, 2**62)", "integers(k)", "integers(k, k + 1)",
    "triangular(0.0, 0.5, 1.0)", "binomial(10, 0.3)", "normal(size=None)", "choice(5)",
    "integers(0, 4, endpoint=True)", "random(dtype=np.float32)", "normal(f4, f4)",
)  # fmt: skip
LEGACY = (
    "random()", "random_sample()", "rand()", "randn()", "standard_normal()", "normal(1, 2.5)", "normal(scale=x)",
    "uniform()", "uniform(-1, x)", "exponential()", "exponential(x)", "standard_exponential()",
    "lognormal(0.5, 0.25)", "laplace()", "gumbel(x)", "logistic(x, x)", "poisson(3.5)", "poisson(100.0)",
    "poisson(x)", "randint(10)", "randint(k, 2**62)", "randint(-5, k)", "randint(0, 2**32)",
    "randint(0, 2**32 - 1)", "randint(k, k + 1)", "gamma(2.0)", "beta(x, 2)", "triangular(0.0, 0.5, 1.0)",
    "binomial(10, 0.3)", "choice(5)", "normal(0, 1, None)",
)  # fmt: skip


def _sequence(owner: str, calls: tuple[str, ...], first: str = "") -> Any:
    lines = "".join(f"        a = {owner}.{call}\n        s = s + a\n        last = a\n" for call in calls)
    head = f"{first}x, k, f4, n" if first else "x, k, f4, n"
    return _made(f"def f({head}):\n    s = 0.0\n    last = 0.0\n    for i in range(n):\n{lines}    return s, last\n")


def _slices(calls: tuple[str, ...], count: int = 6) -> list[tuple[str, ...]]:
    """In groups, and each in two."""
    return [calls[k : k + count] for k in range(0, len(calls), count)]


@pytest.mark.parametrize("calls", _slices(NEW))
def test_generators(calls: tuple[str, ...]) -> None:
    function = _sequence("r", calls, "r, ")
    jitted = jit(function)
    for kind in BIT_GENERATORS:
        results = []
        for each in (function, jitted):
            generator = np.random.Generator(kind(7))
            got = outcome(each, (generator, 1.5, 7, np.float32(0.7), 9))
            results.append((got, _state(generator), generator.normal()))
        assert results[0][0][0] == "returns"
        assert repr(results[0]) == repr(results[1])


@pytest.mark.parametrize("calls", _slices(LEGACY))
def test_legacy_functions(calls: tuple[str, ...]) -> None:
    _alike(_sequence("np.random", calls), _seeded, _global_state, 1.5, 7, np.float32(0.7), 9)
    _alike(_sequence("r", calls, "r, "), lambda: np.random.RandomState(3), lambda r: r.get_state(), 1.5, 7, 0.5, 9)


PLAIN = (
    "random()", "uniform(-1, x)", "uniform(0.5, 0.5)", "uniform(k, x)", "uniform(f4, 3)", "randint(1, 6)",
    "randint(k, k)", "randrange(10)", "randrange(-5, k)", "randrange(1)", "randrange(0, 2**32 - 1)",
    "randrange(0, 2**32)", "randrange(-2**60, 2**61)", "randrange(2**31 + 1)", "gauss(0, 1)", "gauss(x, f4)",
    "gauss(0.0, x)", "choice((1, 2))", "expovariate(x)", "normalvariate(0.0, x)", "getrandbits(40)",
    "randrange(0, 10, 3)", "triangular(0.0, 1.0, 0.5)",
)  # fmt: skip


@pytest.mark.parametrize("calls", _slices(PLAIN))
def test_the_module_random(calls: tuple[str, ...]) -> None:
    _alike(_sequence("random", calls), _seeded, _global_state, 1.5, 7, np.float32(0.7), 130)


def test_words_used_up_in_every_place() -> None:
    """The state's 624 words end before, in and after a draw."""
    function = _made(
        """
def f(skip):
    for _ in range(skip):
        random.getrandbits(32)
    a, b, c, d = random.random(), random.randrange(513), random.gauss(0.0, 1.0), random.randrange(1 << 20)
    return a, b, c, d, random.uniform(1.0, 2.0), random.randint(0, 2)
"""
    )
    jitted = jit(function)
    for skip in range(606, 626):
        results = []
        for each in (function, jitted):
            random.seed(3)
            results.append((each(skip), random.getstate()))
        assert results[0] == results[1]


def test_errors_of_the_module_random() -> None:
    for call in (
        "randrange(k)",
        "randint(1, k)",
        "randrange(5, k)",
        "gauss('x', 1)",
        "uniform(1, 'x')",
        "randint(1.5, 2)",
    ):
        for before in ("", "random.random(), "):
            function = _made(f"def f(k): return {before}random.{call}")
            for k in (0, -3, 1, 7):
                _alike(function, _seeded, _global_state, k)


def test_a_generator_of_the_users_own() -> None:
    draw = random.Random(5).random
    jitted = jit(_made("def f(): return draw() + draw()", draw=draw))
    other = random.Random(5)
    for _ in range(4):
        assert jitted() == other.random() + other.random()

    class Mine(random.Random):
        def random(self) -> float:
            return 0.25

    mine = _made(
        "def f(): return draw(), half(1.0, 2.0), low(1, 6)",
        draw=Mine(1).random,
        half=Mine(1).uniform,
        low=Mine(1).randint,
    )
    for _ in range(2):
        assert jit(mine)()[:2] == (0.25, 1.25)


def test_a_kept_gauss_that_is_no_float() -> None:
    function = _made("def f(): return random.gauss(0.0, 1.0)")
    jitted = jit(function)
    jitted(), jitted()
    version, words, _ = random.getstate()
    random.setstate((version, words, "x"))
    with pytest.raises((TypeError, RuntimeError)):
        jitted()
    random.setstate((version, words, None))


@pytest.mark.parametrize("array", [np.arange(7.0), np.arange(9)[::-2], np.array([True, False]), np.array([1.5], "f4")])
def test_choice(array: Any) -> None:
    chosen = _made("def f(r, a, n): return r.choice(a), r.choice(a), r.choice(n), r.choice(a=n), r.choice(a, 2).sum()")
    _alike(chosen, _generator(), _state, array, 5)
    _alike(chosen, lambda: np.random.RandomState(3), lambda r: r.get_state(), array, 5)
    _alike(_made("def f(a, n): return np.random.choice(a), np.random.choice(n)"), _seeded, _global_state, array, 5)
    _alike(_made("def f(a, n): return np.random.choice(a), np.random.choice(n)"), _seeded, _global_state, array, 0)
    _alike(_made("def f(a): return np.random.choice(a)"), _seeded, _global_state, array[:0])
    _alike(_made("def f(a): return np.random.choice(a)"), _seeded, _global_state, array.reshape(1, -1))


def test_numpy_random_that_is_not_imported_yet() -> None:
    program = """
import numpy as np, sys, warnings
warnings.simplefilter("error")
from jitney import jit
before = "numpy.random" in sys.modules
import linecache
linecache.cache["<f>"] = (0, None, ["def f(): return np.random.random() < 2.0\\n"], "<f>")
exec(compile("def f(): return np.random.random() < 2.0\\n", "<f>", "exec"))
print(jit(f)(), before)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert found.stdout.split()[:1] == ["True"], found.stderr


WRONG = (
    "normal(0.0, x)", "normal(x, 1.0)", "exponential(x)", "uniform(x, 1.0)", "uniform(0.0, x)", "lognormal(0.0, x)",
    "laplace(0.0, x)",
)  # fmt: skip


@pytest.mark.parametrize("call", WRONG)
def test_unusual_parameters_are_left_to_numpy(call: str) -> None:
    values = [0.0, -0.0, -1.0, NAN, -NAN, INF, -INF, 1e308, -1e308, 5e-324, 1.0]
    function = _made(f"def f(r, x): return r.random(), r.{call}")
    jitted = jit(function)
    for value in values:
        for make in (_generator(), lambda: np.random.RandomState(3)):
            results = []
            for each in (function, jitted):
                generator = make()
                got = outcome(each, (generator, value))
                results.append((got, generator.random(), generator.standard_normal()))
            assert results[0] == results[1], (call, value)


def test_errors_come_where_numpy_raises_them() -> None:
    empty = _made("def f(r, k): return r.integers(1, 5), r.integers(5, k)")
    legacy = _made("def f(k): return np.random.randint(1, 5), np.random.randint(5, k)")
    for k in (5, 4, -3, 6):
        _alike(empty, _generator(), _state, k)
        _alike(legacy, _seeded, _global_state, k)
    for call in ("poisson(-1.0)", "poisson(1e300)", "geometric(0.0)", "geometric(1.5)", "beta(-1.0, 1.0)"):
        _alike(_made(f"def f(r): return r.random(), r.{call}"), _generator(), _state)
    for call in ("normal('x')", "normal(0, 1, size=(2, 3))", "random(3)", "normal(1, 2, 3, 4)", "normal(sigma=2)"):
        _alike(_made(f"def f(r): return r.random(), r.{call}"), _generator(), _state)


def test_compiled_and_plain_draws_continue_one_stream() -> None:
    @jit
    def three(generator: Any) -> Any:
        return generator.standard_normal(), generator.integers(0, 100), generator.random()

    @jit
    def legacy() -> Any:
        return np.random.normal(), np.random.randint(0, 100), np.random.rand()

    one, other = np.random.default_rng(5), np.random.default_rng(5)
    np.random.seed(6)
    state = np.random.RandomState(6)
    for _ in range(5):
        assert three(one) == (other.standard_normal(), other.integers(0, 100), other.random())
        assert one.normal() == other.normal()
        assert one.integers(0, 7) == other.integers(0, 7)
        assert legacy() == (state.normal(), state.randint(0, 100), state.rand())
        assert np.random.normal() == state.normal()


def test_names_and_generators_may_be_given_new_values() -> None:
    draw = np.random.default_rng(3).normal
    function = _made("def f(): return draw(1.0, 2.0), r.random()", draw=draw, r=np.random.default_rng(4))
    jitted = jit(function)
    first = jitted()
    again, other = np.random.default_rng(3), np.random.default_rng(4)
    assert first == (again.normal(1.0, 2.0), other.random())
    assert jitted() == (again.normal(1.0, 2.0), other.random())
    function.__globals__["r"] = np.random.Generator(np.random.MT19937(9))
    assert jitted()[1] == np.random.Generator(np.random.MT19937(9)).random()


def test_seeding_and_another_bit_generator() -> None:
    function = _made(
        """
def f(k, n):
    np.random.seed(k)
    s = np.random.normal()
    for i in range(n):
        s += np.random.random()
        if i == 3:
            np.random.seed(i)
    return s
"""
    )
    _alike(function, _seeded, _global_state, 5, 10)
    kept = np.random.get_bit_generator()
    try:
        draws = jit(_made("def f(): return np.random.random(), np.random.normal(), np.random.randint(0, 9)"))
        draws()
        np.random.set_bit_generator(np.random.PCG64(3))
        state = np.random.RandomState(np.random.PCG64(3))
        for _ in range(3):
            assert draws() == (state.random(), state.normal(), state.randint(0, 9))
    finally:
        np.random.set_bit_generator(kept)


def test_a_draw_waits_for_whoever_holds_the_generator() -> None:
    generator, plain = np.random.default_rng(8), np.random.default_rng(8)
    draw = jit(_made("def f(r): return r.random() + r.normal(1.0, 2.0)"))
    draw(np.random.default_rng(1))
    draw(np.random.default_rng(1))
    seen: list[float] = []
    lock = generator.bit_generator.lock
    with lock:
        thread = threading.Thread(target=lambda: seen.append(draw(generator)))
        thread.start()
        thread.join(0.05)
        assert not seen
    thread.join(10)
    assert seen == [plain.random() + plain.normal(1.0, 2.0)]


def test_a_generator_without_state_crashes_nothing() -> None:
    draw = jit(_made("def f(r): return r.random()"))
    broken = np.random.Generator.__new__(np.random.Generator)
    for _ in range(2):
        with pytest.raises((AttributeError, TypeError)):
            draw(broken)


def test_draws_in_loops_over_arrays_and_in_parallel_ones() -> None:
    walk = _made(
        """
def f(r, a, n):
    for i in range(a.shape[0]):
        a[i] = r.normal(a[i], 0.5)
        if a[i] > 1.0 and r.random() < 0.5:
            a[i] = r.uniform(a[i], 2.0 * a[i])
    return a.sum() + r.integers(n)
"""
    )
    _alike(walk, _generator(), _state, np.linspace(0.0, 2.0, 50), 5)
    _alike(walk, _generator(), _state, np.linspace(0.0, 2.0, 50), 5, nogil=True)
    shared = _made(
        """
def f(a):
    for i in prange(a.shape[0]):
        a[i] = np.random.random() + np.random.randn()
    return a.sum()
""",
    )
    _alike(shared, _seeded, _global_state, np.zeros(64), parallel=True)
