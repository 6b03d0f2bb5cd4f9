"""The receipt tree: an append-only keccak Merkle tree in the shape of RFC 6962.

leaf  = keccak(0x00 ‖ 32 bytes)        a receipt's struct hash, or `model.receipt.task_leaf`
node  = keccak(0x01 ‖ left ‖ right)    the left subtree is the largest power of two below the size
empty = 32 zero bytes
"""

from collections.abc import Iterable, Sequence

from surge.model.digest import keccak

EMPTY_ROOT = bytes(32)


def leaf_hash(leaf: bytes) -> bytes:
    """Of 32 bytes; the prefix keeps a leaf from passing for a node."""
    if len(leaf) != 32:
        raise ValueError(f"a leaf has 32 bytes, this one {len(leaf)}")
    return keccak(b"\x00", leaf)


def node_hash(left: bytes, right: bytes) -> bytes:
    return keccak(b"\x01", left, right)


class Frontier:
    """A tree that only grows, kept as the roots of its full subtrees (one for each set bit of `size`).

    `append` and `root` take O(log size) hashes; `Frontier(size, peaks)` resumes a stored one.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self._size = size
        self._peaks = list(peaks)
        if size < 0 or len(self._peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has not {len(self._peaks)} full subtrees")

    @classmethod
    def of(cls, leaves: Iterable[bytes]) -> "Frontier":
        tree = cls()
        for leaf in leaves:
            tree.append(leaf)
        return tree

    @property
    def size(self) -> int:
        """How many leaves there are so far."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """Roots of the full subtrees, largest first: with `size`, all that must be stored."""
        return tuple(self._peaks)

    @property
    def root(self) -> bytes:
        """32 bytes; EMPTY_ROOT before the first leaf."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def append(self, leaf: bytes) -> None:
        """Add 32 bytes on the right."""
        carried = leaf_hash(leaf)
        full = self._size
        while full & 1:
            carried = node_hash(self._peaks.pop(), carried)
            full >>= 1
        self._peaks.append(carried)
        self._size += 1


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Root over 32-byte leaves, in order."""
    return Frontier.of(leaves).root


def prove(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings from leaf `index` up to the root. Raises IndexError outside the tree."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of a tree of {len(leaves)}")
    path: list[bytes] = []
    level = [leaf_hash(leaf) for leaf in leaves]
    while len(level) > 1:
        if (sibling := index ^ 1) < len(level):
            path.append(level[sibling])
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
        index >>= 1
    return path


def verify(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` stands at `index` of the tree of `size` leaves with this root (RFC 9162, 2.1.3.2).

    Never raises: a leaf or sibling of another length, or an index outside the tree, is False.
    """
    if not 0 <= index < size or any(len(part) != 32 for part in (leaf, root, *path)):
        return False
    place, last, seen = index, size - 1, leaf_hash(leaf)
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            seen = node_hash(sibling, seen)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            seen = node_hash(seen, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and seen == root
