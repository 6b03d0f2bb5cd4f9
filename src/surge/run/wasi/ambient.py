"""The calls of WASI that need no file: arguments, clock, randomness, waiting, the end."""

from surge.run.wasi import abi
from surge.run.wasi.memory import GuestMemory
from surge.run.wasi.world import CLOCK_START, ITEM_FUEL, Exited, World

MAX_SUBSCRIPTIONS = 1024
MAX_TRANSFER = 16 << 20
"""Bytes that one call moves at most; a longer read or write comes back short, as POSIX allows."""


class Ambient:
    """Methods with WASI's names, over the guest that is running."""

    world: World
    memory: GuestMemory

    def _sizes(self, items: tuple[bytes, ...], count_at: int, size_at: int) -> int:
        self.world.charge(ITEM_FUEL * len(items) // 8)
        self.memory.write(count_at, abi.U32.pack(len(items)))
        self.memory.write(size_at, abi.U32.pack(sum(len(i) + 1 for i in items)))
        return 0

    def _strings(self, items: tuple[bytes, ...], pointers_at: int, text_at: int) -> int:
        for n, item in enumerate(items):
            self.world.charge(ITEM_FUEL + len(item))
            self.memory.write(pointers_at + 4 * n, abi.U32.pack(text_at & 0xFFFFFFFF))
            self.memory.write(text_at, item + b"\0")
            text_at += len(item) + 1
        return 0

    def args_sizes_get(self, count_at: int, size_at: int) -> int:
        return self._sizes(self.world.args, count_at, size_at)

    def args_get(self, pointers_at: int, text_at: int) -> int:
        return self._strings(self.world.args, pointers_at, text_at)

    def environ_sizes_get(self, count_at: int, size_at: int) -> int:
        return self._sizes(self.world.environ, count_at, size_at)

    def environ_get(self, pointers_at: int, text_at: int) -> int:
        return self._strings(self.world.environ, pointers_at, text_at)

    def clock_res_get(self, _clock: int, at: int) -> int:
        self.memory.write(at, abi.U64.pack(1))
        return 0

    def clock_time_get(self, clock: int, _precision: int, at: int) -> int:
        now = self.world.now()
        self.memory.write(at, abi.U64.pack(now if clock == abi.CLOCK_REALTIME else now - CLOCK_START))
        return 0

    def random_get(self, at: int, length: int) -> int:
        if not 0 <= length <= MAX_TRANSFER:
            return abi.EINVAL
        self.world.charge(length)
        self.memory.check(at, length)
        self.memory.write(at, self.world.random(length))
        return 0

    def poll_oneoff(self, subscriptions_at: int, events_at: int, count: int, ready_at: int) -> int:
        """A wait ends at once: the clock moves on by the shortest one; files are always ready."""
        if not 0 < count <= MAX_SUBSCRIPTIONS:
            return abi.EINVAL
        self.world.charge(ITEM_FUEL * count)
        waits = []
        for n in range(count):
            raw = self.memory.read(subscriptions_at + 48 * n, 48)
            word, tag, clock, timeout, _, flags = abi.SUBSCRIPTION.unpack(raw)
            wait = 0
            if tag == abi.EVENT_CLOCK:
                now = self.world.clock - (0 if clock == abi.CLOCK_REALTIME else CLOCK_START)
                wait = max(0, timeout - now) if flags & abi.ABSOLUTE_TIME else timeout
            waits.append((wait, word, tag))
        shortest = min(wait for wait, _, _ in waits)
        self.world.clock = min(self.world.clock + shortest, 2**63 - 1)
        ready = [(word, tag) for wait, word, tag in waits if wait <= shortest]
        for n, (word, tag) in enumerate(ready):
            self.memory.write(events_at + 32 * n, abi.EVENT.pack(word, 0, tag))
        self.memory.write(ready_at, abi.U32.pack(len(ready)))
        return 0

    def sched_yield(self) -> int:
        return 0

    def proc_exit(self, code: int) -> None:
        raise Exited(code & 0xFFFFFFFF)
