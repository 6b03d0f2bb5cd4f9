# mypy: ignore-errors
"""What Python tells of the machine, as a 64-bit one tells it: hash, sys.maxsize, struct, array, random.

In the 32-bit sandbox these would give other integers without a word. Dictionaries and sets keep their own
32-bit hashes: the order of a set is the sandbox's.
"""

import _sitebuiltins
import builtins
import functools
import sys
import types
from opcode import opmap

RENTER = "__int64"
"""The key in the built-ins of the renter's code by which its frames are known here and in wide.wat."""
PRIME = 2**61 - 1
"""The modulus of numeric hashes: https://docs.python.org/3/library/stdtypes.html#hashing-of-numeric-types."""
WORD = 2**64
XX1, XX2, XX5 = 11400714785074694791, 14029467366897019727, 2870177450012600261
"""xxHash's primes, of which tuples' hashes are made (Objects/tupleobject.c)."""
LOAD_ATTR, IMPORT_FROM = opmap["LOAD_ATTR"], opmap["IMPORT_FROM"]
NATIVE = {"l": "q", "L": "Q", "n": "q", "N": "Q", "P": "Q"}
"""Codes of native sizes → those of 64 bits."""


def of_renter(frame):
    """Whether a frame runs the renter's code."""
    return RENTER in frame.f_builtins


def asks(frame, name):
    """Whether the renter's code names an attribute in this very step; compiled libraries have no frames."""
    return of_renter(frame) and is_named(frame, name)


def is_named(frame, name):
    """Whether Python code names an attribute in this very step, and not a compiled library below it."""
    code = frame.f_code
    step = code.co_code[frame.f_lasti]
    return step in (LOAD_ATTR, IMPORT_FROM) and name in code.co_names


own = types.ModuleType("builtins")
"""The built-ins of the renter's code, and of what it evaluates."""
own.__dict__.update(builtins.__dict__, **{RENTER: True})
_hash = builtins.hash


def _signed(word):
    word %= WORD
    value = word - WORD if word >= WORD >> 1 else word
    return -2 if value == -1 else value


def _of_ratio(numerator, denominator):
    if denominator % PRIME == 0:
        value = 314159
    else:
        value = abs(numerator) % PRIME * pow(denominator, -1, PRIME) % PRIME
    value = -value if numerator < 0 else value
    return -2 if value == -1 else value


def _of_float(value):
    if value != value:  # noqa: PLR0124 NaN
        return _hash(value)
    if value in (float("inf"), float("-inf")):
        return 314159 if value > 0 else -314159
    return _of_ratio(*value.as_integer_ratio())


def _of_complex(value):
    return _signed(_of_float(value.real) + 1000003 * _of_float(value.imag))


def _of_tuple(value):
    total = XX5
    for item in value:
        total = (total + hash64(item) % WORD * XX2) % WORD
        total = (total << 31 | total >> 33) % WORD * XX1 % WORD
    total = (total + (len(value) ^ XX5 ^ 3527539)) % WORD
    return 1546275796 if total == WORD - 1 else _signed(total)


def _of_frozenset(value):
    """Of Objects/setobject.c: whatever the order of its items."""
    total = 0
    for item in value:
        own = hash64(item) % WORD
        total ^= ((own ^ 89869747) ^ (own << 16)) * 3644798167 % WORD
    total ^= (len(value) + 1) * 1927868237 % WORD
    total ^= (total >> 11) ^ (total >> 25)
    total = (total * 69069 + 907133923) % WORD
    return 590923713 if total == WORD - 1 else _signed(total)


def _ends(value):
    size = len(value)
    return (size, value.start if size else None, value.step if size > 1 else None)


def hash64(value, /):
    """As the built-in on a 64-bit machine. Text's hashes differ between processes anywhere."""
    kind = type(value)
    if kind is str or kind is bytes:
        return _hash(value)
    known = _HASHES.get(kind)
    if known is not None:
        return known(value)
    _hash(value)  # raises what can't be hashed
    if kind.__module__ == "numpy" and type(value.item()) in _HASHES:
        return hash64(value.item())
    own = kind.__hash__
    if type(own).__name__ == "function":
        given = own(value)
        return given if -(2**63) <= given < 2**63 and given != -1 else _of_ratio(given, 1)
    for base, rule in _HASHES.items():
        if own is base.__hash__:
            return rule(value)
    ratio = getattr(value, "as_integer_ratio", None)
    if (
        ratio is not None
        and getattr(value, "shape", None) in (None, ())
        and _hash(value) == _hash(float(value))
    ):
        return _of_ratio(*map(int, ratio()))
    return _hash(value)


_HASHES = {
    int: lambda value: _of_ratio(value, 1),
    bool: int,
    float: _of_float,
    complex: _of_complex,
    tuple: _of_tuple,
    frozenset: _of_frozenset,
    range: lambda value: _of_tuple(_ends(value)),
}


def _maxsize():
    narrow = sys.maxsize
    del sys.maxsize

    def of_sys(name):
        if name == "maxsize":
            return 2**63 - 1 if asks(sys._getframe(1), name) else narrow
        raise AttributeError(f"module 'sys' has no attribute {name!r}")

    sys.__getattr__ = of_sys


def _native(form):
    """A format of native sizes with 64-bit codes; others as they are."""
    text = form.decode("latin-1") if isinstance(form, bytes) else form
    if not isinstance(text, str) or (text[:1] in "=<>!" and text):
        return form
    return "".join(NATIVE.get(code, code) for code in text)


def apply_struct(struct):
    """Native sizes of the renter's formats."""

    def replaced(original):
        @functools.wraps(original)
        def sized(form, *args, **options):
            if of_renter(sys._getframe(1)):
                form = _native(form)
            return original(form, *args, **options)

        return sized

    for name in ("calcsize", "pack", "pack_into", "unpack", "unpack_from", "iter_unpack"):
        setattr(struct, name, replaced(getattr(struct, name)))
    kind = struct.Struct

    class Struct(kind):
        def __new__(cls, form, *args):
            return super().__new__(cls, _native(form) if of_renter(sys._getframe(1)) else form, *args)

        def __init__(self, form, *args):
            super().__init__(_native(form) if of_renter(sys._getframe(1)) else form, *args)

    Struct.__module__, Struct.__qualname__ = kind.__module__, kind.__qualname__
    struct.Struct = Struct


def apply_array(array):
    """`array("l")` of the renter's code has items of 64 bits."""
    kind = array.array

    class Array(kind):
        __slots__ = ()

        def __new__(cls, code, *args):
            return super().__new__(
                cls, NATIVE.get(code, code) if of_renter(sys._getframe(1)) else code, *args
            )

    Array.__module__, Array.__name__, Array.__qualname__ = kind.__module__, kind.__name__, kind.__qualname__
    del array.array

    def of_array(name):
        if name == "array":
            return Array if asks(sys._getframe(1), name) else kind
        raise AttributeError(f"module 'array' has no attribute {name!r}")

    array.__getattr__ = of_array


def apply_random(random):
    """A float as a seed is hashed: in 64 bits."""
    own = random.Random.seed

    @functools.wraps(own)
    def seed(self, a=None, version=2):
        return own(self, hash64(a) % WORD if isinstance(a, float) else a, version)

    random.Random.seed = seed
    random.seed = random._inst.seed
    if now[0] is not None:
        random.seed(now[0])


def apply_numpy_random(random):
    """It has just been imported."""
    if now[0] is not None:
        random.seed(_words(now[0]))


def _words(seed):
    """All of it, in the halves that NumPy takes, and a word of its own: the module random begins with the
    seed itself, by the same generator, and would give the same numbers."""
    return [seed & 0xFFFFFFFF, seed >> 32, 0x6E756D70]


now = [None]
"""The seed of the task that runs; None before the first."""


def reseed(seed, modules=sys.modules):
    """Give every random stream of the task its seed, whatever earlier tasks of the chunk drew. What the task
    itself imports begins with it, too."""
    now[0] = seed
    if "random" in modules:
        modules["random"].seed(seed)
    if "numpy.random" in modules:
        modules["numpy.random"].seed(_words(seed))


def scope(module):
    """Make a module's globals those of the renter's code."""
    module.__dict__["__builtins__"] = own


class _Builtins(types.ModuleType):
    """What is set or deleted in builtins is so for the renter's code, too, whose built-ins are its own."""

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        setattr(own, name, value)

    def __delattr__(self, name):
        super().__delattr__(name)
        delattr(own, name)


def install():
    """Of what is there from the beginning."""
    builtins.hash = own.hash = hash64
    for name in ("exit", "quit"):  # this interpreter's own would end it with all that was written
        quitter = _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)")
        setattr(builtins, name, quitter)
        setattr(own, name, quitter)
    builtins.__class__ = _Builtins
    _maxsize()
