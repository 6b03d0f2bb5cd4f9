"""Balances, transfers and allowances: dollars, SURGE, and the chain's coin that pays for gas."""

from dataclasses import dataclass

from surge.chain.network.connection import Connection
from surge.chain.node.sender import Call, Sent
from surge.model.errors import BadInput, Underfunded
from surge.model.units import Address, MicroUsd, Wei, parse_usd, show_surge, show_usd

FAUCET = parse_usd("1000")
_UNLIMITED = 2**256 - 1
_TOKENS = {"Dollar": show_usd, "SurgeToken": show_surge}


@dataclass(frozen=True, slots=True)
class Balances:
    """Of one account: millionths of a dollar, wei of SURGE, wei of the chain's coin."""

    usd: MicroUsd
    surge: Wei
    gas: Wei


class MoneyCalls(Connection):
    """Part of `Chain`."""

    def balances(self, address: Address) -> Balances:
        usd, surge = self._read_many(
            [("Dollar", "balanceOf", (address,)), ("SurgeToken", "balanceOf", (address,))]
        )
        return Balances(MicroUsd(usd), Wei(surge), self.balance_gas(address))

    def balance_usd(self, address: Address) -> MicroUsd:
        return MicroUsd(self._read("Dollar", "balanceOf", address))

    def balance_surge(self, address: Address) -> Wei:
        return Wei(self._read("SurgeToken", "balanceOf", address))

    def balance_gas(self, address: Address) -> Wei:
        """Wei of the chain's own coin."""
        self.check()
        return Wei(int(self._rpc.call("eth_getBalance", str(address), "latest"), 16))

    def gas_price(self) -> Wei:
        """Wei of the chain's own coin that a unit of gas costs now, the tip included."""
        self.check()
        return Wei(int(self._rpc.call("eth_gasPrice"), 16))

    def faucet(self, amount: MicroUsd = FAUCET) -> Sent:
        """Test dollars for this account; only on networks whose dollar has a faucet."""
        return self._send(f"taking {show_usd(amount)} test dollars", "Dollar", "faucet", amount)

    def transfer_usd(self, to: Address, amount: MicroUsd) -> Sent:
        return self._transfer("Dollar", to, amount)

    def transfer_surge(self, to: Address, amount: Wei) -> Sent:
        return self._transfer("SurgeToken", to, amount)

    def transfer_gas(self, to: Address, amount: Wei) -> Sent:
        """Send the chain's own coin."""
        if self._sender is None:
            raise BadInput("a transfer needs an account; give Chain a key (see `surge wallet`)")
        return self._send_all([Call(f"sending coins to {to}", to, "0x", amount)])[0]

    def _transfer(self, token: str, to: Address, amount: int) -> Sent:
        self._require(token, amount)
        return self._send(f"sending {_TOKENS[token](amount)} to {to}", token, "transfer", to, amount)

    def _approve_once(self, token: str, spender: str, amount: int) -> None:
        """Let one of the network's contracts take `amount`: an unlimited allowance, given when it is first
        needed. Raises Underfunded when the balance is too small."""
        me, address = self.address, self.book.addresses[spender]
        balance, allowance = self._read_many(
            [(token, "balanceOf", (me,)), (token, "allowance", (me, address))]
        )
        if balance < amount:
            raise _underfunded(token, me, balance, amount)
        if allowance < amount:
            self._send(f"allowing {spender} to take {token}", token, "approve", address, _UNLIMITED)

    def _require(self, token: str, amount: int) -> None:
        balance = self._read(token, "balanceOf", self.address)
        if balance < amount:
            raise _underfunded(token, self.address, balance, amount)


def _underfunded(token: str, address: Address, balance: int, amount: int) -> Underfunded:
    show, noun = _TOKENS[token], "dollars" if token == "Dollar" else "SURGE"  # noqa: S105 a contract's name
    return Underfunded(
        f"{address} has {show(balance)} {noun} and needs {show(amount)}; "
        "add funds (`surge wallet` shows the address), or ask for less"
    )
