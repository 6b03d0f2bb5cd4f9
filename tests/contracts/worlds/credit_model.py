"""Credit as its rules say, without an EVM: what each call must answer, refuse and leave behind, to the unit.

An operation is a generator: it checks and changes the books, then yields each hand-over in turn, so that
another operation can run in the middle of it, as callbacks do.
"""

from collections.abc import Callable
from typing import Any

from contracts.worlds.bare_evm import word
from contracts.worlds.credit_books import (
    SCALE,
    WAD,
    ZERO,
    Books,
    Callback,
    In,
    Market,
    Operation,
    Out,
    Params,
    Position,
    Quote,
    Refused,
    assets_down,
    assets_up,
    growth,
    one_of,
    require,
    shares_down,
    shares_up,
    terms,
)


class Model:
    def __init__(self, fee_recipient: str, now: Callable[[], int]):
        self.books = Books(fee_recipient=fee_recipient)
        self.now = now
        self.rates: dict[str, int] = {}
        self.quotes: dict[str, Quote] = {}
        self.in_accrual: Callable[[], None] | None = None  # what the rate model does before it answers
        self.answer: tuple[int, ...] = ()
        self.events: list[tuple[str, tuple[int, ...]]] = []  # by name, with members as words
        # Bad debt of the last liquidation that lenders bear; whose lenders bore any in this transaction.
        self.shared_loss = 0
        self.burnt: set[bytes] = set()

    # What everything stands on

    def log(self, name: str, *members: Any) -> None:
        self.events.append((name, tuple(int.from_bytes(word(member), "big") for member in members)))

    def market(self, params: Params) -> Market:
        require(params.id in self.books.markets, "no such market")
        return self.books.markets[params.id]

    def position(self, params: Params, account: str) -> Position:
        return self.books.positions.setdefault((params.id, account), Position())

    def accrued(self, params: Params) -> Market:
        """A copy, with interest up to now."""
        before = self.market(params)
        market = Market(*before.words)
        elapsed = self.now() - market.last_update
        if not elapsed:
            return market
        hook, self.in_accrual = self.in_accrual, None
        if hook:
            hook()
            require(self.market(params).words == market.words, "the rate model re-entered")
        owed = assets_down(market.borrow_shares, market.borrow_assets, market.borrow_shares)
        interest = owed * growth(self.rates[params.irm], elapsed) // WAD
        interest = min(interest, 2**96 - 1 - market.borrow_assets, 2**104 - 1 - market.supply_assets)
        market.borrow_assets += interest
        market.supply_assets += interest
        earned = interest * params.reserve_factor // WAD // params.unit
        market.reserve = min(market.reserve // params.unit + earned, 2**44 - 1) * params.unit
        market.last_update = self.now()
        self.log("Accrued", params.id, self.rates[params.irm], interest, market.reserve)
        return market

    def allowed(self, caller: str, on_behalf: str) -> None:
        require(caller == on_behalf or (on_behalf, caller) in self.books.authorised, "not authorised")

    def price(self, params: Params) -> Quote:
        quote = self.quotes[params.oracle]
        if quote.price is None:
            raise Refused("SettableOracle: no price")
        require(quote.price, "price is zero")
        return quote

    def debt(self, market: Market, position: Position) -> int:
        return assets_up(position.borrow_shares, market.borrow_assets, market.borrow_shares)

    def check_health(self, params: Params, market: Market, position: Position) -> None:
        quote = self.price(params)
        require(quote.borrow_price, "price is zero")
        require(quote.safe, "price is unsafe")
        value = position.collateral * quote.borrow_price // SCALE
        require(self.debt(market, position) <= value * params.max_ltv // WAD, "above the max LTV")

    # Entry points

    def create_market(self, caller: str, params: Params) -> Operation:
        p = params
        require(0 < p.max_ltv < p.lltv, "max LTV must be above 0, below the LLTV")
        require(p.lltv <= 98 * WAD // 100, "LLTV must be at most 0.98")
        require(WAD < p.target_health <= 2 * WAD, "target health must be in (1, 2]")
        require(p.lltv * WAD <= p.max_ltv * p.target_health, "target health ends in the margin zone")
        require(0 < p.min_debt < 2**96, "min debt must be from 1 to 2**96 - 1")
        require(p.reserve_factor <= WAD // 2, "reserve factor above one half")
        require(p.id not in self.books.markets, "market exists")
        self.books.markets[p.id] = Market(last_update=self.now())
        self.log("MarketCreated", p.id, *p)
        self.answer = (int.from_bytes(p.id, "big"),)
        yield from ()

    def accrue(self, caller: str, params: Params) -> Operation:
        self.books.markets[params.id] = self.accrued(params)
        self.answer = ()
        yield from ()

    def supply(
        self, caller: str, params: Params, assets: int, shares: int, on_behalf: str, payload: bytes
    ) -> Operation:
        one_of(assets, shares)
        require(on_behalf != ZERO, "no receiver")
        require(params.id not in self.burnt, "no lending after a loss in one transaction")
        market = self.accrued(params)
        if assets:
            shares = shares_down(assets, market.lent, market.supply_shares)
            require(shares, "amount too small")
        else:
            assets = assets_up(shares, market.lent, market.supply_shares)
        market.supply_assets += assets
        market.supply_shares += shares
        fits = market.supply_assets < 2**104 and market.supply_shares < 2**120
        require(fits, "supply too large")
        self.position(params, on_behalf).supply_shares += shares
        self.books.markets[params.id] = market
        self.log("Supplied", params.id, caller, on_behalf, assets, shares)
        if payload:
            yield Callback("on_surge_supply", (assets,))
        yield In(params.loan_token, caller, assets)
        self.answer = assets, shares

    def withdraw(
        self, caller: str, params: Params, assets: int, shares: int, on_behalf: str, receiver: str
    ) -> Operation:
        one_of(assets, shares)
        require(receiver != ZERO, "no receiver")
        self.allowed(caller, on_behalf)
        market = self.accrued(params)
        if assets:
            shares = shares_up(assets, market.lent, market.supply_shares)
        else:
            assets = assets_down(shares, market.lent, market.supply_shares)
            require(assets, "amount too small")
        position = self.position(params, on_behalf)
        require(shares <= position.supply_shares, "more than is supplied")
        require(market.supply_assets - assets >= market.borrow_assets, "not enough cash")
        market.supply_assets -= assets
        market.supply_shares -= shares
        position.supply_shares -= shares
        self.books.markets[params.id] = market
        self.log("Withdrawn", params.id, receiver, on_behalf, assets, shares)
        yield Out(params.loan_token, receiver, assets)
        self.answer = assets, shares

    def transfer_supply(
        self, caller: str, params: Params, shares: int, on_behalf: str, receiver: str
    ) -> Operation:
        require(shares, "nothing to transfer")
        require(receiver != ZERO, "no receiver")
        self.allowed(caller, on_behalf)
        position = self.position(params, on_behalf)
        require(shares <= position.supply_shares, "more than is supplied")
        position.supply_shares -= shares
        self.position(params, receiver).supply_shares += shares
        self.log("SupplyTransferred", params.id, on_behalf, receiver, shares)
        self.answer = ()
        yield from ()

    def followed(self, params: Params, market: Market) -> int:
        debt, then = self.books.followed.get(params.id, (market.supply_assets, self.now()))
        gap = max(0, debt - market.borrow_assets)
        return market.borrow_assets + gap - gap * min(86_400, self.now() - then) // (30 * 86_400)

    def collect(self, caller: str, params: Params) -> Operation:
        moved = self.market(params).last_update == self.now()
        market = self.accrued(params)
        debt = self.followed(params, market)
        kept = self.books.followed if moved else self.books.followed | {params.id: (debt, self.now())}
        self.books.followed, debt = kept, kept.get(params.id, (debt, 0))[0]
        above = max(0, market.reserve - debt // 20)
        paid = min(above, market.supply_assets - market.borrow_assets) // params.unit * params.unit
        market.supply_assets -= paid
        market.reserve -= paid
        self.books.markets[params.id] = market
        self.log("Collected", params.id, self.books.fee_recipient, paid)
        yield Out(params.loan_token, self.books.fee_recipient, paid)
        self.answer = (paid,)

    def add_collateral(
        self, caller: str, params: Params, assets: int, on_behalf: str, payload: bytes
    ) -> Operation:
        require(assets, "no collateral given")
        require(on_behalf != ZERO, "no receiver")
        self.market(params)
        position = self.position(params, on_behalf)
        require(position.collateral + assets < 2**128, "collateral too large")
        position.collateral += assets
        self.log("CollateralAdded", params.id, caller, on_behalf, assets)
        if payload:
            yield Callback("on_surge_collateral", (assets,))
        yield In(params.collateral_token, caller, assets)
        self.answer = ()

    def remove_collateral(
        self, caller: str, params: Params, assets: int, on_behalf: str, receiver: str
    ) -> Operation:
        require(assets, "no collateral asked for")
        require(receiver != ZERO, "no receiver")
        self.allowed(caller, on_behalf)
        position = self.position(params, on_behalf)
        owes = position.borrow_shares
        market = self.accrued(params) if owes else None
        position = self.position(params, on_behalf)
        require(assets <= position.collateral, "more than the collateral")
        position.collateral -= assets
        if market:
            self.books.markets[params.id] = market
            self.check_health(params, market, position)
        self.log("CollateralRemoved", params.id, receiver, on_behalf, assets)
        yield Out(params.collateral_token, receiver, assets)
        self.answer = ()

    def borrow(
        self, caller: str, params: Params, assets: int, shares: int, on_behalf: str, receiver: str
    ) -> Operation:
        one_of(assets, shares)
        require(receiver != ZERO, "no receiver")
        self.allowed(caller, on_behalf)
        market = self.accrued(params)
        if assets:
            shares = shares_up(assets, market.borrow_assets, market.borrow_shares)
        else:
            assets = assets_down(shares, market.borrow_assets, market.borrow_shares)
            require(assets, "amount too small")
        market.borrow_assets += assets
        market.borrow_shares += shares
        require(market.borrow_assets <= market.supply_assets, "not enough cash")
        require(market.borrow_assets < 2**96 and market.borrow_shares < 2**116, "debt too large")
        position = self.position(params, on_behalf)
        position.borrow_shares += shares
        self.books.markets[params.id] = market
        require(self.debt(market, position) >= params.min_debt, "less than the minimum debt")
        self.check_health(params, market, position)
        self.log("Borrowed", params.id, receiver, on_behalf, assets, shares)
        yield Out(params.loan_token, receiver, assets)
        self.answer = assets, shares

    def repay(
        self, caller: str, params: Params, assets: int, shares: int, on_behalf: str, payload: bytes
    ) -> Operation:
        one_of(assets, shares)
        market = self.accrued(params)
        position = self.position(params, on_behalf)
        require(position.borrow_shares, "no debt")
        if assets:
            shares = shares_down(assets, market.borrow_assets, market.borrow_shares)
            require(shares, "amount too small")
        else:
            shares = min(shares, position.borrow_shares)
            assets = assets_up(shares, market.borrow_assets, market.borrow_shares)
        require(shares <= position.borrow_shares, "more than the debt")
        position.borrow_shares -= shares
        market.borrow_assets -= min(assets, market.borrow_assets)
        market.borrow_shares -= shares
        self.check_rest(params, market, position)
        self.books.markets[params.id] = market
        self.log("Repaid", params.id, caller, on_behalf, assets, shares)
        if payload:
            yield Callback("on_surge_repay", (assets,))
        yield In(params.loan_token, caller, assets)
        self.answer = assets, shares

    def check_rest(self, params: Params, market: Market, position: Position) -> None:
        rest = self.debt(market, position)
        require(not position.borrow_shares or rest >= params.min_debt, "less than the minimum debt")

    def liquidate(
        self,
        caller: str,
        params: Params,
        borrower: str,
        assets: int,
        shares: int,
        payload: bytes,
        min_seized: int = 0,
    ) -> Operation:
        require((assets == 0) != (shares == 0), "give either assets or shares")
        market = self.accrued(params)
        position = self.position(params, borrower)
        owed, collateral = position.borrow_shares, position.collateral
        debt = self.debt(market, position)
        require(debt, "no debt")
        sale = terms(params, collateral, self.price(params).price or 0, debt)
        limit = assets
        if shares:
            part = assets_down(min(shares, owed), market.borrow_assets, market.borrow_shares)
            limit = debt if shares >= owed else part
        loss = 0
        if sale.insolvent:
            repaid = min(limit, sale.repaid)
            burned = owed * repaid // sale.repaid if repaid < sale.repaid else owed
            cleared = assets_up(burned, market.borrow_assets, market.borrow_shares)
            cleared = min(cleared, market.borrow_assets)
            loss = max(0, cleared - repaid)
            market.borrow_assets -= min(repaid + loss, market.borrow_assets)
            market.borrow_shares -= burned
            # What stays is worth as much against what is still owed, or more.
            rest = assets_up(owed - burned, market.borrow_assets, market.borrow_shares)
            seized = collateral - -(-collateral * rest // debt)
        else:
            repaid = min(limit, sale.repaid)
            seized = repaid * (WAD + sale.bonus) // WAD * SCALE // sale.price
            whole = repaid == debt
            burned = owed if whole else shares_down(repaid, market.borrow_assets, market.borrow_shares)
            market.borrow_assets -= min(repaid, market.borrow_assets)
            market.borrow_shares -= burned
        require(seized >= max(1, min_seized), "less would be seized than min_seized, or nothing")
        position.borrow_shares -= burned
        position.collateral -= seized
        if position.borrow_shares:
            self.check_rest(params, market, position)
            rest = self.debt(market, position)
            require(rest * collateral <= debt * position.collateral, "would not raise health")
        borne = min(market.reserve, -(-loss // params.unit) * params.unit)
        market.supply_assets -= loss
        market.reserve -= borne
        self.shared_loss = max(0, loss - borne)
        self.burnt |= {params.id} if self.shared_loss else set()
        self.books.markets[params.id] = market
        self.log("Liquidated", params.id, borrower, caller, repaid, seized, sale.bonus, burned)
        if loss:
            shares = burned * loss // (repaid + loss)
            self.log("BadDebt", params.id, borrower, loss, min(loss, borne), shares)
        yield Out(params.collateral_token, caller, seized)
        if payload:
            yield Callback("on_surge_liquidate", (repaid, seized))
        yield In(params.loan_token, caller, repaid)
        self.answer = seized, repaid

    def poke(self, caller: str, params: Params, account: str) -> Operation:
        market = self.accrued(params)
        self.books.markets[params.id] = market
        position = self.position(params, account)
        debt = self.debt(market, position)
        self.answer = (0,)
        if debt:
            price = self.price(params).price or 0
            value = position.collateral * price // SCALE
            zone = (debt > value * params.max_ltv // WAD) + (debt > value * params.lltv // WAD)
            self.answer = (zone,)
            if zone:
                self.log("Margin", params.id, account, debt, value, zone == 2)
        yield from ()

    def flash_loan(self, caller: str, token: str, assets: int, payload: bytes) -> Operation:
        require(assets, "nothing to lend")
        self.log("FlashLoan", caller, token, assets)
        yield Out(token, caller, assets)
        yield Callback("on_surge_flash_loan", (token, assets))
        yield In(token, caller, assets)
        self.answer = ()

    def flashLoan(self, caller: str, receiver: str, token: str, assets: int, payload: bytes) -> Operation:  # noqa: N802
        require(assets, "can't lend that amount")
        self.log("FlashLoan", receiver, token, assets)
        yield Out(token, receiver, assets, "Credit: can't lend that amount")
        yield Callback("onFlashLoan", (caller, token, assets, 0))
        yield In(token, receiver, assets)
        self.answer = (1,)

    def authorize(self, caller: str, authorized: str, is_authorized: bool) -> Operation:
        pair = caller, authorized
        (self.books.authorised.add if is_authorized else self.books.authorised.discard)(pair)
        self.log("Authorized", caller, authorized, is_authorized)
        self.answer = ()
        yield from ()

    def set_fee_recipient(self, caller: str, to: str) -> Operation:
        require(caller == self.books.fee_recipient, "only the fee recipient")
        require(to != ZERO, "no fee recipient")
        self.books.fee_recipient = to
        self.log("FeeRecipientNamed", to)
        self.answer = ()
        yield from ()
