"""contracts/ is AGPL-3.0-only (it builds on snekmate), everything else Apache-2.0."""

import re
from importlib.metadata import Distribution, distribution

import pytest
from packaging.requirements import Requirement

from .tree import ROOT, files, name_of

HEADER = "# SPDX-License-Identifier: AGPL-3.0-only"
PRAGMA = "# pragma version 0.4.3"

FREE = re.compile(r"\b(?:MIT|0?BSD|Apache|ISC|PSF|Python Software Foundation|MPL|CC0|Zlib)\b", re.I)
COPYLEFT = re.compile(r"\b[AL]?GPL|Affero|GNU", re.I)


def licence_of(dist: Distribution) -> str:
    """What the metadata says: the expression, else the field, else the classifiers, else the files' names."""
    meta = dist.metadata
    classifiers = [c for c in meta.get_all("Classifier", []) if c.startswith("License ::")]
    field = (meta.get("License") or "").strip()
    candidates = [
        meta.get("License-Expression") or "",
        "" if field.upper() == "UNKNOWN" else field,
        "; ".join(classifiers),
        "; ".join(name.replace("-", " ") for name in meta.get_all("License-File", [])),
    ]
    return next((said for said in candidates if said), "")


def shipped() -> dict[str, Distribution]:
    """The installed packages that Surge needs to run, found from its own metadata (extras left out)."""
    found: dict[str, Distribution] = {}
    wanted = ["surge-computer"]
    while wanted:
        name = wanted.pop().lower().replace("_", "-")
        if name in found:
            continue
        found[name] = distribution(name)
        for line in found[name].requires or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                wanted.append(needed.name)
    del found["surge-computer"]
    return found


@pytest.mark.parametrize("path", files(".vy", "contracts"), ids=name_of)
def test_contracts_say_their_licence_and_compiler(path):
    opening = path.read_text().splitlines()[:5]
    assert HEADER in opening
    assert PRAGMA in opening


def test_licence_texts_are_whole():
    apache = (ROOT / "LICENSE").read_text()
    affero = (ROOT / "contracts" / "LICENSE").read_text()
    assert "Apache License" in apache
    assert "END OF TERMS AND CONDITIONS" in apache
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in affero
    assert "END OF TERMS AND CONDITIONS" in affero


def test_what_is_shipped_with_is_free_and_not_copyleft():
    licences = {name: licence_of(dist) for name, dist in shipped().items()}
    assert {"wasmtime", "iroh", "eth-abi"} <= licences.keys()
    assert {n: said for n, said in licences.items() if not FREE.search(said) or COPYLEFT.search(said)} == {}


def test_what_is_shipped_with_is_not_for_development():
    """The compiler, the contract tests and snekmate stay with the developers."""
    for name in ("vyper", "snekmate", "titanoboa"):
        assert name not in shipped()
