"""C1 to C5, between two moments of Credit's books."""

from dataclasses import dataclass

from contracts.worlds.credit_books import (
    SCALE,
    VIRTUAL_ASSETS,
    VIRTUAL_SHARES,
    WAD,
    Books,
    Market,
    Params,
    Position,
    assets_down,
    assets_up,
)
from contracts.worlds.credit_model import Model


@dataclass
class Moment:
    """The books before a call, and each market as it is with interest up to now."""

    books: Books
    markets: dict[bytes, Market]

    @classmethod
    def of(cls, model: Model, markets: list[Params]) -> "Moment":
        hook, model.in_accrual = model.in_accrual, None
        events = list(model.events)
        accrued = {params.id: model.accrued(params) for params in markets}
        model.in_accrual, model.events = hook, events
        return cls(model.books.clone(), accrued)

    def debt(self, id: bytes, account: str) -> int:
        market = self.markets[id]
        shares = self.position(id, account).borrow_shares
        return assets_up(shares, market.borrow_assets, market.borrow_shares)

    def claim(self, id: bytes, account: str) -> int:
        market = self.markets[id]
        return assets_down(self.position(id, account).supply_shares, market.lent, market.supply_shares)

    def position(self, id: bytes, account: str) -> Position:
        return self.books.positions.get((id, account), Position())


def supplied_covers_borrowed(books: Books, markets: list[Params], credit: str) -> None:
    """C1 and C8, for each market and for all that share a token: its cash is its own, and all there."""
    due: dict[str, int] = {}
    for params in markets:
        this = params.id
        market = books.markets[this]
        assert market.supply_assets >= market.borrow_assets
        assert market.lent >= 0
        held = [position for (id, _account), position in books.positions.items() if id == this]
        assert sum(position.supply_shares for position in held) == market.supply_shares
        assert sum(position.borrow_shares for position in held) == market.borrow_shares
        cash = market.supply_assets - market.borrow_assets
        collateral = sum(position.collateral for position in held)
        for token, amount in ((params.loan_token, cash), (params.collateral_token, collateral)):
            assert books.flows.get((params.id, token), 0) >= amount, "cash of another market was paid out"
            due[token] = due.get(token, 0) + amount
    for token, amount in due.items():
        assert books.balances.get((token, credit), 0) >= amount


def health_is_kept(before: Moment, after: Moment, model: Model, markets: list[Params]) -> None:
    """C2 and C9, for every position of every market, whoever called."""
    for params in markets:
        this = params.id
        for id, account in after.books.positions:
            if id != this:
                continue
            owed, owes = before.debt(id, account), after.debt(id, account)
            had, has = before.position(id, account).collateral, after.position(id, account).collateral
            assert has or not owes, f"{account} owes without collateral"
            if not owes or owes * had <= owed * has:
                continue
            price = model.quotes[params.oracle].price or 0
            assert owes <= has * price // SCALE * params.max_ltv // WAD, f"health of {account} fell"


def rounding_favours_the_pool(before: Moment, after: Moment, params: Params, account: str, paid: int) -> None:
    """C3: what an account owns in a market, less what it owes, grows by no more than it has paid in."""
    worth = [moment.claim(params.id, account) - moment.debt(params.id, account) for moment in (before, after)]
    assert worth[1] - worth[0] <= paid


def share_price_is_kept(before: Moment, after: Moment, markets: list[Params], loss: int, hit: bytes) -> None:
    """C4: lenders' shares are worth no less, but for bad debt that the reserve could not bear."""
    for params in markets:
        was, now = before.markets[params.id], after.markets[params.id]
        borne = loss if params.id == hit else 0
        worth_now = (now.lent + borne + VIRTUAL_ASSETS) * (was.supply_shares + VIRTUAL_SHARES)
        assert worth_now >= (was.lent + VIRTUAL_ASSETS) * (now.supply_shares + VIRTUAL_SHARES)


def only_past_the_lltv(before: Moment, after: Moment, params: Params, borrower: str, price: int) -> None:
    """C5: a part lowers no health, a loss is borne in proportion, and what is left is no dust."""
    debt, rest = before.debt(params.id, borrower), after.debt(params.id, borrower)
    had = before.position(params.id, borrower).collateral
    has = after.position(params.id, borrower).collateral
    value = had * price // SCALE
    assert debt > value * params.lltv // WAD
    if rest:
        assert rest >= params.min_debt
        assert rest * had <= debt * has
    else:
        assert after.position(params.id, borrower).borrow_shares == 0
