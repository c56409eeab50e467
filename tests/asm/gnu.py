"""GNU as as an oracle: many instructions in one process."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

AVAILABLE = all(map(shutil.which, ("as", "nm", "objcopy")))
REASON = "GNU binutils (as, nm, objcopy) are not installed"


def _run(lines: list[tuple[int, str]], directory: Path) -> tuple[list[int], str]:
    source = directory / "batch.s"
    text = [".intel_syntax noprefix"]
    for i, line in lines:
        text.append(f"i{i}: {line}")
    text += [f"i{max((i for i, _ in lines), default=0) + 1}:", "target: .zero 64"]
    source.write_text("\n".join(text) + "\n")
    result = subprocess.run(
        ["as", "--64", "-o", str(directory / "batch.o"), str(source)], capture_output=True, text=True
    )
    numbers = {int(n) - 2 for n in re.findall(r"^[^\n:]*:(\d+): Error", result.stderr, re.MULTILINE)}
    return [lines[n][0] for n in sorted(numbers)], result.stderr


def assemble_each(instructions: list[str], directory: Path) -> list[bytes | None]:
    """The bytes GNU as gives each instruction, None where it refuses it. `target` is a label behind the last one."""
    lines = list(enumerate(instructions))
    refused, stderr = _run(lines, directory)
    if refused:
        bad = set(refused)
        lines = [(i, line) for i, line in lines if i not in bad]
        refused_again, stderr = _run(lines, directory)
        assert not refused_again, stderr
    symbols = subprocess.run(["nm", str(directory / "batch.o")], capture_output=True, text=True, check=True).stdout
    offsets = {name: int(offset, 16) for offset, _, name in map(str.split, symbols.splitlines())}
    subprocess.run(
        ["objcopy", "-O", "binary", "-j", ".text", str(directory / "batch.o"), str(directory / "batch.bin")], check=True
    )
    image = (directory / "batch.bin").read_bytes()
    answers: list[bytes | None] = [None] * len(instructions)
    starts = [offsets[f"i{i}"] for i, _ in lines] + [offsets["target"]]
    for (i, _), start, end in zip(lines, starts, starts[1:]):
        answers[i] = image[start:end]
    return answers
