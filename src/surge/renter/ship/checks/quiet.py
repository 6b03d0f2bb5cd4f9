"""What is known to leave nothing behind: names of built-ins, of modules, of methods and of attributes.

A name stands here only if what it names reads and changes its arguments alone, or the task's own clock and
random streams, which begin anew with each task. Whatever isn't here counts as an effect (effects.py).
"""

import builtins
import sys
import types

from surge.renter.ship.modules import module_of


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EXCEPTIONS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
BUILTINS = _EXCEPTIONS | _names(
    """abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter float
    format frozenset int isinstance issubclass iter len list map max min next oct ord pow print range
    repr reversed round set slice sorted str sum tuple type zip NotImplemented Ellipsis"""
)
"""`id`, `hash` and `object` tell addresses, which depend on what ran before."""
SETS = _names("set frozenset")
"""Makers of what is ordered by hashes: those of NaN and of functions are addresses."""

_RANDOM = _names(
    """betavariate choice choices expovariate gammavariate gauss getrandbits lognormvariate normalvariate
    paretovariate randbytes randint random randrange sample seed shuffle triangular uniform
    vonmisesvariate weibullvariate"""
)
_NUMPY_RANDOM = _names(
    """beta binomial chisquare choice dirichlet exponential gamma geometric gumbel integers laplace
    logistic lognormal multinomial multivariate_normal normal permutation permuted poisson rand randint
    randn random random_sample rayleigh seed shuffle standard_exponential standard_gamma standard_normal
    standard_t triangular uniform weibull"""
)
# Not `empty`: it shows what the memory held before.
_NUMPY = _names(
    """abs absolute acos acosh add all allclose amax amin angle any append apply_along_axis arange arccos
    arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort argwhere around
    array array_equal array_split asarray ascontiguousarray asfortranarray asin asinh astype atan atan2
    atanh atleast_1d atleast_2d atleast_3d average bartlett bincount bitwise_and bitwise_count
    bitwise_or bitwise_xor blackman block bool bool_ broadcast_arrays broadcast_to cbrt ceil choose clip
    column_stack complex128 complex64 compress concat concatenate conj conjugate convolve copy copysign
    copyto corrcoef correlate cos cosh count_nonzero cov cross cumprod cumsum deg2rad degrees delete
    diag diag_indices diagflat diagonal diff digitize divide divmod dot dsplit dstack e ediff1d
    einsum equal errstate euler_gamma exp exp2 expand_dims expm1 extract eye fabs fill_diagonal finfo
    fix flatnonzero flip fliplr flipud float16 float32 float64 float_power floor floor_divide fmax fmin
    fmod frexp fromfunction fromiter full full_like gcd geomspace gradient greater
    greater_equal hamming hanning heaviside histogram histogram2d histogram_bin_edges hsplit hstack
    hypot identity iinfo imag in1d indices inf inner insert int16 int32 int64 int8 int_ integer interp
    intersect1d invert isclose iscomplex isfinite isin isinf isnan isneginf isposinf isreal isscalar
    issubdtype kaiser kron lcm ldexp left_shift less less_equal lexsort linspace log log10 log1p log2
    logaddexp logaddexp2 logical_and logical_not logical_or logical_xor logspace matmul max maximum mean
    median meshgrid min minimum mod modf moveaxis multiply nan nan_to_num nanargmax nanargmin nancumprod
    nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar
    ndim negative newaxis nextafter nonzero not_equal number ones ones_like outer partition
    percentile pi piecewise place polyadd polyder polydiv polyfit polyint polymul polysub polyval
    positive power prod product ptp put put_along_axis putmask quantile rad2deg radians ravel
    ravel_multi_index real reciprocal remainder repeat reshape resize result_type right_shift rint roll
    rollaxis roots rot90 round searchsorted select setdiff1d setxor1d shape sign signbit sin sinc sinh
    size sort spacing split sqrt square squeeze stack std subtract sum swapaxes take take_along_axis tan
    tanh tensordot tile trace transpose trapezoid trapz tri tril tril_indices trim_zeros triu
    triu_indices true_divide trunc uint16 uint32 uint64 uint8 union1d unique unpackbits packbits
    unravel_index unwrap vander var vdot vecdot vsplit vstack where zeros zeros_like"""
)
MODULES: dict[str, frozenset[str]] = {
    "base64": _names("b16decode b16encode b32decode b32encode b64decode b64encode b85decode b85encode"),
    "binascii": _names("crc32 hexlify unhexlify"),
    "bisect": _names("bisect bisect_left bisect_right insort insort_left insort_right"),
    "cmath": _names(
        """acos acosh asin asinh atan atanh cos cosh e exp inf isclose isfinite isinf isnan log log10 nan
        phase pi polar rect sin sinh sqrt tan tanh tau"""
    ),
    "collections": _names("Counter OrderedDict defaultdict deque"),
    "contextlib": _names("nullcontext suppress"),
    "copy": _names("copy deepcopy"),
    "datetime": _names("UTC date datetime time timedelta timezone"),
    "decimal": _names("Decimal"),
    "fractions": _names("Fraction"),
    "functools": _names("cache lru_cache reduce"),
    "hashlib": _names("blake2b blake2s md5 sha1 sha224 sha256 sha384 sha3_256 sha3_512 sha512"),
    "heapq": _names("heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest"),
    "itertools": _names(
        """accumulate batched chain combinations combinations_with_replacement compress count cycle
        dropwhile filterfalse islice pairwise permutations product repeat starmap takewhile
        zip_longest"""
    ),
    "json": _names("JSONDecodeError dumps loads"),
    "math": _names(
        """acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc
        exp exp2 expm1 fabs factorial floor fma fmod frexp fsum gamma gcd hypot inf isclose isfinite
        isinf isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod
        radians remainder sin sinh sqrt sumprod tan tanh tau trunc ulp"""
    ),
    "numbers": _names("Complex Integral Number Rational Real"),
    "numpy": _NUMPY,
    "numpy.fft": _names(
        "fft fft2 fftfreq fftn fftshift ifft ifft2 ifftn ifftshift irfft irfft2 rfft rfft2 rfftfreq"
    ),
    "numpy.linalg": _names(
        """LinAlgError cholesky cond det eig eigh eigvals eigvalsh inv lstsq matrix_power matrix_rank
        multi_dot norm pinv qr slogdet solve svd svdvals tensorsolve"""
    ),
    "numpy.random": _NUMPY_RANDOM | _names("default_rng"),
    "operator": _names(
        """abs add and_ concat contains countOf eq floordiv ge getitem gt index indexOf inv invert is_
        is_not itemgetter le lshift lt matmul mod mul ne neg not_ or_ pos pow rshift sub truediv truth
        xor"""
    ),
    "random": _RANDOM | _names("Random"),
    "re": _names(
        """A ASCII DOTALL I IGNORECASE M MULTILINE S U UNICODE VERBOSE X compile error escape findall
        finditer fullmatch match search split sub subn"""
    ),
    "statistics": _names(
        """StatisticsError correlation covariance fmean geometric_mean harmonic_mean linear_regression mean
        median median_grouped median_high median_low mode multimode pstdev pvariance quantiles stdev
        variance"""
    ),
    "string": _names(
        """ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits printable punctuation
        whitespace"""
    ),
    "struct": _names("calcsize error pack unpack unpack_from"),
    "textwrap": _names("dedent fill indent shorten wrap"),
    "time": _names(
        """gmtime localtime mktime monotonic monotonic_ns perf_counter perf_counter_ns process_time sleep
        strftime strptime time time_ns"""
    ),
    "typing": _names("cast"),
    "uuid": _names("UUID uuid3 uuid4 uuid5"),
    "zlib": _names("adler32 compress crc32 decompress"),
}
"""Modules, and what may be used of them."""
METHODS = (
    _RANDOM
    | _NUMPY_RANDOM
    | _names(
        """as_integer_ratio bit_count bit_length capitalize casefold center conjugate count decode encode
        endswith expandtabs find fromhex from_bytes hex index is_integer isalnum isalpha isascii isdecimal
        isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join limit_denominator
        ljust lower lstrip maketrans partition quantize removeprefix removesuffix replace rfind rindex rjust
        rpartition rsplit rstrip split splitlines sqrt startswith strip swapcase title to_bytes translate
        upper zfill add append appendleft clear copy discard extend extendleft
        fromkeys from_iterable get insert isdisjoint issubset issuperset
        items keys most_common move_to_end pop popitem popleft remove reverse rotate setdefault sort
        subtract total update values astimezone
        combine date fromisoformat fromordinal fromtimestamp isocalendar isoformat isoweekday now strftime
        strptime time timestamp timetuple today toordinal total_seconds utcoffset weekday end findall
        fullmatch group groupdict groups match search span start sub subn digest hexdigest accumulate all
        any argmax argmin argpartition argsort astype at byteswap choose clip compress conj cumprod cumsum
        diagonal dot fill flatten item max mean min nonzero outer prod ptp put ravel reduce reduceat repeat
        reshape resize round searchsorted squeeze std sum swapaxes take tolist trace transpose var"""
    )
)
"""Methods that read and change the object alone, of whatever local value has them. A value of another type
may have one of the same name (`Path.replace`): the host sees what it does to files."""
ATTRIBUTES = _names(
    """T args bits day denominator dtype eps hour imag itemsize lastindex microsecond minute month name
    nbytes ndim numerator pattern real second shape size strides tiny tzinfo year days seconds
    microseconds"""
)
VIEWS = _names("T imag real")
"""Attributes whose items are the object's own."""
KEYS = _names("items keys")
"""Methods whose answer is a set to operators, ordered by hashes again; to be gone through at once."""
FORMAT = "format"
"""A method that reads attributes, by names in its text."""

MAKERS = _names("enumerate filter iter map reversed zip")
"""Built-ins that make a thing of which an answer may tell the address, and below those of modules."""
MADE = {
    "contextlib": _names("nullcontext suppress"),
    "functools": _names("cache lru_cache"),
    "numpy": _names("errstate"),
    **{name: MODULES[name] for name in ("itertools", "hashlib")},
    "heapq": _names("merge"),
    "numpy.random": _names("default_rng"),
    "random": _names("Random"),
    "re": _names("finditer"),
}
TAKERS = _names(
    """all any bytearray bytes dict enumerate filter frozenset iter list map max min next reversed set
    sorted sum tuple zip"""
)
"""Built-ins that take an iterator's items, or call a function, and keep neither; below those of modules."""
TAKING = {
    "collections": _names("Counter deque"),
    "functools": _names("reduce"),
    "heapq": _names("merge nlargest nsmallest"),
    "itertools": MODULES["itertools"] - {"repeat"},
    "math": _names("fsum prod sumprod"),
    "numpy": _names("fromiter"),
    "statistics": MODULES["statistics"],
}
TAKING_METHODS = _names("extend extendleft from_iterable join sort update")
FIRST_ONLY = _names("max min next sum")
"""Of these built-ins the answer may be a further argument itself."""
UNSHADOWED = MAKERS | SETS | {"type"}
"""Built-ins that no local name may hide."""
KEYED = _names("max min sorted")
KEYED_MODULES = _names("bisect heapq itertools")
CONTEXTS = {"numpy": _names("errstate"), "contextlib": _names("nullcontext suppress")}
"""What a `with` may enter."""

_BY_NAME = (types.FunctionType, types.BuiltinFunctionType, type)
_BY_TYPE = ("ufunc", "_ArrayFunctionDispatcher")


def has_name(value: object) -> bool:
    """Whether it is a function or a class."""
    return isinstance(value, _BY_NAME) or type(value).__name__ in _BY_TYPE


def meaning(value: object) -> tuple[str, str]:
    """(module, name) of what is listed; two empty strings for all else."""
    if has_name(value):
        home, name = (module_of(value) or "numpy").lstrip("_"), getattr(value, "__name__", "")
        if _is_listed(value, home, name):
            return home, name
    return "", ""


def makes(module: str, name: str) -> bool:
    """Whether it makes something of which an answer could tell the address, or a set."""
    if module == "builtins":
        return name in MAKERS | SETS
    return name in MADE.get(module, ())


def _is_listed(value: object, home: str, name: str) -> bool:
    listed = BUILTINS if home == "builtins" else MODULES.get(home, frozenset())
    return name in listed and getattr(sys.modules.get(home), name, None) is value
