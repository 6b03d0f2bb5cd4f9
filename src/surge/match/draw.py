"""Which ask a random number draws from a class: by its slots. Integer twin of contracts/compute/draw.vy.

An ask of 2ⁿ slots has 2ⁿ places, one between two powers those of the lower, and one of 128 and more has 128.
So a provider that splits its slots over several asks is drawn as often as with one, up to the rounding.
"""

from collections.abc import Sequence

LARGEST = 7
"""Asks of 128 slots and more are of this size."""


def size_of(slots: int) -> int:
    """0 for one slot, one more for each doubling, at most LARGEST."""
    return min(slots.bit_length() - 1, LARGEST)


def places_of(slots: int) -> int:
    """How often it is drawn, against an ask of one slot."""
    return 1 << size_of(slots)


def counts_from(word: int) -> list[int]:
    """How many asks of each size there are, the smallest first, in the Registry's word of a class."""
    return [word >> 32 * (LARGEST - size) & 2**32 - 1 for size in range(LARGEST + 1)]


def drawn(counts: Sequence[int], number: int) -> tuple[int, int] | None:
    """Size and index (among those of the size) of the ask; None in an empty class."""
    weight = sum(count << size for size, count in enumerate(counts))
    if not weight:
        return None
    place, size = number % weight, LARGEST
    while place >= counts[size] << size:
        place -= counts[size] << size
        size -= 1
    return size, place >> size
