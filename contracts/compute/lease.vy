# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title market_lease
@license AGPL-3.0-only
@notice A lease: its terms, whose hash the Market keeps, how it is settled and closed with others, and what the
        Market tells of its life.
"""

import signature as market_signature

event LeaseOpened:
    lease: indexed(uint256)
    renter: indexed(address)
    provider: indexed(address)
    slots: uint16
    price_gfuel: uint32
    price_gib: uint32
    escrow: uint64
    expiry: uint64
    demand: uint256
    reservation: uint256
    drawn: bool

event LeaseToppedUp:
    lease: indexed(uint256)
    escrow_total: uint64

event Settled:
    lease: indexed(uint256)
    provider: indexed(address)
    sequence: uint256
    amount: uint256
    root: bytes32
    fee: uint256

event LeaseClosed:
    lease: indexed(uint256)
    paid: uint256
    refund: uint256

# Prices in millionths of a dollar per Gfuel and GiB, escrow in millionths, expiry in chain seconds.
struct Terms:
    renter: address
    provider: address
    slots: uint16
    price_gfuel: uint32
    price_gib: uint32
    escrow: uint64
    expiry: uint64

# A voucher with the renter's signature, and what names its lease.
struct Redemption:
    lease: uint256
    terms: Terms
    sequence: uint256
    amount: uint256
    root: bytes32
    signature: market_signature.Signature

# The same, with the provider's consent to end; each signature is zero where `close` takes an empty one.
struct Ending:
    lease: uint256
    terms: Terms
    sequence: uint256
    amount: uint256
    root: bytes32
    signature: market_signature.Signature
    consent: market_signature.Signature

struct Due:
    to: address
    amount: uint256

# What a word of the Market holds of a lease, its lowest bits first: settled amount (40), sequence (24), hash (192).
MAX_AMOUNT: constant(uint256) = 2**40 - 1
MAX_SEQUENCE: constant(uint256) = 2**24 - 1
U64: constant(uint256) = 2**64 - 1


@internal
@pure
def _hash(terms: Terms) -> uint256:
    """
    @notice 192 bits of the hash, in place: a collision takes 2**96 tries.
    """
    return convert(keccak256(abi_encode(terms)), uint256) & ~U64
