"""One word when the chain is away and one when it is back, however many duties ask it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from surge.model.errors import SurgeError, Unavailable
from surge.provider.journal import defect

log = structlog.get_logger("surge.provider")


class Outage:
    """What the duties share: each tells how its questions to the chain end."""

    def __init__(self) -> None:
        self._since: float | None = None

    def failed(self, what: str, error: SurgeError) -> None:
        """What the chain refuses is told each time; that it does not answer, once, until it does."""
        if not isinstance(error, Unavailable):
            log.warning(f"{what} failed; tried again", reason=str(error))
        elif self._since is None:
            self._since = time.monotonic()
            log.warning("the chain can't be asked; asked again until it answers", reason=str(error))

    @contextmanager
    def guarding(self, what: str) -> Iterator[None]:
        """One turn of a duty: what fails in it is told, and the duty goes on. Money hangs on that."""
        try:
            yield
        except SurgeError as error:
            self.failed(what, error)
        except Exception as error:  # noqa: BLE001 a defect of ours ends no duty
            log.error(f"{what} failed; tried again", **defect(error))

    def answered(self) -> None:
        if self._since is not None:
            log.warning("the chain is back", away_seconds=round(time.monotonic() - self._since))
            self._since = None
