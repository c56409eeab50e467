"""Six kernels as one writes them every day; the only thing added is `@jit`."""

import math

from jitney import jit


@jit
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@jit
def mandelbrot(image, max_iter):
    height, width, _ = image.shape
    for row in range(height):
        ci = 1.2 - 2.4 * row / height
        for col in range(width):
            cr = -2.2 + 3.2 * col / width
            zr = zi = 0.0
            n = 0
            while n < max_iter and zr * zr + zi * zi < 64.0:
                zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
                n += 1
            if n == max_iter:
                image[row, col, 0] = image[row, col, 1] = image[row, col, 2] = 0
                continue
            # A continuous count of iterations, then a palette of polynomials: dark blue, white, amber.
            smooth = n + 1 - math.log2(0.5 * math.log(zr * zr + zi * zi))
            t = math.sqrt(max(0.0, min(1.0, smooth / 60.0)))
            image[row, col, 0] = int(255.0 * min(1.0, 9.0 * (1.0 - t) * t * t * t + t * t))
            image[row, col, 1] = int(255.0 * min(1.0, 12.0 * (1.0 - t) * (1.0 - t) * t * t))
            image[row, col, 2] = int(255.0 * min(1.0, 8.5 * (1.0 - t) * (1.0 - t) * (1.0 - t) * t + 0.1))


@jit
def advance(position, velocity, mass, steps, dt):
    bodies = len(mass)
    for _ in range(steps):
        for i in range(bodies):
            for j in range(i + 1, bodies):
                dx = position[i, 0] - position[j, 0]
                dy = position[i, 1] - position[j, 1]
                dz = position[i, 2] - position[j, 2]
                squared = dx * dx + dy * dy + dz * dz
                pull = dt / (squared * math.sqrt(squared))
                velocity[i, 0] -= dx * mass[j] * pull
                velocity[i, 1] -= dy * mass[j] * pull
                velocity[i, 2] -= dz * mass[j] * pull
                velocity[j, 0] += dx * mass[i] * pull
                velocity[j, 1] += dy * mass[i] * pull
                velocity[j, 2] += dz * mass[i] * pull
        for i in range(bodies):
            for k in range(3):
                position[i, k] += dt * velocity[i, k]


@jit
def sieve(is_prime):
    n = len(is_prime)
    for i in range(2, n):
        is_prime[i] = True
    i = 2
    while i * i < n:
        if is_prime[i]:
            for multiple in range(i * i, n, i):
                is_prime[multiple] = False
        i += 1
    count = 0
    for i in range(n):
        if is_prime[i]:
            count += 1
    return count


@jit
def matmul(a, b, out):
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            total = 0.0
            for k in range(a.shape[1]):
                total += a[i, k] * b[k, j]
            out[i, j] = total


@jit
def is_word(c):
    return 97 <= c <= 122 or 65 <= c <= 90 or 48 <= c <= 57 or c == 95 or c >= 128


@jit
def tokenize(text, counts):
    """Count blanks, words and numbers, strings, comments, operators of Python source held as bytes."""
    n = len(text)
    tokens = 0
    i = 0
    while i < n:
        c = text[i]
        i += 1
        if c == 32 or 9 <= c <= 13:
            counts[0] += 1
            continue
        tokens += 1
        if is_word(c):
            counts[1] += 1
            while i < n and is_word(text[i]):
                i += 1
        elif c == 34 or c == 39:
            counts[2] += 1
            triple = i + 1 < n and text[i] == c and text[i + 1] == c
            if triple:
                i += 2
                while i < n and not (text[i] == c and text[i - 1] == c and text[i - 2] == c):
                    i += 1
            else:
                while i < n and text[i] != c and text[i] != 10:
                    i += 2 if text[i] == 92 else 1
            i += 1
        elif c == 35:
            counts[3] += 1
            while i < n and text[i] != 10:
                i += 1
        else:
            counts[4] += 1
    return tokens
