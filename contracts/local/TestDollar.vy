# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title TestDollar
@license AGPL-3.0-only
@notice A dollar of no value for local networks and tests: ERC-20 with permit (EIP-2612), 6 decimals,
        and a faucet for everybody. On a network with value its place is taken by a real stablecoin.
@dev Transfers, allowances and permit are snekmate's, with its revert reasons ("erc20: ...").
"""

from snekmate.auth import ownable
from snekmate.tokens import erc20

initializes: ownable
initializes: erc20[ownable := ownable]

exports: (
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    erc20.balanceOf,
    erc20.allowance,
    erc20.transfer,
    erc20.transferFrom,
    erc20.approve,
    erc20.permit,
    erc20.nonces,
    erc20.DOMAIN_SEPARATOR,
    erc20.eip712Domain,
)

# The most that one call of the faucet gives: a million dollars, in millionths.
FAUCET_CAP: public(constant(uint256)) = 1_000_000 * 10**6


@deploy
def __init__():
    ownable.__init__()
    erc20.__init__("Test Dollar", "TUSD", 6, "Test Dollar", "1")


@external
def faucet(amount: uint256):
    """
    @notice Give the caller `amount` millionths of a test dollar, at most FAUCET_CAP a call.
    """
    assert amount <= FAUCET_CAP, "TestDollar: the faucet gives at most FAUCET_CAP a call"
    erc20._mint(msg.sender, amount)
