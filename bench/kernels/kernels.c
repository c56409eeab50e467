/* C twins of the kernels, as one would write them by hand; built with gcc -O3 -march=native.
 * Calling convention of the bench: an int is int64_t, a float is double, an array is a pointer followed by its
 * dimensions as int64_t (C-contiguous). Names and argument order are those of the Python entry points. */
#include <math.h>
#include <stdint.h>

typedef int64_t i64;

/* integers */

static i64 fib_of(i64 n) { return n < 2 ? n : fib_of(n - 1) + fib_of(n - 2); }
i64 fib(i64 n) { return fib_of(n); }

i64 collatz(i64 limit) {
    i64 best = 0, best_length = 0;
    for (i64 start = 1; start < limit; start++) {
        i64 n = start, length = 1;
        while (n != 1) {
            n = n % 2 == 0 ? n / 2 : 3 * n + 1;
            length++;
        }
        if (length > best_length) { best_length = length; best = start; }
    }
    return best;
}

static i64 gcd(i64 a, i64 b) {
    while (b) { i64 r = a % b; a = b; b = r; }
    return a;
}

i64 coprime_pairs(i64 n) {
    i64 count = 0;
    for (i64 a = 1; a < n; a++)
        for (i64 b = 1; b < a; b++)
            if (gcd(a, b) == 1) count++;
    return count;
}

static int is_prime(i64 n) {
    if (n < 2) return 0;
    if (n % 2 == 0) return n == 2;
    for (i64 d = 3; d * d <= n; d += 2)
        if (n % d == 0) return 0;
    return 1;
}

i64 count_primes(i64 limit) {
    i64 count = 0;
    for (i64 n = 0; n < limit; n++) count += is_prime(n);
    return count;
}

i64 sieve(uint8_t *flags, i64 n) {
    for (i64 i = 0; i < n; i++) flags[i] = 1;
    flags[0] = flags[1] = 0;
    for (i64 i = 2; i * i < n; i++)
        if (flags[i])
            for (i64 j = i * i; j < n; j += i) flags[j] = 0;
    i64 count = 0;
    for (i64 i = 0; i < n; i++) count += flags[i] != 0;
    return count;
}

static i64 pow_mod(i64 base, i64 exponent, i64 modulus) {
    i64 result = 1;
    base %= modulus;
    while (exponent > 0) {
        if (exponent & 1) result = result * base % modulus;
        base = base * base % modulus;
        exponent >>= 1;
    }
    return result;
}

i64 fermat_liars(i64 n) {
    i64 liars = 0;
    for (i64 base = 2; base < n; base++) liars += pow_mod(base, n - 1, n) == 1;
    return liars;
}

i64 knapsack(const i64 *weights, i64 n, const i64 *values, i64 values_n, i64 *best, i64 best_n) {
    i64 capacity = best_n - 1;
    for (i64 c = 0; c <= capacity; c++) best[c] = 0;
    for (i64 item = 0; item < n; item++)
        for (i64 c = capacity; c >= weights[item]; c--) {
            i64 candidate = best[c - weights[item]] + values[item];
            if (candidate > best[c]) best[c] = candidate;
        }
    return best[capacity];
}

static i64 clamp(i64 x, i64 low, i64 high) {
    i64 least = x < high ? x : high;
    return low > least ? low : least;
}
static i64 mix(i64 a, i64 b) { return (a * 31 + b) % 1000003; }
static i64 step(i64 state, i64 i) { return clamp(mix(state, i), 1, 999983); }

i64 helper_chain(i64 n) {
    i64 state = 7;
    for (i64 i = 0; i < n; i++) state = step(state, i);
    return state;
}

/* floats */

void mandelbrot(int32_t *out, i64 rows, i64 cols, i64 max_iter) {
    for (i64 row = 0; row < rows; row++) {
        double ci = -1.25 + 2.5 * row / rows;
        for (i64 col = 0; col < cols; col++) {
            double cr = -2.0 + 2.75 * col / cols, zr = 0.0, zi = 0.0;
            i64 n = 0;
            while (n < max_iter && zr * zr + zi * zi <= 4.0) {
                double t = zr * zr - zi * zi + cr;
                zi = 2.0 * zr * zi + ci;
                zr = t;
                n++;
            }
            out[row * cols + col] = (int32_t)n;
        }
    }
}

void horner(const double *coefficients, i64 degree, const double *xs, i64 n, double *out, i64 out_n) {
    for (i64 i = 0; i < n; i++) {
        double x = xs[i], value = 0.0;
        for (i64 k = 0; k < degree; k++) value = value * x + coefficients[k];
        out[i] = value;
    }
}

static double normal_cdf(double x) {
    double k = 1.0 / (1.0 + 0.2316419 * fabs(x));
    double poly = k * (0.319381530 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))));
    double tail = 0.39894228040143267794 * exp(-0.5 * x * x) * poly;
    return x <= 0 ? tail : 1.0 - tail;
}

void black_scholes(const double *spot, i64 n, const double *strike, i64 strike_n, const double *years, i64 years_n,
                   double rate, double volatility, double *call, i64 call_n, double *put, i64 put_n) {
    for (i64 i = 0; i < n; i++) {
        double s = spot[i], k = strike[i], t = years[i], root_t = sqrt(t);
        double d1 = (log(s / k) + (rate + 0.5 * volatility * volatility) * t) / (volatility * root_t);
        double d2 = d1 - volatility * root_t;
        double discounted = k * exp(-rate * t);
        double price = s * normal_cdf(d1) - discounted * normal_cdf(d2);
        call[i] = price;
        put[i] = price - s + discounted;
    }
}

double trapezoid(double a, double b, i64 n) {
    double h = (b - a) / n, total = 0.5 * (4.0 / (1.0 + a * a) + 4.0 / (1.0 + b * b));
    for (i64 i = 1; i < n; i++) {
        double x = a + i * h;
        total += 4.0 / (1.0 + x * x);
    }
    return total * h;
}

double monte_carlo_pi(i64 samples, i64 seed) {
    i64 inside = 0, state = seed;
    for (i64 s = 0; s < samples; s++) {
        state = (state * 1103515245 + 12345) % 2147483648;
        double x = state / 2147483648.0;
        state = (state * 1103515245 + 12345) % 2147483648;
        double y = state / 2147483648.0;
        if (x * x + y * y <= 1.0) inside++;
    }
    return 4.0 * inside / samples;
}

static double pendulum(double angle, double velocity) { return -9.81 * sin(angle) - 0.1 * velocity; }

double rk4(i64 steps, double dt) {
    double angle = 1.0, velocity = 0.0;
    for (i64 s = 0; s < steps; s++) {
        double a1 = velocity, v1 = pendulum(angle, velocity);
        double a2 = velocity + 0.5 * dt * v1, v2 = pendulum(angle + 0.5 * dt * a1, a2);
        double a3 = velocity + 0.5 * dt * v2, v3 = pendulum(angle + 0.5 * dt * a2, a3);
        double a4 = velocity + dt * v3, v4 = pendulum(angle + dt * a3, a4);
        angle += dt / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4);
        velocity += dt / 6.0 * (v1 + 2.0 * v2 + 2.0 * v3 + v4);
    }
    return angle;
}

void newton_roots(const double *xs, i64 n, double *out, i64 out_n) {
    for (i64 i = 0; i < n; i++) {
        double target = xs[i], x = target;
        while (fabs(x * x * x - target) > 1e-12 * target) x = x - (x * x * x - target) / (3.0 * x * x);
        out[i] = x;
    }
}

double nbody(const double *start_position, i64 n, i64 three, const double *start_velocity, i64 vn, i64 v3,
             const double *mass, i64 mass_n, double *position, i64 pn, i64 p3, double *velocity, i64 wn, i64 w3,
             i64 steps, double dt) {
    for (i64 i = 0; i < 3 * n; i++) {
        position[i] = start_position[i];
        velocity[i] = start_velocity[i];
    }
    for (i64 s = 0; s < steps; s++) {
        for (i64 i = 0; i < n; i++)
            for (i64 j = i + 1; j < n; j++) {
                double dx = position[3 * i] - position[3 * j];
                double dy = position[3 * i + 1] - position[3 * j + 1];
                double dz = position[3 * i + 2] - position[3 * j + 2];
                double d2 = dx * dx + dy * dy + dz * dz;
                double mag = dt / (d2 * sqrt(d2)), mi = mass[i] * mag, mj = mass[j] * mag;
                velocity[3 * i] -= dx * mj;
                velocity[3 * i + 1] -= dy * mj;
                velocity[3 * i + 2] -= dz * mj;
                velocity[3 * j] += dx * mi;
                velocity[3 * j + 1] += dy * mi;
                velocity[3 * j + 2] += dz * mi;
            }
        for (i64 i = 0; i < 3 * n; i++) position[i] += dt * velocity[i];
    }
    double energy = 0.0;
    for (i64 i = 0; i < n; i++) {
        const double *v = velocity + 3 * i;
        energy += 0.5 * mass[i] * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    }
    return energy;
}

/* vectors */

double sum_float(const double *a, i64 n) {
    double total = 0.0;
    for (i64 i = 0; i < n; i++) total += a[i];
    return total;
}

i64 sum_int(const i64 *a, i64 n) {
    i64 total = 0;
    for (i64 i = 0; i < n; i++) total += a[i];
    return total;
}

double dot(const double *a, i64 n, const double *b, i64 b_n) {
    double total = 0.0;
    for (i64 i = 0; i < n; i++) total += a[i] * b[i];
    return total;
}

void saxpy(double alpha, const double *x, i64 n, const double *y, i64 y_n, double *out, i64 out_n) {
    for (i64 i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
}

i64 argmax(const double *a, i64 n) {
    double best = a[0];
    i64 where = 0;
    for (i64 i = 1; i < n; i++)
        if (a[i] > best) { best = a[i]; where = i; }
    return where;
}

void prefix_sum(const i64 *a, i64 n, i64 *out, i64 out_n) {
    i64 running = 0;
    for (i64 i = 0; i < n; i++) out[i] = running += a[i];
}

void moving_average(const double *a, i64 n, i64 window, double *out, i64 out_n) {
    double total = 0.0;
    for (i64 i = 0; i < window; i++) total += a[i];
    out[0] = total / window;
    for (i64 i = window; i < n; i++) {
        total += a[i] - a[i - window];
        out[i - window + 1] = total / window;
    }
}

void histogram(const double *xs, i64 n, double low, double high, i64 *counts, i64 bins) {
    for (i64 b = 0; b < bins; b++) counts[b] = 0;
    double scale = bins / (high - low);
    for (i64 i = 0; i < n; i++)
        if (low <= xs[i] && xs[i] < high) {
            i64 b = (i64)((xs[i] - low) * scale);
            if (b == bins) b--;
            counts[b]++;
        }
}

double variance(const double *a, i64 n) {
    double mean = 0.0, m2 = 0.0;
    for (i64 i = 0; i < n; i++) {
        double delta = a[i] - mean;
        mean += delta / (i + 1);
        m2 += delta * (a[i] - mean);
    }
    return m2 / (n - 1);
}

/* matrices */

void matmul_ijk(const double *a, i64 n, i64 m, const double *b, i64 bm, i64 p, double *c, i64 cn, i64 cp) {
    for (i64 i = 0; i < n; i++)
        for (i64 j = 0; j < p; j++) {
            double total = 0.0;
            for (i64 k = 0; k < m; k++) total += a[i * m + k] * b[k * p + j];
            c[i * p + j] = total;
        }
}

void matmul_ikj(const double *a, i64 n, i64 m, const double *b, i64 bm, i64 p, double *c, i64 cn, i64 cp) {
    for (i64 i = 0; i < n; i++) {
        for (i64 j = 0; j < p; j++) c[i * p + j] = 0.0;
        for (i64 k = 0; k < m; k++) {
            double aik = a[i * m + k];
            for (i64 j = 0; j < p; j++) c[i * p + j] += aik * b[k * p + j];
        }
    }
}

void lu(const double *a, i64 n, i64 m, double *out, i64 on, i64 om) {
    for (i64 i = 0; i < n * n; i++) out[i] = a[i];
    for (i64 k = 0; k < n; k++)
        for (i64 i = k + 1; i < n; i++) {
            out[i * n + k] /= out[k * n + k];
            for (i64 j = k + 1; j < n; j++) out[i * n + j] -= out[i * n + k] * out[k * n + j];
        }
}

static double a_element(i64 i, i64 j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void times(const double *v, double *out, i64 n) {
    for (i64 i = 0; i < n; i++) {
        double total = 0.0;
        for (i64 j = 0; j < n; j++) total += a_element(i, j) * v[j];
        out[i] = total;
    }
}

static void times_transposed(const double *v, double *out, i64 n) {
    for (i64 i = 0; i < n; i++) {
        double total = 0.0;
        for (i64 j = 0; j < n; j++) total += a_element(j, i) * v[j];
        out[i] = total;
    }
}

double spectral_norm(double *u, i64 n, double *v, i64 v_n, double *scratch, i64 s_n, i64 rounds) {
    for (i64 i = 0; i < n; i++) u[i] = 1.0;
    for (i64 r = 0; r < rounds; r++) {
        times(u, scratch, n);
        times_transposed(scratch, v, n);
        times(v, scratch, n);
        times_transposed(scratch, u, n);
    }
    double vbv = 0.0, vv = 0.0;
    for (i64 i = 0; i < n; i++) {
        vbv += u[i] * v[i];
        vv += v[i] * v[i];
    }
    return sqrt(vbv / vv);
}

void pairwise(const double *points, i64 n, i64 dims, double *out, i64 on, i64 om) {
    for (i64 i = 0; i < n; i++)
        for (i64 j = 0; j < n; j++) {
            double total = 0.0;
            for (i64 k = 0; k < dims; k++) {
                double delta = points[i * dims + k] - points[j * dims + k];
                total += delta * delta;
            }
            out[i * n + j] = sqrt(total);
        }
}

double kmeans_assign(const double *points, i64 n, i64 dims, const double *centers, i64 clusters, i64 cd,
                     int32_t *labels, i64 ln) {
    double inertia = 0.0;
    for (i64 i = 0; i < n; i++) {
        i64 best = -1;
        double best_distance = INFINITY;
        for (i64 c = 0; c < clusters; c++) {
            double distance = 0.0;
            for (i64 k = 0; k < dims; k++) {
                double delta = points[i * dims + k] - centers[c * dims + k];
                distance += delta * delta;
            }
            if (distance < best_distance) { best_distance = distance; best = c; }
        }
        labels[i] = (int32_t)best;
        inertia += best_distance;
    }
    return inertia;
}

void floyd_warshall(const double *edges, i64 n, i64 m, double *distance, i64 dn, i64 dm) {
    for (i64 i = 0; i < n * n; i++) distance[i] = edges[i];
    for (i64 k = 0; k < n; k++)
        for (i64 i = 0; i < n; i++) {
            double via = distance[i * n + k];
            for (i64 j = 0; j < n; j++) {
                double candidate = via + distance[k * n + j];
                if (candidate < distance[i * n + j]) distance[i * n + j] = candidate;
            }
        }
}

/* grids */

void heat(const double *start, i64 rows, i64 cols, double *a, i64 an, i64 am, double *b, i64 bn, i64 bm,
          i64 steps, double k) {
    for (i64 i = 0; i < rows * cols; i++) a[i] = b[i] = start[i];
    for (i64 s = 0; s < steps; s++) {
        for (i64 i = 1; i < rows - 1; i++)
            for (i64 j = 1; j < cols - 1; j++) {
                i64 p = i * cols + j;
                b[p] = a[p] + k * (a[p - cols] + a[p + cols] + a[p - 1] + a[p + 1] - 4.0 * a[p]);
            }
        for (i64 i = 1; i < rows - 1; i++)
            for (i64 j = 1; j < cols - 1; j++) a[i * cols + j] = b[i * cols + j];
    }
}

i64 life(const uint8_t *grid, i64 rows, i64 cols, uint8_t *out, i64 on, i64 om) {
    i64 alive = 0;
    for (i64 i = 0; i < rows; i++) {
        const uint8_t *above = grid + (i == 0 ? rows - 1 : i - 1) * cols, *row = grid + i * cols;
        const uint8_t *below = grid + (i + 1) % rows * cols;
        for (i64 j = 0; j < cols; j++) {
            i64 left = j == 0 ? cols - 1 : j - 1, right = (j + 1) % cols;
            int neighbours = above[left] + above[j] + above[right] + row[left] + row[right]
                           + below[left] + below[j] + below[right];
            int lives = neighbours == 3 || (neighbours == 2 && row[j] == 1);
            out[i * cols + j] = (uint8_t)lives;
            alive += lives;
        }
    }
    return alive;
}

void convolve2d(const double *image, i64 rows, i64 cols, const double *kernel, i64 k_rows, i64 k_cols,
                double *out, i64 out_rows, i64 out_cols) {
    for (i64 i = 0; i < rows - k_rows + 1; i++)
        for (i64 j = 0; j < cols - k_cols + 1; j++) {
            double total = 0.0;
            for (i64 di = 0; di < k_rows; di++)
                for (i64 dj = 0; dj < k_cols; dj++)
                    total += image[(i + di) * cols + j + dj] * kernel[di * k_cols + dj];
            out[i * out_cols + j] = total;
        }
}

static i64 smaller(i64 a, i64 b) { return a < b ? a : b; }

void bilinear(const double *image, i64 rows, i64 cols, double *out, i64 new_rows, i64 new_cols) {
    for (i64 i = 0; i < new_rows; i++) {
        double y = (double)(i * (rows - 1)) / (new_rows - 1);
        i64 y0 = smaller((i64)y, rows - 2);
        double fy = y - y0;
        for (i64 j = 0; j < new_cols; j++) {
            double x = (double)(j * (cols - 1)) / (new_cols - 1);
            i64 x0 = smaller((i64)x, cols - 2);
            double fx = x - x0;
            const double *p = image + y0 * cols + x0;
            double top = p[0] * (1.0 - fx) + p[1] * fx;
            double bottom = p[cols] * (1.0 - fx) + p[cols + 1] * fx;
            out[i * new_cols + j] = top * (1.0 - fy) + bottom * fy;
        }
    }
}

/* sequences */

void insertion_sort(const double *data, i64 n, double *out, i64 out_n) {
    for (i64 i = 0; i < n; i++) out[i] = data[i];
    for (i64 i = 1; i < n; i++) {
        double value = out[i];
        i64 j = i - 1;
        while (j >= 0 && out[j] > value) {
            out[j + 1] = out[j];
            j--;
        }
        out[j + 1] = value;
    }
}

static void sort_between(double *a, i64 low, i64 high) {
    while (low < high) {
        double pivot = a[(low + high) / 2];
        i64 i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot) i++;
            while (a[j] > pivot) j--;
            if (i <= j) {
                double t = a[i];
                a[i] = a[j];
                a[j] = t;
                i++;
                j--;
            }
        }
        if (j - low < high - i) {
            sort_between(a, low, j);
            low = i;
        } else {
            sort_between(a, i, high);
            high = j;
        }
    }
}

void quicksort(const double *data, i64 n, double *out, i64 out_n) {
    for (i64 i = 0; i < n; i++) out[i] = data[i];
    sort_between(out, 0, n - 1);
}

i64 binary_search(const double *keys, i64 n, const double *queries, i64 m, i64 *out, i64 out_n) {
    i64 found = 0;
    for (i64 q = 0; q < m; q++) {
        i64 low = 0, high = n;
        while (low < high) {
            i64 middle = (low + high) / 2;
            if (keys[middle] < queries[q]) low = middle + 1;
            else high = middle;
        }
        out[q] = low;
        found += low < n && keys[low] == queries[q];
    }
    return found;
}

i64 levenshtein(const uint8_t *a, i64 n, const uint8_t *b, i64 m, i64 *previous, i64 pn, i64 *current, i64 cn) {
    for (i64 j = 0; j <= m; j++) previous[j] = j;
    for (i64 i = 0; i < n; i++) {
        current[0] = i + 1;
        for (i64 j = 0; j < m; j++)
            current[j + 1] = smaller(smaller(previous[j + 1] + 1, current[j] + 1), previous[j] + (a[i] != b[j]));
        for (i64 j = 0; j <= m; j++) previous[j] = current[j];
    }
    return previous[m];
}

i64 crc32(const uint8_t *data, i64 n, uint32_t *table, i64 tn) {
    for (uint32_t k = 0; k < 256; k++) {
        uint32_t entry = k;
        for (int bit = 0; bit < 8; bit++) entry = entry & 1 ? 0xEDB88320u ^ (entry >> 1) : entry >> 1;
        table[k] = entry;
    }
    uint32_t crc = 0xFFFFFFFFu;
    for (i64 i = 0; i < n; i++) crc = table[(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
    return crc ^ 0xFFFFFFFFu;
}

static int is_letter(uint8_t c) { return (97 <= c && c <= 122) || (65 <= c && c <= 90) || c == 95; }
static int is_digit(uint8_t c) { return 48 <= c && c <= 57; }

i64 tokenizer(const uint8_t *text, i64 n, int32_t *starts, i64 sn, uint8_t *kinds, i64 kn) {
    i64 count = 0, i = 0;
    while (i < n) {
        uint8_t c = text[i], kind;
        if (c == 32 || c == 10 || c == 9 || c == 13) { i++; continue; }
        i64 start = i;
        if (is_letter(c)) {
            kind = 1;
            while (i < n && (is_letter(text[i]) || is_digit(text[i]))) i++;
        } else if (is_digit(c)) {
            kind = 2;
            while (i < n && (is_digit(text[i]) || text[i] == 46)) i++;
        } else if (c == 34 || c == 39) {
            kind = 3;
            i++;
            while (i < n && text[i] != c && text[i] != 10) i += text[i] == 92 ? 2 : 1;
            i++;
        } else if (c == 35) {
            kind = 4;
            while (i < n && text[i] != 10) i++;
        } else {
            kind = 5;
            i++;
        }
        starts[count] = (int32_t)start;
        kinds[count] = kind;
        count++;
    }
    return count;
}
