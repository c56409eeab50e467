"""The page docs/numpy.md, made from the library's tables: ``python -m tests.numpy_table`` writes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from jitney.frontend.library import (
    converting,
    creation,
    drawing,
    elementwise,
    iterators,
    numpy_functions,
    reductions,
    selecting,
    shaping,
    written,
)

PAGE = Path(__file__).parents[1] / "docs" / "numpy.md"

_HEAD = """# NumPy in compiled code

*Made from the library's tables by `python -m tests.numpy_table`; a test keeps it up to date.*

Every NumPy feature is done in one of three ways:

- **compiled**: by machine operations, loops of our own, or NumPy's inner loops, without Python objects;
- **NumPy itself**: the real function is called with boxed arguments (see [Objects and arrays](objects.md)). The type of
  the result is found out when compiling and guarded; a function that does so elsewhere keeps its loops at full speed;
- **CPython**: the whole function runs in CPython, and a `FallbackWarning` says why.

What is compiled is compiled for the usual forms of arguments; a call in an unusual form (an option that the row does
not know) is done by NumPy itself.
"""

_FEATURES = [
    ("elements, rows, slices, new axes, `...`", "compiled", "views: nothing is allocated"),
    ("expressions over whole arrays, broadcasting", "compiled", "one loop, no temporaries"),
    ("every ufunc, on scalars and arrays", "compiled", "by NumPy's inner loops where these are not plain"),
    ("indexing by masks and arrays of integers", "compiled", ""),
    ("single numbers from `np.random.*` and methods of `Generator` and `RandomState`: see below", "compiled",
     "the same stream"),
    ("`gauss` `randint` `random` `randrange` `uniform` of the module `random`", "compiled", "the same stream"),
    ("arrays of random numbers, other distributions and functions of `random`", "NumPy itself", "the same stream"),
    ("any other function or method of NumPy", "NumPy itself", "taken to have effects; its result is any object"),
    ("`complex64` and `complex128`: elements, `+ - * /`, comparisons, views, stores, `.real`, `.imag`", "compiled",
     "as pairs of floats"),
    ("ufuncs of complex numbers; products of complex128 arrays with one axis", "compiled", "by NumPy's inner loops"),
    ("other products and powers of complex arrays, their magnitudes and reductions", "NumPy itself",
     "its loops round at other places than its scalars"),
    ("records: `a[i]['x']`, `a['x'][i]`, `a['x']`, `r['x'] = v`, `a[i] = b[j]`, `r.x` of recarrays", "compiled",
     "arguments too; packed or aligned, nested, with arrays inside"),
    ("slices of records stored, fields of other types, expressions over unaligned fields", "NumPy itself", ""),
    ("arrays of float16, strings, dates, objects", "NumPy itself",
     "as objects: other arrays' loops keep their speed"),
    ("arrays without dimensions, and of up to 8", "compiled", ""),
    ("byte-swapped and unaligned arrays, arrays of more than 8 dimensions", "NumPy itself", "as objects"),
    ("NumPy 1.x", "CPython", "its scalars follow other rules (before NEP 50)"),
]  # fmt: skip


def _names(*tables: dict[str, object]) -> set[str]:
    return {name for table in tables for name in table}


def _listed(names: set[str]) -> str:
    return " ".join(f"`{name}`" for name in sorted(names))


def page() -> str:
    """The page's text."""
    functions = _names(
        converting.ROWS, creation.ROWS, elementwise.ROWS, iterators.NUMPY_ROWS, reductions.ROWS,
        selecting.NUMPY_ROWS,
        shaping.NUMPY_ROWS,
        written.TABLE,
    ) | {"round", "around"}
    methods = _names(elementwise.METHODS, reductions.METHODS, selecting.METHODS, shaping.METHODS, written.METHODS)
    listed = {name for _, names in numpy_functions.FUNCTIONS for name in names.split()} - functions
    called = {name for name in listed if not isinstance(getattr(np, name, None), np.ufunc)}
    by_numpy = {name for _, names in numpy_functions.METHODS for name in names.split()} - methods
    out = [_HEAD, "## Features\n", "| feature | how | |", "|---|---|---|"]
    out += [f"| {feature} | {how} | {note} |" for feature, how, note in _FEATURES]
    out += ["", "## Functions\n", "| how | functions of `numpy` |", "|---|---|"]
    out += [f"| compiled | every ufunc; {_listed(functions)} |", f"| NumPy itself | {_listed(called)} |"]
    out += ["", "## Methods of arrays\n", "| how | methods |", "|---|---|"]
    out += [f"| compiled | {_listed(methods)} |", f"| NumPy itself | {_listed(by_numpy)} |"]
    out += ["", "## Random numbers\n", "| how | methods that draw one number |", "|---|---|"]
    out += [f"| compiled, of `Generator` | {_listed(_names(drawing.NEW))} |"]
    out += [f"| compiled, of `RandomState` and `np.random` | {_listed(_names(drawing.LEGACY))} |"]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
