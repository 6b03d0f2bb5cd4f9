"""Balances, transfers and allowances: dollars, SURGE, and the chain's coin that pays for gas."""

from dataclasses import dataclass

from surge.chain.calls.tokens import Payment, Tokens
from surge.chain.network.connection import Connection
from surge.chain.node.sender import Call, Sent
from surge.credit.market import Token
from surge.model.units import SURGE_DECIMALS, USD_DECIMALS, Address, MicroUsd, Wei, parse_usd, show_usd

FAUCET = parse_usd("1000")


@dataclass(frozen=True, slots=True)
class Balances:
    """Of one account: millionths of a dollar, wei of SURGE, wei of the chain's coin."""

    usd: MicroUsd
    surge: Wei
    gas: Wei


class Money:
    """`chain.money`."""

    def __init__(self, at: Connection, tokens: Tokens) -> None:
        self._at, self._tokens = at, tokens
        addresses = at.book.addresses
        self._dollar = Token("dollars", USD_DECIMALS, addresses["Dollar"])
        self._surge = Token("SURGE", SURGE_DECIMALS, addresses["SurgeToken"])

    def balances(self, account: Address) -> Balances:
        usd, surge = self._tokens.balances(account, [self._dollar, self._surge])
        return Balances(MicroUsd(usd), Wei(surge), self.coins(account))

    def usd(self, account: Address) -> MicroUsd:
        """Test dollars of an account. [millionths]"""
        return MicroUsd(self._tokens.balances(account, [self._dollar])[0])

    def surge(self, account: Address) -> Wei:
        """SURGE of an account. [wei]"""
        return Wei(self._tokens.balances(account, [self._surge])[0])

    def coins(self, account: Address) -> Wei:
        """Wei that an account has of the chain's own coin, which pays for gas."""
        self._at.check()
        return Wei(int(self._at.rpc.call("eth_getBalance", str(account), "latest"), 16))

    def gas_price(self) -> Wei:
        """Wei of the chain's own coin that a unit of gas costs now, the tip included."""
        self._at.check()
        return Wei(int(self._at.rpc.call("eth_gasPrice"), 16))

    def faucet(self, amount: MicroUsd = FAUCET) -> Sent:
        """Test dollars for this account; only on networks whose dollar has a faucet."""
        return self._at.do(f"taking {show_usd(amount)} test dollars", "Dollar", "faucet", amount)

    def send_usd(self, to: Address, amount: MicroUsd) -> Sent:
        return self._tokens.transfer(self._dollar, to, amount)

    def send_surge(self, to: Address, amount: Wei) -> Sent:
        return self._tokens.transfer(self._surge, to, amount)

    def send_coins(self, to: Address, amount: Wei) -> Sent:
        """Send the chain's own coin, in wei."""
        return self._at.send(Call(f"sending coins to {to}", to, "0x", amount))[0]

    def allow_usd(self, spender: str, amount: int) -> None:
        """Let one of the network's contracts take `amount`: an unlimited allowance, given when it is first
        needed. Raises Underfunded when the balance is too small."""
        self._allow(self._dollar, spender, amount)

    def allow_surge(self, spender: str, amount: int) -> None:
        """Let a contract take SURGE from this account, if it may not yet."""
        self._allow(self._surge, spender, amount)

    def _allow(self, token: Token, spender: str, amount: int) -> None:
        payment = Payment(token, amount, self._at.book.addresses[spender], spender)
        self._at.send(*self._tokens.allowing([payment]))
