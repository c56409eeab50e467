"""Inlining: a small callee is lowered in place of the call; one with loops, where that is in a loop.

    @jit                                   v5 = mul x, x
    def square(x): return x * x            v6 = addo v5, ...
    square(x) + 1

Nothing is copied: the callee's body is lowered like a further piece of the caller, with an environment and names of its
own, its returns joined to the value of the call. Its sites remember where it was called (`Site.inlined`), so that an
exception's traceback shows both lines. The loops of a callee have plans of their own for each call. A callee with loops
that turns out to hold objects stays a call (`Ownership.enter_inlined`).
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
_LOOPS = (_ast.For, _ast.While)
_JUMPS = (_ast.Break, _ast.Continue)
_OBJECTS = (_ast.List, _ast.ListComp, _ast.Dict, _ast.Set, _ast.JoinedStr)
_MAKERS = frozenset(("empty", "zeros", "ones", "full", "copy", "empty_like", "zeros_like", "ones_like", "arange"))
_NOT_INLINED = 0x2AC  # `*args`, `**kwargs`, generators, coroutines


class Inlinable:
    """A callee that may be inlined: its tree, its body, how large it is, and whether it has loops."""

    __slots__ = ("body", "live", "loops", "size", "source")

    def __init__(self, tree: Source, body: list[Any], size: int, loops: bool) -> None:
        self.source = tree
        self.body = body
        self.live = Liveness(body)
        self.size = size
        self.loops = loops


def find(lw: Lowering, callee: Any, plain: FunctionType) -> Inlinable | None:
    """What is needed to inline `plain`, the function of `callee`, here; None where a call is better."""
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
    if found.loops and (lw.b.block.loop is None or lw.hooks.of(callee).options.get("parallel")):
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
    loops = makes = False
    while work:
        node = work.pop()
        size += 1
        if isinstance(node, _LOOPS):
            loops = True
        elif (isinstance(node, _ast.stmt) and not isinstance(node, _PLAIN + _JUMPS)) or size > _MAX_NODES:
            return None
        elif isinstance(node, _OBJECTS) or (isinstance(node, _ast.Attribute) and node.attr in _MAKERS):
            makes = True
        for value in node.__dict__.values():
            if isinstance(value, list):
                work.extend([v for v in value if isinstance(v, (_ast.expr, _ast.stmt))])
            elif isinstance(value, (_ast.expr, _ast.stmt)):
                work.append(value)
    return None if loops and makes else Inlinable(tree, body, size, loops)


def lower(lw: Lowering, callee: Any, plain: FunctionType, found: Inlinable, bound: list[Val], node: Any) -> Val:
    """The value of the call, lowered here. `bound` are the arguments in the order of the parameters."""
    b, code = lw.b, plain.__code__
    saved = lw.source, lw.names, lw.live, lw.loop, lw.returns, lw.globals, lw.node, lw.env, lw.loop_plans
    line, idom, env = b.line, b.block, lw.env
    lw.source, lw.live, lw.loop, lw.returns, lw.globals = found.source, found.live, None, [], set()
    lw.names = saved[1].of(plain, lw.hooks.of(callee).volatile)
    lw.env = {name: env[name] for name in lw.hidden}
    lw.env.update(zip(code.co_varnames, bound))
    if found.loops:
        lw.loop_plans = saved[-1].setdefault((node, code, tuple([v.type for v in bound])), {})
    lw.inlining.append(lw.names)
    looked_up = lw.names.fixed.looked_up
    outer = lw.own.enter_inlined(code if found.loops else None)
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
        lw.source, lw.names, lw.live, lw.loop, lw.returns, lw.globals, lw.node, lw.env, lw.loop_plans = saved
    value = lw.join(ends, [], idom, idom.loop)
    assert value is not None
    if has_closure(value.type):
        lw.unsupported("returning a nested function is not supported")
    lw.env = {**env, **{name: lw.env[name] for name in lw.hidden}}
    if lw.names.fixed.looked_up != looked_up:
        # What was found then is held by names of the inlined function, which end here.
        lw.names.refresh(lw)
    return value
