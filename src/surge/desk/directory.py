"""Markets and vaults by the names that people give them."""

import re
from collections.abc import Sequence

from surge.chain.calls.liquidations import RECENT_BLOCKS
from surge.chain.client import Chain
from surge.chain.network.artifacts import artifact
from surge.chain.node.logs import newest_logs
from surge.desk.market import Market
from surge.desk.vault import Vault
from surge.model.credit import MarketId, market_id
from surge.model.errors import BadInput
from surge.model.signature import read_address
from surge.model.units import Address


class Directory:
    """Of the network's address book, and of what anybody else created. looking: there is no account."""

    def __init__(self, chain: Chain, *, looking: bool) -> None:
        self._chain, self._looking = chain, looking

    def markets(self, *, everybody: bool = False) -> list[Market]:
        """Those of the address book; with `everybody`, also what anybody else created. Look at the oracle and
        rate model of such a market before you use it."""
        known = [market_id(params) for params in self._chain.credit.book.markets.values()]
        if everybody:
            known += [id_ for id_ in self._chain.credit.created_markets() if id_ not in known]
        return [Market(self._chain, id_) for id_ in known]

    def outside(self) -> list[Market]:
        """Markets that aren't in the address book, the newest first, of the last RECENT_BLOCKS blocks."""
        return self._told("MarketCreated")

    def outside_of(self, account: Address) -> list[Market]:
        """Those of them into which somebody paid for this account lately."""
        return self._told("Supplied", "CollateralAdded", topics=[None, "0x" + account[2:].lower().zfill(64)])

    def _told(self, *names: str, topics: Sequence[str | None] = ()) -> list[Market]:
        """The markets outside the book that Credit's newest events of these names are about."""
        chain, kinds = self._chain, [artifact("Credit").event(name).topic for name in names]
        wanted = {"address": chain.book.addresses["Credit"], "topics": [kinds, *topics]}
        head, known = chain.block_number(), {market_id(one) for one in chain.credit.book.markets.values()}
        logs = newest_logs(chain.rpc, wanted, max(chain.book.block, head - RECENT_BLOCKS), head)
        ids = dict.fromkeys(MarketId(bytes.fromhex(log["topics"][1][2:])) for log in logs)
        return [Market(chain, id_) for id_ in ids if id_ not in known]

    def market(self, id_: str | bytes) -> Market:
        """By name ("ETH/TUSD", as the address book has it, or "ETH/TUSD 0x…" of a market that it doesn't
        have), by id (0x…), or by the beginning of one."""
        if isinstance(id_, bytes):
            id_ = "0x" + id_.hex()
        listed = self._chain.credit.book.markets
        named = next((params for name, params in listed.items() if name.casefold() == id_.casefold()), None)
        if named:
            return Market(self._chain, market_id(named))
        pair, _, short = id_.rpartition(" 0x")
        if pair:
            market = self.market(f"0x{short}")
            if (own := self._chain.credit.pair_name(market.params)) != pair:
                raise BadInput(f"the market 0x{short} is {own}, not {pair}; name it as it is shown")
            return market
        if not re.fullmatch(r"0x[0-9a-fA-F]{1,64}", id_):
            there = ", ".join(listed) or "none by name yet"
            raise BadInput(
                f"there is no market {id_!r}; there are {there}; or give an id that begins with 0x"
            )
        if len(id_) == 66:
            market = Market(self._chain, MarketId(bytes.fromhex(id_[2:])))
            self._chain.credit.market_params([market.id])
            return market
        found = [one for one in self.markets(everybody=True) if ("0x" + one.id.hex()).startswith(id_.lower())]
        if len(found) != 1:
            many = f"{len(found)} markets begin" if found else "no market begins"
            raise BadInput(f"{many} with {id_}; give more of the id (`surge credit market NAME` shows it)")
        return found[0]

    def vaults(self) -> list[Vault]:
        """The vaults of the address book."""
        return [self.vault(name) for name in self._chain.credit.book.vaults]

    def vault(self, name: str) -> Vault:
        """By its name in the address book, or by its address."""
        listed = self._chain.credit.book.vaults
        address = listed.get(name, read_address(name, "vault") if name.startswith("0x") else None)
        if address is None:
            there = f"the address book has {', '.join(listed) or 'none'}"
            raise BadInput(f"there is no vault {name!r}; {there}, or give its address")
        return Vault(self._chain, name, address, looking=self._looking)
