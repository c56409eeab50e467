"""Multipliers that divide: Granlund and Montgomery, "Division by invariant integers using multiplication"."""

from __future__ import annotations


def magic_63(c: int) -> tuple[int, int]:
    """(m, s) such that ``x // c == (x * m >> 64) >> s`` for all 0 <= x < 2**63; c > 2 and no power of two.

    m is rounded up by less than c < 2**(s + 1), so that x times the error stays below 2**(64 + s): too little to
    matter.
    """
    s = (c - 1).bit_length() - 1
    m = -(-(1 << 64 + s) // c)
    return (m - (1 << 64) if m >> 63 else m), s


def magic_below(c: int, most: int) -> tuple[int, int] | None:
    """(m, s) such that ``x // c == x * m >> s`` for all 0 <= x <= most, where the product stays below 2**64; c > 1.
    None if there is none.

    With e = m * c - 2**s, ``x * m / 2**s`` is greater than x / c by ``x * e / (c * 2**s)``: less than the 1 / c that
    would matter, if x * e < 2**s. So that the product's upper half of 16 or 32 bits is the quotient already, or needs a
    shift only, s is no less than that.
    """
    for s in range(16 if most < 1 << 16 else 32, 64):
        m = -(-(1 << s) // c)
        if most * m >> 64:
            return None
        if most * (m * c - (1 << s)) < 1 << s:
            return m, s
    return None


def magic_64(c: int) -> tuple[int, int]:
    """(m, s) such that ``x // c == (((x - t) >> 1) + t) >> (s - 1)`` with ``t = x * m >> 64``, for all 0 <= x <
    2**64.
    """
    s = (c - 1).bit_length()
    return ((1 << 64) * ((1 << s) - c)) // c + 1, s
