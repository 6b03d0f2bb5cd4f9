"""What Batch calls, and what it refuses to call: no selector gives it what somebody lent it by mistake."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boa
import pytest

from contracts.worlds.credit_pots import ETHER, MAX, USD
from contracts.worlds.leverage_pots import (
    Call,
    LeveragePots,
    deploy_leverage,
    execute,
    lend,
    on,
    raw,
)
from contracts.worlds.pots import deploy, deploy_mock, now, wait
from surge.chain.network.artifacts import artifact

OTHERS_ACCOUNT = "Batch: on behalf of another account"
UNKNOWN = "Batch: no function of a token, vault, pair or router that it may call"
NOT_OF_CREDIT = "Batch: this function of Credit is not for it"
REASONS = {
    "approve(address,uint256)": "Batch: an allowance is given in spends",
    "transferFrom(address,address,uint256)": "Batch: it pulls no tokens from others",
}
REFUSED = [
    *REASONS,
    # ERC-20 and its wider kin: 223, 777, 1363, 2612, the oldest tokens' and those of makers of their own
    "transfer(address,uint256,bytes)",
    "transferAndCall(address,uint256)",
    "transferAndCall(address,uint256,bytes)",
    "transferFromAndCall(address,address,uint256)",
    "transferFromAndCall(address,address,uint256,bytes)",
    "approveAndCall(address,uint256)",
    "approveAndCall(address,uint256,bytes)",
    "increaseAllowance(address,uint256)",
    "increaseApproval(address,uint256)",
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "burnFrom(address,uint256)",
    "burn_from(address,uint256)",
    "burn(uint256)",
    "burn(address,uint256)",
    "mint(address,uint256)",
    "move(address,address,uint256)",
    "push(address,uint256)",
    "pull(address,uint256)",
    "send(address,uint256,bytes)",
    "operatorSend(address,address,uint256,bytes,bytes)",
    "operatorBurn(address,uint256,bytes,bytes)",
    "authorizeOperator(address)",
    "operatorTransferByPartition(bytes32,address,address,uint256,bytes,bytes)",
    "transferShares(address,uint256)",
    "transferSharesFrom(address,address,uint256)",
    # ERC-721, 1155, 6909
    "safeTransferFrom(address,address,uint256)",
    "safeTransferFrom(address,address,uint256,bytes)",
    "safeTransferFrom(address,address,uint256,uint256,bytes)",
    "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
    "setApprovalForAll(address,bool)",
    "transferFrom(address,address,uint256,uint256)",
    "setOperator(address,bool)",
    # Permit2
    "transferFrom(address,address,uint160,address)",
    "transferFrom((address,address,uint160,address)[])",
    "approve(address,address,uint160,uint48)",
    # Vaults with a bound on the loss, requests of ERC-7540, wrapped coins, lending markets
    "redeem(uint256,address,address,uint256)",
    "redeem(uint256,address,address,uint256,address[])",
    "withdraw(uint256,address,address,uint256)",
    "withdraw(uint256,address,address,uint256,address[])",
    "requestRedeem(uint256,address,address)",
    "requestDeposit(uint256,address,address)",
    "deposit(uint256,address,address)",
    "withdraw(address,address,uint256)",
    "withdraw(uint256)",
    "deposit()",
    "supply(address,uint256,address,uint16)",
    "borrow(address,uint256,uint256,uint16,address)",
    # A router with a permit, forwarders and multicalls
    "removeLiquidityWithPermit(address,address,uint256,uint256,uint256,address,uint256,bool,uint8,bytes32,bytes32)",
    "multicall(bytes[])",
    "execute(address,bytes)",
    "unknown()",
]
ALLOWED = {
    "Vault": {"transfer", "deposit", "mint", "withdraw", "redeem", "redeem_in_kind", "skim"},
    "Pair": {"transfer", "swap", "mint", "burn", "sync", "skim"},
    "Router": {
        "swapExactTokensForTokens",
        "swapTokensForExactTokens",
        "swapExactTokensForTokensSupportingFeeOnTransferTokens",
        "addLiquidity",
        "removeLiquidity",
    },
    "SurgeToken": {"transfer"},
    "TestDollar": {"transfer"},
    "TestToken": {"transfer"},
}


@dataclass
class Stage:
    pots: LeveragePots
    vault: Any
    token: Any
    """It gives the caller all that the victim has, by whatever selector, if the victim trusts who asks."""
    victim: str
    caller: str

    def run(self, *calls: Call, sweep: tuple[Any, ...] = ()) -> list[int]:
        return execute(self.pots, list(calls), [(token, 0) for token in sweep], self.caller)

    @property
    def batch(self) -> str:
        return str(self.pots.batch.address)

    def would_work(self, call: Call) -> None:
        """The call, made by Batch without its rules."""
        boa.env.raw_call(call.target.address, data=call.content, sender=self.batch)


@pytest.fixture(scope="module")
def deployed() -> Iterator[Stage]:
    with boa.env.anchor():
        pots = deploy_leverage()
        owner = str(boa.env.generate_address("owner"))
        vault = deploy("Vault", pots.pots.credit, pots.usd, "Vault of dollars", "vUSD", owner, 86_400)
        vault.submit_cap(pots.pots.id, 10**6 * USD, sender=owner)
        wait(86_400)
        vault.accept_cap(pots.pots.id)
        victim, caller = pots.trader("victim"), str(boa.env.generate_address("caller"))
        token = deploy_mock("ObligingToken")
        token.arm(victim, caller)
        token.give(victim, USD)
        yield Stage(pots, vault, token, victim, caller)


@pytest.fixture
def stage(deployed: Stage) -> Iterator[Stage]:
    with boa.env.anchor():
        yield deployed


# What it refuses


@pytest.mark.parametrize("signature", REFUSED)
def test_an_allowance_by_mistake_is_worth_nothing(stage: Stage, signature: str) -> None:
    """At the top and inside a callback; while Batch, without its rules, would take it all."""
    token, victim, caller = stage.token, stage.victim, stage.caller
    token.trust(stage.batch, sender=victim)
    call = Call(token, raw(signature, victim, caller, USD))
    for wrapped in (call, lend(stage.pots, USD, call)):
        with boa.reverts(REASONS.get(signature, UNKNOWN)):
            stage.run(wrapped)
    stage.would_work(call)
    assert [token.balanceOf(victim), token.balanceOf(caller)] == [0, USD]


def test_functions_of_this_project(stage: Stage) -> None:
    """Of all contracts that ship, these functions and no others; another deployment of Credit has none."""
    stage.token.trust(stage.batch, sender=stage.victim)
    names = ["Batch", "Credit", "Leverage", "Market", "Pair", "Registry", "Rewards", "Router", "Vault"]
    for name in [*names, "SurgeToken", "TestDollar", "TestToken", "Exchange", "OracleGuard", "PriceFeed"]:
        passed, words = set(), 12 * int(stage.batch, 16).to_bytes(32, "big")
        for function in artifact(name).functions.values():
            with boa.env.anchor(), suppress(boa.BoaError):
                stage.run(Call(stage.token, function.selector + words))
                passed.add(function.name)
        assert passed == ALLOWED.get(name, set()), name


def test_another_deployment_of_credit(stage: Stage) -> None:
    """Authorised there by mistake too: none of its functions can be called."""
    pots, victim, caller = stage.pots, stage.victim, stage.caller
    other, market = deploy("Credit", caller), pots.pots.market
    other.create_market(market)
    other.authorize(pots.batch, True, sender=victim)
    for token in (pots.usd, pots.eth):
        token.approve(other, MAX, sender=victim)
    other.supply(market, 100 * USD, 0, victim, b"", sender=victim)
    theft = on(other, "withdraw", market, USD, 0, victim, caller)
    for call in (theft, on(other, "withdraw", market, USD, 0, stage.batch, caller)):
        with boa.reverts(UNKNOWN):
            stage.run(call)
    stage.would_work(theft)
    assert pots.usd.balanceOf(caller) == USD


@pytest.mark.parametrize("name", ["withdraw", "redeem", "redeem_in_kind"])
def test_shares_of_others_stay_theirs(stage: Stage, name: str) -> None:
    """Also where the call is cut short, so that the target could read an owner that was not looked at."""
    pots, vault, victim, caller = stage.pots, stage.vault, stage.victim, stage.caller
    pots.usd.approve(vault, MAX, sender=victim)
    vault.deposit(100 * USD, victim, sender=victim)
    vault.approve(pots.batch, MAX, sender=victim)
    theft = on(vault, name, USD, caller, victim)
    for wrapped in (theft, lend(pots, USD, theft)):
        with boa.reverts(OTHERS_ACCOUNT):
            stage.run(wrapped)
    for length in (4, 68, 99):
        with boa.reverts("Batch: a call lacks arguments"):
            stage.run(Call(vault, theft.content[:length]))
    stage.would_work(theft)


def test_things_of_erc_721(stage: Stage) -> None:
    """Trusted with all of an account's things: `approve` means another thing there, but nothing is asked
    to approve that has no allowances."""
    nft, pots = deploy_mock("PlainNft"), stage.pots
    nft.mint(stage.victim, 7)
    nft.setApprovalForAll(pots.batch, True, sender=stage.victim)
    with boa.reverts():
        stage.run(Call(pots.pair, on(pots.pair, "sync").content, spends=((nft, 7),)))
    stage.would_work(Call(nft, raw("approve(address,uint256)", stage.caller, 7)))
    assert nft.getApproved(7) == stage.caller


# What it calls


def test_a_vault_from_both_sides(stage: Stage) -> None:
    pots, vault, batch = stage.pots, stage.vault, stage.batch
    spends = ((pots.usd, 40 * USD),)
    pots.usd.mint(batch, 100 * USD)
    stage.run(
        Call(vault, vault.deposit.prepare_calldata(40 * USD, batch), spends=spends),
        Call(vault, vault.mint.prepare_calldata(40 * 10**12, batch), spends=spends),
        on(vault, "withdraw", 10 * USD, batch, batch),
        on(vault, "redeem", 10 * 10**12, stage.caller, batch),
        on(vault, "redeem_in_kind", 10 * 10**12, batch, batch),
        on(vault, "transfer", stage.caller, 50 * 10**12),
    )
    assert (vault.balanceOf(stage.caller), vault.balanceOf(batch)) == (50 * 10**12, 0)
    assert pots.usd.balanceOf(stage.caller) == 10 * USD


def test_a_pair_without_a_router(stage: Stage) -> None:
    """Liquidity in and out, gifts and what is left over, a swap: whatever it holds is the caller's."""
    pots, pair, batch = stage.pots, stage.pots.pair, stage.batch
    pots.usd.mint(batch, 4_000 * USD)
    pots.eth.mint(batch, 2 * ETHER)
    stage.run(
        on(pots.usd, "transfer", pair, 2_000 * USD),
        on(pots.eth, "transfer", pair, ETHER),
        on(pair, "mint", batch),
        on(pots.usd, "transfer", pair, USD),
        on(pair, "skim", batch),
        sweep=(pair,),
    )
    liquidity = pair.balanceOf(stage.caller)
    assert liquidity > 0
    pair.transfer(batch, liquidity, sender=stage.caller)
    first = pair.token0() == pots.usd.address
    stage.run(
        on(pair, "transfer", pair, liquidity),
        on(pair, "burn", batch),
        on(pots.usd, "transfer", pair, 2_001 * USD),
        Call(pair, pair.swap.prepare_calldata(*((0, ETHER // 2) if first else (ETHER // 2, 0)), batch, b"")),
        on(pair, "sync"),
        sweep=(pots.usd, pots.eth),
    )
    assert 5 * ETHER // 2 - ETHER // 10**6 < pots.eth.balanceOf(stage.caller) < 5 * ETHER // 2
    pots.nothing_stays()


def test_a_router(stage: Stage) -> None:
    """Swaps and liquidity of what lies in Batch, to whomever."""
    pots, router, to, caller = stage.pots, stage.pots.router, stage.batch, stage.caller
    pots.usd.mint(to, 10_000 * USD)
    usd, eth = str(pots.usd.address), str(pots.eth.address)
    bought = (ETHER // 10, 1_000 * USD, pots.buying, to, now())

    def call(name: str, *arguments: Any, spends: tuple[tuple[Any, int], ...]) -> Call:
        return Call(router, getattr(router, name).prepare_calldata(*arguments), spends=spends)

    dollars = (pots.usd, 2_000 * USD)
    sold = (2_000 * USD, 0, pots.buying, to, now())
    stage.run(
        call("swapExactTokensForTokens", *sold, spends=(dollars,)),
        call("swapExactTokensForTokensSupportingFeeOnTransferTokens", *sold, spends=(dollars,)),
        call("swapTokensForExactTokens", *bought, spends=(dollars,)),
        call(
            "addLiquidity", usd, eth, 2_000 * USD, 2 * ETHER, 1, 1, to, now(),
            spends=(dollars, (pots.eth, 2 * ETHER)),
        ),
        sweep=(pots.pair,),
    )  # fmt: skip
    liquidity = pots.pair.balanceOf(caller)
    assert liquidity > 0
    pots.pair.transfer(to, liquidity, sender=caller)
    out = (usd, eth, liquidity, 1, 1, caller, now())
    stage.run(call("removeLiquidity", *out, spends=((pots.pair, liquidity),)), sweep=(pots.usd, pots.eth))
    assert pots.usd.balanceOf(caller) > 5_700 * USD
    assert pots.eth.balanceOf(caller) > 2 * ETHER
    pots.nothing_stays()


def test_credit_as_a_stranger(stage: Stage) -> None:
    pots, credit, market = stage.pots, stage.pots.pots.credit, stage.pots.pots.market
    pots.open(stage.victim, 20 * ETHER, margin=10 * ETHER)
    stage.run(
        on(credit, "accrue", market),
        on(credit, "poke", market, stage.victim),
        on(credit, "collect", market),
    )


def test_a_liquidation_with_a_least(stage: Stage) -> None:
    """The selector that carries the least of what is seized passes too; what it means is Credit's to say."""
    credit, market = stage.pots.pots.credit, stage.pots.pots.market
    words = "(address,address,address,address,uint256,uint256,uint256,uint256,uint256)"
    content = on(credit, "liquidate", market, stage.victim, 1, 0, b"").content
    signature = f"liquidate({words},address,uint256,uint256,bytes,uint256)"
    with pytest.raises(boa.BoaError) as refused:
        stage.run(Call(credit, raw(signature) + content[4:]))
    assert NOT_OF_CREDIT not in str(refused.value)
