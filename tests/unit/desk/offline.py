"""A desk whose node is never asked: what it reads is given, what it would send is kept."""

from dataclasses import astuple, replace

from coincurve import PrivateKey
from eth_abi.abi import decode

from small_credit import ETH, ETHER, HOLDER, NOW, PARAMS, TUSD, USD
from surge.chain.calls.exchange import Pool
from surge.chain.client import Chain
from surge.chain.network.artifacts import artifact, interface
from surge.chain.network.book import CONTRACTS, CREDIT_CONTRACTS, LOCAL, AddressBook, CreditBook
from surge.credit.exchange import Reserves, Route
from surge.credit.market import Token
from surge.model.signature import checksum
from surge.model.units import WAD

KEY = PrivateKey(bytes([7]) * 32)
BOOK = AddressBook(
    "local", 31337, "http://127.0.0.1:1",
    {name: checksum(bytes([n]) * 20) for n, name in enumerate(CONTRACTS + CREDIT_CONTRACTS, 0x60)},
    replace(LOCAL, genesis=1_600_000_000), 7,
    CreditBook({"TUSD": TUSD.address, "ETH": ETH.address}, markets={"ETH/TUSD": PARAMS}),
)  # fmt: skip
PAIR = HOLDER
RESERVES = Reserves(1_000 * ETHER, 2_000_000 * USD)
"""Of ether and dollars, at the oracle's price of 2,000."""
SUPPLY, SHARES = 40 * WAD, 10 * WAD


class Offline(Chain):
    """On one market, one pool and one `position`. planned: the calls of the last preview."""

    def __init__(self, position=None, oracle=None):
        """oracle: what that of ETH/TUSD says, (price, safe)."""
        super().__init__(BOOK, KEY)
        self.planned = ()
        tokens = {one.symbol: one for one in (ETH, TUSD)}
        share = Token("LP", 18, PAIR)
        by_address = {one.address: one for one in (ETH, TUSD, share)}
        self.tokens.named = tokens.__getitem__
        self.tokens.of = lambda wanted: {at: by_address[at] for at in wanted}
        self.tokens.balances = lambda _, wanted: [10**6 * 10**one.decimals for one in wanted]
        self.tokens.allowing = lambda payments: []
        self.exchange.routes = lambda source, target: [
            Route((source.address, target.address), (RESERVES if source == ETH else RESERVES.reversed,))
        ]
        self.exchange.pair_of = lambda *_: PAIR
        self.exchange.pools = lambda _: [Pool(PAIR, ETH.address, TUSD.address, *astuple(RESERVES))]
        self.exchange.liquidity = lambda *_: (SUPPLY, SHARES)
        self.credit.position_view = lambda *_: position
        self.leverage.needs_authorising = lambda: False
        self.curation.price = lambda _: oracle

    def now(self):
        return NOW

    def simulate(self, *calls):
        self.planned = calls
        return 1

    def sent(self, contract):
        """The function that the last planned call is of, and its arguments by name."""
        content = bytes.fromhex(self.planned[-1].calldata[2:])
        (function,) = (one for one in artifact(contract).functions.values() if one.selector == content[:4])
        names = (
            [member["name"] for member in entry["inputs"]]
            for entry in interface(contract)
            if entry.get("name") == function.name and len(entry["inputs"]) == len(function.inputs)
        )
        given = decode(function.inputs, content[4:])
        return function.name, dict(zip(next(names), given, strict=True))
