"""What `split` leaves of a loop, as passes behind it use it: in front of the copy without checks, a branch to one
iteration of the loop as it was written. Whatever that copy cannot be sure of may go there.

    head(k, limit): v1 = slt k, limit                   head(k, limit): v1 = slt k, limit
                    br v1, enter, one                                   v2 = ne k, first
    enter: jump main(k)                                                 v3 = and v1, v2
    one: an iteration, with checks                                      br v3, enter, one
         br ..., head(k', limit'), out                  ...
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop

_AND = OPS["and"]


class Aside:
    """The branch in front of a loop without checks.

    Attributes:
        head: the block that ends in it, the header of the loop around.
        counter: what the loop's counter begins with there. first: the counter of the very first iteration.
    """

    __slots__ = ("counter", "first", "function", "head")

    def __init__(self, function: Function, head: Block, counter: int, first: int) -> None:
        self.function = function
        self.head = head
        self.counter = counter
        self.first = first

    def require(self, name: str, a: int, b: int) -> None:
        """Enter the loop only if this comparison of i64s, known in `head`, holds, too."""
        head = self.head
        head.term_args = (self.make("and", head.term_args[0], self.make(name, a, b)),)

    def make(self, name: str, a: int, b: int) -> int:
        """A new instruction at the end of `head`."""
        function, head = self.function, self.head
        op = OPS[name]
        type = I1 if op is _AND or op.result == "i1" else function.types[a]
        v = function.new_value(op, type, (a, b), None, head.line, head)
        head.insts.append(v)
        return v


def find(function: Function, loop: Loop) -> Aside | None:
    """That of a counted loop; None if it has none."""
    around, before = loop.parent, loop.preheader
    if around is None or not around.checked or before.term != "jump" or before.params:
        return None
    head = around.header
    if head.term != "br" or [edge.target is before for edge in head.edges] != [True, False]:
        return None
    counter = before.edges[0].args[loop.header.params.index(loop.counter)]
    entry = next(edge for edge in around.preheader.edges if edge.target is head)
    if counter not in head.params or head.edges[1].target.loop is not around:
        return None
    if sum([edge.target is before for block in function.blocks for edge in block.edges]) != 1:
        return None
    return Aside(function, head, counter, entry.args[head.params.index(counter)])
