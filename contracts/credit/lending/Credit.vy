# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Credit
@license AGPL-3.0-only
@notice Isolated lending markets in one contract: loans against collateral, immutable, without an owner.

        supply -> withdraw            add_collateral -> borrow -> repay -> remove_collateral
                                                        (liquidate when the price falls)

        LTV:  0 ...... max LTV ...... LLTV ...... 1/(1+bonus) ......
              healthy  | margin zone  | liquidatable in part | in whole or part, at a loss: bad debt

        C1: supplied >= borrowed in every market; the token balance covers the difference.
        C2: no call lowers a position's health unless it ends at or below the max LTV.
        C3: rounding favours the pool.
        C4: the lenders' share price falls only by recorded bad debt.
        C5: only what is past the LLTV is liquidated: in part where that raises health, or where it bears its own
            part of the loss.
        C6: anybody can realise bad debt, however small.
        C7: repay, add_collateral and withdraw never read a price.
@dev One rhythm: check, accrue, compute, change state, record, hand over (tokens out, callback, tokens in).
     State is complete before each call to a token, an oracle or a caller, so callbacks may re-enter: there
     is no lock. The rate model alone is called in mid-flight; after it the market must be as it was.
     A market's parameters come as calldata and hash to its id. Amounts are in a token's smallest unit, LTVs
     and rates in WAD, a price is collateral in loan units, scaled 1e36. Balances are kept here; a token's
     balanceOf is never a total. The parts: credit_market, credit_shares, credit_health and credit_liquidation
     (their twins are in src/surge/credit), credit_authority, credit_flash, credit_tokens.
"""

import authority as credit_authority
import events as credit_events
import flash as credit_flash
import health as credit_health
import liquidation as credit_liquidation
import market as credit_market
import shares as credit_shares
import tokens as credit_tokens

initializes: credit_authority

exports: (
    credit_authority.authorize,
    credit_authority.authorize_with_signature,
    credit_authority.is_authorized,
    credit_authority.nonces,
    credit_authority.DOMAIN_SEPARATOR,
    credit_flash.flash_loan,
    credit_flash.flashLoan,
    credit_flash.flashFee,
    credit_flash.maxFlashLoan,
)

interface RateModel:
    def borrow_rate(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256: nonpayable
    def borrow_rate_view(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256: view

interface Caller:
    def on_surge_supply(assets: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable
    def on_surge_collateral(assets: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable
    def on_surge_repay(assets: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable
    def on_surge_liquidate(repaid: uint256, seized: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable

MAX_PAYLOAD: constant(uint256) = 4096
# One part in so many of a market's debt is what its reserve keeps; what is above can be collected.
RESERVE_PARTS: constant(uint256) = 20
HEALTHY: constant(uint256) = 0
MARGIN: constant(uint256) = 1
LIQUIDATABLE: constant(uint256) = 2
U96: constant(uint256) = 2**96 - 1
U104: constant(uint256) = 2**104 - 1
U116: constant(uint256) = 2**116 - 1
U120: constant(uint256) = 2**120 - 1
U128: constant(uint256) = 2**128 - 1

fee_recipient: public(address)
params_of: public(HashMap[bytes32, credit_market.MarketParams])
markets: HashMap[bytes32, credit_market.Words]
# What a reserve's target goes by, as of the last `collect`.
followed: public(HashMap[bytes32, credit_market.Followed])
supply_shares: HashMap[bytes32, HashMap[address, uint256]]
# Markets whose lenders bore a loss in this transaction, and whether there are any.
burnt: transient(HashMap[bytes32, bool])
any_burnt: transient(bool)
# borrow shares (128 bits) | collateral (128)
loans: HashMap[bytes32, HashMap[address, uint256]]


@deploy
def __init__(fee_recipient: address):
    """
    @param fee_recipient Who gets what reserves hold above their target, and may name a successor.
    """
    assert fee_recipient != empty(address), "Credit: no fee recipient"
    self.fee_recipient = fee_recipient
    log credit_events.FeeRecipientNamed(fee_recipient=fee_recipient)
    credit_authority.__init__()


@external
def set_fee_recipient(to: address):
    """
    @notice By the present one only.
    """
    assert msg.sender == self.fee_recipient, "Credit: only the fee recipient"
    assert to != empty(address), "Credit: no fee recipient"
    self.fee_recipient = to
    log credit_events.FeeRecipientNamed(fee_recipient=to)


# Markets


@external
def create_market(params: credit_market.MarketParams) -> bytes32:
    """
    @notice Anybody may. Nothing of it can change later, so look at the oracle and the rate model before you supply.
            The rate model is asked once, so that what it adapts begins here.
    @return The market's id.
    """
    credit_market._check(params)
    id: bytes32 = credit_market._id(params)
    assert self.markets[id].supply == 0, "Credit: market exists"
    self.markets[id].supply = block.timestamp << 224
    self.params_of[id] = params
    log credit_events.MarketCreated(id=id, params=params)
    initial: uint256 = extcall RateModel(params.irm).borrow_rate(id, 0, 0, 0)
    return id


@external
def accrue(params: credit_market.MarketParams):
    """
    @notice Bring a market's interest up to now.
    """
    id: bytes32 = credit_market._id(params)
    self.markets[id] = credit_market._pack(self._accrue(id, params), params.min_debt)


@internal
def _accrue(id: bytes32, params: credit_market.MarketParams) -> credit_market.MarketState:
    """
    @notice The market with interest up to now, in memory: whoever calls writes it back, once.
    """
    words: credit_market.Words = self.markets[id]
    market: credit_market.MarketState = credit_market._unpack(words, params.min_debt)
    assert market.last_update != 0, "Credit: no such market"
    elapsed: uint256 = unsafe_sub(block.timestamp, market.last_update)
    if elapsed == 0:
        return market
    # Virtual shares are nobody's debt: they bear no interest, and no rate model sees them.
    owed: uint256 = credit_shares._to_assets_down(market.borrow_shares, market.borrow_assets, market.borrow_shares)
    rate: uint256 = extcall RateModel(params.irm).borrow_rate(id, owed, market.supply_assets, elapsed)
    # A model that re-enters could leave stale words behind, and cash of other markets lent out on them (C1). Whatever
    # changes a market also moves its last update to now, which is in this word.
    assert self.markets[id].supply == words.supply, "Credit: the rate model re-entered"
    before: uint256 = market.borrow_assets
    market = credit_market._grown(market, owed, rate, elapsed, params.min_debt, params.reserve_factor)
    log credit_events.Accrued(id=id, rate=rate, interest=unsafe_sub(market.borrow_assets, before), reserve=market.reserve)
    return market


# Lending


@external
def supply(
    params: credit_market.MarketParams,
    assets: uint256,
    shares: uint256,
    on_behalf: address,
    payload: Bytes[MAX_PAYLOAD],
) -> (uint256, uint256):
    """
    @notice Lend. The caller pays, `on_behalf` gets the shares. Not after a loss of the market's lenders in the same
            transaction: who left before it would come back at the others' cost.
    @param assets Loan units; or else `shares` is given: exactly one is not zero.
    @param payload Not empty: on_surge_supply(assets, payload) is called on the caller before it pays.
    @return Assets paid and shares made.
    """
    id: bytes32 = credit_market._id(params)
    credit_shares._check_amounts(assets, shares)
    assert on_behalf != empty(address), "Credit: no receiver"
    if self.any_burnt:
        assert not self.burnt[id], "Credit: no lending after a loss in one transaction"
    market: credit_market.MarketState = self._accrue(id, params)
    paid: uint256 = 0
    made: uint256 = 0
    lent: uint256 = market.supply_assets - market.reserve
    paid, made = credit_shares._paid_up_made_down(assets, shares, lent, market.supply_shares)
    market.supply_assets += paid
    market.supply_shares += made
    assert market.supply_assets <= U104 and market.supply_shares <= U120, "Credit: supply too large"
    self.supply_shares[id][on_behalf] += made
    self.markets[id] = credit_market._pack(market, params.min_debt)
    log credit_events.Supplied(id=id, caller=msg.sender, on_behalf=on_behalf, assets=paid, shares=made)
    if len(payload) > 0:
        extcall Caller(msg.sender).on_surge_supply(paid, payload)
    credit_tokens._take(params.loan_token, msg.sender, paid)
    return paid, made


@external
def withdraw(
    params: credit_market.MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address
) -> (uint256, uint256):
    """
    @notice Take lent assets back, by `on_behalf` or whom it has authorised. No price is read (C7).
    @param assets Loan units; or else `shares` is given: exactly one is not zero.
    @return Assets given and shares burned.
    """
    id: bytes32 = credit_market._id(params)
    credit_shares._check_amounts(assets, shares)
    assert receiver != empty(address), "Credit: no receiver"
    credit_authority._check(on_behalf)
    market: credit_market.MarketState = self._accrue(id, params)
    given: uint256 = 0
    burned: uint256 = 0
    lent: uint256 = market.supply_assets - market.reserve
    given, burned = credit_shares._given_down_taken_up(assets, shares, lent, market.supply_shares)
    held: uint256 = self.supply_shares[id][on_behalf]
    assert burned <= held, "Credit: more than is supplied"
    assert given <= unsafe_sub(market.supply_assets, market.borrow_assets), "Credit: not enough cash"
    market.supply_assets -= given
    market.supply_shares -= burned
    self.supply_shares[id][on_behalf] = unsafe_sub(held, burned)
    self.markets[id] = credit_market._pack(market, params.min_debt)
    log credit_events.Withdrawn(id=id, receiver=receiver, on_behalf=on_behalf, assets=given, shares=burned)
    credit_tokens._give(params.loan_token, receiver, given)
    return given, burned


@external
def transfer_supply(id: bytes32, shares: uint256, on_behalf: address, receiver: address):
    """
    @notice Hand supply shares to another account: no cash is needed, no price read.
    """
    assert shares > 0, "Credit: nothing to transfer"
    assert receiver != empty(address), "Credit: no receiver"
    credit_authority._check(on_behalf)
    held: uint256 = self.supply_shares[id][on_behalf]
    assert shares <= held, "Credit: more than is supplied"
    self.supply_shares[id][on_behalf] = unsafe_sub(held, shares)
    self.supply_shares[id][receiver] += shares
    log credit_events.SupplyTransferred(id=id, on_behalf=on_behalf, receiver=receiver, shares=shares)


@external
def collect(params: credit_market.MarketParams) -> uint256:
    """
    @notice Pay what the reserve holds above a twentieth of the debt that it follows to the fee recipient. Anybody
            may call it. What moves the market in the same block doesn't count; the first call pays least.
    @return Loan units paid.
    """
    id: bytes32 = credit_market._id(params)
    moved: bool = self.markets[id].supply >> 224 == block.timestamp
    market: credit_market.MarketState = self._accrue(id, params)
    followed: credit_market.Followed = self.followed[id]
    if not moved or followed.time == 0:
        followed = credit_market._followed(followed, market)
    if not moved:
        self.followed[id] = followed
    kept: uint256 = followed.debt // RESERVE_PARTS
    unit: uint256 = credit_market._reserve_unit(params.min_debt)
    surplus: uint256 = max(market.reserve, kept) - kept
    paid: uint256 = min(surplus, market.supply_assets - market.borrow_assets) // unit * unit
    market.supply_assets -= paid
    market.reserve -= paid
    self.markets[id] = credit_market._pack(market, params.min_debt)
    receiver: address = self.fee_recipient
    log credit_events.Collected(id=id, receiver=receiver, assets=paid)
    credit_tokens._give(params.loan_token, receiver, paid)
    return paid


# Borrowing


@external
def add_collateral(
    params: credit_market.MarketParams, assets: uint256, on_behalf: address, payload: Bytes[MAX_PAYLOAD]
):
    """
    @notice The caller pays, `on_behalf` gets the collateral. No price is read (C7), no interest accrues.
    @param payload Not empty: on_surge_collateral(assets, payload) is called on the caller before it pays.
    """
    self._add_collateral(params, assets, on_behalf)
    if len(payload) > 0:
        extcall Caller(msg.sender).on_surge_collateral(assets, payload)
    credit_tokens._take(params.collateral_token, msg.sender, assets)


@internal
def _add_collateral(params: credit_market.MarketParams, assets: uint256, on_behalf: address):
    """
    @dev Apart from its entry, where variables lie beyond the longest payload: memory for 400 gas.
    """
    id: bytes32 = credit_market._id(params)
    assert assets > 0, "Credit: no collateral given"
    assert on_behalf != empty(address), "Credit: no receiver"
    loan: uint256 = self.loans[id][on_behalf]
    if loan == 0:  # who holds a position was let in here before: the market is there
        assert self.markets[id].supply != 0, "Credit: no such market"
    assert assets <= U128 - (loan >> 128), "Credit: collateral too large"
    self.loans[id][on_behalf] = loan + (assets << 128)
    log credit_events.CollateralAdded(id=id, caller=msg.sender, on_behalf=on_behalf, assets=assets)


@external
def remove_collateral(params: credit_market.MarketParams, assets: uint256, on_behalf: address, receiver: address):
    """
    @notice By `on_behalf` or whom it has authorised. With debt: at a safe price, to at most the max LTV (C2).
    """
    id: bytes32 = credit_market._id(params)
    assert assets > 0, "Credit: no collateral asked for"
    assert receiver != empty(address), "Credit: no receiver"
    credit_authority._check(on_behalf)
    market: credit_market.MarketState = empty(credit_market.MarketState)
    owes: bool = self.loans[id][on_behalf] & U128 != 0
    if owes:
        market = self._accrue(id, params)
    loan: uint256 = self.loans[id][on_behalf]
    assert assets <= loan >> 128, "Credit: more than the collateral"
    loan = unsafe_sub(loan, assets << 128)
    self.loans[id][on_behalf] = loan
    if owes:
        self.markets[id] = credit_market._pack(market, params.min_debt)
        debt: uint256 = credit_shares._to_assets_up(loan & U128, market.borrow_assets, market.borrow_shares)
        credit_health._check_max_ltv(params.oracle, loan >> 128, debt, params.max_ltv)
    log credit_events.CollateralRemoved(id=id, receiver=receiver, on_behalf=on_behalf, assets=assets)
    credit_tokens._give(params.collateral_token, receiver, assets)


@external
def borrow(
    params: credit_market.MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address
) -> (uint256, uint256):
    """
    @notice Against the collateral of `on_behalf`, by it or whom it has authorised; at a safe price, to at most
            the max LTV (C2), and no less than the minimum debt in all.
    @param assets Loan units; or else `shares` is given: exactly one is not zero.
    @return Assets given and shares of the debt made.
    """
    id: bytes32 = credit_market._id(params)
    credit_shares._check_amounts(assets, shares)
    assert receiver != empty(address), "Credit: no receiver"
    credit_authority._check(on_behalf)
    market: credit_market.MarketState = self._accrue(id, params)
    given: uint256 = 0
    made: uint256 = 0
    given, made = credit_shares._given_down_taken_up(assets, shares, market.borrow_assets, market.borrow_shares)
    market.borrow_assets += given
    market.borrow_shares += made
    assert market.borrow_assets <= market.supply_assets, "Credit: not enough cash"
    assert market.borrow_assets <= U96 and market.borrow_shares <= U116, "Credit: debt too large"
    loan: uint256 = self.loans[id][on_behalf] + made
    self.loans[id][on_behalf] = loan
    self.markets[id] = credit_market._pack(market, params.min_debt)
    debt: uint256 = credit_shares._to_assets_up(loan & U128, market.borrow_assets, market.borrow_shares)
    assert debt >= params.min_debt, "Credit: less than the minimum debt"
    credit_health._check_max_ltv(params.oracle, loan >> 128, debt, params.max_ltv)
    log credit_events.Borrowed(id=id, receiver=receiver, on_behalf=on_behalf, assets=given, shares=made)
    credit_tokens._give(params.loan_token, receiver, given)
    return given, made


@external
def repay(
    params: credit_market.MarketParams,
    assets: uint256,
    shares: uint256,
    on_behalf: address,
    payload: Bytes[MAX_PAYLOAD],
) -> (uint256, uint256):
    """
    @notice The caller pays, for anybody. No price is read (C7). What remains is nothing or the minimum debt.
    @param assets Loan units; or else `shares`, at most: more than there are repay the whole. One of the two is zero.
    @param payload Not empty: on_surge_repay(assets, payload) is called on the caller before it pays.
    @return Assets paid and shares of the debt burned.
    """
    id: bytes32 = credit_market._id(params)
    credit_shares._check_amounts(assets, shares)
    market: credit_market.MarketState = self._accrue(id, params)
    paid: uint256 = 0
    burned: uint256 = 0
    loan: uint256 = self.loans[id][on_behalf]
    assert loan & U128 > 0, "Credit: no debt"
    paid, burned = credit_shares._paid_up_made_down(
        assets, min(shares, loan & U128), market.borrow_assets, market.borrow_shares
    )
    assert burned <= loan & U128, "Credit: more than the debt"
    loan = unsafe_sub(loan, burned)
    market.borrow_assets -= min(paid, market.borrow_assets)
    market.borrow_shares -= burned
    if loan & U128 > 0:
        rest: uint256 = credit_shares._to_assets_up(loan & U128, market.borrow_assets, market.borrow_shares)
        assert rest >= params.min_debt, "Credit: less than the minimum debt"
    self.loans[id][on_behalf] = loan
    self.markets[id] = credit_market._pack(market, params.min_debt)
    log credit_events.Repaid(id=id, caller=msg.sender, on_behalf=on_behalf, assets=paid, shares=burned)
    if len(payload) > 0:
        extcall Caller(msg.sender).on_surge_repay(paid, payload)
    credit_tokens._take(params.loan_token, msg.sender, paid)
    return paid, burned


# Liquidation


@external
def liquidate(
    params: credit_market.MarketParams,
    borrower: address,
    repaid_assets: uint256,
    repaid_shares: uint256,
    payload: Bytes[MAX_PAYLOAD],
    min_seized: uint256 = 0,
) -> (uint256, uint256):
    """
    @notice Repay a debt past the LLTV for its collateral and a bonus (C5). What the collateral can't pay is bad
            debt, and realised at once, in proportion to what is repaid, however small (C6).
    @param repaid_assets The most to repay, in loan units; or else `repaid_shares`. max_value is all that is allowed.
    @param payload Not empty: on_surge_liquidate(repaid, seized, payload) is called on the caller after it gets
           the collateral and before it pays.
    @param min_seized The least collateral that the caller accepts, for what the price may have become.
    @return Collateral seized and assets repaid.
    """
    id: bytes32 = credit_market._id(params)
    assert (repaid_assets == 0) != (repaid_shares == 0), "Credit: give either assets or shares"
    market: credit_market.MarketState = self._accrue(id, params)
    loan: uint256 = self.loans[id][borrower]
    assert loan & U128 > 0, "Credit: no debt"
    outcome: credit_liquidation.Outcome = credit_liquidation._outcome(
        params, market, loan & U128, loan >> 128, credit_health._price(params.oracle), repaid_assets, repaid_shares
    )
    assert outcome.seized >= max(min_seized, 1), "Credit: less would be seized than min_seized, or nothing"
    # What goes off is there: proved in tests/property/credit/test_proofs.py.
    off: uint256 = min(unsafe_add(outcome.repaid, outcome.loss), market.borrow_assets)
    market.borrow_assets = unsafe_sub(market.borrow_assets, off)
    market.borrow_shares = unsafe_sub(market.borrow_shares, outcome.burned)
    market.supply_assets = unsafe_sub(market.supply_assets, outcome.loss)
    market.reserve = unsafe_sub(market.reserve, outcome.from_reserve)
    rest: uint256 = unsafe_sub(unsafe_sub(loan, outcome.burned), outcome.seized << 128)
    if rest & U128 > 0:
        left: uint256 = credit_shares._to_assets_up(rest & U128, market.borrow_assets, market.borrow_shares)
        assert left >= params.min_debt, "Credit: less than the minimum debt"
        raised: bool = unsafe_mul(left, loan >> 128) <= unsafe_mul(outcome.debt, rest >> 128)
        assert raised, "Credit: would not raise health"
    self.loans[id][borrower] = rest
    self.markets[id] = credit_market._pack(market, params.min_debt)
    log credit_events.Liquidated(
        id=id,
        borrower=borrower,
        liquidator=msg.sender,
        repaid=outcome.repaid,
        seized=outcome.seized,
        bonus=outcome.bonus,
        shares=outcome.burned,
    )
    if outcome.loss > outcome.from_reserve:
        self.burnt[id] = True
        self.any_burnt = True
    if outcome.loss > 0:
        log credit_events.BadDebt(
            id=id,
            borrower=borrower,
            loss=outcome.loss,
            from_reserve=min(outcome.loss, outcome.from_reserve),
            shares=unsafe_div(unsafe_mul(outcome.burned, outcome.loss), unsafe_add(outcome.repaid, outcome.loss)),
        )
    credit_tokens._give(params.collateral_token, msg.sender, outcome.seized)
    if len(payload) > 0:
        extcall Caller(msg.sender).on_surge_liquidate(outcome.repaid, outcome.seized, payload)
    credit_tokens._take(params.loan_token, msg.sender, outcome.repaid)
    return outcome.seized, outcome.repaid


@external
def poke(params: credit_market.MarketParams, account: address) -> uint256:
    """
    @notice Say aloud when a position is in the margin zone or past the LLTV.
    @return 0 healthy, 1 margin zone, 2 liquidatable.
    """
    id: bytes32 = credit_market._id(params)
    market: credit_market.MarketState = self._accrue(id, params)
    self.markets[id] = credit_market._pack(market, params.min_debt)
    loan: uint256 = self.loans[id][account]
    if loan & U128 == 0:
        return HEALTHY
    debt: uint256 = credit_shares._to_assets_up(loan & U128, market.borrow_assets, market.borrow_shares)
    worth: uint256 = credit_health._worth(loan >> 128, credit_health._price(params.oracle))
    if credit_health._is_within(debt, worth, params.max_ltv):
        return HEALTHY
    liquidatable: bool = not credit_health._is_within(debt, worth, params.lltv)
    log credit_events.Margin(id=id, account=account, debt=debt, collateral_value=worth, liquidatable=liquidatable)
    return LIQUIDATABLE if liquidatable else MARGIN


# Views


@external
@view
def market(id: bytes32) -> credit_market.MarketState:
    """
    @notice As it was at its last update.
    """
    return credit_market._unpack(self.markets[id], self.params_of[id].min_debt)


@external
@view
def accrued(params: credit_market.MarketParams) -> credit_market.MarketState:
    """
    @notice As it would be with interest up to now.
    """
    id: bytes32 = credit_market._id(params)
    market: credit_market.MarketState = credit_market._unpack(self.markets[id], params.min_debt)
    assert market.last_update != 0, "Credit: no such market"
    elapsed: uint256 = unsafe_sub(block.timestamp, market.last_update)
    if elapsed == 0:
        return market
    owed: uint256 = credit_shares._to_assets_down(market.borrow_shares, market.borrow_assets, market.borrow_shares)
    rate: uint256 = staticcall RateModel(params.irm).borrow_rate_view(id, owed, market.supply_assets, elapsed)
    return credit_market._grown(market, owed, rate, elapsed, params.min_debt, params.reserve_factor)


@external
@view
def position(id: bytes32, account: address) -> credit_market.Position:
    """
    @notice Shares and collateral of an account in a market.
    """
    loan: uint256 = self.loans[id][account]
    return credit_market.Position(
        supply_shares=self.supply_shares[id][account], borrow_shares=loan & U128, collateral=loan >> 128
    )
