"""Random Python functions over ints, floats, bools and arrays: short programs that reach into the corners.

Everything follows from the seed. Programs end by themselves: loops run over small ranges, `while` loops count.
Values are drawn to provoke: the ends of int64, signed zeros, NaN, indices around the bounds.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

SMALL = [0, 1, -1, 2, 3, 7, -8, 10, 63]
INTS = [*SMALL, 64, 255, 256, 2**31 - 1, -(2**31), 2**53, 2**53 + 1, 2**62, 2**63 - 1, -(2**63)]
INF = float("inf")
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 2.0, 1e10, -1e300, 1e308, 5e-324, 2.0**53, INF, -INF, INF - INF]
FUNCTIONS = ["abs", "min", "max", "int", "float", "bool", "round", "math.sqrt", "math.floor", "math.sin", "math.exp"]
# Functions that programs call: inlined, but those that loop where the call is in no loop.
HELPERS = """
def h0(x, y):
    if x > y:
        return x - y
    return y * 0.5 if y > 3 else x

def h1(x):
    assert x != 7, 'h1'
    return x % 1000 + 1

def h2(x, y):
    z = h1(x)
    if z == 3:
        raise ValueError('three')
    return z - h1(y)

def h3(x):
    s = 0
    for k in range(5):
        if k == x:
            break
        s += k
        while x > s > 0:
            s = s * 2.5 if k == 2 else s + 3
            if s == 13:
                return s
            if s > 100:
                break
    return s

def h4(a, i, x):
    a[i] = x
    for k in range(3):
        if k == i:
            continue
        a[k] = a[i]
    return a[i - 1]
"""
MODULUS = 100003  # keeps products in loops from growing without end in CPython
# What keeps products in loops small.
REDUCTIONS = [f"% {MODULUS}", "& 4294967295", "% 1099511627776", "& 255"]
DTYPES = ["float64", "int64", "float32", "int32", "uint8", "int8", "uint16", "int16", "uint32", "uint64", "bool"]


class Program:
    """One random function: `source` defines `f`, `arguments()` makes fresh arguments for a call."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seed = seed
        self.depth = 0
        self.loops = 0
        self.counter = 0
        r = self.random
        self.ints = [f"i{k}" for k in range(r.randint(1, 3))]
        self.floats = [f"x{k}" for k in range(r.randint(0, 2))]
        self.bools = ["p"] if r.random() < 0.4 else []
        self.arrays = {f"a{k}": (r.choice(DTYPES[:4] if r.random() < 0.6 else DTYPES), r.choice([1, 1, 1, 2]))
                       for k in range(r.randint(0, 2))}  # fmt: skip
        chance = random.Random(-seed - 1)
        self.complex = chance.random() < 0.15
        if self.complex:
            kinds = ["complex128", "complex64", ""]
            self.arrays = {name: (chance.choice(kinds) or dtype, n) for name, (dtype, n) in self.arrays.items()}
        self.params = self.ints + self.floats + self.bools + list(self.arrays)
        self.assigned = list(self.ints + self.floats + self.bools)
        lines = [f"def f({', '.join(self.params)}):"]
        lines += self.block(1, r.randint(2, 6))
        lines.append(f"    return {self.result()}")
        self.source = "\n".join(lines) + "\n"

    def result(self) -> str:
        names = self.random.sample(self.assigned, min(len(self.assigned), self.random.randint(1, 4)))
        return names[0] if len(names) == 1 else "(" + ", ".join(names) + ")"

    # -- statements --------------------------------------------------------------------------------------------------

    def block(self, indent: int, n: int) -> list[str]:
        known = list(self.assigned)
        lines: list[str] = []
        for _ in range(n):
            lines += self.statement(indent)
        if indent > 1:
            # Names first bound in here may be unbound outside; mostly they are not used there.
            if self.random.random() < 0.9:
                self.assigned = known
        return lines

    def statement(self, indent: int) -> list[str]:
        r, pad = self.random, "    " * indent
        kind = r.random()
        if indent >= 4:
            kind *= 0.62
        if kind < 0.30:
            name = self.target()
            return [pad + f"{name} = {self.value_for(name)}"]
        if kind < 0.48:
            name = r.choice(self.assigned)
            whole = name[0] in "ikw"
            op = r.choice(["+", "+", "-", "*", "//", "%", "&", "|", "^"] if whole else ["+", "+", "-", "*", "/"])
            value = self.integer(1) if whole else self.term(1)
            if op == "*" and self.loops:
                reduction = r.choice(REDUCTIONS) if whole else f"% {MODULUS}"
                return [pad + f"{name} = {name} * {value} {reduction}"]
            return [pad + f"{name} {op}= {value}"]
        if kind < 0.58 and self.arrays:
            name = r.choice(list(self.arrays))
            op = r.choice(["=", "=", "+=", "-=", "*="])
            if self.arrays[name][1] == 1 and r.random() < 0.15:
                return [pad + f"{self.target()} = h4({name}, {self.index(name)}, {self.integer(2)})"]
            return [pad + f"{name}[{self.index(name)}] {op} {self.term(1)}"]
        if kind < 0.60:
            return [pad + f"assert {self.condition()}, 'no'"]
        if kind < 0.62:
            if self.loops and r.random() < 0.7:
                return [pad + f"if {self.condition()}:", pad + "    " + r.choice(["break", "continue"])]
            return [pad + f"if {self.condition()}:", pad + f"    return {self.result()}"]
        if kind < 0.78:
            lines = [pad + f"if {self.condition()}:", *self.block(indent + 1, r.randint(1, 3))]
            if r.random() < 0.5:
                lines += [pad + "else:", *self.block(indent + 1, r.randint(1, 2))]
            return lines
        self.loops += 1
        lines = self.for_loop(indent) if kind < 0.92 else self.while_loop(indent)
        self.loops -= 1
        if r.random() < 0.15:
            lines += [pad + "else:", *self.block(indent + 1, 1)]
        return lines

    def for_loop(self, indent: int) -> list[str]:
        r, pad = self.random, "    " * indent
        self.counter += 1
        name = f"k{self.counter}"
        if self.arrays and r.random() < 0.5:
            array = r.choice(list(self.arrays))
            bounds = f"len({array})" if r.random() < 0.7 else f"1, {array}.shape[0] - 1"
        else:
            bounds = r.choice(["3", "5", "-2, 4", "6, 0, -2", "0", "1, 9, 3", f"{r.choice(self.ints)} % 7"])
        known = list(self.assigned)
        self.assigned.append(name)
        lines = [pad + f"for {name} in range({bounds}):", *self.block(indent + 1, r.randint(1, 3))]
        if r.random() < 0.9:
            self.assigned = [n for n in self.assigned if n != name] if name not in known else self.assigned
        return lines

    def while_loop(self, indent: int) -> list[str]:
        r, pad = self.random, "    " * indent
        self.counter += 1
        name = f"w{self.counter}"
        lines = [pad + f"{name} = 0", pad + f"while {name} < {r.randint(1, 6)} and {self.condition()}:"]
        lines += [pad + f"    {name} += 1", *self.block(indent + 1, r.randint(1, 3))]
        return lines

    def target(self) -> str:
        r = self.random
        if r.random() < 0.75:
            return r.choice([n for n in self.assigned if n[0] not in "kw"] or ["t0"])
        name = f"t{r.randint(0, 3)}"
        if name not in self.assigned:
            self.assigned.append(name)
            # The expression to its right must not read it yet.
            self.hide = name
        return name

    # -- expressions -------------------------------------------------------------------------------------------------

    hide = ""

    def value_for(self, name: str) -> str:
        """An expression to assign to `name`: mostly an int for the i names, anything for the others."""
        text = self.integer(0) if name[0] == "i" and self.random.random() < 0.95 else self.term(0)
        self.hide = ""
        return text

    def integer(self, depth: int) -> str:
        """An expression that is an int as long as the i names hold ints."""
        r = self.random
        kind = r.random()
        if depth >= 3 or kind < 0.3:
            names = [n for n in self.assigned if n[0] in "ikw" and n != self.hide]
            if names and r.random() < 0.65:
                return r.choice(names)
            return repr(r.choice(SMALL if r.random() < 0.85 else INTS))
        if kind < 0.85:
            op = r.choice(["+", "+", "-", "-", "*", "*", "//", "%", "&", "|", "^", "<<", ">>", "**"])
            right = self.integer(depth + 1)
            if op in ("<<", ">>"):
                right = r.choice(["1", "3", f"{r.choice(self.ints)} % 66", "5"])
            elif op == "**":
                right = r.choice(["2", "3", f"({r.choice(self.ints)} % 5)", "0"])
            text = f"({self.integer(depth + 1)} {op} {right})"
            if self.loops and op in ("*", "**", "<<"):
                return f"({text} {r.choice(REDUCTIONS)})"
            return text
        if kind < 0.92:
            return f"({r.choice(['-', '+', '~'])}{self.integer(depth + 1)})"
        if kind < 0.97:
            name = r.choice(["abs", "min", "max", "int", "round"])
            args = [self.integer(depth + 1) for _ in range(2 if name in ("min", "max") else 1)]
            return f"{name}({', '.join(args)})"
        return f"({self.integer(depth + 1)} if {self.condition(depth + 1)} else {self.integer(depth + 1)})"

    def term(self, depth: int) -> str:
        """Any number."""
        r = self.random
        kind = r.random()
        if depth >= 3 or kind < 0.30:
            return self.leaf()
        if kind < 0.40:
            return self.integer(depth + 1)
        if kind < 0.72:
            op = r.choice(["+", "+", "-", "-", "*", "*", "/", "//", "%", "**"])
            right = r.choice(["2", "3", "0.5", "-1", "0"]) if op == "**" else self.term(depth + 1)
            text = f"({self.term(depth + 1)} {op} {right})"
            return f"({text} % {MODULUS})" if self.loops and op in ("*", "**") else text
        if kind < 0.78:
            return f"({r.choice(['-', '+', 'not '])}{self.term(depth + 1)})"
        if kind < 0.84:
            return f"({self.term(depth + 1)} if {self.condition(depth + 1)} else {self.term(depth + 1)})"
        if kind < 0.86:
            return f"({self.condition(depth + 1)})"
        if kind < 0.90:
            name = r.choice(["h0", "h1", "h2", "h3"])
            args = [self.term(depth + 1) for _ in range(2 if name in ("h0", "h2") else 1)]
            return f"{name}({', '.join(args)})"
        if kind < 0.96:
            name = r.choice(FUNCTIONS)
            args = [self.term(depth + 1) for _ in range(2 if name in ("min", "max") else 1)]
            return f"{name}({', '.join(args)})"
        return f"({self.term(depth + 1)} {r.choice(['and', 'or'])} {self.term(depth + 1)})"

    def leaf(self) -> str:
        r = self.random
        kind = r.random()
        readable = [n for n in self.assigned if n != self.hide]
        if kind < 0.55 and readable:
            return r.choice(readable)
        if kind < 0.75 and self.arrays:
            name = r.choice(list(self.arrays))
            return f"{name}[{self.index(name)}]"
        if kind < 0.88:
            return repr(r.choice(SMALL if r.random() < 0.85 else INTS))
        if self.complex and r.random() < 0.6:
            name = r.choice(self.assigned)
            parts = [f"complex({name}, 1.5)", f"{name}.real", f"{name}.conjugate().imag"]
            return r.choice(["1j", "(2-0.5j)", "-0j", *parts])
        return r.choice(["0.5", "2.0", "-0.0", "1e300", "3.25", "True", "False"])

    def condition(self, depth: int = 1) -> str:
        r = self.random
        kind = r.random()
        if kind < 0.70 or depth >= 3:
            op = r.choice(["<", "<=", ">", ">=", "==", "!="])
            text = f"{self.term(depth + 1)} {op} {self.term(depth + 1)}"
            return text if r.random() < 0.9 else text + f" {r.choice(['<', '!='])} {self.leaf()}"
        if kind < 0.85:
            return f"({self.condition(depth + 1)} {r.choice(['and', 'or'])} {self.condition(depth + 1)})"
        return self.leaf() if kind < 0.93 else f"not {self.leaf()}"

    def index(self, array: str) -> str:
        def one() -> str:
            r = self.random
            counters = [n for n in self.assigned if n[0] in "kw"]
            if counters and r.random() < 0.6:
                name = r.choice(counters)
                return r.choice([name, name, f"{name} - 1", f"{name} + 1", f"-{name}", f"{name} % 3"])
            return r.choice(["0", "-1", "1", "2", "-3", f"{r.choice(self.ints)} % 3", f"{r.choice(self.ints)} % 4"])

        return ", ".join(one() for _ in range(self.arrays[array][1]))

    # -- arguments ---------------------------------------------------------------------------------------------------

    def arguments(self, k: int) -> tuple[Any, ...]:
        """The arguments of call number `k`."""
        r = random.Random(self.seed * 1000 + k)
        out: list[Any] = [r.choice(INTS[:12] if r.random() < 0.9 else INTS) for _ in self.ints]
        out += [r.choice(FLOATS) if r.random() < 0.5 else r.uniform(-10, 10) for _ in self.floats]
        if self.complex and self.floats:
            out[-1] = complex(out[-1], r.choice(FLOATS[:7]))
        out += [r.random() < 0.5 for _ in self.bools]
        for dtype, ndim in self.arrays.values():
            out.append(self.array(r, dtype, ndim))
        return tuple(out)

    @staticmethod
    def array(r: random.Random, dtype: str, ndim: int) -> Any:
        shape = tuple(r.choice([3, 4, 4, 6, 6, 6, 1, 0]) for _ in range(ndim))
        n = int(np.prod(shape))
        if dtype.startswith("complex"):
            values = [complex(r.choice(FLOATS[:7]), r.uniform(-5, 5)) for _ in range(n)]
        elif dtype.startswith("float"):
            values = [r.choice(FLOATS[:7]) if r.random() < 0.4 else r.uniform(-5, 5) for _ in range(n)]
        elif dtype == "bool":
            values = [r.random() < 0.5 for _ in range(n)]
        else:
            info = np.iinfo(dtype)
            edge, low, high = [info.min, info.max, 0, 1], max(info.min, -9), min(info.max, 9)
            values = [r.choice(edge) if r.random() < 0.3 else r.randint(low, high) for _ in range(n)]
        with np.errstate(all="ignore"):
            array = np.array(values, dtype=dtype).reshape(shape)
        if ndim == 1 and r.random() < 0.2:
            wide = np.zeros((n, 2), dtype=dtype)
            wide[:, 0] = array
            return wide[:, 0] if r.random() < 0.5 else wide[::-1, 0][::-1]
        if ndim == 2 and r.random() < 0.3:
            return np.asfortranarray(array)
        return array
