"""Integer arithmetic: calls, loops and divisions on Python ints."""


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def collatz(limit):
    best = 0
    best_length = 0
    for start in range(1, limit):
        n = start
        length = 1
        while n != 1:
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            length += 1
        if length > best_length:
            best_length = length
            best = start
    return best


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def coprime_pairs(n):
    count = 0
    for a in range(1, n):
        for b in range(1, a):
            if gcd(a, b) == 1:
                count += 1
    return count


def is_prime(n):
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    d = 3
    while d * d <= n:
        if n % d == 0:
            return False
        d += 2
    return True


def count_primes(limit):
    count = 0
    for n in range(limit):
        if is_prime(n):
            count += 1
    return count


def sieve(flags):
    n = len(flags)
    for i in range(n):
        flags[i] = 1
    flags[0] = 0
    flags[1] = 0
    i = 2
    while i * i < n:
        if flags[i]:
            for j in range(i * i, n, i):
                flags[j] = 0
        i += 1
    count = 0
    for i in range(n):
        if flags[i]:
            count += 1
    return count


def pow_mod(base, exponent, modulus):
    result = 1
    base = base % modulus
    while exponent > 0:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


def fermat_liars(n):
    liars = 0
    for base in range(2, n):
        if pow_mod(base, n - 1, n) == 1:
            liars += 1
    return liars


def knapsack(weights, values, best):
    capacity = len(best) - 1
    for c in range(capacity + 1):
        best[c] = 0
    for item in range(len(weights)):
        weight = weights[item]
        value = values[item]
        for c in range(capacity, weight - 1, -1):
            candidate = best[c - weight] + value
            if candidate > best[c]:
                best[c] = candidate
    return best[capacity]


def clamp(x, low, high):
    return max(low, min(x, high))


def mix(a, b):
    return (a * 31 + b) % 1000003


def step(state, i):
    return clamp(mix(state, i), 1, 999983)


def helper_chain(n):
    state = 7
    for i in range(n):
        state = step(state, i)
    return state
