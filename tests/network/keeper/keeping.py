"""A keeper and what it looks after, on a real chain."""

import time

from surge.chain.network.artifacts import artifact
from surge.chain.node.sender import Call
from surge.keeper.liquidating import Rules
from surge.keeper.liquidator import Liquidator

KEEPER, ALTRUIST = Rules(), Rules(altruist=True)


def keeper(net, rules=KEEPER, **options):
    """One that has nothing but gas."""
    return Liquidator(net.network.account(), rules, **options)


def borrower(net, debt="14000"):
    """Of a new account, with ten ether at 2,000 dollars as collateral; its position."""
    position = net.desk().market("ETH/TUSD").position()
    position.add_collateral("10")
    position.borrow(debt)
    return position


def dollars(net, account):
    (balance,) = net.treasury.tokens.balances(account, [net.treasury.tokens.named("TUSD")])
    return balance


def say(net, symbol, usd):
    """The feed alone: the pools stay where they are."""
    feed = net.network.book.credit.feeds[symbol]
    calldata = artifact("PriceFeed").function("set_answer", 1).encode((round(usd * 10**8),))
    net.treasury.send(Call(f"setting the price of {symbol}", feed, calldata))


def wait_for(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
