"""Neighbourhoods on two-dimensional grids: stencils, cellular automata, images."""


def heat(start, a, b, steps, k):
    rows, cols = start.shape
    for i in range(rows):
        for j in range(cols):
            a[i, j] = start[i, j]
            b[i, j] = start[i, j]
    for _ in range(steps):
        for i in range(1, rows - 1):
            for j in range(1, cols - 1):
                b[i, j] = a[i, j] + k * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1] - 4.0 * a[i, j])
        for i in range(1, rows - 1):
            for j in range(1, cols - 1):
                a[i, j] = b[i, j]


def life(grid, out):
    rows, cols = grid.shape
    alive = 0
    for i in range(rows):
        below = (i + 1) % rows
        for j in range(cols):
            right = (j + 1) % cols
            neighbours = (
                grid[i - 1, j - 1] + grid[i - 1, j] + grid[i - 1, right]
                + grid[i, j - 1] + grid[i, right]
                + grid[below, j - 1] + grid[below, j] + grid[below, right]
            )
            if neighbours == 3 or (neighbours == 2 and grid[i, j] == 1):
                out[i, j] = 1
                alive += 1
            else:
                out[i, j] = 0
    return alive


def convolve2d(image, kernel, out):
    rows, cols = image.shape
    k_rows, k_cols = kernel.shape
    for i in range(rows - k_rows + 1):
        for j in range(cols - k_cols + 1):
            total = 0.0
            for di in range(k_rows):
                for dj in range(k_cols):
                    total += image[i + di, j + dj] * kernel[di, dj]
            out[i, j] = total


def bilinear(image, out):
    rows, cols = image.shape
    new_rows, new_cols = out.shape
    for i in range(new_rows):
        y = i * (rows - 1) / (new_rows - 1)
        y0 = min(int(y), rows - 2)
        fy = y - y0
        for j in range(new_cols):
            x = j * (cols - 1) / (new_cols - 1)
            x0 = min(int(x), cols - 2)
            fx = x - x0
            top = image[y0, x0] * (1.0 - fx) + image[y0, x0 + 1] * fx
            bottom = image[y0 + 1, x0] * (1.0 - fx) + image[y0 + 1, x0 + 1] * fx
            out[i, j] = top * (1.0 - fy) + bottom * fy
