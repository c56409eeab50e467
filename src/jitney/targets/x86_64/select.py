"""The selector for x86-64: constants, addresses, conditions, control flow. Rules by family stand in `rules_*.py`."""

from __future__ import annotations

import struct

from ...codegen.machine import FIRST, Stub
from ...codegen.select import ALLOCA, CONST, SYMBOL, Selector
from ...ir.ops import OPS
from ...ir.types import F32, I1, NATURAL, PTR
from . import abi, ops
from . import ops_control as control
from .encode import NE, B, E
from .ops_control import EQ_ORD, NE_UNORD
from .ops_float import AVX, SSE, UCOMI, UCOMI_M
from .stubs import exit_stub, retry_stub

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...codegen.machine import MachineOp
    from ...codegen.select import Rule
    from ...ir.function import Block, Function, Loop, Memory
    from ...ir.ops import Op
    from ...ir.types import Type

_PTRADD, _ADD, _SUB, _SHL, _MUL = OPS["ptradd"], OPS["add"], OPS["sub"], OPS["shl"], OPS["mul"]
_LOAD, _STORE, _CCALL, _PARAM = OPS["load"], OPS["store"], OPS["ccall"], OPS["param"]
_NOT, _AND, _OR, _XOR, _RESULT, _INVOKE = OPS["not"], OPS["and"], OPS["or"], OPS["xor"], OPS["result"], OPS["invoke"]

# Comparison -> (condition, condition with the operands exchanged, condition for an unsigned comparison of narrow
# memory)
_COMPARES: dict[Op, tuple[int, int, int]] = {
    OPS["eq"]: (4, 4, 4), OPS["ne"]: (5, 5, 5),
    OPS["slt"]: (12, 15, 2), OPS["sle"]: (14, 13, 6), OPS["sgt"]: (15, 12, 7), OPS["sge"]: (13, 14, 3),
    OPS["ult"]: (2, 7, 2), OPS["ule"]: (6, 3, 6), OPS["ugt"]: (7, 2, 7), OPS["uge"]: (3, 6, 3),
}  # fmt: skip

# Float comparison -> (condition, whether the operands are exchanged so that "unordered" fails by itself)
_FLOAT_COMPARES: dict[Op, tuple[int, bool]] = {
    OPS["feq"]: (EQ_ORD, False), OPS["fne"]: (NE_UNORD, False),
    OPS["flt"]: (7, True), OPS["fle"]: (3, True), OPS["fgt"]: (7, False), OPS["fge"]: (3, False),
}  # fmt: skip

_SHIFTS = {1: 0, 2: 1, 4: 2, 8: 3}
_MASK = (1 << 64) - 1


def fits(value: int) -> bool:
    """Whether `value` is a sign-extended 32-bit immediate."""
    return -0x80000000 <= value < 0x80000000


class X86Selector(Selector):
    moves_op = ops.MOVES
    jump_op = control.JUMP

    def __init__(self, function: Function, listing: bool, features: frozenset[str], rules: dict[Op, Rule],
                 conditions: dict[Op, Callable[[X86Selector, int], int]]) -> None:  # fmt: skip
        super().__init__(function, listing)
        self.features = features
        self.rules = rules
        # operations whose result may stand in the flags, and what puts it there
        self.conditions = conditions
        self.terminators = _TERMINATORS
        self.float_ops = AVX if "avx" in features else SSE
        # calls selected as the end of their block
        self.tails: set[int] = set()
        # alloca -> its place in the frame
        self.allocas: dict[int, int] = {}
        # counters' next values, computed at the end of their loop: see `step_late`
        self.late: set[int] = set()
        self._bodies: dict[Loop, list[Block]] = {}
        # whether the instruction being selected is the block's terminator
        self.at_end = False
        self.context = function.params[0] + FIRST if function.convention == "jit" else -1

    # -- constants and parameters ------------------------------------------------------------------

    def constant_imm(self, type: Type, value: Any) -> Any:
        if type.is_float:
            return float_bytes(type, value)
        value = int(value)
        return value - (1 << 64) if value >= 1 << 63 else value

    def make(self, v: int | bytes) -> tuple[MachineOp, Any]:
        if isinstance(v, bytes):
            return ops.MOVI, v
        op = self.ops[v]
        if op is CONST:
            return ops.MOVI, self.constant_imm(self.types[v], self.imms[v])
        return (ops.MOVI, self.imms[v]) if op is SYMBOL else (ops.ALLOCA, self.frame_offset(v))

    def frame_offset(self, v: int) -> int:
        """Where in the frame alloca `v` lies."""
        offset = self.allocas.get(v)
        if offset is None:
            m = self.m
            offset = self.allocas[v] = m.frame_bytes
            m.frame_bytes += (self.imms[v] + 15) & -16
        return offset

    def enter(self, block: Block) -> None:
        params = block.params
        places, _ = abi.arguments([self.types[p] for p in params])
        registers: list[int] = []
        outs: list[int] = []
        late = []
        narrow = []
        for p, place in zip(params, places):
            if not self.needed[p]:
                continue
            if place < 0:
                late.append((ops.ARGUMENT_IN, (p + FIRST,), (), -1 - place, None))
            else:
                registers.append(place)
                outs.append(p + FIRST)
            if self.types[p] is I1 and self.function.convention == "c":
                narrow.append((ops.EXTEND, (p + FIRST,), (p + FIRST,), "u8", None))
        if registers:
            self.add(control.ENTRY, tuple(registers), ())
            self.add(ops.MOVES, tuple(outs), tuple(registers), ())
        self.out += late
        self.out += narrow

    # -- addresses ---------------------------------------------------------------------------------

    def _folds(self, v: int, shared: bool = False) -> bool:
        """Whether address arithmetic `v` is better done by the instruction that uses the address."""
        if v in self.late:
            return True
        if self.counts[v] > 1 and self.address_uses.get(v, 0) < self.counts[v]:
            return False
        return shared or self.function.homes[v].loop is self.block.loop

    def address(self, base: int, index: int | None, memory: Memory) -> tuple[tuple[int, ...], Any]:
        """Registers and shape of ``base + index * scale + disp``, with all that the address unit can do folded in."""
        ops_, args = self.ops, self.args
        scale, disp = memory.scale, memory.disp
        while ops_[base] is _PTRADD:
            inner, offset = args[base]
            c = self.integer(offset)
            if c is not None and fits(disp + c) and self._folds(base, True):
                base, disp = inner, disp + c
            elif index is None and c is None and self._folds(base):
                base, index, scale = inner, offset, 1
            else:
                break
        if index is not None:
            while True:
                op = ops_[index]
                if op is CONST:
                    c = self.integer(index)
                    assert c is not None
                    if not fits(disp + c * scale):
                        break
                    index, disp = None, disp + c * scale
                    break
                if (op is _ADD or op is _SUB) and self._folds(index):
                    c = self.integer(args[index][1])
                    if c is not None:
                        moved = disp + (c if op is _ADD else -c) * scale
                        if fits(moved):
                            index, disp = args[index][0], moved
                            continue
                elif op is _SHL and self._folds(index):
                    c = self.integer(args[index][1])
                    if c is not None and c <= 3 and scale << c in _SHIFTS:
                        index, scale = args[index][0], scale << c
                        continue
                elif op is _MUL and self._folds(index):
                    c = self.integer(args[index][1])
                    if c in _SHIFTS and scale * c in _SHIFTS:
                        index, scale = args[index][0], scale * c
                        continue
                break
        if ops_[base] is ALLOCA:
            disp += self.frame_offset(base)
            if index is None:
                return (), (4, 0, disp)
            return (self.use(index),), (5, _SHIFTS[scale], disp)
        if not fits(disp):
            t = self.m.new(False)
            self.add(ops.MOVI, (t,), (), disp)
            b = self.m.new(False)
            self.add(ops.ADD_RR, (b,), (self.use(base), t))
            disp = 0
        else:
            b = -1
            c = self.integer(base)
            if c is not None and index is not None and 0 <= c + disp < 0x80000000:
                return (self.use(index),), (2, _SHIFTS[scale], disp + c)
            b = self.use(base)
        if index is None:
            return (b,), (0, 0, disp)
        return (b, self.use(index)), (1, _SHIFTS[scale], disp)

    def step_late(self, block: Block) -> None:
        """Where a loop's counter i and i + 1 are both used as indices, count at the end, and index with i + 1 as a
        displacement: then the two can share a register.

            lea j, [i+1]; ... [a+i*8] ... [a+j*8] ...; mov i, j     ->     ... [a+i*8] ... [a+i*8+8] ...; add i, 1
        """
        loop = block.loop
        edges = block.edges
        if loop is None or (edges[0].target is not loop.header and edges[-1].target is not loop.header):
            return
        back = edges[0] if edges[0].target is loop.header else edges[-1]
        for p, v in zip(back.target.params, back.args):
            if v not in self.address_uses or self.ops[v] is not _ADD or self.args[v][0] != p or v in self.late:
                continue
            c = self.integer(self.args[v][1])
            if c is None or abs(c) > 1024 or self.function.homes[v].loop is not loop:
                continue
            if self._only_index(v, loop, block):
                self.late.add(v)
                self.rules[_ADD](self, v)

    def _only_index(self, v: int, loop: Loop, latch: Block) -> bool:
        """Whether `v` is used in its loop for nothing but indices, and by the branch at the end of `latch`; behind the
        loop only where that is left at the end of `latch`."""
        ops_, args = self.ops, self.args
        condition = latch.term_args[0] if latch.term == "br" else -1
        selected = False
        behind = self.counts[v]
        if not self._bodies:
            self._bodies = self.function.bodies()
        leaves = False
        for block in self._bodies[loop]:
            behind -= block.term_args.count(v) + sum([edge.args.count(v) for edge in block.edges])
            for u in block.insts:
                given = args[u]
                if v in given:
                    behind -= given.count(v)
                    if selected:
                        # by a block that was selected before, when the value was still to be had
                        return False
                    if ops_[u] is _LOAD or ops_[u] is _STORE:
                        if given.index(v) == len(given) - 1 and given.count(v) == 1:
                            continue
                    elif u == condition and self.counts[u] == 1 and ops_[u] in _COMPARES:
                        continue
                    return False
            if block is not latch and (v in block.term_args or any(v in edge.args for edge in block.edges)):
                return False
            selected = selected or block is latch
            if block is not latch:
                targets = [edge.target.loop for edge in block.edges]
                leaves = leaves or any(target is None or not target.inside(loop) for target in targets)
        return not (behind and leaves)

    def stepped(self, block: Block) -> None:
        """Do not select again where they stand what `step_late` selected for the end of `block`."""
        for edge in block.edges:
            for v in edge.args:
                if v in self.late:
                    self.needed[v] = False

    def memory(self, v: int) -> tuple[tuple[int, ...], Any]:
        """Registers and shape of the address of load `v`."""
        args = self.args[v]
        return self.address(args[0], args[1] if len(args) > 1 else None, self.imms[v])

    def sinks_as(self, v: int, *names: str) -> bool:
        """Whether load `v` can be done by its user and is one of these accesses."""
        return self.sinks(v) and bool(self.imms[v].access.name in names)

    # -- conditions --------------------------------------------------------------------------------

    def condition(self, v: int) -> int:
        """Set the flags for the i1 `v`, and the condition under which they say true."""
        op = self.ops[v]
        if op is _NOT:
            return self.condition(self.args[v][0]) ^ 1
        shared = self.counts[v] > 1
        if not shared or self.function.homes[v] is self.block:
            if op in _COMPARES:
                return self.compare(op, self.args[v], shared)
            if op in _FLOAT_COMPARES:
                return self.float_compare(op, self.args[v], shared)
        if not shared:
            test = self.conditions.get(op)
            if test is not None:
                return test(self, v)
            if self.carries(v):
                return B
            if op is _AND and self.function.homes[v] is self.block:
                a, b = self.args[v]
                c = self.integer(b)
                if c is None:
                    self.add(control.TEST_RR, (), (self.use(a), self.use(b)))
                    return NE
            if self.function.homes[v] is self.block and self.flagged(v):
                return NE
            if self.sinks_as(v, "b1"):
                ins, addr = self.memory(v)
                self.add(control.CMP_MI, (), ins, (1, 0, addr))
                return NE
        r = self.use(v)
        self.add(control.TEST_RR, (), (r, r))
        return NE

    def carries(self, v: int) -> bool:
        """Whether `v` is the status of the `invoke` just before the end of this block, still in the carry flag."""
        if self.counts[v] != 1:
            return False
        ops_, args = self.ops, self.args
        call = args[v][0] if ops_[v] is _RESULT else v
        if not self.at_end or ops_[call] is not _INVOKE:
            return False
        if (self.imms[v] if call != v else 0) != len(self.imms[call].results):
            return False
        for last in reversed(self.block.insts):
            if last == call:
                return True
            if ops_[last] is not _RESULT or args[last][0] != call:
                return False
        return False

    def compare(self, op: Op, args: tuple[int, ...], shared: bool) -> int:
        a, b = args
        cc, swapped, narrow = _COMPARES[op]
        if self.ops[a] is CONST and self.ops[b] is not CONST:
            a, b = b, a
            cc, narrow = swapped, {2: 7, 7: 2, 6: 3, 3: 6}.get(narrow, narrow)
        c = self.integer(b)
        if c is not None and fits(c):
            if not shared and self.sinks(a) and self._narrow(a, c, cc, narrow):
                access = self.imms[a].access
                ins, addr = self.memory(a)
                if c >= 1 << (8 * access.size - 1):
                    c -= 1 << (8 * access.size)
                self.add(control.CMP_MI, (), ins, (access.size, c, addr))
                return cc if access.signed or access.size == 8 else narrow
            if c == 0 and not shared and self.flagged(a):
                return cc
            if c == 0 and not shared and self.ops[a] is _AND and self.counts[a] == 1 and cc in (E, NE):
                x, y = self.args[a]
                mask = self.integer(y)
                if mask is None:
                    self.add(control.TEST_RR, (), (self.use(x), self.use(y)))
                    return cc
                if fits(mask):
                    self.add(control.TEST_RI, (), (self.use(x),), mask)
                    return cc
            self.add(control.CMP_RI, (), (self.use(a),), c)
            return cc
        if not shared and self.sinks_as(b, "i64", "ptr"):
            r = self.use(a)
            ins, addr = self.memory(b)
            self.add(control.CMP_RM, (), (r, *ins), addr)
        elif not shared and self.sinks_as(a, "i64", "ptr"):
            r = self.use(b)
            ins, addr = self.memory(a)
            self.add(control.CMP_MR, (), (r, *ins), (8, addr))
        else:
            self.add(control.CMP_RR, (), (self.use(a), self.use(b)))
        return cc

    def flagged(self, v: int) -> bool:
        """Compute the bitwise or or exclusive or `v` here, if nobody else wants it: it sets the flags as a comparison
        with 0 does."""
        op = self.ops[v]
        if self.counts[v] != 1 or (op is not _OR and op is not _XOR):
            return False
        if self.function.homes[v].loop is not self.block.loop:
            return False
        self.rules[op](self, v)
        machine, outs, ins, imm, stub = self.out[-1]
        self.out[-1] = (ops.FLAGGED[machine], outs, ins, imm, stub)
        return True

    def _narrow(self, load: int, c: int, cc: int, narrow: int) -> bool:
        """Whether comparing the load with `c` can be done on memory of its own width."""
        access = self.imms[load].access
        if access.size == 8:
            return True
        if access.name == "b1":
            return False
        bits = 8 * access.size
        if access.signed:
            return bool(-(1 << bits - 1) <= c < 1 << bits - 1 and (cc in (E, NE) or cc >= 12))
        return bool(0 <= c < 1 << bits)

    def float_compare(self, op: Op, args: tuple[int, ...], shared: bool) -> int:
        a, b = args
        cc, exchange = _FLOAT_COMPARES[op]
        if exchange:
            a, b = b, a
        row = (0 if self.types[a] is F32 else 1, 1, 0x2E, "ucomiss" if self.types[a] is F32 else "ucomisd")
        r = self.use(a)
        found = None if shared else self.float_memory(b)
        if found is None:
            self.add(UCOMI, (), (r, self.use(b)), row)
        else:
            ins, addr = found
            self.add(UCOMI_M, (), (r, *ins), (row, addr))
        return cc

    def float_memory(self, v: int) -> tuple[tuple[int, ...], Any] | None:
        """`v` as a memory operand, if it is a load that may sink here, or a constant outside loops."""
        if self.sinks_as(v, "f64", "f32"):
            return self.memory(v)
        if self.ops[v] is CONST and self.block.loop is None:
            return (), (3, 0, float_bytes(self.types[v], self.imms[v]))
        return None

    # -- leaving -----------------------------------------------------------------------------------

    def leave(self, site: int, dirty: int, captures: tuple[int, ...] = (), emit: Callable[..., None] = exit_stub,
              data: Any = None) -> Stub:  # fmt: skip
        """The stub that leaves through `site`."""
        assert self.context >= 0, "only a function of the jit convention can leave"
        self.needed[self.function.params[0]] = True
        uses = [self.context]
        kinds: list[Any] = []
        for v in captures:
            if self.ops[v] is CONST:
                imm = self.constant_imm(self.types[v], self.imms[v])
                kinds.append(int.from_bytes(imm, "little") if type(imm) is bytes else imm)
            else:
                kinds.append(self.types[v])
                self.needed[v] = True
                uses.append(v + FIRST)
        constant: bool | None = None
        if self.ops[dirty] is CONST:
            constant = bool(self.imms[dirty])
        else:
            self.needed[dirty] = True
            uses.append(dirty + FIRST)
        return Stub(emit, tuple(uses), site, constant, tuple(kinds), data)

    def tail_call(self, block: Block) -> bool:
        """Where all that is left is to return what a C function returns: jump to it, the frame gone. Not where it might
        be given an address in the frame, nor with arguments on the stack."""
        function, types = self.function, self.types
        if function.convention != "c" or len(block.term_args) != 1 or not block.insts:
            return False
        v = block.insts[-1]
        if block.term_args[0] != v or self.ops[v] is not _CCALL or self.counts[v] != 1 or types[v] is I1:
            return False
        values = self.args[v]
        if any(types[a] is PTR and self.ops[a] not in (CONST, _PARAM) for a in values):
            return False
        if any(self.ops[a] is _PARAM and self.function.homes[a] is not function.entry for a in values):
            return False
        places, _ = abi.arguments([types[a] for a in values])
        if min(places, default=0) < 0:
            return False
        registers = self.pass_arguments(values, places)
        self.add(control.TAIL, (), registers, self.imms[v].target)
        self.tails.add(v)
        return True

    def pass_arguments(self, values: tuple[int, ...], places: list[int]) -> tuple[int, ...]:
        """Put values where a callee expects them: registers, or from -1 down the stack. Returns the registers."""
        outs: list[int] = []
        ins: list[int] = []
        made: list[int] = []
        constants: list[Any] = []
        for v, place in zip(values, places):
            if place < 0:
                self.add(ops.ARGUMENT_OUT, (), (self.use(v),), -1 - place)
            elif self.ops[v] is CONST:
                made.append(place)
                constants.append(self.constant_imm(self.types[v], self.imms[v]))
            else:
                outs.append(place)
                ins.append(self.use(v))
        if outs or made:
            self.add(ops.MOVES, (*outs, *made), tuple(ins), constants)
        return (*outs, *made)

    def check(self, v: int, expect: bool, stub: Stub) -> None:
        """Go to `stub` unless i1 `v` is `expect`."""
        op = self.ops[v]
        if op is _NOT:
            self.check(self.args[v][0], not expect, stub)
        elif op is (_AND if expect else _OR) and self.counts[v] == 1 and self.function.homes[v] is self.block:
            # a stub of its own for each test: the captures may have moved between them
            first, second = self.args[v]
            self.check(first, expect, Stub(stub.emit, stub.uses, stub.site, stub.dirty, stub.kinds, stub.data))
            self.check(second, expect, stub)
        elif not (expect and op is _OR and self.counts[v] == 1 and self._second_chance(self.args[v], stub)):
            cc = self.condition(v)
            self.add(control.JUMP_STUB, (), (), cc ^ 1 if expect else cc, stub)

    def _second_chance(self, tests: tuple[int, ...], stub: Stub) -> bool:
        """guard (a or b): test a; where it fails, the stub tests b, and comes back if that holds."""
        ops_ = self.ops
        first, second = tests
        if ops_[second] in _COMPARES and ops_[first] in _FLOAT_COMPARES:
            # a float comparison beside one of integers is the exception that saves (an int that happens to be 2**63)
            first, second = second, first
        op = ops_[second]
        if op not in _FLOAT_COMPARES and op not in _COMPARES:
            return False
        a, b = self.args[second]
        row: Any = None
        if op in _FLOAT_COMPARES:
            cc, exchange = _FLOAT_COMPARES[op]
            if exchange or (ops_[a] is CONST and cc >= EQ_ORD):
                a, b = b, a
            single = self.types[a] is F32
            row = (0, 1, 0x2E, "ucomiss") if single else (1, 1, 0x2E, "ucomisd")
        else:
            cc, swapped, _ = _COMPARES[op]
            if ops_[a] is CONST:
                a, b, cc = b, a, swapped
        constant = None
        if ops_[b] is CONST:
            constant = self.constant_imm(self.types[b], self.imms[b])
        if ops_[a] is CONST or (row is None and constant is not None and not fits(constant)):
            return False
        ins = (self.use(a),) if constant is not None else (self.use(a), self.use(b))
        retry = Stub(retry_stub, stub.uses, stub.site, stub.dirty, stub.kinds, (row, cc, constant))
        self.add(control.RETRY, (), ins, self.condition(first) ^ 1, retry)
        return True


def float_bytes(type: Type, value: Any) -> bytes:
    """The constant of a type in the float registers, as it stands in memory: at least 4 bytes."""
    if type.lanes > 1:
        return struct.pack(f"<{NATURAL[type].code}", *value).ljust(4, b"\0")
    return struct.pack("<f" if type is F32 else "<d", value)


# -- terminators -----------------------------------------------------------------------------------


def _jump(s: X86Selector, block: Block) -> None:
    s.step_late(block)
    s.jump(block)
    s.stepped(block)


def _branch(s: X86Selector, block: Block) -> None:
    s.step_late(block)
    then = s.target(block, block.edges[0])
    other = s.target(block, block.edges[1])
    s.at_end = True
    cc = s.condition(block.term_args[0])
    s.at_end = False
    s.add(control.BRANCH, (), (), (cc, then, other))
    s.stepped(block)


def _return(s: X86Selector, block: Block) -> None:
    function = s.function
    if s.tail_call(block):
        return
    places = abi.results(function.results, function.convention)
    outs: list[int] = []
    ins: list[int] = []
    made: list[int] = []
    values: list[Any] = []
    for place, v in zip(places, block.term_args):
        if s.ops[v] is CONST:
            made.append(place)
            values.append(s.constant_imm(s.types[v], s.imms[v]))
        else:
            outs.append(place)
            ins.append(s.use(v))
    if places:
        s.add(ops.MOVES, (*outs, *made), tuple(ins), values)
    s.add(control.RETURN, (), places, function.convention == "jit")


def _exit(s: X86Selector, block: Block) -> None:
    dirty, *captures = block.term_args
    s.add(control.LEAVE, (), (), None, s.leave(block.term_imm, dirty, tuple(captures)))


def _unreachable(s: X86Selector, block: Block) -> None:
    s.add(control.TRAP, (), ())


_TERMINATORS = {"jump": _jump, "br": _branch, "ret": _return, "exit": _exit, "unreachable": _unreachable}
