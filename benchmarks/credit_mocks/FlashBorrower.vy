# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice Borrows in a flash and does nothing with it; its lenders have their allowances before.
"""

interface Token:
    def approve(spender: address, amount: uint256) -> bool: nonpayable


@external
def allow(token: address, lender: address):
    allowed: bool = extcall Token(token).approve(lender, max_value(uint256))
    assert allowed


@external
def flash(lender: address, message: Bytes[512]):
    """
    @param message The lender's own call, encoded: the same outer transaction for each of them.
    """
    answer: Bytes[32] = raw_call(lender, message, max_outsize=32)


@external
def on_surge_flash_loan(token: address, assets: uint256, payload: Bytes[64]):
    pass


@external
def onMorphoFlashLoan(assets: uint256, payload: Bytes[64]):
    pass


@external
def executeOperation(
    asset: address, amount: uint256, premium: uint256, initiator: address, payload: Bytes[64]
) -> bool:
    return True
