"""A function's syntax tree, found quickly: the file is read once, and only the function's own lines are parsed.

`inspect.getsource` costs half a millisecond a call because it tokenizes; here the lines of a block follow from their
indentation, checked by the parser itself. Sources that live only in memory (doctest, notebooks, `exec` with a
registered source) are found where `linecache` keeps them, if anybody has imported it.
"""

from __future__ import annotations

import _ast
import sys
from _weakref import ref
from os import stat
from time import time

from ..errors import UnsupportedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FunctionType
    from typing import Any

_ONLY_AST = 0x0400  # ast.PyCF_ONLY_AST
_files: dict[str, tuple[tuple[float, int], list[str]]] = {}
"""The lines of files, and when they had been written and how long they were."""
_LOADED = time()


class Source:
    """The syntax tree of one function.

    Attributes:
        node: its FunctionDef or Lambda.
        file, first_line: where it stands; line numbers in the tree are made absolute by `line_offset`.
        line_offset, col_offset: to add to the tree's own positions.
        lines: the text lines of the snippet.
    """

    __slots__ = ("col_offset", "file", "first_line", "line_offset", "lines", "node")

    def __init__(
        self, node: Any, file: str, first_line: int, line_offset: int, col_offset: int, lines: list[str]
    ) -> None:
        self.node = node
        self.file = file
        self.first_line = first_line
        self.line_offset = line_offset
        self.col_offset = col_offset
        self.lines = lines


def file_lines(name: str) -> list[str]:
    """The lines of a source file or of a source kept in memory, without their ends; [] if there is none."""
    linecache = sys.modules.get("linecache")
    # Another thread may be just importing it: there may be no cache yet.
    kept = getattr(linecache, "cache", {}).get(name)
    if linecache is not None and kept is not None and len(kept) == 4 and kept[1] is None:
        return _split("".join(linecache.getlines(name)))
    try:
        status = stat(name)
        stamp = (status.st_mtime, status.st_size)
        if name in _files and _files[name][0] == stamp:
            return _files[name][1]
        with open(name, "rb") as handle:
            text = handle.read()
    except OSError:
        return _split("".join(linecache.getlines(name))) if linecache is not None and kept is not None else []
    try:
        # Not by the codec utf-8-sig, whose first use imports a module.
        decoded = text.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        decoded = text.decode("latin-1")
    _files[name] = stamp, _split(decoded)
    return _files[name][1]


def _split(text: str) -> list[str]:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Not `splitlines`, for which lines end at form feeds too.
    return text.split("\n") if text else []


_nested: dict[int, tuple[ref[FunctionType], dict[Any, tuple[FunctionType, Source, Any]]]] = {}
"""Functions lifted out of others (`closures.py`), by the function they stand in and their place in it."""
_lifted: dict[int, Source] = {}


def remembered(
    outer: FunctionType, place: Any, make: Callable[[], tuple[FunctionType, Source, Any]]
) -> tuple[FunctionType, Any]:
    """What `make` makes of the function at this place of `outer`, made once: a function and more. `find` knows its
    source."""
    known = _nested.get(id(outer))
    if known is None:

        def forget(_: Any, key: int = id(outer)) -> None:
            gone = _nested.pop(key, None)
            for made, _source, _more in gone[1].values() if gone is not None else ():
                _lifted.pop(id(made.__code__), None)

        known = _nested[id(outer)] = ref(outer, forget), {}
    key = outer.__code__, place
    if key not in known[1]:
        made, own, more = known[1][key] = make()
        _lifted[id(made.__code__)] = own
    made, _source, more = known[1][key]
    return made, more


def find(function: FunctionType) -> Source:
    """The source of a plain Python function.

    Raises:
        UnsupportedError: there is no source, or it does not fit the code object (a changed file).
    """
    code = function.__code__
    if id(code) in _lifted:
        return _lifted[id(code)]
    file, first = code.co_filename, code.co_firstlineno
    lines = file_lines(file)
    if not lines or first > len(lines):
        raise UnsupportedError("its source is not available", file, first)
    if code.co_name == "<lambda>":
        return _find_lambda(code, file, first, lines)
    margin = _indent(lines[first - 1])
    tree: Any = None
    for cut in (_block, _balanced_block):
        snippet = cut(lines, first - 1, margin)
        text = "\n".join(snippet)
        try:
            tree = compile("if 1:\n" + text if margin else text, file, "exec", _ONLY_AST)
            break
        except SyntaxError:
            continue
    if tree is None or not tree.body:
        raise UnsupportedError("its source could not be parsed on its own", file, first)
    node = tree.body[0].body[0] if margin else tree.body[0]
    if not isinstance(node, (_ast.FunctionDef, _ast.AsyncFunctionDef)) or node.name != code.co_name:
        raise UnsupportedError("its source has changed since it was loaded", file, first)
    offset = first - 1 - (1 if margin else 0)
    private = _private_names(code)
    if private:
        _rename(node, private)
    if file in _files and _files[file][0][0] > _LOADED and not _holds(lines, code):
        raise UnsupportedError("its source has changed since it was loaded", file, first)
    source = Source(node, file, first, offset, 0, snippet)
    _check_arguments(source, code)
    return source


def _private_names(code: CodeType) -> list[str]:
    """The names in a function that may be a class's private ones, as the compiler wrote them: ``_Class__name``."""
    found = [
        name for names in (code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars) for name in names
        if "__" in name[1:] and name[-2:] != "__" and name[0] == "_" != name[1]
    ]  # fmt: skip
    for inner in code.co_consts:
        if isinstance(inner, type(code)):
            found += _private_names(inner)
    return found


_NAMED: dict[type, str] = {_ast.Name: "id", _ast.Attribute: "attr", _ast.arg: "arg", _ast.FunctionDef: "name"}


def _rename(node: Any, private: list[str]) -> None:
    """Write private names as the compiler did."""
    work = [node]
    while work:
        inner = work.pop()
        field = _NAMED.get(type(inner), "")
        name = getattr(inner, field, "")
        if name[:2] == "__" and name[-2:] != "__":
            full = [p for p in private if p.endswith(name)]
            if full:
                setattr(inner, field, min(full, key=len))
        for value in inner.__dict__.values():
            if isinstance(value, list):
                work.extend([v for v in value if isinstance(v, _ast.AST)])
            elif isinstance(value, _ast.AST):
                work.append(value)


def _check_arguments(source: Source, code: CodeType) -> None:
    arguments = source.node.args
    names = [a.arg for a in arguments.posonlyargs + arguments.args]
    if tuple(names) != code.co_varnames[: code.co_argcount]:
        raise UnsupportedError("its source has changed since it was loaded", source.file, source.first_line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t\f"))


def _header(lines: list[str], start: int) -> int:
    """The number of the `def` line of the definition that begins at `start`."""
    while start < len(lines) and not lines[start].lstrip().startswith(("def ", "async ")):
        start += 1
    return start


def _block(lines: list[str], start: int, margin: int) -> list[str]:
    """The lines of the definition that begins at `start`: decorators, header, and what is indented deeper. A line that
    is not, inside brackets or a string, is taken for the end: then these lines do not parse."""
    end = _header(lines, start) + 1
    width = margin + 1
    while end < len(lines):
        begin = lines[end][:width].strip()
        if begin and begin[0] not in "#)]}":
            break
        end += 1
    return lines[start:end]


def _balanced_block(lines: list[str], start: int, margin: int) -> list[str]:
    """As `_block`, with an eye on brackets and multi-line strings, where a line that is indented less still belongs to
    the definition; if cutting there does not parse, the caller says so."""
    end = _header(lines, start)
    depth = 0
    while end < len(lines):
        bare = lines[end].split("#")[0]
        depth += sum(map(bare.count, "([{")) - sum(map(bare.count, ")]}"))
        end += 1
        if depth <= 0:
            break
    quoted = ""
    while end < len(lines):
        line = lines[end]
        if quoted:
            if line.count(quoted) % 2:
                quoted = ""
        elif line.strip() and _indent(line) <= margin and not line.lstrip().startswith("#") and depth <= 0:
            break
        else:
            for mark in ('"""', "'''"):
                if line.count(mark) % 2:
                    quoted = mark
            bare = line.split("#")[0]
            depth = max(0, depth + sum(map(bare.count, "([{")) - sum(map(bare.count, ")]}")))
        end += 1
    return lines[start:end]


def _find_lambda(code: CodeType, file: str, first: int, lines: list[str]) -> Source:
    """The lambda that `code` was made of, among those that begin on its line."""
    # The statement around it may begin earlier and end later: widen until it parses.
    for start in range(first - 1, max(-1, first - 12), -1):
        for end in range(first, min(len(lines), first + 12) + 1):
            snippet = lines[start:end]
            text = "\n".join(snippet)
            wrapped = _indent(snippet[0]) > 0
            try:
                tree = compile("if 1:\n" + text if wrapped else text, file, "exec", _ONLY_AST)
            except SyntaxError:
                continue
            offset = start - wrapped
            found = [n for n in _lambdas(tree) if n.lineno + offset == first and _gives(n, code)]
            if len(found) > 1:
                found = [n for n in found if _is_at(n, code, offset)]
            if found:
                return Source(found[0], file, first, offset, 0, snippet)
            break
    raise UnsupportedError("the source of this lambda could not be found", file, first)


def _lambdas(tree: Any) -> list[Any]:
    found = []
    work = [tree]
    while work:
        node = work.pop()
        if isinstance(node, _ast.Lambda):
            found.append(node)
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, _ast.AST):
                work.append(value)
            elif isinstance(value, list):
                work.extend(v for v in value if isinstance(v, _ast.AST))
    return found


def _is_at(node: Any, code: Any, offset: int) -> bool:
    """Whether `code` was made of the lambda in this place; before Python 3.11 code does not say where it was."""
    if not hasattr(code, "co_positions"):
        return _gives(node, code, True)
    body = node.body
    place = (body.lineno + offset, body.end_lineno + offset, body.col_offset, body.end_col_offset)
    return place in code.co_positions()


def _gives(node: Any, code: CodeType, exactly: bool = False) -> bool:
    """Whether a lambda compiled among the same variables gives this code (`_alike`)."""
    tree: Any = compile("def f():\n pass", code.co_filename, "exec", _ONLY_AST)
    around = tree.body[0]
    around.args.args = [_ast.arg(arg=name, lineno=1, col_offset=0) for name in code.co_freevars]
    around.body = [_ast.Expr(value=node, lineno=node.lineno, col_offset=node.col_offset)]
    try:
        inner = _codes(compile(tree, code.co_filename, "exec", 0, True))[0]
    except (SyntaxError, ValueError):
        return False
    return any(_alike(c, code, exactly) for c in _codes(inner))


def _holds(lines: list[str], code: CodeType) -> bool:
    """Whether a file of these lines gives this code, among others."""
    try:
        work = [compile("\n".join(lines), code.co_filename, "exec", 0, True)]
    except (SyntaxError, ValueError):
        return False
    while work:
        found = work.pop()
        if found.co_firstlineno == code.co_firstlineno and _alike(found, code, True):
            return True
        work += _codes(found)
    return False


def _codes(code: CodeType) -> list[CodeType]:
    return [c for c in code.co_consts if isinstance(c, type(code))]


_SAME = (
    "co_name", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_varnames", "co_names", "co_freevars",
    "co_cellvars",
)  # fmt: skip


def _alike(a: Any, b: Any, exactly: bool) -> bool:
    """Whether two constants are the same; two codes but for their places. What the instructions are also hangs on what
    stands around a function: they are looked at for `exactly`."""
    if isinstance(a, type(_alike.__code__)) and isinstance(b, type(a)):
        if len(a.co_consts) != len(b.co_consts) or (exactly and a.co_code != b.co_code):
            return False
        same = all(getattr(a, name) == getattr(b, name) for name in _SAME)
        return same and all(_alike(x, y, exactly) for x, y in zip(a.co_consts, b.co_consts))
    if isinstance(a, str) and isinstance(b, str):
        # Up to Python 3.10 there are the full names of inner functions, which say what stands around.
        return a == b or (".<locals>." in a and a.rpartition(".")[2] == b.rpartition(".")[2])
    # 1, 1.0 and True are different, so are 0.0 and -0.0.
    return type(a) is type(b) and (a == b if type(a) is frozenset else repr(a) == repr(b))
