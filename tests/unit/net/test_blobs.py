import pytest

from surge.net.blobs import Assembly, blob_digest, parts_of
from surge.net.errors import Malformed
from surge.net.messages import MAX_PART, PutBlob

NAME = blob_digest(b"abcd")


@pytest.mark.parametrize("size", [0, 1, MAX_PART - 1, MAX_PART, MAX_PART + 1, 3 * MAX_PART])
def test_a_blob_is_cut_and_put_together(size: int) -> None:
    content, assembly = b"\x07" * size, Assembly()
    *early, last = parts_of(content)
    assert len(early) == max(0, (size - 1) // MAX_PART)
    assert [assembly.add(part) for part in early] == [None] * len(early)
    assert assembly.add(last) == content
    assert assembly.held == 0


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ([PutBlob(NAME, 4, 2, b"cd")], "before its start"),
        ([PutBlob(NAME, 4, 0, b"ab"), PutBlob(NAME, 4, 3, b"d")], "out of order"),
        ([PutBlob(NAME, 4, 0, b"ab"), PutBlob(NAME, 5, 2, b"cd")], "out of order"),
        ([PutBlob(NAME, 4, 0, b"abcde")], "too long"),
        ([PutBlob(NAME, 4, 0, b"")], "out of order"),
        ([PutBlob(NAME, 4, 0, b"abcx")], "other content"),
        ([PutBlob(NAME, 11, 0, b"a")], "over the cap"),
        ([PutBlob(b"1" * 32, 8, 0, b"a"), PutBlob(NAME, 8, 0, b"a")], "over the cap"),
        ([PutBlob(bytes([n]) * 32, 2, 0, b"a") for n in range(4)], "too many under way"),
    ],
)
def test_parts_against_the_rules_are_malformed_and_forgotten(parts: list[PutBlob], complaint: str) -> None:
    assembly = Assembly(max_total=10, max_open=3, max_held=15)
    *early, last = parts
    for part in early:
        assembly.add(part)
    with pytest.raises(Malformed, match=complaint):
        assembly.add(last)
    assert assembly.add(PutBlob(early[0].digest if early else NAME, 4, 0, b"ab")) is None


def test_offset_zero_starts_again() -> None:
    assembly = Assembly()
    assembly.add(PutBlob(NAME, 4, 0, b"ab"))
    assembly.add(PutBlob(NAME, 4, 0, b"abc"))
    assert assembly.add(PutBlob(NAME, 4, 3, b"d")) == b"abcd"
