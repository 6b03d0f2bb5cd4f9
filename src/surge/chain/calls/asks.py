"""Offers and stakes of providers."""

from surge.chain.calls.money import MoneyCalls
from surge.chain.node.sender import Sent
from surge.model.ask import Ask, Offer
from surge.model.units import Address, Wei, show_surge

PAGE = 100
"""Asks read in one call."""


class RegistryCalls(MoneyCalls):
    """Part of `Chain`. All errors: Reverted with the contract's reason, Underfunded, NoNetwork."""

    def offers(self) -> list[Offer]:
        """Every active ask as it is on the chain now, with the ticket of its newest AskPublished event."""
        self.index.update()
        tickets = {
            event.members["provider"]: event.members["ticket"]
            for event in self.index.newest_by_provider("AskPublished")
        }
        count = self._read("Registry", "providers_count")
        pages = self._read_many([("Registry", "asks", (start, PAGE)) for start in range(0, count, PAGE)])
        asks = [
            (provider, Ask.from_word(word))
            for providers, words in pages
            for provider, word in zip(_addresses(providers), words, strict=True)
        ]
        return [Offer(p, ask, tickets[p]) for p, ask in asks if ask.active and p in tickets]

    def ask_of(self, provider: Address) -> Ask:
        return Ask.from_word(self._read("Registry", "ask_of", provider))

    def stake_of(self, provider: Address) -> Wei:
        return Wei(self._read("Registry", "stake_of", provider))

    def payee_of(self, provider: Address) -> Address:
        """Who is paid when a lease of the provider settles."""
        return Address(self._read("Registry", "payee_of", provider))

    def stake(self, amount: Wei) -> Sent:
        """Lock SURGE as this account's stake."""
        self._approve_once("SurgeToken", "Registry", amount)
        return self._send(f"staking {show_surge(amount)} SURGE", "Registry", "stake", amount)

    def publish(self, ask: Ask, ticket: str) -> Sent:
        """Offer, or replace the offer. The chain keeps load, reputation, active and index itself."""
        return self._send("publishing the ask", "Registry", "publish", ask.word, ticket)

    def withdraw_ask(self) -> Sent:
        """Take no new leases. Open ones go on."""
        return self._send("withdrawing the ask", "Registry", "withdraw_ask")

    def unbond(self, amount: Wei) -> Sent:
        """Begin to unlock stake; it stays slashable until `claim_unbonded`."""
        return self._send(f"unbonding {show_surge(amount)} SURGE", "Registry", "unbond", amount)

    def claim_unbonded(self) -> Sent:
        """Take back what was unbonded, after the unbonding time."""
        return self._send("claiming unbonded stake", "Registry", "claim_unbonded")

    def set_payee(self, payee: Address) -> Sent:
        """From now on, pay this account's leases to `payee`."""
        return self._send(f"naming {payee} as payee", "Registry", "set_payee", payee)


def _addresses(values: "tuple[str, ...] | list[str]") -> list[Address]:
    return [Address(value) for value in values]
