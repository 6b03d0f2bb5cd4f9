"""Compile every deployable contract to <Name>.json in src/surge/chain/network/artifacts; it ships.

    python scripts/build_contracts.py            writes what changed, then layout.md and docs/contracts
    python scripts/build_contracts.py --check    writes nothing; exit code 1 if a file is out of date

A deployable is a CamelCase .vy file under contracts/; modules are snake_case and compiled into those.
The source digest is Vyper's integrity sum: over the file and all that it imports.
"""

import json
import sys
from pathlib import Path
from typing import Any

import vyper
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FileInput, FilesystemInputBundle
from vyper.compiler.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
ARTIFACTS = ROOT / "src" / "surge" / "chain" / "network" / "artifacts"
EVM = "prague"


def deployables() -> list[Path]:
    """Sources in the order of their names; two of one name would share an artefact, so they are refused."""
    found = sorted((p for p in CONTRACTS.rglob("*.vy") if p.stem[0].isupper()), key=lambda p: p.stem)
    names = [path.stem for path in found]
    if len(set(names)) != len(names):
        raise SystemExit(f"two contracts of one name under {CONTRACTS}: {names}")
    return found


def compile_one(path: Path) -> dict[str, Any]:
    """The artefact of one contract."""
    site_packages = Path(vyper.__file__).parent.parent
    bundle = FilesystemInputBundle([site_packages, CONTRACTS])
    with bundle.search_path(path.parent):
        source = bundle.load_file(path)
        if not isinstance(source, FileInput):
            raise TypeError(f"{path} is no Vyper source")
        compiled = compile_from_file_input(
            source,
            input_bundle=bundle,
            settings=Settings(evm_version=EVM),
            output_formats=["abi", "bytecode", "layout", "integrity"],
        )
    return {
        "contract": path.stem,
        "abi": compiled["abi"],
        "bytecode": compiled["bytecode"],
        "storage_layout": compiled["layout"].get("storage_layout", {}),
        "compiler": f"vyper {vyper.__version__}",
        "evm": EVM,
        "source_digest": compiled["integrity"],
    }


def encode(artifact: dict[str, Any]) -> str:
    return json.dumps(artifact, indent=1) + "\n"


def build(*, write: bool) -> list[str]:
    """Names of the artefacts that are out of date, or that no contract has any more."""
    expected = {f"{path.stem}.json": encode(compile_one(path)) for path in deployables()}
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    stale = {p.name for p in ARTIFACTS.glob("*.json")} - expected.keys()
    changed = {
        name
        for name, text in expected.items()
        if not (ARTIFACTS / name).is_file() or (ARTIFACTS / name).read_text() != text
    }
    if write:
        for name in stale:
            (ARTIFACTS / name).unlink()
        for name in changed:
            (ARTIFACTS / name).write_text(expected[name])
    return sorted(stale | changed)


def main() -> int:
    import contract_layout  # beside this file; tests run the rest from elsewhere
    import contract_reference

    check = "--check" in sys.argv[1:]
    names = build(write=not check)
    if not check and contract_layout.write():
        print(f"written: {contract_layout.LAYOUT.name}")
    if not check and (pages := contract_reference.write()):
        print(contract_reference.told(pages))
    for name in names:
        print(f"{'out of date' if check else 'written'}: {name}")
    return 1 if check and names else 0


if __name__ == "__main__":
    raise SystemExit(main())
