"""Probed layouts: every offset read back on real objects, on this Python."""

import ctypes
import struct
import subprocess
import sys

import pytest

from jitney.runtime import layouts
from jitney.runtime.layouts import LAYOUT


def word(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


def int32(address: int) -> int:
    return ctypes.c_int32.from_address(address).value


def test_supported():
    assert (LAYOUT.supported, LAYOUT.reason) == (True, "")


def test_every_offset_is_probed():
    for name in LAYOUT.__slots__:
        assert isinstance(getattr(LAYOUT, name), (int, str))


@pytest.mark.parametrize("value", [None, True, 5, 2.5, "text", (1,), [], {}, int, len, object()])
def test_type(value):
    assert word(id(value) + LAYOUT.type) == id(type(value))


def test_immortal():
    assert LAYOUT.immortal == (sys.version_info >= (3, 12))
    assert (int32(id(None)) < 0) == LAYOUT.immortal
    assert int32(id(object())) > 0


@pytest.mark.parametrize("value", [0.0, -0.0, 1.5, 1e308, float("inf"), 5e-324])
def test_float(value):
    assert ctypes.string_at(id(value) + LAYOUT.float_value, 8) == struct.pack("d", value)


def test_complex():
    value = complex(-0.0, 2.5)
    assert ctypes.string_at(id(value) + LAYOUT.complex_value, 16) == struct.pack("dd", -0.0, 2.5)


POWERS = [sign << bits for bits in range(0, 130, 5) for sign in (1, -1)]
INTS = sorted({power + add for power in POWERS for add in (-1, 0, 1)})


@pytest.mark.parametrize("value", INTS)
def test_int(value):
    assert layouts.read_int(LAYOUT, id(value)) == value


def test_small_ints_have_one_digit():
    for value in range(-300, 300):
        size = ctypes.c_int64.from_address(id(value) + LAYOUT.int_size).value
        if LAYOUT.int_tagged:
            assert size < 16
            sign = 1 - (size & 3)
        else:
            assert size in (-1, 0, 1)
            sign = size
        assert sign * int32(id(value) + LAYOUT.int_digits) == value


def test_tuple():
    items = (object(), object(), object())
    assert word(id(items) + LAYOUT.tuple_size) == 3
    assert [word(id(items) + LAYOUT.tuple_items + 8 * index) for index in range(3)] == [id(item) for item in items]


def test_cell():
    contents = object()
    cell = (lambda: contents).__closure__[0]
    assert word(id(cell) + LAYOUT.cell_contents) == id(contents)
    del cell.cell_contents
    assert word(id(cell) + LAYOUT.cell_contents) == 0


def entry(mapping, key):
    address = layouts.dict_entry(mapping, key)
    return (word(address), word(address + 8)) if address else None


@pytest.mark.parametrize("count", [1, 5, 6, 100, 5000])
def test_dict_entries(count):
    mapping = {f"name{index}": object() for index in range(count)}
    assert layouts.dict_used(mapping) == count
    assert word(id(mapping) + LAYOUT.dict_size) == count
    for key in list(mapping)[:: max(1, count // 50)]:
        assert entry(mapping, key) == (id(key), id(mapping[key]))
    assert entry(mapping, "absent") is None


def test_dict_entries_of_any_keys():
    mapping = {1: object(), "text": object(), (1, 2): object()}
    for key in mapping:
        assert entry(mapping, key) == (id(key), id(mapping[key]))


def test_an_equal_key_finds_the_entry():
    mapping = {"-".join(("a", "b")): 1}
    (own,) = mapping
    assert entry(mapping, "".join(("a", "-b"))) == (id(own), id(1))


def test_module_dictionaries():
    assert layouts.dict_is_plain(globals())
    assert entry(globals(), "layouts") == (id(sys.intern("layouts")), id(layouts))
    assert entry(vars(struct), "pack") == (id(sys.intern("pack")), id(struct.pack))


def test_an_entry_follows_its_value():
    mapping = {"name": object(), "other": 1}
    address = layouts.dict_entry(mapping, "name")
    keys, used = layouts.dict_keys(mapping), layouts.dict_used(mapping)
    replacement = object()
    mapping["name"] = replacement
    assert word(address + 8) == id(replacement)
    assert (layouts.dict_keys(mapping), layouts.dict_used(mapping)) == (keys, used)
    del mapping["name"]
    assert word(address + 8) == 0


def test_absence_is_seen_to_end():
    mapping = {}
    for index in range(1000):
        before = layouts.dict_keys(mapping), layouts.dict_used(mapping)
        mapping[f"name{index}"] = index
        assert (layouts.dict_keys(mapping), layouts.dict_used(mapping)) != before
        if index % 3 == 0:
            before = layouts.dict_keys(mapping), layouts.dict_used(mapping)
            del mapping[f"name{index}"]
            mapping[f"again{index}"] = index
            assert (layouts.dict_keys(mapping), layouts.dict_used(mapping)) != before


def test_shared_keys_are_no_place_to_guard():
    class Thing:
        def __init__(self):
            self.name = 1

    things = [Thing() for _ in range(3)]
    mapping = things[1].__dict__
    if layouts.dict_is_plain(mapping):
        assert entry(mapping, "name") == (id(sys.intern("name")), id(1))
    else:
        assert entry(mapping, "name") is None


def test_other_mappings_are_no_place_to_guard():
    class Mapping(dict):
        pass

    mapping = Mapping(name=1)
    assert not layouts.dict_is_plain(mapping)
    assert layouts.dict_entry(mapping, "name") == 0
    assert layouts.dict_is_plain({})


def test_an_unknown_layout_is_refused(monkeypatch):
    def probe(layout):
        raise layouts.LayoutError("a float's value was seen in 0 places")

    monkeypatch.setattr(layouts, "_probe_numbers", probe)
    layout = layouts.Layout()
    assert not layout.supported
    assert "0 places" in layout.reason


@pytest.mark.parametrize(
    "change, reason",
    [
        ("sys.implementation.name = 'other'", "other is not CPython"),
        ("os.uname = lambda: type('', (), {'sysname': 'Linux', 'machine': 'riscv64'})", "only Linux on x86-64"),
    ],
)
def test_foreign_machines_are_not_looked_at(change, reason):
    program = f"import os, sys; {change}; from jitney.runtime.layouts import LAYOUT as l; print(l.supported, l.reason)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stderr == ""
    assert result.stdout.startswith("False " + reason)


def test_numpy_is_not_imported():
    program = "from jitney.runtime import layouts; import sys; print(layouts.arrays(), 'numpy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("None False\n", "")


def test_arrays():
    numpy = pytest.importorskip("numpy")
    layout = layouts.arrays()
    assert layout is layouts.arrays()
    for array in (
        numpy.zeros(3),
        numpy.zeros(()),
        numpy.zeros((4, 0), "u1"),
        numpy.zeros((2, 3, 4), "i2")[:, ::-1, ::2],
        numpy.zeros((3, 4), order="F"),
        numpy.broadcast_to(numpy.float32(1), (5, 6)),
    ):
        at = id(array)
        assert word(at + layout.data) == array.ctypes.data
        assert int32(at + layout.ndim) == array.ndim
        for index in range(array.ndim):
            assert word(word(at + layout.shape) + 8 * index) == array.shape[index]
            assert ctypes.c_int64(word(word(at + layout.strides) + 8 * index)).value == array.strides[index]
        assert word(at + layout.dtype) == id(array.dtype)
        flags = int32(at + layout.flags)
        assert bool(flags & 1) == array.flags.c_contiguous
        assert bool(flags & 2) == array.flags.f_contiguous
        assert bool(flags & 0x100) == array.flags.aligned
        assert bool(flags & 0x400) == array.flags.writeable


def test_dtypes_and_scalars():
    numpy = pytest.importorskip("numpy")
    layout = layouts.arrays()
    for name in "? i1 i2 i4 i8 u1 u2 u4 u8 f4 f8 c16 >i4 >f8".split():
        dtype = numpy.dtype(name)
        assert int32(id(dtype) + layout.type_number) == dtype.num
        assert ctypes.string_at(id(dtype) + layout.byte_order, 1).decode() == dtype.byteorder
        scalar = numpy.zeros(1, dtype.newbyteorder("=")).reshape(-1)[0] + 1
        if name not in ("?", "c16"):
            assert ctypes.string_at(id(scalar) + layout.scalar, scalar.itemsize) == scalar.tobytes()


def test_a_strange_numpy_is_refused(monkeypatch):
    class Strange:
        class ndarray:
            pass

        @staticmethod
        def zeros(*args, **kwargs):
            raise layouts.LayoutError("no")

    monkeypatch.setitem(sys.modules, "numpy", Strange)
    assert layouts.arrays() is None
