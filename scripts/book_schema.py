"""Write src/surge/chain/network/book.schema.json, for editors and programs that read or write a book.json.

python scripts/book_schema.py
"""

import json
from pathlib import Path

from surge.chain.network.schema import book_schema

SCHEMA = Path(__file__).resolve().parent.parent / "src" / "surge" / "chain" / "network" / "book.schema.json"


def encode() -> str:
    return json.dumps(book_schema(), indent=2) + "\n"


def write() -> bool:
    """Whether the file had to be written."""
    text = encode()
    if SCHEMA.is_file() and SCHEMA.read_text() == text:
        return False
    SCHEMA.write_text(text)
    return True


if __name__ == "__main__":
    print(f"written: {SCHEMA.name}" if write() else f"up to date: {SCHEMA.name}")
