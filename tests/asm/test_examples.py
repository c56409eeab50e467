"""The examples of the assembler: what they print, and what the system sees of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def run(name: str) -> str:
    result = subprocess.run([sys.executable, str(EXAMPLES / name)], capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return result.stdout


def test_hello():
    listing, _, said = run("hello.py").rpartition("Hello World!\n")
    assert said == "12 bytes written\n"
    image = "".join(line[6:26].strip() for line in listing.splitlines())
    assert bytes.fromhex(image) == (
        bytes.fromhex("48c7c00100000048c7c70100000048c7c20c000000488d35030000000f05c3") + b"Hello World!"
    )


def test_add():
    assert run("add.py").split() == (
        "add(40, 2) = 42 total(0.5 1.25 ..) = 42.0 gcd(1071, 462) = 21".split()
    )


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_the_system_sees_the_write_and_no_page_writable_and_executable(tmp_path):
    log = tmp_path / "calls"
    command = ["strace", "-f", "-o", str(log), sys.executable, str(EXAMPLES / "hello.py")]
    traced = subprocess.run(command, capture_output=True, text=True)
    if "Operation not permitted" in traced.stderr or not log.exists():
        pytest.skip("tracing is not permitted here")
    assert traced.returncode == 0, traced.stderr
    calls = log.read_text().splitlines()
    assert any('write(1, "Hello World!", 12) = 12' in " ".join(call.split()) for call in calls)
    access = [call for call in calls if "PROT_EXEC" in call]
    assert access, "nothing was made executable: the trace is not what it should be"
    assert [call for call in access if "PROT_WRITE" in call] == []
