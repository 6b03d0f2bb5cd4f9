"""The wish that a folder's provider takes no new leases: a file in it, so that it outlives a crash."""

from pathlib import Path

from surge.store.files import write_atomically


class Drain:
    """A provider that finds the wish withdraws its ask, serves its open leases to their end, and stops."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "drain"

    @property
    def wanted(self) -> bool:
        return self._path.exists()

    def want(self) -> None:
        write_atomically(self._path, b"No new leases. Undo it with `surge drain --cancel`.\n")

    def forget(self) -> None:
        """It is done, or was thought better of."""
        self._path.unlink(missing_ok=True)
