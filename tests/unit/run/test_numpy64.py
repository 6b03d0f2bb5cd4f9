# ruff: noqa: E501, S307
"""NumPy counts in 64 bits, and where its index type can't, it raises instead of wrapping; flags are kept."""

import pytest

from sandboxes import Slots

WIDE = (
    "np.array([1, 2])", "np.asarray(7)", "np.arange(5)", "np.full(3, 7)", "np.zeros(3, int)", "np.ones(2, dtype=int)",
    "np.empty(2, dtype='int')", "np.eye(2, dtype=int)", "np.fromiter([1], int)", "np.linspace(0, 5, 3, dtype=int)",
    "np.sum([1, 2])", "np.prod(np.array([1, 2]))", "np.cumsum(np.array([1], np.int32))", "np.sum(np.array([True]))",
    "np.random.randint(0, 5, 3)", "np.random.permutation(3)", "np.random.choice(3, 2)", "np.bincount([1, 2])",
    "np.argsort([2, 1])", "np.argmax([2, 1])", "np.where([1, 0])[0]", "np.nonzero([1])[0]", "np.searchsorted([1], 1)",
    "np.unique([1, 1], return_counts=True)[1]", "np.histogram([1, 2])[0]", "np.indices((2, 2))", "np.dot([1], [2])",
    "np.concatenate([[1], [2]])", "np.repeat([1], 2)", "np.repeat([1, 2], np.array([1, 2]))", "np.diff([1, 2])",
    "np.array([3]) * 2", "np.array([3]).sum()", "np.vstack([[1], [2]])", "np.full(2, 1) << 40",
    "np.array([1.5]).astype(int)", "(np.array([1]) > 0).sum()", "np.array([2, 1]).argsort()", "np.int_(5)",
    "np.zeros(2, np.intp)", "np.power([10], 2)", "np.r_[1:4]", "np.mgrid[0:2]", "np.long(5)", "np.dtype('int').type(5)",
)  # fmt: skip
NARROW = (
    "np.array([1], np.int32)", "np.array(np.array([1], np.int32))", "np.array([np.int32(1)])", "np.full(2, 7, np.int32)",
    "np.concatenate([np.zeros(1, np.int32)])", "np.where([True], np.int32([1]), np.int32([2]))", "np.int32(1) + 1",
    "np.arange(3, dtype=np.int32)", "np.unique(np.zeros(2, np.int32))",
)  # fmt: skip
OTHER = {
    "np.array([1.5])": "f8",
    "np.array([True])": "b1",
    "np.arange(2.0)": "f8",
    "np.full(2, 0.5)": "f8",
}


def dtypes(expressions):
    import numpy as np

    return [
        eval(text, {"np": np}).dtype.str[1:].replace("i8", "int64").replace("i4", "int32")
        for text in expressions
    ]


@pytest.mark.parametrize(
    ("expressions", "kind"),
    [(WIDE, "int64"), (NARROW, "int32")],
    ids=["wide", "narrow"],
)
def test_widths(box: Slots, expressions: tuple[str, ...], kind: str) -> None:
    _, values = box.chunk(dtypes, list(expressions), modules=("numpy",))
    assert dict(zip(expressions, values[0], strict=True)) == dict.fromkeys(expressions, kind)


def test_other_types_stay(box: Slots) -> None:
    _, values = box.chunk(dtypes, list(OTHER), modules=("numpy",))
    assert values[0] == list(OTHER.values())


def shown(x):
    import numpy as np

    return [repr(np.array([1, x])), repr(np.arange(3)), str(np.full(2, 10**12))]


def test_arrays_look_as_they_do_elsewhere(box: Slots) -> None:
    _, values = box.chunk(shown, 2, modules=("numpy",))
    assert values[0] == ["array([1, 2])", "array([0, 1, 2])", "[1000000000000 1000000000000]"]


def late(x):
    import importlib

    np = importlib.import_module("numpy")
    return str(np.array([x]).dtype)


def test_an_import_in_the_task_is_caught_too(box: Slots) -> None:
    assert box.chunk(late, 1)[1] == ["int64"]


def libraries(x):
    import numpy as np
    from scipy import sparse, stats
    from sklearn.cluster import KMeans
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    rows = np.random.default_rng(0).normal(size=(60, 4))
    target = np.array([int(v) for v in rows[:, 0] > 0])
    order = np.arange(60)
    scores = [
        model.fit(rows[order], target[order]).score(rows, target)
        for model in (SVC(), RandomForestClassifier(5), KNeighborsClassifier())
    ]
    matrix = sparse.csr_matrix((np.array([1, 2]), (np.array([0, 1]), np.array([0, 1]))))
    return [min(scores) > 0.8, KMeans(2, n_init=1).fit(rows).labels_.shape, (matrix @ matrix).toarray().tolist(),
            round(float(stats.norm.fit(np.array([1, 2, 3]))[0]), 6)]  # fmt: skip


@pytest.mark.slow
def test_libraries_take_64_bit_arrays(box: Slots) -> None:
    _, values = box.chunk(libraries, 1)
    assert [list(v) if isinstance(v, tuple) else v for v in values[0]] == [True, [60], [[1, 0], [0, 4]], 2.0]


def loops(x):
    import asyncio

    async def wait(n):
        await asyncio.sleep(n)
        return n

    async def main():
        found = list(await asyncio.gather(wait(3), wait(x), asyncio.wait_for(wait(2), 10)))
        try:
            await asyncio.wait_for(wait(30), 1)
        except TimeoutError:
            found.append(-1)
        return found

    return asyncio.run(main())


def never(x):
    import asyncio

    async def main():
        await asyncio.Event().wait()

    asyncio.run(main())


def test_asyncio_runs_on_the_virtual_clock(box: Slots) -> None:
    assert box.chunk(loops, 1)[1] == [[3, 1, 2, -1]]
    _, values = box.chunk(never, 1)
    assert "waits for another" in str(values[0])


def wraps(x):
    import builtins

    import numpy as np

    library = {"__builtins__": vars(builtins), "np": np}  # whose indices are C's long, 32 bits wide there
    index = library["index"] = eval("np.argsort([3, 1, 2]).astype('l')", library)
    wide = [int((index * 10**10)[0]), int(index.sum() * 10**10), int(np.add.reduce(index) * 10**10),
            int((index + index).astype("q").dtype.itemsize), int(np.dot(index, index) * 10**10)]  # fmt: skip
    narrow = []
    for text in ("index.__imul__(10**10)", "np.array([2**40]).astype('l')", "np.array([3e9]).astype('l')"):
        try:
            eval(text, library)
        except OverflowError:
            narrow.append(text)
    return wide, len(narrow), index.dtype.itemsize


def test_the_index_type_never_wraps(box: Slots) -> None:
    assert box.chunk(wraps, 1)[1] == [([10**10, 3 * 10**10, 3 * 10**10, 8, 5 * 10**10], 3, 4)]


FLAGGED = (
    "a / 0", "np.log(a - 1)", "np.exp(a * 1000)", "np.sqrt(-1.0)", "np.array([1]) // 0", "np.float32(3e38) * np.float32(10)",
    "np.float64(1) / 0", "np.float64(0) / 0", "np.inf - np.float64(np.inf)", "(a * np.nan).astype(int)",
    "np.full(20, 1e308).sum()", "np.array([np.inf, 1]).sum()", "np.array([np.inf]) - np.inf", "np.arctanh(1.0)",
    "np.array([np.nan]) / 0", "np.array([np.inf]) / 0", "np.mod(a, 0)", "np.power(0.0, -1)", "np.power(-1.0, 0.5)",
    "np.float64(10) ** 400", "np.mean([])", "np.cumsum([1e308, 1e308])", "np.int64(2**62) * np.int64(4)", "np.where(a > 0, a, a / a)",
    "a.copy().__itruediv__(0)", "np.zeros(9, 'f4') / np.zeros(9, 'f4')", "np.reciprocal(0.0)", "a[::2] / a[::2]", "np.int64(1) / 0",
)  # fmt: skip


def flagged(expressions):
    import warnings

    import numpy as np

    said = []
    for text in expressions:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            eval(text, {"np": np, "a": np.arange(40.0)})
        said.append([str(one.message) for one in caught])
        try:
            with np.errstate(all="raise"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                eval(text, {"np": np, "a": np.arange(40.0)})
        except FloatingPointError as error:
            said.append(str(error))
    return said


def test_floating_point_is_flagged_as_here(box: Slots) -> None:
    assert box.chunk(flagged, list(FLAGGED))[1] == [flagged(list(FLAGGED))]


def tells(x):
    import array
    import random
    import struct
    import sys

    values = [
        hash(2**40),
        hash(1.5),
        hash((1, 2.5, (3,))),
        hash(frozenset({1, 2**50})),
        hash(range(5)),
        hash(-1),
        hash(1 + 2j),
    ]
    sizes = [sys.maxsize, struct.calcsize("lP"), array.array("l", [x]).itemsize, len(struct.pack("l", x))]
    return values, sizes, random.Random(0.5).random(), min([sys.maxsize, 5 * 10**9])


def test_python_tells_of_a_64_bit_machine(box: Slots) -> None:
    assert box.chunk(tells, 7)[1] == [tells(7)]
