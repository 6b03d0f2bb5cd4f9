"""`surge up` and `down`: the local network."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.network.status import PROVIDER, local_status
from surge.cli.network.status_view import show_up
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import answer, tell
from surge.model.errors import BadInput
from surge.store.home import LOCAL, Home

if TYPE_CHECKING:
    from surge.local.network import LocalNetwork

PROVIDERS = 3
WATCH_SECONDS = 1.0


def up(
    providers: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=64,
            help=f"How many to run (default: as many as there were, else {PROVIDERS}); 0 only lends.",
        ),
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Of the chain's node.")] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when all is up; end it with down.")
    ] = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Bring a local network up, or resume it.

    A chain, its contracts and providers. In the foreground it stays until Ctrl-C and then brings all down.
    """
    home = local_home(network)
    from surge.local.network import LocalNetwork

    known = _provider_folders(home)
    count = (len(known) or PROVIDERS) if providers is None else providers
    net = LocalNetwork(count, home=home, port=port, tell=tell)
    with _one_at_a_time(net):
        was_up = net.running
        if was_up and port is None and _all_running(net, count):
            tell("the local network is up already; nothing to do")
        else:
            _start(net, was_up)
    try:
        answer({"already_up": was_up, **local_status(net)}, as_json, show_up)
        if not (detach or was_up):
            _watch(net)
    finally:
        if not (detach or was_up):
            tell("bringing the local network down; its state is kept")
            _listen(signal.SIG_IGN)  # a second Ctrl-C must not leave half of it running
            net.stop()


def down(
    everything: Annotated[
        bool, typer.Option("--all", help="Every local network of yours that runs, in whatever folder.")
    ] = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Stop the local network and keep its state."""
    if everything:
        from surge.local.left import running_homes

        ended = {str(home.root): _stop(home) for home in running_homes()}
        lines = [f"{root}: stopped {', '.join(names)}" for root, names in ended.items()]
        answer({"stopped": ended}, as_json, lambda _: lines or ["no local network of yours was up"])
        return
    stopped = _stop(local_home(network))
    said = f"stopped {', '.join(stopped)}" if stopped else "the local network was not up"
    answer({"stopped": stopped}, as_json, lambda _: [said])


def _stop(home: Home) -> list[str]:
    """Names of the programs that ran."""
    if not home.network(LOCAL).exists():
        return []
    from surge.local.network import LocalNetwork

    net = LocalNetwork(home=home, tell=tell)
    stopped = [program.name for program in net.programs() if program.running]
    stopped += ["anvil"] if net.running else []
    if stopped:
        tell("stopping the local network")
    net.stop()
    return stopped


def local_home(network: str | None) -> Home:
    if network not in (None, LOCAL):
        raise BadInput(
            f"`surge up` and `surge down` run the network {LOCAL!r}; "
            f"{network!r} runs elsewhere: just name it in other commands"
        )
    return Home.default()


def _provider_folders(home: Home) -> list[str]:
    return sorted(path.parent.name for path in home.network(LOCAL).glob("providers/*/config.toml"))


def _all_running(net: "LocalNetwork", count: int) -> bool:
    running = {program.name for program in net.programs() if program.running}
    wanted = {"keeper", *(f"{PROVIDER}{number}" for number in range(1, count + 1))}
    return running >= (wanted | {"bidder"} if count else wanted)


@contextmanager
def _one_at_a_time(net: "LocalNetwork") -> Iterator[None]:
    """Two commands that both want a network up must not both deploy one."""
    import fcntl

    from surge.store.files import make_private

    folder = net.home.network(LOCAL)
    make_private(folder)
    with (folder / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(net: "LocalNetwork", was_up: bool) -> None:
    """Bring up what is missing. When that fails, what this command started alone is stopped again."""
    _listen(signal.default_int_handler)
    if was_up:
        tell("the local network is up already; adding what is missing")
    try:
        net.start()
    except BaseException:
        if not was_up:
            net.stop()
        raise


def _listen(handler: Any) -> None:
    """To Ctrl-C, to being told to end, and to a terminal that closes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def _watch(net: "LocalNetwork") -> None:
    """Until a signal, or until somebody else brings it down; says so when a program ends by itself."""
    over = threading.Event()
    _listen(lambda *_: over.set())
    tell("press Ctrl-C to bring it down")
    gone: set[str] = set()
    while not over.wait(WATCH_SECONDS) and net.running:
        for program in net.programs():
            if not program.running and program.name not in gone:
                gone.add(program.name)
                tell(f"{program.name} has ended ({program.last_lines(1)}); see {program.log}")
