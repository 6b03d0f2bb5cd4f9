"""Figures in words: times, durations and addresses as a person reads them."""

from datetime import datetime

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


def counted(count: int, noun: str) -> str:
    """ "1 lease", "2 leases", "2 sandboxes"."""
    plural = "es" if noun.endswith("x") else "s"
    return f"{count:,} {noun}" + ("" if count == 1 else plural)


def moment(seconds: int) -> str:
    """Unix seconds → local date and time, the year only where it isn't this one."""
    then = datetime.fromtimestamp(seconds)
    return then.strftime("%d %b %H:%M" if then.year == datetime.now().year else "%d %b %Y")


def short(address: str) -> str:
    """0x1234567890… → "0x123456…7890"; what isn't an address stays."""
    return f"{address[:8]}…{address[-4:]}" if len(address) == 42 and address.startswith("0x") else address


def gfuel(fuel: int) -> str:
    """Fuel in units of 1e9, to two decimals, down."""
    return f"{fuel // 10**9:,}.{fuel % 10**9 // 10**7:02d}"
