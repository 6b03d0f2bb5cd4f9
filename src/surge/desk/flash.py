"""Flash loans: money that is lent for one transaction, for nothing, and must be back at its end."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from surge.chain.calls.batch import Inner, inner
from surge.chain.calls.exchange import SWAP_SECONDS, Pool
from surge.chain.calls.tokens import ERC20
from surge.chain.node.sender import Call
from surge.credit.exchange import Arbitrage, Reserves, amount_out, best_arbitrage, mid_price
from surge.credit.market import Token
from surge.desk.amounts import Amount, units
from surge.desk.operation import Plan, operation
from surge.model.errors import BadInput
from surge.model.units import Address, Seconds

if TYPE_CHECKING:
    from surge.chain.client import Chain


@dataclass(frozen=True, slots=True)
class FlashView:
    """Two pools of the same tokens, each as who pays with `paid` sees it, and what the account has of that.

    own: the exchange's pool; rival: that of its rival.
    """

    pool: str
    traded: Token
    paid: Token
    account: Address
    held: int
    own: Reserves
    rival: Reserves

    @property
    def prices(self) -> tuple[int, int]:
        """Of the exchange and of its rival: paid units for a whole traded token, before fees, down."""
        unit = 10**self.traded.decimals
        return mid_price(self.own) * unit // 10**36, mid_price(self.rival) * unit // 10**36


class Flash:
    """`desk.flash`. Needs a network with a second exchange, such as a local one."""

    def __init__(self, chain: "Chain") -> None:
        self.chain = chain

    def pools(self) -> list[str]:
        """Names of the pools that both exchanges have."""
        credit = self.chain.credit.book
        return [name for name in credit.pairs if name in credit.rival_pairs]

    def view(self, pool: str) -> FlashView:
        """How two pools are now: `view("ETH/TUSD")`."""
        return self._look(pool)[0]

    def profit(self, pool: str, amount: Amount = "max") -> tuple[int, Token]:
        """What an arbitrage of so much would bring now, in units of the token that is borrowed; below 0 it
        loses. Raises BadInput when `"max"` earns nothing."""
        view, own, rival = self._look(pool)
        _cheap, buying, selling = _ways(view, own, rival)
        return self._trip(view, buying, selling, amount).profit, view.paid

    @operation
    def arbitrage(self, pool: str, amount: Amount = "max", *, min_profit: Amount = 1) -> Plan[FlashView]:
        """Buy in the cheaper of two pools and sell in the dearer one, with money lent by Credit for the
        moment: `arbitrage("ETH/TUSD")`. It ends with at least `min_profit`, or as if it had never begun.

        amount: of the second token, to borrow; `"max"` is what earns the most, and is refused when nothing
        does; any other is sent to the contract to judge.
        """
        view, own, rival = self._look(pool)
        cheap, buying, selling = _ways(view, own, rival)
        own_cheap, dear = cheap is own, rival if cheap is own else own
        trip = self._trip(view, buying, selling, amount)
        call = self._call(view, cheap, dear, trip, units(min_profit, view.paid))
        bought, sold = buying.after(trip.paid), selling.after(trip.bought).reversed
        after = replace(
            view,
            held=view.held + trip.profit,
            own=bought if own_cheap else sold,
            rival=sold if own_cheap else bought,
        )
        note = (
            f"borrows {view.paid.show(trip.paid)}, buys {view.traded.show(trip.bought)}, sells it for "
            f"{view.paid.show(trip.received)}: {view.paid.show(trip.profit)} before gas"
        )
        return Plan(view, after, (call,), lambda _: self.view(pool), (note,))

    def _trip(self, view: FlashView, buying: Reserves, selling: Reserves, amount: Amount) -> Arbitrage:
        if amount != "max":
            paid = units(amount, view.paid)
            bought = amount_out(paid, buying.into, buying.out)
            return Arbitrage(paid, bought, amount_out(bought, selling.into, selling.out))
        best = best_arbitrage(buying, selling)
        if best is None:
            raise BadInput(
                f"the two pools of {view.pool} are too close: both fees leave nothing to earn; "
                "wait until their prices part"
            )
        return best

    def _call(self, view: FlashView, cheap: Pool, dear: Pool, trip: Arbitrage, least: int) -> Call:
        paid, traded = view.paid.address, view.traded.address
        wanted = max(trip.received, trip.paid + least)  # the pair refuses when that is more than it gives
        calls = [
            inner(ERC20, paid, "transfer", cheap.pair, trip.paid),
            _swap(cheap, traded, trip.bought, dear.pair),
            _swap(dear, paid, wanted, self.chain.book.addresses["Batch"]),
        ]
        loan = self.chain.batch.lent(paid, trip.paid, calls)
        deadline = Seconds(self.chain.now() + SWAP_SECONDS)
        what = (
            f"an arbitrage that pays {view.paid.show(trip.paid)} and brings {view.paid.show(trip.received)}"
        )
        return self.chain.batch.executing(what, [loan], [(paid, least)], deadline)

    def _look(self, pool: str) -> tuple[FlashView, Pool, Pool]:
        if pool not in self.pools():
            there = ", ".join(self.pools()) or "none"
            raise BadInput(f"there are no two pools of {pool!r} to trade between; there are: {there}")
        credit, chain = self.chain.credit.book, self.chain
        traded, paid = map(chain.tokens.named, pool.split("/"))
        own, rival = chain.exchange.pools([credit.pairs[pool], credit.rival_pairs[pool]])
        (held,) = chain.tokens.balances(chain.address, [paid])
        view = FlashView(
            pool, traded, paid, chain.address, held, own.selling(paid.address), rival.selling(paid.address)
        )
        return view, own, rival


def _ways(view: FlashView, own: Pool, rival: Pool) -> tuple[Pool, Reserves, Reserves]:
    """The cheaper pool, as who buys there sees it, and the dearer one, as who sells there does."""
    cheap, dear = (own, rival) if mid_price(view.own) <= mid_price(view.rival) else (rival, own)
    return cheap, cheap.selling(view.paid.address), dear.selling(view.traded.address)


def _swap(pool: Pool, out: Address, amount: int, to: Address) -> Inner:
    """A swap of a pair, for what was sent to it before."""
    amounts = (amount, 0) if out == pool.token0 else (0, amount)
    return inner("Pair", pool.pair, "swap", *amounts, to, b"")
