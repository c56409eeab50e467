"""Machine code with no idea of Python: an x86-64 assembler usable by itself.

>>> from jitney.asm import Assembler, rax, rdi
>>> a = Assembler()
>>> a.lea(rax, ptr(rdi, rdi, 4))
>>> a.ret()
>>> print(a.finish().listing())
   0  488d04bf                  lea rax, [rdi+rdi*4]
   4  c3                        ret

`Assembler` takes instructions, labels and data and gives a `Blob`; `link` places blobs at addresses.
"""

from __future__ import annotations

from jitney.asm.assembler import Assembler as Assembler
from jitney.asm.blob import Blob as Blob, Relocation as Relocation, link as link
from jitney.asm.errors import (
    AsmError as AsmError,
    LabelError as LabelError,
    OperandError as OperandError,
    RangeError as RangeError,
    TextError as TextError,
)
from jitney.asm.operands import (
    Label as Label,
    Mem as Mem,
    byte_ptr as byte_ptr,
    dword_ptr as dword_ptr,
    ptr as ptr,
    qword_ptr as qword_ptr,
    word_ptr as word_ptr,
    xmmword_ptr as xmmword_ptr,
    ymmword_ptr as ymmword_ptr,
    zmmword_ptr as zmmword_ptr,
)
from jitney.asm.registers import *  # noqa: F403
