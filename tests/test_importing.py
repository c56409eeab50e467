"""The short way to our own modules gives the same modules as the usual one, and leaves what is unusual to it."""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "jitney"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package, compiled."""
    folder = tmp_path_factory.mktemp("importing")
    shutil.copytree(SOURCE, folder / "jitney", ignore=shutil.ignore_patterns("__pycache__"))
    assert compileall.compile_dir(folder / "jitney", quiet=1)
    return folder


def run(folder: Path, code: str) -> list[str]:
    """The words that a fresh process prints."""
    command = [sys.executable, "-B", "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


WAYS = "print(*[type(m.__loader__).__name__ for n, m in sys.modules.items() if n.startswith('jitney.')])\n"


def test_the_same_modules(copy: Path) -> None:
    """What the import system says of each module is what the usual finder says."""
    code = """
before = list(sys.meta_path)
import jitney, jitney.report
assert sys.meta_path == before
from importlib.machinery import PathFinder
for name, module in list(sys.modules.items()):
    if name.startswith("jitney."):
        usual = PathFinder.find_spec(name, sys.modules[name.rpartition(".")[0]].__path__)
        spec = module.__spec__
        for key in ("name", "origin", "cached", "has_location", "parent", "submodule_search_locations"):
            assert getattr(spec, key) == getattr(usual, key), (name, key)
        assert (module.__file__, module.__cached__) == (usual.origin, usual.cached)
        assert module.__loader__ is spec.loader
        assert spec.loader.get_source(name) == usual.loader.get_source(name)
        assert spec.loader.is_package(name) == usual.loader.is_package(name)
"""
    ways = run(copy, code + WAYS)
    assert ways.count("_Loader") > len(ways) * 0.9


@pytest.mark.parametrize("state", ["changed", "none", "by hash", "broken", "elsewhere"])
def test_other_compiled_files(copy: Path, state: str) -> None:
    """A compiled file that does not fit is not used."""
    file = copy / "jitney" / "errors.py"
    kept = file.read_text()
    compiled = Path(py_compile.compile(str(file), doraise=True) or "")
    code = "from jitney import errors\nprint(getattr(errors, 'MARK', 0), errors.UnsupportedError.__init__.__code__."
    code += "co_filename)"
    try:
        if state == "changed":
            file.write_text(kept + "\nMARK = 1\n")
        elif state == "none":
            compiled.unlink()
        elif state == "by hash":
            file.write_text(kept + "\nMARK = 1\n")
            py_compile.compile(str(file), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
        elif state == "broken":
            compiled.write_bytes(b"nothing of use")
        else:
            py_compile.compile(str(file), dfile="/elsewhere/errors.py")
        mark = "1" if state in ("changed", "by hash") else "0"
        assert run(copy, code) == [mark, str(file)]
    finally:
        file.write_text(kept)
        py_compile.compile(str(file), doraise=True)


def test_other_finders_come_first(copy: Path) -> None:
    """Whoever has put a finder before the usual one is asked; and without the usual one nothing is changed."""
    code = """
asked = []
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        asked.append(name)
sys.meta_path.insert(0, Finder)
import jitney
assert {n for n in sys.modules if n.startswith("jitney.")} <= set(asked)
"""
    run(copy, code)


def test_optimised_and_prefixed(copy: Path, tmp_path: Path) -> None:
    """Other compiled files: `-O` has its own, a prefix for them all leaves the usual way."""
    code = f"sys.pycache_prefix = {str(tmp_path)!r}\nimport jitney\n" + WAYS
    assert set(run(copy, code)) <= {"SourceFileLoader"}
    command = [sys.executable, "-B", "-O", "-c", "import jitney"]
    assert subprocess.run(command, cwd=copy, capture_output=True).returncode == 0
