"""Kernels written with whole arrays, as NumPy's users write them."""

import numpy as np


def diffusion(u, v, steps):
    for _ in range(steps):
        v[1:-1, 1:-1] = u[1:-1, 1:-1] + 0.1 * (
            u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
        )
        u[1:-1, 1:-1] = v[1:-1, 1:-1]


def softmax(x, out):
    for i in range(x.shape[0]):
        e = np.exp(x[i] - np.max(x[i]))
        out[i] = e / np.sum(e)


def distances(x, y, out):
    out[:] = np.sqrt(np.sum((x.reshape(-1, 1, x.shape[1]) - y.reshape(1, -1, y.shape[1])) ** 2, axis=2))


def masked_mean(x, mask):
    return np.sum(np.where(mask, x, 0.0)) / np.sum(mask)


def kmeans_step(x, centres, out):
    best = np.zeros(x.shape[0], np.int64)
    for i in range(x.shape[0]):
        best[i] = np.argmin(np.sum((centres - x[i]) ** 2, axis=1))
    for k in range(centres.shape[0]):
        chosen = (best == k).reshape(-1, 1)
        out[k] = np.sum(x * chosen, axis=0) / max(np.sum(chosen), 1)


def model_step(u, v, w, mask, dt, dx):
    # One step of a made-up model: some 60 lines, a dozen array expressions among ordinary code.
    n = u.shape[0]
    m = u.shape[1]
    if n < 3 or m < 3:
        raise ValueError("too small")
    total = 0.0
    count = 0

    # a laplacian
    lap = np.zeros((n, m))
    lap[1:-1, 1:-1] = (
        u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
    ) / (dx * dx)

    # advection
    grad = (v[:, 1:] - v[:, :-1]) / dx
    flux = np.sqrt(grad * grad + 1e-9)

    # a source term
    source = np.where(mask, w * u, 0.0)

    # its mean where it counts
    for i in range(n):
        for j in range(m):
            if mask[i, j]:
                total += source[i, j]
                count += 1
    mean = total / count if count > 0 else 0.0

    # the step
    new = u + dt * (lap + source - mean)

    # the border
    new[0, :] = new[1, :]
    new[-1, :] = new[-2, :]

    # norms
    change = np.sum((new - u) ** 2)
    biggest = np.max(np.abs(new))

    # limited
    if biggest > 10.0:
        new *= 10.0 / biggest

    # rows that are settled
    settled = 0
    for i in range(n):
        row = new[i]
        if np.sum(row * row) < 1e-6:
            settled += 1

    # put back
    u[:] = new
    w[1:] = 0.5 * (w[1:] + w[:-1])
    smooth = np.exp(-flux)
    result = change / (n * m) + biggest
    result += smooth[0, 0]
    return result + settled
