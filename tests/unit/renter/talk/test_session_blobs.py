"""A lease's blobs between a real renter's session and a real agent: over broken links, and a full disk."""

import asyncio

import pytest

from deal import CODE, LIMITS, SPEC, Deal, chunk_of, deal
from surge.model.digest import Blob, blob_digest
from surge.model.task import Task
from surge.net.messages import PutBlob, decode
from surge.renter.talk.bill import ChunkRequest
from surge.store.blobs import BlobStore

BLOB = Blob.of(bytes(range(256)) * 12_000)
"""Of three parts."""


def naming(*numbers: int) -> ChunkRequest:
    tasks = [Task(blob_digest(CODE), b"input %d" % n, n, LIMITS, (BLOB.name,)) for n in numbers]
    return ChunkRequest.of(SPEC, chunk_of(1).image, tasks, len(CODE), blobs={BLOB.name: BLOB})


def parts_sent(d: Deal) -> int:
    messages = [decode(frame, 1 << 21) for way, frame in d.exchange.log if way == "to provider"]
    return sum(isinstance(one, PutBlob) and one.digest == BLOB.name for one in messages)


def billed(d: Deal) -> int:
    """Bytes of blobs in the receipts, on top of what chunks move by themselves."""
    receipts, _ = d.renter_books()
    plain = 20 + len(CODE)  # two numbers of input and output, at most
    return sum(one.moved_bytes // BLOB.size for one in receipts if one.moved_bytes > plain)


@pytest.mark.parametrize("life", [None, *range(4, 16)])
def test_it_is_billed_once_whatever_the_links_do(tmp_path, life):
    async def scenario() -> None:
        async with deal(tmp_path, lives=[] if life is None else [life]) as d:
            await d.prepare()
            await d.run(naming(1), naming(2), naming(3, 4))
            await d.level()
            assert billed(d) == 1
            assert parts_sent(d) >= 3
            if life is None:
                assert parts_sent(d) == 3

    asyncio.run(scenario())


def test_a_provider_that_comes_back_has_it_and_never_bills_it_again(tmp_path):
    async def scenario() -> None:
        async with deal(tmp_path) as d:
            await d.prepare()
            await d.run(naming(1))
            await d.restart()
            await d.run(naming(2))
            await d.level()
            assert billed(d) == 1
            assert parts_sent(d) == 3

    asyncio.run(scenario())


def test_a_blob_that_the_disk_lost_is_declined_and_sent_again(tmp_path):
    async def scenario() -> None:
        async with deal(tmp_path) as d:
            await d.prepare()
            await d.run(naming(1))
            lost = list((tmp_path / "blobs").glob(f"*/{BLOB.name.hex()}"))
            assert len(lost) == 1
            lost[0].unlink()
            await d.session.run(naming(2))
            await d.until(lambda: d.declined)
            assert d.declined[0].code == "no-blob"
            await d.run(naming(2))
            await d.level()
            assert parts_sent(d) == 6

    asyncio.run(scenario())


def test_a_full_disk_ends_the_lease_with_words(tmp_path):
    async def scenario() -> None:
        async with deal(tmp_path) as d:
            d.agent._blobs = BlobStore(tmp_path / "blobs", 4_000_000)  # half of it is less than the blob
            await d.prepare()
            await d.session.run(naming(1))
            with pytest.raises(AssertionError, match=r"no-room.*no room for 2 MiB more; send less"):
                await d.until(lambda: d.delivered)
            assert d.bench.ran == []
            assert billed(d) == 0
            d.ended.clear()

    asyncio.run(scenario())
