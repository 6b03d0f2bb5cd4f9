"""Markets, positions and changes as documents: exact decimal strings, nothing rounded."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from surge.credit.market import YEAR, MarketView, PositionView
from surge.credit.price import whole
from surge.model.units import SURGE_DECIMALS, WAD, show_decimal

if TYPE_CHECKING:
    from surge.desk import Done

Document = dict[str, Any]

IN_PYTHON, IN_SHELL = "`desk.leverage.revoke()`", "`surge credit leverage revoke`"


def market_document(view: MarketView, listed: bool = True) -> Document:
    """Rates are per year, without compounding unless they say so; ratios are fractions of one.
    `listed`: in the address book; anybody can create another market."""
    params, target = view.params, view.rate_at_target
    return {
        "market": view.name,
        "id": hexadecimal(view.id),
        "listed": listed,
        "collateral_token": view.collateral.symbol,
        "loan_token": view.loan.symbol,
        "price": price_of(view, view.price),
        "safe": view.safe,
        "supplied": show_decimal(view.supplied, view.loan.decimals),
        "borrowed": show_decimal(view.borrowed, view.loan.decimals),
        "available": show_decimal(view.available, view.loan.decimals),
        "reserve": show_decimal(view.state.reserve, view.loan.decimals),
        "utilisation": wad(view.utilisation),
        "borrow_rate": wad(view.borrow_rate),
        "supply_rate": wad(view.supply_rate),
        "borrow_rate_compounded": compounded(view.borrow_rate, up=True),
        "supply_rate_compounded": compounded(view.supply_rate),
        "rate_at_target": None if target is None else wad(target * YEAR),
        "max_ltv": wad(params.max_ltv),
        "lltv": wad(params.lltv),
        "target_health": wad(params.target_health),
        "max_bonus": wad(view.max_bonus),
        "min_debt": show_decimal(params.min_debt, view.loan.decimals),
        "reserve_factor": wad(params.reserve_factor),
        "oracle": params.oracle,
        "irm": params.irm,
        "collateral_token_address": view.collateral.address,
        "loan_token_address": view.loan.address,
    }


def position_document(view: PositionView) -> Document:
    """What one account has and owes in one market, and how far that is from liquidation."""
    market = view.market
    loan, token = market.loan, market.collateral
    value, zone = view.collateral_value, view.zone
    return {
        "market": market.name,
        "id": hexadecimal(market.id),
        "account": view.account,
        "collateral_token": token.symbol,
        "loan_token": loan.symbol,
        "collateral": show_decimal(view.collateral, token.decimals),
        "collateral_value": None if value is None else show_decimal(value, loan.decimals),
        "debt": show_decimal(view.debt, loan.decimals),
        "supplied": show_decimal(view.supplied, loan.decimals),
        "health": wad(view.health),
        "ltv": wad(view.ltv),
        "max_ltv": wad(market.params.max_ltv),
        "lltv": wad(market.params.lltv),
        "price": price_of(market, market.price),
        "safe": market.safe,
        "liquidation_price": price_of(market, view.liquidation_price, up=True),
        "distance": wad(view.distance),
        "zone": None if zone is None else zone.name.lower(),
        "max_borrow": show_decimal(view.max_borrow, loan.decimals),
        "max_removable": show_decimal(view.max_removable, token.decimals),
        "max_withdraw": show_decimal(view.max_withdraw, loan.decimals),
        "borrow_rate": wad(market.borrow_rate),
        "supply_rate": wad(market.supply_rate),
        "utilisation": wad(market.utilisation),
    }


def outcome(operation: str, done: "Done[Any]") -> Document:
    """What every change says of itself. `transaction` is null while nothing was sent: then `gas` is an
    estimate, or null where the node can't say. `also`: what goes with it, such as an allowance."""
    return {
        "operation": operation,
        "sent": done.transaction is not None,
        "transaction": None if done.transaction is None else hexadecimal(done.transaction),
        "gas": done.gas,
        "also": [said.replace(IN_PYTHON, IN_SHELL) for said in done.also],
    }


def change_document(
    operation: str, amount: str, token: str, done: "Done[PositionView]", resolved: str | None = None
) -> Document:
    """`resolved`: the figure that an `amount` of `max` stood for, where it is known."""
    before, after = done.before, done.after
    return {
        **outcome(operation, done),
        "market": before.market.name,
        "amount": amount,
        **({} if resolved is None else {"resolved": resolved}),
        "token": token,
        "before": position_document(before),
        "after": position_document(after),
    }


def leverage_document(operation: str, amount: str, in_loan: bool, done: "Done[PositionView]") -> Document:
    """With the multiple: value / (value - debt). `price_impact`: the part of its worth at the oracle's price
    that a swap loses; null where nothing is swapped."""
    from surge.credit.leverage import multiple

    market = done.before.market
    token = (market.loan if in_loan else market.collateral).symbol if amount else ""
    document = change_document(operation, amount, token, done)
    document["before"]["multiple"] = wad(multiple(done.before))
    document["after"]["multiple"] = wad(multiple(done.after))
    document["price_impact"] = wad(done.impact)
    return document


def wad(value: int | None) -> str | None:
    """A WAD figure as an exact decimal string."""
    return None if value is None else show_decimal(value, SURGE_DECIMALS)


def compounded(rate: int, up: bool = False) -> str:
    """What a year at a simple rate [WAD] makes when interest earns interest every moment: exp(rate) - 1."""
    grown = (Decimal(rate) / WAD).exp() - 1
    return f"{grown.quantize(Decimal(1).scaleb(-18), ROUND_CEILING if up else ROUND_FLOOR).normalize():f}"


def price_of(view: MarketView, price: int | None, up: bool = False) -> str | None:
    """Whole loan tokens for one whole collateral token, to 18 decimals."""
    return None if price is None else whole(price, view.collateral, view.loan, up)


def hexadecimal(word: bytes | str) -> str:
    return word if isinstance(word, str) else "0x" + bytes(word).hex()
