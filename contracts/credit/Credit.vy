# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Credit
@license AGPL-3.0-only
@notice Isolated lending markets in one contract: loans against collateral, immutable, without an owner.

        supply -> withdraw            add_collateral -> borrow -> repay -> remove_collateral
                                                        (liquidate when the price falls)

        LTV:  0 ...... max LTV ...... LLTV ...... 1/(1+bonus) ......
              healthy  | margin zone  | liquidatable in part | only as a whole, the rest is bad debt

        C1: supplied >= borrowed in every market; the token balance covers the difference.
        C2: no call lowers a position's health unless it ends at or below the max LTV.
        C3: rounding favours the pool.
        C4: the lenders' share price falls only by recorded bad debt.
        C5: only what is past the LLTV is liquidated; a part only where that raises health.
        C6: anybody can realise bad debt, however small.
        C7: repay, add_collateral and withdraw never read a price.
@dev One rhythm: check, accrue, compute, change state, record, hand over (tokens out, callback, tokens in).
     State is complete before each call to a token, an oracle or a caller, so callbacks may re-enter: there
     is no lock. The rate model alone is called in mid-flight; after it the market must be as it was.
     A market's parameters come as calldata and hash to its id. Amounts are in a token's smallest unit, LTVs
     and rates in WAD, a price is collateral in loan units, scaled 1e36. Balances are kept here; a token's
     balanceOf is never a total. Twins: src/surge/credit.
"""

from ethereum.ercs import IERC20

interface Oracle:
    def price() -> (uint256, bool): view

interface RateModel:
    def borrow_rate(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256: nonpayable
    def borrow_rate_view(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256: view

interface Caller:
    def on_surge_supply(assets: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable
    def on_surge_collateral(assets: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable
    def on_surge_repay(assets: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable
    def on_surge_liquidate(repaid: uint256, seized: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable
    def on_surge_flash_loan(token: address, assets: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable

interface FlashBorrower:
    def onFlashLoan(
        initiator: address, token: address, amount: uint256, fee: uint256, payload: Bytes[MAX_PAYLOAD]
    ) -> bytes32: nonpayable

# The order is that of the ABI encoding that makes the id. 0 < max_ltv < lltv < 1 < target_health <= 2 and
# lltv / target_health <= max_ltv: a partial liquidation ends outside the margin zone.
struct MarketParams:
    loan_token: address
    collateral_token: address
    oracle: address
    irm: address
    max_ltv: uint256
    lltv: uint256
    target_health: uint256
    min_debt: uint256
    reserve_factor: uint256

# Supplied assets include the reserve, the rest is the lenders'. So C1 survives interest at full utilisation.
struct MarketState:
    supply_assets: uint256
    supply_shares: uint256
    borrow_assets: uint256
    borrow_shares: uint256
    reserve: uint256
    last_update: uint256

struct Position:
    supply_shares: uint256
    borrow_shares: uint256
    collateral: uint256

# supply assets (104 bits) | supply shares (120) | last update (32)
# borrow assets (96) | borrow shares (116) | reserve (44), in units of min_debt / 2**24, at least 1
struct Words:
    supply: uint256
    borrow: uint256

event MarketCreated:
    id: indexed(bytes32)
    params: MarketParams

event Accrued:
    id: indexed(bytes32)
    rate: uint256
    interest: uint256
    reserve: uint256

event Supplied:
    id: indexed(bytes32)
    caller: address
    on_behalf: indexed(address)
    assets: uint256
    shares: uint256

event Withdrawn:
    id: indexed(bytes32)
    receiver: address
    on_behalf: indexed(address)
    assets: uint256
    shares: uint256

event Borrowed:
    id: indexed(bytes32)
    receiver: address
    on_behalf: indexed(address)
    assets: uint256
    shares: uint256

event Repaid:
    id: indexed(bytes32)
    caller: address
    on_behalf: indexed(address)
    assets: uint256
    shares: uint256

event CollateralAdded:
    id: indexed(bytes32)
    caller: address
    on_behalf: indexed(address)
    assets: uint256

event CollateralRemoved:
    id: indexed(bytes32)
    receiver: address
    on_behalf: indexed(address)
    assets: uint256

event Liquidated:
    id: indexed(bytes32)
    borrower: indexed(address)
    liquidator: indexed(address)
    repaid: uint256
    seized: uint256
    bonus: uint256

event BadDebt:
    id: indexed(bytes32)
    borrower: indexed(address)
    loss: uint256
    from_reserve: uint256

event Margin:
    id: indexed(bytes32)
    account: indexed(address)
    debt: uint256
    collateral_value: uint256
    liquidatable: bool

event FlashLoan:
    caller: indexed(address)
    token: indexed(address)
    assets: uint256

event SupplyTransferred:
    id: indexed(bytes32)
    on_behalf: indexed(address)
    receiver: indexed(address)
    shares: uint256

event Collected:
    id: indexed(bytes32)
    receiver: indexed(address)
    assets: uint256

event Authorized:
    authorizer: indexed(address)
    authorized: indexed(address)
    is_authorized: bool

MAX_PAYLOAD: constant(uint256) = 4096
WAD: constant(uint256) = 10**18
PRICE_SCALE: constant(uint256) = 10**36
VIRTUAL_SHARES: constant(uint256) = 10**6
VIRTUAL_ASSETS: constant(uint256) = 1
# A rate model can't ask for more than 1,000% a year, per second.
MAX_RATE: constant(uint256) = 10 * WAD // (365 * 86_400)
# The part of a market's debt that its reserve keeps; what is above can be collected.
RESERVE_TARGET: constant(uint256) = WAD // 20
MAX_INCENTIVE: constant(uint256) = WAD * 115 // 100
INCENTIVE_CURSOR: constant(uint256) = WAD * 3 // 10
HEALTHY: constant(uint256) = 0
MARGIN: constant(uint256) = 1
LIQUIDATABLE: constant(uint256) = 2
U32: constant(uint256) = 2**32 - 1
U44: constant(uint256) = 2**44 - 1
U96: constant(uint256) = 2**96 - 1
U104: constant(uint256) = 2**104 - 1
U116: constant(uint256) = 2**116 - 1
U120: constant(uint256) = 2**120 - 1
U128: constant(uint256) = 2**128 - 1
# Half the order of secp256k1: a signature has one form only.
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168

DOMAIN_TYPE: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
AUTHORIZATION_TYPE: constant(bytes32) = keccak256("Authorization(address authorizer,address authorized,bool isAuthorized,uint256 nonce,uint256 deadline)")
FLASH_LOAN_MAGIC: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")

CHAIN_ID: immutable(uint256)
SEPARATOR: immutable(bytes32)

fee_recipient: public(address)
params_of: public(HashMap[bytes32, MarketParams])
is_authorized: public(HashMap[address, HashMap[address, bool]])
nonces: public(HashMap[address, uint256])
markets: HashMap[bytes32, Words]
supply_shares: HashMap[bytes32, HashMap[address, uint256]]
# borrow shares (128 bits) | collateral (128)
loans: HashMap[bytes32, HashMap[address, uint256]]


@deploy
def __init__(fee_recipient: address):
    """
    @param fee_recipient Who gets what reserves hold above their target, and may name a successor.
    """
    assert fee_recipient != empty(address), "Credit: no fee recipient"
    self.fee_recipient = fee_recipient
    CHAIN_ID = chain.id
    SEPARATOR = self._build_separator()


@external
def set_fee_recipient(to: address):
    """
    @notice By the present one only.
    """
    assert msg.sender == self.fee_recipient, "Credit: only the fee recipient"
    assert to != empty(address), "Credit: no fee recipient"
    self.fee_recipient = to


# Markets


@external
def create_market(params: MarketParams) -> bytes32:
    """
    @notice Anybody may. Nothing of it can change later, so look at the oracle and the rate model before you supply.
    @return The market's id.
    """
    assert params.loan_token.is_contract and params.collateral_token.is_contract, "Credit: no code at a token"
    assert params.oracle.is_contract, "Credit: no code at the oracle"
    assert params.irm.is_contract, "Credit: no code at the rate model"
    assert params.max_ltv > 0 and params.max_ltv < params.lltv, "Credit: max LTV must be above 0, below the LLTV"
    assert params.lltv < WAD, "Credit: LLTV must be below 1"
    assert params.target_health > WAD and params.target_health <= 2 * WAD, "Credit: target health must be in (1, 2]"
    assert params.lltv * WAD <= params.max_ltv * params.target_health, "Credit: target health ends in the margin zone"
    assert params.min_debt > 0 and params.min_debt <= U96, "Credit: min debt must be from 1 to 2**96 - 1"
    assert params.reserve_factor <= WAD // 2, "Credit: reserve factor above one half"
    id: bytes32 = self._id(params)
    assert self.markets[id].supply == 0, "Credit: market exists"
    self.markets[id].supply = block.timestamp << 224
    self.params_of[id] = params
    log MarketCreated(id=id, params=params)
    return id


@external
def accrue(params: MarketParams):
    """
    @notice Bring a market's interest up to now.
    """
    id: bytes32 = self._id(params)
    self._store(id, self._accrue(id, params), params.min_debt)


# Lending


@external
def supply(
    params: MarketParams, assets: uint256, shares: uint256, on_behalf: address, payload: Bytes[MAX_PAYLOAD]
) -> (uint256, uint256):
    """
    @notice Lend. The caller pays, `on_behalf` gets the shares.
    @param assets Loan units; or else `shares` is given: exactly one is not zero.
    @param payload Not empty: on_surge_supply(assets, payload) is called on the caller before it pays.
    @return Assets paid and shares made.
    """
    id: bytes32 = self._id(params)
    self._check_amounts(assets, shares)
    self._check_receiver(on_behalf)
    market: MarketState = self._accrue(id, params)
    paid: uint256 = 0
    made: uint256 = 0
    paid, made = self._paid_in(assets, shares, market.supply_assets - market.reserve, market.supply_shares)
    market.supply_assets += paid
    market.supply_shares += made
    assert market.supply_assets <= U104 and market.supply_shares <= U120, "Credit: supply too large"
    self.supply_shares[id][on_behalf] += made
    self._store(id, market, params.min_debt)
    log Supplied(id=id, caller=msg.sender, on_behalf=on_behalf, assets=paid, shares=made)
    if len(payload) > 0:
        extcall Caller(msg.sender).on_surge_supply(paid, payload)
    self._take(params.loan_token, msg.sender, paid)
    return paid, made


@external
def withdraw(
    params: MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address
) -> (uint256, uint256):
    """
    @notice Take lent assets back, by `on_behalf` or whom it has authorised. No price is read (C7).
    @param assets Loan units; or else `shares` is given: exactly one is not zero.
    @return Assets given and shares burned.
    """
    id: bytes32 = self._id(params)
    self._check_amounts(assets, shares)
    self._check_receiver(receiver)
    self._check_authorised(on_behalf)
    market: MarketState = self._accrue(id, params)
    given: uint256 = 0
    burned: uint256 = 0
    given, burned = self._given_out(assets, shares, market.supply_assets - market.reserve, market.supply_shares)
    held: uint256 = self.supply_shares[id][on_behalf]
    assert burned <= held, "Credit: more than is supplied"
    assert given <= unsafe_sub(market.supply_assets, market.borrow_assets), "Credit: not enough cash"
    market.supply_assets -= given
    market.supply_shares -= burned
    self.supply_shares[id][on_behalf] = unsafe_sub(held, burned)
    self._store(id, market, params.min_debt)
    log Withdrawn(id=id, receiver=receiver, on_behalf=on_behalf, assets=given, shares=burned)
    self._give(params.loan_token, receiver, given)
    return given, burned


@external
def transfer_supply(id: bytes32, shares: uint256, on_behalf: address, receiver: address):
    """
    @notice Hand supply shares to another account: no cash is needed, no price read.
    """
    assert shares > 0, "Credit: nothing to transfer"
    self._check_receiver(receiver)
    self._check_authorised(on_behalf)
    held: uint256 = self.supply_shares[id][on_behalf]
    assert shares <= held, "Credit: more than is supplied"
    self.supply_shares[id][on_behalf] = unsafe_sub(held, shares)
    self.supply_shares[id][receiver] += shares
    log SupplyTransferred(id=id, on_behalf=on_behalf, receiver=receiver, shares=shares)


@external
def collect(params: MarketParams) -> uint256:
    """
    @notice Pay what the reserve holds above RESERVE_TARGET of the debt to the fee recipient. Anybody may call it.
    @return Loan units paid.
    """
    id: bytes32 = self._id(params)
    market: MarketState = self._accrue(id, params)
    kept: uint256 = unsafe_div(market.borrow_assets * RESERVE_TARGET, WAD)
    unit: uint256 = self._reserve_unit(params.min_debt)
    paid: uint256 = 0
    if market.reserve > kept:
        paid = (market.reserve - kept) // unit * unit
    assert paid <= market.supply_assets - market.borrow_assets, "Credit: not enough cash"
    market.supply_assets -= paid
    market.reserve -= paid
    self._store(id, market, params.min_debt)
    receiver: address = self.fee_recipient
    log Collected(id=id, receiver=receiver, assets=paid)
    self._give(params.loan_token, receiver, paid)
    return paid


# Borrowing


@external
def add_collateral(params: MarketParams, assets: uint256, on_behalf: address, payload: Bytes[MAX_PAYLOAD]):
    """
    @notice The caller pays, `on_behalf` gets the collateral. No price is read (C7), no interest accrues.
    @param payload Not empty: on_surge_collateral(assets, payload) is called on the caller before it pays.
    """
    id: bytes32 = self._id(params)
    assert assets > 0, "Credit: no collateral given"
    self._check_receiver(on_behalf)
    loan: uint256 = self.loans[id][on_behalf]
    if loan == 0:  # who holds a position was let in here before: the market is there
        assert self.markets[id].supply != 0, "Credit: no such market"
    assert assets <= U128 - (loan >> 128), "Credit: collateral too large"
    self.loans[id][on_behalf] = loan + (assets << 128)
    log CollateralAdded(id=id, caller=msg.sender, on_behalf=on_behalf, assets=assets)
    if len(payload) > 0:
        extcall Caller(msg.sender).on_surge_collateral(assets, payload)
    self._take(params.collateral_token, msg.sender, assets)


@external
def remove_collateral(params: MarketParams, assets: uint256, on_behalf: address, receiver: address):
    """
    @notice By `on_behalf` or whom it has authorised. With debt: at a safe price, to at most the max LTV (C2).
    """
    id: bytes32 = self._id(params)
    assert assets > 0, "Credit: no collateral asked for"
    self._check_receiver(receiver)
    self._check_authorised(on_behalf)
    market: MarketState = empty(MarketState)
    owes: bool = self.loans[id][on_behalf] & U128 != 0
    if owes:
        market = self._accrue(id, params)
    loan: uint256 = self.loans[id][on_behalf]
    assert assets <= loan >> 128, "Credit: more than the collateral"
    loan = unsafe_sub(loan, assets << 128)
    self.loans[id][on_behalf] = loan
    if owes:
        self._store(id, market, params.min_debt)
        debt: uint256 = self._to_assets_up(loan & U128, market.borrow_assets, market.borrow_shares)
        self._check_health(params, loan >> 128, debt)
    log CollateralRemoved(id=id, receiver=receiver, on_behalf=on_behalf, assets=assets)
    self._give(params.collateral_token, receiver, assets)


@external
def borrow(
    params: MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address
) -> (uint256, uint256):
    """
    @notice Against the collateral of `on_behalf`, by it or whom it has authorised; at a safe price, to at most
            the max LTV (C2), and no less than the minimum debt in all.
    @param assets Loan units; or else `shares` is given: exactly one is not zero.
    @return Assets given and shares of the debt made.
    """
    id: bytes32 = self._id(params)
    self._check_amounts(assets, shares)
    self._check_receiver(receiver)
    self._check_authorised(on_behalf)
    market: MarketState = self._accrue(id, params)
    given: uint256 = 0
    made: uint256 = 0
    given, made = self._given_out(assets, shares, market.borrow_assets, market.borrow_shares)
    market.borrow_assets += given
    market.borrow_shares += made
    assert market.borrow_assets <= market.supply_assets, "Credit: not enough cash"
    assert market.borrow_assets <= U96 and market.borrow_shares <= U116, "Credit: debt too large"
    loan: uint256 = self.loans[id][on_behalf] + made
    self.loans[id][on_behalf] = loan
    self._store(id, market, params.min_debt)
    debt: uint256 = self._to_assets_up(loan & U128, market.borrow_assets, market.borrow_shares)
    assert debt >= params.min_debt, "Credit: less than the minimum debt"
    self._check_health(params, loan >> 128, debt)
    log Borrowed(id=id, receiver=receiver, on_behalf=on_behalf, assets=given, shares=made)
    self._give(params.loan_token, receiver, given)
    return given, made


@external
def repay(
    params: MarketParams, assets: uint256, shares: uint256, on_behalf: address, payload: Bytes[MAX_PAYLOAD]
) -> (uint256, uint256):
    """
    @notice The caller pays, for anybody. No price is read (C7). What remains is nothing or the minimum debt.
    @param assets Loan units; or else `shares` is given (all of them repay the whole): exactly one is not zero.
    @param payload Not empty: on_surge_repay(assets, payload) is called on the caller before it pays.
    @return Assets paid and shares of the debt burned.
    """
    id: bytes32 = self._id(params)
    self._check_amounts(assets, shares)
    market: MarketState = self._accrue(id, params)
    paid: uint256 = 0
    burned: uint256 = 0
    paid, burned = self._paid_in(assets, shares, market.borrow_assets, market.borrow_shares)
    loan: uint256 = self.loans[id][on_behalf]
    assert burned <= loan & U128, "Credit: more than the debt"
    loan = unsafe_sub(loan, burned)
    market.borrow_assets -= min(paid, market.borrow_assets)
    market.borrow_shares -= burned
    self._check_rest(loan & U128, market, params.min_debt)
    self.loans[id][on_behalf] = loan
    self._store(id, market, params.min_debt)
    log Repaid(id=id, caller=msg.sender, on_behalf=on_behalf, assets=paid, shares=burned)
    if len(payload) > 0:
        extcall Caller(msg.sender).on_surge_repay(paid, payload)
    self._take(params.loan_token, msg.sender, paid)
    return paid, burned


# Liquidation


@external
def liquidate(
    params: MarketParams,
    borrower: address,
    repaid_assets: uint256,
    repaid_shares: uint256,
    payload: Bytes[MAX_PAYLOAD],
) -> (uint256, uint256):
    """
    @notice Repay a debt past the LLTV for its collateral and a bonus. Without collateral: realise bad debt (C6).
    @param repaid_assets The most to repay, in loan units; or else `repaid_shares`. max_value is all that is allowed.
    @param payload Not empty: on_surge_liquidate(repaid, seized, payload) is called on the caller after it gets
           the collateral and before it pays.
    @return Collateral seized and assets repaid.
    """
    id: bytes32 = self._id(params)
    assert (repaid_assets == 0) != (repaid_shares == 0), "Credit: give either assets or shares"
    market: MarketState = self._accrue(id, params)
    loan: uint256 = self.loans[id][borrower]
    shares: uint256 = loan & U128
    collateral: uint256 = loan >> 128
    debt: uint256 = self._to_assets_up(shares, market.borrow_assets, market.borrow_shares)
    assert debt > 0, "Credit: no debt"
    price: uint256 = 0
    if collateral > 0:
        price = self._price(params.oracle)[0]
    bonus: uint256 = 0
    repaid: uint256 = 0
    insolvent: bool = False
    bonus, repaid, insolvent = self._quote(params, collateral, price, debt)
    limit: uint256 = repaid_assets
    if repaid_shares >= shares:
        limit = debt
    elif repaid_shares > 0:
        limit = self._to_assets_down(repaid_shares, market.borrow_assets, market.borrow_shares)
    seized: uint256 = collateral
    loss: uint256 = 0
    if insolvent:
        assert limit >= repaid, "Credit: only the whole can be liquidated"
        cleared: uint256 = min(debt, market.borrow_assets)
        loss = cleared - min(repaid, cleared)
        market.borrow_assets -= cleared
        market.borrow_shares -= shares
        loan = 0
    else:
        repaid = min(repaid, limit)
        seized = unsafe_div(unsafe_div(repaid * (WAD + bonus), WAD) * PRICE_SCALE, price)
        burned: uint256 = shares
        if repaid < debt:
            burned = self._to_shares_down(repaid, market.borrow_assets, market.borrow_shares)
        market.borrow_assets -= min(repaid, market.borrow_assets)
        market.borrow_shares -= burned
        loan = (collateral - seized << 128) | (shares - burned)
        if burned < shares:
            rest: uint256 = self._to_assets_up(shares - burned, market.borrow_assets, market.borrow_shares)
            assert rest >= params.min_debt, "Credit: less than the minimum debt"
            assert rest * collateral <= debt * (collateral - seized), "Credit: would not raise health"
    self.loans[id][borrower] = loan
    covered: uint256 = 0
    if loss > 0:
        unit: uint256 = self._reserve_unit(params.min_debt)
        covered = min(market.reserve, (loss + unit - 1) // unit * unit)
        market.supply_assets -= loss
        market.reserve -= covered
    self._store(id, market, params.min_debt)
    log Liquidated(id=id, borrower=borrower, liquidator=msg.sender, repaid=repaid, seized=seized, bonus=bonus)
    if loss > 0:
        log BadDebt(id=id, borrower=borrower, loss=loss, from_reserve=min(loss, covered))
    self._give(params.collateral_token, msg.sender, seized)
    if len(payload) > 0:
        extcall Caller(msg.sender).on_surge_liquidate(repaid, seized, payload)
    self._take(params.loan_token, msg.sender, repaid)
    return seized, repaid


@external
def poke(params: MarketParams, account: address) -> uint256:
    """
    @notice Say aloud when a position is in the margin zone or past the LLTV.
    @return 0 healthy, 1 margin zone, 2 liquidatable.
    """
    id: bytes32 = self._id(params)
    market: MarketState = self._accrue(id, params)
    self._store(id, market, params.min_debt)
    loan: uint256 = self.loans[id][account]
    debt: uint256 = self._to_assets_up(loan & U128, market.borrow_assets, market.borrow_shares)
    if debt == 0:
        return HEALTHY
    worth: uint256 = 0
    if loan >> 128 > 0:
        worth = unsafe_div((loan >> 128) * self._price(params.oracle)[0], PRICE_SCALE)
    if debt <= unsafe_div(unsafe_mul(worth, params.max_ltv), WAD):
        return HEALTHY
    liquidatable: bool = debt > unsafe_div(unsafe_mul(worth, params.lltv), WAD)
    log Margin(id=id, account=account, debt=debt, collateral_value=worth, liquidatable=liquidatable)
    return LIQUIDATABLE if liquidatable else MARGIN


@internal
@pure
def _quote(params: MarketParams, collateral: uint256, price: uint256, debt: uint256) -> (uint256, uint256, bool):
    """
    @notice What a liquidation may do (C5). The bonus is 0 at the LLTV and grows with depth to LIF - 1, which it
            reaches halfway to an LTV of 1 / LIF.
    @return Bonus, the most that is repaid, and whether only the whole can be: the rest is bad debt then.
    """
    worth: uint256 = unsafe_div(collateral * price, PRICE_SCALE)
    assert debt > unsafe_div(unsafe_mul(worth, params.lltv), WAD), "Credit: not past the LLTV"
    incentive: uint256 = min(
        MAX_INCENTIVE, WAD * WAD // (WAD - INCENTIVE_CURSOR * (WAD - params.lltv) // WAD)
    )
    bonus: uint256 = incentive - WAD
    if worth > 0:
        depth: uint256 = debt * WAD // worth - params.lltv
        full_depth: uint256 = (WAD * WAD // incentive - params.lltv) // 2
        if depth < full_depth:
            bonus = bonus * depth // full_depth
    with_bonus: uint256 = WAD + bonus
    if debt * with_bonus > worth * WAD:
        worth_up: uint256 = (collateral * price + PRICE_SCALE - 1) // PRICE_SCALE
        return bonus, min(debt, (worth_up * WAD + with_bonus - 1) // with_bonus), True
    # (h debt - LLTV worth) / (h - (1 + bonus) LLTV) ends at the target health h.
    repaid: uint256 = (params.target_health * debt - params.lltv * worth) * WAD // (
        params.target_health * WAD - with_bonus * params.lltv
    )
    if debt - repaid < params.min_debt:
        repaid = debt
    return bonus, repaid, False


@internal
@view
def _check_health(params: MarketParams, collateral: uint256, debt: uint256):
    """
    @notice C2: new debt, or less collateral, only at a safe price and to at most the max LTV.
    """
    price: uint256 = 0
    safe: bool = False
    price, safe = self._price(params.oracle)
    assert safe, "Credit: price is unsafe"
    allowed: uint256 = unsafe_div(unsafe_mul(unsafe_div(collateral * price, PRICE_SCALE), params.max_ltv), WAD)
    assert debt <= allowed, "Credit: above the max LTV"


@internal
@view
def _price(oracle: address) -> (uint256, bool):
    price: uint256 = 0
    safe: bool = False
    price, safe = staticcall Oracle(oracle).price()
    assert price > 0, "Credit: price is zero"
    return price, safe


@internal
@pure
def _check_rest(shares: uint256, market: MarketState, min_debt: uint256):
    """
    @notice What remains of a debt is nothing, or worth a liquidator's gas (C6).
    """
    if shares > 0:
        rest: uint256 = self._to_assets_up(shares, market.borrow_assets, market.borrow_shares)
        assert rest >= min_debt, "Credit: less than the minimum debt"


@internal
@view
def _check_authorised(on_behalf: address):
    if msg.sender != on_behalf:
        assert self.is_authorized[on_behalf][msg.sender], "Credit: not authorised"


@internal
@pure
def _check_receiver(receiver: address):
    assert receiver != empty(address), "Credit: no receiver"


@internal
@pure
def _check_amounts(assets: uint256, shares: uint256):
    """
    @dev 120 bits, as wide as the widest total: no product below can overflow.
    """
    assert (assets == 0) != (shares == 0), "Credit: give either assets or shares"
    assert assets | shares <= U120, "Credit: amount too large"


# Flash loans


@external
def flash_loan(token: address, assets: uint256, payload: Bytes[MAX_PAYLOAD]):
    """
    @notice All that is here of a token, for nothing, until the end of the call on_surge_flash_loan(token, assets,
            payload) on the caller.
    """
    assert assets > 0, "Credit: nothing to lend"
    log FlashLoan(caller=msg.sender, token=token, assets=assets)
    self._give(token, msg.sender, assets)
    extcall Caller(msg.sender).on_surge_flash_loan(token, assets, payload)
    self._take(token, msg.sender, assets)


@external
def flashLoan(receiver: address, token: address, amount: uint256, payload: Bytes[MAX_PAYLOAD]) -> bool:
    """
    @notice The same by ERC-3156.
    """
    assert amount > 0, "Credit: nothing to lend"
    log FlashLoan(caller=receiver, token=token, assets=amount)
    self._give(token, receiver, amount)
    answer: bytes32 = extcall FlashBorrower(receiver).onFlashLoan(msg.sender, token, amount, 0, payload)
    assert answer == FLASH_LOAN_MAGIC, "Credit: not a flash borrower"
    self._take(token, receiver, amount)
    return True


@external
@view
def flashFee(token: address, amount: uint256) -> uint256:
    """
    @notice Nothing, for any token.
    """
    return 0


@external
@view
def maxFlashLoan(token: address) -> uint256:
    """
    @notice All that is here of a token.
    """
    if not token.is_contract:
        return 0
    return staticcall IERC20(token).balanceOf(self)


# Authorisation


@external
def authorize(authorized: address, is_authorized: bool):
    """
    @notice Let an account withdraw, borrow and take collateral out for the caller, or no longer.
    """
    self._authorize(msg.sender, authorized, is_authorized)


@external
def authorize_with_signature(
    authorizer: address,
    authorized: address,
    is_authorized: bool,
    nonce: uint256,
    deadline: uint256,
    v: uint256,
    r: uint256,
    s: uint256,
):
    """
    @notice The same for whoever signed Authorization (EIP-712), once, until `deadline`. Anybody may send it.
    """
    assert block.timestamp <= deadline, "Credit: signature has expired"
    assert nonce == self.nonces[authorizer], "Credit: another nonce is due"
    assert s <= HALF_ORDER and authorizer != empty(address), "Credit: not the authorizer's signature"
    authorization: bytes32 = keccak256(
        abi_encode(AUTHORIZATION_TYPE, authorizer, authorized, is_authorized, nonce, deadline)
    )
    signer: address = ecrecover(keccak256(concat(x"1901", self._separator(), authorization)), v, r, s)
    assert signer == authorizer, "Credit: not the authorizer's signature"
    self.nonces[authorizer] = nonce + 1
    self._authorize(authorizer, authorized, is_authorized)


@internal
def _authorize(authorizer: address, authorized: address, is_authorized: bool):
    self.is_authorized[authorizer][authorized] = is_authorized
    log Authorized(authorizer=authorizer, authorized=authorized, is_authorized=is_authorized)


@internal
@view
def _separator() -> bytes32:
    """
    @dev Built anew on a fork of the chain, so that no signature is good on two.
    """
    return SEPARATOR if chain.id == CHAIN_ID else self._build_separator()


@internal
@view
def _build_separator() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256("Surge Credit"), keccak256("1"), chain.id, self))


# Views


@external
@view
def market(id: bytes32) -> MarketState:
    """
    @notice As it was at its last update.
    """
    return self._unpack(self.markets[id], self.params_of[id].min_debt)


@external
@view
def accrued(params: MarketParams) -> MarketState:
    """
    @notice As it would be with interest up to now.
    """
    id: bytes32 = self._id(params)
    market: MarketState = self._unpack(self.markets[id], params.min_debt)
    assert market.last_update != 0, "Credit: no such market"
    elapsed: uint256 = unsafe_sub(block.timestamp, market.last_update)
    if elapsed == 0:
        return market
    rate: uint256 = staticcall RateModel(params.irm).borrow_rate_view(
        id, market.borrow_assets, market.supply_assets, elapsed
    )
    return self._grown(market, min(rate, MAX_RATE), elapsed, params)[1]


@external
@view
def position(id: bytes32, account: address) -> Position:
    """
    @notice Shares and collateral of an account in a market.
    """
    loan: uint256 = self.loans[id][account]
    return Position(
        supply_shares=self.supply_shares[id][account], borrow_shares=loan & U128, collateral=loan >> 128
    )


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    """
    @notice Of EIP-712, which signatures here are bound to.
    """
    return self._separator()


# Interest


@internal
def _accrue(id: bytes32, params: MarketParams) -> MarketState:
    """
    @notice The market with interest up to now, in memory: whoever calls writes it back, once.
    """
    words: Words = self.markets[id]
    market: MarketState = self._unpack(words, params.min_debt)
    assert market.last_update != 0, "Credit: no such market"
    elapsed: uint256 = unsafe_sub(block.timestamp, market.last_update)
    if elapsed > 0:
        rate: uint256 = extcall RateModel(params.irm).borrow_rate(
            id, market.borrow_assets, market.supply_assets, elapsed
        )
        # A model that re-enters could leave stale words behind, and cash of other markets lent out on them (C1).
        now: Words = self.markets[id]
        assert now.supply == words.supply and now.borrow == words.borrow, "Credit: the rate model re-entered"
        interest: uint256 = 0
        interest, market = self._grown(market, min(rate, MAX_RATE), elapsed, params)
        log Accrued(id=id, rate=rate, interest=interest, reserve=market.reserve)
    return market


@internal
@view
def _grown(
    market: MarketState, rate: uint256, elapsed: uint256, params: MarketParams
) -> (uint256, MarketState):
    """
    @notice exp(rate * elapsed) - 1 of the debt, by three terms of Taylor; a part of it to the reserve.
    @dev Below 2**37 seconds at most 10 a year, every field and the unit (72 bits) within their widths, the
         reserve factor below 1: nothing here can overflow. Interest ends where its field does.
    """
    x: uint256 = unsafe_mul(rate, elapsed)
    second: uint256 = unsafe_div(unsafe_mul(x, x), 2 * WAD)
    growth: uint256 = unsafe_add(unsafe_add(x, second), unsafe_div(unsafe_mul(second, x), 3 * WAD))
    interest: uint256 = unsafe_div(unsafe_mul(market.borrow_assets, growth), WAD)
    interest = min(interest, min(unsafe_sub(U96, market.borrow_assets), unsafe_sub(U104, market.supply_assets)))
    unit: uint256 = self._reserve_unit(params.min_debt)
    earned: uint256 = unsafe_mul(
        unsafe_div(unsafe_mul(interest, params.reserve_factor), unsafe_mul(WAD, unit)), unit
    )
    grown: MarketState = market
    grown.borrow_assets = unsafe_add(market.borrow_assets, interest)
    grown.supply_assets = unsafe_add(market.supply_assets, interest)
    grown.reserve = min(unsafe_add(market.reserve, earned), unsafe_mul(U44, unit))
    grown.last_update = block.timestamp
    return interest, grown


@internal
@pure
def _reserve_unit(min_debt: uint256) -> uint256:
    """
    @notice What the reserve is counted in. An accrual's earnings below it stay with the lenders.
    """
    return max(min_debt >> 24, 1)


@internal
@pure
def _unpack(words: Words, min_debt: uint256) -> MarketState:
    return MarketState(
        supply_assets=words.supply & U104,
        supply_shares=words.supply >> 104 & U120,
        borrow_assets=words.borrow & U96,
        borrow_shares=words.borrow >> 96 & U116,
        reserve=unsafe_mul(words.borrow >> 212, self._reserve_unit(min_debt)),
        last_update=words.supply >> 224,
    )


@internal
def _store(id: bytes32, market: MarketState, min_debt: uint256):
    """
    @notice Every part fits its field: what grows is checked where it does.
    """
    self.markets[id] = Words(
        supply=market.supply_assets | (market.supply_shares << 104) | (market.last_update << 224),
        borrow=market.borrow_assets
        | (market.borrow_shares << 96)
        | (unsafe_div(market.reserve, self._reserve_unit(min_debt)) << 212),
    )


# Shares: virtual assets and shares keep the first lender from setting the price. C3 is in the directions.


@internal
@pure
def _paid_in(assets: uint256, shares: uint256, total_assets: uint256, total_shares: uint256) -> (uint256, uint256):
    """
    @notice C3: who pays, pays up for shares and gets shares down for assets.
    """
    paid: uint256 = assets
    made: uint256 = shares
    if assets > 0:
        made = self._to_shares_down(assets, total_assets, total_shares)
        assert made > 0, "Credit: amount too small"
    else:
        paid = self._to_assets_up(shares, total_assets, total_shares)
    return paid, made


@internal
@pure
def _given_out(assets: uint256, shares: uint256, total_assets: uint256, total_shares: uint256) -> (uint256, uint256):
    """
    @notice C3: who is paid, gets assets down for shares and gives shares up for assets.
    """
    given: uint256 = assets
    taken: uint256 = shares
    if assets > 0:
        taken = self._to_shares_up(assets, total_assets, total_shares)
    else:
        given = self._to_assets_down(shares, total_assets, total_shares)
        assert given > 0, "Credit: amount too small"
    return given, taken


@internal
@pure
def _to_shares_down(assets: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    return unsafe_div(
        unsafe_mul(assets, unsafe_add(total_shares, VIRTUAL_SHARES)), unsafe_add(total_assets, VIRTUAL_ASSETS)
    )


@internal
@pure
def _to_shares_up(assets: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    product: uint256 = unsafe_mul(assets, unsafe_add(total_shares, VIRTUAL_SHARES))
    return unsafe_div(unsafe_add(product, total_assets), unsafe_add(total_assets, VIRTUAL_ASSETS))


@internal
@pure
def _to_assets_down(shares: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    return unsafe_div(
        unsafe_mul(shares, unsafe_add(total_assets, VIRTUAL_ASSETS)), unsafe_add(total_shares, VIRTUAL_SHARES)
    )


@internal
@pure
def _to_assets_up(shares: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    divisor: uint256 = unsafe_add(total_shares, VIRTUAL_SHARES)
    product: uint256 = unsafe_mul(shares, unsafe_add(total_assets, VIRTUAL_ASSETS))
    return unsafe_div(unsafe_add(product, unsafe_sub(divisor, 1)), divisor)


# Tokens


@internal
def _take(token: address, payer: address, amount: uint256):
    assert extcall IERC20(token).transferFrom(payer, self, amount, default_return_value=True), "Credit: not paid in"


@internal
def _give(token: address, to: address, amount: uint256):
    if amount > 0:
        assert extcall IERC20(token).transfer(to, amount, default_return_value=True), "Credit: not paid out"


@internal
@pure
def _id(params: MarketParams) -> bytes32:
    return keccak256(abi_encode(params))
