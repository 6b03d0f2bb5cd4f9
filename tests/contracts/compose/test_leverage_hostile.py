"""Tokens, vaults, oracles and rate models that a caller brings may be hostile: nobody else is touched.

The victim has authorised Leverage, has a position, and has given Leverage every allowance there is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boa
import pytest

from contracts.worlds.credit_pots import ETHER, MAX, USD, CreditPots
from contracts.worlds.leverage_pots import UNBOUND, LeveragePots, add_pair, deploy_leverage, refusal
from contracts.worlds.pots import deploy, deploy_mock, now
from surge.chain.network.artifacts import artifact
from surge.model.digest import keccak
from surge.model.units import Address

CALLS_BEFORE, CALLS_AFTER = 5, 6
ATTACKS = [
    "open",
    "adjust",
    "close",
    "carry",
    "unwind the victim's shares",
    "callback of a purchase",
    "callback of a payment",
    "borrow for the victim",
    "take the victim's collateral",
    "authorise for the victim",
    "pull the victim's tokens",
    "pull from Leverage",
]


@dataclass
class Stage:
    """A hostile market beside the honest one, and who plays there."""

    pots: LeveragePots
    market: CreditPots
    token: Any
    vault: Any
    irm: Any
    honest_vault: Any
    victim: str
    cheater: str
    accomplice: Any

    def attack(self, name: str) -> tuple[Any, bytes]:
        """A call that would harm the victim if it went through."""
        leverage, credit, victim = self.pots.leverage, self.pots.pots.credit, self.victim
        honest, path, thief = self.pots.pots.market, self.pots.buying, self.accomplice.address
        calls = {
            "open": (leverage, "open", (honest, 0, 0, ETHER, MAX, path, UNBOUND)),
            "adjust": (leverage, "adjust", (honest, -ETHER, 0, path[::-1], UNBOUND)),
            "close": (leverage, "close", (honest, True, 0, path[::-1], UNBOUND)),
            "carry": (leverage, "carry", (honest, 0, USD, self.vault, 0, UNBOUND)),
            "unwind the victim's shares": (
                leverage,
                "unwind",
                (honest, self.honest_vault, 1, 0, True, 0, path[::-1], UNBOUND),
            ),
            "callback of a purchase": (leverage, "on_surge_collateral", (ETHER, b"\x01" * 64)),
            "callback of a payment": (leverage, "on_surge_repay", (ETHER, b"\x01" * 64)),
            "borrow for the victim": (credit, "borrow", (honest, USD, 0, victim, thief)),
            "take the victim's collateral": (credit, "remove_collateral", (honest, 1, victim, thief)),
            "authorise for the victim": (
                credit,
                "authorize_with_signature",
                (victim, thief, True, 0, now(), 27, 1, 1),
            ),
            "pull the victim's tokens": (self.pots.usd, "transferFrom", (victim, thief, 1)),
            "pull from Leverage": (self.pots.usd, "transferFrom", (leverage.address, thief, 1)),
        }
        target, function, arguments = calls[name]
        written = getattr(target, function).prepare_calldata(*arguments)
        return self.accomplice, self.accomplice.attempt.prepare_calldata(target, written)

    def victim_has(self) -> tuple[Any, ...]:
        pots, account = self.pots, self.victim
        credit, tokens = pots.pots.credit, (pots.usd, pots.eth, self.honest_vault)
        return (
            pots.pots.position(account),
            [token.balanceOf(account) for token in tokens],
            [token.allowance(account, pots.leverage) for token in tokens],
            [
                credit.is_authorized(account, other)
                for other in (pots.leverage, self.accomplice, self.cheater)
            ],
            credit.nonces(account),
        )

    def was_refused(self) -> bool:
        """The attack was tried, and it failed for a reason."""
        return bool(refusal(self.accomplice))


@pytest.fixture(scope="module")
def deployed() -> Iterator[Stage]:
    with boa.env.anchor():
        yield deploy_stage()


@pytest.fixture
def stage(deployed: Stage) -> Iterator[Stage]:
    with boa.env.anchor():
        yield deployed


def deploy_stage() -> Stage:
    pots = deploy_leverage()
    credit, usd, leverage = pots.pots.credit, pots.usd, pots.leverage
    token, irm, accomplice = (
        deploy_mock("HostileToken"),
        deploy_mock("SettableIrm", 0),
        deploy_mock("ContractAccount"),
    )
    add_pair(pots.exchange, usd, 1_000_000 * USD, token, 500 * ETHER)
    market = pots.pots.create(collateral_token=Address(str(token.address)), irm=Address(str(irm.address)))
    market = replace(market, collateral=token, irm=irm)
    honest_vault, vault = deploy_mock("PlainVault", usd), deploy_mock("PlainVault", usd)
    victim, cheater, lender = pots.trader("victim"), pots.trader("cheater"), pots.pots.actor("lender")
    credit.supply(market.market, 1_000_000 * USD, 0, lender, b"", sender=lender)
    pots.open(victim, 20 * ETHER, margin=10 * ETHER)
    usd.approve(honest_vault, MAX, sender=victim)
    honest_vault.deposit(1_000 * USD, victim, sender=victim)
    for each in (honest_vault, vault):
        each.approve(leverage, MAX, sender=victim)
        each.approve(leverage, MAX, sender=cheater)
    token.mint(cheater, 100 * ETHER)
    token.approve(leverage, MAX, sender=cheater)
    # The accomplice may use Leverage as anybody may, and has what that takes.
    for what, amount in ((usd, 10**6 * USD), (pots.eth, 10**3 * ETHER)):
        what.mint(accomplice, amount)
        accomplice.run(what, what.approve.prepare_calldata(leverage, MAX))
    accomplice.run(credit, credit.authorize.prepare_calldata(leverage, True))
    return Stage(pots, market, token, vault, irm, honest_vault, victim, cheater, accomplice)


def in_margin(stage: Stage) -> None:
    path = [str(stage.pots.usd.address), str(stage.token.address)]
    args = (stage.market.market, ETHER, 0, 2 * ETHER, MAX, path, UNBOUND)
    stage.pots.leverage.open(*args, sender=stage.cheater)


def in_swap(stage: Stage) -> None:
    path = [str(stage.pots.usd.address), str(stage.token.address)]
    args = (stage.market.market, 0, 2_500 * USD, 2 * ETHER, MAX, path, UNBOUND)
    stage.pots.leverage.open(*args, sender=stage.cheater)


def in_payment(stage: Stage) -> None:
    path = [str(stage.token.address), str(stage.pots.usd.address)]
    stage.pots.leverage.close(stage.market.market, True, 0, path, UNBOUND, sender=stage.cheater)


def in_carry(stage: Stage) -> None:
    stage.pots.leverage.carry(
        stage.pots.pots.market, ETHER, 100 * USD, stage.vault, 0, UNBOUND, sender=stage.cheater
    )


def in_unwind(stage: Stage) -> None:
    args = (stage.pots.pots.market, stage.vault, 100 * USD, 0, False, 0, stage.pots.selling, UNBOUND)
    stage.pots.leverage.unwind(*args, sender=stage.cheater)


MOMENTS = {
    "token, paying margin": (in_margin, "token", ()),
    "token, in the swap of the callback": (in_swap, "token", ()),
    "token, leaving Credit in the callback": (in_payment, "token", (in_margin,)),
    "rate model, in the callback": (in_margin, "irm", ()),
    "vault, taking a deposit": (in_carry, "vault", ()),
    "vault, in the callback of a repayment": (in_unwind, "vault", (in_carry,)),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_from_inside_are_refused_at_every_moment(stage: Stage, name: str) -> None:
    before = stage.victim_has()
    for moment, (action, actor, preparation) in MOMENTS.items():
        with boa.env.anchor():
            for step in preparation:
                step(stage)
            boa.env.evm.patch.timestamp = now() + 1  # an accrual is due, or the rate model has no turn
            accomplice, call = stage.attack(name)
            if actor == "token":
                stage.token.arm(CALLS_BEFORE, accomplice, call)
            else:
                getattr(stage, actor).arm(accomplice, call)
            action(stage)
            assert stage.was_refused(), moment
            assert stage.victim_has() == before, moment
            stage.pots.nothing_stays()
            assert stage.token.balanceOf(stage.pots.leverage) == 0


def test_a_contract_that_the_victim_calls_acts_for_itself_only(stage: Stage) -> None:
    """The victim signs the transaction; who calls Leverage is what counts."""
    accomplice, honest_vault = stage.accomplice, stage.honest_vault
    accomplice.run(honest_vault, honest_vault.approve.prepare_calldata(stage.pots.leverage, MAX))
    honest_vault.deposit(USD, accomplice, sender=stage.victim)
    before = stage.victim_has()
    for name in ("open", "adjust", "close", "carry", "unwind the victim's shares"):
        with boa.env.anchor():
            target, call = stage.attack(name)
            boa.env.raw_call(target.address, sender=stage.victim, data=call)
            assert refusal(accomplice)
            assert stage.victim_has() == before
    # With a debt of its own it can unwind: its own shares, not the victim's.
    stage.pots.eth.mint(accomplice, 10 * ETHER)
    args = (stage.pots.pots.market, ETHER, 0, 2 * ETHER, MAX, stage.pots.buying, UNBOUND)
    accomplice.run(stage.pots.leverage, stage.pots.leverage.open.prepare_calldata(*args))
    target, call = stage.attack("unwind the victim's shares")
    boa.env.raw_call(target.address, sender=stage.victim, data=call)
    assert accomplice.succeeded()
    assert honest_vault.balanceOf(accomplice) == USD - 1
    assert stage.victim_has() == before


def test_a_caller_of_a_hostile_market_gets_its_position_or_nothing(stage: Stage) -> None:
    """Another account cannot use what lies in Leverage while a call is under way."""
    attack = stage.pots.leverage.open.prepare_calldata(
        stage.pots.pots.market, 0, 0, ETHER, MAX, stage.pots.buying, UNBOUND
    )
    for mode in (CALLS_BEFORE, CALLS_AFTER):
        with boa.env.anchor():
            accomplice = stage.accomplice
            stage.token.arm(
                mode, accomplice, accomplice.attempt.prepare_calldata(stage.pots.leverage, attack)
            )
            in_swap(stage)
            assert refusal(accomplice) == "Leverage: entered again inside a call"
            assert stage.market.position(stage.cheater).collateral == 2 * ETHER


def test_tokens_that_take_a_part_or_refuse(stage: Stage) -> None:
    in_margin(stage)
    for mode, reason in {
        1: "Token: balance too small",
        2: "Leverage: tokens not pulled",
        4: "Token: refused",
    }.items():
        stage.token.behave(mode)
        with boa.reverts(reason):
            in_margin(stage)


def test_tokens_that_keep_a_fee_are_refused(stage: Stage) -> None:
    pots, cheater = stage.pots, stage.cheater
    for token, reason in (
        (pots.usd, "Pair: too little was paid in for k"),
        (pots.eth, "PlainToken: not enough"),
    ):
        with boa.env.anchor():
            token.set_fee_bps(1)
            with boa.reverts(reason):
                pots.open(cheater, 2 * ETHER, margin=ETHER)


def test_tokens_that_answer_nothing_are_as_good(stage: Stage) -> None:
    silent, pots, cheater = deploy_mock("SilentToken"), stage.pots, stage.cheater
    add_pair(pots.exchange, pots.usd, 1_000_000 * USD, silent, 500 * ETHER)
    market = pots.pots.create(collateral_token=Address(str(silent.address)), min_debt=10 * USD + 1).market
    lender, credit = pots.pots.actor("lender"), pots.pots.credit
    credit.supply(market, 10**6 * USD, 0, lender, b"", sender=lender)
    silent.mint(cheater, ETHER)
    silent.approve(pots.leverage, MAX, sender=cheater)
    path = [str(pots.usd.address), str(silent.address)]
    pots.leverage.open(market, ETHER, 0, 3 * ETHER, MAX, path, UNBOUND, sender=cheater)
    left = pots.leverage.close(market, False, 0, path[::-1], UNBOUND, sender=cheater)
    assert silent.balanceOf(cheater) == left > 98 * ETHER // 100
    assert silent.balanceOf(pots.leverage) == 0


# Callbacks


def test_callbacks_of_strangers(stage: Stage) -> None:
    for name in ("on_surge_collateral", "on_surge_repay"):
        with boa.reverts("Leverage: only Credit calls back"):
            getattr(stage.pots.leverage, name)(1, b"\x01", sender=stage.cheater)


def test_callbacks_outside_a_call(stage: Stage) -> None:
    with boa.env.prank(stage.pots.pots.credit.address):
        for name in ("on_surge_collateral", "on_surge_repay"):
            with boa.reverts("Leverage: this callback is not due"):
                getattr(stage.pots.leverage, name)(1, b"", sender=stage.pots.pots.credit.address)


def test_even_credit_calls_back_once_and_with_the_payload_made(stage: Stage) -> None:
    lying = deploy_mock("LyingCredit")
    leverage = deploy("Leverage", lying, stage.pots.router)
    pots, cheater, refused = stage.pots, stage.cheater, "Leverage: this callback is not due"
    for token in (pots.usd, pots.eth):
        token.approve(leverage, MAX, sender=cheater)
        token.mint(lying, 10**6 * 10 ** token.decimals())
    market = pots.pots.market

    def open_() -> None:
        leverage.open(market, 0, 100_000 * USD, ETHER, MAX, pots.buying, UNBOUND, sender=cheater)

    def close() -> None:
        leverage.close(market, False, 0, pots.selling, UNBOUND, sender=cheater)

    for action in (open_, close):
        lying.lie(b"", False)
        with boa.env.anchor():
            action()
        for appended, again in ((b"\x00", False), (b"", True)):
            lying.lie(appended, again)
            with boa.reverts(refused):
                action()
    with boa.reverts(refused):
        lying.call_back(leverage, b"")


# What Leverage calls on addresses that a caller gives


def test_its_selectors_mean_nothing_to_credit_and_router() -> None:
    """A vault or token that is really Credit or the router is no way to use Leverage's authority there."""
    given = {
        "approve(address,uint256)",
        "transfer(address,uint256)",
        "transferFrom(address,address,uint256)",
        "allowance(address,address)",
        "deposit(uint256,address)",
        "redeem(uint256,address,address)",
        "price()",
        "borrow_rate_of(address,bytes32,uint256,uint256,uint256)",
    }
    for name in ("Credit", "Router"):
        known = {function.selector for function in artifact(name).functions.values()}
        assert known
        assert not known & {keccak(signature.encode())[:4] for signature in given}


def test_a_token_that_refuses_allowances_and_payments(stage: Stage) -> None:
    refusing, pots, cheater = deploy_mock("FickleToken"), stage.pots, stage.cheater
    add_pair(pots.exchange, refusing, 1_000_000 * USD, pots.eth, 500 * ETHER)
    market = pots.pots.create(loan_token=Address(str(refusing.address))).market
    lender, credit = pots.pots.actor("lender"), pots.pots.credit
    refusing.mint(lender, 10**6 * USD)
    refusing.approve(credit, MAX, sender=lender)
    credit.supply(market, 10**6 * USD, 0, lender, b"", sender=lender)
    path = [str(refusing.address), str(pots.eth.address)]
    pots.leverage.open(market, ETHER, 0, 2 * ETHER, MAX, path, UNBOUND, sender=cheater)
    for refuse, reason in (
        (lambda: refusing.refuse_allowances(pots.leverage), "Leverage: allowance not given"),
        (lambda: refusing.refuse_payments(cheater), "Leverage: tokens not handed out"),
    ):
        with boa.env.anchor():
            refuse()
            with boa.reverts(reason):
                pots.leverage.close(market, True, 0, path[::-1], UNBOUND, sender=cheater)
    pots.leverage.close(market, True, 0, path[::-1], UNBOUND, sender=cheater)
