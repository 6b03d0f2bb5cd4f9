"""Each lease has room of its own for blobs."""

from hypothesis import given
from hypothesis import strategies as st

from surge.provider.blobs import LeaseBlobs


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), max_size=40))
def test_the_room_is_never_exceeded_and_counted_right(puts):
    blobs = LeaseBlobs(room=100)
    for name, size in puts:
        blobs.put(bytes([name]), bytes(size))
        assert blobs.size <= 100
        assert blobs.size == sum(len(blobs.get(bytes([n])) or b"") for n in range(10))
        assert blobs.having([bytes([name])])


def test_the_one_asked_for_longest_ago_goes_first():
    blobs = LeaseBlobs(room=10)
    for name in (b"a", b"b"):
        blobs.put(name, bytes(5))
    assert blobs.get(b"a") is not None
    blobs.put(b"c", bytes(5))
    assert blobs.having([b"a", b"b", b"c"]) == [b"a", b"c"]
