# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title credit_authority
@license AGPL-3.0-only
@notice Who may withdraw, borrow and take collateral out for whom: said by a call, or by a signature (EIP-712).
"""

event Authorized:
    authorizer: indexed(address)
    authorized: indexed(address)
    is_authorized: bool

# Half the order of secp256k1: a signature has one form only.
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168
DOMAIN_TYPE: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
AUTHORIZATION_TYPE: constant(bytes32) = keccak256("Authorization(address authorizer,address authorized,bool isAuthorized,uint256 nonce,uint256 deadline)")

CHAIN_ID: immutable(uint256)
SEPARATOR: immutable(bytes32)

is_authorized: public(HashMap[address, HashMap[address, bool]])
nonces: public(HashMap[address, uint256])


@deploy
def __init__():
    CHAIN_ID = chain.id
    SEPARATOR = self._build_separator()


@external
def authorize(authorized: address, is_authorized: bool):
    """
    @notice Let an account withdraw, borrow and take collateral out for the caller, or no longer: then what the
            caller has signed and nobody has sent is void too.
    """
    if not is_authorized:
        self.nonces[msg.sender] += 1
    self._authorize(msg.sender, authorized, is_authorized)


@external
def authorize_with_signature(
    authorizer: address,
    authorized: address,
    is_authorized: bool,
    nonce: uint256,
    deadline: uint256,
    v: uint256,
    r: uint256,
    s: uint256,
):
    """
    @notice The same for whoever signed Authorization (EIP-712), once, until `deadline`. Anybody may send it.
    """
    assert block.timestamp <= deadline, "Credit: signature has expired"
    assert nonce == self.nonces[authorizer], "Credit: another nonce is due"
    assert s <= HALF_ORDER and authorizer != empty(address), "Credit: not the authorizer's signature"
    authorization: bytes32 = keccak256(
        abi_encode(AUTHORIZATION_TYPE, authorizer, authorized, is_authorized, nonce, deadline)
    )
    signer: address = ecrecover(keccak256(concat(x"1901", self._separator(), authorization)), v, r, s)
    assert signer == authorizer, "Credit: not the authorizer's signature"
    self.nonces[authorizer] = nonce + 1
    self._authorize(authorizer, authorized, is_authorized)


@internal
def _authorize(authorizer: address, authorized: address, is_authorized: bool):
    self.is_authorized[authorizer][authorized] = is_authorized
    log Authorized(authorizer=authorizer, authorized=authorized, is_authorized=is_authorized)


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    """
    @notice Of EIP-712, which signatures here are bound to.
    """
    return self._separator()


@internal
@view
def _check(on_behalf: address):
    """
    @notice That the caller may act for an account.
    """
    if msg.sender != on_behalf:
        assert self.is_authorized[on_behalf][msg.sender], "Credit: not authorised"


@internal
@view
def _separator() -> bytes32:
    """
    @dev Built anew on a fork of the chain, so that no signature is good on two.
    """
    return SEPARATOR if chain.id == CHAIN_ID else self._build_separator()


@internal
@view
def _build_separator() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256("Surge Credit"), keccak256("1"), chain.id, self))
