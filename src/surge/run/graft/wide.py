"""Where wide.wat is grafted onto the interpreter, and the single instructions that change besides."""

import struct
from functools import partial
from itertools import product
from pathlib import Path

import wasmtime

from surge.run.graft.binary import CALL, I32_CONST, NUMERIC, Instruction, packed, packed_signed
from surge.run.graft.splice import Edit, Grafting

INT, LONG, LONGLONG = 5, 7, 9
"""NumPy's numbers of C's `int`, `long` (both of 32 bits here) and `long long`."""
PYTHON_INT, LONG_SCALAR = 26106228, 26435440
"""Addresses of the type int and of NumPy's scalar type of C's long."""
INTP_TYPE, INT64_TYPE = 27642972, 27642964
"""Addresses of NumPy's pointers to its types intp and int64."""
I32_LOAD, I32_EQ, I32_NE, I64_EXTEND_I32_S, END, F64_CONST = 0x28, 0x46, 0x47, 0xAC, 0x0B, 0x44
LARGEST_LONG = bytes([F64_CONST]) + struct.pack("<d", 2.0**31 - 1)
LARGEST_INT64 = bytes([F64_CONST]) + struct.pack("<d", 2.0**63)
LAYOUTS = ("_aligned_contig", "_contig", "_aligned", "")
INTEGERS_INTO_INDEX = (
    *product(("longlong", "ulonglong"), ("long", "ulong")),
    *product(("uint", "ulong"), ("long",)),
)
SCALAR_ARITHMETIC = (
    "add", "subtract", "multiply", "floor_divide", "remainder", "divmod", "power", "negative", "absolute",
)  # fmt: skip
SHARED_NAMES = {"long_add", "long_divmod", "long_rshift"}
"""CPython has functions of these names too, before NumPy's."""


def _casts(sources: tuple[str, ...], target: str) -> list[str]:
    return [f"{layout}_cast_{source}_to_{target}" for layout in LAYOUTS for source in sources]


def _scalar(name: str) -> list[str]:
    long = f"long_{name}"
    return [f"{long}#2" if long in SHARED_NAMES else long, f"ulong_{name}"]


FLOATS = ("half", "float", "double", "cfloat", "cdouble")
SPREAD = {
    "default": ["int_default_descriptor"],
    "reactor_turn": ["reactor_turn"],
    **{name: _scalar(name) for name in SCALAR_ARITHMETIC},
    **{name: [*_scalar(name), f"longlong_{name}", f"ulonglong_{name}"] for name in ("lshift", "rshift")},
    "shift_left": ["LONGLONG_left_shift", "ULONGLONG_left_shift"],
    "narrow": [name for source, target in INTEGERS_INTO_INDEX for name in _casts((source,), target)],
    "narrow_float": _casts(FLOATS, "long"),
    "indices4": [
        "array_argsort", "array_argmax", "array_argmin", "array_argpartition", "array_searchsorted",
        "arr_bincount", "array_lexsort",
        *(f"__pyx_pw_5numpy_6random_6mtrand_11RandomState_{name}"
          for name in ("87binomial", "103multinomial", "109permutation")),
        "__pyx_pw_5numpy_6random_10_generator_9Generator_99permutation",
    ],
    "indices3": ["arr_ravel_multi_index", "arr_unravel_index", "array_where"],
    "indices2": ["array_nonzero"],
    "as_drawn": ["__pyx_f_5numpy_6random_6mtrand_int64_to_long"],
    "__Pyx_TypeInfoToFormat": [f"__Pyx_TypeInfoToFormat{at}" for at in ("", "#2", "#3")],
    "refused4": ["__pyx_pw_5numpy_6random_6mtrand_11RandomState_29tomaxint"],
    "raising4": ["__pyx_pw_5numpy_6random_6mtrand_11RandomState_99logseries"],
}  # fmt: skip


def _default_type(step: Instruction, behind: Instruction) -> bool:
    """The number of the default integer, about to be turned into a type."""
    return step.code == I32_CONST and step.numbers == (LONG,) and behind.code == CALL


def _compared(step: Instruction, behind: Instruction) -> bool:
    """The number of `long`, about to be compared with a type's."""
    return step.code == I32_CONST and step.numbers == (LONG,) and behind.code in (I32_EQ, I32_NE)


def _is_truncation(sub: int, step: Instruction, _: Instruction) -> bool:
    return step.code == NUMERIC and step.sub == sub


def _truncates(step: Instruction, _: Instruction) -> bool:
    return step.code == NUMERIC and step.sub == 2


def _last_extension(step: Instruction, behind: Instruction) -> bool:
    """From 32 to 64 bits, at the end of a function."""
    return step.code == I64_EXTEND_I32_S and behind.code == END


def _constant(value: int) -> bytes:
    return bytes([I32_CONST]) + packed_signed(value)


def _truncation(sub: int, new: str, targets: str, count: int) -> Edit:
    """Of floats to integers: as on x86-64. `sub` is the instruction's code behind 0xFC."""
    sources = "(half|float|cfloat)" if sub in SINGLE else "(double|cdouble)"
    return Edit(
        f"(_aligned_contig|_contig|_aligned|)_cast_{sources}_to_({targets})",
        lambda step, _: step.code == NUMERIC and step.sub == sub,
        new,
        count,
    )


SINGLE = frozenset({0, 1, 4, 5})
"""Truncations of float32; the others are of float64."""
LOOP = """
  (func (export "loop{size}_{inputs}_{kind}")
    (param $args i32) (param $dims i32) (param $steps i32) (param i32)
    (local $before i32) (local $n i32)
    (local.set $n (i32.load (local.get $dims)))
    (local.set $before (call $before (local.get $args) (local.get $n) (local.get $steps)
      (i32.const {size}) (i32.const {inputs})))
    (call $loop (local.get 0) (local.get 1) (local.get 2) (local.get 3))
    (call $look (local.get $args) (local.get $n) (local.get $steps) (i32.const {size}) (i32.const {inputs})
      (i32.const {kind}) (local.get $before)))
"""
SCALAR = """
  (func (export "scalar{arity}_{kind}") {params} (result i32)
    (local $result i32) (local $flags i32)
    (local.set $result (call $original{arity} {given}))
    (local.set $flags
      (call $scalar_flags (i32.const {kind}) (local.get 0) (local.get 1) (local.get $result)))
    (if (i32.eqz (local.get $flags)) (then (return (local.get $result))))
    (call $decref (local.get $result))
    (i32.store offset=256 (global.get $data) (local.get $flags))
    (local.set $result (call $original{arity} {given}))
    (i32.store offset=256 (global.get $data) (i32.const 0))
    (local.get $result))
"""
OVERFLOWS, HAS_POLE, DIVIDES, RAISES_TO = range(4)
"""What an infinite result of finite inputs means: see the kinds in wide.wat."""
UNARY = {
    "exp exp2 expm1 sqrt square sin cos tan arcsin arccos sinh cosh arccosh": OVERFLOWS,
    "log log2 log10 log1p reciprocal arctanh": HAS_POLE,
}
BINARY = {"add subtract multiply": OVERFLOWS, "divide floor_divide remainder": DIVIDES, "power": RAISES_TO}
INTEGERS = ("byte", "ubyte", "short", "ushort", "int", "uint", "longlong", "ulonglong")
SCALARS = {
    "add subtract multiply": OVERFLOWS,
    "true_divide floor_divide remainder": DIVIDES,
    "power": RAISES_TO,
}


def _with_flags() -> tuple[str, dict[str, list[str]]]:
    """Text of the functions that look after floating-point loops and scalars, and what each replaces."""
    text, spread = [], {}
    for (size, prefix), (inputs, table) in product(((8, "DOUBLE"), (4, "FLOAT")), ((1, UNARY), (2, BINARY))):
        for names, kind in table.items():
            text.append(LOOP.format(size=size, inputs=inputs, kind=kind))
            spread[f"loop{size}_{inputs}_{kind}"] = [f"{prefix}_{name}" for name in names.split()]
    for names, kind in SCALARS.items():
        arity = 3 if kind == RAISES_TO else 2
        params = f"(param{' i32' * arity})"
        given = " ".join(f"(local.get {at})" for at in range(arity))
        text.append(SCALAR.format(arity=arity, kind=kind, params=params, given=given))
        places = [f"{prefix}_{name}" for prefix in ("double", "float") for name in names.split()]
        places += [f"{prefix}_true_divide" for prefix in INTEGERS if kind == DIVIDES]
        spread[f"scalar{arity}_{kind}"] = [f"{p}#2" if p == "float_add" else p for p in places]
    return "".join(text), spread


EDITS = [
    Edit("_convert_from_any|PyArray_ArangeObj", _default_type, _constant(LONGLONG), 2),
    Edit("py_resolve_dtypes_generic", _default_type, _constant(LONGLONG), 2),
    Edit(
        "int_common_dtype",
        lambda step, _: step.code == I32_LOAD and step.numbers[1] == INTP_TYPE,
        bytes([I32_LOAD, 2]) + packed(INT64_TYPE),
        2,
    ),
    # Bare Python integers that fit the default integer are weak; wider ones aren't.
    Edit("convert_ufunc_arguments", _compared, _constant(LONGLONG), 1),
    # SciPy's C code that compares a type with "int32".
    Edit("lbfgsb_setulb|slsqp|dvode_wrapper|zvode_wrapper", _compared, _constant(INT), 9),
    # A ufunc's shortcut for one bare Python number computes integers in C's long: not for integers.
    Edit(
        "ufunc_generic_fastcall",
        lambda step, _: step.code == I32_CONST and step.numbers == (PYTHON_INT,),
        _constant(0),
        1,
    ),
    Edit("ufunc_generic_fastcall", "is_anyscalar_exact", "shortcut_scalar", 1),
    *(
        Edit(f"({kinds})_reciprocal", partial(_is_truncation, sub), new, 9 * len(kinds.split("|")))
        for sub, new, kinds in (
            (2, "to_i32", "BYTE|SHORT|INT|LONG"),
            (3, "to_i32", "UBYTE|USHORT"),
            (3, "to_u32", "UINT|ULONG"),
            (6, "to_i64", "LONGLONG"),
            (7, "to_u64", "ULONGLONG"),
        )
    ),
    Edit("__pyx_pw_6pandas_5_libs_7groupby_9group_fillna_indexer", "PyNumber_Multiply", "index_product", 1),
    # scikit-learn fills arrays of `int` as intp.
    Edit(
        "__pyx_fuse_[01]__pyx_f_7sklearn_5utils_7_random__sample_without_replacement_with_.*",
        lambda step, _: step.code == I32_CONST and step.numbers == (PYTHON_INT,),
        _constant(LONG_SCALAR),
        12,
    ),
    Edit("array_astype", "PyArray_CanCastArrayTo", "can_cast", 1),
    # RandomState's integers, drawn as C's long.
    Edit("legacy_random_(geometric|zipf)", _truncates, "to_i64", 2),
    Edit("legacy_random_zipf", lambda step, _: step.raw == LARGEST_LONG, LARGEST_INT64, 1),
    Edit("legacy_negative_binomial|legacy_random_poisson", "npy_legacy_random_poisson", "poisson", 2),
    Edit("legacy_random_(geometric|zipf|poisson)|legacy_negative_binomial", _last_extension, b"", 4),
    Edit("legacy_logseries", _truncates, "drawn_i32", 1),
    _truncation(0, "to_i32_f", "byte|short|int", 180),
    _truncation(1, "to_i32_f", "ubyte|ushort", 120),
    _truncation(1, "to_u32_f", "uint|ulong", 120),
    _truncation(0, "float_index_f", "long", 60),
    _truncation(4, "to_i64_f", "longlong", 60),
    _truncation(5, "to_u64_f", "ulonglong", 60),
    _truncation(2, "to_i32", "byte|short|int", 144),
    _truncation(3, "to_i32", "ubyte|ushort", 96),
    _truncation(3, "to_u32", "uint|ulong", 96),
    _truncation(2, "float_index", "long", 48),
    _truncation(6, "to_i64", "longlong", 48),
    _truncation(7, "to_u64", "ulonglong", 48),
]


def grafted(stock: bytes) -> bytes:
    """The interpreter with 64-bit integers in its NumPy. Raises GraftError if it isn't the pinned one."""
    loops, spread = _with_flags()
    text = (Path(__file__).parent / "wide.wat").read_text().replace("  ;; LOOPS\n", loops)
    return Grafting(stock, bytes(wasmtime.wat2wasm(text)), SPREAD | spread).result(EDITS)
