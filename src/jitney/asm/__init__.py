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

from ..lazy import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .assembler import *  # noqa: F403
    from .blob import *  # noqa: F403
    from .cfunc import *  # noqa: F403
    from .errors import *  # noqa: F403
    from .operands import *  # noqa: F403
    from .registers import *  # noqa: F403  # every register, by name
    from .text import *  # noqa: F403

_MODULES = ("assembler", "blob", "cfunc", "errors", "operands", "registers", "text")


def __getattr__(name: str) -> Any:
    """The public names, once one of them is asked for (PEP 562): the compiler needs only `jitney.asm.memory`, and
    `import jitney` does not pay for the assembler."""
    if name.startswith("__") and name != "__all__":
        raise AttributeError(name)
    public: dict[str, Any] = {}
    for module in map(load, [f"{__name__}.{m}" for m in _MODULES]):
        names = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
        public.update({n: getattr(module, n) for n in names})
    globals().update(public, __all__=sorted(public))
    if name not in globals():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals()[name]
