"""What the options of `@jit` change."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit, pipeline
from jitney.dispatcher import _Hooks, dispatcher_of
from jitney.ir.print import to_text


def _ir(jitted) -> str:
    """The optimised IR of the last specialisation, as text."""
    dispatcher = dispatcher_of(jitted)
    hooks = _Hooks(dispatcher, keeps=True)
    return to_text(pipeline.listing(dispatcher.function, jitted.specializations[-1].types, hooks)[1])


@jit
def _strict_square(x):
    return x * x + 1.0


@jit(fastmath=True)
def _fast_square(x):
    return x * x + 1.0


def test_fastmath_is_of_the_one_function_it_is_given_to():
    @jit(fastmath=True)
    def fast(x):
        return _fast_square(x) - _strict_square(x)

    @jit
    def strict(x):
        return _fast_square(x) - _strict_square(x)

    assert fast(3.0) == strict(3.0) == 0.0
    assert " fastmath " in _ir(fast).splitlines()[0]
    assert " fastmath " not in _ir(strict).splitlines()[0]
    # A callee of the other kind is called, one of the same kind inlined.
    assert "call _strict_square" in _ir(fast) and "call _fast_square" not in _ir(fast)
    assert "call _fast_square" in _ir(strict) and "call _strict_square" not in _ir(strict)


def test_two_decorations_of_one_function_stay_apart():
    def plain(x):
        return x + 1.0

    both = jit(plain), jit(fastmath=True)(plain)

    @jit
    def user(x):
        return both[0](x) * both[1](x)

    assert user(2.0) == 9.0


@pytest.mark.parametrize(
    "decorator",
    [
        jit(nopython=True, cache=True),
        jit("f8(f8[:], i8)"),
        jit("f8(f8[:], i8)", nopython=True, nogil=True),
        jit(["f8(f8[:], i8)", "f4(f4[:], i4)"], inline="always"),
        jit([], error_model="numpy", boundscheck=False, locals={"total": "f8"}),
        jit(),
    ],
)
def test_signatures_and_options_of_others_have_no_effect(decorator):
    @decorator
    def total(a, n):
        return a[:n].sum()

    assert total(np.arange(5.0), 3) == 3.0
    assert total(np.arange(5), True) == 0
    assert len(total.specializations) == 2


def test_signatures_do_not_convert():
    @jit("i8(f8)")
    def half(x):
        return x / 2

    assert half(5) == 2.5


def test_sets_of_liberties():
    def square(x):
        return x * x + 1.0

    for flags, relaxed in [
        ({"fast"}, True),
        ({"reassoc", "contract", "nnan"}, True),
        ({"contract"}, False),
        ({"nnan", "ninf"}, False),
        (set(), False),
    ]:
        jitted = jit(fastmath=flags)(square)
        assert jitted(3.0) == 10.0
        assert (" fastmath " in _ir(jitted).splitlines()[0]) == relaxed


@pytest.mark.parametrize("options", [{"nopyhton": True}, {"target": "cuda"}])
def test_unknown_options(options):
    with pytest.raises(TypeError, match="unexpected option"):
        jit(**options)
    for wrong in (3, [print]):
        with pytest.raises(TypeError):
            jit(wrong)
