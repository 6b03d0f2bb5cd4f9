"""The credit side of a local network, ready to use: test tokens, price feeds, pools, markets, a vault."""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from functools import partial
from operator import le
from pathlib import Path

from coincurve import PrivateKey

from surge.chain.deploy.credit import BLUEPRINT, credit_creations, credit_journal, finish_credit
from surge.chain.deploy.deployer import Creation, Deployer, Step, creation
from surge.chain.network.artifacts import artifact
from surge.chain.network.book import AddressBook, CreditBook, check_book
from surge.chain.network.connection import View
from surge.chain.node.rpc import Rpc
from surge.chain.node.sender import Call
from surge.model.credit import FEED_DECIMALS, PRICE_SCALE, MarketParams, market_id
from surge.model.units import MAX_UINT256, NOBODY, WAD, Address, Wad, parse_decimal

DECIMALS = {"TUSD": 6, "ETH": 18, "BTC": 8, "SURGE": 18}
USD_PRICES = {"TUSD": "1", "ETH": "2000", "BTC": "60000", "SURGE": "0.10"}
VAULT = "TUSD vault"
ROOM = 10
"""A vault's caps over what it has lent at first."""
FAUCET_CAP = 10**6
"""Whole tokens that one call of a faucet gives."""
_DEADLINE = 2**63


@dataclass(frozen=True, slots=True)
class LocalMarket:
    """Ratios in per cent; supplied: whole loan tokens that the genesis account lends (dollars by vault)."""

    collateral: str
    loan: str
    max_ltv: int
    lltv: int
    target_health: int
    supplied: int

    @property
    def name(self) -> str:
        return f"{self.collateral}/{self.loan}"


MARKETS = (
    LocalMarket("ETH", "TUSD", 70, 80, 115, 400_000),
    LocalMarket("BTC", "TUSD", 70, 80, 115, 300_000),
    LocalMarket("SURGE", "TUSD", 40, 55, 140, 50_000),
    LocalMarket("LP", "TUSD", 60, 72, 122, 100_000),
    LocalMarket("BTC", "ETH", 70, 80, 115, 300),
    LocalMarket("TUSD", "ETH", 80, 86, 108, 300),
)
MIN_DEBT = {"TUSD": "10", "ETH": "0.005"}
RESERVE_FACTOR = Wad(WAD // 10)
LP_PAIR = "ETH/TUSD"
POOLS = {"ETH/TUSD": (1_000, 2_000_000), "BTC/TUSD": (30, 1_800_000), "SURGE/TUSD": (3_000_000, 300_000),
         "BTC/ETH": (20, 600)}  # fmt: skip
"""Whole tokens in each pool of the exchange, at the prices of the feeds."""
RIVAL_POOLS = {"ETH/TUSD": (200, 400_000)}
WATCHED = {"SURGE/TUSD": "SURGE/TUSD", "BTC/ETH": "BTC/ETH", "TUSD/ETH": "ETH/TUSD"}
"""The markets whose oracle has a second source, the average of this pool, which a keeper observes: that of a
token nobody else trades, and all that lend what is no dollar. An old, low price of what is lent makes the
collateral look dear, and a market is emptied through it."""
WINDOW, LONGEST, MAX_DEVIATION = 60, 3_600, WAD // 20
FEED_MAX_AGE = 3_600
"""Seconds. Feeds of a local network speak in every block, until they are frozen."""
GRACE = 6 * 3_600
"""Seconds beyond it for which a guard goes on by a feed's last answer, to liquidate alone: OracleGuard's."""


def deploy_local_credit(
    book: AddressBook, key: PrivateKey, path: Path, tell: Callable[[str], None] = lambda _: None
) -> AddressBook:
    """Deploy and fill the credit side of a local network, and save its address book at `path`.

    key: of the genesis account, which lends. Can be run again after any crash. Raises what `Deployer` raises.
    """
    if book.credit is not None:
        return book
    rpc = Rpc(book.rpc_url)
    try:
        check_book(book, rpc)
        deployer = Deployer(rpc, key, credit_journal(path), together=True, tell=tell)
        deployer.know({"TUSD": book.addresses["Dollar"], "SURGE": book.addresses["SurgeToken"]})
        return finish_credit(deployer, book, path, _LocalCredit(deployer).build())
    finally:
        rpc.close()


class _LocalCredit:
    def __init__(self, deployer: Deployer) -> None:
        self.site = deployer
        self.me = deployer.address

    def build(self) -> CreditBook:
        self.site.create(*credit_creations(self.me), *self._tokens_and_feeds())
        self.site.make(*self._pairs(), *self._faucets(), *self._allowances())
        self._find_pairs()
        self.site.create(*self._oracles(), self._vault())
        self.site.make(*self._liquidity(), *self._markets())
        self.site.make(*self._supplies(), *self._caps("submit_cap"), *self._observations())
        self.site.make(*self._caps("accept_cap"))
        self.site.make(self._deposit())
        self.site.make(*self._caps("submit_cap", ROOM))
        self.site.make(*self._caps("accept_cap", ROOM))
        self.site.make(self._allocation())
        return self._book()

    def _at(self, label: str) -> Address:
        return self.site.addresses[label]

    def _step(self, what: str, source: str, label: str, name: str, *arguments: object) -> Call:
        calldata = artifact(source).function(name, len(arguments)).encode(arguments)
        return Call(what, self._at(label), calldata)

    def _tokens_and_feeds(self) -> Iterator[Creation]:
        yield creation("ETH", "TestToken", "Test Ether", "ETH", DECIMALS["ETH"])
        yield creation("BTC", "TestToken", "Test Bitcoin", "BTC", DECIMALS["BTC"])
        for symbol, usd in USD_PRICES.items():
            answer = parse_decimal(usd, FEED_DECIMALS, "price")
            yield creation(f"feed:{symbol}", "PriceFeed", f"{symbol} / USD", FEED_DECIMALS, answer)
        yield creation("rival", "Exchange", f"@{BLUEPRINT}")
        yield creation("rival:Router", "Router", "@rival", bytes(32))

    # Pools

    def _pairs(self) -> Iterator[Step]:
        for exchange, pools in (("Exchange", POOLS), ("rival", RIVAL_POOLS)):
            for pool in pools:
                tokens = tuple(map(self._at, pool.split("/")))
                yield Step(
                    self._step(f"creating the pair {pool}", "Exchange", exchange, "createPair", *tokens),
                    View("Exchange", self._at(exchange), "getPair", tokens),
                    lambda pair: bool(pair != NOBODY),
                )

    def _find_pairs(self) -> None:
        for exchange, pools in (("Exchange", POOLS), ("rival", RIVAL_POOLS)):
            for pool in pools:
                tokens = tuple(map(self._at, pool.split("/")))
                pair = self.site.ask(View("Exchange", self._at(exchange), "getPair", tokens))
                self.site.know({f"{exchange}:{pool}": pair})
        self.site.know({"LP": self._at(f"Exchange:{LP_PAIR}")})

    def _faucets(self) -> Iterator[Step]:
        """What the genesis account needs for pools and loans; SURGE it has."""
        for symbol in ("TUSD", "ETH", "BTC"):
            token, unit = self._at(symbol), 10 ** DECIMALS[symbol]
            needed = self._needed(symbol)
            for start in range(0, needed, FAUCET_CAP):
                amount = min(FAUCET_CAP, needed - start)
                yield Step(
                    self._step(f"taking test {symbol}", "TestToken", symbol, "faucet", amount * unit),
                    View("TestToken", token, "balanceOf", (self.me,)),
                    partial(le, (start + amount) * unit),
                )

    def _needed(self, symbol: str) -> int:
        """How many whole tokens the pools and markets need."""
        pooled = (
            amount
            for pools in (POOLS, RIVAL_POOLS)
            for pool, amounts in pools.items()
            for name, amount in zip(pool.split("/"), amounts, strict=True)
            if name == symbol
        )
        return sum(pooled) + sum(market.supplied for market in MARKETS if market.loan == symbol)

    def _allowances(self) -> Iterator[Step]:
        wanted = [(symbol, "Router") for symbol in DECIMALS]
        wanted += [("TUSD", "rival:Router"), ("ETH", "rival:Router"), ("ETH", "Credit")]
        for symbol, spender in wanted:
            yield self._allowance(symbol, spender)

    def _allowance(self, symbol: str, spender: str) -> Step:
        to = self._at(spender)
        return Step(
            self._step(
                f"allowing {spender} to take {symbol}", "TestToken", symbol, "approve", to, MAX_UINT256
            ),
            View("TestToken", self._at(symbol), "allowance", (self.me, to)),
        )

    def _liquidity(self) -> Iterator[Step]:
        for exchange, router, pools in (
            ("Exchange", "Router", POOLS),
            ("rival", "rival:Router", RIVAL_POOLS),
        ):
            for pool, whole in pools.items():
                symbols = pool.split("/")
                amounts = [n * 10 ** DECIMALS[symbol] for symbol, n in zip(symbols, whole, strict=True)]
                yield Step(
                    self._step(
                        f"filling the pair {pool}", "Router", router, "addLiquidity",
                        *map(self._at, symbols), *amounts, *amounts, self.me, _DEADLINE,
                    ),
                    View("Pair", self._at(f"{exchange}:{pool}"), "totalSupply"),
                )  # fmt: skip

    # Markets

    def _oracles(self) -> Iterator[Creation]:
        for market in MARKETS:
            if market.collateral != "LP":
                yield self._guard(market)
        pair, dollars = artifact("Pair").function("token0", 0), self._at("TUSD")
        token0 = self.site.ask(View("Pair", self._at("LP"), pair.name))
        oracles = (NOBODY, "@oracle:ETH/TUSD") if token0 == dollars else ("@oracle:ETH/TUSD", NOBODY)
        yield creation("oracle:LP/TUSD", "LpOracle", "@LP", dollars, *oracles, 1, 10**60)

    def _guard(self, market: LocalMarket) -> Creation:
        base, quote = market.collateral, market.loan
        usual = usual_price(base, quote)
        pool = WATCHED.get(market.name)
        watched = (f"@Exchange:{pool}", WINDOW, LONGEST, MAX_DEVIATION) if pool else (NOBODY, 0, 0, 0)
        config = (
            f"@{base}", f"@{quote}", f"@feed:{base}", FEED_MAX_AGE, f"@feed:{quote}", FEED_MAX_AGE,
            usual // 1_000, usual * 1_000, NOBODY, 0, *watched,
        )  # fmt: skip
        return creation(f"oracle:{market.name}", "OracleGuard", config)

    def _params(self, market: LocalMarket) -> MarketParams:
        return MarketParams(
            loan_token=self._at(market.loan),
            collateral_token=self._at(market.collateral),
            oracle=self._at(f"oracle:{market.name}"),
            irm=self._at("AdaptiveCurveIrm"),
            max_ltv=Wad(market.max_ltv * WAD // 100),
            lltv=Wad(market.lltv * WAD // 100),
            target_health=Wad(market.target_health * WAD // 100),
            min_debt=parse_decimal(MIN_DEBT[market.loan], DECIMALS[market.loan], "minimum debt"),
            reserve_factor=RESERVE_FACTOR,
        )

    def _markets(self) -> Iterator[Step]:
        for market in MARKETS:
            params = self._params(market)
            yield Step(
                self._step(
                    f"creating the market {market.name}", "Credit", "Credit", "create_market", astuple(params)
                ),
                View("Credit", self._at("Credit"), "market", (market_id(params),)),
                lambda state: bool(state[5] != 0),
            )

    # Lenders

    def _supplies(self) -> Iterator[Step]:
        """Ether is lent by the genesis account itself."""
        for market in MARKETS:
            if market.loan != "TUSD":
                params = self._params(market)
                amount = market.supplied * 10 ** DECIMALS[market.loan]
                yield Step(
                    self._step(
                        f"supplying {market.loan} to {market.name}", "Credit", "Credit", "supply",
                        astuple(params), amount, 0, self.me, b"",
                    ),
                    View("Credit", self._at("Credit"), "position", (market_id(params), self.me)),
                    lambda position: bool(position[0]),
                )  # fmt: skip
        yield self._allowance("TUSD", VAULT)

    def _vault(self) -> Creation:
        """No timelock: on this machine nobody needs to be warned."""
        return creation(VAULT, "Vault", "@Credit", "@TUSD", "Surge TUSD vault", "sTUSD", self.me, 0)

    def _caps(self, name: str, times: int = 1) -> Iterator[Step]:
        """First as much as is lent to each market, so that the deposit is spread; then room for more."""
        for market in MARKETS:
            if market.loan == "TUSD":
                id_, cap = market_id(self._params(market)), times * market.supplied * 10 ** DECIMALS["TUSD"]
                given = (id_, cap) if name == "submit_cap" else (id_,)
                yield Step(
                    self._step(f"the vault's cap of {market.name}", "Vault", VAULT, name, *given),
                    View("Vault", self._at(VAULT), "cap", (id_,)),
                    partial(le, cap),
                )

    def _deposit(self) -> Step:
        amount = sum(market.supplied for market in MARKETS if market.loan == "TUSD") * 10 ** DECIMALS["TUSD"]
        return Step(
            self._step(f"lending through the {VAULT}", "Vault", VAULT, "deposit", amount, self.me),
            View("Vault", self._at(VAULT), "totalSupply"),
        )

    def _allocation(self) -> Step:
        """What is there now is what the owner wants: so the next deposit goes to the queue's first market."""
        return Step(
            self._step(f"allocating the {VAULT}", "Vault", VAULT, "reallocate", []),
            View("Vault", self._at(VAULT), "holdings"),
            lambda holdings: not any(brought for *_, brought, _drawn, _live in holdings),
        )

    def _observations(self) -> Iterator[Step]:
        for name, pool in WATCHED.items():
            label = f"oracle:{name}"
            yield Step(
                self._step(f"observing the pair {pool} for {name}", "OracleGuard", label, "observe"),
                View("OracleGuard", self._at(label), "newer"),
                lambda observation: bool(observation[0]),
            )

    def _book(self) -> CreditBook:
        return CreditBook(
            tokens={symbol: self._at(symbol) for symbol in (*DECIMALS, "LP")},
            feeds={symbol: self._at(f"feed:{symbol}") for symbol in USD_PRICES},
            oracles={market.name: self._at(f"oracle:{market.name}") for market in MARKETS},
            markets={market.name: self._params(market) for market in MARKETS},
            pairs={pool: self._at(f"Exchange:{pool}") for pool in POOLS},
            vaults={VAULT: self._at(VAULT)},
            rival=self._at("rival"),
            rival_router=self._at("rival:Router"),
            rival_pairs={pool: self._at(f"rival:{pool}") for pool in RIVAL_POOLS},
        )


def usual_price(base: str, quote: str) -> int:
    """Of a new local network, by 1e36: smallest units of `quote` for one of `base`."""
    worth = {symbol: parse_decimal(usd, FEED_DECIMALS, "price") for symbol, usd in USD_PRICES.items()}
    bought = worth[base] * PRICE_SCALE * 10 ** DECIMALS[quote]
    return int(bought // (worth[quote] * 10 ** DECIMALS[base]))
