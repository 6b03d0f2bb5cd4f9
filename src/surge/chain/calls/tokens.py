"""Tokens of any address: what they are called, who has how much, who may take it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surge.chain.network.connection import Connection, View
from surge.chain.node.sender import Call, Sent
from surge.credit.market import Token
from surge.model.errors import BadInput, Underfunded
from surge.model.signature import read_address
from surge.model.units import MAX_UINT256, Address

ERC20 = "TestDollar"
"""The shipped contract whose ABI is that of every ERC-20."""
MAX_DECIMALS = 36


@dataclass(frozen=True, slots=True)
class Payment:
    """What a transaction will take from its sender: `amount` of `token`, pulled by `spender`."""

    token: Token
    amount: int
    spender: Address
    name: str
    """The spender's, for people."""


class Tokens:
    """`chain.tokens`. All errors: Underfunded, BadInput, NoNetwork."""

    def __init__(self, at: Connection) -> None:
        self._at = at
        self._known: dict[Address, Token] = {}

    def of(self, addresses: Sequence[Address]) -> dict[Address, Token]:
        """Symbols and decimals; asked of the chain once. The address book's names come first: a token that
        it does not list can't pass for one that it does."""
        known = self._known
        new = [address for address in dict.fromkeys(addresses) if address not in known]
        if new:
            views = [View(ERC20, token, name) for token in new for name in ("symbol", "decimals")]
            found = self._at.look(views)
            for token, symbol, decimals in zip(new, found[::2], found[1::2], strict=True):
                known[token] = Token(self._symbol(token, str(symbol)), _decimals(token, decimals), token)
        return {address: known[address] for address in addresses}

    def named(self, name: str) -> Token:
        """By symbol, as the address book has it, or by address."""
        listed = self._at.book.credit.tokens if self._at.book.credit else {}
        if name.startswith("0x"):
            at = read_address(name, "token")
            if self._at.rpc.call("eth_getCode", at, "latest") == "0x":
                raise BadInput(f"there is no token at {at}: nothing is deployed there; check the address")
            return self.of([at])[at]
        if name not in listed:
            there = f"there are {', '.join(listed)}" if listed else "it lists none"
            raise BadInput(f"{self._at.book.name} has no token {name!r}; {there}, or give an address")
        return self.of([listed[name]])[listed[name]]

    def balances(self, account: Address, tokens: Sequence[Token]) -> list[int]:
        """What an account holds of each token, in its smallest unit."""
        return self._at.look([View(ERC20, token.address, "balanceOf", (account,)) for token in tokens])

    def transfer(self, token: Token, to: Address, amount: int) -> Sent:
        (balance,) = self.balances(self._at.address, [token])
        if balance < amount:
            raise _underfunded(token, self._at.address, balance, amount)
        return self._at.send(token_call(f"sending {token.symbol} to {to}", token, "transfer", to, amount))[0]

    def faucet(self, token: Token, amount: int) -> Sent:
        """Test tokens for this account; only on networks whose tokens have a faucet."""
        return self._at.send(token_call(f"taking {token.show(amount)}", token, "faucet", amount))[0]

    def allowing(self, payments: Sequence[Payment]) -> list[Call]:
        """The approvals that these payments lack: unlimited ones, as they are given to contracts that pull
        from their caller alone. Raises Underfunded when a balance is too small for all that is to be paid."""
        me = self._at.address
        views = [View(ERC20, each.token.address, "balanceOf", (me,)) for each in payments]
        views += [View(ERC20, each.token.address, "allowance", (me, each.spender)) for each in payments]
        found = self._at.look(views)
        balances, allowances = found[: len(payments)], found[len(payments) :]
        missing: dict[tuple[Address, Address], Call] = {}
        for each, balance, allowance in zip(payments, balances, allowances, strict=True):
            needed = sum(other.amount for other in payments if other.token == each.token)
            if balance < needed:
                raise _underfunded(each.token, me, balance, needed)
            drawn = sum(
                other.amount
                for other in payments
                if (other.token, other.spender) == (each.token, each.spender)
            )
            if allowance < drawn:
                what = f"allowing {each.name} to take {each.token.symbol}"
                missing[each.token.address, each.spender] = token_call(
                    what, each.token, "approve", each.spender, MAX_UINT256
                )
        return list(missing.values())

    def _symbol(self, token: Address, symbol: str) -> str:
        listed = self._at.book.credit.tokens if self._at.book.credit else {}
        for name, address in listed.items():
            if address == token:
                return name
        if self._at.book.credit and token in self._at.book.credit.vaults.values():
            return symbol
        printable = "".join(letter for letter in symbol[:12] if letter.isalnum()) or "token"
        return f"{printable}@{token[2:8]}"


def token_call(what: str, token: Token, name: str, *arguments: Any) -> Call:
    """A call of the token's own contract."""
    return Call(what, token.address, View(ERC20, token.address, name, arguments).request()["data"])


def _decimals(token: Address, decimals: int) -> int:
    if decimals > MAX_DECIMALS:
        raise BadInput(f"the token {token} claims {decimals} decimals; it can't be used")
    return decimals


def _underfunded(token: Token, address: Address, balance: int, amount: int) -> Underfunded:
    return Underfunded(
        f"{address} has {token.show(balance)} and needs {token.show(amount)}; "
        f"get {token.show(amount - balance)} more, or use a smaller amount"
    )
