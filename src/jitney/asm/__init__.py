"""Machine code with no idea of Python: an x86-64 assembler usable by itself.

>>> from jitney.asm import Assembler, rax, rdi
>>> a = Assembler()
>>> a.lea(rax, ptr(rdi, rdi, 4))
>>> a.ret()
>>> print(a.finish().listing())
   0  488d04bf                  lea rax, [rdi+rdi*4]
   4  c3                        ret

`Assembler` takes instructions, labels and data and gives a `Blob`; `assemble` does so from text; `link` places blobs at
addresses; `function` makes a Python callable of one.
"""

from __future__ import annotations

from jitney.asm.assembler import *  # noqa: F403
from jitney.asm.blob import *  # noqa: F403
from jitney.asm.cfunc import *  # noqa: F403
from jitney.asm.errors import *  # noqa: F403
from jitney.asm.operands import *  # noqa: F403
from jitney.asm.registers import *  # noqa: F403  # every register, by name
from jitney.asm.text import *  # noqa: F403
