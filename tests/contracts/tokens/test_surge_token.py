"""SURGE: who mints, how it burns, and permits that work once, here, for their signer."""

from collections.abc import Iterator
from typing import Any

import boa
import pytest
from coincurve import PrivateKey

from contracts.worlds.permits import domain_separator, permit
from contracts.worlds.pots import GENESIS_SUPPLY, deploy, now, wait
from surge.model.signature import address_of

HOLDER, CHEATER = PrivateKey(bytes([7]) * 32), PrivateKey(bytes([8]) * 32)
ZERO = "0x" + "00" * 20
LATER = 2**40


@pytest.fixture
def surge() -> Iterator[Any]:
    with boa.env.anchor():
        yield deploy("SurgeToken", GENESIS_SUPPLY)


@pytest.fixture
def minter(surge: Any) -> str:
    minter = str(boa.env.generate_address())
    surge.set_minter(minter)
    return minter


@pytest.fixture
def other() -> str:
    return str(boa.env.generate_address())


def test_the_genesis_supply_is_the_deployers(surge: Any) -> None:
    assert (surge.name(), surge.symbol(), surge.decimals()) == ("Surge", "SURGE", 18)
    assert surge.totalSupply() == surge.balanceOf(boa.env.eoa) == GENESIS_SUPPLY
    assert surge.minter() == ZERO


def test_the_minter_is_set_once(surge: Any, minter: str, other: str) -> None:
    assert surge.minter() == minter
    with boa.reverts("SurgeToken: the minter is set already"):
        surge.set_minter(other)
    with boa.reverts("SurgeToken: only the deployer sets the minter"):
        surge.set_minter(minter, sender=minter)


def test_the_minter_is_logged(surge: Any, other: str) -> None:
    surge.set_minter(other)
    (event,) = surge.get_logs()
    assert (type(event).__name__, event.minter) == ("MinterSet", other)


def test_the_minter_must_be_somebody_and_the_deployers_choice(surge: Any, other: str) -> None:
    with boa.reverts("SurgeToken: the minter is the zero address"):
        surge.set_minter(ZERO)
    with boa.reverts("SurgeToken: only the deployer sets the minter"):
        surge.set_minter(other, sender=other)


def test_nobody_else_mints(surge: Any, minter: str, other: str) -> None:
    for caller in (boa.env.eoa, other, ZERO):
        with boa.reverts("SurgeToken: only the minter mints"):
            surge.mint(other, 1, sender=caller)
    surge.mint(other, 5, sender=minter)
    assert (surge.balanceOf(other), surge.totalSupply()) == (5, GENESIS_SUPPLY + 5)
    with boa.reverts("erc20: mint to the zero address"):
        surge.mint(ZERO, 1, sender=minter)


def test_nobody_mints_before_the_minter_is_set(surge: Any, other: str) -> None:
    for caller in (boa.env.eoa, other):
        with boa.reverts("SurgeToken: only the minter mints"):
            surge.mint(other, 1, sender=caller)


def test_the_deployer_has_no_other_power(surge: Any) -> None:
    names = {entry["name"] for entry in surge.abi if entry["type"] == "function"}
    assert not names & {"transfer_ownership", "renounce_ownership", "owner", "is_minter"}


def test_burning(surge: Any, other: str) -> None:
    surge.transfer(other, 10)
    surge.burn(3, sender=other)
    surge.approve(boa.env.eoa, 4, sender=other)
    surge.burn_from(other, 4)
    assert (surge.balanceOf(other), surge.totalSupply()) == (3, GENESIS_SUPPLY - 7)
    with boa.reverts("erc20: insufficient allowance"):
        surge.burn_from(other, 1)
    with boa.reverts("erc20: burn amount exceeds balance"):
        surge.burn(4, sender=other)


def test_transfers_and_what_they_refuse(surge: Any, other: str) -> None:
    surge.approve(other, 6)
    surge.transferFrom(boa.env.eoa, other, 6, sender=other)
    assert (surge.balanceOf(other), surge.allowance(boa.env.eoa, other)) == (6, 0)
    with boa.reverts("erc20: insufficient allowance"):
        surge.transferFrom(boa.env.eoa, other, 1, sender=other)
    with boa.reverts("erc20: transfer amount exceeds balance"):
        surge.transfer(boa.env.eoa, 7, sender=other)
    with boa.reverts("erc20: transfer to the zero address"):
        surge.transfer(ZERO, 1)
    with boa.reverts("erc20: approve to the zero address"):
        surge.approve(ZERO, 1)


def test_a_permit_works_once(surge: Any, other: str) -> None:
    signed = permit(surge, HOLDER, other, 9, LATER)
    surge.permit(*signed, sender=other)
    assert surge.allowance(address_of(HOLDER), other) == 9
    assert surge.nonces(address_of(HOLDER)) == 1
    with boa.reverts("erc20: invalid signature"):
        surge.permit(*signed, sender=other)


def test_a_permit_is_bound_to_its_chain_and_its_token(surge: Any, other: str) -> None:
    twin = deploy("SurgeToken", GENESIS_SUPPLY)
    for separator in (domain_separator(surge, 10), domain_separator(twin)):
        with boa.reverts("erc20: invalid signature"):
            surge.permit(*permit(surge, HOLDER, other, 9, LATER, separator=separator))


def test_after_a_fork_of_the_chain_old_permits_are_void(surge: Any, other: str) -> None:
    signed = permit(surge, HOLDER, other, 9, LATER)
    before = surge.DOMAIN_SEPARATOR()
    boa.env.evm.patch.chain_id = 10
    assert surge.DOMAIN_SEPARATOR() == domain_separator(surge) != before
    with boa.reverts("erc20: invalid signature"):
        surge.permit(*signed)
    surge.permit(*permit(surge, HOLDER, other, 9, LATER))
    assert surge.allowance(address_of(HOLDER), other) == 9


def test_permits_that_are_refused(surge: Any, other: str) -> None:
    with boa.reverts("erc20: invalid signature"):
        surge.permit(address_of(HOLDER), *permit(surge, CHEATER, other, 9, LATER)[1:])
    with boa.reverts("erc20: invalid signature"):
        surge.permit(*permit(surge, HOLDER, other, 9, LATER, nonce=1))
    owner, spender, value, deadline, v, r, s = permit(surge, HOLDER, other, 9, LATER)
    with boa.reverts("erc20: invalid signature"):
        surge.permit(owner, spender, value + 1, deadline, v, r, s)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = (order - int.from_bytes(s, "big")).to_bytes(32, "big")
    with boa.reverts("ecdsa: invalid signature `s` value"):
        surge.permit(owner, spender, value, deadline, 55 - v, r, high)
    late = permit(surge, HOLDER, other, 9, now() + 5)
    wait(6)
    with boa.reverts("erc20: expired deadline"):
        surge.permit(*late)


def test_nobody_signs_for_the_zero_address(surge: Any, other: str) -> None:
    with boa.reverts("ecdsa: invalid signature"):
        surge.permit(ZERO, other, 9, LATER, 29, bytes(31) + b"\1", bytes(31) + b"\1")
