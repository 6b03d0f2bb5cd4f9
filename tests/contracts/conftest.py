"""The compute side, deployed once a module; each test starts from that state again."""

from collections.abc import Iterator

import boa
import pytest

from contracts.paid_lease import Compute, deploy_compute


@pytest.fixture(scope="module")
def deployed_compute() -> Iterator[Compute]:
    with boa.env.anchor():
        yield deploy_compute()


@pytest.fixture
def compute(deployed_compute: Compute) -> Iterator[Compute]:
    with boa.env.anchor():
        yield deployed_compute
