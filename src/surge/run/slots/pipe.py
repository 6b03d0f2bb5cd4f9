"""What a pool and its workers say to each other: MessagePack frames over the worker's stdin and stdout."""

import struct
from typing import BinaryIO

import msgspec

from surge.model.task import ImageSpec
from surge.run.wasi.world import StreamName

LENGTH = struct.Struct("<Q")
MAX_FRAME = 1 << 31


class Warm(msgspec.Struct, tag="warm"):
    """Have the interpreter ready (compile it if this machine never did)."""


class MakeImage(msgspec.Struct, tag="image"):
    spec: ImageSpec


class AssignedTask(msgspec.Struct, array_like=True):
    task: bytes
    input: bytes
    seed: int
    blobs: tuple[bytes, ...] | None = None


class RunChunk(msgspec.Struct, tag="run"):
    spec: ImageSpec
    code: bytes
    tasks: list[AssignedTask]
    fuel: int
    memory: int
    output: int
    wall_seconds: float
    watched: bool = False
    blobs: dict[bytes, str] = {}
    """Where those are that the chunk names."""


class Working(msgspec.Struct, tag="working"):
    """Still at it: stage, seconds elapsed, seconds expected."""

    stage: str
    elapsed: float
    expected: float


class Printed(msgspec.Struct, tag="printed"):
    """What task `number` of the chunk wrote to a stream, from `offset` bytes on."""

    number: int
    stream: StreamName
    offset: int
    content: bytes


class Ready(msgspec.Struct, tag="ready"):
    digest: bytes = b""
    fuel: int = 0
    millijoules: int = 0
    measured: bool = False
    layers: tuple[str, ...] = ()
    """What confines the worker."""


class TaskOutcome(msgspec.Struct, array_like=True):
    task: bytes
    status: str
    output: bytes
    fuel: int


class Ran(msgspec.Struct, tag="ran"):
    image: bytes
    outcomes: list[TaskOutcome]
    fuel: int
    millijoules: int
    measured: bool


class Failed(msgspec.Struct, tag="failed"):
    """kind: the name of an error of model.errors."""

    kind: str
    text: str


Request = Warm | MakeImage | RunChunk
Answer = Working | Printed | Ready | Ran | Failed

requests = msgspec.msgpack.Decoder(Request)
answers = msgspec.msgpack.Decoder(Answer)


def write_frame(pipe: BinaryIO, message: Request | Answer) -> None:
    body = msgspec.msgpack.encode(message)
    pipe.write(LENGTH.pack(len(body)) + body)
    pipe.flush()


def read_frame(pipe: BinaryIO) -> bytes | None:
    """One frame's body; None at the end of the pipe."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return pipe.read(LENGTH.unpack(head)[0])
