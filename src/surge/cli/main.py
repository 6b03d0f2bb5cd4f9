"""The `surge` command: every command's module, and what becomes of errors."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from surge.cli.compute import asks, drain, earnings, jobs, leave, provide, run
from surge.cli.compute.lease import leases
from surge.cli.credit import commands as credit
from surge.cli.credit import keeper
from surge.cli.curate import commands as curate
from surge.cli.network import local, status, up, wallet
from surge.cli.reference import abi, book
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import print_json, tell
from surge.cli.trade import commands as trade
from surge.model.errors import Interrupted, SurgeError

INTERRUPTED = 128 + signal.SIGINT


class _Stopped(BaseException):
    """An interrupt, on its way past typer, which would end with its code and not a word."""


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise _Stopped from stop


# Plain help: the styled one takes longer to import than all the rest.
app = typer.Typer(cls=_Commands, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def _show_version(wanted: bool) -> None:
    if wanted:
        from surge import __version__

        sys.stdout.write(f"surge {__version__}\n")
        raise typer.Exit


@app.callback()
def surge(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Which one this is, and no more."
        ),
    ] = False,
    log_level: Annotated[
        str | None,
        typer.Option(
            envvar="SURGE_LOG_LEVEL",
            metavar="LEVEL",
            help="debug, info, warning or error: what is told on stderr.",
        ),
    ] = None,
) -> None:
    """One open computer made of other people's computers."""
    if log_level is not None:
        from surge.store.logs import LEVEL_VARIABLE, log_to_stderr

        log_to_stderr(log_level)
        os.environ[LEVEL_VARIABLE] = log_level  # for the programs that this one starts, too


demo = typer.Typer(invoke_without_command=True)


@demo.callback()
def demo_grid_search(context: typer.Context, as_json: AsJson = False, network: Network = None) -> int:
    """A grid search on leased machines; `demo credit`: a loan's life.

    Alone, it is a real grid search, paid and verified.
    """
    if context.invoked_subcommand is not None:
        return 0
    from surge.cli.demo.search import demo as perform

    return perform(as_json, network)


@demo.command("credit")
def demo_credit(as_json: AsJson = False) -> int:
    """A loan's life, leverage and arbitrage, on a chain of its own."""
    from surge.cli.demo.loan import demo_credit as perform

    return perform(as_json)


app.command()(up.up)
app.command()(up.down)
app.command()(status.status)
app.add_typer(demo, name="demo")
app.command()(run.run)
app.command()(asks.quote)
app.command()(asks.asks)
app.command()(jobs.jobs)
app.command()(jobs.job)
app.command()(jobs.verify)
app.add_typer(leases.leases, name="leases")
app.command()(wallet.wallet)
app.command()(provide.provide)
app.command()(earnings.earnings)
app.command()(drain.drain)
app.command()(leave.leave)
app.command()(keeper.keeper)
trade.attach(credit.credit)
app.add_typer(credit.credit, name="credit")
app.add_typer(local.local, name="local")
app.command()(abi.abi)
curate.attach(book.book)
app.add_typer(book.book, name="book")
app.add_typer(curate.curate, name="curate")


def entry() -> None:
    """What `surge` and `python -m surge` run."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """The exit code. An error of ours becomes one sentence on stderr (and a document with --json)."""
    arguments = _level_first(list(arguments)) or ["--help"]
    own = _own(arguments)
    as_json = "--json" in own
    usage: type[Exception] = typer.BadParameter.__mro__[1]
    try:
        return int(app(arguments, prog_name="surge", standalone_mode=False) or 0)
    except typer.Exit as ended:
        return ended.exit_code
    except (_Stopped, KeyboardInterrupt, typer.Abort) as ended:
        return _interrupted(ended, own, as_json)
    except SurgeError as error:
        kind = type(error).__name__
        return _fail(kind, str(error), error.exit_code, as_json, **error.fields)
    except usage as error:
        return _fail("Usage", _usage(error), 2, as_json)
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads on: not an error of ours
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        reason = (error.strerror or "it can't be read").lower()
        return _fail(
            "BadInput", f"{error.filename}: {reason}; check the path and its permissions", 2, as_json
        )


def _own(arguments: list[str]) -> list[str]:
    """Without what is a program's, behind `--`."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _level_first(arguments: list[str]) -> list[str]:
    """`surge run --log-level debug F` is `surge --log-level debug run F`."""
    name = "--log-level"
    for n, argument in enumerate(_own(arguments)):
        if argument == name or argument.startswith(f"{name}="):
            end = n + (2 if argument == name else 1)
            return [*arguments[n:end], *arguments[:n], *arguments[end:]]
    return arguments


def _interrupted(ended: BaseException, arguments: Sequence[str], as_json: bool) -> int:
    """What was sent by then may be mined: it is named, so that nobody sends it twice."""
    told = ended if isinstance(ended, KeyboardInterrupt) else ended.__cause__
    sys.stderr.write("\n")
    if isinstance(told, Interrupted):
        look = "surge credit position" if arguments[:1] == ["credit"] else "surge status"
        many = "transactions" if len(told.sent) > 1 else "transaction"
        said = (
            f"interrupted; {many} {', '.join(told.sent)} had been sent and may be mined: look with `{look}` "
            "before you send anything again"
        )
        return _fail("Interrupted", said, INTERRUPTED, as_json, transactions=list(told.sent))
    tell("interrupted")
    return INTERRUPTED if _by_signal(ended) else 1


def _by_signal(ended: BaseException) -> bool:
    return isinstance(ended, KeyboardInterrupt) or isinstance(ended.__cause__, KeyboardInterrupt)


def _usage(error: Exception) -> str:
    said: str = error.format_message()  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "surge"
    option, close = getattr(error, "option_name", None), getattr(error, "possibilities", None)
    if option and close:
        said = f"no such option: {option}. Did you mean {' or '.join(close)}?"
    help_ = f"see `{command} --help`"
    return f"{said} {help_.capitalize()}" if said.endswith("?") else f"{said.rstrip('.')}; {help_}"


def _fail(kind: str, message: str, code: int, as_json: bool, **fields: int | str | list[str]) -> int:
    if as_json:
        print_json({"error": {"kind": kind, "message": message, **fields}})
    tell(message)
    return code
