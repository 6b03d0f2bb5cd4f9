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

interface FlashBorrower:
    def onFlashLoan(
        initiator: address, token: address, amount: uint256, fee: uint256, payload: Bytes[MAX_PAYLOAD]
    ) -> bytes32: nonpayable

event FlashLoan:
    caller: indexed(address)
    token: indexed(address)
    assets: uint256

MAX_PAYLOAD: constant(uint256) = 4096
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
    @notice The same by ERC-3156.
    """
    assert amount > 0, "Credit: nothing to lend"
    log FlashLoan(caller=receiver, token=token, assets=amount)
    credit_tokens._give(token, receiver, amount)
    answer: bytes32 = extcall FlashBorrower(receiver).onFlashLoan(msg.sender, token, amount, 0, payload)
    assert answer == FLASH_LOAN_MAGIC, "Credit: not a flash borrower"
    credit_tokens._take(token, receiver, amount)
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
