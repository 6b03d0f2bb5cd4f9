"""Calls of Leverage, and the authorisation in Credit that it needs: signed, inside the call that needs it."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from surge.chain.calls.credit import ALL, CreditCalls
from surge.chain.calls.exchange import ExchangeCalls
from surge.chain.node.sender import Call
from surge.model.credit import MarketParams
from surge.model.digest import keccak
from surge.model.signature import sign
from surge.model.typed import struct_hash
from surge.model.units import Address, Seconds

_DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_AUTHORIZATION = (
    "Authorization(address authorizer,address authorized,bool isAuthorized,uint256 nonce,uint256 deadline)"
)
SIGNED_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Bounds:
    """What must hold when a call ends: its time, the borrow rate (WAD per second), the health (WAD)."""

    deadline: Seconds
    max_rate: int = ALL
    min_health: int = 0


class LeverageCalls(CreditCalls, ExchangeCalls):
    """Part of `Chain`. Each call acts on this account's own position."""

    def needs_authorising(self) -> bool:
        """Whether this account has not let Leverage act on its positions yet."""
        return not self.authorised(self.address, self._leverage)

    def lever_open(
        self, params: MarketParams, margins: tuple[int, int], collateral: int, max_borrowed: int,
        path: Sequence[Address], bounds: Bounds,
    ) -> Call:  # fmt: skip
        """margins: in collateral and in loan tokens; collateral: what the position gains."""
        return self._lever(
            "opening", params, "open", *margins, collateral, max_borrowed, list(path), astuple(bounds)
        )

    def lever_adjust(
        self, params: MarketParams, change: int, limit: int, path: Sequence[Address], bounds: Bounds
    ) -> Call:
        """change: collateral to buy, or negative to sell."""
        return self._lever("adjusting", params, "adjust", change, limit, list(path), astuple(bounds))

    def lever_close(
        self, params: MarketParams, in_loan: bool, min_out: int, path: Sequence[Address], bounds: Bounds
    ) -> Call:
        return self._lever("closing", params, "close", in_loan, min_out, list(path), astuple(bounds))

    def lever_carry(
        self, params: MarketParams, collateral: int, borrowed: int, vault: Address, min_shares: int,
        bounds: Bounds,
    ) -> Call:  # fmt: skip
        return self._lever(
            "carrying", params, "carry", collateral, borrowed, vault, min_shares, astuple(bounds)
        )

    def lever_neutral(self, params: MarketParams, margin: int, spot: int, bounds: Bounds) -> Call:
        return self._lever("hedging", params, "neutral", margin, spot, astuple(bounds))

    def lever_unwind(
        self, params: MarketParams, vault: Address, shares: int, held: int, in_loan: bool, min_out: int,
        path: Sequence[Address], bounds: Bounds,
    ) -> Call:  # fmt: skip
        return self._lever(
            "unwinding", params, "unwind", vault, shares, held, in_loan, min_out, list(path), astuple(bounds)
        )

    def _lever(self, what: str, params: MarketParams, name: str, *arguments: Any) -> Call:
        signature = self._authorisation() if self.needs_authorising() else ()
        return self._call(
            f"{what} a position in {self.market_name(params)}", "Leverage", name,
            astuple(params), *arguments, *signature,
        )  # fmt: skip

    def _authorisation(self) -> tuple[tuple[int, int, int, int, int], ...]:
        """As the contract takes it: nonce, deadline, v, r, s."""
        me, nonce = self.address, int(self._read("Credit", "nonces", self.address))
        deadline = self.now() + SIGNED_SECONDS
        message = struct_hash(_AUTHORIZATION, me, self._leverage, 1, nonce, deadline)
        credit = self.book.addresses["Credit"]
        domain = struct_hash(_DOMAIN, keccak(b"Surge Credit"), keccak(b"1"), self.book.chain_id, credit)
        signature = sign(keccak(b"\x19\x01", domain, message), self.key)
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:64]))
        return ((nonce, deadline, signature[64], r, s),)

    @property
    def _leverage(self) -> Address:
        return self.book.addresses["Leverage"]
