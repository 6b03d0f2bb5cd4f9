"""What a transaction leaves room for: the interest until it is mined."""

from dataclasses import replace

from surge.credit.market import PositionView
from surge.credit.vault_view import VaultMarket, VaultView

SLACK_SECONDS = 60
"""How long a transaction is given to be mined, unless it has a deadline."""


def later(view: PositionView, seconds: int = SLACK_SECONDS) -> PositionView:
    """A position by the time that a transaction sent now is mined."""
    return replace(view, market=view.market.at(view.market.now + seconds))


def vault_later(view: VaultView, seconds: int = SLACK_SECONDS) -> VaultView:
    """A vault by then, likewise; without the fee of what it gains meanwhile."""

    def grown(one: VaultMarket) -> VaultMarket:
        return replace(one, market=one.market.at(one.market.now + seconds))

    return replace(view, markets=tuple(map(grown, view.markets)))
