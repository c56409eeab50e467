"""One pass over one-dimensional arrays: reductions, scans, element-wise updates."""


def sum_float(a):
    total = 0.0
    for i in range(len(a)):
        total += a[i]
    return total


def sum_int(a):
    total = 0
    for i in range(len(a)):
        total += a[i]
    return total


def dot(a, b):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def saxpy(alpha, x, y, out):
    for i in range(x.size):
        out[i] = alpha * x[i] + y[i]


def argmax(a):
    best = a[0]
    where = 0
    for i in range(1, len(a)):
        if a[i] > best:
            best = a[i]
            where = i
    return where


def prefix_sum(a, out):
    running = 0
    for i in range(len(a)):
        running += a[i]
        out[i] = running


def moving_average(a, window, out):
    total = 0.0
    for i in range(window):
        total += a[i]
    out[0] = total / window
    for i in range(window, len(a)):
        total += a[i] - a[i - window]
        out[i - window + 1] = total / window


def histogram(xs, low, high, counts):
    bins = len(counts)
    for b in range(bins):
        counts[b] = 0
    scale = bins / (high - low)
    for i in range(len(xs)):
        x = xs[i]
        if low <= x < high:
            b = int((x - low) * scale)
            if b == bins:
                b -= 1
            counts[b] += 1


def variance(a):
    mean = 0.0
    m2 = 0.0
    n = 0
    for i in range(len(a)):
        n += 1
        delta = a[i] - mean
        mean += delta / n
        m2 += delta * (a[i] - mean)
    return m2 / (n - 1)
