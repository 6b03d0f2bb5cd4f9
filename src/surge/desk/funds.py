"""What pays the debt of a carried or neutral position, before any collateral is sold."""

from dataclasses import dataclass

from surge.credit.market import PositionView, Token
from surge.model.errors import BadInput
from surge.model.units import BPS, NOBODY, WAD, Address, Bps, divide_up, show_percent


@dataclass(frozen=True, slots=True)
class Funds:
    """own: loan tokens of the account; shares: of a vault (named `through`), that are worth `found` now."""

    own: int
    through: str = ""
    vault: Address = NOBODY
    share: Token | None = None
    shares: int = 0
    found: int = 0

    @property
    def paid(self) -> int:
        """Loan tokens at the most."""
        return self.own + self.found

    def require(self, late: PositionView) -> None:
        """Raises BadInput when they don't pay the debt as it is when the transaction is mined."""
        loan, owed = late.market.loan, late.debt
        if self.paid < owed:
            raise BadInput(
                f"{loan.show(self.paid)} would be paid, and up to {loan.show(owed)} are owed until it is "
                f"mined: {loan.show(owed - self.paid)} are missing; pay them from what you hold "
                "(`--held max`), or have collateral sold for them (`--to collateral`)"
            )

    def payments(self, late: PositionView) -> list[tuple[Token, int]]:
        """What the account pays with, the interest until it is mined included where it has that."""
        pays = [(late.market.loan, min(self.own, late.debt))]
        return [*pays, (self.share, self.shares)] if self.share else pays

    def notes(self, view: PositionView, taken: int) -> list[str]:
        """In words. taken: of what is held, as the plan expects."""
        loan = view.market.loan
        said = [f"pays about {loan.show(taken)} from this account"] if taken else []
        if self.share:
            redeemed = f"redeems {self.share.show(self.shares)} of the {self.through}"
            said.append(f"{redeemed}, worth {loan.show(self.found)}")
        return said


def net_of_carry(earned: int, cost: int) -> str:
    """In words, of two rates a year [WAD]: what a vault pays, down, and what the loan costs, up."""
    pays, costs = earned * BPS // WAD, divide_up(cost * BPS, WAD)
    net = pays - costs
    said = (
        f"the vault pays {show_percent(Bps(pays))} a year then, the loan costs {show_percent(Bps(costs))}: "
    )
    if net < 0:
        return said + f"it LOSES {show_percent(Bps(-net))} a year of what is lent on, as long as that holds"
    return said + f"{show_percent(Bps(net))} a year of what is lent on are left"
