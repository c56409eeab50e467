"""Hello world in machine code: a system call made from instructions, and nothing else.

The text lies behind the `ret`, so `lea rsi, [rip+message]` refers to a place that is not known yet: the assembler fills
in the distance (3: the bytes of `syscall` and `ret`) when it comes to the label.
"""

from __future__ import annotations

from jitney.asm import Assembler, function, ptr, rax, rdi, rdx, rsi

TEXT = "Hello World!"


def hello() -> Assembler:
    """`write(1, TEXT, len(TEXT))`."""
    a = Assembler()
    message = a.label("message")
    a.mov(rax, 1)  # the number of `write`
    a.mov(rdi, 1)  # standard output
    a.mov(rdx, len(TEXT))
    a.lea(rsi, ptr(message))
    a.syscall()
    a.ret()
    a.bind(message)
    a.string(TEXT)
    return a


def main() -> None:
    blob = hello().finish()
    print(blob.listing(), flush=True)
    written = function(blob, "int64()", name="hello")()
    print(f"\n{written} bytes written")


if __name__ == "__main__":
    main()
