"""Calls of Leverage, and the authorisation in Credit that it needs: signed, inside the call that needs it."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from surge.chain.calls.credit import ALL, Credit
from surge.chain.network.connection import Connection
from surge.chain.node.sender import Call
from surge.model.credit import MarketParams
from surge.model.signature import parts, sign
from surge.model.typed import CREDIT, Domain, struct_hash
from surge.model.units import Address, Seconds

_AUTHORIZATION = (
    "Authorization(address authorizer,address authorized,bool isAuthorized,uint256 nonce,uint256 deadline)"
)
SIGNED_SECONDS = 3_600
_UNSIGNED = (0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What must hold when a call ends: its time, the borrow rate (WAD per second), the health (WAD)."""

    deadline: Seconds
    max_rate: int = ALL
    min_health: int = 0


class Leverage:
    """`chain.leverage`. Each call acts on this account's own position."""

    def __init__(self, at: Connection, credit: Credit) -> None:
        self._at, self._credit = at, credit

    def needs_authorising(self) -> bool:
        """Whether this account has not let Leverage act on its positions yet."""
        return not self._credit.authorised(self._at.address, self._leverage)

    def opening(
        self, params: MarketParams, margins: tuple[int, int], collateral: int, max_borrowed: int,
        path: Sequence[Address], bounds: Bounds,
    ) -> Call:  # fmt: skip
        """margins: in collateral and in loan tokens; collateral: what the position gains."""
        return self._calling(
            "opening", params, "open", *margins, collateral, max_borrowed, list(path), astuple(bounds)
        )

    def adjusting(
        self, params: MarketParams, change: int, limit: int, path: Sequence[Address], bounds: Bounds
    ) -> Call:
        """change: collateral to buy, or negative to sell."""
        return self._calling("adjusting", params, "adjust", change, limit, list(path), astuple(bounds))

    def closing(
        self, params: MarketParams, in_loan: bool, min_out: int, path: Sequence[Address], bounds: Bounds
    ) -> Call:
        return self._calling("closing", params, "close", in_loan, min_out, list(path), astuple(bounds))

    def carrying(
        self, params: MarketParams, collateral: int, borrowed: int, vault: Address, min_shares: int,
        bounds: Bounds,
    ) -> Call:  # fmt: skip
        return self._calling(
            "carrying", params, "carry", collateral, borrowed, vault, min_shares, astuple(bounds)
        )

    def hedging(self, params: MarketParams, margin: int, spot: int, bounds: Bounds) -> Call:
        return self._calling("hedging", params, "neutral", margin, spot, astuple(bounds))

    def unwinding(
        self, params: MarketParams, vault: Address, shares: int, held: int, in_loan: bool, min_out: int,
        path: Sequence[Address], bounds: Bounds, min_loan: int = 0,
    ) -> Call:  # fmt: skip
        """held: the most that may be taken; min_loan: the least that must be left in loan tokens."""
        return self._calling(
            "unwinding", params, "unwind", vault, shares, held, in_loan, min_out, list(path), astuple(bounds),
            last=(min_loan,) if min_loan else (),
        )  # fmt: skip

    def _calling(
        self, what: str, params: MarketParams, name: str, *arguments: Any, last: tuple[int, ...] = ()
    ) -> Call:
        """last: what comes after the signature, which is all zero then where none is needed."""
        signed = self._authorisation() if self.needs_authorising() else (_UNSIGNED,) if last else ()
        return self._at.call(
            f"{what} a position in {self._credit.market_name(params)}", "Leverage", name,
            astuple(params), *arguments, *signed, *last,
        )  # fmt: skip

    def _authorisation(self) -> tuple[tuple[int, int, int, int, int], ...]:
        """As the contract takes it: nonce, deadline, v, r, s."""
        me, nonce = self._at.address, int(self._at.read("Credit", "nonces", self._at.address))
        deadline = self._at.now() + SIGNED_SECONDS
        message = struct_hash(_AUTHORIZATION, me, self._leverage, 1, nonce, deadline)
        domain = Domain(self._at.book.chain_id, self._at.book.addresses["Credit"], CREDIT)
        return ((nonce, deadline, *parts(sign(domain.digest(message), self._at.key))),)

    @property
    def _leverage(self) -> Address:
        return self._at.book.addresses["Leverage"]
