"""Whatever shape a function has, the guest's answer is the local one."""

from collections.abc import Iterator

import numpy as np
import pytest

from corpus_cases import CASES
from guests import Guest, NativeGuest, SandboxGuest, remote


@pytest.fixture(scope="module")
def native() -> Iterator[Guest]:
    guest = NativeGuest()
    yield guest
    guest.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Guest]:
    guest = SandboxGuest()
    yield guest
    guest.close()


def same(left: object, right: object) -> bool:
    if isinstance(left, np.ndarray):
        return isinstance(right, np.ndarray) and left.dtype == right.dtype and np.array_equal(left, right)
    if isinstance(left, tuple | list) and type(left) is type(right):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    return type(left) is type(right) and bool(left == right)


@pytest.mark.parametrize("name", CASES)
def test_natively(native: Guest, name: str) -> None:
    function, args = CASES[name]
    assert same(remote(native, function, *args), function(*args))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_in_the_sandbox(sandbox: Guest, name: str) -> None:
    function, args = CASES[name]
    assert same(remote(sandbox, function, *args), function(*args))
