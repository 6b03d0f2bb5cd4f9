"""Keys that a provider chose: a table of those that collide takes quadratic time.

The hashes of texts and bytes are salted here, those of numbers and of what is made of them are known to
everybody. So many keys are put into tables as Python's own are built, until it is sure that this is quick.
"""

from operator import eq
from typing import Any

from surge.model.errors import Distrusted

MAX_SAME_HASH = 64
FEW = 1 << 13
"""Keys whose table is built in time, however they were chosen."""
MAX_STEPS = 64
"""In a table, for each key: twice what multiples of 2⁴⁴ take, the worst of those that nobody chose."""
_NEXT = 9
"""Places that a set looks at, each behind the last, before it jumps."""
_WORD = (1 << 64) - 1


def hashable(keys: list[Any], in_set: bool = False) -> list[Any]:
    """The keys. Raises Distrusted for those that were chosen to collide."""
    if len(keys) <= MAX_SAME_HASH:
        return keys
    if set(map(type, keys)) <= {str, bytes}:
        return keys
    hashes = list(map(hash, keys))
    ordered = sorted(hashes)
    if any(map(eq, ordered, ordered[MAX_SAME_HASH:])):
        raise _chosen()
    if len(keys) > FEW:
        slots, larger = 2 * FEW, 2 if in_set else 1  # tables that keys may get which would do with less
        while larger >= 0:
            most = slots * 2 // 3
            _fill(hashes[:most], slots, _NEXT if in_set else 0)
            larger -= len(hashes) <= most
            slots *= 2
    return keys


def _fill(hashes: list[int], slots: int, near: int) -> None:
    """As CPython's dicts (near: 0) and sets do. Raises Distrusted where it takes too many steps."""
    table, mask = bytearray(slots + near), slots - 1
    left = MAX_STEPS * len(hashes)
    for one in hashes:
        at, rest = one & mask, one & _WORD
        while table[at]:
            if near and at + near <= mask and (free := table.find(0, at, at + near + 1)) >= 0:
                at = free
                break
            left -= 1
            if left < 0:
                raise _chosen()
            rest >>= 5
            at = (at * 5 + rest + 1) & mask
        table[at] = 1


def _chosen() -> Distrusted:
    return Distrusted("the answer holds keys that were chosen to collide; ask another provider")
