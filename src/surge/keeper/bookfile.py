"""The address book's file, read again when somebody has changed it: a running keeper follows its lists."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from surge.chain.network.book import load_book
from surge.model.errors import SurgeError

if TYPE_CHECKING:
    from surge.chain.client import Chain

_log = structlog.get_logger("keeper")

_Stamp = tuple[int, int, int] | None
_UNREAD: _Stamp = (0, 0, 0)


class BookFile:
    """The file at `path`, of the network that it is of now. Raises NoNetwork, CorruptState."""

    def __init__(self, path: Path) -> None:
        self._path, self._stamp = path, _UNREAD
        self._network = replace(load_book(path), credit=None)

    def follow(self, chain: "Chain") -> bool:
        """Let the chain go by the file's lists; whether they have changed. A file that can't be read, or is
        of another network, changes nothing, and is told of once."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            book = load_book(self._path)
        except (SurgeError, OSError) as error:
            _log.warning("the address book is as it was", reason=str(error))
            return False
        if book.credit is None or replace(book, credit=None) != self._network:
            said = "more than its lists has changed; end the keeper, and start it again"
            _log.warning("the address book is as it was", reason=said)
            return False
        if book.credit == chain.book.credit:
            return False
        chain.list_anew(book.credit)
        _log.info("the address book has changed", markets=", ".join(book.credit.markets))
        return True


def _stamp(path: Path) -> _Stamp:
    """What changes with the file's content; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
