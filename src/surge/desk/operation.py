"""A write of the desk: it can be looked at before it is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from surge.chain.sender import Call

if TYPE_CHECKING:
    from surge.chain.client import Chain

View = TypeVar("View")
Given = ParamSpec("Given")


@dataclass(frozen=True, slots=True)
class Done(Generic[View]):
    """What a write changed, or would change.

    gas: of all its transactions; before sending a simulation's, None if the node can't simulate.
    transaction: the hash of the last one, None while nothing is sent. also: what else is sent, in words.
    """

    before: View
    after: View
    gas: int | None
    transaction: bytes | None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan(Generic[View]):
    """A write, made from the state of one moment: `calls` are sent in their order, the write itself last."""

    before: View
    after: View
    calls: tuple[Call, ...]


class Operation(Generic[Given, View]):
    """Called, it sends, and returns what became of it; `.preview(…)` takes the same and sends nothing.

    Both raise BadInput (what is wrong, and what would work), Underfunded, Reverted and NoNetwork; then
    nothing was changed, but for an allowance that may have been given.
    """

    def __init__(
        self, chain: "Chain", plan: Callable[Given, Plan[View]], look: Callable[[int], View]
    ) -> None:
        """look: at the state after a block."""
        self._chain, self._plan, self._look = chain, plan, look
        self.__doc__ = plan.__doc__

    def __repr__(self) -> str:
        return f"<{self._plan.__name__.strip('_')}: call it, or its .preview(), with the amount>"

    def preview(self, *args: Given.args, **kwargs: Given.kwargs) -> Done[View]:
        """What it would change if it were sent now."""
        plan = self._plan(*args, **kwargs)
        gas = self._chain.simulate(*plan.calls)
        return Done(plan.before, plan.after, gas, None, _also(plan))

    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Done[View]:
        plan = self._plan(*args, **kwargs)
        sent = self._chain.send(*plan.calls)
        gas = sum(each.gas for each in sent)
        return Done(plan.before, self._look(sent[-1].block), gas, sent[-1].hash, _also(plan))


def _also(plan: Plan[View]) -> tuple[str, ...]:
    return tuple(call.what for call in plan.calls[:-1])
