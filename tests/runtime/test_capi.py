"""Addresses of C functions: they are the functions they are named after."""

import ctypes
import math
import sys

import pytest

from jitney.runtime import capi

NEEDED = """
    PyFloat_FromDouble PyLong_FromLongLong PyLong_FromUnsignedLongLong PyLong_AsLongLongAndOverflow PyBool_FromLong
    PyComplex_FromDoubles PyTuple_New PyObject_Vectorcall PyErr_CheckSignals PyEval_SaveThread PyEval_RestoreThread
    _PyTraceback_Add PyErr_SetObject PyErr_SetString PyErr_SetNone PyErr_Occurred PyErr_Clear _Py_Dealloc Py_IncRef
    Py_DecRef PyVectorcall_Call PyMethod_New PyObject_GetItem PyDict_GetItemWithError
""".split()


@pytest.mark.parametrize("name", NEEDED)
def test_the_functions_needed_exist(name):
    assert capi.address(name) > 0
    assert capi.address(name) == capi.address(name)


def test_functions_work():
    prototype = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_double)
    assert prototype(capi.address("PyFloat_FromDouble"))(2.5) == 2.5


def test_objects():
    assert capi.address("_Py_NoneStruct") == capi.NONE == id(None)
    assert capi.address("_Py_TrueStruct") == capi.TRUE == id(True)
    assert capi.address("_Py_FalseStruct") == capi.FALSE == id(False)
    assert capi.address("PyFloat_Type") == id(float)


def test_unknown_names():
    with pytest.raises(LookupError, match="PyFlaot_FromDouble"):
        capi.address("PyFlaot_FromDouble")
    with pytest.raises(LookupError, match="sinus"):
        capi.libm("sinus")


@pytest.mark.parametrize("name", "sin cos tan asin acos atan sinh cosh tanh exp expm1 log log1p log10 sqrt".split())
def test_libm_is_that_of_math(name):
    function = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(capi.libm(name))
    for index in range(200):
        value = (index + 0.5) / 201
        assert function(value) == getattr(math, name)(value)


def vectorcall(function, args, names=()):
    values = (ctypes.py_object * max(1, len(args)))(*args)
    prototype = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.py_object, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
    )
    count = len(args) - len(names)
    return prototype(capi.address("PyObject_Vectorcall"))(
        function, ctypes.addressof(values), count, id(names) if names else None
    )


class Called:
    def __call__(self, *args, **kwargs):
        return args, kwargs


class Method:
    def method(self, *args, **kwargs):
        return self, args, kwargs


def test_vectorcall():
    def plain(*args, **kwargs):
        return args, kwargs

    for function in (plain, Called(), lambda *args, **kwargs: (args, kwargs)):
        assert vectorcall(function, ()) == ((), {})
        assert vectorcall(function, (1, 2, 3)) == ((1, 2, 3), {})
        assert vectorcall(function, (1, 2, 3), ("key",)) == ((1, 2), {"key": 3})
    method = Method()
    assert vectorcall(method.method, (1, 2), ("key",)) == (method, (1,), {"key": 2})
    assert vectorcall(dict, (1,), ("key",)) == {"key": 1}
    assert vectorcall(len, ([1, 2],)) == 2


def test_vectorcall_with_the_offset_flag():
    values = (ctypes.py_object * 3)(None, 1, 2)
    prototype = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.py_object, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
    )
    call = prototype(capi.address("PyObject_Vectorcall"))
    flagged = 2 | 1 << 63
    for function in (Called(), lambda *args, **kwargs: (args, kwargs)):
        assert call(function, ctypes.addressof(values) + 8, flagged, None) == ((1, 2), {})
    method = Method()
    assert call(method.method, ctypes.addressof(values) + 8, flagged, None) == (method, (1, 2), {})


def test_vectorcall_raises():
    with pytest.raises(TypeError, match="not callable"):
        vectorcall(5, ())
    with pytest.raises(ZeroDivisionError):
        vectorcall(lambda: 1 // 0, ())
    with pytest.raises(TypeError):
        vectorcall(len, ())


def test_vectorcall_leaks_nothing():
    called, value = Called(), object()
    before = sys.getrefcount(value), sys.getrefcount(called)
    for _ in range(100):
        vectorcall(called, (value, value), ("key",))
    assert (sys.getrefcount(value), sys.getrefcount(called)) == before
