# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice Makes the calls that it was told to, one after the other, all in one transaction. In the callback of a flash
        loan or swap it goes on with the next; a step without a target ends the callback.
"""

struct Step:
    target: address
    message: Bytes[1_024]

steps: DynArray[Step, 32]
next: uint256
answers: public(DynArray[uint256, 32])


@external
def add(target: address, message: Bytes[1_024]):
    self.steps.append(Step(target=target, message=message))


@external
def run():
    self.answers = []
    self.next = 0
    self._go_on()
    assert self.next == len(self.steps), "Scripted: steps are left"
    self.steps = []


@external
def on_surge_flash_loan(token: address, assets: uint256, payload: Bytes[4_096]):
    self._go_on()


@external
def uniswapV2Call(sender: address, amount0: uint256, amount1: uint256, payload: Bytes[4_096]):
    self._go_on()


@internal
def _go_on():
    for _: uint256 in range(32):
        if self.next == len(self.steps):
            return
        step: Step = self.steps[self.next]
        self.next += 1
        if step.target == empty(address):
            return
        answer: Bytes[32] = raw_call(step.target, step.message, max_outsize=32)
        self.answers.append(convert(answer, uint256))
