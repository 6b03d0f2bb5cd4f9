# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title ContractAccount
@license AGPL-3.0-only
@notice An account of Credit that is a contract. In each callback it makes the call that its payload holds, as
        itself, and keeps whether that went well and what it answered.
"""

MAGIC: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")

magic: bytes32
callback: public(String[32])
heard: public(DynArray[uint256, 4])
succeeded: public(bool)
answer: public(Bytes[1024])


@deploy
def __init__():
    self.magic = MAGIC


@external
def set_magic(magic: bytes32):
    self.magic = magic


@external
def run(target: address, call: Bytes[5120]) -> Bytes[1024]:
    """
    @notice Make a call; its failure is this one's.
    """
    return raw_call(target, call, max_outsize=1024)


@external
def attempt(target: address, call: Bytes[5120]):
    """
    @notice Make a call and keep how it went: for tokens and rate models that hand their turn over.
    """
    self._attempt(target, call)


@external
def on_surge_supply(assets: uint256, payload: Bytes[5120]):
    self.heard = [assets]
    self._answer("on_surge_supply", payload)


@external
def on_surge_collateral(assets: uint256, payload: Bytes[5120]):
    self.heard = [assets]
    self._answer("on_surge_collateral", payload)


@external
def on_surge_repay(assets: uint256, payload: Bytes[5120]):
    self.heard = [assets]
    self._answer("on_surge_repay", payload)


@external
def on_surge_liquidate(repaid: uint256, seized: uint256, payload: Bytes[5120]):
    self.heard = [repaid, seized]
    self._answer("on_surge_liquidate", payload)


@external
def on_surge_flash_loan(token: address, assets: uint256, payload: Bytes[5120]):
    self.heard = [convert(token, uint256), assets]
    self._answer("on_surge_flash_loan", payload)


@external
def onFlashLoan(
    initiator: address, token: address, amount: uint256, fee: uint256, data: Bytes[5120]
) -> bytes32:
    self.heard = [convert(initiator, uint256), convert(token, uint256), amount, fee]
    self._answer("onFlashLoan", data)
    return self.magic


@internal
def _answer(callback: String[32], payload: Bytes[5120]):
    """
    @param payload 20 bytes of address and what to call there; less calls nobody.
    """
    self.callback = callback
    if len(payload) > 20:
        target: address = convert(convert(slice(payload, 0, 20), bytes20), address)
        self._attempt(target, slice(payload, 20, len(payload) - 20))


@internal
def _attempt(target: address, call: Bytes[5120]):
    success: bool = False
    answer: Bytes[1024] = b""
    success, answer = raw_call(target, call, max_outsize=1024, revert_on_failure=False)
    self.succeeded = success
    self.answer = answer
