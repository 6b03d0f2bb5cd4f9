"""Somebody who uses a vault, Credit and a pair in one transaction, with what flash loans lend."""

from typing import Any

from contracts.worlds.bare_evm import Bare, mock, shipped
from contracts.worlds.vault_pots import MAX, OWNER, SCALE, ZERO, VaultPots
from surge.chain.deploy.blueprint import blueprint_creation
from surge.credit.shares import to_assets_down


class Scheme:
    """A contract without funds that makes a list of calls: `step(target, "name", *arguments)`, then `run()`.

    The callback of a loan goes on with the list, up to `end()`.
    """

    def __init__(self, pots: VaultPots):
        self.pots = pots
        self.contract = mock("Scripted").deploy(pots.machine)
        self.address = self.contract.address

    def step(self, target: Any, name: str, *arguments: Any) -> None:
        self.contract("add", target.address, target.message(name, *arguments))

    def end(self) -> None:
        self.contract("add", ZERO, b"")

    def run(self) -> None:
        self.contract("run")

    def answer(self, number: int) -> int:
        """Of a step, from the last `run`: nested calls answer before those around them."""
        return int(self.contract("answers", number))

    def approve(self) -> None:
        """Credit and the vault may take of everything."""
        for token in (self.pots.asset, self.pots.vault):
            for spender in (self.pots.credit, self.pots.vault):
                self.step(token, "approve", spender.address, MAX)

    def borrow(self, token: Any, amount: int) -> None:
        """From Credit, in a flash."""
        self.step(self.pots.credit, "flash_loan", token.address, amount, b"")

    def deposit(self, assets: int) -> None:
        self.step(self.pots.vault, "deposit", assets, self.address)

    def mint(self, shares: int) -> None:
        self.step(self.pots.vault, "mint", shares, self.address)

    def leave(self, name: str, amount: int) -> None:
        self.step(self.pots.vault, name, amount, self.address, self.address)

    def liquidate(self, number: int, borrower: str) -> None:
        self.step(self.pots.credit, "liquidate", self.pots.market(number), borrower, MAX, 0, b"")

    @property
    def wealth(self) -> int:
        """Assets, supply in the markets and shares of the vault; not what was seized."""
        pots = self.pots
        found = pots.balance(self.address) + int(pots.vault("convertToAssets", pots.shares(self.address)))
        for number, id in enumerate(pots.ids):
            supplied, shares, _borrowed, _debt, reserve, _updated = pots.credit(
                "accrued", pots.market(number)
            )
            held = pots.credit("position", id, self.address)[0]
            found += to_assets_down(held, supplied - reserve, shares)
        return found


def pledge(pots: VaultPots, account: str, shares: int) -> None:
    """Of the vault, as collateral in a market of Credit: there they are for anybody, in a flash."""
    oracle = mock("SettableOracle").deploy(pots.machine, SCALE // 10**6)
    terms = pots.market(0)
    params = (terms[0], pots.vault.address, oracle.address, *terms[3:])
    pots.credit("create_market", params)
    pots.vault("approve", pots.credit.address, MAX, sender=account)
    pots.credit("add_collateral", params, shares, account, b"", sender=account)


def open_pair(pots: VaultPots, account: str, shares: int, assets: int) -> Bare:
    """Of the vault's shares and its asset, with so much of both."""
    blueprint = pots.machine.deploy(blueprint_creation(shipped("Pair").bytecode), OWNER)
    exchange = shipped("Exchange").deploy(pots.machine, blueprint)
    exchange("createPair", pots.vault.address, pots.asset.address)
    address = exchange("allPairs", 0).to_bytes(20, "big").hex()
    pair = Bare(pots.machine, f"0x{address}", shipped("Pair"))
    pots.vault("transfer", pair.address, shares, sender=account)
    pots.asset("transfer", pair.address, assets, sender=account)
    pair("mint", account)
    return pair
