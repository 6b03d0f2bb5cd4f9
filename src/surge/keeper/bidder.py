"""The bidder: keeps the fee auction going, one look at a time. `python -m surge.keeper.bidder --help`

Each epoch it starts the auction of the fee pot, and buys the pot with SURGE when that pays (see `bidding`).
On a local network it also keeps the chain's last whole state (see `chain.anvil`).
"""

import argparse
import signal
import sys
import threading
from pathlib import Path

import structlog

from surge.chain.anvil.node import LocalChain
from surge.chain.client import Chain
from surge.chain.network.book import load_book
from surge.chain.wallet import load_wallet
from surge.keeper.bidding import Bid, Sight, Start, Wait, decide
from surge.model.errors import Refused, SurgeError, Unavailable
from surge.model.units import MicroUsd, Seconds, parse_usd, show_surge, show_usd
from surge.store.logs import log_to_stderr

EVERY_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
CHECKPOINT_SECONDS = 30.0
DEFAULT_VALUE = "0.10"

_log = structlog.get_logger("bidder")


def look(chain: Chain) -> Sight:
    """What `decide` needs, read from the chain."""
    auction = chain.rewards.auction()
    return Sight(
        now=chain.now(),
        pot=auction.pot if auction else chain.rewards.pot(),
        min_pot=chain.book.parameters.min_pot,
        next_auction=chain.rewards.next_auction() if auction is None else Seconds(0),
        balance=chain.money.surge(chain.address),
        epoch=auction.epoch if auction else None,
        cost=chain.rewards.cost() if auction else None,
    )


def step(chain: Chain, value: MicroUsd) -> Start | Bid | Wait:
    """Look once, and act once. Raises what `Chain` raises."""
    decision = decide(look(chain), value)
    if isinstance(decision, Start):
        sent = chain.rewards.start()
        _log.info("auction started", transaction="0x" + sent.hash.hex())
    elif isinstance(decision, Bid):
        sent = chain.rewards.bid(decision.epoch, decision.most)
        sold = next(sale for sale in reversed(chain.rewards.sales()) if sale.epoch == decision.epoch)
        _log.info(
            "pot bought",
            epoch=sold.epoch,
            pot=show_usd(sold.pot),
            burned=show_surge(sold.burned),
            transaction="0x" + sent.hash.hex(),
        )
    return decision


def watch(
    chain: Chain,
    value: MicroUsd,
    stop: threading.Event,
    every: float = EVERY_SECONDS,
    local: LocalChain | None = None,
) -> None:
    """Step until `stop` is set. Outlives an unreachable node and lost races: it logs them and goes on."""
    pause, told = every, ""
    while not stop.is_set():
        try:
            decision = step(chain, value)
            pause = every
            kind = type(decision).__name__
            if kind != told:
                _log.info(decision.reason if isinstance(decision, Wait) else "acted", decision=kind)
                told = kind
            if local:
                local.checkpoint(CHECKPOINT_SECONDS)
        except Refused as error:
            _log.info("refused", reason=str(error))
        except Unavailable as error:
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            _log.warning("the chain is unavailable", reason=str(error), again_in=pause)
        stop.wait(pause)


def run(arguments: list[str]) -> int:
    """The program: returns its exit code when SIGTERM or SIGINT asks it to end."""
    parser = argparse.ArgumentParser(prog="surge.keeper.bidder", description=__doc__)
    parser.add_argument("--book", type=Path, required=True, help="the network's address book")
    parser.add_argument("--wallet", type=Path, required=True, help="keystore of the account that bids")
    parser.add_argument(
        "--value", default=DEFAULT_VALUE, help="dollars that a SURGE is worth (default %(default)s)"
    )
    parser.add_argument("--every", type=float, default=EVERY_SECONDS, help="seconds between two looks")
    parser.add_argument("--local-chain", type=Path, help="folder of the local chain whose state to keep")
    options = parser.parse_args(arguments)
    log_to_stderr()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        value = parse_usd(options.value)
        if value == 0:
            parser.error("--value must be above zero")
        book = load_book(options.book)
        local = LocalChain(options.local_chain, book.chain_id) if options.local_chain else None
        with Chain(book, load_wallet(options.wallet).key) as chain:
            _log.info("watching", network=book.name, account=chain.address, value=show_usd(value))
            watch(chain, value, stop, options.every, local)
    except SurgeError as error:
        _log.error("stopped", reason=str(error))
        return error.exit_code
    _log.info("ended")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
