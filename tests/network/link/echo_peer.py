"""A provider's end in a process of its own: prints its ticket, answers each message with itself."""

import asyncio
import sys

from surge.net.endpoint import Endpoint
from surge.net.errors import LinkClosed
from surge.net.messages import SESSION_LIMIT


async def serve() -> None:
    endpoint = await Endpoint.bind(bytes.fromhex(sys.argv[1]))
    sys.stdout.write(endpoint.ticket() + "\n")
    sys.stdout.flush()
    link = await endpoint.accept()
    link.limit = SESSION_LIMIT
    try:
        while True:
            await link.send(await link.receive())
    except LinkClosed:
        await link.close()
        await endpoint.close()


if __name__ == "__main__":
    asyncio.run(serve())
