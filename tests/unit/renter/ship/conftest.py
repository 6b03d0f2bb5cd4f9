from collections.abc import Iterator

import pytest

from guests import Guest, NativeGuest


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    """The guest's code on this Python, for a file of tests."""
    guest = NativeGuest()
    yield guest
    guest.close()
