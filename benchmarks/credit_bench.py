"""The chain, the tokens and the models that every protocol of the credit benchmark is measured with."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import vyper
from vyper.compiler import compile_code
from vyper.compiler.settings import Settings

from surge.chain.anvil.package import find_anvil
from surge.chain.network.artifacts import Artifact, parse_artifact
from surge.chain.node.rpc import Rpc
from surge.model.digest import keccak
from surge.model.errors import NoNetwork
from surge.model.signature import checksum
from surge.model.units import Address

HARDFORK = "prague"
GENESIS = 1_800_000_000
PRICE = 2_000 * 10**6 * 10**36 // 10**18
"""One collateral token of 18 decimals costs 2,000 loan tokens of 6."""
WEALTH = 10**30
_START_SECONDS = 30.0
_MOCKS = Path(__file__).parent / "credit_mocks"


def role(name: str) -> Address:
    """The address of a role: the same in every run, so that calldata is."""
    return Address(checksum(keccak(name.encode())[12:]))


DEPLOYER, LENDER, SECOND_LENDER = role("deployer"), role("lender"), role("second lender")
BORROWER, SECOND_BORROWER, LIQUIDATOR = role("borrower"), role("second borrower"), role("liquidator")
ROLES = (DEPLOYER, LENDER, SECOND_LENDER, BORROWER, SECOND_BORROWER, LIQUIDATOR)


@contextmanager
def chain(*options: str) -> Iterator["Bench"]:
    """A fresh anvil, stopped with the block; it mines, and its clock moves, only when it is told to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(find_anvil()), "--host", "127.0.0.1", "--port", str(port), "--hardfork", HARDFORK, "--quiet",
        "--accounts", "0", "--auto-impersonate", "--no-mining", "--timestamp", str(GENESIS), *options,
    ]  # fmt: skip
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    rpc = Rpc(f"http://127.0.0.1:{port}", timeout=60)
    try:
        _wait(program, rpc)
        for each in ROLES:
            rpc.call("anvil_setBalance", each, hex(10**21))
        yield Bench(rpc)
    finally:
        rpc.close()
        program.terminate()
        program.wait()


def _wait(program: "subprocess.Popen[bytes]", rpc: Rpc) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while program.poll() is None and time.monotonic() < deadline:
        try:
            rpc.call("eth_chainId")
        except NoNetwork:
            time.sleep(0.02)
        else:
            return
    raise SystemExit(f"anvil did not start (exit code {program.poll()}); is the port free?")


@dataclass
class Receipt:
    gas: int
    hash: str
    created: Address


@dataclass
class Bench:
    """Deploys and sends; each transaction is a block, `later` seconds after the one before."""

    rpc: Rpc

    def send(self, sender: Address, to: Address | None, content: str, later: int = 1) -> Receipt:
        latest = int(self.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        request = {"from": sender, "data": content, "gas": hex(16_000_000)}
        hash_ = self.rpc.call("eth_sendTransaction", {**request, "to": to} if to else request)
        self.rpc.call("evm_mine", latest + later)
        receipt = self.rpc.call("eth_getTransactionReceipt", hash_)
        if receipt["status"] != "0x1":
            trace = self.rpc.call("debug_traceTransaction", hash_, {"tracer": "callTracer"})
            reason = trace.get("revertReason", "no reason given")
            raise SystemExit(f"{content[:10]} at {to} reverted ({reason}): the figures would mean nothing")
        created = receipt["contractAddress"]
        return Receipt(int(receipt["gasUsed"], 16), hash_, Address(created) if created else to or DEPLOYER)

    def deploy(self, contract: Artifact, *arguments: Any) -> Address:
        made = self.send(DEPLOYER, None, contract.creation(arguments)).created
        return Address(checksum(bytes.fromhex(made[2:])))

    def ask(self, contract: Artifact, to: Address, function: str, *arguments: Any) -> Any:
        """A view's answer."""
        entry = contract.function(function, len(arguments))
        return entry.decode(self.rpc.call("eth_call", {"to": to, "data": entry.encode(arguments)}, "latest"))

    def do(self, sender: Address, contract: Artifact, to: Address, function: str, *arguments: Any) -> None:
        """A transaction that is not measured."""
        self.send(sender, to, contract.function(function, len(arguments)).encode(arguments))


@cache
def mock(name: str) -> Artifact:
    """A mock of this benchmark, compiled now."""
    source = (_MOCKS / f"{name}.vy").read_text()
    settings = Settings(evm_version=HARDFORK)
    compiled = compile_code(source, output_formats=["abi", "bytecode"], settings=settings)
    return parse_artifact(name, compiled)


@dataclass
class World:
    """What stands outside of the protocols, at the same addresses for each of them."""

    bench: Bench
    token: Artifact
    loan: Address
    collateral: Address
    oracle: Address
    irm: Address
    flash_borrower: Address

    @classmethod
    def make(cls, bench: Bench, token: Artifact) -> "World":
        loan, collateral = bench.deploy(token), bench.deploy(token)
        oracle = bench.deploy(mock("PriceMock"), loan, PRICE)
        irm, flash_borrower = bench.deploy(mock("RateMock")), bench.deploy(mock("FlashBorrower"))
        world = cls(bench, token, loan, collateral, oracle, irm, flash_borrower)
        for each in (*ROLES[1:], flash_borrower):
            for one in (loan, collateral):
                bench.do(DEPLOYER, token, one, "setBalance", each, WEALTH)
        return world

    def allow(self, spender: Address) -> None:
        """Whole allowances of everybody for a protocol."""
        for each in ROLES[1:]:
            for one in (self.loan, self.collateral):
                self.bench.do(each, self.token, one, "approve", spender, 2**256 - 1)
        self.bench.do(DEPLOYER, mock("FlashBorrower"), self.flash_borrower, "allow", self.loan, spender)

    def set_price(self, price: int) -> None:
        self.bench.do(DEPLOYER, mock("PriceMock"), self.oracle, "set_price", price)


def compiler() -> str:
    return f"vyper {vyper.__version__}"
