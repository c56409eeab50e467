"""Machine code called through C signatures: every type, in and out, and clear errors."""

import array
import ctypes
import gc
import math
import sys
import threading
import weakref

import pytest

from jitney.asm import Assembler, Label, LabelError, memory, ptr, rax, rdi
from jitney.asm.cfunc import CFunction, Signature, SignatureError, function

IDENTITY = b"\x48\x89\xf8\xc3"  # mov rax, rdi; ret
IDENTITY_XMM = b"\xc3"  # ret: the first float argument is the result
SECOND = b"\x48\x89\xf0\xc3"  # mov rax, rsi; ret
LOAD = b"\x48\x8b\x07\xc3"  # mov rax, [rdi]; ret
STORE = b"\x48\x89\x37\xc3"  # mov [rdi], rsi; ret


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("signed", [True, False])
def test_integers(bits, signed):
    kind = f"{'' if signed else 'u'}int{bits}"
    call = function(IDENTITY, f"{kind}({kind})")
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    for value in (low, low + 1, 0, 1, high - 1, high):
        assert call(value) == value
    for value in (low - 1, high + 1, 1 << 70, -(1 << 70)):
        with pytest.raises(OverflowError, match=f"argument 1: {value} does not fit {kind}"):
            call(value)
    for value in (1.0, "1", None, b"1"):
        with pytest.raises(TypeError, match=f"argument 1 must be an int for {kind}"):
            call(value)


def test_narrow_results_are_extended():
    # mov rax, -1 (all bits set); ret
    code = b"\x48\xc7\xc0\xff\xff\xff\xff\xc3"
    assert function(code, "int8()")() == -1
    assert function(code, "uint8()")() == 255
    assert function(code, "uint16()")() == 65535
    assert function(code, "int32()")() == -1
    assert function(code, "uint64()")() == (1 << 64) - 1
    assert function(code, "bool()")() is True


@pytest.mark.parametrize("value", [0.0, -0.0, 1.5, math.inf, 5e-324, 3])
def test_floats(value):
    result = function(IDENTITY_XMM, "double(double)")(value)
    assert (type(result), result) == (float, value)
    assert math.copysign(1, result) == math.copysign(1, value)


def test_single_floats():
    call = function(IDENTITY_XMM, "float(float)")
    assert call(1.5) == 1.5
    assert call(0.1) == ctypes.c_float(0.1).value
    with pytest.raises(TypeError, match="must be a float for float, not str"):
        call("1.5")


def test_mixed_arguments_keep_their_registers():
    # cvtsi2sd xmm2, rdi; addsd xmm0, xmm2; cvtsi2sd xmm2, rsi; mulsd xmm0, xmm2; addsd xmm0, xmm1; ret
    code = bytes.fromhex("f2480f2ad7 f20f58c2 f2480f2ad6 f20f59c2 f20f58c1 c3")
    call = function(code, "double(int64 first, double a, int64 second, double b)", name="mixed")
    assert call(2, 1.5, 3, 0.25) == (1.5 + 2) * 3 + 0.25


def test_bool_and_void():
    call = function(IDENTITY, "bool(bool)")
    assert call(True) is True
    assert call(False) is False
    with pytest.raises(TypeError, match="must be a bool, not int"):
        call(1)
    assert function(b"\xc3", "void()")() is None


def test_objects():
    # inc qword ptr [rdi]; mov rax, rdi; ret: correct for objects that are not immortal
    call = function(b"\x48\xff\x07\x48\x89\xf8\xc3", "object(object)")
    thing = object()
    before = sys.getrefcount(thing)
    assert call(thing) is thing
    assert sys.getrefcount(thing) == before
    assert function(0x1234, "PyObject *(PyObject *)").signature == call.signature


def test_addresses_and_null():
    call = function(IDENTITY, "void *(void *)")
    assert call(0x1234) == 0x1234
    assert call((1 << 64) - 1) == (1 << 64) - 1
    assert call(None) == 0
    assert call(0) == 0
    with pytest.raises(OverflowError):
        call(-1)
    with pytest.raises(TypeError, match="a buffer, an address or None for void \\*, not float"):
        call(1.5)


def test_buffers():
    load = function(LOAD, "int64(const int64 *)")
    store = function(STORE, "void(int64 *, int64)")
    values = array.array("q", [7, 8])
    assert load(values) == 7
    store(values, -5)
    assert values.tolist() == [-5, 8]
    assert load((9).to_bytes(8, "little")) == 9
    raw = bytearray(16)
    store(raw, 11)
    assert load(raw) == 11
    assert load(memoryview(values)[1:]) == 8
    assert load((ctypes.c_int64 * 2)(3, 4)) == 3


def test_buffers_that_do_not_fit():
    load = function(LOAD, "int64(const int64 *values)", name="load")
    store = function(STORE, "void(int64 *, int64)")
    for wrong in (array.array("d", [1]), array.array("i", [1, 2]), array.array("Q", [1])):
        with pytest.raises(TypeError, match=r"load\(\) argument 1 \(values\): a buffer of format"):
            load(wrong)
    with pytest.raises(BufferError, match="argument 1.*int64 \\*"):
        store(b"12345678", 1)
    with pytest.raises(BufferError):
        load(memoryview(array.array("q", [1, 2, 3, 4]))[::2])
    with pytest.raises(TypeError):
        load("text")


def test_numpy_arrays():
    numpy = pytest.importorskip("numpy")
    # xorps xmm0, xmm0; test rsi, rsi; jz end; loop: addsd xmm0, [rdi+rsi*8-8]; dec rsi; jnz loop; end: ret
    code = bytes.fromhex("0f57c0 4885f6 740b f20f5844f7f8 48ffce 75f5 c3")
    total = function(code, "double(const double *values, size_t count)")
    values = numpy.arange(10.0)
    assert total(values, values.size) == 45
    assert total(values.reshape(2, 5).T, 10) == 45
    values.flags.writeable = False
    assert total(values, 10) == 45
    with pytest.raises(TypeError, match="format 'f'"):
        total(values.astype("f4"), 10)
    with pytest.raises(TypeError, match="format '>d'"):
        total(values.astype(">f8"), 10)
    with pytest.raises((BufferError, ValueError), match="contiguous"):
        total(values[::2], 5)
    with pytest.raises(ValueError, match="read-only"):
        function(LOAD, "int64(double *)")(values)
    assert function(IDENTITY, "bool(bool)")(numpy.True_) is True
    assert function(IDENTITY, "int8(int8)")(numpy.int64(-3)) == -3
    assert function(IDENTITY_XMM, "double(double)")(numpy.float32(1.5)) == 1.5


def test_a_buffer_is_held_during_the_call():
    data = bytearray(8)
    seen = []

    def attempt():
        try:
            data.extend(b"more")
        except BufferError:
            seen.append("held")

    callback = ctypes.PYFUNCTYPE(None)(attempt)
    # sub rsp, 8; call rsi; add rsp, 8; ret
    call = function(b"\x48\x83\xec\x08\xff\xd6\x48\x83\xc4\x08\xc3", "void(void *, void *)")
    call(data, ctypes.cast(callback, ctypes.c_void_p).value)
    assert seen == ["held"]
    data.extend(b"more")
    with pytest.raises(TypeError):
        call(data, 1.5)
    data.extend(b"more")


def test_number_of_arguments():
    call = function(SECOND, "int64(int64, int64)", name="second")
    assert call(1, 2) == 2
    with pytest.raises(TypeError, match=r"second\(\) takes 2 arguments \(1 given\): int64\(int64, int64\)"):
        call(1)
    with pytest.raises(TypeError, match=r"takes 1 argument \(0 given\)"):
        function(IDENTITY, "int64(int64)")()


def test_errors_name_the_parameter():
    call = function(SECOND, "int64(int64 first, int8 second)", name="f")
    with pytest.raises(OverflowError, match=r"f\(\) argument 2 \(second\): 128 does not fit int8 \(-128 to 127\)"):
        call(1, 128)


@pytest.mark.parametrize(
    "text, meaning",
    [
        ("void()", "void()"),
        ("void(void)", "void()"),
        ("int main(int argc, char **argv)", None),
        ("int(int, char**)", "int32(int32, int8 **)"),
        ("unsigned(unsigned char, signed char, char)", "uint32(uint8, int8, int8)"),
        ("long long(long, unsigned long int, short)", "int64(int64, uint64, int16)"),
        ("long unsigned(int unsigned)", "uint64(uint32)"),
        ("size_t(ssize_t, uintptr_t, int32_t, uint8_t)", "uint64(int64, uint64, int32, uint8)"),
        ("float64(float32 x)", "double(float)"),
        ("const double*(double const *x)", "const double *(const double *)"),
        ("void(const char *const *names)", "void(const const int8 **)"),
        ("  double ( double x , int64 n ) ", "double(double, int64)"),
        ("_Bool(bool)", "bool(bool)"),
    ],
)
def test_signatures(text, meaning):
    if meaning is None:
        with pytest.raises(SignatureError):
            Signature.parse(text)
        return
    signature = Signature.parse(text)
    assert str(signature) == meaning
    if "const const" not in meaning:
        assert Signature.parse(meaning) == signature
        assert hash(Signature.parse(meaning)) == hash(signature)


def test_parameters_keep_their_names():
    assert Signature.parse("double(double x, int64 n, char *)").names == ("x", "n", "")


@pytest.mark.parametrize(
    "text, message, column",
    [
        ("", "a type is missing", 0),
        ("double", "'\\('", 6),
        ("double(", "a type is missing", 7),
        ("double(double", "',' or '\\)'", 13),
        ("double(double,)", "'\\)' is no C type", 14),
        ("double(strange x)", "'strange' is no C type", 7),
        ("double(double) x", "nothing belongs after", 15),
        ("double(...)", "no '\\.'", 7),
        ("double(int, void)", "void is no type", 12),
        ("double(void x)", "void is no type", 7),
        ("long char(int)", "'long char' is no C type", 0),
        ("signed unsigned(int)", "'signed unsigned' is no C type", 0),
        ("int int(int)", "'int int' is no C type", 0),
        ("double(double x y)", "',' or '\\)'", 16),
    ],
)
def test_bad_signatures(text, message, column):
    with pytest.raises(SignatureError, match=message) as raised:
        function(b"\xc3", text)
    shown = str(raised.value).splitlines()
    assert shown[1:] == ["    " + text, "    " + " " * column + "^"]


def test_bad_code():
    with pytest.raises(ValueError, match="no code"):
        function(b"", "void()")
    with pytest.raises(ValueError, match="no code"):
        function(memory.reserve(16), "void()")
    with pytest.raises(TypeError, match="text or a Signature"):
        function(b"\xc3", 5)
    with pytest.raises(ValueError, match="without the GIL"):
        function(b"\xc3", "void(object)", nogil=True)


def test_code_is_freed_with_its_function():
    gc.collect()
    before = memory.usage()["code_chunks"]
    call = function(IDENTITY, "int64(int64)")
    assert memory.usage()["code_chunks"] == before + 1
    reference = weakref.ref(call)
    del call
    assert reference() is None
    assert memory.usage()["code_chunks"] == before


def test_many_functions_leak_nothing():
    function(IDENTITY, "int64(int64)")(1)
    gc.collect()
    objects, chunks = len(gc.get_objects()), memory.usage()["code_chunks"]
    for value in range(1000):
        assert function(IDENTITY, "int64(int64)")(value) == value
    gc.collect()
    assert len(gc.get_objects()) - objects < 20
    assert memory.usage()["code_chunks"] == chunks


def test_regions_and_addresses():
    region = memory.publish(IDENTITY)
    assert function(region, "int64(int64)")(5) == 5
    assert function(region.code_address, "int64(int64)")(6) == 6
    libc = ctypes.CDLL(None)
    address = ctypes.cast(libc.labs, ctypes.c_void_p).value
    assert function(address, "long(long)", name="labs")(-5) == 5


def test_repr():
    call = function(IDENTITY, "long(long x)", name="same")
    assert repr(call) == f"<CFunction same: int64(int64) at {call.address:#x}, 4 bytes>"
    assert "without the GIL" in repr(function(IDENTITY, "long(long)", nogil=True))
    assert isinstance(call, CFunction)


@pytest.mark.parametrize("nogil", [True, False])
def test_other_threads_run_only_without_the_gil(nogil):
    # loop: cmp qword ptr [rdi], 0; jne end; dec rsi; jnz loop; end: mov rax, rsi; ret
    spin = function(bytes.fromhex("48833f00 7505 48ffce 75f5 4889f0 c3"), "int64(void *, int64)", nogil=nogil)
    flag = array.array("q", [0])
    address = flag.buffer_info()[0]
    done = threading.Event()

    def raise_flag():
        while not done.wait(0.001):
            flag[0] = 1

    thread = threading.Thread(target=raise_flag)
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(100)
    try:
        flag[0] = 0
        left = spin(address, 1 << 40 if nogil else 1 << 20)
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()
    assert (left > 0) == nogil


def test_blobs_are_linked():
    callee = Assembler()
    double = Label("double")
    callee.bind(double)
    callee.lea(rax, ptr(rdi, rdi, 1))
    callee.ret()
    caller = Assembler()
    caller.call(Label("double"))
    caller.add(rax, ptr(caller.const((5).to_bytes(8, "little"), 8)))
    caller.ret()
    blobs = caller.finish(), callee.finish()
    assert function(blobs, "int64(int64)")(20) == 45
    assert function(blobs[1], "int64(int64)")(20) == 40
    with pytest.raises(LabelError, match="double"):
        function(blobs[0], "int64(int64)")
    target = function(blobs[1], "int64(int64)")
    assert function(blobs[0], "int64(int64)", symbols={"double": target.address})(1) == 7
