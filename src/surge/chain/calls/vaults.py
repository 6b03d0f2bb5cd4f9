"""Vaults over several markets: what they hold, who has how much of them, and the calls that move it."""

from dataclasses import replace
from typing import Any

from surge.chain.calls.credit import Credit
from surge.chain.calls.tokens import Tokens
from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import Connection, View
from surge.chain.node.sender import Call
from surge.credit import vault as twin
from surge.credit.market import MarketView
from surge.credit.vault_view import VaultMarket, VaultView
from surge.model.credit import MarketId
from surge.model.units import Address, Wad

_FIELDS = ("asset", "idle", "fee", "high_water", "totalSupply", "queues", "drawn", "holdings")


class Vaults:
    """`chain.vaults`. A vault is named by its address."""

    def __init__(self, at: Connection, tokens: Tokens, credit: Credit) -> None:
        self._at, self._tokens, self._credit = at, tokens, credit

    def view(self, name: str, vault: Address, account: Address, at: int | None = None) -> VaultView:
        """A vault, and what `account` has of it: now, or after the block `at`. Three requests."""
        moment = self._credit.moment(at)
        asked = [self._vault(vault, field) for field in _FIELDS]
        asset, idle, fee, high_water, supply, queues, drawn, holdings, held = self._at.look(
            [*asked, self._vault(vault, "balanceOf", account)], moment.block
        )
        ids = [MarketId(id_) for id_ in queues[1]]
        markets, _ = self._credit.views(ids, (), moment)
        caps = self._at.look([self._vault(vault, "cap", id_) for id_ in ids], moment.block)
        tokens = self._tokens.of([asset, vault])
        view = VaultView(
            name, tokens[asset], tokens[vault], account, held, idle, supply, Wad(fee),
            tuple(map(_market, markets, holdings, caps)), tuple(MarketId(id_) for id_ in queues[0]), drawn,
        )  # fmt: skip
        minted = twin.fee_shares(view.total, supply, Wad(fee), high_water)
        return replace(view, supply=supply + minted, high_water=high_water)

    def shares(self, vault: Address, assets: int) -> int:
        """What a deposit of `assets` would give now."""
        return int(self._at.look([self._vault(vault, "previewDeposit", assets)])[0])

    def assets(self, vault: Address, shares: int) -> int:
        """What `shares` would be redeemed for now."""
        return int(self._at.look([self._vault(vault, "previewRedeem", shares)])[0])

    def depositing(self, vault: Address, assets: int) -> Call:
        return _of_vault("depositing", vault, "deposit", assets, self._at.address)

    def withdrawing(self, vault: Address, assets: int) -> Call:
        return _of_vault("withdrawing", vault, "withdraw", assets, self._at.address, self._at.address)

    def redeeming(self, vault: Address, shares: int) -> Call:
        return _of_vault("redeeming", vault, "redeem", shares, self._at.address, self._at.address)

    def redeeming_in_kind(self, vault: Address, shares: int) -> Call:
        return _of_vault(
            "redeeming in kind", vault, "redeem_in_kind", shares, self._at.address, self._at.address
        )

    def _vault(self, vault: Address, name: str, *arguments: Any) -> View:
        return View("Vault", vault, name, arguments)


def _market(market: MarketView, holding: Any, cap: int) -> VaultMarket:
    """`holding`: as the vault tells it, in the order of its struct."""
    _id, held, _assets, _shares, _worth, _cash, _room, _unit, brought, drawn, live = holding
    return VaultMarket(market, held, cap, brought - drawn, live)


def _of_vault(what: str, vault: Address, name: str, *arguments: Any) -> Call:
    return Call(what, vault, artifact("Vault").function(name, len(arguments)).encode(arguments))
