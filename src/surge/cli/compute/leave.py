"""`surge leave`: a provider takes everything off the chain: its ask, its leases, its rewards, its stake."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.compute.places import Folder, one_place
from surge.cli.terminal.access import found
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import Part, answer, facts, lay_out
from surge.cli.terminal.wording import duration, moment
from surge.model.errors import BadInput
from surge.model.units import counted, show_surge, show_usd

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.model.units import Address
    from surge.provider.config import Place
    from surge.provider.retire import Retired


def leave(
    place: Folder = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="ADDRESS", help="Send the SURGE and the dollars there.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Agree without being asked.")] = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Stop being a provider and take the stake out.

    Withdraws the ask, closes the leases with what is signed, claims rewards and unbonds the stake. Stake
    needs its time: run it again then, and it goes on.
    """
    access = found(network)
    folder = one_place(access, place)
    from surge.chain.client import Chain
    from surge.chain.wallet import load_wallet
    from surge.store.files import held_alone

    with held_alone(folder.lock) as alone:
        if not alone:
            raise BadInput(f"a provider runs in {folder.root}; end it first: `surge drain --wait`, or Ctrl-C")
        with Chain(
            access.book, load_wallet(folder.key, strict=not access.book.local).key, index=folder.index
        ) as chain:
            target = None if to is None else _target(to, chain)
            if not yes:
                _agree(folder, chain, target)
            answer(_leave(folder, chain, target), as_json, show_leave)


def _target(text: str, chain: "Chain") -> "Address":
    """Where money may go. Raises BadInput."""
    from surge.model.signature import is_address
    from surge.model.units import Address

    if not is_address(text) or not int(text, 16):
        raise BadInput(f"--to: {text!r} is no address in EIP-55 form; copy it from where it is shown")
    if text == chain.address:
        raise BadInput(f"--to: {text} is the provider itself; leave --to away, or name another account")
    if text in chain.book.addresses.values():
        raise BadInput(f"--to: {text} is a contract of {chain.book.name}, where money would be lost")
    return Address(text)


def _agree(folder: "Place", chain: "Chain", target: "Address | None") -> None:
    """Raises BadInput when nobody can be asked, or the answer is no."""
    stake, leases = chain.asks.bond_of(chain.address), chain.leases.open_of(chain.address)
    wait = duration(chain.book.parameters.unbonding_seconds)
    rows = [
        ("provider", chain.address),
        ("ask", "is withdrawn" if chain.asks.of(chain.address).active else "there is none"),
        ("leases", f"{counted(len(leases), 'lease')} will be closed, with what is signed"),
        ("stake", f"{show_surge(stake.bonded)} SURGE will be free in {wait}"),
        ("sent", "nothing" if target is None else f"all SURGE and dollars to {target}"),
    ]
    lay_out([facts(rows)])
    if not sys.stdin.isatty():
        raise BadInput("there is no terminal to agree on; look at the table above and add --yes")
    if not typer.confirm("Leave?", err=True):
        raise BadInput(f"nothing was changed; `surge provide` goes on offering from {folder.root}")


def _leave(folder: "Place", chain: "Chain", target: "Address | None") -> dict[str, Any]:
    from surge.provider.config import load_config
    from surge.provider.drain import Drain
    from surge.provider.duty.gas import Gas
    from surge.provider.retire import retire
    from surge.settle.gas import Scales
    from surge.store.provider import ProviderStore

    scales = load_config(folder.config).scales if folder.config.exists() else Scales()
    store = ProviderStore(folder.database(chain.book))
    try:
        done = retire(chain, store, Gas(chain, scales), target)
    finally:
        store.close()
    Drain(folder.root).forget()
    return _document(folder, chain, target, done)


def _document(folder: "Place", chain: "Chain", target: "Address | None", done: "Retired") -> dict[str, Any]:
    held = chain.money.balances(chain.address)
    return {
        "provider": chain.address,
        "place": str(folder.root),
        "done": done.done,
        "withdrawn": done.withdrawn,
        "closed": done.closed,
        "kept": done.kept,
        "redeemed": show_usd(done.redeemed),
        "rewards": show_surge(done.rewards),
        "returned": show_surge(done.returned),
        "bonded": show_surge(done.bonded),
        "unbonding": show_surge(done.unbonding),
        "release": done.release if done.unbonding else None,
        "seconds_left": max(done.release - chain.now(), 0) if done.unbonding else 0,
        "sent": None
        if target is None
        else {"to": target, "usd": show_usd(done.sent_usd), "surge": show_surge(done.sent_surge)},
        "holds": {"usd": show_usd(held.usd), "surge": show_surge(held.surge), "gas": show_surge(held.gas)},
    }


def show_leave(document: Any) -> Iterable[Part]:
    rows = [("provider", document["provider"])]
    rows.append(("ask", "withdrawn now" if document["withdrawn"] else "not on the chain"))
    if document["closed"]:
        rows.append(("leases", f"closed {counted(len(document['closed']), 'lease')}"))
    if document["kept"]:
        kept = counted(len(document["kept"]), "lease")
        rows.append(("open", f"{kept} not closed, see above; run `surge leave` again"))
    rows.append(("redeemed", f"{document['redeemed']} USD, and {document['rewards']} SURGE of rewards"))
    rows.append(("stake back", f"{document['returned']} SURGE now"))
    if document["unbonding"] != show_surge(0):
        when = f"{moment(document['release'], exact=True)}, in {duration(document['seconds_left'])}"
        rows.append(("come back", f"{when}: `surge leave` then takes {document['unbonding']} SURGE out"))
    if document["bonded"] != show_surge(0):
        rows.append(("still staked", f"{document['bonded']} SURGE for slots of open leases"))
    if sent := document["sent"]:
        rows.append(("sent", f"{sent['surge']} SURGE and {sent['usd']} USD to {sent['to']}"))
    held = document["holds"]
    rows.append(("holds", f"{held['usd']} USD, {held['surge']} SURGE, {held['gas']} coins for gas"))
    if document["done"]:
        rows.append(("done", "nothing of this provider is left on the chain"))
    yield facts(rows)
