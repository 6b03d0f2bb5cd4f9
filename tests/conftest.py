"""For all tests. Its place also puts this folder on the import path, for what tests share."""

import os

from hypothesis import settings

# No deadlines: a slow machine is no defect. A failure prints the blob that reproduces it.
settings.register_profile("surge", deadline=None, print_blob=True)
settings.register_profile("nightly", settings.get_profile("surge"), max_examples=2_000)
# For scripts/mutate.py: the same examples for each mutant.
settings.register_profile("mutants", settings.get_profile("surge"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "surge"))
