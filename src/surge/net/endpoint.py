"""An endpoint: this machine's place in the network, named by its ed25519 key."""

import asyncio
import socket
from collections import Counter
from contextlib import suppress

import iroh

from surge.model.errors import BadInput, ProviderLost, SurgeError, Unavailable
from surge.net import fast_buffer
from surge.net.accept import PREAMBLE, Acceptor
from surge.net.link import Link
from surge.net.ticket import read_ticket, write_ticket

ALPN = b"surge/1"
_CLOSE_SECONDS = 1.0
_RELAY_SECONDS = 5.0


class Endpoint:
    """Dials and accepts links. Use it from the event loop that bound it; any thread's loop will do."""

    def __init__(self, raw: iroh.Endpoint, *, loopback: bool) -> None:
        self.id: bytes = raw.id().to_bytes()
        self._raw = raw
        self._loopback = loopback
        self._acceptor: Acceptor | None = None

    @classmethod
    async def bind(cls, secret: bytes, loopback: bool = True) -> "Endpoint":
        """`secret` is the ed25519 seed (32 bytes). Raises BadInput, or Unavailable if no port is free.

        loopback: sockets on 127.0.0.1 and ::1 only, no relay, no discovery by DNS. Otherwise iroh's
        relays, discovery and hole punching; this waits up to 5 s for a relay to be part of the ticket,
        and goes on with the direct addresses if there is none.

        Warning: iroh 1.2.0 asks the local network for a UPnP router once at every bind (a multicast to
        239.255.255.250:1900), even then; its Python binding can't switch that off. It carries no
        address or key of ours.
        """
        if len(secret) != 32:
            raise BadInput(f"an endpoint's secret has 32 bytes, this one {len(secret)}; create a new key")
        fast_buffer.install()
        preset = _Loopback() if loopback else iroh.preset_n0()
        options = iroh.EndpointOptions(preset=preset, secret_key=secret, alpns=[ALPN])
        try:
            raw = await iroh.Endpoint.bind(options)
        except iroh.IrohError as error:
            raise Unavailable(f"no endpoint can be bound ({error.message()}); free a UDP port") from error
        if not loopback:
            with suppress(TimeoutError):
                async with asyncio.timeout(_RELAY_SECONDS):
                    await raw.online()
        return cls(raw, loopback=loopback)

    def ticket(self) -> str:
        """Id and addresses, at most 1024 characters: all that a stranger needs to dial."""
        return write_ticket(self._raw.addr(), loopback=self._loopback)

    @property
    def dropped(self) -> Counter[str]:
        """How many incoming connections were turned away, by reason."""
        return Counter() if self._acceptor is None else self._acceptor.dropped

    async def reaches(self, ticket: str, timeout: float) -> bool:
        """Whether somebody answers a dial."""
        try:
            link = await self.dial(ticket, timeout)
        except SurgeError:
            return False
        await link.close()
        return True

    async def dial(self, ticket: str, timeout: float = 10.0) -> Link:
        """`timeout` in seconds. Raises BadInput for what is no ticket, ProviderLost if nobody answers."""
        address = read_ticket(ticket, loopback=self._loopback)
        name = address.id().to_bytes().hex()[:10]
        try:
            async with asyncio.timeout(timeout):
                connection = await self._raw.connect(address, ALPN)
                stream = await connection.open_bi()
                await stream.send().write_all(PREAMBLE)
        except TimeoutError as error:
            raise ProviderLost(
                f"endpoint {name} did not answer within {timeout:g} s; try again or choose another provider"
            ) from error
        except iroh.IrohError as error:
            raise ProviderLost(
                f"endpoint {name} can't be reached ({error.message()}); try again or choose another provider"
            ) from error
        return Link(connection, stream)

    async def accept(self) -> Link:
        """The next link that a stranger opened. Failed handshakes are dropped and counted, never raised.
        Raises LinkClosed once the endpoint is closed."""
        if self._acceptor is None:
            self._acceptor = Acceptor(self._raw)
        return await self._acceptor.next()

    async def close(self) -> None:
        """Hang up everything. Close the links first where the last messages must arrive."""
        if self._acceptor is not None:
            await self._acceptor.close()
        with suppress(TimeoutError):  # iroh would wait 3 s for peers that don't answer
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._raw.close()


class _Loopback(iroh.Preset):
    """Nothing listens beyond this machine. (The option `bind_addr` alone leaves IPv6 on all interfaces.)"""

    def apply(self, builder: iroh.EndpointBuilder) -> None:
        builder.apply_minimal()
        builder.relay_mode(iroh.RelayMode.disabled())
        builder.bind_addr("127.0.0.1:0")
        if _has_ipv6_loopback():
            builder.bind_addr("[::1]:0")


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
