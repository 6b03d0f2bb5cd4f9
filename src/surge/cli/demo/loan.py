"""`surge demo credit`: the life of a loan on a chain of its own, with a keeper at work, then leverage and a
flash loan. Every step is checked; nothing of it stays."""

import time
from typing import Any

from surge.cli.demo.loan_story import Story
from surge.cli.demo.loan_view import show_end, show_step
from surge.cli.terminal.output import lay_out, print_json, tell
from surge.desk import Desk
from surge.local.network import LocalNetwork


def demo_credit(as_json: bool) -> int:
    """Tell the story; 1 if anything did not hold."""
    began = time.monotonic()

    def show(step: dict[str, Any]) -> None:
        if as_json:
            tell(f"{step['name']}: {step['said']}")
        else:
            lay_out(show_step(step), stderr=False)

    tell("starting a chain of its own, with a keeper; nothing of it stays")
    with LocalNetwork(0) as network, Desk(network) as desk:
        story = Story(network, desk, show)
        story.run()
    ok = all(step["ok"] for step in story.steps)
    document = {"ok": ok, "steps": story.steps, "seconds": round(time.monotonic() - began, 1)}
    if as_json:
        print_json(document)
    else:
        lay_out(show_end(document), stderr=False)
    return 0 if ok else 1
