"""Estimators with fields changed at random: what is still built may say anything of rows, but neither ends
the process nor takes memory out of proportion. In a process of its own, whose allocator looks at itself."""

import os
import random
import resource
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from places import ROOT

ROUNDS = 60
"""Changes of each estimator."""
MEMORY = 4 << 30
REFUSALS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Of rows, by an estimator that is none; MemoryError isn't one."""


def changed(value: Any, dice: random.Random) -> Any:
    """A value with something else in it."""
    if isinstance(value, np.ndarray) and value.size and dice.random() < 0.7:
        value = value.copy()
        if dice.random() < 0.3:
            return value.reshape(-1)[: dice.randrange(value.size)]
        if value.dtype.kind in "iuf":
            far = dice.choice([-1, 0, 1, 2, 10**6, 2**31 - 1])
            value.reshape(-1)[dice.randrange(value.size)] = far
        elif value.dtype.kind == "O":
            at = dice.randrange(value.size)
            value.reshape(-1)[at] = changed(value.reshape(-1)[at], dice)
        return value
    if type(value) is dict and value:
        key = dice.choice([*value])
        return {**value, key: changed(value[key], dice)}
    if type(value) in (list, tuple) and value:
        at = dice.randrange(len(value))
        return type(value)([*value[:at], changed(value[at], dice), *value[at + 1 :]])
    others = [
        None,
        True,
        -1,
        0,
        1,
        3,
        10**6,
        0.5,
        "x",
        "linear",
        "rbf",
        "poly",
        np.zeros(3),
        np.zeros((2, 3)),
        [],
    ]
    return dice.choice([x for x in others if not (type(x) is int and type(value) is bool)])


def change(tree: Any, dice: random.Random) -> None:
    """One field of an estimator, or of one within."""
    from forms import fields
    from surge.model.tagged.codec import decode
    from surge.model.tagged.core import ENCODER, Packing

    held = fields(tree)
    name = dice.choice([*held])
    inner = held[name]
    if type(inner) is list and len(inner) == 6 and inner[1] == "fields":
        return change(inner, dice)
    if type(inner) is list and len(inner) > 5 and inner[1] == "sparse":
        at = dice.randrange(3, len(inner))
        inner[at] = Packing().pack(changed(decode(ENCODER.encode(inner[at])), dice))
        return None
    held[name] = Packing().pack(changed(decode(ENCODER.encode(inner)), dice))
    return None


def main(seed: int) -> None:
    from forms import fit, told, tree_of
    from surge.model.errors import SurgeError
    from surge.model.tagged.codec import decode
    from surge.model.tagged.core import DECODER, ENCODER

    sys.path.insert(0, str(Path(__file__).parent))
    from test_honest_encoders import HONEST

    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    dice = random.Random(seed)
    built = 0
    for model, rows in HONEST:
        tree = ENCODER.encode(tree_of(fit(model, rows)))
        for _ in range(ROUNDS):
            other = DECODER.decode(tree)
            change(other, dice)
            with suppress(SurgeError):
                found = decode(ENCODER.encode(other))
                built += 1
                with suppress(*REFUSALS):
                    told(found, rows)
    sys.stdout.write(str(built))


@pytest.mark.parametrize("seed", range(2))
def test_no_change_of_a_field_ends_the_process(seed: int) -> None:
    environ = {**os.environ, "MALLOC_CHECK_": "3", "MALLOC_PERTURB_": "77", "OPENBLAS_NUM_THREADS": "1"}
    environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", __file__, str(seed)],
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout) > ROUNDS  # enough were built to ask


if __name__ == "__main__":
    main(int(sys.argv[1]))
