"""Figures in words: times, durations and addresses as a person reads them."""

from datetime import datetime

from surge.model.units import counted

_STEPS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def duration(seconds: int, most: int = 2) -> str:
    """`3725` → "1 hour 2 minutes": the largest parts, `most` at most, rounded down; 0 is "now"."""
    parts = []
    for noun, size in _STEPS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(counted(count, noun))
        if len(parts) == most or (parts and not count):
            break
    return " ".join(parts) or "now"


def moment(seconds: int, exact: bool = False) -> str:
    """Unix seconds → local date and time; of another year the date with the year, the time where it is to be
    `exact`."""
    then = datetime.fromtimestamp(seconds)
    if then.year == datetime.now().year:
        return then.strftime("%d %b %H:%M")
    return then.strftime("%d %b %Y %H:%M" if exact else "%d %b %Y")


def short(address: str) -> str:
    """0x1234567890… → "0x123456…7890"; what isn't an address stays."""
    return f"{address[:8]}…{address[-4:]}" if len(address) == 42 and address.startswith("0x") else address
