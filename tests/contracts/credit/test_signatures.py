"""Authorisation by signature: once, in time, by its signer, on one chain and for one contract."""

from typing import Any

from coincurve import PrivateKey

from contracts.worlds.bare_evm import Bare, Reverted, shipped, word
from contracts.worlds.credit_books import ZERO
from contracts.worlds.credit_world import DELEGATE, FEES, LIQUIDATOR, World
from surge.model.digest import keccak
from surge.model.signature import address_of, sign

KEY, STRANGER = PrivateKey(bytes([51]) * 32), PrivateKey(bytes([52]) * 32)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def signed(
    credit: Bare,
    key: PrivateKey,
    authorized: str = DELEGATE,
    nonce: int = 0,
    deadline: int = 2**64,
    chain_id: int | None = None,
    signer: PrivateKey | None = None,
) -> tuple[Any, ...]:
    """The arguments of authorize_with_signature, as a wallet signs them on a chain."""
    domain_type = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    chain = credit.machine.chain_id if chain_id is None else chain_id
    domain = keccak(
        keccak(domain_type), keccak(b"Surge Credit"), keccak(b"1"), word(chain), word(credit.address)
    )
    members_type = b"address authorizer,address authorized,bool isAuthorized,uint256 nonce,uint256 deadline"
    authorizer = str(address_of(key)).lower()
    members = authorizer, authorized, True, nonce, deadline
    struct = keccak(keccak(b"Authorization(" + members_type + b")"), *map(word, members))
    raw = sign(keccak(b"\x19\x01", domain, struct), signer or key)
    r, s = (int.from_bytes(raw[at : at + 32], "big") for at in (0, 32))
    return *members, raw[64], r, s


def authorise(credit: Bare, arguments: tuple[Any, ...], sender: str = LIQUIDATOR) -> str:
    """Why not; empty when it went through."""
    try:
        credit("authorize_with_signature", *arguments, sender=sender)
    except Reverted as reverted:
        return reverted.reason
    return ""


NOT_SIGNED = "Credit: not the authorizer's signature"


def test_a_signature_is_good_once(world: World) -> None:
    owner = str(address_of(KEY)).lower()
    first = signed(world.credit, KEY)
    assert authorise(world.credit, first) == ""
    assert world.credit.events() == [("Authorized", (int(owner, 16), int(DELEGATE, 16), 1))]
    assert world.credit("is_authorized", owner, DELEGATE) == 1
    assert world.credit("is_authorized", DELEGATE, owner) == 0
    assert world.credit("nonces", owner) == 1
    assert authorise(world.credit, first) == "Credit: another nonce is due"
    assert authorise(world.credit, signed(world.credit, KEY, nonce=2)) == "Credit: another nonce is due"
    assert authorise(world.credit, signed(world.credit, KEY, nonce=1)) == ""
    assert world.credit("nonces", owner) == 2


def test_who_revokes_takes_back_what_was_signed_too(world: World) -> None:
    owner, waiting = str(address_of(KEY)).lower(), signed(world.credit, KEY)
    world.credit("authorize", DELEGATE, True, sender=owner)
    world.credit("authorize", DELEGATE, False, sender=owner)
    assert authorise(world.credit, waiting) == "Credit: another nonce is due"
    assert world.credit("is_authorized", owner, DELEGATE) == 0
    assert world.credit("nonces", owner) == 1
    assert authorise(world.credit, signed(world.credit, KEY, nonce=1)) == ""


def test_who_authorises_leaves_what_was_signed(world: World) -> None:
    owner = str(address_of(KEY)).lower()
    world.credit("authorize", LIQUIDATOR, True, sender=owner)
    assert authorise(world.credit, signed(world.credit, KEY)) == ""


def test_a_signature_ends_at_its_deadline(world: World) -> None:
    last = world.machine.now
    in_time, late = signed(world.credit, KEY, deadline=last), signed(world.credit, KEY, deadline=last - 1)
    assert authorise(world.credit, late) == "Credit: signature has expired"
    assert authorise(world.credit, in_time) == ""


def test_a_signature_has_one_form_and_one_signer(world: World) -> None:
    good = signed(world.credit, KEY)
    v, s = good[5], good[7]
    assert authorise(world.credit, (*good[:5], 55 - v, good[6], ORDER - s)) == NOT_SIGNED
    assert authorise(world.credit, signed(world.credit, KEY, signer=STRANGER)) == NOT_SIGNED
    assert authorise(world.credit, (good[0], LIQUIDATOR, *good[2:])) == NOT_SIGNED
    assert authorise(world.credit, (*good[:2], False, *good[3:])) == NOT_SIGNED
    assert authorise(world.credit, (*good[:4], good[4] + 1, *good[5:])) == NOT_SIGNED
    assert authorise(world.credit, (ZERO, *good[1:5], 29, 1, 1)) == NOT_SIGNED
    assert authorise(world.credit, good) == ""


def test_the_highest_s_that_is_low(world: World) -> None:
    """The border itself is refused for its signer alone: a signature of half the order is no forgery."""
    good = signed(world.credit, KEY)
    for s in (ORDER // 2, ORDER // 2 + 1):
        assert authorise(world.credit, (*good[:7], s)) == NOT_SIGNED


def test_a_signature_is_for_one_chain_and_one_contract(world: World) -> None:
    beside = shipped("Credit").deploy(world.machine, FEES)
    assert authorise(beside, signed(world.credit, KEY)) == NOT_SIGNED
    assert authorise(world.credit, signed(world.credit, KEY, chain_id=1)) == NOT_SIGNED
    assert authorise(beside, signed(beside, KEY)) == ""


def test_a_fork_of_the_chain_has_its_own_signatures(world: World) -> None:
    """The contract is there too, as it was built. Only the chain's number tells the two apart."""
    fork = world.credit.on(world.machine.move_to_chain(99, [world.credit]))
    here = signed(world.credit, KEY)
    assert authorise(fork, here) == NOT_SIGNED
    assert authorise(fork, signed(fork, KEY)) == ""
    assert fork("DOMAIN_SEPARATOR") != world.credit("DOMAIN_SEPARATOR")
    assert authorise(world.credit, signed(fork, KEY)) == NOT_SIGNED
    assert authorise(world.credit, here) == ""
