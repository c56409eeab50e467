"""The record of a run as one picture: warm speed beside Numba, and first calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

from bench.implementations import JITNEY, NUMBA
from bench.report import first_ratios, geometric_mean, ratios

matplotlib.use("Agg")
matplotlib.rcParams.update({"svg.hashsalt": "jitney", "svg.fonttype": "none", "font.size": 9})

import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen before)
from matplotlib.ticker import NullFormatter  # noqa: E402

OURS, THEIRS, LOSS = "#1f7a4d", "#c0722a", "#b23a48"


def draw(record: dict[str, Any], path: Path) -> bool:
    """Write the picture; False where Numba was not measured and there is nothing to compare."""
    warm, first = ratios(record, NUMBA), first_ratios(record)
    if not warm or not first:
        return False
    names = sorted(warm, key=lambda name: warm[name])
    rows = {row["kernel"]: row for row in record["kernels"]}
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 0.21 * len(names) + 1.6), sharey=True)
    places = range(len(names))

    left.barh(places, [warm[n] - 1 for n in names], left=1, height=0.7,
              color=[OURS if warm[n] >= 1 else LOSS for n in names])
    left.axvline(1, color="black", linewidth=0.8)
    left.set_xscale("log", base=2)
    mean = geometric_mean(warm.values())
    left.set_title(f"Warm: speed relative to Numba (geometric mean {mean:.2f}x)")
    left.set_yticks(places, names)
    left.set_xlabel("times Numba's speed, right is faster")
    left.xaxis.set_major_formatter(lambda value, _: f"{value:g}x")

    for implementation, color in ((JITNEY, OURS), (NUMBA, THEIRS)):
        right.scatter([rows[n]["first"].get(implementation, float("nan")) * 1e3 for n in names], places,
                      color=color, s=16, label=implementation)
    right.set_xscale("log")
    right.set_title("First call in a fresh process")
    right.set_xlabel("milliseconds, left is faster")
    right.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    right.legend(loc="upper center", ncol=1, frameon=False)

    for axes in (left, right):
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(y=0.01)
        axes.grid(axis="x", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return True
