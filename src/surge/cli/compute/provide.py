"""`surge provide`: this machine's idle time becomes income, once its owner has seen the offer and agreed."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surge.cli.terminal.access import found
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import facts, print_json, tell
from surge.model.errors import BadInput
from surge.model.units import Wei, counted, show_surge

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.chain.wallet import Wallet
    from surge.provider.config import Place, ProviderConfig
    from surge.renter.access import Access


def provide(
    place: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The provider's folder (default: SURGE_HOME/provider)."),
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Sandboxes to offer, when config.toml is first written."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to the offer without being asked.")] = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Offer this machine and get paid.

    Measures it, stakes, publishes an ask and runs strangers' code in a sandbox. Ends with Ctrl-C: the ask is
    withdrawn, and every lease can be resumed.
    """
    access = found(network)
    from surge.chain.client import Chain
    from surge.provider.config import Place
    from surge.provider.start import configured

    folder = Place((place or access.home.provider).absolute())
    config = configured(folder, slots, tell)
    wallet = _wallet(folder, access)
    chain = Chain(access.book, wallet.key, index=folder.index)
    if not yes:
        _agree(folder, config, chain)
    _fund_locally(access, config, chain)
    if as_json:
        print_json({"provider": chain.address, "place": str(folder.root), "offer": config.model_dump()})
    _serve(folder, config, chain, access.loopback)


def _wallet(folder: "Place", access: "Access") -> "Wallet":
    """The provider's key. On a local network a missing one is made; elsewhere money hangs on it."""
    from surge.chain.wallet import load_wallet, open_wallet

    if not folder.key.exists():
        tell(f"making a key in {folder.key}")
        return open_wallet(folder.key, throwaway=access.loopback)
    return load_wallet(folder.key)


def _agree(folder: "Place", config: "ProviderConfig", chain: "Chain") -> None:
    """Show what is offered and ask. Raises BadInput when nobody can be asked, or the answer is no."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False)
    stake = config.slots * chain.book.parameters.stake_per_slot
    staked = chain.asks.stake_of(chain.address)
    console.print(
        facts(
            [
                ("network", f"{chain.book.name}, chain {chain.book.chain_id}"),
                ("provider", chain.address),
                ("offers", counted(config.slots, "sandbox")),
                ("memory", f"{config.memory_mib:,} MiB each"),
                (
                    "price",
                    f"{config.price_per_gfuel} USD per Gfuel, {config.price_per_gib} USD per GiB moved",
                ),
                ("stake", f"{show_surge(stake)} SURGE, of which {show_surge(staked)} are staked already"),
                ("paid to", config.payee or "itself"),
                ("settings", str(folder.config)),
            ]
        )
    )
    console.print(
        "Strangers' code will run in a sandbox: no files, no network, metered, killed at its limits."
    )
    if not sys.stdin.isatty():
        raise BadInput("there is no terminal to agree on; look at the offer above and add --yes")
    if not typer.confirm("Offer this machine?", err=True):
        raise BadInput(f"nothing was staked or published; edit {folder.config} and start again")


def _fund_locally(access: "Access", config: "ProviderConfig", chain: "Chain") -> None:
    """On a local network a new provider gets its coins and its stake from the genesis account."""
    if not (access.home.network(access.network) / "chain").exists():
        return
    needed = max(config.slots * chain.book.parameters.stake_per_slot, config.extra_stake)
    missing = needed - chain.asks.stake_of(chain.address) - chain.money.surge(chain.address)
    from surge.local.network import LocalNetwork

    LocalNetwork(home=access.home, tell=tell).endow(chain.address, Wei(max(missing, 0)))


def _serve(folder: "Place", config: "ProviderConfig", chain: "Chain", loopback: bool) -> None:
    import asyncio

    from surge.model.errors import BadInput
    from surge.provider.start import provide as serve
    from surge.store.files import held_alone
    from surge.store.logs import log_to_stderr

    log_to_stderr()
    with held_alone(folder.lock) as alone:
        if not alone:
            raise BadInput(
                f"another `surge provide` runs in {folder.root}; stop it first, or offer from another "
                "folder (--place), with a key of its own"
            )
        asyncio.run(serve(folder, config, chain, loopback, tell))
    tell("stopped")
