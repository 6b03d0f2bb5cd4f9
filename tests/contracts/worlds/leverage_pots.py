"""Leverage and Batch on the real bytecode: Credit with a market and its reverse, and a pair of the tokens."""

from dataclasses import dataclass
from math import isqrt
from typing import Any

import boa
from coincurve import PrivateKey
from eth_abi import decode, encode

import places
from contracts.worlds.credit_pots import ETHER, MAX, USD, CreditPots, deploy_credit, price_e36
from contracts.worlds.pots import compiled, deploy, deploy_mock, now
from surge.credit.exchange import Reserves, amount_out
from surge.credit.shares import to_assets_up
from surge.model.digest import keccak
from surge.model.signature import address_of, sign
from surge.model.typed import struct_hash
from surge.model.units import Address

UNBOUND = (MAX, MAX, 0)
"""Bounds that any call keeps: no deadline, any rate, any health."""
UNSIGNED = (0, 0, 0, 0, 0)
"""No signature, where something comes after it."""
CALL_TYPE = "(address,bytes,bytes32,(address,uint256)[])"
AUTHORIZATION_TYPE = (
    "Authorization(address authorizer,address authorized,bool isAuthorized,uint256 nonce,uint256 deadline)"
)


@dataclass
class LeveragePots:
    """`pots`: collateral ETH, loan USD; `shorts`: collateral USD, loan ETH. Both have lenders."""

    pots: CreditPots
    shorts: CreditPots
    exchange: Any
    router: Any
    pair: Any
    leverage: Any
    batch: Any

    @property
    def usd(self) -> Any:
        return self.pots.loan

    @property
    def eth(self) -> Any:
        return self.pots.collateral

    @property
    def buying(self) -> list[str]:
        """The path from the long market's loan to its collateral."""
        return [str(self.usd.address), str(self.eth.address)]

    @property
    def selling(self) -> list[str]:
        return self.buying[::-1]

    def reserves(self, token_in: Any) -> Reserves:
        reserve0, reserve1, _ = self.pair.getReserves()
        seen = Reserves(reserve0, reserve1)
        return seen if self.pair.token0() == token_in.address else seen.reversed

    def trader(self, role: str) -> str:
        """An actor with tokens, that has authorised Leverage and given it allowances."""
        account = self.funded(str(boa.env.generate_address(role)))
        self.pots.credit.authorize(self.leverage, True, sender=account)
        return account

    def open(
        self,
        account: str,
        collateral: int,
        *,
        margin: int = 0,
        margin_loan: int = 0,
        max_borrowed: int = MAX,
        bounds: tuple[int, int, int] = UNBOUND,
    ) -> int:
        return self.leverage.open(  # type: ignore[no-any-return]
            self.pots.market,
            margin,
            margin_loan,
            collateral,
            max_borrowed,
            self.buying,
            bounds,
            sender=account,
        )

    def funded(self, account: str) -> str:
        """Tokens and allowances for Leverage, no authorisation."""
        for token in (self.usd, self.eth):
            token.mint(account, 10**6 * 10 ** token.decimals())
            token.approve(self.leverage, MAX, sender=account)
        return account

    def debt(self, account: str, market: CreditPots | None = None) -> int:
        """With interest up to now."""
        market = market or self.pots
        state = market.accrued()
        owed = market.position(account).borrow_shares
        return to_assets_up(owed, state.borrow_assets, state.borrow_shares)

    def trade_to(self, usd: int) -> None:
        """ETH costs this many dollars at both oracles, and arbitrage has moved the pair there."""
        self.pots.oracle.set_price(price_e36(usd))
        self.shorts.oracle.set_price(10**36 * ETHER // (usd * USD))
        into, out, token = self.reserves(self.usd).into, self.reserves(self.usd).out, self.usd
        wanted = isqrt(into * out * usd * USD // ETHER)
        if wanted < into:
            into, out, token, wanted = out, into, self.eth, into * out // wanted
        sold = (wanted - into) * 1_000 // 997
        token.mint(self.pair, sold)
        bought = amount_out(sold, into, out)
        first = self.pair.token0() == token.address
        amounts = (0, bought) if first else (bought, 0)
        self.pair.swap(*amounts, boa.env.generate_address(), b"")

    def add_hop(self) -> Any:
        """A third token with a pair to each of the two."""
        hop = deploy_mock("PlainToken", 18)
        add_pair(self.exchange, self.usd, 10_000_000 * USD, hop, 10_000_000 * ETHER)
        add_pair(self.exchange, self.eth, 5_000 * ETHER, hop, 10_000_000 * ETHER)
        return hop

    def nothing_stays(self) -> None:
        """Neither contract holds tokens or has given an allowance."""
        for contract in (self.leverage, self.batch):
            for token in (self.usd, self.eth):
                assert token.balanceOf(contract) == 0
                for spender in (self.pots.credit, self.router):
                    assert token.allowance(contract, spender) == 0


def deploy_exchange() -> tuple[Any, Any]:
    """A factory and its router."""
    blueprint = compiled(places.contract("Pair")).deploy_as_blueprint()
    exchange = deploy("Exchange", blueprint)
    return exchange, deploy("Router", exchange, bytes(32))


def add_pair(exchange: Any, token_a: Any, amount_a: int, token_b: Any, amount_b: int) -> Any:
    """A pair with liquidity of tokens that anybody mints."""
    pair = compiled(places.contract("Pair")).at(exchange.createPair(token_a, token_b))
    token_a.mint(pair, amount_a)
    token_b.mint(pair, amount_b)
    pair.mint(boa.env.generate_address())
    return pair


def reverse(pots: CreditPots, rate: int = 0) -> CreditPots:
    """The market the other way round: the loan token is lent against as the collateral. Price 1/2,000."""
    oracle = deploy_mock("SettableOracle", 10**36 * ETHER // (2_000 * USD))
    irm = deploy_mock("SettableIrm", rate)
    other = pots.create(
        loan_token=pots.params.collateral_token,
        collateral_token=pots.params.loan_token,
        oracle=Address(str(oracle.address)),
        irm=Address(str(irm.address)),
        max_ltv=8 * 10**17,
        lltv=86 * 10**16,
        target_health=108 * 10**16,
        min_debt=5 * 10**15,
    )
    other.loan, other.collateral, other.oracle, other.irm = pots.collateral, pots.loan, oracle, irm
    return other


def deploy_leverage(irm: Any = None, rate: int = 0) -> LeveragePots:
    """ETH at 2,000 USD everywhere: 5,000 ETH in the pair, lenders with 20 million USD and 5,000 ETH."""
    pots = deploy_credit(irm=irm, rate=rate)
    shorts = reverse(pots)
    exchange, router = deploy_exchange()
    pair = add_pair(exchange, pots.loan, 10_000_000 * USD, pots.collateral, 5_000 * ETHER)
    leverage = deploy("Leverage", pots.credit, router)
    batch = deploy("Batch", pots.credit)
    pots.supply("lender", 20_000_000 * USD)
    lender = pots.actor("lender")
    pots.credit.supply(shorts.market, 5_000 * ETHER, 0, lender, b"", sender=lender)
    return LeveragePots(pots, shorts, exchange, router, pair, leverage, batch)


@dataclass(frozen=True)
class Call:
    """One call of a batch. `nested`: the calls that its callback makes; `content` holds their payload."""

    target: Any
    content: bytes
    nested: "tuple[Call, ...]" = ()
    spends: tuple[tuple[Any, int], ...] = ()

    @property
    def abi(self) -> tuple[str, bytes, bytes, list[tuple[str, int]]]:
        callback = keccak(payload(*self.nested)) if self.nested else bytes(32)
        spends = [(str(token.address), amount) for token, amount in self.spends]
        return str(getattr(self.target, "address", self.target)), self.content, callback, spends


def payload(*calls: Call) -> bytes:
    """What a callback gets: abi_encode(calls)."""
    return encode([CALL_TYPE + "[]"], [[call.abi for call in calls]])


def on(target: Any, function: str, *arguments: Any) -> Call:
    return Call(target, getattr(target, function).prepare_calldata(*arguments))


def raw(signature: str, *words: int | str) -> bytes:
    """A call by its signature, the arguments as words."""
    values = (int(each, 16) if isinstance(each, str) else each for each in words)
    return keccak(signature.encode())[:4] + b"".join(value.to_bytes(32, "big") for value in values)


def lend(pots: LeveragePots, amount: int, *nested: Call) -> Call:
    """A flash loan of dollars around calls."""
    credit = pots.pots.credit
    content = credit.flash_loan.prepare_calldata(pots.usd, amount, payload(*nested))
    return Call(credit, content, nested, ((pots.usd, amount),))


def execute(pots: LeveragePots, calls: list[Call], sweeps: list[tuple[Any, int]], sender: str) -> list[int]:
    written = [(str(token.address), least) for token, least in sweeps]
    return list(pots.batch.execute([call.abi for call in calls], written, now(), sender=sender))


def authorisation(
    credit: Any, key: PrivateKey, authorized: Any, deadline: int, nonce: int | None = None
) -> tuple[int, int, int, int, int]:
    """What a call takes to authorise Leverage: nonce, deadline and the signature of `key`."""
    account = address_of(key)
    nonce = credit.nonces(account) if nonce is None else nonce
    inner = struct_hash(AUTHORIZATION_TYPE, account, str(authorized.address), 1, nonce, deadline)
    raw = sign(keccak(b"\x19\x01", bytes(credit.DOMAIN_SEPARATOR()), inner), key)
    return nonce, deadline, raw[64], int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big")


def refusal(account: Any) -> str:
    """The reason that ContractAccount's last attempt failed for."""
    assert not account.succeeded()
    return str(decode(["string"], account.answer()[4:])[0])
