"""What a provider's agent writes to its log."""

import traceback

import structlog

from surge.model.units import LeaseId
from surge.provider.lease.steps import Event, Instruction

log = structlog.get_logger("surge.provider")


def tell(lease: LeaseId, stimulus: int, event: Event, instructions: list[Instruction]) -> None:
    """One event of a lease, by its number, and what follows."""
    chunk: bytes = getattr(getattr(event, "result", event), "chunk", b"")
    log.debug(
        "lease event",
        lease=lease,
        stimulus=stimulus,
        kind=type(event).__name__,
        chunk=chunk.hex(),
        then=[type(getattr(one, "message", one)).__name__ for one in instructions],
    )


def defect(error: BaseException) -> dict[str, str]:
    """What failed and where, without the values of variables: keys may be among them."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return {"reason": repr(error), "where": " < ".join(f"{f.filename}:{f.lineno}" for f in reversed(frames))}
