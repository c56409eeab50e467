"""Entries: the machine code that CPython jumps to when a jitted function is called.

An entry belongs to one specialisation. It checks the arguments' types and the guards, unboxes, calls the compiled
function and boxes the result:

    f(2.5)  ->  entry(callable, args, nargsf, kwnames)
                  nargsf, kwnames as expected? types? guards?      else: the next specialisation's, or the slow entry
                  result, failed = f(context, 2.5)
                  failed?                                          FAIL of the stubs
                  PyFloat_FromDouble(result)

The types of two specialisations exclude each other, so that the order of the chain matters for speed alone.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Symbol
    from ..pytypes import PyType
    from .arguments import Binding
    from .guards import GuardTable


class Entry:
    """What an entry is made of.

    Attributes:
        name: for listings.
        symbol: the compiled function's.
        arg_types, result: types of all parameters, and of the result.
        writes: the compiled function gives its dirty flag as last result.
        owns: it, or what it calls, holds references.
        guards: bound; its hidden arguments follow the others.
        words: the address of the specialisation's words (see `stubs`).
        next: the address of the entry that is tried when the types do not fit.
        stack_limit: see `stack.StackLimits.address`, if the compiled function may be called again by what it calls;
            else 0.
        by_number: see `boxing.Misfit`.
        free: addresses of the functions that let the GIL go and take it again, around the call; None to keep it.
        binding: the function's parameters: keywords and defaults are then handled here; None if such calls take the
            slow path.
    """

    __slots__ = (
        "arg_types", "binding", "by_number", "free", "guards", "name", "next", "owns", "result", "stack_limit",
        "symbol", "words", "writes",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        symbol: Symbol,
        arg_types: tuple[PyType, ...],
        result: PyType,
        writes: bool,
        guards: GuardTable,
        words: int,
        next: int,
        stack_limit: int = 0,
        by_number: bool = False,
        binding: Binding | None = None,
        owns: bool = False,
        free: tuple[int, int] | None = None,
    ) -> None:
        self.name = name
        self.symbol = symbol
        self.arg_types = arg_types
        self.result = result
        self.writes = writes
        self.guards = guards
        self.words = words
        self.next = next
        self.stack_limit = stack_limit
        self.by_number = by_number
        self.binding = binding
        self.owns = owns
        self.free = free
