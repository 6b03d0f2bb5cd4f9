"""`surge provide`: this machine's idle time becomes income, once its owner has seen the offer and agreed."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surge.cli.compute.offer import funds_document, offer_document, require_funds, show_offer
from surge.cli.terminal.access import ask_password, found
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import lay_out, print_json, tell
from surge.model.errors import BadInput, CorruptState
from surge.model.units import Wei

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
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Begin as a new provider, with a key of its own, unasked.")
    ] = False,
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
    wallet = _wallet(folder, access, yes, new_key)
    chain = Chain(access.book, wallet.key, index=folder.index)
    config = configured(folder, slots, chain.asks.of(chain.address).load, tell)
    if not yes:
        _agree(folder, config, chain, access)
    elif access.own_chain is None:
        require_funds(funds_document(config, chain), chain.address)
    _fund_locally(access, config, chain)
    if as_json:
        print_json({"provider": chain.address, "place": str(folder.root), "offer": config.model_dump()})
    _serve(folder, config, chain, access.loopback)


def _wallet(folder: "Place", access: "Access", yes: bool, new_key: bool) -> "Wallet":
    """The provider's key. A missing one is made where somebody agrees to be a new provider."""
    from surge.chain.wallet import create_wallet, load_wallet

    local = access.book.local
    if folder.key.exists() and new_key:
        raise BadInput(
            f"there is a key in {folder.root} already, which stays; name another --place for a new provider"
        )
    if folder.key.exists():
        return load_wallet(folder.key, strict=not local)
    _agree_to_a_new_key(folder, new_key or (yes and local), "--yes" if local else "--new-key")
    if not local:
        ask_password("A password for the provider's key")
    made = create_wallet(folder.key, throwaway=local)
    tell(f"made the key of a new provider, {made.address}, in {made.path}: keep it and its password safe")
    return made


def _agree_to_a_new_key(folder: "Place", agreed: bool, option: str) -> None:
    """A folder that isn't mounted, or lost its key, must not become somebody else. Raises BadInput."""
    missing = f"there is no key.json in {folder.root}"
    if folder.served:
        raise CorruptState(
            f"{missing}, and a provider has served from there; restore its key from a backup, or move the "
            "folder away to begin as a new one"
        )
    if agreed:
        return
    if folder.config.exists() or not sys.stdin.isatty():
        why = ", though a config.toml" if folder.config.exists() else ""
        raise BadInput(f"{missing}{why}; restore it or mount its folder, or add {option} for a new provider")
    if not typer.confirm(f"{missing.capitalize()}. Begin as a new provider, with a new key there?", err=True):
        raise BadInput("no key was made; name the folder of your provider with --place")


def _agree(folder: "Place", config: "ProviderConfig", chain: "Chain", access: "Access") -> None:
    """Show what is offered and ask. Raises BadInput when nobody can be asked, or the answer is no."""
    document = offer_document(folder, config, chain, access)
    lay_out(show_offer(document))
    if access.own_chain is None:
        require_funds(document, chain.address)
    if not sys.stdin.isatty():
        raise BadInput("there is no terminal to agree on; look at the offer above and add --yes")
    if not typer.confirm("Offer this machine?", err=True):
        raise BadInput(f"nothing was staked or published; edit {folder.config} and start again")


def _fund_locally(access: "Access", config: "ProviderConfig", chain: "Chain") -> None:
    """On a local network a new provider gets its coins and its stake from the genesis account."""
    if access.own_chain is None:
        return
    needed = max(config.slots * chain.book.parameters.stake_per_slot, config.extra_stake)
    missing = needed - chain.asks.stake_of(chain.address) - chain.money.surge(chain.address)
    from surge.local.network import LocalNetwork

    LocalNetwork(home=access.home, tell=tell).endow(chain.address, Wei(max(missing, 0)))


def _serve(folder: "Place", config: "ProviderConfig", chain: "Chain", loopback: bool) -> None:
    import asyncio

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
