# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title Batch
@license AGPL-3.0-only
@notice Calls anything, one call after the other, as itself: arbitrage and liquidation with what it is lent.

        execute -> call -> Credit or a pair -> callback -> the calls of the payload -> ... -> sweep to the caller

        It works for everybody, so it must be worth nothing to anybody. Its rules:

        * Authority over others: none is used. Calls in another account's name are refused (in Credit by
          `on_behalf`, elsewhere by the selectors in `_check_tokens`), so an allowance or an authorisation that
          somebody gave it by mistake cannot be spent. Don't give it any: not every token keeps to standards.
        * Authority over itself: an allowance lives as long as the one call that it is written beside
          (`spends`), and is taken back after it. Calls that would give a lasting one are refused.
        * Callbacks: a call says beforehand which payload may come back (`callback`, its keccak256). It runs once,
          from that call's target, inside `execute`. So what runs was written by the caller, at whatever depth,
          and a token, pair or vault that takes control in between can make it do nothing.
        * Funds: whatever lies here when a call begins belongs to its caller. Sweep all that you move, with the
          least that you accept: less, and nothing has happened. That holds whatever went wrong in between.
@dev It moves no native coin and never pulls tokens from its caller. Authority that a contract gives by other
     means than the standards refused below is for the caller to take back before the call ends.
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
POKE: constant(bytes4) = method_id("poke((address,address,address,address,uint256,uint256,uint256,uint256,uint256),address)", output_type=bytes4)
FLASH_LOAN: constant(bytes4) = method_id("flash_loan(address,uint256,bytes)", output_type=bytes4)
COLLECT: constant(bytes4) = method_id("collect((address,address,address,address,uint256,uint256,uint256,uint256,uint256))", output_type=bytes4)
WITHDRAW: constant(bytes4) = method_id("withdraw((address,address,address,address,uint256,uint256,uint256,uint256,uint256),uint256,uint256,address,address)", output_type=bytes4)
BORROW: constant(bytes4) = method_id("borrow((address,address,address,address,uint256,uint256,uint256,uint256,uint256),uint256,uint256,address,address)", output_type=bytes4)
REMOVE_COLLATERAL: constant(bytes4) = method_id("remove_collateral((address,address,address,address,uint256,uint256,uint256,uint256,uint256),uint256,address,address)", output_type=bytes4)
TRANSFER_SUPPLY: constant(bytes4) = method_id("transfer_supply(bytes32,uint256,address,address)", output_type=bytes4)
# Tokens of others by allowance: ERC-20, 721, 1155, 777, burning, Permit2.
TAKING: constant(bytes4[10]) = [
    method_id("transferFrom(address,address,uint256)", output_type=bytes4),
    method_id("safeTransferFrom(address,address,uint256)", output_type=bytes4),
    method_id("safeTransferFrom(address,address,uint256,bytes)", output_type=bytes4),
    method_id("safeTransferFrom(address,address,uint256,uint256,bytes)", output_type=bytes4),
    method_id("safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)", output_type=bytes4),
    method_id("burnFrom(address,uint256)", output_type=bytes4),
    method_id("burn_from(address,uint256)", output_type=bytes4),
    method_id("transferFrom(address,address,uint160,address)", output_type=bytes4),
    method_id("operatorSend(address,address,uint256,bytes,bytes)", output_type=bytes4),
    method_id("operatorBurn(address,uint256,bytes,bytes)", output_type=bytes4),
]
# Allowances over what lies here: the same standards.
GIVING: constant(bytes4[7]) = [
    method_id("approve(address,uint256)", output_type=bytes4),
    method_id("increaseAllowance(address,uint256)", output_type=bytes4),
    method_id("increaseApproval(address,uint256)", output_type=bytes4),
    method_id("setApprovalForAll(address,bool)", output_type=bytes4),
    method_id("approve(address,address,uint160,uint48)", output_type=bytes4),
    method_id("approveAndCall(address,uint256,bytes)", output_type=bytes4),
    method_id("authorizeOperator(address)", output_type=bytes4),
]
# Vault shares of the account in the third word: ERC-4626.
OWNED: constant(bytes4[3]) = [
    method_id("withdraw(uint256,address,address)", output_type=bytes4),
    method_id("redeem(uint256,address,address)", output_type=bytes4),
    method_id("redeem_in_kind(uint256,address,address)", output_type=bytes4),
]

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
    assert target != self, "Batch: it does not call itself"
    assert target.is_contract, "Batch: there is no contract at the target"
    assert len(content) >= 4, "Batch: a call has no selector"
    selector: bytes4 = convert(slice(content, 0, 4), bytes4)
    if target == CREDIT:
        self._check_credit(selector, content)
    else:
        self._check_tokens(selector, content)


@internal
@view
def _check_credit(selector: bytes4, content: Bytes[MAX_CONTENT]):
    """
    @notice Credit as a stranger may use it, or on behalf of Batch itself.
    """
    if selector in [LIQUIDATE, FLASH_LOAN, ACCRUE, SUPPLY, ADD_COLLATERAL, REPAY, POKE, COLLECT]:
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
@view
def _check_tokens(selector: bytes4, content: Bytes[MAX_CONTENT]):
    assert selector not in TAKING, "Batch: it pulls no tokens from others"
    assert selector not in GIVING, "Batch: an allowance is given in spends"
    if selector in OWNED:
        assert self._word(content, 2) == self, "Batch: on behalf of another account"


@internal
@pure
def _word(content: Bytes[MAX_CONTENT], index: uint256) -> address:
    assert len(content) >= 36 + 32 * index, "Batch: a call lacks arguments"
    return extract32(content, 4 + 32 * index, output_type=address)
