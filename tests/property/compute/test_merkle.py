"""The receipt tree against the recursive definition of RFC 6962, and proofs that admit nothing else."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surge.model.digest import keccak
from surge.settle.merkle import EMPTY_ROOT, Frontier, prove, root_of, verify

leaf = st.binary(min_size=32, max_size=32)
leaves = st.lists(leaf, max_size=40)


def definition(items: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not items:
        return EMPTY_ROOT
    if len(items) == 1:
        return keccak(b"\x00" + items[0])
    k = 1 << (len(items) - 1).bit_length() - 1
    return keccak(b"\x01" + definition(items[:k]) + definition(items[k:]))


@given(leaves)
def test_the_root_is_the_definitions(items: list[bytes]) -> None:
    assert root_of(items) == definition(items)


@given(leaves, st.data())
def test_a_stored_frontier_resumes(items: list[bytes], draw: st.DataObject) -> None:
    cut = draw.draw(st.integers(0, len(items)))
    before = Frontier.of(items[:cut])
    assert before.root == definition(items[:cut])
    tree = Frontier(before.size, before.peaks)
    for item in items[cut:]:
        tree.append(item)
    assert (tree.size, tree.root) == (len(items), definition(items))


@dataclass(frozen=True)
class Proof:
    items: list[bytes]
    index: int

    @property
    def path(self) -> list[bytes]:
        return prove(self.items, self.index)


@st.composite
def proofs(draw: st.DrawFn) -> Proof:
    items = draw(st.lists(leaf, min_size=1, max_size=40, unique=True))
    return Proof(items, draw(st.integers(0, len(items) - 1)))


@given(proofs())
def test_every_leaf_is_proven(proof: Proof) -> None:
    items, index = proof.items, proof.index
    assert verify(items[index], index, len(items), proof.path, root_of(items))
    assert len(proof.path) <= (len(items) - 1).bit_length()


@given(proofs(), st.data())
def test_a_flipped_bit_anywhere_fails(proof: Proof, draw: st.DataObject) -> None:
    words = [proof.items[proof.index], root_of(proof.items), *proof.path]
    which = draw.draw(st.integers(0, len(words) - 1))
    bit = draw.draw(st.integers(0, 255))
    words[which] = (int.from_bytes(words[which], "big") ^ 1 << bit).to_bytes(32, "big")
    changed, root, *path = words
    assert not verify(changed, proof.index, len(proof.items), path, root)


@given(proofs(), st.integers(-2, 45), leaf)
def test_a_leaf_stands_at_one_place_only(proof: Proof, other: int, extra: bytes) -> None:
    items, index, path, root = proof.items, proof.index, proof.path, root_of(proof.items)
    if other != index:
        assert not verify(items[index], other, len(items), path, root)
    assert not verify(items[index], index, len(items), [*path, extra], root)
    assert not verify(items[index], index, len(items), path[:-1], root) or not path


def test_a_node_does_not_pass_for_a_leaf() -> None:
    left, right = bytes([1]) * 32, bytes([2]) * 32
    inner = keccak(b"\x00" + left) + keccak(b"\x00" + right)
    assert not verify(keccak(b"\x01" + inner), 0, 1, [], root_of([left, right]))
    with pytest.raises(ValueError, match="32 bytes"):
        root_of([inner])


def test_what_is_no_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="full subtrees"):
        Frontier(3, [EMPTY_ROOT])
    with pytest.raises(ValueError, match="full subtrees"):
        Frontier(-1, [EMPTY_ROOT])
    with pytest.raises(IndexError, match="leaf 1 of a tree of 1"):
        prove([EMPTY_ROOT], 1)
    assert not verify(b"short", 0, 1, [], EMPTY_ROOT)
    assert not verify(EMPTY_ROOT, 0, 0, [], EMPTY_ROOT)
