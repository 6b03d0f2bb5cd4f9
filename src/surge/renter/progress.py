"""A live line on stderr while a job runs: stage, tasks, leases, what is signed so far."""

import threading
from collections.abc import Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from surge.model.units import counted, show_usd
from surge.renter.job import Job

REFRESH_SECONDS = 0.1


def follow(job: Job) -> Callable[[], None]:
    """Show the job's tally until the returned function is called."""
    display = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[money]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    line = display.add_task("starting", total=None, money="")
    over = threading.Event()

    def refresh() -> None:
        while not over.wait(REFRESH_SECONDS):
            tally = job.tally
            display.update(
                line,
                description=tally.stage or "starting",
                total=tally.submitted or None,
                completed=tally.finished,
                money=f"{counted(tally.leases, 'lease')}, {show_usd(tally.signed)} USD",
            )

    display.start()
    thread = threading.Thread(target=refresh, name="surge-progress", daemon=True)
    thread.start()

    def stop() -> None:
        over.set()
        thread.join()
        display.stop()

    return stop
