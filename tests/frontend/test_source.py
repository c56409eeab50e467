"""Finding a function's own lines in its file, whatever they look like."""

import importlib.util

import pytest

from jitney import FallbackWarning, UnsupportedError, jit
from jitney.frontend.source import find

DEFINITIONS = {
    "at the end of the file": "def f(a):\n    return a",
    "one line": "def f(a): return a\nx = 1\n",
    "closing bracket below the def": "def f(\n    a,\n    b=[\n        1,\n]\n):\n    return a\nx = 1\n",
    "comments at the margin": "def f(a):\n# one\n    b = a\n# two\n\n    return b\n# three\nx = 1\n",
    "string at the margin": 'def f(a):\n    """\nText (\n    """\n    b = \'\'\'\nx = """\n\'\'\'\n    return b\n',
    "brackets at the margin": "def f(a):\n    b = (a +\na)\n    c = [\na,\n  b]\n    return c\nx = 1\n",
    "decorated": "def d(g):\n    return g\n@d\n@(lambda g:\n  g)\ndef f(a):\n    return a\nx = 1\n",
    "in a block": "if 1:\n    def f(a):\n        if a:\n            return 1\n\n        return 2\nelse:\n    x = 2\n",
    "in a block, string at the margin": 'if 1:\n  def f(a):\n    b = """\n  x\n"""\n    return b\n  x = 1\n',
    "tabs": "if True:\n\tdef f(a):\n\t\treturn a\n\tx = 1\n",
    "form feeds": "x = 1\n\f\ndef f(a):\n    b = a\n\f\n    return b\n\f\nx = 2\n",
    "carriage returns": "def f(a):\r\n    b = a\r\n\r\n    return b\r\nx = 1\r\n",
}


def load(tmp_path, text):
    path = tmp_path / "module.py"
    path.write_bytes(text.encode())
    spec = importlib.util.spec_from_file_location("module_with_lines", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("title", DEFINITIONS)
def test_lines_of_a_definition(tmp_path, title):
    function = load(tmp_path, DEFINITIONS[title]).f
    source = find(function)
    assert source.node.name == "f"
    made = {line for _, _, line in function.__code__.co_lines() if line is not None and line > source.first_line}
    nodes = {n.lineno + source.line_offset for n in source.node.body}
    assert nodes - {source.first_line} <= made | {source.node.body[0].lineno + source.line_offset}
    assert max(made, default=0) <= source.first_line + len(source.lines) - 1


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n\n", "x = 1\n", "def g(a):\n    return a\n", "def f(b):\n    return b\n", "def f(a",
        "def f(a):\n    return -a\n", "def f(a):\n    return [a * 1.0 for _ in (0,)]\n",
    ],
)  # fmt: skip
def test_a_file_that_has_changed(tmp_path, text):
    function = load(tmp_path, "def f(a):\n    return a\n").f
    (tmp_path / "module.py").write_text(text)
    with pytest.raises(UnsupportedError, match="source"):
        find(function)


def test_a_line_that_goes_on_at_the_margin(tmp_path):
    with pytest.raises(UnsupportedError, match="could not be parsed"):
        find(load(tmp_path, "def f(a):\n    return a \\\n+ 1\nx = 1\n").f)


LAMBDAS = """
import math
ms = lambda x: math.sin(x), lambda x: math.cos(x), lambda x: (lambda y: math.sin(y))(x)
fs = lambda x: x + 1, lambda x: x - 1, lambda x: x + 1.0, lambda x: x + True, lambda x: x - 0.0, lambda x: x + -0.0
def make(k, m):
    return lambda x: x + k, lambda x: x * k, lambda x: x + m, lambda x, k=2: x + k
gs = make(3, 5)
"""


def test_lambdas_in_one_line(tmp_path):
    module = load(tmp_path, LAMBDAS)
    for functions in (module.ms, module.fs, module.gs):
        columns = [find(f).node.col_offset for f in functions]
        assert columns == sorted(set(columns))


TEXTS = {
    "body": ("def f(a):\n    return a + 1\n", "def f(a):\n    return a + 2\n"),
    "constant": ("def f(a):\n    return a * 1, 0.0\n", "def f(a):\n    return a * True, -0.0\n"),
    "inner": ("def f(a):\n    return [a + k for k in (1, 2)]\n", "def f(a):\n    return [a - k for k in (1, 2)]\n"),
    "method": ("import math\ndef f(a):\n    return math.sin(a)\n", "import math\ndef f(a):\n    return math.sin(-a)\n"),
    "closure": (
        "def g(k):\n    @wraps\n    def f(a):\n        return a + k\n    return f\nf = g(2)\n",
        "def g(k):\n    @wraps\n    def f(a):\n        return a - k\n    return f\nf = g(2)\n",
    ),
}


@pytest.mark.parametrize("title", TEXTS)
def test_a_file_that_is_loaded_again(tmp_path, title):
    before, after = ["wraps = lambda f: f\n" + text for text in TEXTS[title]]
    old, early = load(tmp_path, before).f, load(tmp_path, before).f
    assert find(early).node.name == "f"
    wanted = repr(old(5))
    new = load(tmp_path, after + "# another size\n").f
    assert repr(jit(new)(5)) == repr(new(5)) != wanted
    with pytest.warns(FallbackWarning, match="has changed"):
        assert repr(jit(old)(5)) == wanted
