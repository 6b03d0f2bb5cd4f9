"""The tracked tree, as the architecture tests read it."""

import subprocess
from functools import cache
from pathlib import Path

from places import ROOT


@cache
def tracked() -> tuple[Path, ...]:
    """Files that git tracks or would track (not ignored), sorted; those deleted on disk are left out."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    paths = {ROOT / name for name in listing.split("\0") if name}
    return tuple(sorted(path for path in paths if path.is_file()))


def files(suffix: str, *folders: str) -> list[Path]:
    """Tracked files ending in `suffix` below any of `folders` (all of the tree when none is given)."""
    roots = [ROOT / folder for folder in folders] or [ROOT]
    return [p for p in tracked() if p.suffix == suffix and any(p.is_relative_to(root) for root in roots)]


def name_of(path: Path) -> str:
    """The path from the root of the tree, for messages and test ids."""
    return path.relative_to(ROOT).as_posix()
