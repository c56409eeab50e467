"""Functions that the function being compiled makes: `def` and `lambda` in its body.

    def outer(a, k):                       def scaled(k, x):          the inner function, *lifted*: what it takes from
        def scaled(x):                         return k * x           outside are its first parameters
            return k * x
        return scaled(a[0])                return scaled(k, a[0])

Python looks a captured variable up when the inner function runs. Called where it was made, it is given what the
variable holds just then. Handed on to another compiled function it takes the values along: what made it waits
meanwhile, so they stay what they are. It cannot outlive the call: as an object (returned, put into a list) only a
function that captures nothing is made.
"""

from __future__ import annotations

import _ast
from copy import copy
from types import FunctionType

from ..pytypes import UNBOUND, Array, Closure, Object, Union, closure_type, has_closure
from . import objects, source
from .source import Source
from .state import CONFLICT, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    from ..pytypes import PyType
    from .state import Lowering

_ONLY_AST = 0x0400  # ast.PyCF_ONLY_AST
_GENERATORS = 0x2A0  # generators and coroutines
_FUTURE_ANNOTATIONS = 0x1000000


def lower_definition(lw: Lowering, node: Any) -> None:
    """``def name(...): ...``."""
    if node.decorator_list:
        lw.unsupported("a nested function with decorators is not supported", node)
    made = _made(lw, node, node.name)
    if not lw.names.function.__code__.co_flags & _FUTURE_ANNOTATIONS:
        for annotation in _annotations(node):
            lw.expr(annotation)
    lw.assign(_ast.Name(id=node.name, ctx=_ast.Store()), made)


def lower_lambda(lw: Lowering, node: Any) -> Val:
    """``lambda ...: ...``."""
    return _made(lw, node, "<lambda>")


def call(lw: Lowering, function: Val, args: list[Val], kwargs: dict[str, Val], node: Any) -> Val:
    """Call a function made here, or handed on to here."""
    kind = function.type
    assert isinstance(kind, Closure)
    captured = lw.elements(handed_on(lw, function))
    return lw.call(kind.lifted, [*captured, *args], kwargs, node)


def handed_on(lw: Lowering, value: Val, outer: tuple[Any, ...] = ()) -> Val:
    """A function together with what it captures. `outer` are the functions that capture it in turn."""
    kind = value.type
    assert isinstance(kind, Closure)
    if kind.bound:
        return value
    values = []
    for name in kind.captured:
        held = lw.env.get(name)
        if held is None or held.type is CONFLICT or _may_be_unbound(held.type):
            lw.unsupported(f"the nested function {kind.name} uses {name!r}, which may have no value yet")
        if isinstance(held.type, Closure):
            if held.type is kind:
                # It finds the same variables under the same names.
                values.append(held)
                continue
            if held.type in outer:
                lw.unsupported("nested functions that call each other are not supported")
            held = handed_on(lw, held, (*outer, kind))
        values.append(held)
    made = closure_type(kind.lifted, kind.captured, tuple([v.type for v in values]))
    return Val(made, tuple([p for v in values for p in v.parts]))


def passed(lw: Lowering, value: Val, callee: FunctionType, node: Any) -> Val:
    """A value as an argument of `callee`."""
    kind = value.type
    if isinstance(kind, Closure):
        # A function that calls itself finds the same variables under the same names.
        return value if kind.lifted is callee else handed_on(lw, value)
    if has_closure(kind):
        lw.unsupported("nested functions in tuples are not supported", node)
    return value


def box(lw: Lowering, value: Val) -> Val:
    """A new function object."""
    kind = value.type
    assert isinstance(kind, Closure)
    lifted = kind.lifted
    code = _original(lw.names.function.__code__, lifted.__code__)
    if kind.captured or lifted.__closure__ or code is None:
        lw.unsupported(f"the nested function {kind.name} as a Python object is not supported")
    given = (code, lw.names.function.__globals__, lifted.__name__, lifted.__defaults__)
    return objects.vectorcall(lw, lw.keep(FunctionType), [lw.keep(v) for v in given], kind=FunctionType)


def _may_be_unbound(type: PyType) -> bool:
    return (isinstance(type, (Array, Object)) and type.maybe) or (isinstance(type, Union) and UNBOUND in type.members)


def _annotations(node: Any) -> list[Any]:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found = [a.annotation for a in every if a is not None] + [node.returns]
    return [a for a in found if a is not None]


# -- lifting -----------------------------------------------------------------------------------------------------------


def _made(lw: Lowering, node: Any, name: str) -> Val:
    """The value of a nested function: it has no parts, what it captures is looked for when it is called."""
    place = (node.lineno, node.col_offset)
    lifted, captured = source.remembered(lw.names.function, place, lambda: _lifted(lw, node, name))
    return Val(closure_type(lifted, captured, None))


def _lifted(lw: Lowering, node: Any, name: str) -> tuple[FunctionType, Source, tuple[str, ...]]:
    function, tree = lw.names.function, lw.source
    local, cells = lw.names.local - lw.globals, lw.names.cells
    defaults = [_default(lw, value) for value in node.args.defaults]
    if node.args.kw_defaults:
        lw.unsupported("a nested function with keyword-only parameters is not supported", node)
    plain = _definition(node, name, ())
    code = _inner(plain, [sorted(cells), sorted(local)])
    if code.co_flags & _GENERATORS or _rebinds(node):
        lw.unsupported(f"the nested function {name} is a generator or changes its surroundings: not supported", node)
    captured = tuple([n for n in code.co_freevars if n in local])
    definition = _definition(node, name, captured)
    code = _inner(definition, [sorted(cells)])
    code = code.replace(co_firstlineno=node.lineno + tree.line_offset, co_filename=tree.file)
    closure = tuple([cells[n] for n in code.co_freevars])
    made = FunctionType(code, function.__globals__, name, tuple(defaults) or None, closure or None)
    own = Source(definition, tree.file, code.co_firstlineno, tree.line_offset, tree.col_offset, tree.lines)
    return made, own, captured


def _default(lw: Lowering, node: Any) -> Any:
    """The default of a parameter: a literal."""
    if type(node) is _ast.UnaryOp and type(node.op) is _ast.USub and type(node.operand) is _ast.Constant:
        if isinstance(node.operand.value, (int, float)):
            return -node.operand.value
    elif type(node) is _ast.Constant:
        return node.value
    lw.unsupported("defaults of nested functions other than literals are not supported", node)


def _definition(node: Any, name: str, captured: tuple[str, ...]) -> Any:
    """The definition without annotations and defaults, with the captured names as first parameters."""
    place = {"lineno": node.lineno, "col_offset": node.col_offset}
    made = _template("def f():\n pass").body[0]
    made.name = name
    made.body = node.body if isinstance(node, _ast.FunctionDef) else [_ast.Return(value=node.body, **place)]
    args = copy(node.args)
    args.posonlyargs = [_ast.arg(arg=n, **place) for n in captured] + [_bare(a) for a in args.posonlyargs]
    args.args, args.defaults = [_bare(a) for a in args.args], []
    args.vararg, args.kwarg = _bare(args.vararg), _bare(args.kwarg)
    made.args = args
    return made


def _bare(argument: Any) -> Any:
    if argument is None:
        return None
    return _ast.arg(arg=argument.arg, lineno=argument.lineno, col_offset=argument.col_offset)


def _template(text: str) -> Any:
    return compile(text, "<closure>", "exec", _ONLY_AST)


def _inner(definition: Any, scopes: list[list[str]]) -> CodeType:
    """The code of a definition within functions that have these parameters, the outermost first."""
    tree = _template("pass")
    body = [definition]
    for names in reversed(scopes):
        around = _template("def f():\n pass").body[0]
        around.args.args = [_ast.arg(arg=n, lineno=1, col_offset=0) for n in names]
        around.body, body = body, [around]
    tree.body = body
    code: Any = compile(tree, "<closure>", "exec")
    for _ in (*scopes, None):
        code = next(c for c in code.co_consts if isinstance(c, type(code)))
    found: CodeType = code
    return found


def _rebinds(node: Any) -> bool:
    """Whether it gives names outside another value."""
    work = [node]
    while work:
        inner = work.pop()
        if isinstance(inner, _ast.Nonlocal):
            return True
        for value in inner.__dict__.values():
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, _ast.AST):
                    work.append(each)
    return False


def _original(outer: CodeType, lifted: CodeType) -> CodeType | None:
    """The code object of a nested function as Python compiled it."""
    found = [
        c for c in outer.co_consts
        if isinstance(c, type(outer)) and (c.co_name, c.co_firstlineno) == (lifted.co_name, lifted.co_firstlineno)
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None
