"""The scheduler's events as plain values and back, so that what a job did can be gone through again."""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from surge.model import errors
from surge.model.errors import CorruptState, SurgeError
from surge.model.trace import Stimulus
from surge.renter.work.steps import (
    Event,
)

_EVENTS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}


def record(event: Event, number: int) -> Stimulus:
    """The event's name and its fields, as JSON values; an error is its kind, its sentence and its fields."""
    fields = msgspec.to_builtins(event, enc_hook=_plain_error)
    return Stimulus(number=number, event=type(event).__name__, fields=fields)


def event_of(name: str, fields: Mapping[str, Any]) -> Event:
    """The event that `record` was given. Raises CorruptState."""
    kind = _EVENTS.get(name)
    if kind is None:
        raise CorruptState(f"{name!r} is no event of a scheduler; its trace is of another version")
    try:
        event: Event = msgspec.convert(fields, kind, dec_hook=_error_of)
    except (msgspec.ValidationError, NotImplementedError) as error:
        raise CorruptState(
            f"a trace's {kind.__name__} can't be read ({error}); move the file away"
        ) from error
    return event


def _plain_error(value: object) -> object:
    if isinstance(value, SurgeError):
        return {"kind": type(value).__name__, "message": str(value), **value.fields}
    raise NotImplementedError(f"{type(value).__name__} has no plain form")


def _error_of(wanted: type[Any], value: Any) -> SurgeError:
    if wanted is not SurgeError or not isinstance(value, dict):
        raise NotImplementedError(f"{wanted.__name__} has no plain form")
    kind = getattr(errors, str(value.get("kind")), SurgeError)
    known = isinstance(kind, type) and issubclass(kind, SurgeError)
    error = (kind if known else SurgeError)(str(value.get("message")))
    error.lease, error.provider = value.get("lease"), value.get("provider")
    error.refusal = value.get("refusal")
    return error
