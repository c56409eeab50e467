"""A tour in half a minute: hello world in machine code, then six kernels timed against CPython.

    python examples/tour.py          (or: make demo)

Needs NumPy; shows a nicer table where `rich` is installed. Writes examples/out/mandelbrot.png and
examples/out/sources.txt (the text the tokenizer reads).
"""

import platform
import runpy
import statistics
import sys
import sysconfig
from pathlib import Path
from time import perf_counter
from types import FunctionType

import kernels
import numpy as np
from png import png

try:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text
except ImportError:
    Console = None

HERE = Path(__file__).parent
OUT = HERE / "out"
TEXT_BYTES = 2_000_000

COLUMNS = ("kernel", "input", "CPython", "first call", "warm", "speed-up", "answer")


def plain_kernels():
    """The kernels as plain Python, calling each other as plain Python."""
    namespace = dict(vars(kernels))
    for name, value in vars(kernels).items():
        if hasattr(value, "__wrapped__"):
            namespace[name] = FunctionType(value.__wrapped__.__code__, namespace, name)
    return namespace


def standard_library_text():
    """At least TEXT_BYTES of Python: the standard library's own sources, one after another."""
    path = OUT / "sources.txt"
    if not path.exists() or path.stat().st_size < TEXT_BYTES:
        parts = []
        size = 0
        for source in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
            parts.append(source.read_bytes())
            size += len(parts[-1])
            if size >= TEXT_BYTES:
                break
        path.write_bytes(b"".join(parts))
    return np.frombuffer(path.read_bytes(), np.uint8)


def solar_system(steps):
    """Sun, Jupiter, Saturn, Uranus, Neptune; astronomical units, days, solar masses."""
    position = np.array([
        [0.0, 0.0, 0.0],
        [4.8414314424647209, -1.1603200440274284, -0.1036220444711231],
        [8.3433667182445799, 4.1247985641243048, -0.4035234171143214],
        [12.894369562139131, -15.111151401698631, -0.2233075788926557],
        [15.379697114850917, -25.919314609987964, 0.1792587729503712],
    ])
    velocity = np.array([
        [0.0, 0.0, 0.0],
        [0.0016600766427440, 0.0076990111841974, -0.0000690460016973],
        [-0.0027674251072686, 0.0049985280123492, 0.0000230417297573],
        [0.0029646013756476, 0.0023784717395948, -0.0000296589568540],
        [0.0026806777249038, 0.0016282417003824, -0.0000951592254520],
    ])
    mass = np.array([1.0, 0.000954791938424, 0.000285885980666, 0.000043662440433, 0.000051513890204])
    return position, velocity, mass * 0.000295912208286, steps, 1.0


def matrices(n):
    rng = np.random.default_rng(1)
    return rng.random((n, n)), rng.random((n, n)), np.zeros((n, n))


def stops():
    """What is shown: title, kernel, what the input is, arguments made anew, small arguments for the first call."""
    text = standard_library_text()
    return (
        ("Fibonacci", "fib", "fib(30)", lambda: (30,), lambda: (5,)),
        ("Mandelbrot", "mandelbrot", "640x480 pixels",
         lambda: (np.zeros((480, 640, 3), np.uint8), 150), lambda: (np.zeros((6, 8, 3), np.uint8), 20)),
        ("n-body", "advance", "40,000 days", lambda: solar_system(40_000), lambda: solar_system(2)),
        ("sieve", "sieve", "primes to 3e6",
         lambda: (np.zeros(3_000_000, np.bool_),), lambda: (np.zeros(50, np.bool_),)),
        ("matmul", "matmul", "150x150 float64", lambda: matrices(150), lambda: matrices(4)),
        ("tokenizer", "tokenize", f"{len(text) / 1e6:.1f} MB of Python",
         lambda: (text, np.zeros(5, np.int64)), lambda: (text[:500], np.zeros(5, np.int64))),
    )


def timed(function, args):
    start = perf_counter()
    result = function(*args)
    return result, perf_counter() - start


def same(result, args, other_result, other_args):
    """Equal results, and every array left with the same bytes."""
    return result == other_result and all(
        a.tobytes() == b.tobytes()
        for a, b in zip(args, other_args, strict=True) if isinstance(a, np.ndarray)
    )


def duration(seconds):
    unit, scale = ("s", 1.0) if seconds >= 1.0 else ("ms", 1e3) if seconds >= 1e-3 else ("us", 1e6)
    return f"{seconds * scale:.{0 if seconds * scale >= 100 else 1}f} {unit}"


def visit(stop, plain):
    """Run one kernel both ways; the cells of its row, whether the answers agree, and the arrays it left."""
    title, name, what, make, make_small = stop
    jitted = getattr(kernels, name)
    _, first = timed(jitted, make_small())
    args = make()
    result, warm = timed(jitted, args)
    warm = statistics.median([warm] + [timed(jitted, make())[1] for _ in range(4)])
    plain_args = make()
    plain_result, slow = timed(plain[name], plain_args)
    agree = same(result, args, plain_result, plain_args)
    cells = (title, what, duration(slow), duration(first), duration(warm), f"{slow / warm:,.0f}x")
    return cells, agree, args


def preview(image, columns=80):
    """The picture as half blocks, two pixels a character."""
    step = image.shape[1] // columns
    small = image[::step, ::step]
    text = Text()
    for top, bottom in zip(small[0:-1:2], small[1::2], strict=False):
        for a, b in zip(top, bottom, strict=True):
            text.append("▀", style="rgb({},{},{}) on rgb({},{},{})".format(*map(int, (*a, *b))))
        text.append("\n")
    return text


class PlainScreen:
    """Rows as they come, aligned with spaces."""

    layout = "{:<10}  {:<18} {:>8} {:>11} {:>10} {:>9}  {}"

    def heading(self, text):
        print(f"\n{text}\n", flush=True)

    def rows(self, visits):
        print(self.layout.format(*COLUMNS))
        for cells, agree, _ in visits:
            print(self.layout.format(*cells, "same bits" if agree else "DIFFERS"), flush=True)

    def picture(self, image, path):
        print(f"\nLook at {path}")


class RichScreen(PlainScreen):
    """The same with colours, the table growing row by row."""

    def __init__(self):
        self.console = Console(highlight=False)

    def heading(self, text):
        self.console.print(f"\n[bold]{text}[/bold]\n")

    def rows(self, visits):
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        for number, column in enumerate(COLUMNS):
            table.add_column(column, justify="left" if number in (0, 1, 6) else "right", no_wrap=True)
        with Live(table, console=self.console, refresh_per_second=8):
            for (title, what, slow, first, warm, speed_up), agree, _ in visits:
                verdict = "[green]same bits[/green]" if agree else "[bold red]DIFFERS[/bold red]"
                table.add_row(f"[bold]{title}[/bold]", f"[dim]{what}[/dim]", slow, first, warm,
                              f"[bold cyan]{speed_up}[/bold cyan]", verdict)

    def picture(self, image, path):
        if self.console.is_terminal:
            self.console.print()
            self.console.print(preview(image))
        self.console.print(f"\nLook at [underline]{path}[/underline]", soft_wrap=True)


def main():
    OUT.mkdir(exist_ok=True)
    screen = PlainScreen() if Console is None else RichScreen()

    screen.heading("1. Hello World, assembled from instructions (examples/hello.py)")
    sys.stdout.flush()
    runpy.run_path(str(HERE / "hello.py"), run_name="__main__")
    sys.stdout.flush()

    screen.heading(f"2. Six kernels with @jit (examples/kernels.py), against CPython {platform.python_version()}")
    plain = plain_kernels()
    agreements = []
    pictures = []

    def visits():
        for stop in stops():
            cells, agree, args = visit(stop, plain)
            agreements.append(agree)
            if stop[1] == "mandelbrot":
                pictures.append(args[0])
            yield cells, agree, args

    screen.rows(visits())

    image = pictures[0]
    path = OUT / "mandelbrot.png"
    path.write_bytes(png(image.shape[1], image.shape[0], image.tobytes()))
    screen.picture(image, path)
    if not all(agreements):
        sys.exit("An answer differs from CPython's: that is a bug.")


if __name__ == "__main__":
    main()
