"""`surge run`: a file runs on somebody else's machine, and it looks as if it had run here."""

import os
import signal
import sys
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.compute.shown import Shown
from surge.cli.terminal.access import started
from surge.cli.terminal.options import (
    BUDGET,
    DURATION_SECONDS,
    FUEL_GFUEL,
    MEMORY_MIB,
    Arguments,
    AsJson,
    Budget,
    Duration,
    File,
    MaxPrice,
    MaxPriceGib,
    Memory,
    Network,
)
from surge.cli.terminal.output import print_json, tell
from surge.model.errors import LimitExceeded
from surge.model.units import show_gfuel

if TYPE_CHECKING:
    from concurrent.futures import Future

    from surge.cli.compute.program import Program
    from surge.model.command import CommandOutput
    from surge.renter.executor import Executor
    from surge.renter.report import Report


def run(
    file: File,
    arguments: Arguments = None,
    stdin: Annotated[
        str | None, typer.Option(metavar="FILE", help="The program's stdin (- for this command's own).")
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option("--file", metavar="[NAME=]PATH", help="A file to lay into the sandbox."),
    ] = None,
    budget: Budget = BUDGET,
    max_price: MaxPrice = None,
    max_price_gib: MaxPriceGib = None,
    memory: Memory = MEMORY_MIB,
    fuel: Annotated[
        int, typer.Option(min=1, metavar="GFUEL", help="The most that the program may burn, in Gfuel.")
    ] = FUEL_GFUEL,
    timeout: Annotated[
        float | None, typer.Option(min=0.001, metavar="SECONDS", help="Give up after that long.")
    ] = None,
    duration: Duration = DURATION_SECONDS,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of its randomness, to repeat a run (default: a new one).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the files go that the program writes.")
    ] = None,
    as_json: AsJson = False,
    network: Network = None,
) -> int:
    """Run a Python file or a wasm command on a leased machine.

    Its stdout, stderr and exit code become this command's own. A Python file's local modules go with it.
    """
    from surge.cli.compute.program import check_memory, read_command, read_program
    from surge.model.task import DEFAULT_OUTPUT, Limits
    from surge.model.units import GFUEL, Bytes, Fuel

    check_memory(memory)
    program = read_program(file, read_command(arguments or (), stdin, files or ()))
    for warning in program.warnings:
        tell(f"warning: {warning}")
    access = started(network)
    from surge.renter.executor import Executor

    executor = Executor(
        1,
        budget,
        access=access,
        name=program.name,
        max_price=max_price,
        max_price_gib=max_price_gib,
        duration=duration,
        memory_mib=memory,
        limits=Limits(Fuel(fuel * GFUEL), Bytes(memory << 20), DEFAULT_OUTPUT),
        progress=None,
        seed=seed,
    )
    shown = None if as_json else Shown()
    output = _perform(executor, program, timeout, shown)
    report = executor.report()
    if as_json:
        print_json(_document(output, report))
    tell_files(output, out, report.job)
    tell(
        f"job {report.job}: {show_gfuel(report.fuel)} Gfuel, {report.joules} J, paid {report.paid} USD "
        f"(surge job {report.job})"
    )
    return output.exit_code


def tell_files(output: "CommandOutput", out: Path | None, job: str) -> None:
    """Save the files that a program wrote, or say which there are and how to get them."""
    if out is not None:
        for place in output.save(out):
            tell(f"wrote {place} ({place.stat().st_size:,} bytes)")
    elif output.files:
        listed = ", ".join(f"{name} ({len(content):,} bytes)" for name, content in output.files.items())
        tell(f"it wrote {listed}: surge job {job} --out DIR saves them (surge run --out DIR at once)")
    for name in output.gone:
        tell(f"it removed its copy of {name}; yours is as it was")
    for name, size in output.left.items():
        tell(f"it also wrote {name} ({size:,} bytes), too large to come back; write less, or print it")


def _perform(
    executor: "Executor", program: "Program", timeout: float | None, shown: Shown | None
) -> "CommandOutput":
    """The program's output, on the screen while it comes, and with the leases closed."""
    _interrupt_once()
    try:
        hear = shown.hear if shown else None
        given = program.spec, program.code, program.given, program.output_of
        future = executor.enter(*given, hear=hear, blobs=program.blobs)
        output: CommandOutput = _result(future, timeout, shown)
        if shown:
            shown.finish(output)
    except TimeoutError as error:
        executor.abandon()
        raise LimitExceeded(
            f"{program.name} did not end within {timeout:g} s and was given up; raise --timeout "
            f"(surge job {executor.job} tells what it cost)"
        ) from error
    except KeyboardInterrupt:
        tell("interrupted: closing the leases, with the change back")
        executor.abandon()
        raise
    except BaseException:
        executor.abandon()
        if executor.job is not None:
            tell(f"job {executor.job} failed (surge job {executor.job} tells what it cost)")
        raise
    executor.shutdown()
    return output


def _interrupt_once() -> None:
    """Who presses Ctrl-C twice wants out now: not a word of threads that are torn down, and no wait."""

    def leave(*_: object) -> None:
        sys.stderr.write("surge: leaving now; `surge leases --close` ends what is still open\n")
        sys.stderr.flush()
        os._exit(128 + signal.SIGINT)

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGINT, leave)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)


def _result(future: "Future[CommandOutput]", timeout: float | None, shown: Shown | None) -> "CommandOutput":
    try:
        return future.result(timeout)
    except BaseException:
        if shown:
            shown.settle()  # what a provider showed may hide what is told next
        raise


def _document(output: "CommandOutput", report: "Report") -> dict[str, Any]:
    document: dict[str, Any] = {"exit_code": output.exit_code}
    for name, content in (("stdout", output.stdout), ("stderr", output.stderr)):
        document[name] = content.decode(errors="replace")
        if document[name].encode() != content:
            document[f"{name}_base64"] = b64encode(content).decode()
    files = {name: len(content) for name, content in output.files.items()}
    return {**document, "files": {**files, **output.left}, **report.json(), "job": report.job}
