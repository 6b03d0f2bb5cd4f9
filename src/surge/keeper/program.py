"""The keepers as programs, one look after the other until they are told to end.

    python -m surge.keeper.program bidder --help        buys each epoch's fee pot with SURGE when that pays
    python -m surge.keeper.program liquidator --help    liquidates positions when that pays

On a local network each also keeps the chain's last whole state (see `chain.anvil.node`).
"""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from surge.chain.anvil.node import LocalChain
from surge.chain.client import Chain
from surge.chain.network.book import load_book
from surge.chain.wallet import load_wallet
from surge.keeper.bidder import DEFAULT_VALUE, Bidder
from surge.keeper.bookfile import BookFile
from surge.keeper.liquidating import Rules
from surge.keeper.liquidator import Liquidator
from surge.keeper.metrics import Metrics
from surge.keeper.positions import COIN
from surge.model.errors import Refused, SurgeError, Unavailable
from surge.model.units import parse_surge, parse_usd, show_usd
from surge.store.logs import log_to_stderr

EVERY_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
LOOK_SECONDS = 15.0
"""Prices, interest and time change what is due without a new block; so it looks at least so often."""
CHECKPOINT_SECONDS = 30.0

_log = structlog.get_logger("keeper")


def keep_on(
    turn: Callable[[], float], stop: threading.Event, every: float, local: LocalChain | None = None
) -> None:
    """Take turns until `stop` is set; each tells the seconds until the next. Outlives lost races and an
    unreachable node, for which it pauses longer each time, from `every` seconds on."""
    pause = every
    while not stop.is_set():
        try:
            pause = turn()
            if local:
                local.checkpoint(CHECKPOINT_SECONDS)
        except Refused as error:
            pause = every
            _log.info("refused", reason=str(error))
        except Unavailable as error:
            pause = min(max(pause, every, 0.1) * 2, LONGEST_PAUSE_SECONDS)
            _log.warning("the chain is unavailable", reason=str(error), again_in=pause)
        stop.wait(pause)


def bidding(bidder: Bidder, every: float) -> Callable[[], float]:
    """Turns of a bidder."""

    def turn() -> float:
        bidder.step()
        return every

    return turn


def liquidating(liquidator: Liquidator, every: float, file: BookFile | None = None) -> Callable[[], float]:
    """Turns of a liquidator: it looks whenever there is a new block or another address book, and now and then
    besides; after it has acted, at once again."""
    block, looked = -1, -LOOK_SECONDS

    def turn() -> float:
        nonlocal block, looked
        if file and file.follow(liquidator.chain):
            block = -1
        newest = liquidator.chain.block_number()
        if newest == block and time.monotonic() - looked < LOOK_SECONDS:
            return every
        block, looked = newest, time.monotonic()
        if not liquidator.step().sent:
            return every
        block = -1
        return 0.0

    return turn


def serve_liquidator(
    chain: Chain,
    rules: Rules,
    *,
    every: float = EVERY_SECONDS,
    port: int | None = None,
    coin: str = COIN,
    local: LocalChain | None = None,
    book: Path | None = None,
) -> None:
    """Until SIGTERM or SIGINT. port: of the metrics, None for none. book: the address book's file, whose
    lists are followed. Raises BadInput for a port in use."""
    stop, metrics = _told_to_end(), Metrics()
    if port is not None:
        _log.info("metrics", port=metrics.serve(port))
    _log.info("watching", network=chain.book.name, account=chain.address, altruist=rules.altruist)
    file, liquidator = BookFile(book) if book else None, Liquidator(chain, rules, metrics, coin)
    keep_on(liquidating(liquidator, every, file), stop, every, local)
    _log.info("ended")


def serve_bidder(
    chain: Chain, value: str, *, most: str | None = None, every: float, local: LocalChain | None
) -> None:
    """Until SIGTERM or SIGINT. value: dollars that a SURGE is worth. most: SURGE a pot. Raises BadInput."""
    cap = None if most is None else parse_surge(most)
    bidder, stop = Bidder(chain, parse_usd(value), cap), _told_to_end()
    _log.info("watching", network=chain.book.name, account=chain.address, value=show_usd(bidder.value))
    keep_on(bidding(bidder, every), stop, every, local)
    _log.info("ended")


def _told_to_end() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run(arguments: list[str]) -> int:
    """The program: returns its exit code when SIGTERM or SIGINT asks it to end."""
    options = _options(arguments)
    log_to_stderr()
    try:
        book = load_book(options.book)
        local = LocalChain(options.local_chain, book.chain_id) if options.local_chain else None
        wallet = load_wallet(options.wallet, strict=not book.local)
        with Chain(book, wallet.key, index=options.index) as chain:
            if options.keeper == "bidder":
                serve_bidder(chain, options.value, most=options.most, every=options.every, local=local)
            else:
                altruist = options.altruist or local is not None  # gas is free there
                rules = Rules(altruist=altruist, own_funds=options.own_funds)
                port, coin = options.metrics, options.coin
                serve_liquidator(
                    chain, rules, every=options.every, port=port, coin=coin, local=local, book=options.book
                )
    except SurgeError as error:
        _log.error("stopped", reason=str(error))
        return error.exit_code
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--book", type=Path, required=True, help="the network's address book")
    shared.add_argument("--wallet", type=Path, required=True, help="keystore of the account that sends")
    shared.add_argument("--every", type=float, default=EVERY_SECONDS, help="seconds between two looks")
    shared.add_argument("--index", type=Path, help="file for the event index (default: in memory)")
    shared.add_argument("--local-chain", type=Path, help="folder of the local chain whose state to keep")
    parser = argparse.ArgumentParser(prog="surge.keeper.program", description=__doc__)
    keepers = parser.add_subparsers(dest="keeper", required=True)
    bidder = keepers.add_parser("bidder", parents=[shared])
    bidder.add_argument(
        "--value", default=DEFAULT_VALUE, help="dollars that a SURGE is worth (default %(default)s)"
    )
    bidder.add_argument(
        "--most", metavar="SURGE", help="the most for one pot (default: what the account has)"
    )
    liquidator = keepers.add_parser("liquidator", parents=[shared])
    liquidator.add_argument(
        "--metrics", type=int, metavar="PORT", help="serve Prometheus metrics on 127.0.0.1"
    )
    liquidator.add_argument(
        "--altruist", action="store_true", help="also send what costs gas and gains nothing"
    )
    liquidator.add_argument("--own-funds", action="store_true", help="also repay from the account's balance")
    liquidator.add_argument("--coin", default=COIN, help="symbol of the chain's coin (default %(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
