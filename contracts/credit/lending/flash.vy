# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title credit_flash
@license AGPL-3.0-only
@notice All that Credit holds of a token, for nothing, until the end of a callback.
@dev Balances are kept by market and never asked of a token, so what is lent out here is missed by nobody.
"""

from ethereum.ercs import IERC20
import tokens as credit_tokens

interface Caller:
    def on_surge_flash_loan(token: address, assets: uint256, payload: Bytes[MAX_PAYLOAD]): nonpayable

event FlashLoan:
    caller: indexed(address)
    token: indexed(address)
    assets: uint256

MAX_PAYLOAD: constant(uint256) = 4096
FEE: constant(uint256) = 0
ON_FLASH_LOAN: constant(bytes4) = method_id("onFlashLoan(address,address,uint256,uint256,bytes)", output_type=bytes4)
FLASH_LOAN_MAGIC: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")


@external
def flash_loan(token: address, assets: uint256, payload: Bytes[MAX_PAYLOAD]):
    """
    @notice All that is here of a token, for nothing, until the end of the call on_surge_flash_loan(token, assets,
            payload) on the caller.
    """
    assert assets > 0, "Credit: nothing to lend"
    log FlashLoan(caller=msg.sender, token=token, assets=assets)
    credit_tokens._give(token, msg.sender, assets)
    extcall Caller(msg.sender).on_surge_flash_loan(token, assets, payload)
    credit_tokens._take(token, msg.sender, assets)


@external
def flashLoan(receiver: address, token: address, amount: uint256, payload: Bytes[MAX_PAYLOAD]) -> bool:
    """
    @notice The same by ERC-3156, to a receiver that answers its callback with the standard's word.
    """
    assert amount > 0 and amount <= self._here(token), "Credit: can't lend that amount"
    log FlashLoan(caller=receiver, token=token, assets=amount)
    credit_tokens._give(token, receiver, amount)
    answer: Bytes[32] = raw_call(
        receiver,
        abi_encode(msg.sender, token, amount, FEE, payload, method_id=ON_FLASH_LOAN),
        max_outsize=32,
    )
    assert convert(answer, bytes32) == FLASH_LOAN_MAGIC, "Credit: not a flash borrower"
    credit_tokens._take(token, receiver, amount)
    return True


@external
@view
def flashFee(token: address, amount: uint256) -> uint256:
    """
    @notice Nothing, for any token; a call of what is none reverts.
    """
    held: uint256 = staticcall IERC20(token).balanceOf(self)
    return FEE


@external
@view
def maxFlashLoan(token: address) -> uint256:
    """
    @notice All that is here of a token; nothing of what is none.
    """
    return self._here(token)


@internal
@view
def _here(token: address) -> uint256:
    """
    @dev It never reverts, whatever the contract does, and leaves a 64th of the gas.
    """
    known: bool = False
    answer: Bytes[32] = b""
    known, answer = raw_call(
        token,
        abi_encode(self, method_id=method_id("balanceOf(address)")),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return convert(answer, uint256) if known and len(answer) == 32 and token.is_contract else 0
