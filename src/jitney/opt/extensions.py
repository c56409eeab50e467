"""Extensions of narrow integers whose high bits nobody asks for: ``c[i] = a[i] * 3 + b[i]`` of int32.

    v4 = mul v1, v2                     v4 = mul v1, v2
    v5 = sext32 v4                      v6 = add v4, v3
    v6 = add v5, v3                     store i32 v6, [v0]
    v7 = sext32 v6
    store i32 v7, [v0]

A number wraps at its width after each operation, and is held extended. Of a sum, a product, a bitwise operation or a
left shift the low bits depend on low bits alone, so an extension between two of these has nothing to say. How many bits
are asked for is found backwards from stores, comparisons, addresses, and so on; around loops until nothing changes.

Where only some users want all bits, the others take the number as it was before: so a sum in a loop does not wait for
the extension that its last value needs. Late: what a number is within helps all other passes.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_CONST, _AND, _SHL, _SELECT, _STORE = OPS["const"], OPS["and"], OPS["shl"], OPS["select"], OPS["store"]
_EXTENSIONS = {OPS[f"{kind}ext{n}"]: n for kind in "sz" for n in (8, 16, 32)}
_LOW = frozenset(OPS[name] for name in ("add", "sub", "mul", "neg", "and", "or", "xor", "not"))
_ALL = 64


def drop(function: Function) -> Function:
    """In place, let who asks for low bits only take what was not extended yet."""
    ops, args, types = function.ops, function.args, function.types
    if not any(ops[v] in _EXTENSIONS for block in function.blocks for v in block.insts):
        return function
    asked = _asked(function)

    def short(v: int, bits: int) -> int:
        """`v`, or what has the same `bits` low ones."""
        while ops[v] in _EXTENSIONS and bits <= _EXTENSIONS[ops[v]]:
            (v,) = args[v]
        return v

    changed: set[int] = set()
    for block in function.blocks:
        for v in block.insts:
            given = args[v]
            if given and any(ops[a] in _EXTENSIONS for a in given):
                args[v] = tuple([short(a, _wants(function, v, k, asked)) for k, a in enumerate(given)])
        for edge in block.edges:
            for p, a in zip(edge.target.params, edge.args):
                if ops[a] in _EXTENSIONS and types[p] is I64 and short(a, asked[p]) != a:
                    changed.add(p)
                    edge.args = tuple([short(b, asked[q]) for q, b in zip(edge.target.params, edge.args)])
    for p in changed:
        # What it is within was said of the extended number.
        function.facts.pop(p, None)
    return function


def _wants(function: Function, v: int, place: int, asked: list[int]) -> int:
    """How many low bits `v` asks for of its argument at `place`."""
    op, args = function.ops[v], function.args[v]
    if op in _EXTENSIONS:
        return min(asked[v], _EXTENSIONS[op])
    if op is _STORE:
        return min(_ALL, 8 * int(function.imms[v].access.size)) if place == 0 else _ALL
    if op is _SELECT:
        return asked[v] if place else _ALL
    if op is _SHL:
        return asked[v] if place == 0 else _ALL
    if op is _AND and function.types[v] is I64:
        other = args[1 - place]
        mask = function.imms[other] if function.ops[other] is _CONST else -1
        return min(asked[v], mask.bit_length()) if mask >= 0 else asked[v]
    return asked[v] if op in _LOW else _ALL


def _asked(function: Function) -> list[int]:
    """How many low bits are asked for, of each value; 0 of what nobody uses."""
    ops, args, types = function.ops, function.args, function.types
    asked = [0] * len(ops)
    incoming: dict[int, list[int]] = {}
    work: list[int] = []

    def ask(v: int, bits: int) -> None:
        if types[v] is not I64:
            bits = _ALL
        if bits > asked[v]:
            asked[v] = bits
            work.append(v)

    for block in function.blocks:
        for v in block.insts:
            if not ops[v].pure:
                for place, a in enumerate(args[v]):
                    ask(a, _wants(function, v, place, asked))
        for a in block.term_args:
            ask(a, _ALL)
        for edge in block.edges:
            for p, a in zip(edge.target.params, edge.args):
                incoming.setdefault(p, []).append(a)
    for loop in function.loops():
        if loop.counter >= 0:
            ask(loop.counter, _ALL)
            ask(loop.stop, _ALL)
    while work:
        v = work.pop()
        for a in incoming.get(v, ()):
            ask(a, asked[v])
        if ops[v].pure:
            for place, a in enumerate(args[v]):
                ask(a, _wants(function, v, place, asked))
    return asked
