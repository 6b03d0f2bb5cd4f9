# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice In the Registry's place: payees, and what was credited to a reputation.
"""

payees: HashMap[address, address]
credited: public(HashMap[address, uint256])


@external
def set_payee(payee: address):
    self.payees[msg.sender] = payee


@external
@view
def payee_of(provider: address) -> address:
    payee: address = self.payees[provider]
    return provider if payee == empty(address) else payee


@external
def credit_reputation(provider: address, burned: uint256):
    self.credited[provider] += burned
