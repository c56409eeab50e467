"""What gcc writes is read as GNU as reads it: whole compiled functions, bytes compared."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from jitney.asm import Assembler, parse

SOURCE = """
#include <stdint.h>
double dot(const double *a, const double *b, long n) {
    double s = 0;
    for (long i = 0; i < n; i++) s += a[i] * b[i];
    return s;
}
void saxpy(float *y, const float *x, float a, long n) { for (long i = 0; i < n; i++) y[i] += a * x[i]; }
long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
uint32_t crc(const uint8_t *p, long n) {
    uint32_t c = ~0u;
    while (n--) { c ^= *p++; for (int k = 0; k < 8; k++) c = c >> 1 ^ (0xedb88320 & -(c & 1)); }
    return ~c;
}
int choose(int x, int y) {
    switch (x) { case 0: return y; case 1: return y * 7; case 2: return y / 3; case 3: return y << 2; case 4: return -y;
                 case 5: return 1000; case 6: return x % 10; }
    return -1;
}
void matmul(double *c, const double *a, const double *b, int n) {
    for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) {
        double s = 0;
        for (int k = 0; k < n; k++) s += a[i * n + k] * b[k * n + j];
        c[i * n + j] = s;
    }
}
void histogram(int *h, const uint8_t *p, long n) { for (long i = 0; i < n; i++) h[p[i]]++; }
uint64_t bits(uint64_t x) { return __builtin_popcountll(x) + __builtin_ctzll(x | 1) + __builtin_bswap64(x) + x / 7; }
long total(const int8_t *p, long n) { long s = 0; for (long i = 0; i < n; i++) s += p[i]; return s; }
void mix(char *d, const char *s, long n) { for (long i = 0; i < n; i++) d[i] = s[i] ^ 0x55; }
int largest(const int *p, int n) { int m = p[0]; for (int i = 1; i < n; i++) if (p[i] > m) m = p[i]; return m; }
float mean(const float *p, const short *q, long n) {
    float s = 0;
    for (long i = 0; i < n; i++) s += p[i] * q[i];
    return s / n;
}
"""

OPTIONS = [
    "-O0", "-O1", "-O2", "-Os", "-O3", "-O2 -msse4.2 -mpopcnt", "-O3 -mavx", "-O3 -mavx2 -mfma -mbmi -mbmi2",
    "-O3 -ffast-math -march=skylake-avx512", "-O3 -ffast-math -march=skylake-avx512 -mprefer-vector-width=512",
]  # fmt: skip

# There is one section, and no linker: names are kept local, and sections fall together.
DROPPED = (".section", ".globl", ".data", ".local", ".comm", ".set")


@pytest.mark.skipif(not all(map(shutil.which, ("gcc", "as", "objcopy"))), reason="gcc or binutils are not installed")
@pytest.mark.parametrize("options", OPTIONS)
def test_the_output_of_gcc(options, tmp_path):
    (tmp_path / "t.c").write_text(SOURCE)
    flags = ["-fpic", "-masm=intel", "-fno-asynchronous-unwind-tables", "-fcf-protection=none", "-fvisibility=hidden"]
    subprocess.run(["gcc", *options.split(), *flags, "-S", "-o", "t.s", "t.c"], check=True, cwd=tmp_path)
    lines = [line for line in (tmp_path / "t.s").read_text().split("\n") if not line.strip().startswith(DROPPED)]
    (tmp_path / "u.s").write_text("\n".join(lines))
    subprocess.run(["as", "-o", "u.o", "u.s"], check=True, cwd=tmp_path)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", "u.o", "u.bin"], check=True, cwd=tmp_path)
    a = Assembler()
    parse("\n".join(lines), a)
    assert a.finish().image.hex() == (tmp_path / "u.bin").read_bytes().hex()
