"""A provider's last words: what it could still do on the chain, and what is at risk and until when."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from surge.chain.client import Chain
from surge.model.errors import SurgeError
from surge.model.units import MicroUsd, counted, show_usd
from surge.provider.aside import aside
from surge.provider.duty.redeemer import Redeemer
from surge.store.provider import ProviderStore

ANSWER_SECONDS = 2.5
"""For a first answer: whoever wants an end doesn't wait for a node that hangs."""
MINED_SECONDS = 20.0
"""For the last transactions, with a node that answers."""

Tell = Callable[[str], None]


async def take_leave(chain: Chain, store: ProviderStore, redeemer: Redeemer, tell: Tell) -> None:
    """Withdraw the ask and settle what is signed, if the chain answers."""
    waiting = store.unredeemed()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            offered = bool((await aside(chain.asks.of, chain.address)).active)
        async with asyncio.timeout(MINED_SECONDS):
            settling = [redeemer.redeem(lease.id) for lease, _ in waiting]
            withdrawing = [aside(chain.asks.withdraw)] if offered else []
            ended = await asyncio.gather(*withdrawing, *settling, return_exceptions=True)
        for failure in ended:
            if isinstance(failure, BaseException):
                raise failure
        resumed = "; open leases are resumed at the next start" if store.open_leases() else ""
        tell(f"the ask is withdrawn{resumed}")
    except (SurgeError, TimeoutError) as error:
        reason = str(error) or "the chain doesn't answer"
        tell(f"the ask is NOT withdrawn ({reason}): renters may still open leases, which nobody here serves")
    _tell_money(chain, store, sum(amount for _, amount in waiting), tell)


def _tell_money(chain: Chain, store: ProviderStore, before: int, tell: Tell) -> None:
    left = store.unredeemed()
    amount = sum(one for _, one in left)
    if before > amount:
        tell(f"settled {show_usd(before - amount)} USD that renters had signed")
    if left:
        until = min(lease.terms.expiry for lease, _ in left) + chain.book.parameters.grace_seconds
        last = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        tell(
            f"{show_usd(MicroUsd(amount))} USD of {counted(len(left), 'lease')} are signed and not redeemed; "
            f"start again before {last}, or what is due first is lost"
        )
