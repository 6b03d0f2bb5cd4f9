"""Two processes talk over iroh on this machine, and both end at once."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from surge.net.endpoint import Endpoint
from surge.net.messages import SESSION_LIMIT, PutBlob, Sorry

PEER = Path(__file__).parent / "echo_peer.py"
PROVIDER, RENTER = b"\x01" * 32, b"\x02" * 32


def test_messages_cross_between_processes_and_both_end() -> None:
    with subprocess.Popen(
        [sys.executable, PEER, PROVIDER.hex()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as peer:
        assert peer.stdout is not None
        ticket = peer.stdout.readline().strip()

        async def talk() -> None:
            endpoint = await Endpoint.bind(RENTER)
            link = await endpoint.dial(ticket)
            link.limit = SESSION_LIMIT
            for message in (Sorry("busy", "later"), PutBlob(b"d" * 32, 1 << 20, 0, bytes(1 << 20))):
                await link.send(message)
                assert await link.receive() == message
            assert link.rtt_ms() < 1000
            await link.close()
            await endpoint.close()

        asyncio.run(talk())
        hung_up = time.monotonic()
        _, complaints = peer.communicate(timeout=20)
        assert peer.returncode == 0
        assert complaints == ""
        assert time.monotonic() - hung_up < 10
