"""Who may change what of a vault, and when: caps, queues, guardian, owner, deployment."""

import boa
import pytest
from eth.exceptions import Revert

from contracts.worlds.bare_evm import mock
from contracts.worlds.vault_pots import (
    CAP,
    CHEATER,
    GUARDIAN,
    LENDER,
    OTHER,
    OWNER,
    TIMELOCK,
    USD,
    ZERO,
    VaultPots,
    refused,
)
from surge.chain.calls.curation import ACCEPTANCE
from surge.chain.network.artifacts import artifact


@pytest.fixture
def pots() -> VaultPots:
    pots = VaultPots()
    pots.vault("submit_guardian", GUARDIAN, sender=OWNER)
    return pots


def test_a_higher_cap_waits_for_the_timelock(pots: VaultPots) -> None:
    id = pots.ids[0]
    pots.vault("submit_cap", id, 2 * CAP, sender=OWNER)
    assert pots.vault("pending_cap", id) == (2 * CAP, pots.machine.now + TIMELOCK)
    pots.machine.wait(TIMELOCK - 1)
    assert refused(pots.vault, "accept_cap", id) == "Vault: timelock has not passed"
    pots.machine.wait(1)
    pots.vault("accept_cap", id, sender=OTHER)
    assert pots.vault("cap", id) == 2 * CAP
    assert refused(pots.vault, "accept_cap", id) == "Vault: nothing is pending"


def test_what_is_pending_expires(pots: VaultPots) -> None:
    """What was announced long ago surprises who has come since: it is submitted again."""
    id, window = pots.ids[0], ACCEPTANCE
    for _ in range(2):
        pots.vault("submit_cap", id, 2 * CAP, sender=OWNER)
        pots.vault("submit_guardian", OTHER, sender=OWNER)
        saved = pots.machine.save()
        pots.machine.wait(TIMELOCK + window + 1)
        assert refused(pots.vault, "accept_cap", id) == "Vault: expired; submit it again"
        assert refused(pots.vault, "accept_guardian") == "Vault: expired; submit it again"
        pots.machine.wait(1_000 * 86_400)
        assert refused(pots.vault, "accept_cap", id) == "Vault: expired; submit it again"
    pots.machine.restore(saved)
    pots.machine.wait(TIMELOCK + window)
    pots.vault("accept_cap", id)
    pots.vault("accept_guardian")
    assert pots.vault("cap", id) == 2 * CAP
    assert pots.vault("guardian").lower() == OTHER


def test_queues_keep_their_orders(pots: VaultPots) -> None:
    """The supply queue is kept by places in the other one, which may change under it."""
    first, second, third = pots.ids
    pots.vault("set_supply_queue", [third, first], sender=OWNER)
    for order in ([second, third, first], [third, first, second], [first, second, third]):
        pots.vault("set_withdraw_queue", order, sender=OWNER)
        assert pots.vault("queues") == ((third, first), tuple(order))
    pots.vault("lower_cap", third, 0, sender=OWNER)
    pots.vault("set_withdraw_queue", [second, first], sender=OWNER)
    assert pots.vault("queues") == ((first,), (second, first))
    pots.raise_cap(second, 2 * CAP)
    assert pots.vault("queues") == ((first,), (second, first))  # what the owner took out stays out
    pots.raise_cap(third, 2 * CAP)
    assert pots.vault("queues") == ((first, third), (second, first, third))


def test_a_lower_cap_is_set_at_once_and_drops_a_pending_one(pots: VaultPots) -> None:
    id = pots.ids[0]
    pots.vault("submit_cap", id, 2 * CAP, sender=OWNER)
    pots.vault("lower_cap", id, CAP - 1, sender=OWNER)
    pots.machine.wait(TIMELOCK)
    assert pots.vault("cap", id) == CAP - 1
    assert refused(pots.vault, "accept_cap", id) == "Vault: nothing is pending"
    reason = "Vault: not a lower cap"
    assert refused(pots.vault, "lower_cap", id, CAP, sender=OWNER) == reason
    reason = "Vault: not a higher cap"
    assert refused(pots.vault, "submit_cap", id, CAP - 1, sender=OWNER) == reason
    assert refused(pots.vault, "submit_cap", id, 2**104, sender=OWNER) == "Vault: cap too large"


def test_the_guardian_revokes_and_closes(pots: VaultPots) -> None:
    id = pots.ids[0]
    pots.vault("submit_cap", id, 2 * CAP, sender=OWNER)
    pots.vault("revoke_cap", id, sender=GUARDIAN)
    assert refused(pots.vault, "revoke_cap", id, sender=GUARDIAN) == "Vault: nothing is pending"
    assert refused(pots.vault, "lower_cap", id, 1, sender=GUARDIAN) == "Vault: only the owner"
    pots.vault("lower_cap", id, 0, sender=GUARDIAN)
    assert pots.vault("cap", id) == 0
    pots.deposit(LENDER, USD)
    assert pots.vault("held", id) == 0 < pots.vault("held", pots.ids[1])


def test_nobody_else_rules(pots: VaultPots) -> None:
    id = pots.ids[0]
    pots.vault("submit_cap", id, 2 * CAP, sender=OWNER)
    guarded = [("lower_cap", id, 0), ("revoke_cap", id), ("revoke_guardian",)]
    for name, *arguments in guarded:
        reason = "Vault: only the owner or the guardian"
        assert refused(pots.vault, name, *arguments, sender=CHEATER) == reason
    owned = [
        ("submit_cap", id, 3 * CAP),
        ("lower_cap", id, 1),
        ("submit_guardian", CHEATER),
        ("set_supply_queue", []),
        ("set_withdraw_queue", []),
        ("set_fee", 0, CHEATER),
        ("reallocate", []),
    ]
    for name, *arguments in owned:
        for caller in (CHEATER, GUARDIAN):
            assert refused(pots.vault, name, *arguments, sender=caller) == "Vault: only the owner"


def test_another_guardian_waits_and_the_first_may_refuse(pots: VaultPots) -> None:
    pots.vault("submit_guardian", OTHER, sender=OWNER)
    assert refused(pots.vault, "accept_guardian") == "Vault: timelock has not passed"
    pots.vault("revoke_guardian", sender=GUARDIAN)
    pots.machine.wait(TIMELOCK)
    assert refused(pots.vault, "accept_guardian") == "Vault: nothing is pending"
    assert refused(pots.vault, "revoke_guardian", sender=OWNER) == "Vault: nothing is pending"
    pots.vault("submit_guardian", OTHER, sender=OWNER)
    pots.machine.wait(TIMELOCK)
    pots.vault("accept_guardian")
    assert pots.vault("guardian").lower() == OTHER


def test_the_owner_hands_over_in_two_steps(pots: VaultPots) -> None:
    assert "owner" in refused(pots.vault, "transfer_ownership", CHEATER, sender=CHEATER)
    pots.vault("transfer_ownership", OTHER, sender=OWNER)
    assert "owner" in refused(pots.vault, "accept_ownership", sender=CHEATER)
    pots.vault("accept_ownership", sender=OTHER)
    assert pots.vault("owner").lower() == OTHER
    pots.vault("set_supply_queue", [], sender=OTHER)


def test_only_markets_of_the_asset_that_exist(pots: VaultPots) -> None:
    other = pots.open_market(loan=mock("PlainToken").deploy(pots.machine, 6))
    for id in (other, bytes(32)):
        reason = refused(pots.vault, "submit_cap", id, CAP, sender=OWNER)
        assert reason == "Vault: the market lends another token"


def test_at_most_eight_markets() -> None:
    pots = VaultPots(markets=9, caps=0)
    for id in pots.ids[:8]:
        pots.raise_cap(id, CAP)
    assert refused(pots.raise_cap, pots.ids[8], CAP) == "Vault: too many markets"
    pots.deposit(LENDER, 8 * CAP)
    assert pots.vault("totalAssets") == 8 * CAP
    assert pots.redeem(LENDER, pots.shares(LENDER)) == 8 * CAP


def test_a_queue_names_a_market_once(pots: VaultPots) -> None:
    first, second, third = pots.ids
    for name in ("set_supply_queue", "set_withdraw_queue"):
        reason = refused(pots.vault, name, [first, second, first], sender=OWNER)
        assert reason == "Vault: a market twice in a queue"
    reason = refused(pots.vault, "set_withdraw_queue", [first, second, third, bytes(32)], sender=OWNER)
    assert reason == "Vault: not one of its markets"
    pots.vault("lower_cap", first, 0, sender=OWNER)
    reason = refused(pots.vault, "set_supply_queue", [first], sender=OWNER)
    assert reason == "Vault: a market without a cap"


def test_a_market_leaves_when_nothing_is_left_in_it(pots: VaultPots) -> None:
    first, second, third = pots.ids
    pots.deposit(LENDER, 10 * USD)
    reason = refused(pots.vault, "set_withdraw_queue", [second, third], sender=OWNER)
    assert reason == "Vault: a market with a cap stays"
    pots.vault("lower_cap", first, 0, sender=OWNER)
    reason = refused(pots.vault, "set_withdraw_queue", [second, third], sender=OWNER)
    assert reason == "Vault: it still holds assets"
    pots.vault("reallocate", [(first, 0), (second, 10 * USD)], sender=OWNER)
    pots.vault("submit_cap", first, CAP, sender=OWNER)
    pots.vault("set_withdraw_queue", [second, third], sender=OWNER)
    pots.machine.wait(TIMELOCK)
    assert refused(pots.vault, "accept_cap", first) == "Vault: nothing is pending"
    pots.raise_cap(first, CAP)
    assert pots.vault("queues") == ((second, third, first), (second, third, first))
    assert pots.vault("totalAssets") == 10 * USD


def test_a_market_lost_as_a_whole_can_leave(pots: VaultPots) -> None:
    pots.deposit(LENDER, 1_000 * USD)
    pots.borrow(0, 1_000 * USD)
    assert pots.lose(0, 0) == 1_000 * USD - 1 == 1_000 * USD - pots.vault("totalAssets")
    first, second, third = pots.ids
    pots.vault("lower_cap", first, 0, sender=OWNER)
    pots.vault("reallocate", [(first, 0)], sender=OWNER)
    pots.vault("set_withdraw_queue", [second, third], sender=OWNER)
    assert pots.vault("held", first) == 0
    assert pots.vault("totalAssets") == 1


YES = "@external\n@view\ndef decimals() -> uint8:\n    return 6\n"
NO = "@external\ndef approve(spender: address, amount: uint256) -> bool:\n    return False\n"


@pytest.mark.parametrize(
    ("owner", "timelock", "reason"),
    [
        (ZERO, 0, "Vault: no owner"),
        (OWNER, 30 * 86_400 + 1, "Vault: the timelock is at most 30 days"),
        (OWNER, 30 * 86_400, "Vault: approval refused"),
    ],
)
def test_deployment_is_checked(owner: str, timelock: int, reason: str) -> None:
    with boa.env.anchor():
        token = str(boa.loads(YES + NO).address)
        creation = artifact("Vault").creation((OTHER, token, "Vault", "V", owner, timelock))
        with pytest.raises(Revert, match=reason):
            boa.env.deploy_code(bytecode=bytes.fromhex(creation[2:]))


def test_what_is_deployed(pots: VaultPots) -> None:
    vault = pots.vault
    assert vault("owner").lower() == OWNER
    assert vault("TIMELOCK") == TIMELOCK
    assert vault("name") == "Vault of dollars"
    assert vault("symbol") == "vTUSD"
    assert vault("CREDIT").lower() == pots.credit.address
