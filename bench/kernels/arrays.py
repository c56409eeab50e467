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
