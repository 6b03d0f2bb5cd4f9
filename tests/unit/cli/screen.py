"""What a terminal shows."""

import io

from rich.console import Console


def seen(parts, width=80):
    console = Console(width=width, file=io.StringIO(), markup=False, highlight=False)
    for part in parts:
        console.print(part)
    text = console.file.getvalue()
    assert all(len(line) <= width for line in text.splitlines())
    return text
