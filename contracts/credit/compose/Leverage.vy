# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Leverage
@license AGPL-3.0-only
@notice Multiplied, carried and hedged positions of the caller in Credit, each in one transaction.

        open    margin -> collateral; inside Credit's callback: borrow -> swap -> that collateral
        adjust  up: as open, without margin; down: inside the callback of a repayment: collateral -> swap
        close   the whole debt, from collateral sold inside the callback; what is left in the token asked
        carry   collateral -> borrow -> shares of an ERC-4626 vault, which the caller holds
        neutral collateral -> borrow -> the caller: long what is held, short what is owed
        unwind  the whole debt, from vault shares, then what is held, then collateral sold

        The market's parameters decide long (collateral is the risky token) or short (the loan is).
        Leverage needs the caller's authorisation in Credit. A signature given with a call grants it and it
        STAYS until the caller revokes it there; nothing is granted or revoked without being asked.
@dev It acts on msg.sender's position and tokens alone; `account` is set from msg.sender and nothing else.
     Calls go to Credit, one router, the pairs of that router's exchange, and the tokens, oracle, rate model
     and vault of the call, by selectors that are fixed here; whoever wrote those contracts may be hostile,
     and gets at its caller at most.
     A callback runs once, from Credit, inside the call that wrote its payload (`due` is its hash). Buying in
     the callback of add_collateral, selling in that of repay, takes less gas than a flash loan around both.
     What is swapped goes from Credit or the caller to the pair at once: no allowance is needed, and the pair
     gives what the router computed or reverts. Every amount is exact, so nothing stays here: an allowance to
     Credit is used up in the call that gave it, and a vault that leaves some of its own is refused. Tokens
     sent here by mistake cannot be taken out.
     Twin: src/surge/credit/leverage.py.
"""

from ethereum.ercs import IERC20

from ..lending import calls as credit_calls
from ..lending import market as credit_market

# What must hold when the call ends.
struct Bounds:
    deadline: uint256  # chain seconds
    max_rate: uint256  # borrow rate, WAD per second, by borrow_rate_of of the model; max_value(uint256) for any
    min_health: uint256  # WAD, where debt remains; 0 for any

# An authorisation of this contract in Credit; all zero for none.
struct Signature:
    nonce: uint256
    deadline: uint256
    v: uint256
    r: uint256
    s: uint256

# What the callback of add_collateral does: borrow, buy.
struct Purchase:
    params: credit_market.MarketParams
    paid: uint256  # of what the swap costs, by the caller; the rest is borrowed
    path: DynArray[address, MAX_PATH]
    amounts: DynArray[uint256, MAX_PATH]  # of the swap, by the path

# What the callback of repay does: find what is owed.
struct Payment:
    params: credit_market.MarketParams
    removed: uint256  # collateral taken out of the position
    held: uint256  # loan tokens from the caller
    vault: address
    shares: uint256  # of the vault, from the caller
    in_loan: bool
    min_out: uint256
    min_loan: uint256  # of the loan tokens left over
    path: DynArray[address, MAX_PATH]
    amounts: DynArray[uint256, MAX_PATH]  # of the swap; empty where it depends on the debt

interface Router:
    def getAmountsIn(amountOut: uint256, path: DynArray[address, MAX_PATH]) -> DynArray[uint256, MAX_PATH]: view
    def getAmountsOut(amountIn: uint256, path: DynArray[address, MAX_PATH]) -> DynArray[uint256, MAX_PATH]: view
    def factory() -> address: view

interface Factory:
    def getPair(token_a: address, token_b: address) -> address: view

interface Pair:
    def swap(amount0_out: uint256, amount1_out: uint256, to: address, payload: Bytes[1]): nonpayable

interface Oracle:
    def price() -> (uint256, bool): view

interface RateModel:
    def borrow_rate_of(
        credit: address, id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256
    ) -> uint256: view

interface Vault:
    def deposit(assets: uint256, receiver: address) -> uint256: nonpayable
    def redeem(shares: uint256, receiver: address, owner: address) -> uint256: nonpayable

PRICE_SCALE: constant(uint256) = 10**36
MAX_PATH: constant(uint256) = 4

CREDIT: public(immutable(address))
ROUTER: public(immutable(address))
EXCHANGE: public(immutable(address))

# Whose call this is; empty between calls.
account: transient(address)
# Hash of the payload whose callback is due; empty when none is.
due: transient(bytes32)
# What the callback of a repayment handed to the caller, in the token asked.
handed: transient(uint256)


@deploy
def __init__(credit: address, router: address):
    """
    @param router With the names of Uniswap V2's Router02; its `factory` knows the pairs.
    """
    assert credit.is_contract and router.is_contract, "Leverage: credit or router is no contract"
    CREDIT = credit
    ROUTER = router
    EXCHANGE = staticcall Router(router).factory()


@external
def open(
    params: credit_market.MarketParams,
    margin_collateral: uint256,
    margin_loan: uint256,
    collateral: uint256,
    max_borrowed: uint256,
    path: DynArray[address, MAX_PATH],
    bounds: Bounds,
    signature: Signature = empty(Signature),
) -> uint256:
    """
    @notice Add `collateral` to the caller's position: its margin, and the rest bought with what is borrowed.
    @param margin_collateral Collateral tokens of the caller, by allowance to Leverage.
    @param margin_loan Loan tokens of the caller, likewise; at most what is bought costs.
    @param collateral What the position gains, exactly; the multiple is this against the margin.
    @param max_borrowed The most debt that it may take, in loan units.
    @param path Of the swap, from the loan token to the collateral token.
    @return What was borrowed.
    """
    self._begin(bounds, signature)
    assert margin_collateral < collateral, "Leverage: collateral must exceed its margin"
    borrowed: uint256 = self._buy(
        params, collateral, collateral - margin_collateral, margin_collateral, margin_loan, max_borrowed, path
    )
    self._end(params, bounds)
    return borrowed


@external
def adjust(
    params: credit_market.MarketParams,
    change: int256,
    limit: uint256,
    path: DynArray[address, MAX_PATH],
    bounds: Bounds,
    signature: Signature = empty(Signature),
) -> uint256:
    """
    @notice More or less of the position by itself: debt buys collateral, or collateral sold repays debt.
    @param change Collateral bought (positive) or sold (negative), exactly.
    @param limit The most that buying may borrow, or the least that selling must repay.
    @param path Of the swap: from the loan token when buying, from the collateral token when selling.
    @return What was borrowed or repaid.
    """
    self._begin(bounds, signature)
    assert change != 0 and change > min_value(int256), "Leverage: nothing to change"
    moved: uint256 = 0
    if change > 0:
        bought: uint256 = convert(change, uint256)
        moved = self._buy(params, bought, bought, 0, 0, limit, path)
    else:
        sold: uint256 = convert(-change, uint256)
        self._leads(path, params.collateral_token, params.loan_token)
        amounts: DynArray[uint256, MAX_PATH] = staticcall Router(ROUTER).getAmountsOut(sold, path)
        moved = amounts[len(amounts) - 1]
        assert moved >= limit, "Leverage: repays less than the limit"
        self._pay(moved, 0, Payment(
            params=params,
            removed=sold,
            held=0,
            vault=empty(address),
            shares=0,
            in_loan=True,
            min_out=0,
            min_loan=0,
            path=path,
            amounts=amounts,
        ))
    self._end(params, bounds)
    return moved


@external
def close(
    params: credit_market.MarketParams,
    in_loan: bool,
    min_out: uint256,
    path: DynArray[address, MAX_PATH],
    bounds: Bounds,
    signature: Signature = empty(Signature),
) -> uint256:
    """
    @notice Repay the whole debt from the collateral and hand out what is left.
    @param in_loan True: all collateral is sold and what is left is loan tokens. False: no more is sold than
           the debt needs, and what is left is collateral.
    @param min_out The least that must be left, in that token.
    @param path Of the swap, from the collateral token to the loan token.
    @return What was left.
    """
    self._begin(bounds, signature)
    self._leads(path, params.collateral_token, params.loan_token)
    out: uint256 = self._unwind(params, empty(address), 0, 0, in_loan, min_out, 0, path)
    self._end(params, bounds)
    return out


@external
def carry(
    params: credit_market.MarketParams,
    collateral: uint256,
    borrowed: uint256,
    vault: address,
    min_shares: uint256,
    bounds: Bounds,
    signature: Signature = empty(Signature),
) -> uint256:
    """
    @notice Borrow against the caller's collateral and lend the loan on: the vault's shares are the caller's.
    @param collateral From the caller, by allowance to Leverage; zero to use what the position has.
    @param vault An ERC-4626 vault of the loan token.
    @return The shares.
    """
    self._begin(bounds, signature)
    self._add(params, collateral)
    extcall credit_calls.Credit(CREDIT).borrow(params, borrowed, 0, self.account, self)
    self._approve(params.loan_token, vault, borrowed)
    shares: uint256 = extcall Vault(vault).deposit(borrowed, self.account)
    assert shares >= min_shares, "Leverage: fewer shares than min_shares"
    left: uint256 = staticcall IERC20(params.loan_token).allowance(self, vault)
    assert left == 0, "Leverage: the vault did not take the whole loan"
    self._end(params, bounds)
    return shares


@external
def neutral(
    params: credit_market.MarketParams,
    margin: uint256,
    spot: uint256,
    bounds: Bounds,
    signature: Signature = empty(Signature),
):
    """
    @notice Long and short the loan token in equal amounts: `spot` is borrowed and the caller holds it.
            Buying the long leg and selling the short one would end in the same position, two swaps poorer.
    @param margin Collateral from the caller, by allowance to Leverage; zero to use what the position has.
    """
    self._begin(bounds, signature)
    self._add(params, margin)
    extcall credit_calls.Credit(CREDIT).borrow(params, spot, 0, self.account, self.account)
    self._end(params, bounds)


@external
def unwind(
    params: credit_market.MarketParams,
    vault: address,
    shares: uint256,
    held: uint256,
    in_loan: bool,
    min_out: uint256,
    path: DynArray[address, MAX_PATH],
    bounds: Bounds,
    signature: Signature = empty(Signature),
    min_loan: uint256 = 0,
) -> uint256:
    """
    @notice End a carried or neutral position: repay the whole debt and hand out the collateral.
    @param shares Of `vault`, from the caller by allowance to Leverage; all are redeemed. What they bring
           above the debt is handed out in loan tokens.
    @param held Loan tokens from the caller, likewise; no more is taken than shares leave owed. Shares may bring
           less when the call is mined than when it was sent: give no more here than that may cost.
    @param in_loan True: all collateral is sold. False: only what shares and `held` leave owed.
    @param min_out The least that must be left, in the token asked.
    @param path From the collateral token to the loan token; may be empty where nothing is sold.
    @param min_loan The least that must be left in loan tokens, whatever token is asked.
    @return What was left, in the token asked.
    """
    self._begin(bounds, signature)
    out: uint256 = self._unwind(params, vault, shares, held, in_loan, min_out, min_loan, path)
    self._end(params, bounds)
    return out


@external
def on_surge_collateral(assets: uint256, payload: Bytes[credit_calls.MAX_PAYLOAD]):
    """
    @notice Credit's, inside `open` and `adjust`.
    """
    self._called_back(payload)
    order: Purchase = abi_decode(payload, Purchase)
    pair: address = self._pair(order.path, 0)
    borrowed: uint256 = order.amounts[0] - order.paid
    if order.paid > 0:
        self._pull(order.params.loan_token, pair, order.paid)
    if borrowed > 0:
        extcall credit_calls.Credit(CREDIT).borrow(order.params, borrowed, 0, self.account, pair)
    self._swap(pair, order.path, order.amounts)
    self._approve(order.params.collateral_token, CREDIT, assets)


@external
def on_surge_repay(assets: uint256, payload: Bytes[credit_calls.MAX_PAYLOAD]):
    """
    @notice Credit's, inside `adjust`, `close` and `unwind`. The debt is off the position already.
    """
    self._called_back(payload)
    order: Payment = abi_decode(payload, Payment)
    owed: uint256 = assets
    surplus: uint256 = 0
    if order.shares > 0:
        found: uint256 = extcall Vault(order.vault).redeem(order.shares, self, self.account)
        surplus = found - min(found, owed)
        owed -= min(found, owed)
    if order.held > 0 and owed > 0:
        taken: uint256 = min(order.held, owed)
        self._pull(order.params.loan_token, self, taken)
        owed -= taken

    sold: uint256 = 0
    if order.removed > 0 and (order.in_loan or owed > 0):
        bought: uint256 = 0
        sold, bought = self._sell(order, owed)
        surplus += bought - owed
    left: uint256 = order.removed - sold
    out: uint256 = surplus if order.in_loan else left
    assert out >= order.min_out, "Leverage: less is left than min_out"
    assert surplus >= order.min_loan, "Leverage: fewer loan tokens are left than min_loan"
    self.handed = out
    if left > 0:
        extcall credit_calls.Credit(CREDIT).remove_collateral(order.params, left, self.account, self.account)
    if surplus > 0:
        self._hand(order.params.loan_token, surplus)
    self._approve(order.params.loan_token, CREDIT, assets)


# The parts, in the order of a call.


@internal
def _begin(bounds: Bounds, signature: Signature):
    assert self.account == empty(address), "Leverage: entered again inside a call"
    assert block.timestamp <= bounds.deadline, "Leverage: the deadline has passed"
    self.account = msg.sender
    if signature.deadline > 0 and not staticcall credit_calls.Credit(CREDIT).is_authorized(msg.sender, self):
        extcall credit_calls.Credit(CREDIT).authorize_with_signature(
            msg.sender, self, True, signature.nonce, signature.deadline, signature.v, signature.r, signature.s
        )


@internal
def _buy(
    params: credit_market.MarketParams,
    collateral: uint256,
    bought: uint256,
    margin_collateral: uint256,
    margin_loan: uint256,
    max_borrowed: uint256,
    path: DynArray[address, MAX_PATH],
) -> uint256:
    self._leads(path, params.loan_token, params.collateral_token)
    amounts: DynArray[uint256, MAX_PATH] = staticcall Router(ROUTER).getAmountsIn(bought, path)
    paid: uint256 = min(margin_loan, amounts[0])
    assert amounts[0] - paid <= max_borrowed, "Leverage: borrows more than max_borrowed"
    if margin_collateral > 0:
        self._pull(params.collateral_token, self, margin_collateral)
    payload: Bytes[credit_calls.MAX_PAYLOAD] = abi_encode(Purchase(params=params, paid=paid, path=path, amounts=amounts))
    self.due = keccak256(payload)
    extcall credit_calls.Credit(CREDIT).add_collateral(params, collateral, self.account, payload)
    return amounts[0] - paid


@internal
def _unwind(
    params: credit_market.MarketParams,
    vault: address,
    shares: uint256,
    held: uint256,
    in_loan: bool,
    min_out: uint256,
    min_loan: uint256,
    path: DynArray[address, MAX_PATH],
) -> uint256:
    position: credit_market.Position = staticcall credit_calls.Credit(CREDIT).position(keccak256(abi_encode(params)), self.account)
    assert position.borrow_shares > 0, "Leverage: there is no debt to repay"
    if len(path) > 0:
        self._leads(path, params.collateral_token, params.loan_token)
    self._pay(0, position.borrow_shares, Payment(
        params=params,
        removed=position.collateral,
        held=held,
        vault=vault,
        shares=shares,
        in_loan=in_loan,
        min_out=min_out,
        min_loan=min_loan,
        path=path,
        amounts=[],
    ))
    return self.handed


@internal
def _pay(assets: uint256, borrow_shares: uint256, order: Payment):
    payload: Bytes[credit_calls.MAX_PAYLOAD] = abi_encode(order)
    self.due = keccak256(payload)
    extcall credit_calls.Credit(CREDIT).repay(order.params, assets, borrow_shares, self.account, payload)


@internal
def _add(params: credit_market.MarketParams, collateral: uint256):
    if collateral > 0:
        self._pull(params.collateral_token, self, collateral)
        self._approve(params.collateral_token, CREDIT, collateral)
        extcall credit_calls.Credit(CREDIT).add_collateral(params, collateral, self.account, b"")


@internal
def _called_back(payload: Bytes[credit_calls.MAX_PAYLOAD]):
    assert msg.sender == CREDIT, "Leverage: only Credit calls back"
    assert keccak256(payload) == self.due, "Leverage: this callback is not due"
    self.due = empty(bytes32)


@internal
def _end(params: credit_market.MarketParams, bounds: Bounds):
    """
    @dev The operation has accrued, so the state is the market's of now.
    """
    if bounds.max_rate < max_value(uint256) or bounds.min_health > 0:
        id: bytes32 = keccak256(abi_encode(params))
        state: credit_market.MarketState = staticcall credit_calls.Credit(CREDIT).market(id)
        if bounds.max_rate < max_value(uint256):
            # What accounts owe, as Credit tells its rate model: virtual shares are nobody's debt.
            # (116 bits of shares, 96 of assets: nothing wraps.)
            product: uint256 = unsafe_mul(state.borrow_shares, unsafe_add(state.borrow_assets, 1))
            owed: uint256 = unsafe_div(product, unsafe_add(state.borrow_shares, 10**6))
            rate: uint256 = staticcall RateModel(params.irm).borrow_rate_of(CREDIT, id, owed, state.supply_assets, 0)
            assert rate <= bounds.max_rate, "Leverage: the borrow rate is above max_rate"
        if bounds.min_health > 0:
            self._healthy(params, state, staticcall credit_calls.Credit(CREDIT).position(id, self.account), bounds.min_health)
    self.account = empty(address)


@internal
@view
def _healthy(params: credit_market.MarketParams, state: credit_market.MarketState, position: credit_market.Position, least: uint256):
    if position.borrow_shares > 0:
        price: uint256 = 0
        safe: bool = False
        price, safe = staticcall Oracle(params.oracle).price()
        debt: uint256 = self._debt_up(state, position.borrow_shares)
        health: uint256 = position.collateral * price // PRICE_SCALE * params.lltv // debt
        assert health >= least, "Leverage: health is below min_health"


@internal
@pure
def _debt_up(state: credit_market.MarketState, borrow_shares: uint256) -> uint256:
    shares: uint256 = state.borrow_shares + 10**6
    return (borrow_shares * (state.borrow_assets + 1) + shares - 1) // shares


@internal
@pure
def _leads(path: DynArray[address, MAX_PATH], source: address, target: address):
    assert len(path) >= 2, "Leverage: the path needs two tokens"
    assert path[0] == source and path[len(path) - 1] == target, "Leverage: the path joins other tokens"


@internal
def _sell(order: Payment, owed: uint256) -> (uint256, uint256):
    """
    @notice Collateral for loan tokens: all of it where loan tokens are asked, else what buys `owed`.
    @return What was sold and what it brought, at least `owed`.
    """
    assert len(order.path) > 0, "Leverage: a swap needs a path"
    amounts: DynArray[uint256, MAX_PATH] = order.amounts
    if len(amounts) == 0:
        if order.in_loan:
            amounts = staticcall Router(ROUTER).getAmountsOut(order.removed, order.path)
        else:
            amounts = staticcall Router(ROUTER).getAmountsIn(owed, order.path)
    bought: uint256 = amounts[len(amounts) - 1]
    assert amounts[0] <= order.removed and bought >= owed, "Leverage: the collateral does not pay the debt"
    pair: address = self._pair(order.path, 0)
    extcall credit_calls.Credit(CREDIT).remove_collateral(order.params, amounts[0], self.account, pair)
    self._swap(pair, order.path, amounts)
    return amounts[0], bought


@internal
def _swap(first: address, path: DynArray[address, MAX_PATH], amounts: DynArray[uint256, MAX_PATH]):
    """
    @notice What the first pair was sent goes through the pairs of the path to this contract.
    """
    pair: address = first
    for i: uint256 in range(len(path) - 1, bound=MAX_PATH):
        to: address = self
        if i + 2 < len(path):
            to = self._pair(path, i + 1)
        if convert(path[i], uint160) < convert(path[i + 1], uint160):
            extcall Pair(pair).swap(0, amounts[i + 1], to, b"")
        else:
            extcall Pair(pair).swap(amounts[i + 1], 0, to, b"")
        pair = to


@internal
@view
def _pair(path: DynArray[address, MAX_PATH], index: uint256) -> address:
    return staticcall Factory(EXCHANGE).getPair(path[index], path[index + 1])


@internal
def _pull(token: address, to: address, amount: uint256):
    pulled: bool = extcall IERC20(token).transferFrom(self.account, to, amount, default_return_value=True)
    assert pulled, "Leverage: tokens not pulled"


@internal
def _hand(token: address, amount: uint256):
    handed: bool = extcall IERC20(token).transfer(self.account, amount, default_return_value=True)
    assert handed, "Leverage: tokens not handed out"


@internal
def _approve(token: address, spender: address, amount: uint256):
    given: bool = extcall IERC20(token).approve(spender, amount, default_return_value=True)
    assert given, "Leverage: allowance not given"
