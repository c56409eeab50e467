"""The body of a loop as one straight line: branches become masks, joins become choices.

    b1: v4 = fgt v3, v1                     v4 = fgt v3, v1
        br v4, b2, b3                       v9 = fmul v3, v2
    b2: v5 = fmul v3, v2                    v10 = select v4, v9, v3
        jump b4(v5)                         store v10
    b3: jump b4(v3)
    b4(v6: f64): store v6

What an arm computes is pure, so it may be computed always. A load in an arm is executed always only where its address
is good anyway, between two places that each iteration accesses; else it keeps its mask. Stores in all arms to one
place become one store of a choice; other stores in arms keep their mask.
"""

from __future__ import annotations

from ...analysis.dependence import Access, Addresses
from ...ir.ops import OPS, wrap
from ...ir.types import I1, I64
from ...lazy import lazy
from ..memory import EXTENSIONS, WHOLE
from .early import by_data, scans, short
from .extremes import is_flag, loosen
from .masks import ALWAYS, condition, exclusive, simplified, unmask
from .masks import Missing as Missing
from .masks import NotVectorizable as NotVectorizable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...ir.function import Block, Edge, Function, Loop
    from ...ir.ops import Op
    from ...ir.types import Type
    from . import conversions
    from . import lookups as tables
    from .congruences import Congruence
    from .lookups import Limit, Lookup, Lookups
    from .masks import Mask
    from .picks import Pick
    from .plan import Surroundings
    from .strided import Cluster
else:
    conversions, tables = lazy("jitney.opt.vector", "conversions", "lookups")

_CONST, _LOAD, _STORE, _SELECT = OPS["const"], OPS["load"], OPS["store"], OPS["select"]
_AND, _OR, _NOT, _ADD, _B2I, _ULT = (OPS[name] for name in ("and", "or", "not", "add", "b2i", "ult"))
_GUARD, _INDEX, _PARAM, _F2I = OPS["guard"], OPS["index"], OPS["param"], OPS["f2i"]

# A choice by a comparison of what is chosen from: (operation if the first is chosen, if the second is).
_EXTREMES = {
    "slt": ("smin", "smax"), "sle": ("smin", "smax"), "sgt": ("smax", "smin"), "sge": ("smax", "smin"),
    "flt": ("fmin", "fmax"), "fgt": ("fmax", "fmin"),
}  # fmt: skip


class Inst:
    """An instruction of the body; `mask` is the condition under which a load or store is executed, -1 for always."""

    __slots__ = ("args", "imm", "mask", "op", "type")

    def __init__(self, op: Op, args: tuple[int, ...], imm: Any, type: Type, mask: int = -1) -> None:
        self.op = op
        self.args = args
        self.imm = imm
        self.type = type
        self.mask = mask


class Body:
    """One loop.

    Attributes:
        assumed: what invariants are taken to be: tested before the loop.
        function, loop, blocks: the loop's blocks, in order; `latch` ends in the only way back, and out by `exit`.
        insts: all instructions, by value; values made here are numbered from the end of the function's.
        order: the values of `insts` in an order of execution.
        counter, following: the counter and its next value.
        congruences: parameters that go on by a product and a sum, see `congruences`; found by the plan.
        carried: header parameter -> what the next iteration gets for it; without the counter.
        passed: those parameters that are not used in the loop, likewise.
        flags: parameters that become an invariant or the counter once a greatest or least changes: (its parameter,
            the invariant or counter). seeks: those of the counter: the condition that it changes, -1 if loose.
        loose: parameters of extremes of floats as `loosen` found them: (condition or -1, whether a new one
            is taken where it holds, whether an equal one is taken).
        accesses: all loads and stores, in order.
        elements: parameters that stand for an element at the place of another: (that, its array's length, base,
            memory).
        elsewhere: (key, key) of stores and loads that are taken not to meet even within one iteration.
        lookups: loads at places that come from data. limits: conditions that tables are long enough for them.
        longer: what lengths must be greater than: tested before the loop.
        guards: conditions that must hold in an iteration, or it leaves the function, or (`early`) the loop.
        short: conversions to integers that lanes of 32 bits hold in all rounds that are done, and their bounds.
        picks: parameters that are the last value for which a condition holds.
        shifted: parameters that take over what the iteration before has computed, as instructions.
        strided: of accesses that go on by several elements: the cluster, see `strided`.
        uniform: loads of what is the same in each iteration.
        live: values that are used behind the loop.
    """

    __slots__ = (
        "_alias", "_checks", "_edges", "_executed", "_indices", "_inside", "_made", "_masks", "_next", "_paths",
        "_tables", "accesses", "addresses", "assumed", "back", "blocks", "carried", "congruences", "counter", "early",
        "elements", "elsewhere", "exit", "flags", "following", "function", "guards", "insts", "latch", "limits", "live",
        "longer", "lookups", "loop", "loose", "order", "passed", "picks", "seeks", "shifted", "short", "strided",
        "uniform",
    )  # fmt: skip

    def __init__(
        self, function: Function, loop: Loop, around: Surroundings, assumed: dict[int, int] | None = None
    ) -> None:
        self.function = function
        self.assumed = assumed or {}
        self.loop = loop
        self.blocks = around.blocks[loop]
        self.insts: dict[int, Inst] = {}
        self.order: list[int] = []
        self.accesses: list[Access] = []
        self.elsewhere: set[tuple[Any, Any]] = set()
        self.elements: dict[int, tuple[int, int, int, Any]] = {}
        self._indices: dict[int, tuple[int, int]] = {}
        self.guards: list[int] = []
        self._checks: list[tuple[int, Mask]] = []
        self._executed: dict[int, Mask] = {}  # conversions to integers: when
        self.short: dict[int, tuple[int, int]] = {}
        self.early = False
        self.picks: dict[int, Pick] = {}
        self.shifted: list[int] = []
        self.strided: dict[int, Cluster] = {}
        self.lookups: dict[int, Lookup] = {}
        self.limits: dict[int, Limit] = {}
        self.longer: dict[int, int] = {}
        self._tables: Lookups | None = None
        self.congruences: dict[int, Congruence] = {}
        self.uniform: set[int] = set()
        self._alias: dict[int, int] = {}
        self._made: dict[Any, int] = {}
        self._masks: dict[Block, Mask] = {}
        self._edges: dict[Block, list[tuple[Edge, Mask]]] = {block: [] for block in self.blocks}
        self._paths: dict[int, Mask] = {}  # of accesses: when they are executed
        self._next = len(function.ops)
        self.counter = loop.counter
        if any(function.types[p].lanes > 1 for p in loop.header.params):
            raise NotVectorizable("vectors in the loop")
        self._find_latch()
        self.addresses = Addresses(self.counter, self.definition)
        for block in self.blocks:
            self._linearize(block)
        if self._checks or self._executed:
            conversions.settle(self, self._checks, self._executed)
        header = loop.header
        self.carried = {
            p: self.resolve(a) for p, a in zip(header.params, self.back.args) if p != self.counter
        }  # fmt: skip
        self._carry_elements()
        self.passed: dict[int, int] = {}
        self.flags: dict[int, tuple[int, int]] = {}
        self.seeks: dict[int, int] = {}
        self.loose: dict[int, tuple[int, bool, bool]] = {}
        loosen(self)
        self.live = self._live(around)
        unmask(self, self._paths)
        self._drop_unneeded()

    # -- the shape ----------------------------------------------------------------------------------------------------

    def _find_latch(self) -> None:
        loop, function = self.loop, self.function
        inside = set(self.blocks)
        header = loop.header
        latches = [b for b in self.blocks if any(e.target is header for e in b.edges)]
        if len(latches) != 1 or latches[0].term != "br" or self.blocks[0] is not header:
            raise NotVectorizable("more than one way to the next iteration")
        (self.latch,) = latches
        self.back, self.exit = self.latch.edges
        if self.back.target is not header or self.exit.target in inside or self.latch is not self.blocks[-1]:
            raise NotVectorizable("not a plain loop")
        self._inside = inside
        (cond,) = self.latch.term_args
        self.following = self.back.args[header.params.index(loop.counter)]
        wanted = "slt" if loop.step > 0 else "sgt"
        if function.ops[cond].name != wanted or function.args[cond] != (self.following, loop.stop):
            raise NotVectorizable("another test than the counter's")

    def resolve(self, v: int) -> int:
        while v in self._alias:
            v = self._alias[v]
        return v

    def inside(self, v: int) -> bool:
        """Whether `v` is computed in the loop, or a parameter of it."""
        return v in self.insts or self.function.homes[v].loop is self.loop

    def definition(self, v: int) -> tuple[Op, tuple[int, ...], Any] | None:
        inst = self.insts.get(v)
        if inst is not None:
            return inst.op, inst.args, inst.imm
        function = self.function
        if function.ops[v] is _CONST:
            return _CONST, (), function.imms[v]
        if v in self.assumed:
            return _CONST, (), self.assumed[v]
        return None

    def type(self, v: int) -> Type:
        inst = self.insts.get(v)
        return inst.type if inst is not None else self.function.types[v]

    def op(self, v: int) -> Op:
        inst = self.insts.get(v)
        return inst.op if inst is not None else self.function.ops[v]

    def constant(self, v: int) -> Any:
        """The Python value of `v` if it is a constant, else None."""
        defined = self.definition(v)
        return defined[2] if defined is not None and defined[0] is _CONST else None

    # -- one line -----------------------------------------------------------------------------------------------------

    def _linearize(self, block: Block) -> None:
        function = self.function
        mask = self._enter(block)
        self._masks[block] = mask
        ops, args, imms, types = function.ops, function.args, function.imms, function.types
        for v in block.insts:
            op = ops[v]
            if types[v].lanes > 1:
                raise NotVectorizable("vectors in the loop")
            given = tuple([self.resolve(a) for a in args[v]])
            if op is _SELECT:
                chosen = self.choice(given[0], given[1], given[2], types[v])
                self._alias[v] = chosen
                continue
            if op is _F2I:
                x = self._made.get((op, given, None), v)
                self._executed[x] = self._executed.get(x, mask) | mask
            if op.pure:
                twin = self._made.setdefault((op, given, imms[v]), v)
                if twin != v and self.type(twin) is types[v]:
                    self._alias[v] = twin
                    continue
            if op is _INDEX:
                if given[0] in self.loop.header.params:
                    self._indices[v] = self._index(given, mask)
                else:
                    self._check(given[0], given[1], mask)
                self._alias[v] = given[0]
                continue
            if op is _LOAD and len(given) > 1 and args[v][1] in self._indices:
                self._alias[v] = self._element(given[0], *self._indices[args[v][1]], imms[v], mask)
                continue
            if op is _LOAD and self._loaded(v, given, imms[v], mask):
                continue
            if op is _GUARD:
                self._guard(given[0], mask)
                continue
            if op is _LOAD and not self._moves(given, imms[v]):
                self._tables = self._tables or tables.Lookups(self)
                self._tables.add(v, given, imms[v], mask)
                if self.lookups[v].value != v:
                    self._alias[v] = self.lookups.pop(v).value
                    continue
            self.insts[v] = Inst(op, given, imms[v], types[v])
            if op is _LOAD:
                if v not in self.lookups:
                    self._access(v, given[0], given[1:], imms[v], mask, False)
            elif op is _STORE:
                if self._merged(v, given, imms[v], mask):
                    continue
                self._access(v, given[1], given[2:], imms[v], mask, True)
            elif not op.pure and not op.base:
                raise NotVectorizable(f"{op} in the loop")
            self.order.append(v)
        if block is self.latch:
            return
        edges = block.edges
        if block.term == "jump":
            self._follow(edges[0], mask)
        else:
            cond = self.resolve(block.term_args[0])
            ways = [(edge, holds) for edge, holds in zip(edges, (True, False)) if edge.target in self._inside]
            if len(ways) == 1:
                # Where it is left early a round is left to the scalar loop: those that go on all go this way.
                ((edge, holds),) = ways
                if scans(self) or short(self):
                    raise NotVectorizable("left early, mostly")
                self.early = True
                self._guard(cond if holds else self.make(_NOT, (cond,), I1), mask)
                self._follow(edge, mask)
                return
            for edge, holds in ways:
                self._follow(edge, frozenset([path | {(cond, holds)} for path in mask]))

    def _follow(self, edge: Edge, mask: Mask) -> None:
        if edge.target in self._masks:
            raise NotVectorizable("a loop in the loop")
        self._edges[edge.target].append((edge, mask))

    def _enter(self, block: Block) -> Mask:
        """When `block` is executed; its parameters become choices."""
        if block is self.loop.header:
            return ALWAYS
        edges = self._edges[block]
        if not edges:
            raise NotVectorizable("blocks out of order")
        mask = simplified(frozenset().union(*[m for _, m in edges]))
        if len(edges) == 1 or not block.params:
            for p, a in zip(block.params, edges[0][0].args):
                self._alias[p] = self.resolve(a)
            return mask
        paths = [path for _, m in edges for path in m]
        common = frozenset.intersection(*paths)
        relative = [simplified(frozenset([path - common for path in m])) for _, m in edges]
        # The way with the simplest condition is tested first; the last needs no test.
        ranked = sorted(range(len(edges)), key=lambda k: sum([len(path) for path in relative[k]]))
        for k, p in enumerate(block.params):
            given = [self.resolve(edge.args[k]) for edge, _ in edges]
            chosen = given[ranked[-1]]
            for way in reversed(ranked[:-1]):
                if given[way] != chosen:
                    chosen = self._choice_by(relative[way], given[way], chosen, self.function.types[p])
            self._alias[p] = chosen
        return mask

    def _choice_by(self, mask: Mask, a: int, b: int, type: Type) -> int:
        if mask == ALWAYS:
            return a  # the other way is by a condition and its opposite
        if len(mask) == 1:
            (path,) = mask
            if len(path) == 1:
                ((cond, holds),) = path
                return self.choice(cond, a, b, type) if holds else self.choice(cond, b, a, type)
        return self.choice(condition(self, mask), a, b, type)

    def make(self, op: Op, args: tuple[int, ...], type: Type, imm: Any = None, own: str = "") -> int:
        """A new pure instruction, or an equal one made before, for the same purpose if `own` names one."""
        key = (op, args, imm, own) if own else (op, args, imm)
        found = self._made.get(key)
        if found is None or self.type(found) is not type:
            found = self._made[key] = self._next
            self._next += 1
            self.insts[found] = Inst(op, args, imm, type)
            self.order.append(found)
        return found

    def _guard(self, cond: int, mask: Mask) -> None:
        """A check of `cond`, or a way out unless it holds, in an iteration that gets there."""
        test = self.insts.get(cond)
        if test is not None and test.op is _ULT and mask == ALWAYS and self._is_checkable(test.args[0], test.args[1]):
            self._check(test.args[0], test.args[1], mask)
            return
        if not by_data(self, cond):
            raise NotVectorizable("a check that may be an index's")
        self._checks.append((cond, mask))

    def _is_checkable(self, x: int, length: int) -> bool:
        """Whether ``x < length`` may be the check of an index that is never negative."""
        return x in self.insts and self.addresses.linear(x) is None and not self.inside(length)

    def _check(self, x: int, length: int, mask: Mask) -> None:
        """A check of an index that comes from data."""
        self._tables = self._tables or tables.Lookups(self)
        self._checks += [(cond, mask) for cond in self._tables.check(x, length, mask)]

    def choice(self, cond: int, a: int, b: int, type: Type) -> int:
        """``a if cond else b``, as something simpler where that is the same."""
        if a == b:
            return a
        if type is I1 and cond in (a, b):
            return self.make(_OR, (cond, b), I1) if a == cond else self.make(_AND, (cond, a), I1)
        if type is I1:
            for chosen, other, holds in ((a, b, True), (b, a, False)):
                known = self.constant(chosen)
                if known is not None:
                    literal = cond if bool(known) is holds else self.make(_NOT, (cond,), I1)
                    return self.make(_OR if known else _AND, (other, literal), I1)
            both = self.make(_AND, (a, cond), I1)
            return self.make(_OR, (both, self.make(_AND, (b, self.make(_NOT, (cond,), I1)), I1)), I1)
        test = self.insts.get(cond)
        if test is not None and test.op.name in _EXTREMES:
            first, second = _EXTREMES[test.op.name]
            if test.args in ((a, b), (b, a)):
                # With the test the other way round what is unordered or equal gives the second, still.
                return self.make(OPS[first if test.args == (a, b) else second], (a, b), type)
        if test is not None and test.op is _AND:
            # ``if ok and x > m: m = x``: the extreme where the rest holds.
            for side, other in (test.args, test.args[::-1]):
                extreme = self.insts.get(side)
                if extreme is not None and extreme.op.name in _EXTREMES and extreme.args in ((a, b), (b, a)):
                    return self.choice(other, self.choice(side, a, b, type), b, type)
        grown = self.insts.get(a)
        if type is I64 and grown is not None and grown.op is _ADD and grown.args[0] == b:
            if self.constant(grown.args[1]) == 1:
                return self.make(_ADD, (b, self.make(_B2I, (cond,), I64)), I64)
        return self.make(_SELECT, (cond, a, b), type)

    # -- memory -------------------------------------------------------------------------------------------------------

    def _moves(self, given: tuple[int, ...], memory: Any) -> bool:
        at = self.addresses.of(given[0], given[1] if len(given) > 1 else None, memory)
        return at is not None and not any(self.inside(term) for term in at.terms)

    def _index(self, given: tuple[int, ...], mask: Mask) -> tuple[int, int]:
        """A check of what is carried around, and is the counter of some iteration: so it passes if it does at first."""
        p, length = given[:2]
        if p not in self.loop.header.params or p == self.counter or self.inside(length) or mask != ALWAYS:
            raise NotVectorizable("an index that hangs on the data")
        return p, length

    def _element(self, base: int, p: int, length: int, memory: Any, mask: Mask) -> int:
        """A parameter that the scalar loop does not have: the element at `p`."""
        if self.inside(base) or mask != ALWAYS:
            raise NotVectorizable("an index that hangs on the data")
        key = (p, length, base, memory)
        for m, element in self.elements.items():
            if element == key:
                return m
        m = self._next
        self._next += 1
        self.insts[m] = Inst(_PARAM, (), None, memory.access.type)
        self.elements[m] = key
        return m

    def _carry_elements(self) -> None:
        """Where ``k = i if c else k``, it is a[k] = a[i] if c else a[k]."""
        for m, (p, _, base, memory) in self.elements.items():
            inst = self.insts.get(self.carried[p])
            at = self.addresses.of(base, self.counter, memory)
            same = [a.value for a in self.accesses if at is not None and self._paths[a.value] == ALWAYS
                    and a.at.key == at.key and a.at.const == at.const and a.memory.access is memory.access]  # fmt: skip
            if inst is None or inst.op is not _SELECT or not same or any(a.store for a in self.accesses):
                raise NotVectorizable("an index that hangs on the data")
            cond, a, b = inst.args
            if {a, b} != {self.counter, p}:
                raise NotVectorizable("an index that hangs on the data")
            a, b = (same[0], m) if a == self.counter else (m, same[0])
            self.carried[m] = self.choice(cond, a, b, self.type(m))

    def _access(self, v: int, base: int, index: tuple[int, ...], memory: Any, mask: Mask, store: bool) -> None:
        at = self.addresses.of(base, index[0] if index else None, memory)
        if at is None or any(self.inside(term) for term in at.terms):
            raise NotVectorizable("an address that is not linear in the counter")
        self.accesses.append(Access(v, memory, store, at))
        self._paths[v] = mask
        if mask != ALWAYS:
            self.insts[v].mask = condition(self, mask)
        elif not at.coef and not store:
            self.uniform.add(v)

    def _loaded(self, v: int, given: tuple[int, ...], memory: Any, mask: Mask) -> bool:
        """If the same place has been loaded or stored already and nothing can have written there since, `v` is that
        value. What has another base is tested to lie elsewhere before the loop."""
        at = self.addresses.of(given[0], given[1] if len(given) > 1 else None, memory)
        if at is None:
            return False
        passed_over = []
        for access in reversed(self.accesses):
            if access.at.key != at.key:
                if access.store:
                    passed_over.append((access.at.key, at.key))
                continue
            apart = wrap(access.at.const - at.const)
            if not apart and access.memory.access is memory.access:
                paths = self._paths[access.value]
                known = self._held(access)
                if known >= 0 and (paths == ALWAYS or simplified(paths | mask) == paths):
                    self._alias[v] = known
                    self.elsewhere.update(passed_over)
                    return True
            if access.store and -access.memory.access.size < apart < memory.access.size:
                return False
        return False

    def _held(self, access: Access) -> int:
        """What is at an access's place after it, as a load gives it; -1 if that is none of the body's values."""
        if not access.store:
            return access.value
        value, name = self.insts[access.value].args[0], access.memory.access.name
        if name in WHOLE:
            return value
        return self.make(EXTENSIONS[name], (value,), I64) if name in EXTENSIONS else -1

    def _merged(self, v: int, given: tuple[int, ...], memory: Any, mask: Mask) -> bool:
        """If the access before is a store to the same place in another arm: one store of a choice, for both."""
        if mask == ALWAYS or not self.accesses or not self.accesses[-1].store:
            return False
        last = self.accesses[-1]
        before = self._paths[last.value]
        at = self.addresses.of(given[1], given[2] if len(given) > 2 else None, memory)
        if (
            at is None or at.key != last.at.key or at.const != last.at.const or memory.access is not last.memory.access
            or before == ALWAYS or not exclusive(before, mask)
        ):  # fmt: skip
            return False
        other = self.insts.pop(last.value)
        self.order.remove(last.value)
        self.accesses.pop()
        paths = list(before) + list(mask)
        common = frozenset.intersection(*paths)
        relative = simplified(frozenset([path - common for path in before]))
        inst = self.insts[v]
        value = self._choice_by(relative, other.args[0], given[0], self.type(given[0]))
        inst.args = (value, *given[1:])
        union = simplified(before | mask)
        self._access(v, given[1], given[2:], memory, union, True)
        self.order.append(v)
        return True

    # -- what is needed ------------------------------------------------------------------------------------------------

    def _drop_unneeded(self) -> None:
        """Leave in `order` what stores, checks, carried values and the last values of others depend on."""
        insts, carried = self.insts, self.carried
        ends = set(carried.values())
        flags = {carried[p]: p for p in carried if is_flag(self, p)}
        live = {*map(self.resolve, self.live)}
        work = [v for v in self.order if insts[v].op.base]
        for v in self.order:
            if insts[v].op is _STORE:
                work += (v, insts[v].args[0], insts[v].mask)
        for v in live:
            if v not in flags:
                work += [v] if not self.derived(v, ends) else [end for end in self._ends(v, ends) if end not in flags]
        # What a flag shows is needed.
        work += [carried[m] for m, _ in self.flags.values()]
        work += self.tests()
        work += self.guards
        needed: set[int] = set()
        while work:
            v = work.pop()
            if v in needed:
                continue
            needed.add(v)
            if v in carried:
                work.append(carried[v])
            elif v in insts and insts[v].op is _LOAD:
                work.append(insts[v].mask)
                work += self.lookups[v].leaves if v in self.lookups else ()
            elif v in insts and insts[v].op is not _STORE:
                work += insts[v].args[: 2 if insts[v].op.base else None]
        self.order = [v for v in self.order if v in needed]
        kept = set(self.order)
        self.accesses = [a for a in self.accesses if a.value in kept]
        for p, result in [*carried.items()]:
            if p in self.flags:
                if p in needed:
                    raise NotVectorizable("a flag that is looked at in the loop")
            elif p not in needed:
                if self.early and self.inside(result) and self.op(result) is not _CONST:
                    raise NotVectorizable("left early with a value of the iteration before")
                # Nobody looks at it in the loop, so only the last one counts.
                self.passed[p] = result
                if result in insts and result not in needed and result not in live and self.op(result) is not _CONST:
                    if self.guards or self.early or any(insts[v].op.base for v in self.order):
                        raise NotVectorizable("a value that only checks look at")
                    # Nobody looks at it at all.
                    del carried[p], self.passed[p]

    def tests(self) -> set[int]:
        """The conditions in `seeks`."""
        return {test for test in self.seeks.values() if test >= 0}

    def derived(self, v: int, ends: set[int], depth: int = 8) -> bool:
        """Whether `v` can be computed behind the loop from `ends`, the counter and invariants, by a few pure scalar
        operations."""
        if v in ends or v == self.counter or not self.inside(v):
            return True
        inst = self.insts.get(v)
        if inst is None or not depth or not inst.op.pure:
            return False
        return all(self.derived(a, ends, depth - 1) for a in inst.args)

    def _ends(self, v: int, ends: set[int]) -> list[int]:
        """What of `ends` the value `v`, which is derived from them, is computed from."""
        if v in ends:
            return [v]
        inst = self.insts.get(v)
        return [] if inst is None else [end for a in inst.args for end in self._ends(a, ends)]

    # -- behind the loop ----------------------------------------------------------------------------------------------

    def _live(self, around: Surroundings) -> set[int]:
        homes, inside = self.function.homes, set(self.blocks)
        used = set(self.exit.args)
        # What only those use that leave early is the scalar loop's.
        behind: set[Block] = set()
        work = [self.exit.target]
        while work and self.early:
            block = work.pop()
            if block not in behind and block not in inside:
                behind.add(block)
                work += [edge.target for edge in block.edges]
        used.update([a for a, block in around.used.get(self.loop, ()) if not self.early or block in behind])
        return {v for v in used if homes[v] in inside}
