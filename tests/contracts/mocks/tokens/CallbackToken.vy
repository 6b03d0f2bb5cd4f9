# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice A hostile dollar: every transfer calls a target first, and keeps what came of it. It can also refuse.
"""

target: address
message: Bytes[4096]
refuses: bool
called: public(bool)
succeeded: public(bool)
answer: public(Bytes[256])
balanceOf: public(HashMap[address, uint256])


@external
def arm(target: address, message: Bytes[4096]):
    self.target = target
    self.message = message


@external
def refuse():
    self.refuses = True


@external
def give(to: address, amount: uint256):
    self.balanceOf[to] += amount


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    self._move(owner, to, amount)
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    if self.refuses:
        return False
    self._move(msg.sender, to, amount)
    return True


@internal
def _move(owner: address, to: address, amount: uint256):
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    if self.target != empty(address):
        self.called = True
        self.succeeded, self.answer = raw_call(
            self.target, self.message, max_outsize=256, revert_on_failure=False
        )
