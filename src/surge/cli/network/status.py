"""`surge status`: how a network is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.network.status_view import show_status
from surge.cli.terminal.access import found, reading
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import answer
from surge.store.home import LOCAL, Home

if TYPE_CHECKING:
    from surge.chain.network.book import CreditBook
    from surge.local.network import LocalNetwork

PROVIDER = "provider-"
"""How the names of the local network's providers begin."""


def status(
    everything: Annotated[
        bool, typer.Option("--all", help="Only tell which local networks of yours run, and where.")
    ] = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """How the network is."""
    if everything:
        from surge.local.left import running_homes

        homes = [str(home.root) for home in running_homes()]
        shown = homes or ["no local network of yours is up"]
        answer({"running": homes}, as_json, lambda _: shown)
        return
    home = Home.default()
    if not home.book(network).exists() and home.network(network).name == LOCAL:
        document: dict[str, Any] = {"network": LOCAL, "home": str(home.root), "up": False}
    elif found(network, down=True).own_chain is not None:
        from surge.local.network import LocalNetwork

        document = local_status(LocalNetwork(home=home))
    else:
        document = _chain_status(home, network)
    answer({**document, "sandbox": _versions()}, as_json, show_status)


def _versions() -> dict[str, Any]:
    """What tasks run on, and what of it is another version here."""
    from surge.renter.ship.inside import VERSIONS, differences

    return {"versions": VERSIONS, "otherwise_here": {name: here for name, _, here in differences()}}


def local_status(net: "LocalNetwork") -> dict[str, Any]:
    """The state of a local network, up or down."""
    document = _chain_status(net.home, LOCAL) if net.running else _described(net.home, LOCAL)
    asks = document.get("asks", {})
    programs = []
    for program in net.programs():
        row: dict[str, Any] = {"name": program.name, "running": program.running, "pid": program.pid}
        if program.name.startswith(PROVIDER):
            row["address"] = _address(net, int(program.name.removeprefix(PROVIDER)))
            row["serving"] = program.running and row["address"] in asks
        programs.append({**row, "log": str(program.log)})
    return {**document, "up": net.running, "programs": programs}


def _address(net: "LocalNetwork", number: int) -> str | None:
    from surge.chain.wallet import wallet_address

    key = net.provider_home(number) / "key.json"
    return wallet_address(key) if key.exists() else None


# Any network


def _described(home: Home, network: str | None) -> dict[str, Any]:
    """What the address book says; no node is asked."""
    from surge.chain.network.book import load_book
    from surge.chain.node.rpc import shown_address

    document = {"network": home.network(network).name, "home": str(home.root), "up": False}
    path = home.book(network)
    if not path.exists():
        return document
    book = load_book(path)
    address = shown_address(book.rpc_url)
    document |= {"chain_id": book.chain_id, "rpc_url": address, "contracts": dict(book.addresses)}
    return document if book.credit is None else {**document, "credit": _listed(book.credit)}


def _listed(credit: "CreditBook") -> dict[str, Any]:
    """What the address book names on the credit side; each market with the id that contracts know it by."""
    from surge.model.credit import market_id

    markets = {
        name: {
            "id": f"0x{market_id(params).hex()}",
            "collateral_token": params.collateral_token,
            "loan_token": params.loan_token,
            "oracle": params.oracle,
            "irm": params.irm,
        }
        for name, params in credit.markets.items()
    }
    named = {
        "tokens": credit.tokens,
        "feeds": credit.feeds,
        "oracles": credit.oracles,
        "pools": credit.pairs,
        "vaults": credit.vaults,
    }
    return {"markets": markets, **{kind: dict(each) for kind, each in named.items()}}


def _chain_status(home: Home, network: str | None) -> dict[str, Any]:
    """What the chain says of the network. Raises NoNetwork."""
    from surge.model.units import show_usd
    from surge.renter.access import Access

    document = _described(home, network)
    access = Access(home, network)
    with reading(access) as chain:
        offers = chain.asks.offers()
        return {
            **document,
            "up": True,
            "block": chain.block_number(),
            "epoch": chain.rewards.epoch(),
            "unswept_fees": show_usd(chain.rewards.pot()),
            "slots": sum(offer.ask.slots for offer in offers),
            "free_slots": sum(offer.ask.free_slots for offer in offers),
            "asks": {offer.provider: offer.ask.free_slots for offer in offers},
        }
