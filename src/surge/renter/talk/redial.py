"""A provider that is called again after its link broke."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from surge.model.errors import ProviderLost, Unavailable
from surge.model.units import Address
from surge.net.errors import LinkClosed
from surge.net.messages import Welcome

RESUME_SECONDS = 15.0


async def redial(
    dial: Callable[[], Awaitable[Welcome]],
    look_up: Callable[[], Awaitable[None]],
    lost: LinkClosed,
    provider: Address,
) -> Welcome:
    """Dial until it answers; `look_up` asks in between where it is. Raises ProviderLost in the end."""
    clock = asyncio.get_running_loop().time
    deadline, pause = clock() + RESUME_SECONDS, 0.1
    while True:
        try:
            return await dial()
        except Unavailable:
            if clock() + pause > deadline:
                raise ProviderLost(f"provider {provider} is gone ({lost}); its work goes elsewhere") from lost
        await asyncio.sleep(pause)
        pause = min(2 * pause, 2.0)
        with suppress(Unavailable):  # the chain may be away too: then where it was last
            await look_up()
