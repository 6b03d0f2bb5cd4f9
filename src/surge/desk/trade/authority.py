"""Who may act for an account in Credit."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from surge.desk.operation import Plan, operation
from surge.model.errors import BadInput
from surge.model.units import NOBODY, Address

if TYPE_CHECKING:
    from surge.chain.client import Chain

MEANS = (
    "whoever has this authority may borrow against your collateral, take it out and withdraw what you lend, "
    "in every market and to any address, until you revoke it"
)


@dataclass(frozen=True, slots=True)
class AuthorityView:
    """actor: the account or contract; known: its name in the address book, "" for a stranger."""

    owner: Address
    actor: Address
    known: str
    contract: bool
    allowed: bool


class Authority:
    """`desk.authority`."""

    def __init__(self, chain: "Chain") -> None:
        self.chain = chain

    def view(self, actor: Address) -> AuthorityView:
        """What `actor` may do for this account now. Raises BadInput on a network without a credit side."""
        me, listed = self.chain.address, self.chain.book.addresses if self.chain.credit.book else {}
        known = next((name for name, address in listed.items() if address == actor), "")
        code = self.chain.rpc.call("eth_getCode", actor, "latest")
        allowed = bool(self.chain.read("Credit", "is_authorized", me, actor))
        return AuthorityView(me, actor, known, code != "0x", allowed)

    @operation
    def authorize(self, actor: Address) -> Plan[AuthorityView]:
        """Let an account or a contract borrow, withdraw and take collateral out in this account's name."""
        if actor in (NOBODY, self.chain.address):
            raise BadInput(f"{actor} is {'nobody' if actor == NOBODY else 'yourself'}; name another account")
        if self.view(actor).known in ("Credit", "Batch"):
            raise BadInput(
                f"{actor} does what anybody tells it, so anybody could take what you have; name the account "
                "or contract that you trust"
            )
        return self._plan(actor, True)

    @operation
    def revoke(self, actor: Address) -> Plan[AuthorityView]:
        """Take it back; what this account has signed and nobody has sent yet is void too."""
        return self._plan(actor, False)

    def _plan(self, actor: Address, allowed: bool) -> Plan[AuthorityView]:
        view = self.view(actor)
        if view.allowed == allowed:
            who = view.known or actor
            raise BadInput(
                f"{who} may act for this account already; nothing was sent"
                if allowed
                else f"{who} may not act for this account, so there is nothing to take back"
            )
        call = self.chain.credit.authorising(actor, allowed)
        return Plan(view, replace(view, allowed=allowed), (call,), lambda _: self.view(actor))
