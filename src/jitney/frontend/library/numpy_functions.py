"""What is known of functions that are called as they are: whether they only compute, and what they return.

One row per rule: the names it holds for.
"""

from __future__ import annotations

import sys
from types import BuiltinFunctionType

from ...pytypes import Array, Object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...pytypes import PyType


class Rule:
    """How a function behaves.

    Attributes:
        pure: it only computes: nothing has happened that could be seen from outside.
        learn: the type of its result follows from the types of the arguments.
        fresh: an array that it returns is new.
        own: it changes the array whose method it is, and nothing else.
        sure: that type is the same whatever the values; else it is relied on only while CPython can take over.
    """

    __slots__ = ("fresh", "learn", "own", "pure", "sure")

    def __init__(
        self, pure: bool = True, learn: bool = True, fresh: bool = False, own: bool = False, sure: bool = True
    ) -> None:
        self.sure = sure
        self.pure = pure
        self.learn = learn
        self.fresh = fresh
        self.own = own


FRESH = Rule(fresh=True)
VIEW = Rule()
BY_VALUE = Rule(fresh=True, sure=False)
VIEW_BY_VALUE = Rule(sure=False)
PURE = Rule(learn=False)
OWN = Rule(pure=False, own=True)

PLAIN = frozenset((int, float, bool, complex, str, bytes, type(None), type(Ellipsis), slice, range))
"""Classes whose operators run no code of the user's."""

FUNCTIONS = (
    (FRESH, """
        abs all amax amin angle any append arange argmax argmin argpartition argsort argwhere array array_equal
        array_equiv around average bartlett bincount blackman choose clip column_stack compress concatenate concat conj
        convolve copy corrcoef correlate count_nonzero cov cross cumprod cumsum cumulative_sum cumulative_prod deg2rad
        delete diag diagflat diff digitize dot dstack ediff1d einsum extract eye fill_diagonal fix flatnonzero
        full_like geomspace gradient hamming hanning heaviside histogram histogram2d hstack hypot i0 identity in1d
        indices inner insert interp intersect1d isclose isfinite isin isinf isnan kaiser kron lexsort linspace logspace
        matmul max maximum mean median meshgrid min minimum nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax
        nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar nonzero ones outer packbits pad
        partition percentile piecewise polyadd polyder polyfit polyint polymul polysub polyval prod ptp quantile
        rad2deg ravel_multi_index repeat resize roll round searchsorted setdiff1d setxor1d sign sinc sort
        sort_complex stack std sum take take_along_axis tensordot tile trace trapezoid tri tril tril_indices triu
        triu_indices trim_zeros union1d unique unpackbits unravel_index unwrap vander var vdot vstack where zeros
        zeros_like ones_like empty_like empty full iscomplexobj isrealobj allclose may_share_memory ndim shape size
        bitwise_count row_stack trapz nanargmin matvec vecmat linalg.cholesky linalg.cond linalg.cross linalg.det
        linalg.eigh linalg.eigvalsh linalg.inv linalg.lstsq linalg.matmul linalg.matrix_norm
        linalg.matrix_power linalg.matrix_rank linalg.multi_dot linalg.norm linalg.outer linalg.pinv linalg.qr
        linalg.slogdet linalg.solve linalg.svd linalg.svdvals linalg.tensorinv linalg.tensorsolve linalg.trace
        linalg.vecdot linalg.vector_norm fft.fft fft.ifft fft.rfft fft.irfft fft.fft2 fft.ifft2 fft.fftn fft.ifftn
        fft.rfft2 fft.irfft2 fft.rfftn fft.irfftn fft.hfft fft.ihfft fft.fftfreq fft.rfftfreq fft.fftshift fft.ifftshift
    """),
    (BY_VALUE, "linalg.eig linalg.eigvals poly roots"),
    (VIEW_BY_VALUE, "frombuffer"),
    (VIEW, """
        asarray asanyarray ascontiguousarray asfortranarray atleast_1d atleast_2d atleast_3d broadcast_to diagonal
        expand_dims flip fliplr flipud imag linalg.diagonal linalg.matrix_transpose matrix_transpose moveaxis
        permute_dims ravel real require reshape rollaxis rot90 squeeze swapaxes transpose
    """),
    (PURE, """
        array_split array_str array_repr array2string broadcast_arrays can_cast common_type dsplit finfo
        format_float_positional format_float_scientific hsplit iinfo issubdtype isscalar min_scalar_type mintypecode
        promote_types result_type split typename vsplit dtype broadcast_shapes s_ index_exp
    """),
)  # fmt: skip

METHODS = (
    (FRESH, """
        all any argmax argmin argpartition argsort astype choose clip compress conj conjugate copy cumprod cumsum dot
        flatten item max mean min nonzero prod ptp repeat round searchsorted std sum take tobytes trace var tolist
        __matmul__
    """),
    (VIEW, "diagonal ravel reshape squeeze swapaxes transpose view"),
    (OWN, "fill sort partition byteswap itemset put"),
)  # fmt: skip

SEQUENCES = frozenset("""
    array asarray asanyarray ascontiguousarray asfortranarray concatenate concat stack vstack hstack dstack column_stack
    row_stack zeros ones empty full reshape transpose tile sum mean median max min prod any all argmax argmin sort
    argsort unique cumsum diff dot outer cross interp searchsorted digitize percentile quantile
""".split())  # fmt: skip
"""Functions that make arrays of what they are given: a list is as good to them as a tuple."""

_IN_C = {"dot": ("a", "b", "out"), "concatenate": ("arrays", "axis", "out"), "concat": ("arrays", "axis", "out")}
_PLACES_OF_OUT = {
    "all": 1, "any": 1, "argmax": 1, "argmin": 1, "choose": 1, "clip": 2, "compress": 2, "cumprod": 2, "cumsum": 2,
    "dot": 1, "max": 1, "mean": 2, "min": 1, "prod": 2, "ptp": 1, "round": 1, "std": 2, "sum": 2, "take": 2, "trace": 4,
    "var": 2,
}  # fmt: skip
_known: dict[int, Rule] = {}
_methods: dict[str, Rule] = {}


def rule_of(function: Any) -> Rule | None:
    """What is known of a function; None of any other."""
    if type(function) is BuiltinFunctionType and function.__module__ == "cmath":
        return FRESH
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if not _known:
        _fill(numpy)
    found = _known.get(id(function))
    if found is None and isinstance(function, numpy.ufunc):
        return FRESH
    return found


def takes_sequences(function: Any) -> bool:
    """Whether a list may be given to a function as a tuple."""
    name = getattr(function, "__name__", "")
    return name in SEQUENCES and function is getattr(sys.modules.get("numpy"), name, None)


def is_ufunc(function: Any) -> bool:
    """Whether it is one of NumPy's ufuncs."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(function, numpy.ufunc)


def parameters(function: Any) -> tuple[str, ...]:
    """The names of a function's parameters that may be given by place, `out` being one of them."""
    if is_ufunc(function):
        return (*[""] * function.nin, *["out"] * function.nout)
    code = getattr(getattr(function, "_implementation", function), "__code__", None)
    return _IN_C.get(function.__name__, ()) if code is None else code.co_varnames[: code.co_argcount]


def parameters_of_method(name: str) -> tuple[str, ...]:
    """The same of an array's method."""
    return (*[""] * _PLACES_OF_OUT[name], "out") if name in _PLACES_OF_OUT else ()


def _fill(numpy: Any) -> None:
    for rule, names in FUNCTIONS:
        for name in names.split():
            owner, _, last = name.rpartition(".")
            function = getattr(getattr(numpy, owner) if owner else numpy, last, None)  # not every version has all
            if function is not None:
                _known[id(function)] = rule


def method_rule(owner: PyType, name: str) -> Rule | None:
    """What is known of a method of an array."""
    if not isinstance(owner, Array) and not (isinstance(owner, Object) and owner.kind is ndarray()):
        return None
    if not _methods:
        for rule, names in METHODS:
            _methods.update(dict.fromkeys(names.split(), rule))
    return _methods.get(name)


_RANDOM = frozenset("""
    random uniform triangular gauss normalvariate expovariate betavariate gammavariate lognormvariate paretovariate
    vonmisesvariate weibullvariate randint randrange seed shuffle
""".split())


def stand_in(owner: type, name: str) -> Any:
    """A method of an object of its own, of a class of random generators: what it returns is of the same type as what
    the real one does. None for all others."""
    plain, numpy = sys.modules.get("random"), sys.modules.get("numpy")
    if plain is not None and owner is plain.Random:
        return getattr(plain.Random(0), name) if name in _RANDOM else None
    random = getattr(numpy, "random", None) if numpy is not None else None
    if random is None:
        return None
    if owner is random.RandomState:
        return getattr(random.RandomState(0), name, None)
    if owner is random.Generator:
        return getattr(random.Generator(random.PCG64(0)), name, None)
    return None


def ndarray() -> Any:
    """NumPy's class of arrays; None where there is none."""
    return getattr(sys.modules.get("numpy"), "ndarray", None)


def unbound(owner: PyType, name: str) -> Any:
    """The method as a function of its object."""
    return getattr(ndarray(), name)
