"""Local networks of this user that run somewhere, told by the command lines of their nodes."""

import os
from pathlib import Path

import psutil

from surge.store.home import LOCAL, Home

_STATE = ("networks", LOCAL, "chain", "state.json")
"""The end of the path that a local network's node is given: below a home."""


def running_homes() -> list[Home]:
    """Each home with a local network whose node runs, this user's alone, in order."""
    found = set()
    for one in psutil.process_iter(["uids", "cmdline"]):
        words = one.info["cmdline"] or []
        uids = one.info["uids"]
        if uids is None or uids.real != os.getuid() or "--state" not in words[:-1]:
            continue
        state = Path(words[words.index("--state") + 1])
        if state.parts[-len(_STATE) :] == _STATE:
            found.add(state.parents[len(_STATE) - 1])
    return [Home(root) for root in sorted(found)]
