"""One market of ether against a test dollar, and positions in it."""

from surge.credit.market import MarketView, PositionView, Token
from surge.model.credit import MarketId, MarketParams, MarketState, Position
from surge.model.units import WAD, Address, Seconds, Wad

ETH = Token("ETH", 18, Address("0x" + "11" * 20))
TUSD = Token("TUSD", 6, Address("0x" + "22" * 20))
ORACLE, IRM, HOLDER = (Address("0x" + f"{n:02x}" * 20) for n in (0x33, 0x44, 0x55))
PARAMS = MarketParams(
    loan_token=TUSD.address,
    collateral_token=ETH.address,
    oracle=ORACLE,
    irm=IRM,
    max_ltv=Wad(70 * WAD // 100),
    lltv=Wad(80 * WAD // 100),
    target_health=Wad(115 * WAD // 100),
    min_debt=10_000_000,
    reserve_factor=Wad(WAD // 10),
)
NOW = Seconds(1_700_000_000)
USD = 10**6
ETHER = 10**18
TARGET = 4 * WAD // 100 // (365 * 86_400)
EMPTY = Position(0, 0, 0)


def price(usd: int | float) -> int:
    """USD for one ether → loan units for one collateral unit, × 1e36."""
    return int(usd * 100) * 10**36 * USD // (100 * ETHER)


def market(
    supplied: int = 100_000 * USD,
    borrowed: int = 0,
    usd: float | None = 2_000,
    safe: bool = True,
    rate_at_target: int | None = TARGET,
) -> MarketView:
    """Shares as a first lender and borrower get them: a million for each unit."""
    state = MarketState(supplied, supplied * 10**6, borrowed, borrowed * 10**6, 0, NOW)
    view = MarketView(
        MarketId(bytes(32)), PARAMS, TUSD, ETH, state, TARGET, rate_at_target,
        None if usd is None else price(usd), safe, NOW,
    )  # fmt: skip
    return view.with_state(state)


def position(of: MarketView | None = None, collateral: int = ETHER // 2, debt: int = 0) -> PositionView:
    """The debt is among what the market has lent already."""
    of = market(borrowed=debt) if of is None else of
    return PositionView(of, HOLDER, Position(0, debt * 10**6, collateral))
