"""The listings of machine code: the bytes are those of the instructions beside them."""

import ctypes
import re

import numpy  # noqa: F401  (some call it)
import pytest

from jitney.asm import assemble
from jitney.ir.context import CAPTURES
from jitney.runtime import capi, keeping, numpy_api, numpy_x86_64, pieces, pieces_x86_64, stubs, threads, threads_x86_64
from jitney.runtime.layouts import LAYOUT

OFFSETS = stubs.offsets()


PIECES = [name for name, value in vars(pieces_x86_64).items() if name.isupper() and isinstance(value, str)]
KNOWN = {**threads_x86_64.WORDS, **{k: OFFSETS[k] for k in ("DIRTY", "STACK_LIMIT", "FUEL", "TRACE_COUNT")}}
EXAMPLES = {1: 0x17, 4: 0x31323334, 8: 0x3132333435363738}


def instructions(listing):
    """The right side, with numbers for names; exits are labels that are never near."""
    lines = []
    for line in listing.splitlines():
        text = line[30:].strip()
        mnemonic, _, operands = text.partition(" ")
        for word, offset in OFFSETS.items():
            operands = operands.replace(f"+{word}]", f"+{offset}]")
        register, _, source = operands.partition(", ")
        if mnemonic == "mov" and (source[:1] in ("P", "N") or source == "@address"):
            # So that 64 bits are written however small the address is.
            mnemonic = "movabs"
            if source[0] != "@":
                where = numpy_api.address if source.startswith("PyArray_") else capi.address
                value = capi.NONE if source == "None" else where(source)
                operands = f"{register}, {value:#x}"
        for hole, size in pieces.HOLES.items():
            operands = operands.replace(hole, hex(EXAMPLES[size]))
        lines.append(f"{mnemonic} {operands.replace('@', 'exit_')}")
    return lines


@pytest.mark.parametrize("name", [*stubs.LISTINGS, *stubs.NUMPY_LISTINGS])
def test_bytes_are_the_instructions(name):
    keeping.address("empty")  # names what the listings of NumPy name
    listing = stubs.LISTINGS.get(name) or getattr(numpy_x86_64, stubs.NUMPY_LISTINGS[name])
    assert assemble("\n".join(instructions(listing))) == stubs.code(listing)


@pytest.mark.parametrize("name", threads.LISTINGS)
def test_bytes_for_threads_are_the_instructions(name):
    listing = threads.LISTINGS[name]
    lines = [re.sub(r"\+([A-Z_]+)\]", lambda m: f"+{KNOWN[m[1]]}]", line[30:]) for line in listing.splitlines()]
    text = "\n".join(lines).replace("mov rbx, POOL", f"movabs rbx, {EXAMPLES[8]}")
    assert assemble(text.replace(", CAPTURES", f", {CAPTURES}")) == stubs.code(listing, EXAMPLES[8])


@pytest.mark.parametrize("name", PIECES)
def test_bytes_of_pieces_are_the_instructions(name):
    listing = getattr(pieces_x86_64, name)
    lines = instructions(listing)
    exits = {line.split()[1] for line in lines if "exit_" in line}
    far = "\n".join([*lines, *["int3"] * 200, *[f"{label}:\nint3" for label in sorted(exits)]])
    expected = assemble(far)
    made = pieces.Piece(listing)
    filled = bytearray(made.code)
    labels = iter(range(len(made.code) + 200, len(expected)))
    places = {label: next(labels) for label in sorted(exits)}
    for at, size, hole in made.holes:
        value = EXAMPLES[size] if hole in pieces.HOLES else places["exit_" + hole[1:]] - at - 4
        filled[at : at + size] = value.to_bytes(size, "little")
    assert expected[: len(filled)] == filled
    assert len(filled) + 200 + len(exits) == len(expected)


def test_offsets_fit_one_byte():
    assert all(0 <= offset < 128 for offset in OFFSETS.values())


@pytest.fixture(scope="module")
def locate():
    call = ctypes.PYFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 3)(stubs.address("locate"))

    def run(mapping, key):
        out = (ctypes.c_uint64 * 5)()
        found = call(id(mapping), id(key), ctypes.addressof(out))
        return found, list(out)

    return run


def test_locate_finds_every_entry(locate):
    for size in (1, 5, 6, 100, 5000, 70000):
        mapping = {f"name{n}": [n] for n in range(size)}
        for key in list(mapping)[::3]:
            del mapping[key]
        if mapping:
            mapping["late"] = object()
        for key in list(mapping)[:: max(1, size // 20)]:
            found, (entry, value, keys, used, shape) = locate(mapping, key)
            assert found == 1 and value == id(mapping[key])
            assert ctypes.c_uint64.from_address(entry).value == id(key)
            assert ctypes.c_uint64.from_address(entry + 8).value == value
            assert keys == ctypes.c_uint64.from_address(id(mapping) + LAYOUT.dict_keys).value
            assert used == ctypes.c_uint64.from_address(keys + LAYOUT.keys_used).value >= len(mapping)
            assert shape


def test_locate_says_what_is_not_there(locate):
    mapping = {"a": 1, "b": 2}
    assert locate(mapping, "missing")[0] == 0
    assert locate({}, "missing")[0] == 0
    equal = "".join(["alp", "ha"])
    assert locate({"alpha": 1}, equal)[0] == 0


def test_same_shape_means_same_length(locate):
    shapes = {}
    for size in (1, 6, 20, 50, 100, 1000, 5000):
        for keys in ([f"n{i}" for i in range(size)], list(range(size))):
            mapping = dict.fromkeys(keys, 0)
            length = mapping.__sizeof__()
            shape = locate(mapping, None)[1][4]
            assert shapes.setdefault(shape, length) == length
    assert len(shapes) > 5
