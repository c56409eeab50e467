"""Functions that do next to nothing: what is timed is the call."""


def scale(x):
    return x * 2.0


def add(a, b):
    return a + b


def length(a):
    return len(a)


def four_lengths(a, b, c, d):
    return len(a) + len(b) + len(c) + len(d)
