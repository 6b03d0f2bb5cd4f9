"""A write of the desk: it can be looked at before it is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from surge.chain.node.sender import Call, Sent
from surge.desk.amounts import MAX, Amount
from surge.model.errors import BadInput, naming

if TYPE_CHECKING:
    from surge.chain.client import Chain

INSISTENT_GAS = 2_000_000
"""The limit of a transaction that is sent unasked: several times what the dearest operation takes."""

View = TypeVar("View")
Given = ParamSpec("Given")


@dataclass(frozen=True, slots=True)
class Done(Generic[View]):
    """What a write changed, or would change.

    gas: of all its transactions; before sending a simulation's, None if the node can't simulate.
    transaction: the hash of the last one, None while nothing is sent. also: what else it does, in words.
    impact: what a swap in it loses against the oracle's price, WAD; None where nothing is swapped.
    """

    before: View
    after: View
    gas: int | None
    transaction: bytes | None
    also: tuple[str, ...] = ()
    impact: int | None = None


@dataclass(frozen=True, slots=True)
class Plan(Generic[View]):
    """A write, made from the state of one moment: `calls` are sent in their order, the write itself last.

    look: at the same view after the last of them. notes: what it does besides, in words. impact: see `Done`.
    """

    before: View
    after: View
    calls: tuple[Call, ...]
    look: Callable[[Sent], View]
    notes: tuple[str, ...] = ()
    impact: int | None = None

    @property
    def also(self) -> tuple[str, ...]:
        return (*(call.what for call in self.calls[:-1]), *self.notes)


def foreseen(step: Callable[[View, int], View], view: View, assets: int, amount: Amount) -> View:
    """What `step` makes of a view. A `max` of nothing is refused, with the reason that there is, if any."""
    if assets or amount != MAX:
        return step(view, assets)
    step(view, 1)
    what = step.__name__.replace("_", " ")
    raise BadInput(
        f"`max` is 0 for {what} now; see what the account holds and owes (`surge credit position`)"
    )


class Operation(Generic[Given, View]):
    """Called, it sends, and returns what became of it; `.preview(…)` takes the same and sends nothing.

    Both raise BadInput (what is wrong, and what would work), Underfunded, Reverted and NoNetwork; then
    nothing was changed, but for an allowance that may have been given.
    """

    def __init__(self, chain: "Chain", name: str, plan: Callable[Given, Plan[View]]) -> None:
        self._chain, self._name, self._plan = chain, name, plan

    def __repr__(self) -> str:
        return f"<{self._name}(…) sends, {self._name}.preview(…) only looks>"

    def preview(self, *args: Given.args, **kwargs: Given.kwargs) -> Done[View]:
        """What it would change if it were sent now."""
        plan = self._plan(*args, **kwargs)
        return Done(plan.before, plan.after, self._chain.simulate(*plan.calls), None, plan.also, plan.impact)

    def insist(self, *args: Given.args, **kwargs: Given.kwargs) -> Done[View]:
        """Send without asking the node first. Raises Reverted, whose `gas` is lost, when it is refused."""
        return self._send(self._plan(*args, **kwargs), INSISTENT_GAS)

    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Done[View]:
        return self._send(self._plan(*args, **kwargs), None)

    def _send(self, plan: Plan[View], limit: int | None) -> Done[View]:
        sent = self._chain.send(*plan.calls, gas=limit)
        gas = sum(each.gas for each in sent)
        with naming(lambda: (f"0x{one.hash.hex()}" for one in sent)):
            after = plan.look(sent[-1])
        return Done(plan.before, after, gas, sent[-1].hash, plan.also, plan.impact)


class Actor(Protocol):
    """Anything that has operations: it acts on a chain."""

    @property
    def chain(self) -> "Chain": ...


class operation(Generic[Given, View]):  # noqa: N801 a decorator
    """Makes an `Operation` of a method that plans it."""

    def __init__(self, plan: Callable[Concatenate[Any, Given], Plan[View]]) -> None:
        self._plan = plan
        self.__doc__ = plan.__doc__

    def __get__(self, actor: Actor, _: Any = None) -> Operation[Given, View]:
        def plan(*args: Given.args, **kwargs: Given.kwargs) -> Plan[View]:
            return self._plan(actor, *args, **kwargs)

        made = Operation(actor.chain, self._plan.__name__, plan)
        made.__doc__ = self.__doc__
        return made
