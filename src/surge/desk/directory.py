"""Markets and vaults by the names that people give them."""

import re

from surge.chain.client import Chain
from surge.desk.market import Market
from surge.desk.vault import Vault
from surge.model.credit import MarketId, market_id
from surge.model.errors import BadInput
from surge.model.signature import read_address


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

    def market(self, id_: str | bytes) -> Market:
        """By name ("ETH/TUSD", as the address book has it), by id (0x…), or by the beginning of one."""
        if isinstance(id_, bytes):
            id_ = "0x" + id_.hex()
        listed = self._chain.credit.book.markets
        named = next((params for name, params in listed.items() if name.casefold() == id_.casefold()), None)
        if named:
            return Market(self._chain, market_id(named))
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
