# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title market_signature
@license AGPL-3.0-only
@notice Signatures of 65 bytes, r | s | v, taken apart.
"""

# Half the order of secp256k1: a signature has one form only.
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168


struct Signature:
    v: uint256
    r: uint256
    s: uint256


@internal
@pure
def _parts(signature: Bytes[65]) -> Signature:
    assert len(signature) == 65, "Market: a signature has 65 bytes"
    return Signature(
        v=convert(slice(signature, 64, 1), uint256),
        r=extract32(signature, 0, output_type=uint256),
        s=extract32(signature, 32, output_type=uint256),
    )
