"""Better IR from IR: the passes in order, each a function from `Function` to `Function`. See docs/opt.md."""

from __future__ import annotations

import os

from .checks import drop_checks
from .dce import eliminate
from .guards import hoist
from .memory import forward
from .params import clean
from .rotate import rotate
from .select import convert
from .split import split_loops
from .unroll import unroll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ir.function import Function

#: What `optimize` runs, in this order, and the names under which JITNEY_DISABLE leaves them out.
PASSES: tuple[tuple[str, Callable[[Function], Function]], ...] = (
    ("params", clean),
    ("rotate", rotate),
    ("unroll", unroll),
    ("checks", drop_checks),
    ("select", convert),
    ("guards", hoist),
    ("split", split_loops),
    ("memory", forward),
    ("dce", eliminate),
)


def enabled() -> list[tuple[str, Callable[[Function], Function]]]:
    """The rows of `PASSES` that the environment variable JITNEY_DISABLE (names, comma-separated) leaves on."""
    disabled = os.environ.get("JITNEY_DISABLE", "").split(",")
    return [row for row in PASSES if row[0] not in disabled]


def optimize(function: Function) -> Function:
    """A function that does the same, faster. The argument is used up."""
    for _, run in enabled():
        function = run(function)
    return function
