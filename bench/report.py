"""The record of a run as a Markdown page. Losses come before the tables."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bench.implementations import CPYTHON, GCC, JITNEY, NUMBA, NUMBA_ALONE, NUMPY
from bench.notes import NOTES

_NOISY, _PAID = 0.0005, 1.2  # of loops shared by threads: seconds; the speed-up from which on they were shared

TITLES = {JITNEY: "jitney", NUMBA: "Numba", GCC: "gcc -O3", CPYTHON: "CPython", NUMPY: "NumPy"}

Record = dict[str, Any]


def geometric_mean(values: Iterable[float]) -> float | None:
    found = [v for v in values if v > 0]
    return statistics.geometric_mean(found) if found else None


def _number(value: float | None, suffix: str = "") -> str:
    """Three significant digits, no exponent."""
    if value is None:
        return "-"
    if value == 0:
        return f"0{suffix}"
    if abs(value) >= 100:
        return f"{value:,.0f}{suffix}"
    return f"{value:.1f}{suffix}" if abs(value) >= 10 else f"{value:.2f}{suffix}"


def _milliseconds(seconds: float | None) -> str:
    return _number(None if seconds is None else seconds * 1e3)


def _quotient(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """First column to the left, numbers to the right."""
    lines = [f"| {' | '.join(header)} |", "|" + "---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def ratios(record: Record, to: str) -> dict[str, float]:
    """Warm: how many times faster than `to` jitney is, kernel by kernel."""
    return {row["kernel"]: row["ratio"][to] for row in record["kernels"] if to in row["ratio"]}


def first_ratios(
    record: Record, theirs: str = "first", ours: str = "first", rival: str = NUMBA
) -> dict[str, float]:
    """Numba's first (or second) call over jitney's, where jitney compiled the kernel at all."""
    found = {}
    for row in record["kernels"]:
        if JITNEY in row["errors"]:
            continue
        quotient = _quotient(row[theirs].get(rival), row[ours].get(JITNEY))
        if quotient is not None:
            found[row["kernel"]] = quotient
    return found


def _spread(values: dict[str, float]) -> str:
    worst = min(values, key=lambda name: values[name])
    best = max(values, key=lambda name: values[name])
    return f"from {_number(values[worst])} ({worst}) to {_number(values[best])} ({best})"


def _machine(record: Record) -> str:
    m = record["machine"]
    versions = [f"CPython {m['python']}"]
    versions += [f"{p} {m[p]}" for p in ("jitney", "numba", "llvmlite", "numpy", "scipy", "gcc") if m.get(p)]
    return f"{m['processor']}, {m['cores']} cores, {m['system']}; {', '.join(versions)}."


def _summary(record: Record) -> str:
    lines = []
    for to in (NUMBA, GCC, CPYTHON):
        found = ratios(record, to)
        if found:
            mean = geometric_mean(found.values())
            lines.append(f"- Warm, jitney runs at **{_number(mean)}x** the speed of {TITLES[to]} "
                         f"(geometric mean of {len(found)} kernels; {_spread(found)}).")
    found = first_ratios(record)
    if found:
        lines.append(f"- The first call in a fresh process is **{_number(statistics.median(found.values()))}x** "
                     f"faster than Numba's (median; {_spread(found)}).")
    found = first_ratios(record, rival=NUMBA_ALONE)
    if found:
        lines.append("- Beside Numba without SciPy (where that is there, Numba imports it when it first compiles; its "
                     f"linear algebra needs it): **{_number(statistics.median(found.values()))}x** "
                     f"(median; {_spread(found)}).")
    found = first_ratios(record, "second", "second")
    if found:
        lines.append(f"- After two other functions were compiled: **{_number(statistics.median(found.values()))}x** "
                     f"(median; {_spread(found)}).")
    own = [row["first"][JITNEY] for row in record["kernels"] if JITNEY in row["first"]]
    if own:
        lines.append(f"- jitney's first call takes {_milliseconds(statistics.median(own))} ms in the median, "
                     f"{_milliseconds(max(own))} ms at most.")
    own = [row["again"][JITNEY] for row in record["kernels"] if JITNEY in row["again"]]
    if own:
        lines.append("- The second call of the same function compiles again, with all optimisations, unless the first "
                     f"one did: {_milliseconds(statistics.median(own))} ms in the median, {_milliseconds(max(own))} ms "
                     f"at most.{_both(record)}")
    return "\n".join(lines)


def _both(record: Record) -> str:
    found = [
        (row["first"][NUMBA] + row["again"][NUMBA]) / (row["first"][JITNEY] + row["again"][JITNEY])
        for row in record["kernels"] if JITNEY in row["again"] and NUMBA in row["again"]
    ]
    if not found:
        return ""
    return f" First and second call together are {_number(statistics.median(found))}x faster than Numba's (median)."


def _losses(record: Record) -> str:
    lines = []
    for to in (NUMBA, GCC):
        slow = sorted((ratio, name) for name, ratio in ratios(record, to).items() if ratio < 0.95)
        if slow:
            listed = ", ".join(f"{name} {_number(ratio)}x" for ratio, name in slow)
            lines.append(f"Slower than {TITLES[to]} on {len(slow)} of {len(ratios(record, to))}: {listed}.")
    for row in record["kernels"]:
        for name, text in row["errors"].items():
            lines.append(f"{row['kernel']}, {TITLES.get(name, name)}: {text.replace('|', '/')}")
    return "\n\n".join(lines) or "None: no kernel is more than 5 % behind Numba or gcc, and none failed."


def _warm(record: Record) -> str:
    names = record["implementations"]
    others = [n for n in names if n != JITNEY]
    header = ["kernel", *(f"{TITLES[n]} ms" for n in names), *(f"vs {TITLES[n]}" for n in others)]
    rows = [
        [row["kernel"], *(_milliseconds(row["warm"].get(n)) for n in names),
         *(_number(row["ratio"].get(n), "x") for n in others)]
        for row in record["kernels"]
    ]
    means = [_number(geometric_mean(ratios(record, n).values()), "x") for n in others]
    rows.append(["**geometric mean**", *("" for _ in names), *(f"**{mean}**" for mean in means)])
    return table(header, rows)


def _fastmath(record: Record) -> str:
    rows, found = [], {}
    for row in record["kernels"]:
        times = row.get("fastmath") or {}
        if JITNEY not in times:
            continue
        exact = row["warm"].get(JITNEY)
        quotient = _quotient(times.get(NUMBA), times[JITNEY])
        if quotient is not None:
            found[row["kernel"]] = quotient
        rows.append([row["kernel"], _milliseconds(times[JITNEY]), _milliseconds(times.get(NUMBA)),
                     _number(quotient, "x"), _number(_quotient(exact, times[JITNEY]), "x")])
    if not rows:
        return ""
    mean = _number(geometric_mean(found.values()), "x")
    rows.append(["**geometric mean**", "", "", f"**{mean}**", ""])
    return table(["kernel", "jitney ms", "Numba ms", "vs Numba", "vs jitney without"], rows)


def _limits(record: Record) -> str:
    limits = record.get("peak") or {}
    peak, chains = limits.get("flops"), limits.get("chains", {})
    rows = []
    for row in record["kernels"]:
        seconds = row["warm"].get(JITNEY)
        if not seconds:
            continue
        if row.get("copy"):
            share = f"{100 * row['copy']:.0f} % of copying"
            name, speed = row.get("chain") or ("", 0.0)
            if name in chains:
                share += f"; {100 * speed / chains[name]:.0f} % of a chain of `{name}`"
            rows.append([row["kernel"], _number(row["bytes"] / seconds / 1e9, " GB/s"), share])
        if row.get("flops"):
            share = f"{100 * row['flops'] / peak:.0f} % of the peak" if peak else "-"
            rows.append([row["kernel"], _number(row["flops"] / 1e9, " GFLOP/s"), share])
    if not rows:
        return ""
    said = f"Peak: {_number(peak / 1e9)} GFLOP/s.\n\n" if peak else ""
    return said + table(["kernel", "jitney does", "of what is possible"], rows)


def _spills(record: Record) -> str:
    compiled = [row for row in record["kernels"] if "traffic" in (row.get("compile") or {})]
    if not compiled:
        return ""
    found = {row["kernel"]: row["compile"]["traffic"] for row in compiled if row["compile"]["traffic"]}
    rows, every, avoidable = [], 0, 0
    for name, loops in found.items():
        loads, stores, spared = (sum(loop[k] for loop in loops) for k in (1, 2, 6))
        wants = (" / ".join([str(loop[k]) for loop in loops]) for k in (4, 5))
        beside = "yes" if any(loop[3] for loop in loops) else ""
        rows.append([name, str(len(loops)), str(loads), str(stores), beside, *wants, str(spared)])
        every += loads + stores
        avoidable += spared
    said = f"{len(compiled) - len(found)} of {len(compiled)} kernels have none in any innermost loop."
    if rows:
        said += f" Of the {every} instructions in the others **{avoidable} are avoidable**: {_AVOIDABLE}"
    header = ["kernel", "loops with some", "loads", "stores", "beside calls", "general", "floats", "avoidable"]
    return said + ("\n\n" + table(header, rows) if rows else "")


_AVOIDABLE = (
    "what their loop uses never needs more registers of a kind at once (columns general and floats, loop by loop; "
    "calls need all that they destroy; for stores constants count where they are read) than the 15 and 16 there are."
)


def _reasons(record: Record) -> str:
    lines = [
        f"- **{name}** ({_number(ratio)}x): {NOTES.get(name, 'not looked into yet.')}"
        for name, ratio in sorted(ratios(record, GCC).items(), key=lambda item: item[1]) if ratio < 1 / 1.3
    ]
    return "\n".join(lines)


def _first(record: Record) -> str:
    names = [n for n in record["implementations"] if n in (JITNEY, NUMBA)]
    alone = any(NUMBA_ALONE in row["first"] for row in record["kernels"])
    header = ["kernel"]
    for mode in ("first", "again", "second"):
        header += [f"{TITLES[n]} {mode} ms" for n in names]
        header += ["ratio"] if len(names) == 2 and mode != "again" else []
        header += ["Numba without SciPy", "ratio"] if alone and mode == "first" else []
    rows = []
    for row in record["kernels"]:
        cells = [row["kernel"]]
        for mode in ("first", "again", "second"):
            cells += [_milliseconds(row[mode].get(n)) for n in names]
            if len(names) == 2 and mode != "again":
                cells.append(_number(_quotient(row[mode].get(NUMBA), row[mode].get(JITNEY)), "x"))
            if alone and mode == "first":
                rival = row[mode].get(NUMBA_ALONE)
                cells += [_milliseconds(rival), _number(_quotient(rival, row[mode].get(JITNEY)), "x")]
        rows.append(cells)
    return table(header, rows)


def array_table(rows: Sequence[Record]) -> str:
    """Of array-style kernels: warm times beside NumPy's and Numba's, first and second calls."""
    names = [n for n in (JITNEY, NUMPY, NUMBA) if any(n in row["warm"] or n in row["first"] for row in rows)]
    others = [n for n in names if n != JITNEY]
    called = [n for n in names if n != NUMPY]
    header = ["kernel", *(f"{TITLES[n]} ms" for n in names), *(f"vs {TITLES[n]}" for n in others)]
    header += [f"{TITLES[n]} {mode} ms" for mode in ("first", "again") for n in called]
    lines = []
    for row in rows:
        warm = row["warm"]
        cells = [row["kernel"], *(_milliseconds(warm.get(n)) for n in names)]
        cells += [_number(_quotient(warm.get(n), warm.get(JITNEY)), "x") for n in others]
        cells += [_milliseconds(row[mode].get(n)) for mode in ("first", "again") for n in called]
        lines.append(cells)
    failed = [f"{row['kernel']}, {TITLES[n]}: {text}" for row in rows for n, text in row["errors"].items()]
    return "\n\n".join([table(header, lines), *failed])


def _arrays(record: Record) -> str:
    return array_table(record["arrays"]) if record.get("arrays") else ""


def thread_table(rows: Sequence[Record]) -> str:
    """Of loops that threads may share, by size: without and with threads, and Numba with threads."""
    rivals = any(NUMBA in size["best"] for row in rows for size in row["sizes"])
    header = ["loop", "n", "serial us", "with threads us", "speed-up", "in the median", "start-up us"]
    header += ["Numba with threads us", "vs Numba"] if rivals else []
    lines = []
    for row in rows:
        for size in row["sizes"]:
            serial, shared = size["best"]["serial"], size["best"]["shared"]
            cells = [row["loop"], f"{size['size']:,}", *(_number(1e6 * t) for t in (serial, shared)),
                     _number(serial / shared, "x"), _number(size["median"]["serial"] / size["median"]["shared"], "x")]
            start = _start_up(row, size)
            cells.append("" if start is None else _number(1e6 * start))
            if rivals:
                rival = size["best"].get(NUMBA)
                cells += [_number(None if rival is None else 1e6 * rival), _number(_quotient(rival, shared), "x")]
            lines.append(cells)
    failed = [f"{row['loop']}, {TITLES.get(n, n)}: {text}" for row in rows for n, text in row["errors"].items()]
    return "\n\n".join([table(header, lines), *failed])


def _start_up(row: Record, size: Record) -> float | None:
    """Seconds beyond an equal part for each, of a loop of less than a millisecond (noise takes more of others); None
    for what ran serially."""
    times = size["best"]
    if times["serial"] >= _NOISY or times["serial"] <= _PAID * times["shared"]:
        return None
    return float(max(0.0, times["shared"] - times["serial"] / row["threads"]))


def _rested(rows: Sequence[Record]) -> list[tuple[str, Record]]:
    return [(row["loop"], rest) for row in rows for size in row["sizes"] for rest in size["rested"]]


def rested_table(rows: Sequence[Record]) -> str:
    """Of single calls after pauses, in which threads fall asleep."""
    header = ["loop", "pause ms", "serial us", "with threads us", "speed-up", "calls shared", "own loss us"]
    header.append("others after us")
    lines = []
    for loop, rest in _rested(rows):
        later = [_number(1e6 * rest[name]) if name in rest else "" for name in ("lost", "late")]
        calls = f"{rest['calls shared']} of {rest['calls']}"
        lines.append([loop, f"{1e3 * rest['pause']:g}", *(_number(1e6 * rest[way]) for way in ("serial", "shared")),
                      _number(rest["serial"] / rest["shared"], "x"), calls, *later])
    return table(header, lines)


def _threads(record: Record) -> str:
    rows = record.get("threads")
    if not rows:
        return ""
    lines = []
    large = {row["loop"]: row["sizes"][-1]["best"] for row in rows if row["sizes"] and row["compute"]}
    gains = {loop: best["serial"] / best["shared"] for loop, best in large.items()}
    if gains:
        count = next(row["threads"] for row in rows if row["sizes"])
        lines.append(f"- {count} threads; {len(gains)} loops over a millisecond that arithmetic bounds run "
                     f"**{_number(geometric_mean(gains.values()))}x** as fast (geometric mean; {_spread(gains)}).")
    small = {f"{row['loop']} {size['size']:,}": size["best"]["serial"] / size["best"]["shared"]
             for row in rows for size in row["sizes"] if size["best"]["serial"] < _NOISY}
    if small:
        lines.append(f"- Shorter ones: {_spread(small)}.")
    starts = {f"{row['loop']} {size['size']:,}": _start_up(row, size) for row in rows for size in row["sizes"]}
    found = {name: 1e6 * start for name, start in starts.items() if start is not None}
    if found:
        middle = _number(statistics.median(found.values()))
        spread = _spread(found)
        lines.append(f"- Threads that are still awake start in {middle} us (median of {len(found)} loops; {spread}).")
    rested = [(f"{loop} after {1e3 * rest['pause']:g} ms", rest) for loop, rest in _rested(rows)]
    lost = {name: 1e6 * rest["lost"] for name, rest in rested if "lost" in rest}
    if lost:
        gain = _number(geometric_mean(rest["serial"] / rest["shared"] for _, rest in rested))
        late = _number(statistics.median(1e6 * rest["late"] for _, rest in rested if "late" in rest))
        own = f"{_number(statistics.median(lost.values()))} us by that ({_spread(lost)})"
        lines.append("- After a pause, in which they fall asleep, single calls of loops over a millisecond run "
                     f"**{gain}x** as fast. The loop's own thread loses {own}, the others come after {late} us "
                     "(medians).")
    text = "\n".join(lines) + "\n\n" + thread_table(rows)
    return text + "\n\n" + rested_table(rows) if rested else text


def _stages(record: Record) -> str:
    compiled = [row["compile"] for row in record["kernels"] if row.get("compile")]
    if not compiled:
        return ""
    quick = [row["first_stages"] for row in record["kernels"] if row.get("first_stages")]
    full = [c["stages"] for c in compiled]

    def cells(found: list[dict[str, float]], stage: str | None) -> list[str]:
        """Median and maximum of a stage, of all of them for None."""
        times = [sum(f.values()) if stage is None else f.get(stage, 0.0) for f in found]
        return [_milliseconds(statistics.median(times)), _milliseconds(max(times))] if times else ["-", "-"]

    stages = list(dict.fromkeys(stage for f in (*full, *quick) for stage in f))
    rows = [[stage, *cells(quick, stage), *cells(full, stage)] for stage in stages]
    rows.append(["**all**", *cells(quick, None), *cells(full, None)])
    size = statistics.median(c["code_bytes"] for c in compiled)
    header = ["stage", "first call: median ms", "most ms", "fully optimised: median ms", "most ms"]
    return table(header, rows) + f"\n\nThe median kernel is {_number(size)} bytes of machine code, fully optimised."


def _overhead(record: Record) -> str:
    if not record["overhead"]:
        return "Not measured."
    columns = ["def", "builtin", *(n for n in record["implementations"] if n in (JITNEY, NUMBA))]
    rows = []
    for call, cells in record["overhead"].items():
        builtin = next((label for label in cells if label.endswith("(builtin)")), None)
        shown = {**cells, "builtin": cells[builtin] if builtin else None}
        title = f"`{call}`" + (f", builtin: `{builtin.removesuffix(' (builtin)')}`" if builtin else "")
        rows.append([title, *(_number(shown.get(column)) for column in columns)])
    return table(["nanoseconds per call", *(TITLES.get(c, c) for c in columns)], rows)


def _imports(record: Record) -> str:
    found = record["imports"]
    if not found:
        return "Not measured."
    bare = found[""]
    rows = [["bare Python", _milliseconds(bare), ""]]
    rows += [[f"`import {name}`", _milliseconds(seconds), _milliseconds(seconds - bare)]
             for name, seconds in found.items() if name]
    return table(["process", "ms", "over bare ms"], rows)


def _memory(record: Record) -> str:
    if not record["memory"]:
        return "Not measured."
    rows = [
        [TITLES[name], _number(cells["calls_kib"]), str(cells["compiles"]),
         _number(cells["compiles_kib"] / cells["compiles"])]
        for name, cells in record["memory"].items()
    ]
    return table(["resident memory", "KiB grown by 200,000 calls", "functions compiled and dropped",
                  "KiB grown per function"], rows)


SECTIONS: tuple[tuple[str, str, Callable[[Record], str]], ...] = (
    ("In short", "", _summary),
    ("Where jitney loses", "", _losses),
    ("Warm speed",
     "Milliseconds per call on the large input, and how many times faster jitney is (below 1: slower). "
     "Implementations alternate in one process; medians, the ratios taken round by round.", _warm),
    ("Warm speed with fastmath",
     "Both with `fastmath=True`. The last column: how much faster than jitney without it.", _fastmath),
    ("How near to the machine's limits",
     "For kernels that memory bounds, the bytes that must be moved per second, beside the C library copying as many "
     "bytes in the same run (half read, half written; a kernel that only reads may be faster). Where each addition "
     "has to wait for the one before, as sums of floats in order do, that bounds them first: beside a loop of nothing "
     "but such additions. For kernels that "
     "arithmetic bounds, operations per second beside fused multiply-adds in the longest registers, which exact "
     "answers do not allow.", _limits),
    ("Spills in innermost loops",
     "Instructions in hot code of innermost loops that read stack slots or write to them, because there were too few "
     "registers or because no float register outlives a call. `f.explain()` says so of any function.", _spills),
    ("Why gcc is faster where it is", "Kernels more than 1.3x behind `gcc -O3 -march=native`.", _reasons),
    ("First call",
     "Milliseconds from the plain function to its first result on a tiny input, in a fresh process, the import "
     "excluded; *again*: the second call of the same function, which jitney compiles again, with all optimisations; "
     "*second*: the first call after two other functions were compiled in the process.", _first),
    ("Where jitney's compile time goes", "", _stages),
    ("Whole arrays",
     "Kernels written with array expressions (`bench/kernels/arrays.py`); the plain function is NumPy's. *First* and "
     "*again* as above, on tiny inputs; the model step has sixty lines and more than ten expressions.", _arrays),
    ("Threads",
     "Loops over `prange` (`bench/kernels/threads.py`), compiled without and with `parallel=True`: a few iterations, "
     "some microseconds, some hundred of them, more than a millisecond. Interleaved; the best of all rounds, since "
     "threads feel what else the processors do, and the median's speed-up. *Start-up*: what a shared loop of less than "
     "half a millisecond takes beyond an equal part for each thread (of longer ones it is less than the noise). "
     "Numba's are measured in a process of their own, since its threads go on spinning. The second table is of single "
     "calls, medians, each after a pause in which the other threads fall asleep. *Own loss*: what the loop's thread "
     "spends on waking them and on waiting for them at the end. *Others after*: how much of the call they have not "
     "worked.",
     _threads),
    ("Call overhead", "The empty loop subtracted; medians.", _overhead),
    ("Import", "Whole processes, interleaved; medians.", _imports),
    ("Memory", "", _memory),
)


def markdown(record: Record, plot: str | None) -> str:
    """The page. `plot` is the image's name relative to it."""
    parts = [
        "# Benchmarks",
        "<!-- Written by `make bench`; do not edit. -->",
        f"Printed by `make bench` in {record['seconds'] / 60:.0f} minutes on: {_machine(record)}",
        "Every result is compared on the spot: jitney's bit by bit with CPython's (tiny and large inputs), Numba's and "
        "gcc's to a tolerance. Absolute times are this machine's; the ratios are what to look at.",
    ]
    if plot:
        parts.append(f"![Warm speed and first call, kernel by kernel]({plot})")
    for title, text, section in SECTIONS:
        body = section(record)
        if body:
            parts += [f"## {title}", *([text] if text else []), body]
    return "\n\n".join(parts) + "\n"
