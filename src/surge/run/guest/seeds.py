# mypy: ignore-errors
"""Every random stream of a task begins with its seed, also that of a module which the task itself imports."""

import sys

from surge.run.guest import machine

now = [None]
"""The seed of the task that runs; None before the first."""


def reseed(seed, modules=sys.modules):
    """Give every random stream of the task its seed, whatever earlier tasks of the chunk drew."""
    now[0] = seed
    if "random" in modules:
        modules["random"].seed(seed)
    if "numpy.random" in modules:
        modules["numpy.random"].seed(seed & 0xFFFFFFFF)


def apply_random(random):
    """It has just been imported."""
    machine.apply_random(random)
    if now[0] is not None:
        random.seed(now[0])


def apply_numpy(random):
    """It has just been imported."""
    if now[0] is not None:
        random.seed(now[0] & 0xFFFFFFFF)
