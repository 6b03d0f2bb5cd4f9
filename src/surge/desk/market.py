"""A market, by name or id."""

from typing import TYPE_CHECKING

from surge.credit.market import MarketView
from surge.desk.position import Position
from surge.model.credit import MarketId, MarketParams
from surge.model.units import Address

if TYPE_CHECKING:
    from surge.chain.client import Chain


class Market:
    """From `desk.market("ETH/TUSD")`: lend TUSD, or borrow it against ETH."""

    def __init__(self, chain: "Chain", id_: MarketId) -> None:
        self._chain, self.id = chain, id_

    def __repr__(self) -> str:
        return f"Market({self.name}, 0x{self.id.hex()})"

    @property
    def params(self) -> MarketParams:
        """The parameters that make the market; they never change."""
        return self._chain.credit.market_params([self.id])[0]

    @property
    def name(self) -> str:
        """The market's name: the address book's, or its pair and the beginning of its id."""
        return self._chain.credit.market_name(self.params)

    @property
    def listed(self) -> bool:
        """Whether the address book has it. Anybody can create a market: look at the oracle of another one."""
        return self.params in self._chain.credit.book.markets.values()

    @property
    def view(self) -> MarketView:
        """The market as it is now, with the interest up to now."""
        return self._chain.credit.market_views([self.id])[0]

    def position(self, account: Address | str | None = None) -> Position:
        """What an account (default: the desk's own) has in it."""
        return Position(self._chain, self, self._chain.address if account is None else Address(account))
