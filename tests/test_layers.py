"""The rules of the house, read from the source: who may import whom, what is never imported, how long a file is."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "jitney"
FILES = sorted(SOURCE.rglob("*.py"))

# layer -> the layers it may import besides itself. A layer is a folder or, where there is no folder, a file.
# `errors` (exception classes) and `lazy` (imports put off) are open to all.
LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "importing": set(),
    "lazy": {"importing"},
    "asm": set(),
    "ir": set(),
    "analysis": {"ir"},
    "pytypes": {"ir"},
    "records": {"ir", "pytypes"},
    "frontend": {"ir", "pytypes", "records"},
    "opt": {"analysis", "ir"},
    "codegen": {"analysis", "ir"},
    "targets": {"codegen", "ir", "asm"},
    "loader": {"codegen", "asm"},
    "runtime": {"ir", "asm", "pytypes", "records"},
}
# The top imports everything below it.
TOP = {"__init__", "__main__", "pipeline", "group", "dispatcher", "jit", "parallel", "cli", "report"}

# Import time is promised: these cost milliseconds and are not needed to compile. `numpy` is the user's to import.
FORBIDDEN = {
    "dataclasses", "inspect", "typing", "re", "enum", "logging", "linecache", "tokenize", "textwrap", "pathlib",
    "tempfile", "subprocess", "numpy",
}
FORBIDDEN_NAMES = {("collections", "namedtuple")}

MOST_LINES = 600


def is_type_checking(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(path: Path) -> tuple[list[tuple[int, str, tuple[str, ...]]], list[int]]:
    """What a file imports at run time, as (line, absolute module, names); and the lines of imports in functions."""
    package = ("jitney", *path.relative_to(SOURCE).parent.parts)
    found: list[tuple[int, str, tuple[str, ...]]] = []
    nested: list[int] = []

    def visit(node: ast.AST, in_function: bool) -> None:
        if isinstance(node, ast.If) and is_type_checking(node):
            return
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if in_function:
                nested.append(node.lineno)
            if isinstance(node, ast.Import):
                found.extend((node.lineno, alias.name, ()) for alias in node.names)
            else:
                base = package[: len(package) - node.level + 1] if node.level else ()
                module = ".".join((*base, *([node.module] if node.module else [])))
                found.append((node.lineno, module, tuple(alias.name for alias in node.names)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "lazy":
            package_, *names = [ast.literal_eval(argument) for argument in node.args]
            found.extend((node.lineno, f"{package_}.{name}", ()) for name in names)
        inside = in_function or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(path.read_text()), False)
    return found, nested


def layer_of(module: str) -> str | None:
    """The layer of a module of ours ("" for the package itself), None for others'."""
    parts = module.split(".")
    if parts[0] != "jitney":
        return None
    return parts[1] if len(parts) > 1 else ""


def own_layer(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def layer_violations(path: Path) -> list[str]:
    own = own_layer(path)
    if own in TOP:
        return []
    allowed = LAYERS[own] | {own, "errors", "lazy"}
    wrong = []
    for line, module, names in imports(path)[0]:
        layer = layer_of(module)
        targets = {layer} if layer else {*names} if layer == "" else set()
        wrong += [f"{path}:{line}: {own} imports {target}" for target in sorted(targets - allowed)]
    return wrong


def each_file(test):
    return pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))(test)


@each_file
def test_file_belongs_to_a_layer(path):
    assert own_layer(path) in LAYERS.keys() | TOP


@each_file
def test_imports_keep_to_the_layers(path):
    assert layer_violations(path) == []


@each_file
def test_no_import_inside_a_function(path):
    assert imports(path)[1] == []


@each_file
def test_nothing_slow_is_imported(path):
    slow = [
        f"line {line}: {module}" for line, module, names in imports(path)[0]
        if module.split(".")[0] in FORBIDDEN or any((module, name) in FORBIDDEN_NAMES for name in names)
    ]
    assert slow == []


@each_file
def test_file_is_not_too_long(path):
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_there_are_files():
    assert len(FILES) > 20


def test_the_reader_of_imports_sees_violations(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "SOURCE", tmp_path)
    (tmp_path / "ir").mkdir()
    path = tmp_path / "ir" / "bad.py"
    path.write_text(
        "from __future__ import annotations\n"
        "TYPE_CHECKING = False\n"
        "if TYPE_CHECKING:\n    from jitney.codegen import x\n"
        "from . import types\nfrom ..opt import fold\nimport jitney.runtime\nfrom jitney import frontend\n"
        "x, y = lazy('jitney.opt', 'split', 'unroll')\n"
        "def f():\n    import os\n"
    )
    assert [w.rsplit(" ", 1)[1] for w in layer_violations(path)] == [
        "opt", "runtime", "frontend", "opt", "opt",
    ]
    assert imports(path)[1] == [11]


def test_what_is_loaded_lazily_exists():
    wrong = [
        module for path in FILES for _, module, names in imports(path)[0]
        if not names and module.startswith("jitney.") and importlib.util.find_spec(module) is None
    ]
    assert wrong == []


def loaded_by_import(name: str) -> set[str]:
    """The modules a fresh interpreter has after importing `name` and did not have before."""
    code = f"import sys; before = set(sys.modules); import {name}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_jitney_imports_nothing_slow():
    loaded = loaded_by_import("jitney")
    assert "jitney.jit" in loaded
    assert "jitney.opt.split" not in loaded and "jitney.analysis.ranges" not in loaded
    # What ctypes, the way to CPython's C-API, brings itself is not ours to save.
    assert (loaded & FORBIDDEN) - loaded_by_import("ctypes") == set()


FIRST_CALL = """
import sys
import numpy as np
from jitney import jit

@jit
def f(a, n):
    out = np.empty(n)
    x, s = 1.5, 0.0
    for i in range(n):
        out[i] = a[i] * x
        s += a[i]
    return out, s

f(np.ones(3), 3)
print(*sorted(sys.modules))
"""


def test_first_calls_load_only_what_they_need(tmp_path):
    """Each module costs some tenth of a millisecond, once."""
    path = tmp_path / "first.py"
    path.write_text(FIRST_CALL)
    environment = {**os.environ, "JITNEY_TIERS": "1", "JITNEY_CHECK": "0"}
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True, env=environment)
    rare = {f"jitney.{name}" for name in ("codegen.untie", "frontend.numeric", "frontend.packed", "frontend.usage",
                                          "frontend.objects", "opt.needs", "opt.split", "runtime.keeping")}  # fmt: skip
    assert rare & set(done.stdout.split()) == set()


def tracked_files() -> list[Path]:
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


# Paths of one machine, and addresses of package indexes: neither belongs into a repository.
UNWANTED = re.compile(rb"/(?:root|home/\w+|Users/\w+|work)/[\w.]|file:///|extra-index-url|find-links")


def test_no_machine_paths_in_tracked_files():
    mine = Path(__file__)
    wrong = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in tracked_files() if path != mine
        for match in UNWANTED.finditer(path.read_bytes())
    ]
    assert wrong == []
