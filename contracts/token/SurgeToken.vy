# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title SurgeToken
@license AGPL-3.0-only
@notice SURGE: ERC-20 with permit (EIP-2612), 18 decimals. A genesis supply, fixed at deployment, goes
        to the deployer; after that only the minter mints, and the minter is set once (to Rewards, which
        mints less than it burns: invariants R1 and R2). The deployer keeps no other power.
@dev Transfers, allowances, permit and burning are snekmate's, with its revert reasons ("erc20: ...",
     "ecdsa: ..."). Its roles stay unused: `mint` and `set_minter` below replace them.
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
    erc20.burn,
    erc20.burn_from,
)

event MinterSet:
    minter: indexed(address)

# The only address that mints; empty until it is set, then fixed.
minter: public(address)


@deploy
def __init__(genesis_supply: uint256):
    """
    @param genesis_supply In wei of SURGE, to the deployer.
    """
    ownable.__init__()
    erc20.__init__("Surge", "SURGE", 18, "Surge", "1")
    erc20._mint(msg.sender, genesis_supply)


@external
def set_minter(minter: address):
    """
    @notice Name the minter, once. Only the deployer.
    """
    assert msg.sender == ownable.owner, "SurgeToken: only the deployer sets the minter"
    assert self.minter == empty(address), "SurgeToken: the minter is set already"
    assert minter != empty(address), "SurgeToken: the minter is the zero address"
    self.minter = minter
    log MinterSet(minter=minter)


@external
def mint(owner: address, amount: uint256):
    """
    @notice Create `amount` wei of SURGE for `owner`. Only the minter.
    """
    assert msg.sender == self.minter, "SurgeToken: only the minter mints"
    erc20._mint(owner, amount)
