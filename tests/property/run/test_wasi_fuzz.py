"""Whatever a guest passes to the host, each call ends in an errno, or in an end that is an outcome."""

import ctypes
import random

from hypothesis import given
from hypothesis import strategies as st

from surge.run.wasi import abi
from surge.run.wasi.calls import Wasi
from surge.run.wasi.files import MAX_BYTES, MAX_FILES, Tree
from surge.run.wasi.memory import GuestMemory
from surge.run.wasi.world import CALL_FUEL, MAX_HANDLES, Exited, Handle, OutOfFuel, World

SIZE = 1 << 16
FUEL = 10**13
CALLS = 500
"""For each of the 100 seeds of `make test`, and of the 2,000 of `make nightly`: a million."""


class Flat(GuestMemory):
    """A memory that no engine made."""

    def __init__(self, content: bytes) -> None:
        self._buffer = ctypes.create_string_buffer(content.ljust(SIZE, b"\0"), SIZE)
        self.address, self.size = ctypes.addressof(self._buffer), SIZE

    def refresh(self) -> int:
        return self.size


class Meter:
    def __init__(self) -> None:
        self.left = FUEL

    def get(self) -> int:
        return self.left

    def set(self, fuel: int) -> None:
        assert fuel >= 0
        self.left = fuel


EDGES = [0, 1, 2, 3, 4, 5, 8, 16, 64, 255, 1024, 1025, 4096, SIZE - 8, SIZE - 1, SIZE, 2**31 - 1]
FAR = [2**40, 2**62, 2**63 - 1, -(2**63)]
TEXTS = [b"tmp/a", b"a", b"in", b"in/b", b"..", b"/", b"a/b/c", b"\xff", b"a\0b", b"x" * 300]
ENDING = ("fd_close", "fd_renumber")
NAMES = sorted(abi.SIGNATURES)


def chosen(draw: random.Random, kind: str) -> int:
    """An argument: small, at an edge, or anything."""
    bits = 32 if kind == abi.I32 else 64
    many = draw.random()
    if many < 0.5:
        return draw.randrange(8)
    if many < 0.9:
        return draw.choice(EDGES if bits == 32 else [*EDGES, *FAR]) * draw.choice([1, 1, 1, -1]) % 2**bits - (
            2 ** (bits - 1) if draw.random() < 0.1 else 0
        )
    return draw.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1))


def filled(draw: random.Random) -> tuple[bytes, list[tuple[int, int]]]:
    """A memory's beginning, and places of what lies in it: vectors by their number, paths by their length."""
    content, places = b"", []
    for _ in range(40):
        vector = abi.IOVEC.pack(draw.choice([0, 64, 4096, SIZE - 8, SIZE]), draw.choice(EDGES))
        part, size = draw.choice([(vector, 1), (vector * 3, 3), *((text, len(text)) for text in TEXTS)])
        places.append((len(content), size))
        content += part
    return content, places


def called(draw: random.Random, places: list[tuple[int, int]]) -> tuple[str, list[int]]:
    name = draw.choice(NAMES)
    if name in ENDING and draw.random() < 0.95:
        name = draw.choice(NAMES)
    kinds = abi.SIGNATURES[name]
    values = [chosen(draw, kind) for kind in kinds]
    at = 1
    while at < len(kinds) - 1:
        if kinds[at : at + 2] == "ii" and draw.random() < 0.6:
            values[at : at + 2] = draw.choice(places)
            at += 1
        at += 1
    if values and draw.random() < 0.9:
        values[0] = 3 if name.startswith("path") else draw.randrange(8)
    return name, values


@given(st.integers(0, 2**64))
def test_every_call_ends_well(seed: int) -> None:
    draw = random.Random(seed)
    content, places = filled(draw)
    meter, wasi = Meter(), Wasi()
    tree = Tree(
        lambda: {"usr/lib/x": b"text"}, {"tmp": None, "tmp/a": b"abc", "in": None, "in/b": b"b" * 999}
    )
    wasi.world = World(
        tree, (b"command", b"x"), (b"HOME=/tmp",), b"input", fuel_left=meter.get, set_fuel=meter.set
    )
    wasi.memory = Flat(content)
    for path in ("tmp/a", "in/b", "in"):
        wasi.world.open(Handle(path, tree.body(path), writable=path == "tmp/a"))
    functions = wasi.functions()
    for _ in range(CALLS):
        name, values = called(draw, places)
        before = meter.left
        try:
            errno = functions[name](*values)
        except Exited:
            assert name == "proc_exit"
            continue
        except OutOfFuel:
            assert meter.left == 0
            return
        assert type(errno) is int
        assert 0 <= errno < 77
        assert meter.left <= before - CALL_FUEL
        assert len(wasi.world.handles) <= MAX_HANDLES
        assert len(tree.own) <= MAX_FILES
        assert sum(len(body) for body in tree.own.values() if body is not None) <= tree.used <= MAX_BYTES
