"""Any order of leveraged calls by several traders: A1: each moves its caller's position; nothing stays."""

from typing import Any

from eth_abi import encode
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.worlds.bare_evm import FAST, Bare
from contracts.worlds.leverage_world import ETHER, MAX, TRADERS, UNBOUND, USD, shared_world
from contracts.worlds.pots import UNSHRUNK
from surge.model.digest import keccak

CALL_TYPE = "(address,bytes,bytes32,(address,uint256)[])[]"
NAMES = ("Leverage: ", "Credit: ", "Router: ", "Pair: ", "Batch: ", "PlainToken: ")
ABUSES = ("borrow", "remove_collateral", "withdraw", "transferFrom", "redeem", "unwind")
who = st.integers(0, len(TRADERS) - 1)
thousandths = st.integers(1, 1_000)


class LeveragedTraders(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = shared_world()
        self.saved = self.world.machine.save()

    def teardown(self) -> None:
        self.world.machine.restore(self.saved)

    def does(self, trader: int, contract: Bare, message: bytes, what: str) -> bool:
        """A call of one trader, which may be refused, for a reason; the others have what they had."""
        world, account = self.world, TRADERS[trader]
        others = [each for each in TRADERS if each != account]
        before, own = [world.owned(each) for each in others], world.owned(account)
        refused = world.attempt(account, contract, message)
        assert [world.owned(each) for each in others] == before
        if refused is not None:
            assert refused.startswith(NAMES), f"{what}: {refused}"
            assert world.owned(account) == own
        event(f"{what}: {'done' if refused is None else refused}")
        return refused is None

    def leverage(self, trader: int, function: str, *arguments: Any) -> None:
        world = self.world
        self.does(trader, world.leverage, world.message("Leverage", function, *arguments), function)

    def path(self, short: bool, buying: bool) -> list[str]:
        """That buys or sells the market's collateral."""
        return self.world.buying if buying != short else self.world.buying[::-1]

    @rule(
        trader=who,
        short=st.booleans(),
        margin=st.integers(ETHER // 100, 40 * ETHER),
        more=st.integers(100, 2_600),
        in_loan=st.booleans(),
        limit=st.integers(900, 3_000),
    )
    def open(self, trader: int, short: bool, margin: int, more: int, in_loan: bool, limit: int) -> None:
        """A margin worth so much ether, in either token, and up to 2.6 times as much bought."""
        dollars = margin * 2_000 * USD // ETHER
        own, dear = (dollars, margin) if short else (margin, dollars)
        market = self.world.short if short else self.world.long
        margins = (0, dear) if in_loan else (own, 0)
        collateral = own + own * more // 1_000
        path = self.path(short, True)
        self.leverage(trader, "open", market, *margins, collateral, dear * limit // 1_000, path, UNBOUND)

    @rule(trader=who, short=st.booleans(), part=st.integers(-700, 300))
    def adjust(self, trader: int, short: bool, part: int) -> None:
        market = self.world.short if short else self.world.long
        change = self.world.position(short, TRADERS[trader])[2] * part // 1_000
        up = change > 0
        self.leverage(trader, "adjust", market, change, MAX if up else 0, self.path(short, up), UNBOUND)

    @rule(trader=who, short=st.booleans(), in_loan=st.booleans())
    def close(self, trader: int, short: bool, in_loan: bool) -> None:
        market = self.world.short if short else self.world.long
        self.leverage(trader, "close", market, in_loan, 0, self.path(short, False), UNBOUND)

    @rule(trader=who, margin=st.integers(ETHER // 10, 40 * ETHER), part=st.integers(20, 720))
    def carry(self, trader: int, margin: int, part: int) -> None:
        world, borrowed = self.world, margin * 2 * USD * part // ETHER
        self.leverage(trader, "carry", world.long, margin, borrowed, world.vault.address, 0, UNBOUND)

    @rule(trader=who, margin=st.integers(ETHER // 10, 40 * ETHER), part=st.integers(20, 820))
    def neutral(self, trader: int, margin: int, part: int) -> None:
        dollars = margin * 2_000 * USD // ETHER
        self.leverage(trader, "neutral", self.world.short, dollars, margin * part // 1_000, UNBOUND)

    @rule(
        trader=who,
        part=st.integers(0, 1_000),
        held=st.integers(0, 10**10),
        in_loan=st.booleans(),
        routed=st.booleans(),
    )
    def unwind(self, trader: int, part: int, held: int, in_loan: bool, routed: bool) -> None:
        world = self.world
        shares = world.vault("balanceOf", TRADERS[trader]) * part // 1_000
        path = self.path(False, False) if routed else []
        vault = world.vault.address
        self.leverage(trader, "unwind", world.long, vault, shares, held, in_loan, 0, path, UNBOUND)

    @rule(trader=st.integers(0, len(TRADERS) - 2), abuse=st.sampled_from(ABUSES), deep=st.booleans())
    def abuse_batch(self, trader: int, abuse: str, deep: bool) -> None:
        """Whoever trusts Batch by mistake loses nothing by it."""
        world, victim, thief = self.world, TRADERS[-1], TRADERS[trader]
        path = self.path(False, False)
        name, target, arguments = {
            "borrow": ("Credit", world.credit, (world.long, 100 * USD, 0, victim, thief)),
            "remove_collateral": ("Credit", world.credit, (world.long, 1, victim, thief)),
            "withdraw": ("Credit", world.credit, (world.long, 1, 0, victim, thief)),
            "transferFrom": ("TestToken", world.usd, (victim, thief, 1)),
            "redeem": ("Vault", world.vault, (1, thief, victim)),
            "unwind": (
                "Leverage",
                world.leverage,
                (world.long, world.vault.address, 1, 0, True, 0, path, UNBOUND),
            ),
        }[abuse]
        call = (target.address, world.message(name, abuse, *arguments), bytes(32), [])
        if deep:
            payload = encode([CALL_TYPE], [[call]])
            content = world.message("Credit", "flash_loan", world.usd.address, USD, payload)
            call = (world.credit.address, content, keccak(payload), [(world.usd.address, USD)])
        message = world.message("Batch", "execute", [call], [(world.usd.address, 0)], MAX)
        assert not self.does(trader, world.batch, message, f"abuse by {abuse}")

    @rule(usd=st.integers(1_500, 2_600))
    def price(self, usd: int) -> None:
        self.world.trade_to(usd)

    @rule(seconds=st.integers(1, 10**6))
    def pass_time(self, seconds: int) -> None:
        self.world.machine.wait(seconds)

    @rule(amount=thousandths)
    def vault_earns(self, amount: int) -> None:
        world = self.world
        if world.vault("totalSupply") > USD:
            world.usd("mint", world.vault.address, world.vault("totalSupply") * amount // 10_000)

    @invariant()
    def nothing_stays(self) -> None:
        world = self.world
        for contract in (world.leverage, world.batch):
            for token in world.tokens:
                assert token("balanceOf", contract.address) == 0
                for spender in (world.credit, world.router, world.vault):
                    assert token("allowance", contract.address, spender.address) == 0
            assert [world.position(market, contract.address) for market in (0, 1)] == [(0, 0, 0)] * 2

    @invariant()
    def credit_can_pay(self) -> None:
        """C1: what the markets do not lend is there, with all collateral."""
        world = self.world
        for token, lent, pledged in ((world.usd, 0, 1), (world.eth, 1, 0)):
            supplied, _, borrowed, _, _, _ = world.credit("market", world.ids[lent])
            assert supplied >= borrowed
            collateral = sum(world.position(pledged, each)[2] for each in TRADERS)
            assert token("balanceOf", world.credit.address) >= supplied - borrowed + collateral


TestLeveragedTraders = LeveragedTraders.TestCase
TestLeveragedTraders.settings = settings(
    phases=UNSHRUNK, max_examples=60 if FAST else 8, stateful_step_count=40, deadline=None
)
