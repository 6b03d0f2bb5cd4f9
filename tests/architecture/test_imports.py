"""Imports point downwards only, in Python and in Vyper."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from importlinter.cli import lint_imports

from .tree import ROOT, files, name_of

SRC = ROOT / "src" / "surge"
CONTRACTS = ROOT / "contracts"

# compute and credit share modules of token/; neither reads the other. Nothing reads local/.
FORBIDDEN = {
    "compute": {"credit", "local"},
    "credit": {"compute", "local"},
    "token": {"compute", "credit", "local"},
    "credit/lending": {"vault", "compose", "exchange", "oracles", "rates"},
    "credit/rates": {"vault", "compose", "exchange", "oracles"},
    "credit/oracles": {"vault", "compose", "rates"},
    "credit/exchange": {"vault", "compose", "oracles", "rates", "lending"},
    "credit/vault": {"compose", "exchange", "oracles", "rates"},
}

_VYPER_IMPORT = re.compile(r"^(?:from\s+(?P<source>[.\w]+)\s+)?import\s+(?P<names>[.\w]+)", re.MULTILINE)


def rooms_reached(source: str) -> set[str]:
    """Words of the modules that a contract imports."""
    reached: set[str] = set()
    for match in _VYPER_IMPORT.finditer(source):
        reached.update(f"{match['source'] or ''}.{match['names']}".split("."))
    return reached - {""}


def forbidden(contract: Path) -> set[str]:
    """What a contract may not import, for its room and for its floor."""
    folders = contract.relative_to(CONTRACTS).parts[:-1]
    return FORBIDDEN.get(folders[0], set()) | FORBIDDEN.get("/".join(folders[:2]), set())


def _declared_rooms(layers: Iterable[str]) -> set[str]:
    return {room.strip() for layer in layers for room in layer.split("|")}


def test_import_linter_keeps_every_contract(capsys, monkeypatch):
    # It would configure logging anew, and so silence every logger that other tests listen to.
    monkeypatch.setattr("importlinter.cli.logging_config.dictConfig", lambda settings: None)
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


def test_every_room_has_a_layer():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = config["tool"]["importlinter"]["contracts"]
    layered = next(
        _declared_rooms(c["layers"]) for c in contracts if c["type"] == "layers" and "containers" not in c
    )
    rooms = {f"surge.{init.parent.name}" for init in SRC.glob("*/__init__.py")}
    rooms |= {f"surge.{path.stem}" for path in SRC.glob("*.py") if not path.stem.startswith("__")}
    assert rooms == layered


def test_every_room_with_floors_has_rules_for_them():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    ruled = {room for c in config["tool"]["importlinter"]["contracts"] for room in c.get("containers", [])}
    with_floors = {f"surge.{init.parents[1].name}" for init in SRC.glob("*/*/__init__.py")}
    # model has one floor, and "no import circles" holds there as everywhere.
    assert with_floors - ruled == {"surge.model"}


def test_contract_imports_stay_in_their_room():
    crossings = [
        f"{name_of(path)} imports {sorted(crossed)}"
        for path in files(".vy", "contracts")
        if (crossed := rooms_reached(path.read_text()) & forbidden(path))
    ]
    assert not crossings


def test_a_crossing_contract_is_seen():
    assert "credit" in rooms_reached("from contracts.credit import shares\n")
    assert "credit" in rooms_reached("from ..credit import shares as shares_math\n")
    assert "credit" in rooms_reached("import credit.shares as shares_math\n")
    assert "credit" not in rooms_reached("# import credit.shares\n")
