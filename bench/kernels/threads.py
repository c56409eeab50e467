"""Loops whose iterations threads may share, as users write them. The bench puts Numba's `prange` in for Numba."""

import numpy as np

from jitney import prange


def primes(n):
    found = 0
    for k in prange(2, n):
        d = 2
        while d * d <= k and k % d:
            d += 1
        if d * d > k:
            found += 1
    return found


def collatz(n):
    most = 0
    for i in prange(1, n):
        x = i
        steps = 0
        while x != 1:
            x = x // 2 if x % 2 == 0 else 3 * x + 1
            steps += 1
        most = max(most, steps)
    return most


def mandelbrot(out, limit):
    height, width = out.shape
    for y in prange(height):
        for x in range(width):
            cr = 3.0 * x / width - 2.0
            ci = 2.0 * y / height - 1.0
            zr = zi = 0.0
            k = 0
            while k < limit and zr * zr + zi * zi < 4.0:
                zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
                k += 1
            out[y, x] = k


def forces(p, f):
    n = len(p)
    for i in prange(n):
        fx = fy = fz = 0.0
        for j in range(n):
            dx = p[j, 0] - p[i, 0]
            dy = p[j, 1] - p[i, 1]
            dz = p[j, 2] - p[i, 2]
            s = 1.0 / np.sqrt(dx * dx + dy * dy + dz * dz + 0.01)
            s = s * s * s
            fx += dx * s
            fy += dy * s
            fz += dz * s
        f[i, 0] = fx
        f[i, 1] = fy
        f[i, 2] = fz


def monte_carlo(n):
    hits = 0
    for i in prange(n):
        s = (i * 2654435761 + 12345) & 0xFFFFFFFF
        for _ in range(8):
            s = (s * 1664525 + 1013904223) & 0xFFFFFFFF
            x = s / 4294967296.0
            s = (s * 1664525 + 1013904223) & 0xFFFFFFFF
            y = s / 4294967296.0
            if x * x + y * y < 1.0:
                hits += 1
    return hits


def matmul(a, b, c):
    for i in prange(a.shape[0]):
        for j in range(b.shape[1]):
            c[i, j] = 0.0
        for k in range(a.shape[1]):
            x = a[i, k]
            for j in range(b.shape[1]):
                c[i, j] += x * b[k, j]


def axpy(a, x, y):
    for i in prange(len(x)):
        y[i] += a * x[i]


def total(a):
    s = 0
    for i in prange(len(a)):
        s += a[i]
    return s
