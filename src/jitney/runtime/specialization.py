"""A function compiled for one tuple of argument types, and what its code needs to stay alive."""

from __future__ import annotations

from ctypes import addressof, c_int64

from ..ir.context import DIRTY
from . import capi, stubs
from .exceptions import failure, kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType
    from typing import Any

    from ..errors import UnsupportedError
    from ..ir.function import Symbol
    from ..pytypes import PyType
    from .guards import GuardTable
    from .stack import StackLimits

_FEW_BAILS = 50
_SELDOM = 63
_REPLAY_ROOM = 16 << 10


class Words:
    """The words that an entry counts in and finds the plain function and the failure handler by.

    Attributes:
        address: of the words, see `stubs`.
    """

    __slots__ = ("_decide", "_plain", "_rows", "address")

    def __init__(self, plain: FunctionType, hopeless: Callable[[], None], limits: StackLimits | None) -> None:
        """
        Args:
            hopeless: called when CPython had better run all these calls: more than 50 bailed out, and that was more
                than half of them.
            limits: of a recursive function: the threads' stacks. When CPython runs one of its calls again, the inner
                ones come back to compiled code and may bail out in turn, each on top of the other.
        """
        block, place = capi.words([0] * stubs.WORDS)
        rows = memoryview(block).cast("Q")

        def decide(address: int, pending: BaseException | None) -> Any:
            """See the stub FAIL: the exception to raise, or what to call instead."""
            if pending is not None or c_int64.from_address(address + DIRTY).value:
                try:
                    return failure(address, pending)
                finally:
                    # The traceback leads back to this frame.
                    pending = None
            if limits is not None and (kind_of(address) == "recursion" or address < limits.current() + _REPLAY_ROOM):
                return RecursionError("maximum recursion depth exceeded")
            bails = rows[stubs.BAILS // 8]
            if bails > _FEW_BAILS and 2 * bails > rows[stubs.CALLS // 8]:
                hopeless()
            return plain

        self._rows = rows
        self.address = addressof(place)
        # Machine code holds the addresses of both.
        self._plain, self._decide = plain, decide
        rows[stubs.PLAIN // 8], rows[stubs.HANDLER // 8] = id(plain), id(decide)
        rows[stubs.REVIEW // 8] = _SELDOM if limits is None else 0

    @property
    def calls(self) -> int:
        return self._rows[stubs.CALLS // 8]

    @property
    def bails(self) -> int:
        return self._rows[stubs.BAILS // 8]


class Specialization:
    """What became of a jitted function for one tuple of argument types: compiled, or left to CPython.

    Attributes:
        types: of the arguments, one per parameter.
        result: the type of what it returns; None where CPython runs.
        reason: why CPython runs calls of these types, "" where compiled code does.
        tier: "quick": compiled without optimisation, for one call; "straight": as that, but it has no loops, so the
            code is kept; "full".
        stages: seconds that each stage of the compiler took.
        code_size: bytes of machine code, the entry included.
        loops: of each `prange` loop under ``parallel=True``, whether threads share it, and why not where they do not.
    """

    __slots__ = (
        "address", "by_number", "code_size", "entry_form", "entry_owner", "error", "guards", "hidden", "loops",
        "owners", "owns", "reason", "recursive", "reenters", "result", "rows", "stages", "symbol", "tier", "told",
        "types", "unit", "words", "writes",
    )  # fmt: skip

    def __init__(self, types: tuple[PyType, ...]) -> None:
        self.types = types
        self.result: PyType | None = None
        self.reason = ""
        self.tier = ""
        self.stages: dict[str, float] = {}
        self.code_size = 0
        self.loops: tuple[str, ...] = ()
        # What follows is the dispatcher's. Of a compiled function: what callers must know and what keeps it alive.
        self.told = False
        self.error: UnsupportedError | None = None
        self.symbol: Symbol | None = None
        self.writes = self.recursive = self.reenters = self.owns = False
        self.rows: list[Any] = []
        self.hidden: list[Any] = []
        self.guards: GuardTable
        self.words: Words | None = None
        self.owners: tuple[Any, ...] = ()
        # Of one compiled quickly: what of it need not be done again for the next call.
        self.unit: Any = None
        # Of its entry, once Python has called it.
        self.by_number = False
        self.address = 0
        self.entry_owner: Any = None
        self.entry_form: tuple[int, bool, bool] = (0, False, False)

    @property
    def signature(self) -> str:
        """The argument types, in words."""
        return ", ".join(map(str, self.types))

    @property
    def calls(self) -> int:
        """How often compiled code ran it from Python."""
        return self.words.calls if self.words is not None else 0

    @property
    def bailouts(self) -> int:
        """How often compiled code gave up and CPython ran the call again."""
        return self.words.bails if self.words is not None else 0

    def __repr__(self) -> str:
        types = self.signature
        if self.reason:
            return f"<({types}): CPython, {self.reason.splitlines()[0]}>"
        milliseconds = 1000 * sum(self.stages.values())
        size = f"{self.code_size} bytes in {milliseconds:.1f} ms{', quickly' * (self.tier == 'quick')}"
        return f"<({types}) -> {self.result}: {size}, {self.bailouts} of {self.calls} calls bailed out>"
