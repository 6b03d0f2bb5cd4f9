"""`surge up`, `down` and `status`: the local network, and how a network is."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.access import found, reading
from surge.cli.options import AsJson, Network
from surge.cli.output import answer, tell
from surge.cli.status_view import show_status, show_up
from surge.model.errors import BadInput
from surge.store.home import LOCAL, Home

if TYPE_CHECKING:
    from surge.local import LocalNetwork

PROVIDERS = 3
WATCH_SECONDS = 1.0
_PROVIDER = "provider-"


def up(
    providers: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help=f"How many to run (default: as many as last time, else {PROVIDERS})."
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
    home = _local_home(network)
    from surge.local import LocalNetwork

    known = _provider_folders(home)
    count = providers or len(known) or PROVIDERS
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


def down(as_json: AsJson = False, network: Network = None) -> None:
    """Stop the local network and keep its state."""
    home = _local_home(network)
    stopped: list[str] = []
    if home.network(LOCAL).exists():
        from surge.local import LocalNetwork

        net = LocalNetwork(home=home, tell=tell)
        stopped = [program.name for program in net.programs() if program.running]
        stopped += ["anvil"] if net.running else []
        if stopped:
            tell("stopping the local network")
        net.stop()
    said = f"stopped {', '.join(stopped)}" if stopped else "the local network was not up"
    answer({"stopped": stopped}, as_json, lambda _: [said])


def status(as_json: AsJson = False, network: Network = None) -> None:
    """How the network is."""
    home = Home.default()
    if not home.book(network).exists() and network is None:
        document: dict[str, Any] = {"network": home.network().name, "home": str(home.root), "up": False}
    elif (home.network(network) / "chain").exists():
        from surge.local import LocalNetwork

        document = local_status(LocalNetwork(home=home))
    else:
        found(network)
        document = _chain_status(home, network)
    answer(document, as_json, show_status)


# The local network


def _local_home(network: str | None) -> Home:
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
    return running >= {"bidder", *(f"{_PROVIDER}{number}" for number in range(1, count + 1))}


@contextmanager
def _one_at_a_time(net: "LocalNetwork") -> Iterator[None]:
    """Two commands that both want a network up must not both deploy one."""
    import fcntl

    folder = net.home.network(LOCAL)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
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


def local_status(net: "LocalNetwork") -> dict[str, Any]:
    """Of a local network, up or down."""
    document = _chain_status(net.home, LOCAL) if net.running else _described(net.home, LOCAL)
    asks = document.get("asks", {})
    programs = []
    for program in net.programs():
        row: dict[str, Any] = {"name": program.name, "running": program.running, "pid": program.pid}
        if program.name.startswith(_PROVIDER):
            row["address"] = _address(net, int(program.name.removeprefix(_PROVIDER)))
            row["serving"] = row["address"] in asks
        programs.append({**row, "log": str(program.log)})
    return {**document, "up": net.running, "programs": programs}


def _address(net: "LocalNetwork", number: int) -> str | None:
    from surge.chain.wallet import wallet_address

    key = net.provider_home(number) / "key.json"
    return wallet_address(key) if key.exists() else None


# Any network


def _described(home: Home, network: str | None) -> dict[str, Any]:
    """What the address book says; no node is asked."""
    from surge.chain.book import load_book

    document = {"network": home.network(network).name, "home": str(home.root), "up": False}
    path = home.book(network)
    if not path.exists():
        return document
    book = load_book(path)
    return {**document, "chain_id": book.chain_id, "rpc_url": book.rpc_url, "contracts": dict(book.addresses)}


def _chain_status(home: Home, network: str | None) -> dict[str, Any]:
    """Of the chain. Raises NoNetwork."""
    from surge.model.units import show_usd
    from surge.renter.access import Access

    document = _described(home, network)
    access = Access(home, network)
    with reading(access) as chain:
        offers = chain.offers()
        return {
            **document,
            "up": True,
            "block": chain.block_number(),
            "epoch": chain.epoch(),
            "unswept_fees": show_usd(chain.pot()),
            "slots": sum(offer.ask.slots for offer in offers),
            "free_slots": sum(offer.ask.free_slots for offer in offers),
            "asks": {offer.provider: offer.ask.free_slots for offer in offers},
        }
