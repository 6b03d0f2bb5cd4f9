"""What pays the debt of a carried or neutral position, before any collateral is sold."""

from dataclasses import dataclass

from surge.credit.market import PositionView, Token
from surge.model.errors import BadInput
from surge.model.units import NOBODY, Address


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
                "(`--held max`, held='max'), or have collateral sold for them (`--to collateral`, "
                "to='collateral')"
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
