"""The functions of the module random on its own generator: Mersenne Twister's words read where they lie.

    random.random()    index < 623: (w0 >> 5, w1 >> 6) of the two next words, tempered; index += 2
                       else:        random.random(), which makes the next 624 words

`random.Random` holds 624 words and the index of the next one. While there are words left, drawing is reading; where
there are not, the function itself is called as it is. What is built on that (`uniform`, `randint`, `gauss`) does in the
same order what `Lib/random.py` does.

Source: M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998).
"""

from __future__ import annotations

import math
import sys

from ...ir.types import ACCESSES, F64, I64, PTR
from ...lazy import lazy
from ...pytypes import FLOAT, INT
from .. import operators
from ..operators import libm
from ..operators.unions import converts
from ..state import Val, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .. import objects
    from ..operators import power
    from ..state import Lowering

    Row = Callable[["Twister", list[Val]], Val | None]
else:
    objects = lazy("jitney.frontend", "objects")
    power = lazy("jitney.frontend.operators", "power")

WORDS = 624
_I32, _U32 = ACCESSES["i32"], ACCESSES["u32"]


class Twister:
    """A generator of the class `random.Random`: the object, and where its index and words are."""

    def __init__(self, lw: Lowering, owner: Any, at: int) -> None:
        self.lw = lw
        self.owner = owner
        self.at = at
        self.object = lw.keep(owner)

    def index(self) -> int:
        """The number of words read."""
        return self.lw.b.load(_I32, self.object, disp=self.at)

    def set_index(self, index: int) -> None:
        self.lw.b.store(_I32, index, self.object, disp=self.at)

    def word(self, index: int) -> int:
        """The word at an index, tempered."""
        emit, const = self.lw.b.emit, self.lw.int_const
        y = self.lw.b.load(_U32, self.object, index, 4, disp=self.at + 4)
        y = emit("xor", y, emit("lshr", y, const(11)))
        y = emit("xor", y, emit("and", emit("shl", y, const(7)), const(0x9D2C5680)))
        y = emit("xor", y, emit("and", emit("shl", y, const(15)), const(0xEFC60000)))
        return emit("xor", y, emit("lshr", y, const(18)))

    def itself(self, name: str, *args: Val) -> Val:
        """Call a method as it is."""
        self.lw.b.block.cold = True
        boxed = [objects.box(self.lw, v).parts[0] for v in args]
        return objects.vectorcall(self.lw, self.lw.keep(getattr(self.owner, name)), boxed)

    def random(self) -> int:
        """From [0, 1), 53 bits."""
        lw, emit, const = self.lw, self.lw.b.emit, self.lw.int_const
        lw.set_dirty()
        index = self.index()

        def here() -> Val:
            high = emit("lshr", self.word(index), const(5))
            low = emit("lshr", self.word(emit("add", index, const(1))), const(6))
            self.set_index(emit("add", index, const(2)))
            number = emit("i2f", emit("add", emit("shl", high, const(26)), low), type=F64)
            return Val(FLOAT, (emit("fmul", number, lw.float_const(2.0**-53)),))

        def anew() -> Val:
            return objects.unbox(lw, self.itself("random"), FLOAT, "random")

        return lw.if_else(emit("slt", index, const(WORDS - 1)), here, anew).parts[0]

    def below(self, n: int) -> int:
        """From [0, n) for n > 0: bits as many as `n` has, until they are a number below it."""
        lw, emit, const = self.lw, self.lw.b.emit, self.lw.int_const
        lw.set_dirty()
        index, unused = self.index(), emit("sub", emit("clz", n), const(32))

        def step(values: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
            at = values[1]
            number = emit("lshr", self.word(at), unused)
            at = emit("add", at, const(1))
            return emit("and", emit("sge", number, n), emit("slt", at, const(WORDS))), (number, at)

        def here() -> Val:
            number, at = power.repeat(lw, (const(0), index), step)
            self.set_index(at)
            return Val(INT, (number,))

        words = emit("and", emit("slt", index, const(WORDS)), emit("sge", unused, const(0)))
        number = lw.if_else(words, here, lambda: Val(INT, (n,))).parts[0]

        def anew() -> Val:
            # Numbers that were too large have no part in what follows.
            return objects.unbox(lw, self.itself("_randbelow", Val(INT, (n,))), INT, "_randbelow")

        return lw.if_else(emit("slt", number, n), lambda: Val(INT, (number,)), anew).parts[0]


def _random(source: Twister, args: list[Val]) -> Val | None:
    return Val(FLOAT, (source.random(),)) if not args else None


def _uniform(source: Twister, args: list[Val]) -> Val | None:
    if len(args) != 2 or not all(is_number(v.type) and converts(v.type) for v in args):
        return None
    lw, (a, b) = source.lw, args
    width = operators.binary(lw, "-", b, a)
    number = Val(FLOAT, (source.random(),))
    return operators.binary(lw, "+", a, operators.binary(lw, "*", width, number))


def _between(name: str) -> Row:
    """`randint` and `randrange` of ints."""

    def row(source: Twister, args: list[Val]) -> Val | None:
        lw = source.lw
        if any(v.type is not INT for v in args) or len(args) not in ((2,) if name == "randint" else (1, 2)):
            return None
        low, high = (lw.int_const(0), *[v.parts[0] for v in args])[-2:]
        if name == "randint":
            high = lw.checked("addo", high, lw.int_const(1))
        width = lw.checked("subo", high, low)
        names = ("x", "y")[: len(args)]
        text = f"import random\nrandom.Random(0).{name}({', '.join(names)})"
        lw.check(lw.b.emit("sgt", width, lw.int_const(0)), "evaluate", text, tuple([v.parts[0] for v in args]), names)
        return Val(INT, (lw.b.emit("add", low, source.below(width)),))

    return row


def _gauss(source: Twister, args: list[Val]) -> Val | None:
    lw, owner = source.lw, source.owner
    if len(args) != 2 or not all(is_number(v.type) and converts(v.type) for v in args):
        return None
    b, emit, none = lw.b, lw.b.emit, lw.b.const(PTR, id(None))
    names, key = lw.keep(vars(owner)), lw.keep(sys.intern("gauss_next"))

    def call(name: str, x: int) -> int:
        return lw.ccall(name, libm.address(lw, name), (x,), F64)

    def keep(object: int) -> None:
        objects.check_status(lw, objects.api(lw, "PyDict_SetItem", names, key, object, result=I64))

    def kept() -> Val:
        number = objects.unbox(lw, Val(objects.OBJECT, (found,)), FLOAT, "gauss_next")
        keep(none)
        return number

    def pair() -> Val:
        angle = emit("fmul", source.random(), lw.float_const(2.0 * math.pi))
        left = call("log", emit("fsub", lw.float_const(1.0), source.random()))
        length = emit("fsqrt", emit("fmul", lw.float_const(-2.0), left))
        number = emit("fmul", call("cos", angle), length)
        other = objects.box(lw, Val(FLOAT, (emit("fmul", call("sin", angle), length),)))
        keep(other.parts[0])
        return Val(FLOAT, (number,))

    lw.set_dirty()
    found = objects.api(lw, "PyDict_GetItemWithError", names, key)
    lw.check(emit("ne", found, b.const(PTR, 0)), "raise", (AttributeError, ("gauss_next",)))
    number = lw.if_else(emit("eq", found, none), pair, kept)
    return operators.binary(lw, "+", args[0], operators.binary(lw, "*", number, args[1]))


ROWS: dict[str, Row] = {
    "random": _random,
    "uniform": _uniform,
    "randint": _between("randint"),
    "randrange": _between("randrange"),
    "gauss": _gauss,
}


def bound(lw: Lowering, function: Any, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """A call of a bound method of a `random.Random`; None for all others."""
    row, random = ROWS.get(getattr(function, "__name__", "")), sys.modules.get("random")
    owner = getattr(function, "__self__", None)
    if row is None or kwargs or random is None or type(owner) is not random.Random:
        return None
    at = lw.hooks.host.twister()
    if at < 0 or not _is_original(function, owner, random):
        return None
    return row(Twister(lw, owner, at), args)


def _is_original(function: Any, owner: Any, random: Any) -> bool:
    """Whether nobody has put other methods in the place of the module's own."""
    kind = random.Random
    code = getattr(function, "__func__", None)
    return (
        (code is None or code.__globals__ is vars(random))
        and kind.random is kind.__base__.random
        and kind.getrandbits is kind.__base__.getrandbits
        and kind._randbelow is kind._randbelow_with_getrandbits
        and vars(owner).keys() <= {"gauss_next"}
    )
