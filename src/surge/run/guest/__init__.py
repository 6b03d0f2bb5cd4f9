"""What runs inside the sandbox: codec, loader, streams. CPython 3.15 without third-party modules."""
