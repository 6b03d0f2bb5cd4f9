"""Gas of the compute contracts: whole transactions, as anvil's receipts tell it (Prague).

    python benchmarks/compute_gas.py        writes benchmarks/results/compute_gas.json

The shipped artefacts, PROVIDERS providers of 50, 100 and 200 slots in one class, a renter that has leased
before and that has given the Market its allowance once. A draw that falls on a candidate costs less, so an
opening is measured ROUNDS times: `gas` is the median, `most` the dearest. Whole lives are of leases that are
opened and closed in fours; the dearest are the first that a provider was ever paid for. SURGE_ANVIL names
another anvil than the pinned one.
"""

import json
import os
import platform
import statistics
import tempfile
from collections import Counter
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from coincurve import PrivateKey

from surge.chain.anvil.node import LocalChain
from surge.chain.deploy.compute import deploy
from surge.chain.network.artifacts import artifact
from surge.chain.network.book import LOCAL, AddressBook
from surge.chain.node.rpc import Rpc
from surge.model.ask import Ask
from surge.model.demand import Demand
from surge.model.lease import Lease, Terms
from surge.model.signature import address_of, parts, sign
from surge.model.typed import Domain
from surge.model.units import Address, LeaseId, MicroUsd, Seconds, Wei
from surge.model.voucher import Close, Voucher

RESULT = Path(__file__).parent / "results" / "compute_gas.json"
PROVIDERS = 12
ROUNDS = 15
SLOTS = (200, 100, 50)
ESCROW = MicroUsd(5_000_000)
DEMAND = Demand(cap_gfuel=2_000, cap_gib=50_000)
OPENED = "open_leases (4 at once), per lease"
CLOSED = "close_many (4 at once) with new vouchers, per lease"
LIFE = "a lease's whole life, opened and closed in fours"
TARGETS = {
    "open_lease (3 candidates, 2 draws)": 115_000,
    OPENED: 60_000,
    "settle, again in the epoch": 62_000,
    LIFE: 120_000,
}
DEPLOYER, RENTER, *PROVIDER_KEYS = (PrivateKey(bytes([n]) * 32) for n in range(1, PROVIDERS + 3))


@dataclass
class Bench:
    """One network, and what each operation took."""

    rpc: Rpc
    book: AddressBook
    gas: dict[str, list[int]] = field(default_factory=dict)

    def call(self, key: PrivateKey, contract: str, function: str, *arguments: Any, what: str = "") -> Any:
        """Send, and record the gas as `what`. Returns the receipt."""
        compiled = artifact("TestDollar" if contract == "Dollar" else contract)
        content = compiled.function(function, len(arguments)).encode(arguments)
        request = {"from": address_of(key), "to": self.book.addresses[contract], "data": content}
        hash_ = self.rpc.call("eth_sendTransaction", {**request, "gas": hex(10_000_000)})
        while (receipt := self.rpc.call("eth_getTransactionReceipt", hash_)) is None:
            self.rpc.call("evm_mine")
        if receipt["status"] != "0x1":
            raise SystemExit(f"{contract}.{function} reverted; the figures would mean nothing")
        if what:
            self.gas.setdefault(what, []).append(int(receipt["gasUsed"], 16))
        return receipt

    def prepare(self) -> None:
        """Funds and allowances, and the providers' stakes and asks."""
        self.rpc.call("anvil_autoImpersonateAccount", True)
        for key in (RENTER, *PROVIDER_KEYS):
            self.rpc.call("anvil_setBalance", address_of(key), hex(10**21))
        self.call(RENTER, "Dollar", "faucet", 10**11)
        self.call(RENTER, "Dollar", "approve", self.book.addresses["Market"], 2**256 - 1)
        for n, key in enumerate(PROVIDER_KEYS):
            slots = SLOTS[n % len(SLOTS)]
            stake = slots * LOCAL.stake_per_slot
            ask = Ask(price_gfuel=1_000 + n, price_gib=50_000, slots=slots, x=10 * n, energy=300)
            ticket = "a" * 200
            self.call(DEPLOYER, "SurgeToken", "transfer", address_of(key), stake)
            self.call(key, "SurgeToken", "approve", self.book.addresses["Registry"], stake)
            self.call(key, "Registry", "stake", stake, what="stake")
            self.call(key, "Registry", "publish", ask.word, ticket, what="publish, first")
            self.call(key, "Registry", "publish", replace(ask, x=1).word, ticket, what="publish, again")

    def leases_of(self, receipt: Any) -> list[Lease]:
        event = artifact("Market").event("LeaseOpened")
        found = [event.decode(log) for log in receipt["logs"] if log["topics"][0] == event.topic]
        return [
            Lease(
                LeaseId(m["lease"]),
                Terms(
                    Address(m["renter"]),
                    Address(m["provider"]),
                    m["slots"],
                    m["price_gfuel"],
                    m["price_gib"],
                    MicroUsd(m["escrow"]),
                    Seconds(m["expiry"]),
                ),
                MicroUsd(m["reservation"]),
                bytes.fromhex(receipt["transactionHash"][2:]),
            )
            for m in found
        ]

    def open(self, what: str = "") -> Lease:
        candidates = [address_of(key) for key in PROVIDER_KEYS[:3]]
        receipt = self.call(RENTER, "Market", "open_lease", DEMAND.word, ESCROW, candidates, what=what)
        return self.leases_of(receipt)[0]

    def key_of(self, lease: Lease) -> PrivateKey:
        return next(key for key in PROVIDER_KEYS if address_of(key) == lease.terms.provider)

    def signed(self, noun: Voucher | Close, key: PrivateKey) -> bytes:
        return sign(Domain(self.book.chain_id, self.book.addresses["Market"]).digest(noun.struct_hash), key)

    def settle(self, lease: Lease, sequence: int, amount: int, what: str) -> None:
        voucher = Voucher(lease.id, sequence, MicroUsd(amount), bytes([sequence]) * 32)
        raw = self.signed(voucher, RENTER)
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big")
        rest = (voucher.sequence, voucher.amount, voucher.root, raw[64], r, s)
        self.call(self.key_of(lease), "Market", "settle", lease.id, astuple(lease.terms), *rest, what=what)

    def close(self, lease: Lease, sequence: int, amount: int, what: str) -> None:
        """Sent by the renter, with both signatures."""
        voucher = Voucher(lease.id, sequence, MicroUsd(amount), bytes([sequence]) * 32)
        agreed = self.signed(Close(lease.id, sequence, voucher.amount), self.key_of(lease))
        rest = (sequence, amount, voucher.root, self.signed(voucher, RENTER), agreed)
        self.call(RENTER, "Market", "close", lease.id, astuple(lease.terms), *rest, what=what)

    def settle_many(self, leases: list[Lease], sequence: int, amount: int, what: str) -> None:
        calls = []
        for lease in leases:
            voucher = Voucher(lease.id, sequence, MicroUsd(amount), bytes([sequence]) * 32)
            terms, signed = astuple(lease.terms), parts(self.signed(voucher, RENTER))
            calls.append((lease.id, terms, sequence, amount, voucher.root, signed))
        self.call(DEPLOYER, "Market", "settle_many", calls, what=what)

    def close_many(self, leases: list[Lease], sequence: int, amount: int, what: str) -> None:
        """Sent by the renter, with both signatures."""
        calls = []
        for lease in sorted(leases, key=lambda each: each.terms.provider):
            voucher = Voucher(lease.id, sequence, MicroUsd(amount), bytes([sequence]) * 32)
            agreed = self.signed(Close(lease.id, sequence, voucher.amount), self.key_of(lease))
            both = parts(self.signed(voucher, RENTER)), parts(agreed)
            calls.append((lease.id, astuple(lease.terms), sequence, amount, voucher.root, *both))
        self.call(RENTER, "Market", "close_many", calls, what=what)

    def open_four(self, what: str) -> list[Lease]:
        candidates = [address_of(key) for key in PROVIDER_KEYS[:3]]
        return self.leases_of(
            self.call(RENTER, "Market", "open_leases", DEMAND.word, ESCROW, candidates, 4, what=what)
        )

    def measure_batches(self) -> None:
        """Whole lives: opened in fours, closed in fours with one voucher. Then what many at once cost."""
        for _ in range(ROUNDS):
            self.close_many(self.open_four("opened"), 1, 3_000_000, "closed")
        opened = [gas // 4 for gas in self.gas.pop("opened")]
        self.gas[CLOSED] = [gas // 4 for gas in self.gas.pop("closed")]
        self.gas[LIFE] = [sum(pair) for pair in zip(opened, self.gas[CLOSED], strict=True)]
        for count in (4, 32):
            leases = [lease for _ in range(count // 4) for lease in self.open_four("")]
            self.settle_many(leases, 1, 1_000_000, "settled")
            self.close_many(leases, 1, 1_000_000, "closed")
            for done, what in (("settled", "settle_many"), ("closed", "close_many at what is settled")):
                self.gas[f"{what} ({count} at once), per lease"] = [self.gas.pop(done)[0] // count]

    def measure(self) -> None:
        self.open("open_lease, the network's first")
        leases = [self.open("open_lease (3 candidates, 2 draws)") for _ in range(ROUNDS)]
        for _ in range(ROUNDS):
            leases += self.open_four("4 leases")
        self.gas[OPENED] = [g // 4 for g in self.gas.pop("4 leases")]

        # One payee: only providers of one and the same machine show what a settlement costs the second time.
        by_provider = Counter(each.terms.provider for each in leases)
        busiest = by_provider.most_common(1)[0][0]
        same = [each for each in leases if each.terms.provider == busiest]
        self.settle(same[0], 1, 1_000_000, "settle, first payment ever to the payee")
        self.settle(same[0], 2, 2_000_000, "settle, again in the epoch")
        self.settle(same[1], 1, 1_000_000, "settle, again in the epoch")
        self.close(same[0], 3, 3_000_000, "close with a new voucher, both signatures")
        self.settle(same[1], 2, 2_000_000, "settle, again in the epoch")
        settled = (2, 2_000_000, bytes(32), b"", b"")
        self.call(
            self.key_of(same[1]), "Market", "close", same[1].id, astuple(same[1].terms), *settled,
            what="close at what is settled, by the provider",
        )  # fmt: skip

        grown, paid, *rest = same[2:]
        self.call(RENTER, "Market", "top_up", grown.id, astuple(grown.terms), 1_000_000, what="top_up")
        self.measure_batches()
        self.rpc.call("evm_increaseTime", LOCAL.epoch_seconds)
        self.call(DEPLOYER, "Rewards", "start_auction")
        self.settle(paid, 1, 1_000_000, "settle, first payee of the epoch")
        self.rpc.call("evm_increaseTime", DEMAND.duration + LOCAL.grace_seconds)
        for lease in rest[:3]:
            self.call(RENTER, "Market", "reclaim", lease.id, astuple(lease.terms), what="reclaim")


def machine() -> dict[str, object]:
    return {"system": platform.system(), "cores": os.cpu_count(), "python": platform.python_version()}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        chain = LocalChain(Path(folder))
        url = chain.start()
        rpc = Rpc(url)
        try:
            chain.fund(address_of(DEPLOYER), Wei(10**21))
            book = deploy("gas", url, DEPLOYER, LOCAL, Path(folder) / "book.toml")
            bench = Bench(rpc, book)
            bench.prepare()
            bench.measure()
        finally:
            rpc.close()
            chain.stop()
    rows = [
        {
            "operation": what,
            "gas": round(statistics.median(gas)),
            "most": max(gas),
            "target": TARGETS.get(what),
        }
        for what, gas in bench.gas.items()
    ]
    RESULT.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=2) + "\n")
    for row in rows:
        target = row["target"]
        print(f"{row['operation']:50} {row['gas']:>8} {row['most']:>8} {target or '':>8}")
    missed = [row["operation"] for row in rows if row["target"] and row["gas"] > row["target"]]
    if missed:
        raise SystemExit(f"above its target: {', '.join(map(str, missed))}")


if __name__ == "__main__":
    main()
