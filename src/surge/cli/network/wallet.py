"""`surge wallet`: the renter's account. A key is never shown."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.terminal.access import ask_password, found, keystore, reading
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import Part, answer, facts, tell
from surge.model.errors import BadInput, NoNetwork
from surge.model.units import MicroUsd, parse_usd, show_decimal, show_surge, show_usd
from surge.store.home import Home

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.chain.network.book import AddressBook
    from surge.model.units import Address
    from surge.renter.access import Access


def wallet(
    create: Annotated[bool, typer.Option("--create", help="Make a new key first.")] = False,
    lock: Annotated[
        Path | None,
        typer.Option(
            metavar="KEYSTORE", help="Give a key of a local network a password of yours, for other ones."
        ),
    ] = None,
    faucet: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="Take test dollars first, where the network has a faucet."),
    ] = None,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """Your address and what it holds."""
    wanted = None if faucet is None else _faucet_amount(faucet)
    home = Home.default()
    if lock is not None:
        answer(_lock(lock), as_json, show_lock)
        return
    if create:
        _create(home, network)
    address = _address(home)
    document: dict[str, Any] = {"address": address, "keystore": str(home.wallet), "network": None}
    document["provider"] = _provider(home)
    if wanted is not None:
        _take(found(network), wanted)
    try:
        access = found(network)
    except NoNetwork as error:
        if network is not None or not create:
            raise
        tell(str(error))
    else:
        with reading(access) as chain:
            held = chain.money.balances(address)
            tokens = _other_tokens(chain, address)
        document["network"] = access.book.name
        document |= {"usd": show_usd(held.usd), "surge": show_surge(held.surge), "gas": show_surge(held.gas)}
        document |= {"usd_token": _dollar(access.book), "tokens": tokens}
    answer(document, as_json, show_wallet)


def _other_tokens(chain: "Chain", address: "Address") -> dict[str, str]:
    """By symbol: those of the credit markets, without dollars and SURGE."""
    book = chain.book
    own = (book.addresses["Dollar"], book.addresses["SurgeToken"])
    listed = [token for token in (book.credit.tokens.values() if book.credit else ()) if token not in own]
    tokens = list(chain.tokens.of(listed).values())
    held = chain.tokens.balances(address, tokens)
    return {
        token.symbol: show_decimal(amount, token.decimals) for token, amount in zip(tokens, held, strict=True)
    }


def _dollar(book: "AddressBook") -> str | None:
    """What the credit markets call the dollar."""
    listed = book.credit.tokens if book.credit else {}
    return next((name for name, token in listed.items() if token == book.addresses["Dollar"]), None)


def show_wallet(document: Any) -> Iterable[Part]:
    rows = [("address", document["address"]), ("keystore", document["keystore"])]
    if document["network"]:
        called = f", the token {document['usd_token']}" if document["usd_token"] else ""
        rows += [
            ("network", document["network"]),
            ("dollars", f"{document['usd']} USD{called}"),
            ("SURGE", document["surge"]),
        ]
        rows += [(f"token {symbol}", held) for symbol, held in document["tokens"].items()]
        apart = "; the chain's own coin, none of the tokens" if document["tokens"] else ""
        rows.append(("coins for gas", document["gas"] + apart))
    if document["provider"]:
        rows.append(("provider", f"`surge provide` has an account of its own, {document['provider']}"))
    yield facts(rows)


def _address(home: Home) -> "Address":
    from surge.chain.wallet import wallet_address

    return wallet_address(keystore(home))


def _provider(home: Home) -> "Address | None":
    """The account of this home's provider, which is another one."""
    from surge.chain.wallet import wallet_address

    key = home.provider / "key.json"
    return wallet_address(key) if key.exists() else None


def _create(home: Home, network: str | None) -> None:
    from surge.chain.network.book import load_book
    from surge.chain.wallet import create_wallet

    book = home.book(network)
    local = book.exists() and load_book(book).local
    if not local:
        ask_password("A password for the new key")
    made = create_wallet(home.wallet, throwaway=local)
    tell(
        f"made a new key in {made.path}; whoever has that file and its password has the money: keep both safe"
    )


def _lock(path: Path) -> dict[str, Any]:
    from surge.chain.wallet import lock_wallet

    ask_password("A password for the key")
    return {"address": lock_wallet(path).address, "keystore": str(path)}


def show_lock(document: Any) -> Iterable[Part]:
    yield f"locked {document['keystore']}; from now on it opens with that password alone"


def _faucet_amount(text: str) -> MicroUsd:
    amount = parse_usd(text)
    if amount == 0:
        raise BadInput("the faucet gives nothing for 0; name an amount of dollars, such as 100")
    return amount


def _take(access: "Access", amount: MicroUsd) -> None:
    """Test dollars; on a local chain also the coins that the transaction needs."""
    folder = access.own_chain
    keystore(access.home)
    chain = access.chain()
    try:
        if folder is not None:
            from surge.chain.anvil.node import LocalChain
            from surge.local.network import COINS

            if chain.money.coins(chain.address) < COINS // 2:
                LocalChain(folder).fund(chain.address, COINS)
        chain.money.faucet(amount)
    finally:
        chain.disconnect()
    tell(f"took {show_usd(amount)} test dollars")
