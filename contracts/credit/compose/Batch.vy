# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Batch
@license AGPL-3.0-only
@notice Makes calls, one after the other, as itself: arbitrage and liquidation with what it is lent.

        execute -> call -> Credit or a pair -> callback -> the calls of the payload -> ... -> sweep to the caller

        It works for everybody, so it must be worth nothing to anybody. Its rules:

        * Authority over others: none is used. It makes the calls that are listed below and no others. They move
          what the caller of the target has; where an argument names whose it is, that must be Batch (`on_behalf`
          in Credit, `owner` in a vault). So an allowance, an authorisation or a role that somebody gave it by
          mistake can be spent by nobody.
        * Authority over itself: an allowance lives as long as the one call that it is written beside
          (`spends`), and is taken back after it. No call that it makes gives another.
        * Callbacks: a call says beforehand which payload may come back (`callback`, its keccak256). It runs once,
          from that call's target, inside `execute`. So what runs was written by the caller, at whatever depth,
          and a token, pair or vault that takes control in between can make it do nothing.
        * Funds: whatever lies here when a call begins belongs to its caller. Sweep all that you move, with the
          least that you accept: less, and nothing has happened. That holds whatever went wrong in between.
@dev A selector says what a call means to contracts that keep to the standards: ERC-20, ERC-4626, Uniswap V2's.
     Another deployment of Credit is none of them. It moves no native coin and never pulls tokens from its caller.
"""

from ethereum.ercs import IERC20

# An allowance of the target for as long as its call takes.
struct Spend:
    token: address
    amount: uint256

# `callback` is keccak256 of the payload that the target is to call back with; empty for none. A payload is
# abi_encode(calls).
struct Call:
    target: address
    content: Bytes[MAX_CONTENT]
    callback: bytes32
    spends: DynArray[Spend, MAX_SPENDS]

# All that is left of a token goes to the caller: at least `min_out`.
struct Sweep:
    token: address
    min_out: uint256

# Calls of `execute`, and of a payload.
MAX_CALLS: constant(uint256) = 6
MAX_NESTED: constant(uint256) = 16
MAX_SPENDS: constant(uint256) = 2
MAX_SWEEPS: constant(uint256) = 8
# As Credit hands them back; a call that carries one has arguments of Credit's longest function besides.
MAX_PAYLOAD: constant(uint256) = 4_096
MAX_CONTENT: constant(uint256) = MAX_PAYLOAD + 512
MAX_ELEMENT: constant(uint256) = MAX_CONTENT + 320

# Credit's functions that need nobody's authority, and those that act `on_behalf` of an account.
ACCRUE: constant(bytes4) = method_id("accrue((address,address,address,address,uint256,uint256,uint256,uint256,uint256))", output_type=bytes4)
SUPPLY: constant(bytes4) = method_id("supply((address,address,address,address,uint256,uint256,uint256,uint256,uint256),uint256,uint256,address,bytes)", output_type=bytes4)
ADD_COLLATERAL: constant(bytes4) = method_id("add_collateral((address,address,address,address,uint256,uint256,uint256,uint256,uint256),uint256,address,bytes)", output_type=bytes4)
REPAY: constant(bytes4) = method_id("repay((address,address,address,address,uint256,uint256,uint256,uint256,uint256),uint256,uint256,address,bytes)", output_type=bytes4)
LIQUIDATE: constant(bytes4) = method_id("liquidate((address,address,address,address,uint256,uint256,uint256,uint256,uint256),address,uint256,uint256,bytes)", output_type=bytes4)
LIQUIDATE_FOR: constant(bytes4) = method_id("liquidate((address,address,address,address,uint256,uint256,uint256,uint256,uint256),address,uint256,uint256,bytes,uint256)", output_type=bytes4)
POKE: constant(bytes4) = method_id("poke((address,address,address,address,uint256,uint256,uint256,uint256,uint256),address)", output_type=bytes4)
FLASH_LOAN: constant(bytes4) = method_id("flash_loan(address,uint256,bytes)", output_type=bytes4)
COLLECT: constant(bytes4) = method_id("collect((address,address,address,address,uint256,uint256,uint256,uint256,uint256))", output_type=bytes4)
WITHDRAW: constant(bytes4) = method_id("withdraw((address,address,address,address,uint256,uint256,uint256,uint256,uint256),uint256,uint256,address,address)", output_type=bytes4)
BORROW: constant(bytes4) = method_id("borrow((address,address,address,address,uint256,uint256,uint256,uint256,uint256),uint256,uint256,address,address)", output_type=bytes4)
REMOVE_COLLATERAL: constant(bytes4) = method_id("remove_collateral((address,address,address,address,uint256,uint256,uint256,uint256,uint256),uint256,address,address)", output_type=bytes4)
TRANSFER_SUPPLY: constant(bytes4) = method_id("transfer_supply(bytes32,uint256,address,address)", output_type=bytes4)
# What it may call elsewhere. These take from the caller of the target alone, whatever their arguments: a token's
# transfer, a vault's entry, the functions of a pair, and the swaps and liquidity of a router.
OPEN: constant(bytes4[13]) = [
    method_id("transfer(address,uint256)", output_type=bytes4),
    method_id("deposit(uint256,address)", output_type=bytes4),
    method_id("mint(uint256,address)", output_type=bytes4),
    method_id("swap(uint256,uint256,address,bytes)", output_type=bytes4),
    method_id("mint(address)", output_type=bytes4),
    method_id("burn(address)", output_type=bytes4),
    method_id("sync()", output_type=bytes4),
    method_id("skim(address)", output_type=bytes4),
    method_id("swapExactTokensForTokens(uint256,uint256,address[],address,uint256)", output_type=bytes4),
    method_id("swapTokensForExactTokens(uint256,uint256,address[],address,uint256)", output_type=bytes4),
    method_id("swapExactTokensForTokensSupportingFeeOnTransferTokens(uint256,uint256,address[],address,uint256)", output_type=bytes4),
    method_id("addLiquidity(address,address,uint256,uint256,uint256,uint256,address,uint256)", output_type=bytes4),
    method_id("removeLiquidity(address,address,uint256,uint256,uint256,address,uint256)", output_type=bytes4),
]
# These take vault shares of the account in the third word.
OWNED: constant(bytes4[3]) = [
    method_id("withdraw(uint256,address,address)", output_type=bytes4),
    method_id("redeem(uint256,address,address)", output_type=bytes4),
    method_id("redeem_in_kind(uint256,address,address)", output_type=bytes4),
]
# Refused as all others are; named here to say what to do instead.
APPROVE: constant(bytes4) = method_id("approve(address,uint256)", output_type=bytes4)
TRANSFER_FROM: constant(bytes4) = method_id("transferFrom(address,address,uint256)", output_type=bytes4)

CREDIT: public(immutable(address))

# Whose call this is; empty between calls.
account: transient(address)
# The target of the last call, and the hash of the payload that it has yet to call back with; empty for none.
target: transient(address)
due: transient(bytes32)


@deploy
def __init__(credit: address):
    assert credit.is_contract, "Batch: credit is no contract"
    CREDIT = credit


@external
def execute(
    calls: DynArray[Call, MAX_CALLS], sweeps: DynArray[Sweep, MAX_SWEEPS], deadline: uint256
) -> DynArray[uint256, MAX_SWEEPS]:
    """
    @notice Make the calls in their order, then hand the caller all that is left of each token swept.
    @param deadline In chain seconds.
    @return What was handed out, in the order of `sweeps`.
    """
    assert self.account == empty(address), "Batch: entered again inside a call"
    assert block.timestamp <= deadline, "Batch: the deadline has passed"
    self.account = msg.sender
    for call: Call in calls:
        self._make(call)
    left: DynArray[uint256, MAX_SWEEPS] = []
    for sweep: Sweep in sweeps:
        amount: uint256 = staticcall IERC20(sweep.token).balanceOf(self)
        assert amount >= sweep.min_out, "Batch: less is left than min_out"
        if amount > 0:
            handed: bool = extcall IERC20(sweep.token).transfer(msg.sender, amount, default_return_value=True)
            assert handed, "Batch: a token was not handed out"
        left.append(amount)
    self.account = empty(address)
    return left


@external
def on_surge_supply(assets: uint256, payload: Bytes[MAX_PAYLOAD]):
    self._called_back(payload)


@external
def on_surge_collateral(assets: uint256, payload: Bytes[MAX_PAYLOAD]):
    self._called_back(payload)


@external
def on_surge_repay(assets: uint256, payload: Bytes[MAX_PAYLOAD]):
    self._called_back(payload)


@external
def on_surge_liquidate(repaid: uint256, seized: uint256, payload: Bytes[MAX_PAYLOAD]):
    self._called_back(payload)


@external
def on_surge_flash_loan(token: address, assets: uint256, payload: Bytes[MAX_PAYLOAD]):
    self._called_back(payload)


@external
def uniswapV2Call(sender: address, amount0: uint256, amount1: uint256, payload: Bytes[MAX_PAYLOAD]):
    """
    @notice A pair's, after it has sent what `swap` asked for.
    """
    assert sender == self, "Batch: somebody else's swap"
    self._called_back(payload)


@internal
def _called_back(payload: Bytes[MAX_PAYLOAD]):
    """
    @dev The array's elements are decoded one at a time: all at once they would take ten times the memory.
    """
    assert msg.sender == self.target, "Batch: only the target of a call calls back"
    assert keccak256(payload) == self.due, "Batch: this callback is not due"
    self.due = empty(bytes32)
    # abi_encode of an array: 32, its length, the place of each element counted from behind the length.
    for i: uint256 in range(extract32(payload, 32, output_type=uint256), bound=MAX_NESTED):
        start: uint256 = 64 + extract32(payload, 64 + 32 * i, output_type=uint256)
        element: Bytes[MAX_ELEMENT] = slice(payload, start, len(payload) - start)
        self._make(abi_decode(element, Call, unwrap_tuple=False))


@internal
def _make(call: Call):
    self._check(call.target, call.content)
    # What a call further out was allowed is not this one's to use up or to take back.
    before: DynArray[uint256, MAX_SPENDS] = []
    for spend: Spend in call.spends:
        allowed: uint256 = staticcall IERC20(spend.token).allowance(self, call.target)
        before.append(allowed)
        self._approve(spend.token, call.target, allowed + min(spend.amount, max_value(uint256) - allowed))
    self.target = call.target
    self.due = call.callback
    raw_call(call.target, call.content)
    assert self.due == empty(bytes32), "Batch: a callback did not come"
    for i: uint256 in range(len(call.spends), bound=MAX_SPENDS):
        token: address = call.spends[i].token
        if staticcall IERC20(token).allowance(self, call.target) > before[i]:
            self._approve(token, call.target, before[i])


@internal
def _approve(token: address, spender: address, amount: uint256):
    given: bool = extcall IERC20(token).approve(spender, amount, default_return_value=True)
    assert given, "Batch: an allowance was not given"


@internal
@view
def _check(target: address, content: Bytes[MAX_CONTENT]):
    """
    @notice That a call uses no authority but what Batch has over its own: by an allow-list of selectors.
    """
    assert target != self, "Batch: it does not call itself"
    assert target.is_contract, "Batch: there is no contract at the target"
    assert len(content) >= 4, "Batch: a call has no selector"
    selector: bytes4 = convert(slice(content, 0, 4), bytes4)
    if target == CREDIT:
        self._check_credit(selector, content)
    elif selector in OWNED:
        assert self._word(content, 2) == self, "Batch: on behalf of another account"
    elif selector not in OPEN:
        assert selector != TRANSFER_FROM, "Batch: it pulls no tokens from others"
        assert selector != APPROVE, "Batch: an allowance is given in spends"
        raise "Batch: no function of a token, vault, pair or router that it may call"


@internal
@view
def _check_credit(selector: bytes4, content: Bytes[MAX_CONTENT]):
    """
    @notice Credit as a stranger may use it, or on behalf of Batch itself.
    """
    if selector in [LIQUIDATE, LIQUIDATE_FOR, FLASH_LOAN, ACCRUE, SUPPLY, ADD_COLLATERAL, REPAY, POKE, COLLECT]:
        return
    index: uint256 = 0
    if selector == WITHDRAW or selector == BORROW:
        index = 11  # after the nine words of the market, assets and shares
    elif selector == REMOVE_COLLATERAL:
        index = 10
    elif selector == TRANSFER_SUPPLY:
        index = 2
    else:
        raise "Batch: this function of Credit is not for it"
    assert self._word(content, index) == self, "Batch: on behalf of another account"


@internal
@pure
def _word(content: Bytes[MAX_CONTENT], index: uint256) -> address:
    assert len(content) >= 36 + 32 * index, "Batch: a call lacks arguments"
    return extract32(content, 4 + 32 * index, output_type=address)
