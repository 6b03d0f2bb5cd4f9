# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title TestToken
@license AGPL-3.0-only
@notice A token of no value for local networks and tests: ERC-20 with permit (EIP-2612), its name, symbol and
        decimals chosen at deployment, and a faucet for everybody.
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

# The most that one call of the faucet gives: a million whole tokens, in smallest units.
FAUCET_CAP: public(immutable(uint256))


@deploy
def __init__(name_: String[25], symbol_: String[5], decimals_: uint8):
    """
    @param name_ Also the name in the EIP-712 domain, whose version is "1".
    @param symbol_ At most five characters.
    @param decimals_ At most 36.
    """
    assert decimals_ <= 36, "TestToken: at most 36 decimals"
    ownable.__init__()
    erc20.__init__(name_, symbol_, decimals_, name_, "1")
    FAUCET_CAP = 10**6 * 10 ** convert(decimals_, uint256)


@external
def faucet(amount: uint256):
    """
    @notice Give the caller `amount` smallest units, at most FAUCET_CAP a call.
    """
    assert amount <= FAUCET_CAP, "TestToken: the faucet gives at most FAUCET_CAP a call"
    erc20._mint(msg.sender, amount)
