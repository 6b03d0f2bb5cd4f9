"""Blobs that renters send: kept on the disk, or refused with a word."""

import asyncio

from surge.model.errors import LimitExceeded
from surge.net.messages import HaveBlobs, Message, PrepareImage, Refusal, RunChunk, Sorry
from surge.provider.lease.asked import spec_of
from surge.provider.lease.steps import BlobArrived
from surge.store.blobs import RenterBlobs


async def keep(blobs: RenterBlobs, name: bytes, content: bytes) -> tuple[BlobArrived | None, Message]:
    """What happened in the lease (nothing, if the blob was here already), and the answer."""
    try:
        new = await asyncio.to_thread(blobs.put, name, content)
    except LimitExceeded as error:
        return None, Sorry(Refusal.NO_ROOM, str(error))
    return BlobArrived(name, len(content)) if new else None, HaveBlobs([name])


def lacks(blobs: RenterBlobs, request: RunChunk | PrepareImage) -> Sorry | None:
    """The refusal of a chunk or image that names a blob which isn't here."""
    if isinstance(request, PrepareImage):
        if not request.module or blobs.having([request.module]):
            return None
        return Sorry(Refusal.NO_BLOB, "send the module before its image", spec_of(request).id)
    named = {name for names in request.blobs for name in names}
    if len(blobs.having(named)) == len(named):  # RunChunk says how many there may be
        return None
    return Sorry(Refusal.NO_BLOB, "a blob of the chunk is not here; send it first", request.chunk)
