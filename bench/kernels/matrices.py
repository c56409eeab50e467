"""Dense linear algebra and distances on two-dimensional arrays."""

import math


def matmul_ijk(a, b, c):
    n, m = a.shape
    p = b.shape[1]
    for i in range(n):
        for j in range(p):
            total = 0.0
            for k in range(m):
                total += a[i, k] * b[k, j]
            c[i, j] = total


def matmul_ikj(a, b, c):
    n, m = a.shape
    p = b.shape[1]
    for i in range(n):
        for j in range(p):
            c[i, j] = 0.0
        for k in range(m):
            aik = a[i, k]
            for j in range(p):
                c[i, j] += aik * b[k, j]


def lu(a, out):
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            out[i, j] = a[i, j]
    for k in range(n):
        for i in range(k + 1, n):
            out[i, k] /= out[k, k]
            for j in range(k + 1, n):
                out[i, j] -= out[i, k] * out[k, j]


def a_element(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(v, out):
    n = len(v)
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += a_element(i, j) * v[j]
        out[i] = total


def times_transposed(v, out):
    n = len(v)
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += a_element(j, i) * v[j]
        out[i] = total


def spectral_norm(u, v, scratch, rounds):
    n = len(u)
    for i in range(n):
        u[i] = 1.0
    for _ in range(rounds):
        times(u, scratch)
        times_transposed(scratch, v)
        times(v, scratch)
        times_transposed(scratch, u)
    vbv = 0.0
    vv = 0.0
    for i in range(n):
        vbv += u[i] * v[i]
        vv += v[i] * v[i]
    return math.sqrt(vbv / vv)


def pairwise(points, out):
    n, dims = points.shape
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(dims):
                delta = points[i, k] - points[j, k]
                total += delta * delta
            out[i, j] = math.sqrt(total)


def kmeans_assign(points, centers, labels):
    inertia = 0.0
    for i in range(points.shape[0]):
        best = -1
        best_distance = math.inf
        for c in range(centers.shape[0]):
            distance = 0.0
            for k in range(points.shape[1]):
                delta = points[i, k] - centers[c, k]
                distance += delta * delta
            if distance < best_distance:
                best_distance = distance
                best = c
        labels[i] = best
        inertia += best_distance
    return inertia


def floyd_warshall(edges, distance):
    n = edges.shape[0]
    for i in range(n):
        for j in range(n):
            distance[i, j] = edges[i, j]
    for k in range(n):
        for i in range(n):
            via = distance[i, k]
            for j in range(n):
                candidate = via + distance[k, j]
                if candidate < distance[i, j]:
                    distance[i, j] = candidate
