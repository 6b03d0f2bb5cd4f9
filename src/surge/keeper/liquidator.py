"""The liquidator: liquidates what pays, one look at a time. `python -m surge.keeper.liquidator --help`

Each look reads positions, prices and pools, decides by `liquidating`, simulates what it would send, and sends
it. What fails is tried again later, each position for itself. An altruist also pays for what gains nothing:
it pokes the margin zone, realises bad debt, observes pairs for the oracles and writes interest down.
On a local network it also keeps the chain's last whole state (see `chain.anvil`).
"""

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

import structlog

from surge.chain.anvil.node import LocalChain
from surge.chain.client import Chain
from surge.chain.network.book import load_book
from surge.chain.wallet import load_wallet
from surge.keeper.acting import Liquidator
from surge.keeper.liquidating import Rules
from surge.keeper.metrics import Metrics
from surge.keeper.positions import COIN
from surge.model.errors import SurgeError
from surge.store.logs import log_to_stderr

EVERY_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
LOOK_SECONDS = 15.0
"""Prices, interest and time change what is due without a new block; so it looks at least so often."""
CHECKPOINT_SECONDS = 30.0

_log = structlog.get_logger("keeper")


def watch(
    liquidator: Liquidator,
    stop: threading.Event,
    every: float = EVERY_SECONDS,
    local: LocalChain | None = None,
) -> None:
    """Step until `stop` is set: whenever there is a new block, and now and then besides. Outlives an
    unreachable node: it logs that, pauses longer each time, and goes on."""
    pause, block, looked = every, -1, -LOOK_SECONDS
    while not stop.is_set():
        try:
            newest = liquidator.chain.block_number()
            if newest != block or time.monotonic() - looked >= LOOK_SECONDS:
                block, looked = newest, time.monotonic()
                if liquidator.step().sent:
                    block = -1  # look again at once
            if local:
                local.checkpoint(CHECKPOINT_SECONDS)
            pause = 0.0 if block < 0 else every
        except SurgeError as error:
            pause = min(max(pause, every, 0.1) * 2, LONGEST_PAUSE_SECONDS)
            _log.warning("the chain is unavailable", reason=str(error), again_in=pause)
        stop.wait(pause)


def serve(
    chain: Chain,
    rules: Rules,
    *,
    every: float = EVERY_SECONDS,
    port: int | None = None,
    coin: str = COIN,
    local: LocalChain | None = None,
) -> None:
    """Watch until SIGTERM or SIGINT. port: of the metrics, None for none. Raises BadInput for one in use."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    metrics = Metrics()
    if port is not None:
        _log.info("metrics", port=metrics.serve(port))
    _log.info("watching", network=chain.book.name, account=chain.address, altruist=rules.altruist)
    watch(Liquidator(chain, rules, metrics, coin), stop, every, local)
    _log.info("ended")


def run(arguments: list[str]) -> int:
    """The program: returns its exit code when SIGTERM or SIGINT asks it to end."""
    options = _options(arguments)
    log_to_stderr()
    try:
        book = load_book(options.book)
        local = LocalChain(options.local_chain, book.chain_id) if options.local_chain else None
        rules = Rules(altruist=options.altruist or local is not None, own_funds=options.own_funds)
        with Chain(book, load_wallet(options.wallet).key, index=options.index) as chain:
            serve(chain, rules, every=options.every, port=options.metrics, coin=options.coin, local=local)
    except SurgeError as error:
        _log.error("stopped", reason=str(error))
        return error.exit_code
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="surge.keeper.liquidator", description=__doc__)
    parser.add_argument("--book", type=Path, required=True, help="the network's address book")
    parser.add_argument("--wallet", type=Path, required=True, help="keystore of the account that sends")
    parser.add_argument("--every", type=float, default=EVERY_SECONDS, help="seconds between two looks")
    parser.add_argument("--metrics", type=int, metavar="PORT", help="serve Prometheus metrics on 127.0.0.1")
    parser.add_argument("--altruist", action="store_true", help="also send what costs gas and gains nothing")
    parser.add_argument("--own-funds", action="store_true", help="also repay from the account's balance")
    parser.add_argument("--coin", default=COIN, help="symbol of the chain's coin (default %(default)s)")
    parser.add_argument("--index", type=Path, help="file for the event index (default: in memory)")
    parser.add_argument(
        "--local-chain", type=Path, help="folder of the local chain, whose state to keep; gas is free there"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
