from collections.abc import Iterator

import pytest

from sandboxes import Slots, slots


@pytest.fixture(scope="session")
def box() -> Iterator[Slots]:
    """One slot on this machine's own cache (the interpreter is compiled once, 80 s or more)."""
    with slots() as started:
        yield started
