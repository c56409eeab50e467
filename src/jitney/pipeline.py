"""The whole way from a Python function to machine code, on one page.

    source -> typed SSA -> better SSA -> machine code -> memory
    lower     optimize     generate      load

`compile` is one plain call per stage; what holds from there on stands beside it. The
first call of a function is compiled without `optimize`, unless it promises to take long (`Tier`). With JITNEY_CHECK=1
in the environment the invariants of the IR are verified between all passes and the register allocation is proven (the
tests do so).
"""

from __future__ import annotations

from _weakref import ref
from os import environ
from time import perf_counter

from .analysis import work
from .codegen.generate import generate
from .group import Group
from .ir.ops import OPS
from .ir.types import F64, vector
from .lazy import lazy
from .loader import load
from .opt import enabled, required
from .pytypes import Array
from .runtime import exceptions, host, stubs
from .targets.x86_64 import TARGET, preserving_thunk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _weakref import ReferenceType
    from collections.abc import Sequence
    from types import FunctionType
    from typing import Any

    from .codegen.code import MachineCode
    from .frontend.lower import Lowered
    from .group import GroupHooks, Unit
    from .ir import verify
    from .ir.function import Call, Function, Symbol
    from .loader import Loaded
    from .opt import expand, outline, ufuncs
    from .pytypes import PyType
    from .runtime import threads
    from .runtime.exceptions import Registration
else:
    verify = lazy("jitney.ir", "verify")
    expand, outline, ufuncs = lazy("jitney.opt", "expand", "outline", "ufuncs")
    threads = lazy("jitney.runtime", "threads")


_FCALL = OPS["fcall"]
host.fuses = TARGET.supports("fma", vector(F64, 2))


class Tier:
    """How much a function is compiled; see "Two tiers" in docs/architecture.md.

    QUICK: without optimisation, to run one call.
    STRAIGHT: neither, but there are no loops and no recursion, so that nobody would notice: to be kept.
    FULL: with all passes.
    """

    QUICK, STRAIGHT, FULL = "quick", "straight", "full"


# What a call must promise to execute to be worth all passes at once. They take about as long.
_LONG = 5e6
# Elements of an array that promises as much.
_LARGE = 200_000
# Functions called once whose IR is kept.
_MOST_WAITING = 64


class Compiled:
    """A function compiled for one tuple of argument types.

    Attributes:
        unit: the function and the types.
        lowered: what the frontend made of it: result type, guards, hidden arguments.
        owner: holds the code in memory.
        registrations: hold the sites, for exceptions raised in the code.
        notes: what became of its parallel loops.
        stages: seconds that each stage took.
        code_size: bytes.
        tier: one of `Tier`; the same for all that were compiled together.
    """

    __slots__ = ("code_size", "lowered", "notes", "owner", "registrations", "stages", "tier", "unit")

    def __init__(
        self, unit: Unit, lowered: Lowered, registrations: list[Registration], notes: list[str], size: int, tier: str
    ) -> None:
        self.unit = unit
        self.lowered = lowered
        self.owner: Loaded
        self.registrations = registrations
        self.notes = notes
        self.stages: dict[str, float] = {}
        self.code_size = size
        self.tier = tier


def compile(
    function: FunctionType, types: tuple[PyType, ...], hooks: GroupHooks, first: Sequence[int | None] | None = None,
    lowered_before: Unit | None = None,
) -> list[Compiled]:  # fmt: skip
    """Compile `function` for arguments of the given types, and with it what it calls and is not compiled yet.

    Args:
        first: of a first call, which may be compiled quickly: what is known of the leaves of its arguments (integers,
            arrays' addresses, lengths and strides), None for others.
        lowered_before: what `serves_again` gave for a first call with the same types.
    Returns: callees first, the function itself last.
    Raises:
        UnsupportedError: with the place in the source that stood in the way.
    """
    stages: dict[str, float] = dict.fromkeys(("lower", "optimize", "generate", "load"), 0.0)
    clock = perf_counter()

    # Typed SSA: every construct has CPython's meaning, every way to fail is a site.
    # Whoever wants threads has work for them; relaxed floats had better have the same bits in every call.
    relaxed = ("parallel", "fastmath")
    once = first is not None and not any(hooks.options.get(name) for name in relaxed) and _is_little(types, first)
    group = Group(function, types, hooks, first if once else None)
    units = group.lower() if lowered_before is None or lowered_before.lowered is None else [lowered_before]
    clock = _lap(stages, "lower", clock)

    full = first is None or any(unit.hooks.options.get(name) for unit in units for name in relaxed)
    tier = Tier.FULL if full or first is None else _tier_for(units, first)
    top = units[-1].lowered
    if top is not None and top.pinned and (tier != Tier.QUICK or any(unit.recursive for unit in units)):
        # Code for this one call is of no use, or it calls itself with other arrays.
        units = group.lower_for_all()
        if tier == Tier.STRAIGHT:
            # There may be loops, with other arrays.
            tier = _tier_for(units, first or ())
        clock = _lap(stages, "lower", clock)

    recursive = any(unit.recursive for unit in units)
    made, codes = [], []
    for unit in units:
        lowered = unit.lowered
        assert lowered is not None
        if tier != Tier.QUICK or recursive:
            lowered.complete()
        registrations: list[Registration] = []
        size = 0
        functions, notes = share_loops(unit)
        for made_of_it in functions:
            if tier == Tier.QUICK and _FCALL in made_of_it.ops:
                # Calls of inner loops become code in place.
                lowered.general = False
            # The same function, faster: each pass keeps the invariants of ir/verify.py.
            better = optimize(made_of_it, tier)
            clock = _lap(stages, "optimize", clock)

            # Machine code with relocations. It names its sites by the function's id, by which the runtime knows them.
            registrations.append(exceptions.register(better, unit.function.__name__, unit.function.__globals__))
            codes.append(generate(better, TARGET, poll_thunk(), hasty=tier == Tier.QUICK))
            size += len(codes[-1].code)
            clock = _lap(stages, "generate", clock)
        made.append(Compiled(unit, lowered, registrations, notes, size, tier))

    # Placed and linked: each symbol has its address, and the code lives as long as `owner`.
    owner = load(codes)
    _lap(stages, "load", clock)
    for compiled in made:
        compiled.owner = owner
    # The group's time is told of the function it was compiled for.
    made[-1].stages = stages
    return made


_waiting: list[ReferenceType[Unit]] = []


def serves_again(made: list[Compiled]) -> Unit | None:
    """What was lowered for a first call that was compiled quickly, if it need not be lowered again for the next one:
    nothing in it is that call's, and it calls nothing that may be compiled otherwise by then."""
    (*callees, compiled) = made
    lowered = compiled.lowered
    if compiled.tier != Tier.QUICK or callees or lowered.callees or not lowered.general:
        return None
    _waiting.append(ref(compiled.unit))
    # Most functions are called once.
    oldest = _waiting.pop(0)() if len(_waiting) > _MOST_WAITING else None
    if oldest is not None:
        oldest.lowered = None
    return compiled.unit


def share_loops(unit: Unit) -> tuple[list[Function], list[str]]:
    """The unit's function and those that its parallel loops become, with a note on each of these."""
    assert unit.lowered is not None
    function = unit.lowered.function
    if not unit.hooks.options.get("parallel"):
        return [function], []
    pool = threads.pool()
    return outline.outline(function, pool.parallel, pool.polls, pool.known)


def _is_little(types: tuple[PyType, ...], leaves: Sequence[int | None]) -> bool:
    """Whether the arrays among the arguments are so small that code for this one call is likely to be wanted."""
    at = 0
    for type in types:
        if isinstance(type, Array):
            size = 1
            for length in leaves[at + 2 : at + 2 + type.ndim]:
                size *= length or 0
            if size > _LARGE:
                return False
        at += len(type.leaves)
    return True


def _tier_for(units: Sequence[Unit], leaves: Sequence[int | None]) -> str:
    """How to compile for a first call with these arguments. Units: callees first, the function itself last."""
    functions = {unit.lowered.function.symbol: unit.lowered.function for unit in units if unit.lowered is not None}
    if not any(unit.recursive for unit in units) and not any(function.loops() for function in functions.values()):
        return Tier.STRAIGHT
    known: dict[Symbol, float] = {}

    def callee(symbol: Symbol, largest: int) -> float:
        if symbol not in known:
            # What was compiled before counts as one loop. Recursion is not followed.
            known[symbol] = 10.0 * largest
            if symbol in functions:
                known[symbol] = 0.0
                known[symbol] = work.work(functions[symbol], {}, callee, largest)
        return known[symbol]

    *_, first = functions.values()
    numbers: dict[int, int] = {}
    at = 0
    for type in units[-1].types:
        end = at + len(type.leaves)
        # Of arrays the lengths: neither address nor strides say how long a loop is.
        low, high = (at + 2, at + 2 + type.ndim) if isinstance(type, Array) else (at, end)
        numbers.update({p: n for p, n in zip(first.params[1 + low : 1 + high], leaves[low:high]) if n is not None})
        at = end
    return Tier.FULL if work.work(first, numbers, callee) > _LONG else Tier.QUICK


def optimize(function: Function, tier: str = Tier.FULL) -> Function:
    """All passes in order, or next to none; between them the verifier, if asked for."""
    # The verifier is for tests: only they pay for loading it.
    check = verify.verify if environ.get("JITNEY_CHECK") == "1" else _accept
    check(function)
    function.target = TARGET
    for _, run in enabled() if tier == Tier.FULL else required(function):
        function = run(function)
        check(function)
    if _FCALL in function.ops:
        function = ufuncs.expand(function)
        if function.fastmath and _FCALL in function.ops:
            function = expand.expand(function, _routine)
        check(function)
    return function


_routines: dict[Call, Loaded] = {}


def _routine(call: Call) -> int:
    """The address of the code that does the same as `call`, with the bits that lanes have; made once."""
    if call not in _routines:
        _routines[call] = link([expand.scalar(call, TARGET)])
    return _routines[call].regions[0].code_address


def _accept(function: Function) -> None:
    """What stands for the verifier where nobody asked for it."""


def link(functions: Sequence[Function]) -> Loaded:
    """Functions of our own, built as IR, to code in memory."""
    return load([generate(function, TARGET) for function in functions])


def listing(
    function: FunctionType, types: tuple[PyType, ...], hooks: GroupHooks
) -> tuple[Lowered, Function, MachineCode]:
    """All that `compile` makes on the way, with the machine code's origins recorded, for looking at."""
    unit = Group(function, types, hooks).lower()[-1]
    lowered = unit.lowered
    assert lowered is not None
    better = optimize(share_loops(unit)[0][0])
    return lowered, better, generate(better, TARGET, poll_thunk(), listing=True)


def _lap(stages: dict[str, float], name: str, since: float) -> float:
    now = perf_counter()
    stages[name] += now - since
    return now


_kept: list[Any] = []


def poll_thunk() -> Symbol:
    """What `poll` and `enter` call: runs signal handlers and keeps every register. Made once."""
    if not _kept:
        thunk = preserving_thunk(stubs.address("poll"))
        _kept.extend((load([thunk]), thunk.symbol))
    symbol: Symbol = _kept[1]
    return symbol
