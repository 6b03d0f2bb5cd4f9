"""Bytes and round trips over a link on this machine, against a plain TCP socket in the same run.

    python benchmarks/transfer.py        writes benchmarks/results/transfer.json

One way: parts of 1 MiB to another process, until it has acknowledged all. Round trip: a message of a
few bytes there and back. Each row is the median of ROUNDS runs. A link encrypts and authenticates,
and can't win against TCP on loopback; the rows say by how much it loses.
"""

import asyncio
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import iroh.iroh_ffi as binding

from surge.net.endpoint import Endpoint
from surge.net.errors import LinkClosed
from surge.net.link import Link
from surge.net.messages import SESSION_LIMIT, PutBlob, VoucherAccepted

RESULT = Path(__file__).parent / "results" / "transfer.json"
PART = bytes(1 << 20)
ROUNDS = 5
TRIPS = 500
SLOW_WRITE = binding._UniffiRustBufferBuilder.write


async def link_peer() -> None:
    endpoint = await Endpoint.bind(os.urandom(32))
    print(endpoint.ticket(), flush=True)
    link = await endpoint.accept()
    link.limit = SESSION_LIMIT
    try:
        while True:
            message = await link.receive()
            if not isinstance(message, PutBlob) or message.offset + len(message.part) == message.total:
                await link.send(VoucherAccepted(1))
    except LinkClosed:
        await endpoint.close()


def tcp_peer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as stream:
        while header := stream.read(4):
            size = int.from_bytes(header, "little")
            while size:
                size -= len(stream.read(min(size, 1 << 20)))
            connection.sendall(b"\1")


async def link_send(link: Link, parts: int) -> float:
    start = time.perf_counter()
    total = parts * len(PART)
    for index in range(parts):
        await link.send(PutBlob(b"d" * 32, total, index * len(PART), PART))
    await link.receive()
    return total / (1 << 20) / (time.perf_counter() - start)


async def link_trips(link: Link) -> float:
    start = time.perf_counter()
    for _ in range(TRIPS):
        await link.send(VoucherAccepted(1))
        await link.receive()
    return (time.perf_counter() - start) / TRIPS * 1e6


def tcp_send(connection: socket.socket, parts: int) -> float:
    start = time.perf_counter()
    connection.sendall((parts * len(PART)).to_bytes(4, "little"))
    for _ in range(parts):
        connection.sendall(PART)
    connection.recv(1)
    return parts * len(PART) / (1 << 20) / (time.perf_counter() - start)


def tcp_trips(connection: socket.socket) -> float:
    start = time.perf_counter()
    for _ in range(TRIPS):
        connection.sendall(b"\4\0\0\0ping")
        connection.recv(1)
    return (time.perf_counter() - start) / TRIPS * 1e6


def peer(kind: str) -> tuple[subprocess.Popen[str], str]:
    child = subprocess.Popen([sys.executable, __file__, kind], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    return child, child.stdout.readline().strip()


async def measure_link() -> dict[str, list[float]]:
    child, ticket = peer("link-peer")
    endpoint = await Endpoint.bind(os.urandom(32))
    link = await endpoint.dial(ticket)
    fast_write = binding._UniffiRustBufferBuilder.write
    figures: dict[str, list[float]] = {"link": [], "link, iroh's own writer": [], "link, trip": []}
    for _ in range(ROUNDS):
        figures["link"].append(await link_send(link, 64))
        binding._UniffiRustBufferBuilder.write = SLOW_WRITE
        figures["link, iroh's own writer"].append(await link_send(link, 4))
        binding._UniffiRustBufferBuilder.write = fast_write
        figures["link, trip"].append(await link_trips(link))
    await link.close()
    await endpoint.close()
    child.wait(timeout=30)
    return figures


def measure_tcp() -> dict[str, list[float]]:
    child, port = peer("tcp-peer")
    figures: dict[str, list[float]] = {"TCP": [], "TCP, trip": []}
    with socket.create_connection(("127.0.0.1", int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(ROUNDS):
            figures["TCP"].append(tcp_send(connection, 64))
            figures["TCP, trip"].append(tcp_trips(connection))
    child.wait(timeout=30)
    return figures


def machine() -> dict[str, object]:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def main() -> None:
    figures = {**asyncio.run(measure_link()), **measure_tcp()}

    def middle(name: str) -> float:
        return round(statistics.median(figures[name]), 1)

    rows = [
        {
            "measure": "one way, 1 MiB parts",
            "unit": "MiB/s",
            "better": "higher",
            "rounds": ROUNDS,
            "link": middle("link"),
            "link_with_original_writer": middle("link, iroh's own writer"),
            "tcp": middle("TCP"),
            "link_over_tcp": round(middle("link") / middle("TCP"), 3),
            "link_over_original": round(middle("link") / middle("link, iroh's own writer"), 1),
        },
        {
            "measure": "round trip of one message",
            "unit": "µs",
            "better": "lower",
            "rounds": ROUNDS,
            "link": middle("link, trip"),
            "tcp": middle("TCP, trip"),
            "link_over_tcp": round(middle("link, trip") / middle("TCP, trip"), 1),
        },
    ]
    RESULT.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(rows, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["link-peer"]:
            asyncio.run(link_peer())
        case ["tcp-peer"]:
            tcp_peer()
        case _:
            main()
