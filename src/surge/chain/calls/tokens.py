"""Tokens of any address: what they are called, who has how much, who may take it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surge.chain.network.connection import Connection, View
from surge.chain.node.sender import Call, Sent
from surge.credit.market import Token
from surge.model.errors import BadInput, Underfunded, printable
from surge.model.signature import read_address
from surge.model.units import MAX_UINT256, Address

ERC20 = "TestDollar"
"""The shipped contract whose ABI is that of every ERC-20."""
MAX_DECIMALS = 36
"""A token that claims more, or none, is counted in its smallest units."""
_LONGEST, _LETTERS = 32, 12
"""Characters of a symbol; letters and digits of one that no address book vouches for."""


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
        it does not list can't pass for one that it does. Whatever a token says, it has a name here."""
        known = self._known
        new = [address for address in dict.fromkeys(addresses) if address not in known]
        views = [View(ERC20, token, name) for token in new for name in ("symbol", "decimals")]
        found = self._at.look_raw(views)
        for token, symbol, decimals in zip(new, found[::2], found[1::2], strict=True):
            known[token] = Token(self._symbol(token, _text(symbol)), _decimals(decimals), token)
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
        from their caller alone. Raises Underfunded when a balance is too small for all that is to be paid.

        Some tokens change an allowance to nothing only, or from nothing: theirs is taken back first."""
        me = self._at.address
        views = [View(ERC20, each.token.address, "balanceOf", (me,)) for each in payments]
        views += [View(ERC20, each.token.address, "allowance", (me, each.spender)) for each in payments]
        found = self._at.look(views)
        balances, allowances = found[: len(payments)], found[len(payments) :]
        missing: dict[tuple[Address, Address], tuple[Payment, int]] = {}
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
                missing[each.token.address, each.spender] = each, allowance
        some = [each for each, allowance in missing.values() if allowance]
        stuck = {each for each, takes in zip(some, self._takes_more(some), strict=True) if not takes}
        calls = []
        for each, _ in missing.values():
            if each in stuck:
                calls.append(_approval("taking back what", each, 0))
            calls.append(_approval("allowing", each, MAX_UINT256))
        return calls

    def _takes_more(self, payments: Sequence[Payment]) -> list[bool]:
        """Whether these tokens take an approval over the one that they have. Some answer it with nothing."""
        me = self._at.address
        views = [
            View(ERC20, one.token.address, "approve", (one.spender, MAX_UINT256), me) for one in payments
        ]
        answers = self._at.look_raw(views)
        return [answer is not None and (not answer or any(answer)) for answer in answers]

    def _symbol(self, token: Address, said: str) -> str:
        credit = self._at.book.credit
        for name, address in credit.tokens.items() if credit else ():
            if address == token:
                return name
        for name, address in credit.vaults.items() if credit else ():
            if address == token:
                return printable(said, "")[:_LONGEST] or name
        letters = "".join(letter for letter in said if letter.isascii() and letter.isalnum())
        return f"{letters[:_LETTERS] or 'token'}@{token[2:8]}"


def token_call(what: str, token: Token, name: str, *arguments: Any) -> Call:
    """A call of the token's own contract."""
    return Call(what, token.address, View(ERC20, token.address, name, arguments).request()["data"])


def _approval(verb: str, payment: Payment, amount: int) -> Call:
    may = "may take of" if amount == 0 else "to take"
    what = f"{verb} {payment.name} {may} {payment.token.symbol}"
    return token_call(what, payment.token, "approve", payment.spender, amount)


def _text(answer: bytes | None) -> str:
    """A symbol as ERC-20 has it, a string, or as the oldest tokens do, 32 bytes. Anything else says nothing;
    of what is long, the beginning is read."""
    if not answer or len(answer) < 32:
        return ""
    if len(answer) == 32:
        return answer.rstrip(b"\0").decode("utf-8", "replace")
    start, size = int.from_bytes(answer[:32], "big"), int.from_bytes(answer[32:64], "big")
    return answer[64 : 64 + min(size, 4 * _LONGEST)].decode("utf-8", "replace") if start == 32 else ""


def _decimals(answer: bytes | None) -> int:
    decimals = int.from_bytes(answer[:32], "big") if answer and len(answer) >= 32 else 0
    return decimals if decimals <= MAX_DECIMALS else 0


def _underfunded(token: Token, address: Address, balance: int, amount: int) -> Underfunded:
    return Underfunded(
        f"{address} has {token.show(balance)} and needs {token.show(amount)}; "
        f"get {token.show(amount - balance)} more, or use a smaller amount"
    )
