"""Write contracts/layout.md: the size of each deployable contract and where its state lies in storage.

    python scripts/contract_layout.py

It reads the compiled artefacts alone, so it is quick; scripts/build_contracts.py does it after a build.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "src" / "surge" / "chain" / "network" / "artifacts"
LAYOUT = ROOT / "contracts" / "layout.md"
DEPLOYED_LIMIT = 24_576
"""Bytes of code at an address, EIP-170."""
CREATION_LIMIT = 49_152
"""Bytes of creation code, EIP-3860."""

HEAD = """# Sizes and storage of the contracts

Written by `make contracts` from the compiled contracts; a test fails when it is out of date. A changed line
is a question to whoever changed the contract. A size: is there room left below the limit of 24,576 bytes
(EIP-170)? A slot: deployed contracts keep the layout that they have, for nothing here is upgraded in place,
but whatever reads storage by slot (proofs, explorers, scripts) must follow. If the change is meant, run
`make contracts`, commit this file with the contract, and name a moved slot in CHANGELOG.md.

## Sizes in bytes

| contract | deployed | room | creation |
|---|---:|---:|---:|
"""
STORAGE = """
## Storage

What a packed word holds is told beside its declaration in the source. A map or a dynamic list begins at the
slot that it names, and its elements lie where their hashes tell.
"""


def sizes(creation: bytes) -> tuple[int, int]:
    """Bytes deployed and of the creation code.

    Vyper ends the creation code with a CBOR list, its length in the last two bytes: source digest, length of
    the deployed code, lengths of its tables, bytes of immutables behind that code, compiler.
    """
    length = int.from_bytes(creation[-2:], "big")
    footer = creation[-length:-2]
    if footer[:3] != b"\x85\x58\x20":
        raise ValueError("the creation code does not end as Vyper's does; has the compiler changed?")
    code, rest = _number(footer[35:])
    tables, rest = _number(rest, major=4)
    for _ in range(tables):
        _, rest = _number(rest)
    immutables, _ = _number(rest)
    return code + immutables, len(creation)


def _number(cbor: bytes, major: int = 0) -> tuple[int, bytes]:
    """The number that CBOR begins with (a list's is its length), and what follows it."""
    kind, small = cbor[0] >> 5, cbor[0] & 31
    if kind != major or small > 25:
        raise ValueError("the creation code does not end as Vyper's does; has the compiler changed?")
    width = {24: 1, 25: 2}.get(small, 0)
    return (int.from_bytes(cbor[1 : 1 + width], "big") if width else small), cbor[1 + width :]


def slots(layout: dict[str, Any], prefix: str = "") -> Iterator[tuple[int, int, str, str]]:
    """Slot, number of slots, name and type of each variable; those of a module carry its name."""
    for name, entry in layout.items():
        if "slot" in entry:
            yield entry["slot"], entry["n_slots"], prefix + name, entry["type"]
        else:
            yield from slots(entry, f"{prefix}{name}.")


def describe(artifacts: list[dict[str, Any]]) -> str:
    """The whole file."""
    lines, storage = [], []
    for artifact in artifacts:
        name = artifact["contract"]
        deployed, creation = sizes(bytes.fromhex(artifact["bytecode"][2:]))
        lines.append(f"| {name} | {deployed:,} | {DEPLOYED_LIMIT - deployed:,} | {creation:,} |\n")
        rows = sorted(slots(artifact["storage_layout"]))
        if rows:
            storage.append(f"\n### {name}\n\n| slot | name | type |\n|---:|---|---|\n")
        for slot, words, variable, kind in rows:
            shown = f"{slot}" if words == 1 else f"{slot} to {slot + words - 1}"
            storage.append(f"| {shown} | `{variable}` | `{kind}` |\n")
    return HEAD + "".join(lines) + STORAGE + "".join(storage)


def shipped() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(ARTIFACTS.glob("*.json"))]


def write() -> bool:
    """Whether the file had to be written."""
    text = describe(shipped())
    if LAYOUT.is_file() and LAYOUT.read_text() == text:
        return False
    LAYOUT.write_text(text)
    return True


if __name__ == "__main__":
    print(f"written: {LAYOUT}" if write() else f"up to date: {LAYOUT}")
