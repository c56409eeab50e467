"""Arguments in, a result out: machine code as a Python function.

The C calling convention hands over the first two integers in rdi and rsi, an array as the address of its first element,
floats in xmm0 and on; a result comes back in rax or xmm0.
"""

from __future__ import annotations

from array import array

from jitney.asm import Assembler, assemble, function, ptr, rax, rdi, rsi

add = Assembler()
add.lea(rax, ptr(rdi, rsi))
add.ret()

# The same from text; here the sum of an array.
TOTAL = """
        xorps   xmm0, xmm0
        xor     eax, eax
        jmp     2f
    1:  addsd   xmm0, qword ptr [rdi+rax*8]
        inc     rax
    2:  cmp     rax, rsi
        jb      1b
        ret
"""

# And with a branch: the greatest common divisor by Euclid, remainders by `div`.
GCD = """
        mov     rax, rdi
    1:  test    rsi, rsi
        jz      2f
        xor     edx, edx
        div     rsi
        mov     rax, rsi
        mov     rsi, rdx
        jmp     1b
    2:  ret
"""


def main() -> None:
    plus = function(add.finish(), "int64(int64 a, int64 b)", name="add")
    print(f"add(40, 2)          = {plus(40, 2)}")

    total = function(assemble(TOTAL), "double(const double *values, size_t count)", name="total")
    values = array("d", [0.5, 1.25, 40.25])
    print(f"total(0.5 1.25 ..)  = {total(values, len(values))}")

    gcd = function(assemble(GCD), "uint64(uint64 a, uint64 b)", name="gcd")
    print(f"gcd(1071, 462)      = {gcd(1071, 462)}")


if __name__ == "__main__":
    main()
