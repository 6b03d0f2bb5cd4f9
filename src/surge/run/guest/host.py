# mypy: ignore-errors
"""Messages to the host, besides those of the loop in driver.py."""


def fetch(name):
    """The content of a blob that the chunk names."""
    import _host

    return _host.call(b"B" + name)


def end(output):
    """A task's outcome, and no more of it."""
    import sys

    import _host

    _host.call(b"R" + output)
    sys.exit(0)
