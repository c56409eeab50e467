"""Inlining: a small callee without loops is lowered in place of the call.

    @jit                                   v5 = mul x, x
    def square(x): return x * x            v6 = addo v5, ...
    square(x) + 1

Nothing is copied: the callee's body is lowered like a further piece of the caller, with an environment and names of its
own, its returns joined to the value of the call. Its sites remember where it was called (`Site.inlined`), so that an
exception's traceback shows both lines.
"""

from __future__ import annotations

import _ast

from ..pytypes import has_closure
from . import source
from .liveness import Liveness
from .state import NONE_VAL, DeadPath, Lowering, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FunctionType
    from typing import Any

    from .source import Source

_MAX_NODES = 120
_MAX_DEPTH = 4
_MAX_TOTAL = 1500
_PLAIN = (
    _ast.Assign, _ast.AugAssign, _ast.AnnAssign, _ast.Return, _ast.If, _ast.Expr, _ast.Pass, _ast.Assert, _ast.Raise,
)  # fmt: skip
_NOT_INLINED = 0x2AC  # `*args`, `**kwargs`, generators, coroutines


class Inlinable:
    """A callee that may be inlined: its tree, its body, and how large it is."""

    __slots__ = ("body", "live", "size", "source")

    def __init__(self, tree: Source, body: list[Any], size: int) -> None:
        self.source = tree
        self.body = body
        self.live = Liveness(body)
        self.size = size


def find(lw: Lowering, plain: FunctionType) -> Inlinable | None:
    """What is needed to inline `plain` here, None where a call is better."""
    code = plain.__code__
    if code in lw.as_objects or plain is lw.root:
        return None
    if len(lw.b.callers) >= _MAX_DEPTH or any(f.function is plain for f in lw.inlining):
        return None
    if code not in lw.inlinable:
        lw.inlinable[code] = _examine(plain)
    found: Inlinable | None = lw.inlinable[code]
    if found is None or lw.inlined_size + found.size > _MAX_TOTAL:
        return None
    return found


def _examine(plain: FunctionType) -> Inlinable | None:
    code = plain.__code__
    if code.co_flags & _NOT_INLINED or code.co_cellvars:
        return None
    tree = source.find(plain)
    body = tree.node.body
    if isinstance(tree.node, _ast.Lambda):
        body = [_ast.Return(value=body, lineno=body.lineno, col_offset=body.col_offset)]
    size, work = 0, list(body)
    while work:
        node = work.pop()
        size += 1
        if (isinstance(node, _ast.stmt) and not isinstance(node, _PLAIN)) or size > _MAX_NODES:
            return None
        for value in node.__dict__.values():
            if isinstance(value, list):
                work.extend([v for v in value if isinstance(v, (_ast.expr, _ast.stmt))])
            elif isinstance(value, (_ast.expr, _ast.stmt)):
                work.append(value)
    return Inlinable(tree, body, size)


def lower(lw: Lowering, callee: Any, plain: FunctionType, found: Inlinable, bound: list[Val]) -> Val:
    """The value of the call, lowered here. `bound` are the arguments in the order of the parameters."""
    b = lw.b
    saved = lw.source, lw.names, lw.live, lw.loop, lw.returns, lw.globals, lw.node, lw.env
    line, idom, env = b.line, b.block, lw.env
    lw.source, lw.live, lw.loop, lw.returns, lw.globals = found.source, found.live, None, [], set()
    lw.names = saved[1].of(plain, lw.hooks.of(callee).volatile)
    lw.env = {name: env[name] for name in lw.hidden}
    lw.env.update(zip(plain.__code__.co_varnames, bound))
    lw.inlining.append(lw.names)
    looked_up = lw.names.fixed.looked_up
    outer = lw.own.enter_inlined()
    lw.inlined_size += found.size
    b.callers.append((plain.__name__, found.source.file, line))
    try:
        try:
            lw.body(found.body)
            lw.returns.append(lw.open_end(NONE_VAL))
        except DeadPath:
            pass
        ends = lw.returns
    finally:
        b.callers.pop()
        lw.inlining.pop()
        lw.own.leave_inlined(outer)
        b.line = line
        lw.source, lw.names, lw.live, lw.loop, lw.returns, lw.globals, lw.node, lw.env = saved
    value = lw.join(ends, [], idom, idom.loop)
    assert value is not None
    if has_closure(value.type):
        lw.unsupported("returning a nested function is not supported")
    lw.env = {**env, **{name: lw.env[name] for name in lw.hidden}}
    if lw.names.fixed.looked_up != looked_up:
        # What was found then is held by names of the inlined function, which end here.
        lw.names.refresh(lw)
    return value
