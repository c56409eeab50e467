"""Writes src/jitney/ir/index.py: `python -m tests.ir.rule_index`, after a change of the rules."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from jitney.ir import rules
from jitney.ir.ops import OPS, Op
from jitney.ir.types import I1, I64, PTR

PATH = Path(rules.__file__).parent / "index.py"
HEAD = '''"""Where the rules of `rules.py` are found. Written by `python -m tests.ir.rule_index`; do not edit.

By the name of the operation at the root: for some argument positions, the lines of `RULES` by what the argument must
be, an operation's name or a constant; at position -1, where arguments must be equal. Written down, for finding it out
would keep somebody waiting. Lines are replaced by the rules they say when these are needed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

INDEX: dict[str, list[tuple[int, dict[Any, Any]]]] = {
'''


def table(op: Op) -> list[tuple[int, dict[Any, Any]]]:
    """The lines about `op`, each in the bucket of what must stand below its root."""
    found: dict[int, dict[Any, tuple[int, ...]]] = {}
    for number, line in enumerate(rules.RULES.splitlines()):
        if line and line[0] != "#" and op.name in line[line.index("(") + 1 :].split(" ", 1)[0].split("|"):
            for k, key in places(op, line):
                buckets = found.setdefault(k, {})
                buckets[key] = (*buckets.get(key, ()), number)
    return list(found.items())


def places(op: Op, line: str) -> list[tuple[int, Any]]:
    """The buckets for a line about `op`: an argument's position, and the operation or the constant that it must be;
    or (-1, None) if it is arguments that must be equal."""
    pattern, _, rest = line.partition("->")
    args = pattern[pattern.index("(") :].split(None, 1)[1]
    inner = args.find("(")
    if inner >= 0:
        k = args.count(" ", 0, inner)
        both = op.commutative and not (k == 0 and is_constant(args.rstrip(") ").rpartition(" ")[2]))
        heads = args[inner + 1 :].split(" ", 1)[0].split("|")
        return [(i, head) for head in heads for i in ((0, 1) if both else (k,))]
    if "(fits" in rest:
        return [(0, name) for name in (*rules._RANGES, "load", "and")]
    for k, word in enumerate(args.rstrip(") ").split()):
        if is_constant(word):
            literal = rules._term(word)
            if isinstance(literal, rules._Bits):
                return [(k, literal.of(type)) for type in (I1, I64, PTR)]
            return [(k, "const" if isinstance(literal, str) else literal)]
    return [(-1, None)]


def is_constant(word: str) -> bool:
    return word in rules._LITERALS or word[:1] < "a"


def text() -> str:
    """The file."""
    lines = []
    for op in OPS.values():
        row = f"{op.name!r}: {table(op)!r},".replace("'", '"')
        if table(op):
            wrap = textwrap.TextWrapper(118, break_long_words=False, initial_indent=4 * " ", subsequent_indent=8 * " ")
            lines.append(wrap.fill(row) + "\n")
    return HEAD + "".join(lines) + "}  # fmt: skip\n"


if __name__ == "__main__":
    PATH.write_text(text())
