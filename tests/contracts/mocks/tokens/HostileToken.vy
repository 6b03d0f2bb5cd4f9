# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title HostileToken
@license AGPL-3.0-only
@notice A token that anybody mints and sets up to misbehave: it keeps a part, lies, refuses, or hands the turn
        to somebody else before or after it moves a balance.
"""

FAIR: constant(uint256) = 0
TAKES_A_PART: constant(uint256) = 1
SAYS_FALSE: constant(uint256) = 2
MOVES_NOTHING: constant(uint256) = 3
REFUSES: constant(uint256) = 4
CALLS_BEFORE: constant(uint256) = 5
CALLS_AFTER: constant(uint256) = 6

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
mode: public(uint256)
target: address
call: Bytes[2048]
calls: public(uint256)
succeeded: public(bool)


@external
@view
def decimals() -> uint8:
    return 18


@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
def behave(mode: uint256):
    self.mode = mode


@external
def arm(mode: uint256, target: address, call: Bytes[2048]):
    """
    @notice Call `target` once, at the next movement.
    """
    self.mode = mode
    self.target = target
    self.call = call


@external
def transfer(to: address, amount: uint256) -> bool:
    return self._move(msg.sender, to, amount)


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    assert self.allowance[owner][msg.sender] >= amount, "Token: allowance too small"
    self.allowance[owner][msg.sender] -= amount
    return self._move(owner, to, amount)


@internal
def _move(owner: address, to: address, amount: uint256) -> bool:
    mode: uint256 = self.mode
    assert mode != REFUSES, "Token: refused"
    if mode == SAYS_FALSE:
        return False
    if mode == MOVES_NOTHING:
        return True
    if mode == CALLS_BEFORE:
        self._call()
    assert self.balanceOf[owner] >= amount, "Token: balance too small"
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - (amount // 100 if mode == TAKES_A_PART else 0)
    if mode == CALLS_AFTER:
        self._call()
    return True


@internal
def _call():
    self.mode = FAIR
    self.calls += 1
    self.succeeded = raw_call(self.target, self.call, revert_on_failure=False)
