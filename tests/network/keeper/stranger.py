"""A market of a stranger's token, oracle and rate model, which say what a test wants."""

from dataclasses import replace

from credit_network import CreditNetwork
from network.keeper.hostile_code import answering, words
from surge.chain.calls.tokens import Payment
from surge.chain.network.book import AddressBook
from surge.model.credit import MarketId, market_id
from surge.model.units import Address

TOKEN, ORACLE, MODEL = (Address("0x" + digits * 20) for digits in ("a1", "b2", "c3"))
PRICE = 2_000 * 10**24
"""Of a token of 18 decimals in one of 6."""
FAIR = answering(words(1)), answering(words(PRICE, 1)), answering(words(0))


def become(net: CreditNetwork, *codes: bytes) -> None:
    """From now on the three contracts are these."""
    for address, code in zip((TOKEN, ORACLE, MODEL), codes, strict=True):
        net.network.rpc.call("anvil_setCode", address, "0x" + code.hex())


def with_stranger(net: CreditNetwork) -> tuple[AddressBook, MarketId]:
    """Somebody lends and owes in such a market; the address book that lists it first."""
    become(net, *FAIR)
    listed = net.network.book.credit
    params = replace(listed.markets["ETH/TUSD"], collateral_token=TOKEN, oracle=ORACLE, irm=MODEL)
    chain, credit = net.desk(TUSD="20000").chain, net.network.book.addresses["Credit"]
    chain.send(
        *chain.tokens.allowing([Payment(chain.tokens.named("TUSD"), 1, credit, "Credit")]),
        chain.credit.creating(params),
        chain.credit.supplying(params, 10_000 * 10**6),
        chain.credit.adding_collateral(params, 10**18),
        chain.credit.borrowing(params, 1_200 * 10**6),
    )
    markets = {"HOSTILE/TUSD": params, **listed.markets}
    return replace(net.network.book, credit=replace(listed, markets=markets)), market_id(params)
