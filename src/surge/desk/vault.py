"""A vault: lend to several markets at once."""

from typing import TYPE_CHECKING

from surge.chain.calls.lent import Lent
from surge.chain.calls.tokens import Payment
from surge.chain.node.sender import Call, Sent
from surge.credit import vault_view
from surge.credit.vault_view import VaultView
from surge.desk.amounts import MAX, Amount, units
from surge.desk.operation import Plan, foreseen, operation
from surge.desk.slack import vault_later
from surge.model.errors import BadInput
from surge.model.units import NOBODY, Address

if TYPE_CHECKING:
    from surge.chain.client import Chain

OUTSIDE = (
    "this vault is not in the address book: anybody can deploy one; look at its markets, caps and owner first"
)


class Vault:
    """From `desk.vault("TUSD vault")`. Amounts are of its asset."""

    def __init__(self, chain: "Chain", name: str, address: Address, *, looking: bool) -> None:
        """looking: the desk has no account, so nobody's part of the vault is shown."""
        self.chain, self.name, self.address = chain, name, address
        self._account = NOBODY if looking else chain.address

    def __repr__(self) -> str:
        return f"Vault({self.name}, {self.address})"

    @property
    def listed(self) -> bool:
        """Whether the address book has it. Anybody can deploy a vault: look at the markets of another one."""
        return self.address in self.chain.credit.book.vaults.values()

    @property
    def view(self) -> VaultView:
        """How it is now, and what the desk's account has of it."""
        return self.of(self._account)

    def of(self, account: Address | str) -> VaultView:
        """The vault as it is now, and what an account has of it."""
        return self.chain.vaults.view(self.name, self.address, Address(account))

    def lent(self, view: VaultView) -> Lent | None:
        """What the account of a view paid in and took out since its lending began; None where its events
        don't tell."""
        return self.chain.lending.in_vault(self.address, view.account, view.shares)

    @operation
    def deposit(self, amount: Amount) -> Plan[VaultView]:
        """Lend through the vault: `deposit("500")`."""
        view = self.view

        def most() -> int:
            return min(
                vault_later(view).max_deposit, self.chain.tokens.balances(view.account, [view.asset])[0]
            )

        assets = units(amount, view.asset, most)
        after = foreseen(vault_view.deposit, view, assets, amount)
        allowances = self.chain.tokens.allowing([Payment(view.asset, assets, self.address, self.name)])
        calls = (*allowances, self.chain.vaults.depositing(self.address, assets))
        return Plan(view, after, calls, self._after, () if self.listed else (OUTSIDE,))

    @operation
    def withdraw(self, amount: Amount) -> Plan[VaultView]:
        """Take out what can be had now: `withdraw("500")`, `withdraw("max")`."""
        view = self.view
        assets = units(amount, view.asset, lambda: view.max_withdraw)
        late = vault_later(view)
        if amount == MAX and view.worth > 0 and late.worth <= late.sight.liquidity:
            call: Call = self.chain.vaults.redeeming(self.address, view.shares)
            return Plan(view, vault_view.redeem(view, view.shares), (call,), self._after)
        call = self.chain.vaults.withdrawing(self.address, assets)
        return Plan(view, foreseen(vault_view.withdraw, view, assets, amount), (call,), self._after)

    @operation
    def redeem_in_kind(self, shares: Amount = "max") -> Plan[VaultView]:
        """Give shares back for the same part of everything: idle assets, and supply in each market. It needs
        no liquidity: what comes is in `market.position()` afterwards."""
        view = self.view
        given = units(shares, view.share, lambda: view.shares)
        if not 0 < given <= view.shares:
            raise BadInput(
                f"{view.account} has {view.share.show(view.shares)} and can't redeem {view.share.show(given)}"
                "; name an amount of shares above 0, up to that (`max`)"
            )
        after, idle, handed = vault_view.redeem_in_kind(view, given)
        notes = [f"hands out {view.asset.show(idle)}"] if idle else []
        notes += [
            f"hands out {part:,} supply shares of {one.market.name}, "
            f"worth {view.asset.show(one.market.worth_of(part))}"
            for one, part in zip(view.markets, handed, strict=True)
            if part
        ]
        call = self.chain.vaults.redeeming_in_kind(self.address, given)
        return Plan(view, after, (call,), self._after, tuple(notes))

    def _after(self, sent: Sent) -> VaultView:
        return self.chain.vaults.view(self.name, self.address, self._account, sent.block)
