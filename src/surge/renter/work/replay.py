"""The scheduler's events as plain values and back, so that what a job did can be gone through again."""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from surge.model import errors
from surge.model.errors import CorruptState, SurgeError
from surge.renter.work.steps import (
    Event,
)

_EVENTS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}


def record(event: Event) -> dict[str, Any]:
    """The event's name and its fields, as JSON values; an error is its kind and its sentence."""
    return {"event": type(event).__name__, "fields": msgspec.to_builtins(event, enc_hook=_error_fields)}


def event_of(recorded: Mapping[str, Any]) -> Event:
    """What `record` was given. Raises CorruptState."""
    kind = _EVENTS.get(str(recorded.get("event")))
    if kind is None:
        raise CorruptState(
            f"{recorded.get('event')!r} is no event of a scheduler; its trace is of another version"
        )
    try:
        event: Event = msgspec.convert(recorded.get("fields"), kind, dec_hook=_error_of)
    except msgspec.ValidationError as error:
        raise CorruptState(
            f"a trace's {kind.__name__} can't be read ({error}); move the file away"
        ) from error
    return event


def _error_fields(value: object) -> object:
    if isinstance(value, SurgeError):
        return {"kind": type(value).__name__, "message": str(value)}
    raise NotImplementedError(f"{type(value).__name__} has no plain form")


def _error_of(wanted: type[Any], value: Any) -> SurgeError:
    if wanted is not SurgeError or not isinstance(value, dict):
        raise NotImplementedError(f"{wanted.__name__} has no plain form")
    kind = getattr(errors, str(value.get("kind")), SurgeError)
    known = isinstance(kind, type) and issubclass(kind, SurgeError)
    return (kind if known else SurgeError)(str(value.get("message")))
