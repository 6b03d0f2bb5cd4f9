"""The fee auction and the providers' rewards."""

from dataclasses import dataclass

from surge.chain.calls.money import Money
from surge.chain.network.connection import Connection
from surge.chain.node.sender import Sent
from surge.model.units import Address, MicroUsd, Seconds, Wei, show_surge


@dataclass(frozen=True, slots=True)
class Auction:
    """The pot on sale. pot in millionths of a dollar; started in chain seconds; start_price wei of SURGE
    per dollar; mint_cap wei of SURGE."""

    epoch: int
    pot: MicroUsd
    started: Seconds
    start_price: Wei
    mint_cap: Wei


@dataclass(frozen=True, slots=True)
class Sale:
    """An epoch whose pot was sold."""

    epoch: int
    bidder: Address
    pot: MicroUsd
    burned: Wei
    mintable: Wei
    transaction: bytes


@dataclass(frozen=True, slots=True)
class Reward:
    """Minted to a payee for the fees that a provider's work paid in an epoch."""

    provider: Address
    epoch: int
    amount: Wei
    transaction: bytes


class Rewards:
    """`chain.rewards`. All errors: Reverted with the contract's reason, Underfunded, NoNetwork."""

    def __init__(self, at: Connection, money: Money) -> None:
        self._at, self._money = at, money

    def epoch(self) -> int:
        """The epoch that payments count for now."""
        return int(self._at.read("Market", "epoch"))

    def pot(self) -> MicroUsd:
        """Fees and reservations that no auction has swept yet."""
        return MicroUsd(self._at.read("Market", "unswept"))

    def fees_of(self, epoch: int, provider: Address) -> MicroUsd:
        return MicroUsd(self._at.read("Market", "fees_of", epoch, provider))

    def next_auction(self) -> Seconds:
        """From when on `start_auction` may succeed, in chain seconds."""
        p = self._at.book.parameters
        last = int(self._at.read("Rewards", "last_period"))
        return Seconds(p.genesis + (last + 1) * p.epoch_seconds)

    def auction(self) -> Auction | None:
        """The running auction, or None."""
        epoch, pot, _, started, start_price, mint_cap = self._at.read("Rewards", "auction")
        if pot == 0:
            return None
        return Auction(epoch, MicroUsd(pot), Seconds(started), Wei(start_price), Wei(mint_cap))

    def price(self) -> Wei:
        """Wei of SURGE per dollar that the running auction asks now."""
        return Wei(self._at.read("Rewards", "price", block="pending"))

    def cost(self) -> Wei:
        """Wei of SURGE that a bid would burn now for the whole pot."""
        return Wei(self._at.read("Rewards", "cost", block="pending"))

    def start(self) -> Sent:
        """Put the fees so far on sale. Anybody may, once an epoch's time."""
        return self._at.do("starting the fee auction", "Rewards", "start_auction")

    def bid(self, epoch: int, most: Wei) -> Sent:
        """Buy the pot at the price of now, for at most `most` SURGE, which is burned."""
        self._money.allow_surge("Rewards", most)
        return self._at.do(f"bidding up to {show_surge(most)} SURGE", "Rewards", "bid", epoch, most)

    def claimable(self, provider: Address, epoch: int) -> Wei:
        """What `claim` would mint now."""
        return Wei(self._at.read("Rewards", "claimable", provider, epoch))

    def claim(self, provider: Address, epoch: int, most: Wei | None = None) -> Sent:
        """Mint a provider's reward for a sold epoch to its payee. Anybody may, once. most: what its gas may
        cost."""
        what = f"claiming the reward of epoch {epoch}"
        return self._at.do(what, "Rewards", "claim", provider, epoch, most=most)

    def unclaimed(self, provider: Address) -> list[tuple[int, Wei]]:
        """(epoch, amount) of every sold epoch in which something is left to claim."""
        epochs = [event.members["epoch"] for event in self._at.events("AuctionSettled")]
        amounts = self._at.read_many([("Rewards", "claimable", (provider, epoch)) for epoch in epochs])
        return [(epoch, Wei(amount)) for epoch, amount in zip(epochs, amounts, strict=True) if amount]

    def sales(self) -> list[Sale]:
        """Every sold epoch, oldest first."""
        return [
            Sale(
                event.members["epoch"],
                event.members["bidder"],
                MicroUsd(event.members["pot"]),
                Wei(event.members["burned"]),
                Wei(event.members["mintable"]),
                event.transaction,
            )
            for event in self._at.events("AuctionSettled")
        ]

    def sweeps(self) -> dict[int, tuple[int, int]]:
        """Of each epoch that an auction has ended: its payments are in blocks after the first number, up
        to the second."""
        spans, before = {}, 0
        for event in self._at.events("AuctionStarted"):
            spans[int(event.members["epoch"])] = (before, event.block)
            before = event.block
        return spans

    def of(self, provider: Address) -> list[Reward]:
        """Every reward that was claimed for a provider, oldest first."""
        return [
            Reward(provider, event.members["epoch"], Wei(event.members["amount"]), event.transaction)
            for event in self._at.events("RewardClaimed", provider=provider)
        ]
