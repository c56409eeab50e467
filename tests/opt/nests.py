"""Nests of loops whose inner loops must go in order: name -> (whether lanes take the outer loop, dimensions of the
arrays a, b, c, source of the body). They are called with any arrays."""

from __future__ import annotations

NESTS: dict[str, tuple[bool, str, str]] = {
    "product": (
        True, "222",
        "for i in range(a.shape[0]):\n for j in range(b.shape[1]):\n  s = 0.0\n  for k in range(a.shape[1]):\n"
        "   s += a[i, k] * b[k, j]\n  c[i, j] = s",
    ),
    "product in place": (
        True, "222",
        "for i in range(a.shape[0]):\n for j in range(b.shape[1]):\n  for k in range(a.shape[1]):\n"
        "   c[i, j] += a[i, k] * b[k, j]",
    ),
    "product by rows": (
        True, "222",
        "for i in range(a.shape[0]):\n for j in range(b.shape[0]):\n  s = 0.0\n  for k in range(a.shape[1]):\n"
        "   s += a[i, k] * b[j, k]\n  c[i, j] = s",
    ),
    "distances": (
        True, "222",
        "for i in range(a.shape[0]):\n for j in range(b.shape[0]):\n  s = 0.0\n  for k in range(a.shape[1]):\n"
        "   t = a[i, k] - b[j, k]\n   s += t * t\n  c[i, j] = math.sqrt(s)",
    ),
    "roots of what may be negative": (
        True, "222",
        "for i in range(a.shape[0]):\n for j in range(b.shape[0]):\n  s = 9.0\n  for k in range(a.shape[1]):\n"
        "   s += a[i, k] * b[j, k]\n  c[i, j] = math.sqrt(s)",
    ),
    "polynomial": (
        True, "111",
        "for i in range(len(a)):\n s = 0.0\n for k in range(len(b)): s = s * a[i] + b[k]\n c[i] = s",
    ),
    "polynomial on a grid": (
        True, "111",
        "for i in range(len(a)):\n x = i * 0.25 - 1.0\n s = 0.0\n for k in range(len(b)): s = s * x + b[k]\n c[i] = s",
    ),
    "windows": (
        True, "111",
        "for i in range(len(a) - 24):\n s = 0.0\n for k in range(5, 30): s += a[i + k - 5] * b[0]\n c[i] = s",
    ),
    "windows of any length": (
        True, "111",
        "w = len(b)\nfor i in range(len(a) - w):\n s = 0.0\n for k in range(w): s += a[i + k]\n c[i] = s",
    ),
    "convolution": (
        True, "222",
        "for i in range(c.shape[0]):\n for j in range(c.shape[1]):\n  s = 0.0\n  for p in range(b.shape[0]):\n"
        "   for q in range(b.shape[1]): s += a[i + p, j + q] * b[p, q]\n  c[i, j] = s",
    ),
    "nearest": (
        True, "221",
        "for i in range(a.shape[0]):\n best = 1e300\n arg = 0\n for m in range(b.shape[0]):\n  s = 0.0\n"
        "  for k in range(a.shape[1]):\n   t = a[i, k] - b[m, k]\n   s += t * t\n  if s < best:\n   best = s\n"
        "   arg = m\n c[i] = arg",
    ),
    "columns": (
        True, "211",
        "for j in range(a.shape[1]):\n s = 0.0\n for i in range(a.shape[0]): s += a[i, j]\n c[j] = s / 3.0",
    ),
    "rows into a column": (
        True, "212",
        "for i in range(a.shape[0]):\n s = b[0]\n for k in range(a.shape[1]): s -= a[i, k]\n c[i, 1] = s",
    ),
    "two results": (
        True, "211",
        "for j in range(a.shape[1]):\n s = 0.0\n t = 1.0\n for i in range(a.shape[0]):\n  s += a[i, j]\n"
        "  t = t * 0.5 + a[i, j]\n b[j] = s\n c[j] = t",
    ),
    "two loops": (
        True, "211",
        "for j in range(a.shape[1]):\n s = 0.0\n for i in range(a.shape[0]): s += a[i, j]\n t = 0.0\n"
        " for i in range(a.shape[0]): t += (a[i, j] - s) * (a[i, j] - s)\n c[j] = t",
    ),
    "integers": (
        True, "222",
        "for i in range(a.shape[0]):\n for j in range(b.shape[1]):\n  s = a[0, 0] * 0\n  for k in range(a.shape[1]):\n"
        "   s += a[i, k] * b[k, j]\n  c[i, j] = s",
    ),
    "the counter behind": (
        True, "111",
        "i = -1\nfor i in range(len(a)):\n s = 0.0\n for k in range(len(b)): s = s * a[i] + b[k]\n c[i] = s\nreturn i",
    ),
    "too far": (
        True, "111",
        "for i in range(len(a) + 1):\n s = 0.0\n for k in range(len(b)): s = s * 0.5 + b[k]\n c[i] = s",
    ),
    "from the end": (
        False, "111",
        "for i in range(len(a)):\n s = 0.0\n for k in range(len(b)): s = s * a[i - 3] + b[k]\n c[i] = s",
    ),
    "the sum behind": (
        True, "111",
        "s = 0.0\nfor i in range(len(a)):\n s = 0.0\n for k in range(len(b)): s = s * a[i] + b[k]\n c[i] = s\nreturn s",
    ),
    "a running sum": (
        False, "111",
        "s = 0.0\nfor i in range(len(a)):\n for k in range(len(b)): s = s * a[i] + b[k]\n c[i] = s",
    ),
    "a sum of sums": (
        True, "211",
        "t = 0.5\nlast = 7.0\nfor j in range(a.shape[1]):\n s = 0.0\n for i in range(a.shape[0]): s += a[i, j]\n"
        " c[j] = s\n t = t * 0.75 - s\n last = s + j\nreturn t, last",
    ),
    "the least of sums": (
        True, "211",
        "best = 1e9\nwhere = -1\nfor j in range(a.shape[1]):\n s = 0.0\n for i in range(a.shape[0]): s += a[i, j]\n"
        " c[j] = s\n if s < best:\n  best = s\n  where = j\nreturn best, where",
    ),
    "triangle": (
        False, "221",
        "for i in range(len(c)):\n s = 0.0\n for k in range(i): s += a[i, k]\n c[i] = s",
    ),
    "the one before": (
        False, "111",
        "for i in range(1, len(a)):\n s = 0.0\n for k in range(len(b)): s = s * c[i - 1] + b[k]\n c[i] = s",
    ),
    "left early": (
        True, "111",
        "for i in range(len(a)):\n s = 0.0\n for k in range(len(b)):\n  s = s * a[i] + b[k]\n  if s > 50.0: break\n"
        " c[i] = s",
    ),
    "escape": (
        True, "111",
        "for i in range(len(a)):\n x = y = 0.0\n n = 0\n while n < 40 and x * x + y * y <= 4.0:\n"
        "  x, y = x * x - y * y + a[i] * 0.25, 2.0 * x * y + 0.1\n  n += 1\n c[i] = n + x",
    ),
    "escape at once": (
        True, "111",
        "for i in range(len(a)):\n x = a[i]\n y = b[0]\n n = 0\n while x * x + y * y <= 4.0 and n < len(b):\n"
        "  x, y = x * x - y * y + a[i] * 0.25, 2.0 * x * y + 0.1\n  n += 1\n c[i] = n + x",
    ),
    "until it is small": (
        True, "111",
        "for i in range(len(a)):\n x = a[i]\n for n in range(len(b)):\n  d = x * 0.5 - b[n] * 0.1\n  x -= d\n"
        "  if abs(d) < 0.6: break\n c[i] = x",
    ),
    "the last step": (
        True, "111",
        "for i in range(len(a)):\n y = a[i]\n for k in range(40):\n  d = (y * y - abs(a[i])) * 0.125\n  y -= d\n"
        "  if abs(d) < 1e-6: break\n c[i] = y - d",
    ),
    "which was the last": (
        False, "111",
        "for i in range(len(a)):\n y = a[i]\n for k in range(40):\n  y = y * 0.5 + 1.0\n"
        "  if y > 1.99: break\n c[i] = k",
    ),
    "two ways out": (
        False, "111",
        "for i in range(len(a)):\n s = 0.0\n for k in range(len(b)):\n  s = s * a[i] + b[k]\n  if s > 50.0: break\n"
        "  if s < -50.0: break\n c[i] = s",
    ),
    "found": (
        True, "211",
        "for i in range(a.shape[0]):\n s = 0.0\n found = -1\n for k in range(a.shape[1]):\n  s += a[i, k]\n"
        "  if s > 3.0:\n   found = k\n   break\n c[i] = found + s",
    ),
    "column by column": (
        True, "222", "for j in range(a.shape[1]):\n for i in range(a.shape[0]): c[i, j] = a[i, j] * 2.0 + 1.0",
    ),
    "column by column, in place": (
        True, "222", "for j in range(c.shape[1]):\n for i in range(c.shape[0]): c[i, j] = c[i, j] * 2.0 + b[i, 0]",
    ),
    "product by columns": (
        True, "222",
        "for j in range(b.shape[1]):\n for k in range(a.shape[1]):\n  for i in range(a.shape[0]):\n"
        "   c[i, j] += a[i, k] * b[k, j]",
    ),
    "down the columns": (
        True, "222",
        "for j in range(a.shape[1]):\n for i in range(1, a.shape[0]):\n  m = a[i, j] / b[i - 1, j]\n"
        "  b[i, j] -= m * a[i - 1, j]\n  c[i, j] -= m * c[i - 1, j]",
    ),
    "up the columns": (
        True, "222",
        "for j in range(a.shape[1]):\n for i in range(a.shape[0] - 3, -1, -1):\n"
        "  c[i, j] = (a[i, j] - b[i, j] * c[i + 2, j]) * 0.5",
    ),
    "into the next column": (
        False, "222",
        "for j in range(a.shape[1] - 1):\n for i in range(1, a.shape[0]): c[i, j] = c[i - 1, j + 1] + a[i, j]",
    ),
    "from the column before": (
        False, "222",
        "for j in range(1, a.shape[1]):\n for i in range(1, a.shape[0]): c[i, j] = c[i - 1, j - 1] + a[i, j]",
    ),
    "into a row and a column": (
        False, "222",
        "for j in range(1, a.shape[1]):\n for i in range(1, a.shape[0]):\n  c[i, j] = a[i, j]\n  c[j, i] = b[i, j]",
    ),
    "the rows below the first": (
        True, "222",
        "for j in range(a.shape[1]):\n x = c[0, j]\n for i in range(1, a.shape[0]):\n  x = x * 0.5 + a[i, j]\n"
        "  c[i, j] = x",
    ),
    "the greatest of the sums of columns": (
        True, "211",
        "m = 0.0\nfor j in range(a.shape[1]):\n s = 0.0\n for i in range(a.shape[0]): s += a[i, j]\n"
        " m = max(m, s)\nreturn m",
    ),
    "a store each time": (
        False, "111",
        "for i in range(len(a) - 9):\n s = 0.0\n for k in range(9):\n  s = s * a[i] + b[0]\n  c[i + k] = s",
    ),
}  # fmt: skip


def source(name: str) -> str:
    """The text of the function `f`."""
    return "import math\ndef f(a, b, c):\n " + NESTS[name][2].replace("\n", "\n ") + "\n"
