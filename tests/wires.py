"""Links that break where a test wants, for tests without a network."""

import asyncio
from types import SimpleNamespace

from surge.model.digest import digest
from surge.model.errors import ProviderLost
from surge.net.errors import LinkClosed
from surge.net.messages import decode, encode


class End:
    """One end of a wire."""

    def __init__(self, wire, remote):
        self.remote, self.limit = remote, 4096
        self.inbox = asyncio.Queue()
        self.wire = wire
        self.other = None

    async def send(self, message):
        await asyncio.sleep(0)
        self.wire.carry(self.other, encode(message))

    async def receive(self):
        while True:
            if not self.inbox.empty():
                frame = self.inbox.get_nowait()
                if frame is not None:
                    return decode(frame, self.limit)
            if self.wire.broken:
                raise LinkClosed("the wire broke")
            frame = await self.inbox.get()
            if frame is not None:
                return decode(frame, self.limit)

    def abort(self, reason):
        self.wire.cut()

    async def close(self):
        self.wire.cut()


class Wire:
    """Carries `life` messages, both ways together, and breaks: what has not been received is lost."""

    def __init__(self, renter_id, provider_id, life=None, log=None):
        self.near, self.far = End(self, provider_id), End(self, renter_id)
        self.near.other, self.far.other = self.far, self.near
        self.life, self.broken = life, False
        self.log = log if log is not None else []

    def carry(self, end, frame):
        if self.broken:
            raise LinkClosed("the wire broke")
        if self.life is not None:
            self.life -= 1
            if self.life < 0:
                self.cut()
                raise LinkClosed("the wire broke")
        self.log.append(("to renter" if end is self.near else "to provider", frame))
        end.inbox.put_nowait(frame)

    def cut(self):
        if not self.broken:
            self.broken = True
            for end in (self.near, self.far):
                while not end.inbox.empty():
                    end.inbox.get_nowait()
                end.inbox.put_nowait(None)


class Exchange:
    """Where the renter dials and the provider accepts; `lives` of the wires to come (then they hold)."""

    def __init__(self, lives=()):
        self.renter_id, self.provider_id = digest("test", b"renter"), digest("test", b"provider")
        self.lives = list(lives)
        self.arrivals = asyncio.Queue()
        self.wires = []
        self.log = []
        self.open = True

    @property
    def renter_end(self):
        return SimpleNamespace(id=self.renter_id, dial=self._dial)

    @property
    def provider_end(self):
        return SimpleNamespace(id=self.provider_id, accept=self.arrivals.get)

    async def _dial(self, ticket, timeout=10.0):
        await asyncio.sleep(0)
        if not self.open:
            raise ProviderLost("nobody answers")
        wire = Wire(self.renter_id, self.provider_id, self.lives.pop(0) if self.lives else None, self.log)
        self.wires.append(wire)
        self.arrivals.put_nowait(wire.far)
        return wire.near

    def cut(self):
        for wire in self.wires:
            wire.cut()
        while not self.arrivals.empty():
            self.arrivals.get_nowait()
