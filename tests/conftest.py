"""For all tests: Hypothesis' profiles, and which come first where several workers share them."""

import os

import pytest
from hypothesis import settings

# No deadlines: a slow machine is no defect. A failure prints the blob that reproduces it.
settings.register_profile("surge", deadline=None, print_blob=True)
settings.register_profile("nightly", settings.get_profile("surge"), max_examples=2_000)
# For scripts/mutate.py: the same examples for each mutant.
settings.register_profile("mutants", settings.get_profile("surge"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "surge"))

LONG = ("tests/chaos/", "tests/network/cli/", "tests/property/", "tests/network/", "tests/unit/run/")
"""Folders of the longest files, longest first: begun last, they would leave one worker busy alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files of LONG first, each file as it was."""
    items.sort(
        key=lambda item: next((n for n, room in enumerate(LONG) if item.nodeid.startswith(room)), len(LONG))
    )
