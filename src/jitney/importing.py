"""Finding our own modules while they are imported, in half the steps: a tenth of the time of `import jitney`.

The usual way looks at a module's directory, at five endings of its name, and at the source's state twice before it
reads the compiled file. Here the source is looked at once, and the compiled file read if it is the usual one and fits
the source. Whatever else there is, the usual way deals with, so that nothing but the time differs: no compiled file,
one out of date, of another kind, or from another place; other finders that want to be asked before; a `jitney` that is
not a directory of source files.
"""

from __future__ import annotations

import sys
from _imp import _fix_co_filename  # type: ignore[attr-defined]
from marshal import loads
from os import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from importlib.machinery import SourceFileLoader as UsualLoader
    from os import stat_result
    from types import CodeType
    from typing import Any

_usual: Any = sys.modules.get("_frozen_importlib_external")
if not TYPE_CHECKING:
    UsualLoader = getattr(_usual, "SourceFileLoader", object)


class _Loader(UsualLoader):
    """Reads a compiled file that fits the source as `find_spec` has just seen it; else it is as its base."""

    def __init__(self, name: str, path: str, compiled: str, source: stat_result) -> None:
        self.name = name
        self.path = path
        self._compiled = compiled
        self._source: stat_result | None = source

    def get_code(self, fullname: str) -> CodeType | None:
        source, self._source = self._source, None
        if source is not None:
            try:
                data = self.get_data(self._compiled)
            except OSError:
                return super().get_code(fullname)
            # Flags 0: valid while the source has this time and size (PEP 552).
            low = 0xFFFFFFFF
            state = int(source.st_mtime) & low | (source.st_size & low) << 32
            if data[:16] == _usual.MAGIC_NUMBER + bytes(4) + state.to_bytes(8, "little"):
                code: CodeType = loads(memoryview(data)[16:])
                # It may have been compiled under another name, such as a relative one.
                _fix_co_filename(code, self.path)
                return code
        return super().get_code(fullname)


class _Finder:
    """Of the modules of the package with this spec."""

    __slots__ = ("_ending", "_folder", "_prefix", "_spec_type")

    def __init__(self, spec: ModuleSpec | None) -> None:
        self._spec_type: Any = type(spec)
        self._prefix = self._folder = self._ending = ""
        if spec is None or spec.origin is None or spec.cached is None or type(spec.loader) is not UsualLoader:
            return
        folder, slash, file = spec.origin.rpartition("/")
        beginning = f"{folder}/__pycache__/__init__"
        if slash and file == "__init__.py" and spec.cached.startswith(beginning):
            self._prefix, self._folder, self._ending = f"{spec.name}.", folder, spec.cached[len(beginning) :]

    def begin(self) -> None:
        """Have this asked directly before the usual finder, after all others that come before that."""
        if self._folder:
            try:
                sys.meta_path.insert(sys.meta_path.index(_usual.PathFinder), self)
            except ValueError:
                return

    def end(self) -> None:
        """Undo `begin`."""
        if self._folder:
            try:
                sys.meta_path.remove(self)
            except ValueError:
                return

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """As the import system asks; None: as usual."""
        if not name.startswith(self._prefix):
            return None
        *packages, last = name[len(self._prefix) :].split(".")
        folder = "/".join((self._folder, *packages))
        if path is None or list(path) != [folder]:
            return None
        origin, compiled, within = f"{folder}/{last}.py", f"{folder}/__pycache__/{last}{self._ending}", None
        try:
            source = stat(origin)
        except OSError:
            within = f"{folder}/{last}"
            origin, compiled = f"{within}/__init__.py", f"{within}/__pycache__/__init__{self._ending}"
            try:
                source = stat(origin)
            except OSError:
                return None
        spec: ModuleSpec = self._spec_type(name, _Loader(name, origin, compiled, source), origin=origin)
        if within is not None:
            spec.submodule_search_locations = [within]
        spec.has_location = True
        spec.cached = compiled
        return spec


_finder = _Finder(getattr(sys.modules[__package__], "__spec__", None))
begin, end = _finder.begin, _finder.end
