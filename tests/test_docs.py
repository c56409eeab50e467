"""The documentation is true: every Python block of README and docs/ runs, the blocks of a page one after another in
one namespace."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


def blocks(text: str) -> list[tuple[int, str]]:
    """(line number of the first line, source) of every Python block."""
    return [(text.count("\n", 0, m.start(1)) + 1, m.group(1)) for m in BLOCK.finditer(text)]


def each_page(test):
    return pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))(test)


@each_page
def test_python_blocks_run(page, tmp_path, monkeypatch):
    found = blocks(page.read_text())
    if not found:
        pytest.skip("no Python on this page")
    monkeypatch.chdir(tmp_path)
    # Functions are compiled from their source, so the blocks become a file, each at its own line of the page.
    lines: list[str] = []
    for line, source in found:
        lines += [""] * (line - 1 - len(lines)) + source.splitlines()
    path = tmp_path / f"{page.stem}_blocks.py"
    path.write_text("\n".join(lines) + "\n")
    namespace = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    sys.stdout.flush()


@each_page
def test_links_lead_somewhere(page):
    broken = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert broken == []


def test_readme_shows_code():
    assert blocks((ROOT / "README.md").read_text())


def test_blocks_are_found_with_their_lines():
    assert blocks("a\n```python\nx = 1\n```\n```console\nls\n```\n```python\ny\n```\n") == [(3, "x = 1\n"), (9, "y\n")]
