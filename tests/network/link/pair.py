"""Two endpoints of this machine with a link between them."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from surge.net.endpoint import Endpoint
from surge.net.link import Link
from surge.net.messages import SESSION_LIMIT


@asynccontextmanager
async def endpoints() -> AsyncIterator[tuple[Endpoint, Endpoint]]:
    """(renter's, provider's); both closed at the end."""
    renter, provider = await Endpoint.bind(os.urandom(32)), await Endpoint.bind(os.urandom(32))
    try:
        yield renter, provider
    finally:
        await renter.close()
        await provider.close()


async def connect(renter: Endpoint, provider: Endpoint) -> tuple[Link, Link]:
    """The two ends of one link, past the opening."""
    accepting = asyncio.ensure_future(provider.accept())
    near = await renter.dial(provider.ticket())
    far = await accepting
    near.limit = far.limit = SESSION_LIMIT
    return near, far


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[Link, Link]]:
    async with endpoints() as (renter, provider):
        near, far = await connect(renter, provider)
        try:
            yield near, far
        finally:
            await near.close()
            await far.close()
