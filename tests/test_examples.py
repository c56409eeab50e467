"""The examples do what they show."""

from __future__ import annotations

import importlib
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module


def test_png_holds_the_pixels(example):
    rgb = np.random.default_rng(1).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    data = example("png").png(7, 5, rgb.tobytes())
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks = {}
    place = 8
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + size]
        assert struct.unpack(">I", data[place + 8 + size : place + 12 + size]) == (zlib.crc32(kind + body),)
        chunks[kind] = body
        place += 12 + size
    assert chunks[b"IHDR"] == struct.pack(">IIBBBBB", 7, 5, 8, 2, 0, 0, 0)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(5, 1 + 3 * 7)
    assert not rows[:, 0].any()
    assert (rows[:, 1:].reshape(5, 7, 3) == rgb).all()
    assert b"IEND" in chunks


KERNELS = ("fib", "mandelbrot", "advance", "sieve", "matmul", "tokenize")


@pytest.mark.parametrize("kernel", KERNELS)
def test_tour_kernel_agrees_with_cpython(example, monkeypatch, tmp_path, kernel):
    tour = example("tour")
    monkeypatch.setattr(tour, "OUT", tmp_path)
    title, name, what, _, small = next(stop for stop in tour.stops() if stop[1] == kernel)
    cells, agree, args = tour.visit((title, name, what, small, small), tour.plain_kernels())
    assert agree
    assert cells[0] == title
    assert [s.bailouts for s in getattr(tour.kernels, name).specializations] == [0]


def test_tour_shows_all_kernels(example, monkeypatch, tmp_path):
    tour = example("tour")
    monkeypatch.setattr(tour, "OUT", tmp_path)
    assert tuple(stop[1] for stop in tour.stops()) == KERNELS
    assert (tmp_path / "sources.txt").stat().st_size >= 1_000_000


def test_tour_sees_a_different_answer(example):
    tour = example("tour")
    assert tour.same(1, (np.ones(3),), 1, (np.ones(3),))
    assert not tour.same(1, (np.ones(3),), 2, (np.ones(3),))
    assert not tour.same(1, (np.ones(3),), 1, (np.zeros(3),))


def test_plain_screen_shows_the_row(example, capsys):
    tour = example("tour")
    tour.PlainScreen().rows([(("fib", "fib(3)", "1 s", "2 ms", "1 ms", "1,000x"), True, ())])
    tour.PlainScreen().rows([(("fib", "fib(3)", "1 s", "2 ms", "1 ms", "1,000x"), False, ())])
    shown = capsys.readouterr().out
    assert "1,000x  same bits" in shown
    assert "1,000x  DIFFERS" in shown
