"""Modules stay small enough to read at once."""

from statistics import median

from .tree import files, name_of

MEDIAN_LIMIT = 120
LIMITS = {".py": 400, ".vy": 600}


def lines(path):
    return len(path.read_text().splitlines())


def test_no_module_is_too_long():
    long = {
        name_of(path): size
        for suffix, limit in LIMITS.items()
        for path in files(suffix)
        if (size := lines(path)) > limit
    }
    assert not long


def test_the_median_module_is_short():
    sizes = [lines(path) for path in files(".py", "src") if path.name != "__init__.py"]
    assert median(sizes) < MEDIAN_LIMIT
