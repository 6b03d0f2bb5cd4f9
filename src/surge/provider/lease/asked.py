"""What a renter's messages ask for, as the work that it is."""

from surge.model.task import ImageSpec, Limits, Task
from surge.model.units import Bytes, Fuel
from surge.net.messages import PrepareImage, RunChunk


def spec_of(request: PrepareImage) -> ImageSpec:
    return ImageSpec(request.runtime, request.runtime_digest, tuple(request.modules), request.module)


def limits_of(request: RunChunk) -> Limits:
    return Limits(Fuel(request.fuel), Bytes(request.memory), Bytes(request.output))


def tasks_of(request: RunChunk) -> tuple[Task, ...]:
    limits = limits_of(request)
    named = [tuple(names) for names in request.blobs] or [()] * len(request.inputs)
    given = zip(request.inputs, request.seeds, named, strict=True)
    return tuple(Task(request.code, each, seed, limits, names) for each, seed, names in given)
