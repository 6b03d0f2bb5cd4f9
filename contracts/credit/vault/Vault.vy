# pragma version 0.4.3
# pragma optimize codesize
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Vault
@license AGPL-3.0-only
@notice Lends one asset to several markets of Credit: an ERC-4626 share of all of them.

        deposit -> what withdrawals drew, then the supply queue, each market up to its cap
        what deposits brought, then idle, then the withdraw queue -> withdraw
        redeem_in_kind: the same part of everything, as market shares; needs no liquidity

        C4: the share price falls only by bad debt. (An owner's `reallocate` may round it down a unit a market.)
        C7: nothing here reads a price. A market without liquidity, or whose rate model fails, locks neither the
            others nor redeem_in_kind. (Deposits wait while a market that holds something can't be read.)
        A loss is counted once: who enters after it, in a transaction that used the vault before, pays the price
        from before it, and `convertToAssets` shows that.
        Coming and going again moves nothing between the markets: only the owner allocates, see vault_plan.
@dev Gifts count for nothing: tokens and market shares that didn't come by `deposit` or `mint` leave by `skim`.
     Fee: shares, on what the share price gains above its highest yet, so none while a loss is made up for.
     While an operation runs, nothing here answers but the ERC-20 part: totals are not whole then.
     Nothing asked for by ERC-4626 is a call without effect, and no error.
     Decimals: six more than the asset's. The parts: vault_plan (twin: surge/credit/vault.py), vault_books, vault_rules.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from snekmate.tokens import erc20
from ..lending import calls as credit_calls
from ..lending import market as credit_market
import books as vault_books
import events as vault_events
import plan as vault_plan
import rules as vault_rules

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: erc20[ownable := ownable]
initializes: vault_books
initializes: vault_rules[ownable := ownable]

exports: (
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
    vault_books.idle,
    vault_books.drawn,
    vault_books.held,
    vault_rules.CREDIT,
    vault_rules.TIMELOCK,
    vault_rules.guardian,
    vault_rules.pending_guardian,
    vault_rules.submit_guardian,
    vault_rules.accept_guardian,
    vault_rules.revoke_guardian,
    vault_rules.cap,
    vault_rules.pending_cap,
    vault_rules.submit_cap,
    vault_rules.accept_cap,
    vault_rules.lower_cap,
    vault_rules.revoke_cap,
    vault_rules.queues,
    vault_rules.set_supply_queue,
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    erc20.balanceOf,
    erc20.allowance,
    erc20.transfer,
    erc20.transferFrom,
    erc20.approve,
    erc20.permit,
    erc20.nonces,
    erc20.DOMAIN_SEPARATOR,
    erc20.eip712Domain,
)

struct Allocation:
    id: bytes32
    assets: uint256

MAX_SUPPLY: constant(uint256) = vault_plan.MAX_SUPPLY
MAX_FEE: constant(uint256) = 5 * 10**17
# What reading a market may take, many times what an honest rate model does: one that burns its gas leaves the rest.
READ_GAS: constant(uint256) = 300_000
ACCRUED: constant(Bytes[4]) = method_id(
    "accrued((address,address,address,address,uint256,uint256,uint256,uint256,uint256))"
)

# WAD, on gains.
fee: public(uint256)
fee_recipient: public(address)
# The highest share price yet, fees paid: units of the asset per share, times 1e36.
high_water: public(uint256)
# The highest that an operation of this transaction has seen, in the same terms.
peak: transient(uint256)
# What deposits of this transaction brought, less what left in it. Of this one, so that nobody can put others off:
# dust paid in before their withdrawal, and borrowed from its market, would.
fresh: transient(uint256)


@deploy
def __init__(
    credit: address, asset: address, name: String[25], symbol: String[5], owner: address, timelock: uint256
):
    """
    @param timelock Seconds between submitting and accepting a higher cap or another guardian, at most 30 days.
    """
    assert owner != empty(address), "Vault: no owner"
    ownable.__init__()
    ownable_2step.__init__()
    ownable._transfer_ownership(owner)
    vault_rules.__init__(credit, asset, timelock)
    erc20.__init__(name, symbol, staticcall IERC20Detailed(asset).decimals() + 6, name, "1")
    self.high_water = vault_plan.PRICE_SCALE // vault_plan.VIRTUAL_SHARES
    assert extcall IERC20(asset).approve(credit, max_value(uint256), default_return_value=True), "Vault: approval refused"


# Lenders


@external
@nonreentrant
def deposit(assets: uint256, receiver: address) -> uint256:
    """
    @notice Pay in `assets`; the shares that it gave.
    """
    return self._enter(assets, 0, receiver).shares


@external
@nonreentrant
def mint(shares: uint256, receiver: address) -> uint256:
    """
    @notice Pay in what `shares` cost; the assets that it took.
    """
    return self._enter(0, shares, receiver).assets


@external
@nonreentrant
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Take out `assets`; the shares that it cost. The owner, or who has an allowance of its shares.
    """
    return self._leave(assets, 0, receiver, owner).shares


@external
@nonreentrant
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Give back `shares`; the assets that came out. The owner, or who has an allowance of its shares.
    """
    return self._leave(0, shares, receiver, owner).assets


@external
@nonreentrant
def redeem_in_kind(shares: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Give back `shares` for the same part of everything: of the idle assets (returned), and of the supply
            shares in each market, less what a unit is worth at most. What was paid in earlier in this transaction
            comes from where it went.
    """
    sight: vault_plan.Sight = self._accrue(False)
    plan: vault_plan.Plan = vault_plan._plan_in_kind(sight, shares)
    self._burn(shares, receiver, owner)
    for i: uint256 in range(sight.count, bound=vault_plan.MAX_MARKETS):
        given: uint256 = plan.amounts[i]
        if given > 0:
            holding: vault_plan.Holding = sight.holdings[i]
            vault_books._lower(holding.id, vault_plan._assets_down(given, holding.assets, holding.shares), given)
            extcall credit_calls.Credit(vault_rules.CREDIT).transfer_supply(holding.id, given, self, receiver)
    log vault_events.RedeemedInKind(sender=msg.sender, receiver=receiver, owner=owner, idle=plan.idle, shares=shares)
    self._finish(sight, plan, receiver)
    return plan.idle


# Owner


@external
@nonreentrant
def set_fee(fee: uint256, recipient: address):
    """
    @notice The fee on gains from now on. Only the owner.
    @param fee WAD, at most a half.
    """
    vault_rules._check_owner()
    assert fee <= MAX_FEE, "Vault: the fee is at most a half"
    assert fee == 0 or recipient != empty(address), "Vault: nobody to pay the fee to"
    self._accrue(False)
    self._raise_mark()
    self.fee = fee
    self.fee_recipient = recipient
    log vault_events.FeeSet(fee=fee, recipient=recipient)


@external
@nonreentrant
def set_withdraw_queue(ids: DynArray[bytes32, vault_plan.MAX_MARKETS]):
    """
    @notice Where withdrawals come from, in this order. A market may be left out once it has no cap, and what it
            holds is worth no unit or has been written off (`submit_cap` of 0, and the timelock): that counts for
            nothing then, and again when the market is back. Only the owner.
    """
    dropped: DynArray[bytes32, vault_plan.MAX_MARKETS] = vault_rules._set_withdraw_queue(ids)
    for id: bytes32 in dropped:
        assert self._holding(id, 0).worth == 0, "Vault: it still holds assets"
        vault_books.words[id] = 0


@external
@nonreentrant
def reallocate(allocations: DynArray[Allocation, vault_plan.MAX_MARKETS]):
    """
    @notice Bring each market to so many assets: what is too much becomes idle, then what is idle fills up. The
            largest number stands for all that is idle. What deposits and withdrawals come back to is then how it
            is; without an allocation, how it was. Only the owner.
    """
    vault_rules._check_owner()
    self._accrue(False)
    for wanted: Allocation in allocations:
        vault_rules._check_market(wanted.id)
        holding: vault_plan.Holding = self._holding(wanted.id, 0)
        if holding.worth > wanted.assets:
            excess: uint256 = 0
            if wanted.assets > 0:
                excess = unsafe_sub(holding.worth, wanted.assets)
                holding.held = 0
            assets: uint256 = self._withdraw(wanted.id, excess, holding.held, self)
            vault_books.waiting = unsafe_add(vault_books.waiting, assets)
            log vault_events.Reallocated(id=wanted.id, supplied=0, withdrawn=assets)
    for wanted: Allocation in allocations:
        holding: vault_plan.Holding = self._holding(wanted.id, vault_rules.cap[wanted.id])
        if holding.worth < wanted.assets:
            assets: uint256 = vault_books._idle()
            if wanted.assets != max_value(uint256):
                assets = unsafe_sub(wanted.assets, holding.worth)
            assert assets <= holding.room, "Vault: above the cap"
            assert assets <= vault_books._idle(), "Vault: not enough idle"
            vault_books.waiting = unsafe_sub(vault_books.waiting, assets)
            self._supply(wanted.id, assets)
            log vault_events.Reallocated(id=wanted.id, supplied=assets, withdrawn=0)
    vault_books._allocate(vault_rules.withdraw_queue)


# Anybody


@external
@nonreentrant
def accrue_fee():
    """
    @notice Mint the fee on gains so far. Each deposit and withdrawal does it too.
    """
    self._accrue(False)


@external
@nonreentrant
def skim(token: address) -> uint256:
    """
    @notice Send on tokens that came here by mistake or as a gift: to the fee's recipient, or else the owner.
    """
    amount: uint256 = staticcall IERC20(token).balanceOf(self)
    if token == vault_rules.ASSET:
        amount -= vault_books._idle()
    receiver: address = self._heir()
    log vault_events.Skimmed(token=token, receiver=receiver, amount=amount)
    self._send(token, receiver, amount)
    return amount


@external
@nonreentrant
def skim_supply(id: bytes32) -> uint256:
    """
    @notice The same for supply shares of a market.
    """
    position: credit_market.Position = staticcall credit_calls.Credit(vault_rules.CREDIT).position(id, self)
    amount: uint256 = position.supply_shares - vault_books._held(id)
    receiver: address = self._heir()
    log vault_events.Skimmed(token=vault_rules.CREDIT, receiver=receiver, amount=amount)
    extcall credit_calls.Credit(vault_rules.CREDIT).transfer_supply(id, amount, self, receiver)
    return amount


# Views


@external
@view
def asset() -> address:
    return vault_rules.ASSET


@external
@view
@nonreentrant
def holdings() -> DynArray[vault_plan.Holding, vault_plan.MAX_MARKETS]:
    """
    @notice What the vault has in each market, with interest up to now, in the order of the withdraw queue.
    """
    sight: vault_plan.Sight = self._sight(True)
    found: DynArray[vault_plan.Holding, vault_plan.MAX_MARKETS] = []
    for i: uint256 in range(sight.count, bound=vault_plan.MAX_MARKETS):
        found.append(sight.holdings[i])
    return found


@external
@view
@nonreentrant
def totalAssets() -> uint256:
    return self._sight(False).total


@external
@view
@nonreentrant
def convertToShares(assets: uint256) -> uint256:
    sight: vault_plan.Sight = self._dear_sight(False)
    return vault_plan._shares_down(assets, sight.total, sight.supply)


@external
@view
@nonreentrant
def convertToAssets(shares: uint256) -> uint256:
    sight: vault_plan.Sight = self._dear_sight(False)
    return vault_plan._assets_down(shares, sight.total, sight.supply)


@external
@view
@nonreentrant
def previewDeposit(assets: uint256) -> uint256:
    return vault_plan._plan_in(self._dear_sight(True), assets, 0).shares


@external
@view
@nonreentrant
def previewMint(shares: uint256) -> uint256:
    return vault_plan._plan_in(self._dear_sight(True), 0, shares).assets


@external
@view
@nonreentrant
def previewWithdraw(assets: uint256) -> uint256:
    return vault_plan._plan_out(self._sight(False), assets, 0).shares


@external
@view
@nonreentrant
def previewRedeem(shares: uint256) -> uint256:
    return vault_plan._plan_out(self._sight(False), 0, shares).assets


@external
@view
@nonreentrant
def maxDeposit(receiver: address) -> uint256:
    """
    @notice What the caps still take; nothing while a market that holds something can't be read.
    """
    return vault_plan._room(self._dear_sight(True))


@external
@view
@nonreentrant
def maxMint(receiver: address) -> uint256:
    return vault_plan._mintable(self._dear_sight(True))


@external
@view
@nonreentrant
def maxWithdraw(owner: address) -> uint256:
    """
    @notice What `owner` can take out now, by its shares, by the liquidity of the markets, and by what Credit has of
            the asset while that is lent out in a flash loan.
    """
    return vault_plan._withdrawable(self._sight(False), erc20.balanceOf[owner], self._purse())


@external
@view
@nonreentrant
def maxRedeem(owner: address) -> uint256:
    return vault_plan._redeemable(self._sight(False), erc20.balanceOf[owner], self._purse())


# In and out


@internal
def _enter(assets: uint256, shares: uint256, receiver: address) -> vault_plan.Plan:
    sight: vault_plan.Sight = self._accrue(True)
    sight.total = vault_plan._dear(sight.total, sight.supply, self.peak)
    plan: vault_plan.Plan = vault_plan._plan_in(sight, assets, shares)
    assert plan.shares > 0 or plan.assets == 0, "Vault: zero shares"
    assert plan.rest == 0, "Vault: more than the caps take"
    assert sight.supply + plan.shares <= MAX_SUPPLY, "Vault: too many shares"
    if plan.assets > 0:
        asset: IERC20 = IERC20(vault_rules.ASSET)
        before: uint256 = staticcall asset.balanceOf(self)
        assert extcall asset.transferFrom(msg.sender, self, plan.assets, default_return_value=True), "Vault: deposit not paid"
        assert staticcall asset.balanceOf(self) >= before + plan.assets, "Vault: the token delivered less"
        for i: uint256 in range(sight.count, bound=vault_plan.MAX_MARKETS):
            self._supply(sight.holdings[i].id, plan.amounts[i])
        if plan.idle > 0:
            vault_books._bring_idle(plan.idle)
        self.fresh = unsafe_add(sight.fresh, plan.assets)
    erc20._mint(receiver, plan.shares)
    log vault_events.Deposit(sender=msg.sender, owner=receiver, assets=plan.assets, shares=plan.shares)
    return plan


@internal
def _leave(assets: uint256, shares: uint256, receiver: address, owner: address) -> vault_plan.Plan:
    sight: vault_plan.Sight = self._accrue(False)
    plan: vault_plan.Plan = vault_plan._plan_out(sight, assets, shares)
    self._burn(plan.shares, receiver, owner)
    assert plan.rest == 0, "Vault: too little cash; see maxWithdraw, redeem_in_kind"
    assert plan.sure >= min(plan.assets, sight.fresh), "Vault: what was just paid in is lent out"
    for i: uint256 in range(sight.count, bound=vault_plan.MAX_MARKETS):
        if plan.amounts[i] > 0:
            self._withdraw(sight.holdings[i].id, plan.amounts[i], 0, receiver)
    log vault_events.Withdraw(sender=msg.sender, receiver=receiver, owner=owner, assets=plan.assets, shares=plan.shares)
    self._finish(sight, plan, receiver)
    return plan


@internal
def _supply(id: bytes32, assets: uint256):
    if assets > 0:
        _: uint256 = 0
        shares: uint256 = 0
        _, shares = extcall credit_calls.Credit(vault_rules.CREDIT).supply(vault_rules._params(id), assets, 0, self, b"")
        vault_books._raise(id, assets, shares)


@internal
def _withdraw(id: bytes32, assets: uint256, shares: uint256, receiver: address) -> uint256:
    taken: uint256 = 0
    burned: uint256 = 0
    taken, burned = extcall credit_calls.Credit(vault_rules.CREDIT).withdraw(
        vault_rules._params(id), assets, shares, self, receiver
    )
    vault_books._lower(id, taken, burned)
    return taken


@internal
def _burn(shares: uint256, receiver: address, owner: address):
    assert receiver != self, "Vault: the vault can't be the receiver"
    if msg.sender != owner:
        erc20._spend_allowance(owner, msg.sender, shares)
    erc20._burn(owner, shares)


@internal
def _finish(sight: vault_plan.Sight, plan: vault_plan.Plan, receiver: address):
    """
    @dev Of what leaves, what deposits of this transaction brought counts first.
    """
    self.fresh = unsafe_sub(sight.fresh, min(sight.fresh, plan.assets))
    if plan.idle > 0:
        vault_books._draw_idle(plan.idle)
        self._send(vault_rules.ASSET, receiver, plan.idle)


@internal
def _send(token: address, receiver: address, amount: uint256):
    assert extcall IERC20(token).transfer(receiver, amount, default_return_value=True), "Vault: transfer refused"


# What is held


@internal
def _accrue(entering: bool) -> vault_plan.Sight:
    """
    @dev The mark rises even when the fee on a gain is no share: else who comes next would pay it.
    """
    sight: vault_plan.Sight = self._sight(entering)
    self.peak = max(self.peak, vault_plan._price_up(sight.total, sight.supply))
    if self.fee > 0:
        shares: uint256 = sight.supply - erc20.totalSupply
        self._raise_mark()
        if shares > 0:
            erc20._mint(self.fee_recipient, shares)
            log vault_events.FeeAccrued(recipient=self.fee_recipient, shares=shares, high_water=self.high_water)
    return sight


@internal
def _raise_mark():
    if self.peak > self.high_water:
        self.high_water = self.peak


@internal
@view
def _sight(entering: bool) -> vault_plan.Sight:
    """
    @dev With the fee's shares up to now; with room below the caps when `entering`. The order of deposits is for who
         enters, and for who takes back what deposits brought.
    """
    sight: vault_plan.Sight = empty(vault_plan.Sight)
    sight.idle = vault_books._idle()
    sight.drawn = vault_books._drawn()
    sight.fresh = self.fresh
    sight.total = sight.idle
    sight.supply = erc20.totalSupply
    ordered: bool = entering
    for id: bytes32 in vault_rules.withdraw_queue:
        holding: vault_plan.Holding = self._holding(id, vault_rules.cap[id] if entering else 0)
        sight.holdings[sight.count] = holding
        sight.count = unsafe_add(sight.count, 1)
        sight.total = unsafe_add(sight.total, holding.worth)
        sight.blind = sight.blind or (holding.worth > 0 and not holding.live)
        ordered = ordered or holding.brought > 0
    if ordered:
        sight.order = vault_rules.supply_order
    if self.fee > 0:
        sight.supply += vault_plan._fee_shares(sight.total, sight.supply, self.fee, self.high_water)
    return sight


@internal
@view
def _dear_sight(entering: bool) -> vault_plan.Sight:
    """
    @notice As who enters sees it: a share costs at least what it did earlier in this transaction.
    """
    sight: vault_plan.Sight = self._sight(entering)
    sight.total = vault_plan._dear(sight.total, sight.supply, self.peak)
    return sight


@internal
@view
def _holding(id: bytes32, cap: uint256) -> vault_plan.Holding:
    live: bool = False
    told: Bytes[192] = b""
    live, told = raw_call(
        vault_rules.CREDIT,
        abi_encode(vault_rules._params(id), method_id=ACCRUED),
        max_outsize=192,
        gas=READ_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    state: credit_market.MarketState = empty(credit_market.MarketState)
    if live:
        state = abi_decode(told, credit_market.MarketState)
    else:
        state = staticcall credit_calls.Credit(vault_rules.CREDIT).market(id)
    return vault_plan._holding(id, vault_books.words[id], state, live, cap)


@internal
@view
def _heir() -> address:
    return self.fee_recipient if self.fee_recipient != empty(address) else ownable.owner


@internal
@view
def _purse() -> uint256:
    return staticcall IERC20(vault_rules.ASSET).balanceOf(vault_rules.CREDIT)
