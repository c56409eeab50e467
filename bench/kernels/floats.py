"""Float arithmetic: series, functions of `math`, ODEs, random numbers."""

import math


def mandelbrot(out, max_iter):
    rows, cols = out.shape
    for row in range(rows):
        ci = -1.25 + 2.5 * row / rows
        for col in range(cols):
            cr = -2.0 + 2.75 * col / cols
            zr = 0.0
            zi = 0.0
            n = 0
            while n < max_iter and zr * zr + zi * zi <= 4.0:
                zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
                n += 1
            out[row, col] = n


def horner(coefficients, xs, out):
    degree = len(coefficients)
    for i in range(len(xs)):
        x = xs[i]
        value = 0.0
        for k in range(degree):
            value = value * x + coefficients[k]
        out[i] = value


def normal_cdf(x):
    k = 1.0 / (1.0 + 0.2316419 * abs(x))
    poly = k * (0.319381530 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
    tail = 0.39894228040143267794 * math.exp(-0.5 * x * x) * poly
    return tail if x <= 0 else 1.0 - tail


def black_scholes(spot, strike, years, rate, volatility, call, put):
    for i in range(len(spot)):
        s = spot[i]
        k = strike[i]
        t = years[i]
        root_t = math.sqrt(t)
        d1 = (math.log(s / k) + (rate + 0.5 * volatility * volatility) * t) / (volatility * root_t)
        d2 = d1 - volatility * root_t
        discounted = k * math.exp(-rate * t)
        price = s * normal_cdf(d1) - discounted * normal_cdf(d2)
        call[i] = price
        put[i] = price - s + discounted


def trapezoid(a, b, n):
    h = (b - a) / n
    total = 0.5 * (4.0 / (1.0 + a * a) + 4.0 / (1.0 + b * b))
    for i in range(1, n):
        x = a + i * h
        total += 4.0 / (1.0 + x * x)
    return total * h


def monte_carlo_pi(samples, seed):
    inside = 0
    state = seed
    for _ in range(samples):
        state = (state * 1103515245 + 12345) % 2147483648
        x = state / 2147483648.0
        state = (state * 1103515245 + 12345) % 2147483648
        y = state / 2147483648.0
        if x * x + y * y <= 1.0:
            inside += 1
    return 4.0 * inside / samples


def pendulum(angle, velocity):
    return -9.81 * math.sin(angle) - 0.1 * velocity


def rk4(steps, dt):
    angle = 1.0
    velocity = 0.0
    for _ in range(steps):
        a1 = velocity
        v1 = pendulum(angle, velocity)
        a2 = velocity + 0.5 * dt * v1
        v2 = pendulum(angle + 0.5 * dt * a1, a2)
        a3 = velocity + 0.5 * dt * v2
        v3 = pendulum(angle + 0.5 * dt * a2, a3)
        a4 = velocity + dt * v3
        v4 = pendulum(angle + dt * a3, a4)
        angle += dt / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
        velocity += dt / 6.0 * (v1 + 2.0 * v2 + 2.0 * v3 + v4)
    return angle


def newton_roots(xs, out):
    for i in range(len(xs)):
        target = xs[i]
        x = target
        while abs(x * x * x - target) > 1e-12 * target:
            x = x - (x * x * x - target) / (3.0 * x * x)
        out[i] = x


def nbody(start_position, start_velocity, mass, position, velocity, steps, dt):
    n = len(mass)
    for i in range(n):
        for k in range(3):
            position[i, k] = start_position[i, k]
            velocity[i, k] = start_velocity[i, k]
    for _ in range(steps):
        for i in range(n):
            for j in range(i + 1, n):
                dx = position[i, 0] - position[j, 0]
                dy = position[i, 1] - position[j, 1]
                dz = position[i, 2] - position[j, 2]
                d2 = dx * dx + dy * dy + dz * dz
                mag = dt / (d2 * math.sqrt(d2))
                mi = mass[i] * mag
                mj = mass[j] * mag
                velocity[i, 0] -= dx * mj
                velocity[i, 1] -= dy * mj
                velocity[i, 2] -= dz * mj
                velocity[j, 0] += dx * mi
                velocity[j, 1] += dy * mi
                velocity[j, 2] += dz * mi
        for i in range(n):
            for k in range(3):
                position[i, k] += dt * velocity[i, k]
    energy = 0.0
    for i in range(n):
        speed2 = velocity[i, 0] ** 2 + velocity[i, 1] ** 2 + velocity[i, 2] ** 2
        energy += 0.5 * mass[i] * speed2
    return energy
