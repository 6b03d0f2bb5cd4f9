"""The compute side and the credit side, deployed once a module; each test starts from that state again."""

from collections.abc import Iterator
from dataclasses import replace

import boa
import pytest

from contracts.worlds.credit_pots import CreditPots, deploy_credit
from contracts.worlds.credit_world import World
from contracts.worlds.paid_lease import Compute, deploy_compute


@pytest.fixture(scope="module")
def deployed_compute() -> Iterator[Compute]:
    with boa.env.anchor():
        yield deploy_compute()


@pytest.fixture
def compute(deployed_compute: Compute) -> Iterator[Compute]:
    with boa.env.anchor():
        yield deployed_compute


@pytest.fixture(scope="module")
def deployed_credit() -> Iterator[CreditPots]:
    with boa.env.anchor():
        yield deploy_credit()


@pytest.fixture
def credit(deployed_credit: CreditPots) -> Iterator[CreditPots]:
    """One market of Credit: ether against dollars, 70% / 80%; its actors get what they need."""
    with boa.env.anchor():
        yield replace(deployed_credit, actors={})


@pytest.fixture(scope="module")
def shared() -> World:
    """Credit's bytecode beside its model."""
    return World()


@pytest.fixture
def world(shared: World) -> World:
    """The same, with nothing lent or owed yet."""
    shared.reset()
    return shared
