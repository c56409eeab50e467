"""The benchmark's page says what the record holds, losses and failures included."""

from __future__ import annotations

import copy

import pytest

from bench.report import first_ratios, markdown, ratios

RECORD = {
    "machine": {
        "processor": "Some CPU", "cores": 2, "system": "Linux x86_64", "python": "3.11.7", "gcc": None,
        "jitney": "0.1.0", "numba": "0.68.1", "llvmlite": "0.50.0", "numpy": "2.4.6",
    },
    "implementations": ["jitney", "numba", "cpython"],
    "seconds": 61.0,
    "imports": {"": 0.012, "jitney": 0.030, "numba": 0.300},
    "overhead": {"f(1.5)": {"def": 25.0, "sqrt (builtin)": 12.0, "jitney": 15.0, "numba": 95.0}},
    "memory": {"jitney": {"calls_kib": 0.0, "compiles": 1000, "compiles_kib": 12.0}},
    "arrays": [
        {"kernel": "softmax", "first": {"jitney": 0.012, "numba": 1.5}, "again": {"jitney": 0.02},
         "warm": {"jitney": 0.5e-3, "numpy": 1e-3}, "errors": {"numba": "TypingError: no"}},
    ],
    "threads": [
        {
            "loop": "primes", "compute": True, "threads": 2, "errors": {"numba": "size 50: differs"},
            "sizes": [
                {"size": 50, "best": {"serial": 1e-6, "shared": 1.25e-6, "numba": 2e-6},
                 "median": {"serial": 2e-6, "shared": 2e-6}, "rested": []},
                {"size": 900, "best": {"serial": 2e-4, "shared": 1.04e-4},
                 "median": {"serial": 2e-4, "shared": 1.1e-4}, "rested": []},
                {"size": 10_000, "best": {"serial": 2e-3, "shared": 1.02e-3},
                 "median": {"serial": 2e-3, "shared": 1.1e-3}, "rested": [
                     {"pause": 0.005, "calls": 20, "calls shared": 20, "serial": 2.1e-3, "shared": 1.07e-3,
                      "lost": 1.2e-5, "late": 4e-5},
                     {"pause": 0.1, "calls": 10, "calls shared": 0, "serial": 2.1e-3, "shared": 2.1e-3}]},
            ],
        },
        {"loop": "broken", "sizes": [], "errors": {"jitney": "exit status -11"}},
    ],
    "kernels": [
        {
            "kernel": "fast", "first": {"jitney": 0.004, "numba": 0.4}, "second": {"jitney": 0.002, "numba": 0.1},
            "again": {"jitney": 0.006, "numba": 0.0001}, "first_stages": {"frontend": 0.002, "codegen": 0.001},
            "errors": {}, "warm": {"jitney": 0.001, "numba": 0.002, "cpython": 0.2},
            "ratio": {"numba": 2.0, "cpython": 200.0},
            "compile": {"stages": {"frontend": 0.001, "codegen": 0.002}, "code_bytes": 321, "bailouts": 0},
        },
        {
            "kernel": "slow", "first": {"jitney": 0.005, "numba": 0.3}, "second": {}, "again": {},
            "errors": {}, "warm": {"jitney": 0.004, "numba": 0.002, "cpython": 0.2},
            "ratio": {"numba": 0.5, "cpython": 50.0},
            "compile": None,
        },
    ],
}


def section(page: str, title: str) -> str:
    return page.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_ratios_are_read_kernel_by_kernel():
    assert ratios(RECORD, "numba") == {"fast": 2.0, "slow": 0.5}
    assert first_ratios(RECORD) == {"fast": pytest.approx(100), "slow": pytest.approx(60)}
    assert first_ratios(RECORD, "second", "second") == {"fast": pytest.approx(50)}


def test_summary_gives_mean_and_extremes():
    summary = section(markdown(RECORD, None), "In short")
    assert "**1.00x** the speed of Numba" in summary
    assert "from 0.50 (slow) to 2.00 (fast)" in summary
    assert "**80.0x** faster than Numba's" in summary
    assert "6.00 ms in the median, 6.00 ms at most. First and second call together are 40.0x faster" in summary


def test_losses_come_by_name():
    losses = section(markdown(RECORD, None), "Where jitney loses")
    assert "Slower than Numba on 1 of 2: slow 0.50x." in losses


def test_failures_are_shown():
    record = copy.deepcopy(RECORD)
    record["kernels"][0]["errors"]["jitney"] = "fell back to CPython: no | here"
    assert "fast, jitney: fell back to CPython: no / here" in section(markdown(record, None), "Where jitney loses")


def test_a_first_call_that_compiled_nothing_does_not_count():
    record = copy.deepcopy(RECORD)
    record["kernels"][0]["errors"]["jitney"] = "fell back to CPython"
    assert list(first_ratios(record)) == ["slow"]


def test_what_was_not_measured_is_a_dash():
    rows = section(markdown(RECORD, None), "First call").splitlines()
    assert [row for row in rows if row.startswith("| slow ")] == ["| slow | 5.00 | 300 | 60.0x | - | - | - | - | - |"]


def test_tables_are_even():
    page = markdown(RECORD, "plot.svg")
    tables = [block for block in page.split("\n\n") if block.startswith("|")]
    assert len(tables) >= 6
    for block in tables:
        assert len({line.count("|") for line in block.splitlines()}) == 1


def test_fastmath_limits_and_reasons_are_shown_where_measured():
    record = copy.deepcopy(RECORD)
    assert "fastmath" not in markdown(record, None) and "limits" not in markdown(record, None)
    record["implementations"] = ["jitney", "numba", "gcc", "cpython"]
    fast, slow = record["kernels"]
    fast["fastmath"] = {"jitney": 0.0005, "numba": 0.001}
    fast |= {"bytes": 2e6, "copy": 0.9, "chain": ["vaddsd", 1.9e9]}
    slow["flops"] = 4e9
    slow["ratio"]["gcc"] = 0.5
    fast["ratio"]["gcc"] = 0.9
    record["peak"] = {"flops": 40e9, "chains": {"vaddsd": 2e9}}
    page = markdown(record, None)
    assert "| fast | 0.50 | 1.00 | 2.00x | 2.00x |" in section(page, "Warm speed with fastmath")
    limits = section(page, "How near to the machine's limits")
    assert "| fast | 2.00 GB/s | 90 % of copying; 95 % of a chain of `vaddsd` |" in limits
    assert "| slow | 4.00 GFLOP/s | 10 % of the peak |" in limits
    assert section(page, "Why gcc is faster where it is").count("- **") == 1


def test_spills_are_counted():
    record = copy.deepcopy(RECORD)
    assert "Spills" not in markdown(record, None)
    record["kernels"][0]["compile"]["traffic"] = []
    assert section(markdown(record, None), "Spills in innermost loops").strip().endswith("1 of 1 kernels have none in "
                                                                                       "any innermost loop.")
    record["kernels"][0]["compile"]["traffic"] = [[3, 2, 1, False, 17, 4, 0], [9, 4, 0, True, 8, 15, 4]]
    told = section(markdown(record, None), "Spills in innermost loops")
    assert "| fast | 2 | 6 | 1 | yes | 17 / 8 | 4 / 15 | 4 |" in told and "Of the 7 instructions" in told
    assert "**4 are avoidable**" in told


def test_numba_with_and_without_scipy():
    record = copy.deepcopy(RECORD)
    assert "SciPy" not in markdown(record, None)
    for row in record["kernels"]:
        row["first"]["numba-alone"] = row["first"]["numba"] / 2
    assert "**40.0x** (median" in section(markdown(record, None), "In short")


def test_array_kernels_are_told_beside_numpy():
    arrays = section(markdown(RECORD, None), "Whole arrays")
    assert "| softmax | 0.50 | 1.00 | - | 2.00x | - | 12.0 | 1,500 | 20.0 | - |" in arrays
    assert "softmax, Numba: TypingError: no" in arrays
    assert section(markdown({**RECORD, "arrays": []}, None), "Whole arrays") == ""


def test_threads_are_told_by_size():
    threads = section(markdown(RECORD, None), "Threads")
    assert "| primes | 50 | 1.00 | 1.25 | 0.80x | 1.00x |  | 2.00 | 1.60x |" in threads
    assert "| primes | 900 | 200 | 104 | 1.92x | 1.82x | 4.00 | - | - |" in threads
    assert "| primes | 10,000 | 2,000 | 1,020 | 1.96x | 1.82x |  | - | - |" in threads
    assert "awake start in 4.00 us (median of 1 loops" in threads
    assert "loses 12.0 us by that (from 12.0 (primes after 5 ms)" in threads and "come after 40.0 us" in threads
    assert "| primes | 5 | 2,100 | 1,070 | 1.96x | 20 of 20 | 12.0 | 40.0 |" in threads
    assert "| primes | 100 | 2,100 | 2,100 | 1.00x | 0 of 10 |  |  |" in threads
    assert "**1.96x** as fast (geometric mean; from 1.96 (primes) to 1.96 (primes))" in threads
    assert "Shorter ones: from 0.80 (primes 50) to 1.92 (primes 900)." in threads
    assert "broken, jitney: exit status -11" in threads and "primes, Numba: size 50: differs" in threads
