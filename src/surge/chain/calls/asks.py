"""Offers and stakes of providers."""

from dataclasses import dataclass

from surge.chain.calls.money import Money
from surge.chain.network.connection import Connection
from surge.chain.node.sender import Sent
from surge.model.ask import Ask, Offer
from surge.model.units import Address, Seconds, Wei, show_surge

PAGE = 100
"""Asks read in one call."""


@dataclass(frozen=True, slots=True)
class Bond:
    """`bonded` backs slots; `unbonding` can be taken out from `release` on, in chain seconds."""

    bonded: Wei
    unbonding: Wei
    release: Seconds


class Asks:
    """`chain.asks`. All errors: Reverted with the contract's reason, Underfunded, NoNetwork."""

    def __init__(self, at: Connection, money: Money) -> None:
        self._at, self._money = at, money

    def offers(self) -> list[Offer]:
        """Every active ask as it is on the chain now, with the ticket of its newest AskPublished event."""
        self._at.index.update()
        tickets = {
            event.members["provider"]: event.members["ticket"]
            for event in self._at.index.newest_by_provider("AskPublished")
        }
        count = self._at.read("Registry", "providers_count")
        pages = self._at.read_many([("Registry", "asks", (start, PAGE)) for start in range(0, count, PAGE)])
        asks = [
            (provider, Ask.from_word(word))
            for providers, words in pages
            for provider, word in zip(_addresses(providers), words, strict=True)
        ]
        return [Offer(p, ask, tickets[p]) for p, ask in asks if ask.active and p in tickets]

    def of(self, provider: Address) -> Ask:
        return Ask.from_word(self._at.read("Registry", "ask_of", provider))

    def stake_of(self, provider: Address) -> Wei:
        return Wei(self._at.read("Registry", "stake_of", provider))

    def bond_of(self, provider: Address) -> Bond:
        """The whole stake, with what is on its way out."""
        bonded, unbonding, release = self._at.read("Registry", "stakes", provider)
        return Bond(Wei(bonded), Wei(unbonding), Seconds(release))

    def payee_of(self, provider: Address) -> Address:
        """Who is paid when a lease of the provider settles."""
        return Address(self._at.read("Registry", "payee_of", provider))

    def stake(self, amount: Wei) -> Sent:
        """Lock SURGE as this account's stake."""
        self._money.allow_surge("Registry", amount)
        return self._at.do(f"staking {show_surge(amount)} SURGE", "Registry", "stake", amount)

    def publish(self, ask: Ask, ticket: str) -> Sent:
        """Offer, or replace the offer. The chain keeps load, reputation, active and index itself."""
        return self._at.do("publishing the ask", "Registry", "publish", ask.word, ticket)

    def withdraw(self) -> Sent:
        """Take no new leases. Open ones go on."""
        return self._at.do("withdrawing the ask", "Registry", "withdraw_ask")

    def unbond(self, amount: Wei) -> Sent:
        """Begin to unlock stake; it stays slashable until `claim_unbonded`."""
        return self._at.do(f"unbonding {show_surge(amount)} SURGE", "Registry", "unbond", amount)

    def claim_unbonded(self) -> Sent:
        """Take back what was unbonded, after the unbonding time."""
        return self._at.do("claiming unbonded stake", "Registry", "claim_unbonded")

    def set_payee(self, payee: Address) -> Sent:
        """From now on, pay this account's leases to `payee`."""
        return self._at.do(f"naming {payee} as payee", "Registry", "set_payee", payee)


def _addresses(values: "tuple[str, ...] | list[str]") -> list[Address]:
    return [Address(value) for value in values]
