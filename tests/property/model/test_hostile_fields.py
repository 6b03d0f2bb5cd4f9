"""Whatever a provider changes in an estimator, a matrix or a generator: it is refused, or can be used.

"Used" runs in a child, because a hole would end the process: then the child's end fails the test.
"""

import subprocess
import sys

import pytest

from places import SRC

CHILD = """
import os, random, resource, sys, warnings
sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")
import numpy as np, scipy.sparse as sp
from sklearn.cluster import KMeans
from sklearn.ensemble import *
from sklearn.neighbors import *
from sklearn.tree import DecisionTreeClassifier
from surge.model.errors import SurgeError
from surge.model.tagged.codec import decode
from surge.model.tagged.core import DECODER, ENCODER, Marker
from surge.run.guest import entry
from surge.run.guest.tagged import core as tagged

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
ROWS, LABELS = np.random.default_rng(0).random((30, 3)), np.arange(30) % 3
NUMBERS = [0, 1, -1, 2, 3, 4, 40, 10**6, 2**31 - 1, -(2**31), 2**63 - 1]

def spots(tree, found):
    if isinstance(tree, list):
        for at, x in enumerate(tree):
            if not isinstance(x, Marker):
                found.append((tree, at))
                spots(x, found)
    elif isinstance(tree, dict):
        for key in tree:
            found.append((tree, key))
            spots(tree[key], found)
    return found

def change(tree, dice):
    found = spots(tree, [])
    numbers = [(box, at) for box, at in found if type(box[at]) is int]
    box, at = dice.choice(numbers if numbers and dice.random() < 0.5 else found)
    held = box[at]
    if isinstance(held, int):
        box[at] = dice.choice([held + 1, held - 1, *NUMBERS])
    elif isinstance(held, bytes) and held:
        width = dice.choice([1, 4, 8])
        start = dice.randrange(0, max(1, len(held) // width)) * width
        word = (dice.choice(NUMBERS) & (256**width - 1)).to_bytes(width, "little")
        box[at] = (held[:start] + word + held[start + width:])[:len(held)]
    elif isinstance(held, list) and len(held) > 1:
        held.append(held[-1]) if dice.random() < 0.5 else held.pop()
    elif isinstance(box, dict):
        del box[at]

made = {
    "tree": DecisionTreeClassifier(max_depth=3).fit(ROWS, LABELS),
    "forest": RandomForestClassifier(2, max_depth=2).fit(ROWS, LABELS),
    "boosting": GradientBoostingClassifier(n_estimators=2, max_depth=2).fit(ROWS, LABELS),
    "histogram": HistGradientBoostingRegressor(max_iter=2, min_samples_leaf=5).fit(ROWS, LABELS),
    "neighbours": KNeighborsClassifier(algorithm="brute").fit(ROWS, LABELS),
    "centres": KMeans(2, n_init=1).fit(ROWS),
    "sparse": sp.csr_array(np.eye(3)),
    "generator": np.random.Generator(np.random.MT19937(1)),
}
content = tagged.encode(made[sys.argv[2]])
used = refused = 0
for seed in range(int(sys.argv[3])):
    tree = DECODER.decode(content)
    change(tree, random.Random(seed))
    try:
        value = decode(ENCODER.encode(tree))
    except SurgeError:
        refused += 1
        continue
    used += 1
    for use in ("predict", "predict_proba", "decision_path", "apply", "kneighbors_graph", "random", "dot"):
        if hasattr(value, use):
            given = 700 if use == "random" else np.ones(3) if use == "dot" else ROWS
            try:
                getattr(value, use)(given)
            except Exception:
                pass
print(used, refused, file=sys.stderr)
os._exit(0 if used and refused else 3)
"""


@pytest.mark.parametrize(
    "name", ["tree", "forest", "boosting", "histogram", "neighbours", "centres", "sparse", "generator"]
)
def test_changed_fields_do_no_harm(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(SRC), name, "150"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
