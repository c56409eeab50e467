"""How many threads share parallel loops."""

from __future__ import annotations

from .lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .runtime import threads
else:
    threads = lazy("jitney.runtime", "threads")


def set_num_threads(number: int) -> None:
    """Let at most `number` threads, the calling one included, share each parallel loop from now on.

    For the whole process. At first it is what the environment variable JITNEY_NUM_THREADS says, or the number of
    processors.

    Raises:
        ValueError: not between 1 and 128.
        TypeError: not an int.
    """
    threads.set_number(number)


def get_num_threads() -> int:
    """How many threads share a parallel loop at most."""
    return threads.pool()["THREADS"]
