# mypy: allow-untyped-defs, allow-untyped-calls
"""Every random stream of a task begins with its seed, also that of a module which the task itself imports."""

import sys

from surge.run.guest import machine

now: list[int] = []
"""The seed of the task that runs; nothing before the first."""


def reseed(seed):
    """Give every random stream of the task its seed, whatever earlier tasks of the chunk drew."""
    now[:] = [seed]
    for name, start in STREAMS.items():
        module = sys.modules.get(name)
        if module is not None:
            start(module)


def _start_random(random):
    random.seed(now[0])


def _start_numpy(random):
    random.seed(now[0] & 0xFFFFFFFF)


STREAMS = {"random": _start_random, "numpy.random": _start_numpy}


def apply_random(random):
    """It has just been imported."""
    machine.apply_random(random)
    if now:
        _start_random(random)


def apply_numpy(random):
    """It has just been imported."""
    if now:
        _start_numpy(random)
