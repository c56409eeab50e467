"""The rule of every operation: one row each."""

from __future__ import annotations

from ...ir.ops import OPS
from ...lazy import lazy
from . import rules_control as control
from . import rules_float as float_
from . import rules_integer as integer
from . import rules_memory as memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...codegen.select import Rule
    from ...ir.ops import Op
    from . import powers
    from . import rules_division as division
else:
    division, powers = lazy("jitney.targets.x86_64", "rules_division", "powers")

RULES: dict[Op, Rule] = {}

_TABLE: tuple[tuple[Any, str], ...] = (
    (integer.symbol, "symbol"),
    (integer.select, "select"),
    (integer.add, "add"),
    (integer.sub, "sub"),
    (integer.mul, "mul"),
    (integer.neg, "neg"),
    (integer.smulh, "smulh"),
    (integer.umulh, "umulh"),
    (integer.min_max, "smin smax umin umax"),
    (integer.iabs, "iabs"),
    (integer.count, "clz ctz"),
    (integer.popcnt, "popcnt"),
    (integer.logic, "and or xor"),
    (integer.not_, "not"),
    (integer.shl, "shl"),
    (integer.lshr, "lshr"),
    (integer.rotate, "rol32 rol64"),
    (integer.sar, "sar"),
    (integer.extend, "sext8 sext16 sext32 zext8 zext16 zext32"),
    (integer.compare, "eq ne slt sle sgt sge ult ule ugt uge feq fne flt fle fgt fge"),
    (integer.copy, "b2i p2i i2p"),
    (integer.ptradd, "ptradd"),
    (lambda s, v: division.floordiv(s, v), "floordiv"),
    (lambda s, v: division.floormod(s, v), "floormod"),
    (lambda s, v: division.udiv(s, v), "udiv"),
    (lambda s, v: division.urem(s, v), "urem"),
    (float_.binary, "fadd fsub fmul fdiv fmin fmax"),
    (float_.fma, "fma"),
    (float_.sqrt, "fsqrt"),
    (lambda s, v: powers.power(s, v), "fpower"),
    (float_.fneg, "fneg"),
    (float_.fabs, "fabs"),
    (float_.fcopysign, "fcopysign"),
    (float_.rounding, "ffloor fceil ftrunc frint"),
    (float_.i2f, "i2f"),
    (float_.u2f, "u2f"),
    (float_.f2i, "f2i"),
    (float_.fext, "fext"),
    (float_.fround, "fround"),
    (float_.bits, "f2bits bits2f"),
    (control.guard, "guard"),
    (control.addo, "addo"),
    (control.subo, "subo"),
    (control.mulo, "mulo"),
    (control.index, "index"),
    (control.poll, "poll"),
    (control.enter, "enter"),
    (control.call, "call"),
    (control.invoke, "invoke"),
    (control.ccall, "ccall"),
    (control.result, "result"),
    (memory.load, "load"),
    (memory.store, "store"),
    (memory.alloca, "alloca"),
)

for _rule, _names in _TABLE:
    for _name in _names.split():
        RULES[OPS[_name]] = _rule
