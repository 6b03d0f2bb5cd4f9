"""Calls of Batch: one after the other, whole or not at all, with what is lent for the moment."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import Connection
from surge.chain.node.sender import Call
from surge.model.credit import MarketParams
from surge.model.digest import keccak
from surge.model.units import MAX_UINT256, Address, Seconds

_CALLS = "(address,bytes,bytes32,(address,uint256)[])[]"


@dataclass(frozen=True, slots=True)
class Inner:
    """A call that Batch makes. payload: what its target calls back with, see `payload_of`; empty for none.
    spends: (token, amount) that the target may take while the call lasts."""

    target: Address
    content: bytes
    payload: bytes = b""
    spends: tuple[tuple[Address, int], ...] = ()

    @property
    def words(self) -> tuple[Address, bytes, bytes, list[tuple[Address, int]]]:
        """The call as Batch's `Call` struct."""
        callback = keccak(self.payload) if self.payload else bytes(32)
        return self.target, self.content, callback, list(self.spends)


def inner(source: str, target: Address, name: str, *arguments: object, payload: bytes = b"",
          spends: tuple[tuple[Address, int], ...] = ()) -> Inner:  # fmt: skip
    """A call that Batch makes, encoded by the ABI of the shipped contract `source`."""
    content = artifact(source).function(name, len(arguments)).encode(arguments)
    return Inner(target, bytes.fromhex(content[2:]), payload, spends)


def payload_of(calls: Sequence[Inner]) -> bytes:
    """Calls to be made when a target calls back."""
    from eth_abi.abi import encode  # slow to import

    return encode([_CALLS], [[call.words for call in calls]])


class Batch:
    """`chain.batch`."""

    def __init__(self, at: Connection) -> None:
        self._at = at

    def executing(
        self, what: str, calls: Sequence[Inner], sweeps: Sequence[tuple[Address, int]], deadline: Seconds
    ) -> Call:
        """sweeps: (token, the least that must be left of it); what is left comes to this account."""
        words = [call.words for call in calls]
        return self._at.call(what, "Batch", "execute", words, list(sweeps), deadline)

    def lent(self, token: Address, amount: int, calls: Sequence[Inner]) -> Inner:
        """A flash loan of Credit, for calls that leave as much behind."""
        payload, credit = payload_of(calls), self._at.book.addresses["Credit"]
        return inner(
            "Credit", credit, "flash_loan", token, amount, payload, payload=payload, spends=((token, amount),)
        )

    def liquidated(self, params: MarketParams, borrower: Address, most: int, calls: Sequence[Inner]) -> Inner:
        """A liquidation; what it repays, at most `most`, comes from what `calls` make of the collateral."""
        payload, credit = payload_of(calls), self._at.book.addresses["Credit"]
        return inner(
            "Credit", credit, "liquidate", astuple(params), borrower, most, 0, payload,
            payload=payload, spends=((params.loan_token, MAX_UINT256),),
        )  # fmt: skip
