"""For all tests. Its place also puts this folder on the import path, for what tests share."""

from hypothesis import settings

# No deadlines: a slow machine is no defect. A failure prints the blob that reproduces it.
settings.register_profile("surge", deadline=None, print_blob=True)
settings.load_profile("surge")
