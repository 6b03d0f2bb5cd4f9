"""A whole network on one machine: a chain, its contracts, providers as processes of their own, a bidder, and
a credit side with markets, pools and a keeper.

`surge up` and tests use the same class. What was there is resumed: chain, contracts, keys, stakes, leases.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from surge.chain.anvil.node import LocalChain
from surge.chain.anvil.programs import Program, list_programs, start_program, stop_program
from surge.chain.network.book import LOCAL, AddressBook, load_book, save_book
from surge.chain.node.rpc import Rpc
from surge.chain.wallet import Wallet, open_wallet
from surge.local.guard import dismiss, guard
from surge.model.errors import BadInput, Unavailable
from surge.model.units import Address, MicroUsd, Seconds, Wei, parse_usd, show_usd
from surge.store.home import HOME_VARIABLE, Home

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.local.clock import Leap
    from surge.local.price import PriceMove
    from surge.local.silence import Silence
    from surge.renter.executor import Executor

COINS = Wei(10_000 * 10**18)
"""Of the local chain's own coin, for gas."""
RENTER_DOLLARS = parse_usd("1000")
RENTER_TOKENS = {"ETH": "10", "BTC": "0.5", "SURGE": "10000"}
"""Whole test tokens of the renter, to lend or to borrow against."""
BIDDER_SURGE = Wei(1_000_000 * 10**18)
SLOTS = 2
READY_SECONDS = 120.0
PROGRESS_SECONDS = 10.0

Tell = Callable[[str], None]


class LocalNetwork:
    """With no `home` it lives in a temporary folder and is gone after `stop`.

    providers: how many to run; with 0 nothing is computed, but lent and borrowed. port: of the chain
    (default: the last one, or any free one).
    """

    def __init__(
        self,
        providers: int = 3,
        *,
        home: Home | Path | str | None = None,
        port: int | None = None,
        tell: Tell = lambda _: None,
    ) -> None:
        if not 0 <= providers <= 64:
            raise BadInput(f"{providers} providers can't run on one machine; ask for 0 to 64")
        self._temporary = None if home else tempfile.TemporaryDirectory(prefix="surge-")
        root = self._temporary.name if self._temporary else home
        self.home = root if isinstance(root, Home) else Home(Path(str(root)).absolute())
        self.providers = providers
        self._port = port
        self._next_word = 0.0
        self._tell = tell
        self._folder = self.home.network("local")
        self._chain = LocalChain(self.home.chain("local"))
        self._guardian: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._guardian = guard(self.home, self._temporary.name if self._temporary else None)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        return self._chain.running_url() is not None

    @property
    def book(self) -> AddressBook:
        return load_book(self.home.book("local"))

    def start(self) -> None:
        """Bring everything up and wait until every provider's ask is on the chain."""
        from surge.local.clock import settle_averages
        from surge.run.slots.cache import Cache

        path = self.home.book("local")
        if path.exists() and not load_book(path).local:
            raise BadInput(
                f"the address book {path} is of a network that `surge up` did not make; give its folder "
                "another name, and a local network has room"
            )
        self._tell("starting the chain")
        url = self._chain.start(self._port)
        if self.providers:
            Cache.open().interpreter(self._progress)  # after what can be refused at once
        book = self._deployed(url)
        chain = self._genesis_chain(book)
        try:
            self._fund_renter(chain)
            wallets = [self._fund_provider(chain, number) for number in range(1, self.providers + 1)]
            self._fund_keeper(chain)
            settle_averages(chain)
            programs = [self._start_keeper()]
            if self.providers:
                self._fund_bidder(chain)
                programs.append(self._start_bidder())
            programs += [self._start_provider(number) for number in range(1, self.providers + 1)]
            if wallets:
                self._await_asks(chain, {wallet.address for wallet in wallets}, programs)
        finally:
            chain.disconnect()

    def _progress(self, stage: str, elapsed: float, expected: float) -> None:
        if elapsed >= self._next_word:
            self._next_word = elapsed + PROGRESS_SECONDS
            self._tell(f"{stage}, {elapsed:.0f} of about {expected:.0f} s (once on this machine)")

    def stop(self) -> bool:
        """Stop all its processes, providers first, and keep the state. False when nothing ran."""
        with ThreadPoolExecutor() as together:
            folder = self._folder / "run"
            stopped = list(together.map(lambda program: stop_program(folder, program.name), self.programs()))
        stopped.append(self._chain.stop())
        if self._temporary is not None:
            self._temporary.cleanup()
        if self._guardian is not None:
            dismiss(self._guardian)
            self._guardian = None
        return any(stopped)

    def programs(self) -> list[Program]:
        """The providers, the bidder and the keeper, running or not."""
        return list_programs(self._folder / "run")

    def executor(self, max_workers: int | None = None, budget: str = "1.00", **options: Any) -> "Executor":
        """An Executor of this network's renter."""
        from surge.renter.access import Access
        from surge.renter.executor import Executor

        return Executor(max_workers, budget, access=Access(self.home, "local"), **options)

    def genesis_key(self) -> Wallet:
        """The throw-away account that deployed the network and holds what is left of the genesis supply."""
        return open_wallet(self._folder / "keys" / "genesis.json", throwaway=True)

    def provider_home(self, number: int) -> Path:
        return self._folder / "providers" / str(number)

    def advance(self, seconds: int) -> None:
        """Move the chain's clock on and mine a block. Warning: leases, stakes and auctions all see it."""
        rpc = Rpc(self.book.rpc_url)
        try:
            rpc.call("evm_increaseTime", max(0, seconds))
            rpc.call("evm_mine")
        finally:
            rpc.close()

    def move_clock(self, seconds: Seconds) -> "Leap":
        """Move the chain's clock on, with the oracles' second sources kept up; what is due by it."""
        from surge.local.clock import move_clock

        chain = self._genesis_chain(self.book)
        try:
            return move_clock(chain, seconds)
        finally:
            chain.disconnect()

    def set_silent(self, symbol: str, silent: bool) -> "Silence":
        """Freeze the price feed of a test token, or let it speak again."""
        from surge.local.silence import set_silent

        chain = self._genesis_chain(self.book)
        try:
            return set_silent(chain, symbol, silent)
        finally:
            chain.disconnect()

    def endow(self, address: Address, surge: Wei) -> None:
        """Give an account of this network coins for gas, and `surge` from the genesis account."""
        chain = self._genesis_chain(self.book)
        try:
            self._fund_coins(chain, address)
            if surge > 0:
                chain.money.send_surge(address, surge)
        finally:
            chain.disconnect()

    def set_price(self, symbol: str, usd: str) -> "PriceMove":
        """Set the price of a test token in dollars (`"1500"`): its feed says it at once, and the exchange's
        pools trade to it, as arbitrage would. The rival exchange is left behind. Warning: positions may be
        liquidated by the keeper."""
        from surge.local.price import move_price

        chain = self._genesis_chain(self.book)
        try:
            return move_price(chain, symbol, usd)
        finally:
            chain.disconnect()

    # The chain

    def _deployed(self, url: str) -> AddressBook:
        book = self._computing(url)
        if book.credit is None:  # a new network, or one of an older Surge
            from surge.local.credit import deploy_local_credit

            self._tell("deploying the credit side")
            deployer = self.genesis_key()
            self._chain.fund(deployer.address, COINS)
            book = deploy_local_credit(book, deployer.key, self.home.book("local"), tell=self._tell)
            self._chain.checkpoint()
        return book

    def _computing(self, url: str) -> AddressBook:
        """The address book, of a network that is deployed but for its credit side."""
        path = self.home.book("local")
        if path.exists():
            book = load_book(path)
            if book.rpc_url != url:
                book = book.at(url)
                save_book(book, path)
            return book
        from surge.chain.deploy.compute import deploy

        deployer = self.genesis_key()
        self._chain.fund(deployer.address, COINS)
        book = deploy("local", url, deployer.key, LOCAL, path, local=True, tell=self._tell)
        self._chain.checkpoint()  # the address book must not outlive the contracts
        return book

    def _genesis_chain(self, book: AddressBook) -> "Chain":
        from surge.chain.client import Chain

        return Chain(book, self.genesis_key().key, index=self.home.index("local"))

    def _fund_coins(self, chain: "Chain", address: Address) -> None:
        if chain.money.coins(address) < COINS // 2:
            self._chain.fund(address, COINS)

    def _fund_renter(self, chain: "Chain") -> None:
        renter = open_wallet(self.home.wallet, throwaway=True)
        self._fund_coins(chain, renter.address)
        missing = RENTER_DOLLARS - chain.money.usd(renter.address)
        if missing > RENTER_DOLLARS // 2:  # so that a resumed network is as it was
            self._tell(f"giving the renter {show_usd(missing)} test dollars")
            chain.money.faucet(MicroUsd(missing))
            chain.money.send_usd(renter.address, MicroUsd(missing))
        tokens = [chain.tokens.named(symbol) for symbol in RENTER_TOKENS]
        for token, held in zip(tokens, chain.tokens.balances(renter.address, tokens), strict=True):
            given = token.parse(RENTER_TOKENS[token.symbol])
            if held <= given // 2:
                if token.symbol != "SURGE":
                    chain.tokens.faucet(token, given - held)
                chain.tokens.transfer(token, renter.address, given - held)

    def _fund_provider(self, chain: "Chain", number: int) -> Wallet:
        wallet = open_wallet(self.provider_home(number) / "key.json", throwaway=True)
        self._fund_coins(chain, wallet.address)
        needed = SLOTS * chain.book.parameters.stake_per_slot
        held = chain.money.surge(wallet.address) + chain.asks.stake_of(wallet.address)
        if held < needed:
            chain.money.send_surge(wallet.address, Wei(needed - held))
        self._configure_provider(number)
        return wallet

    def _configure_provider(self, number: int) -> None:
        """Providers that share one machine don't measure it each: they differ in price, so that there is
        something to choose."""
        from surge.provider.config import ProviderConfig, save_config

        path = self.provider_home(number) / "config.toml"
        if not path.exists():
            price = MicroUsd(1 + number % 3)
            save_config(ProviderConfig(slots=SLOTS, memory_mib=1024, price_per_gfuel=show_usd(price)), path)

    def _fund_bidder(self, chain: "Chain") -> None:
        wallet = open_wallet(self._folder / "bidder" / "key.json", throwaway=True)
        self._fund_coins(chain, wallet.address)
        if chain.money.surge(wallet.address) < BIDDER_SURGE // 2:
            chain.money.send_surge(wallet.address, BIDDER_SURGE)

    def _fund_keeper(self, chain: "Chain") -> None:
        """Gas is all that it needs: what it repays, it borrows for the moment."""
        self._fund_coins(chain, open_wallet(self._keeper_key, throwaway=True).address)

    @property
    def _keeper_key(self) -> Path:
        return self._folder / "keeper" / "key.json"

    # Processes

    def _start(self, name: str, *command: str) -> Program:
        environment = {HOME_VARIABLE: str(self.home.root), "PYTHONUNBUFFERED": "1"}
        return start_program(self._folder / "run", name, [sys.executable, "-m", *command], environment)

    def _start_provider(self, number: int) -> Program:
        place = str(self.provider_home(number))
        return self._start(
            f"provider-{number}", "surge", "provide", "--place", place, "--network", "local", "--yes"
        )

    def _start_bidder(self) -> Program:
        return self._start_keeping("bidder", "bidder", self._folder / "bidder" / "key.json")

    def _start_keeper(self) -> Program:
        return self._start_keeping("keeper", "liquidator", self._keeper_key)

    def _start_keeping(self, name: str, keeper: str, wallet: Path) -> Program:
        return self._start(
            name, "surge.keeper.program", keeper, "--book", str(self.home.book("local")),
            "--wallet", str(wallet), "--local-chain", str(self._chain.folder), "--every", "0.5",
        )  # fmt: skip

    def _await_asks(self, chain: "Chain", wanted: set[Address], programs: list[Program]) -> None:
        self._tell("waiting for the providers' asks")
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if wanted <= {offer.provider for offer in chain.asks.offers()}:
                return
            for program in programs:
                if not program.running:
                    raise Unavailable(f"{program.name} ended: {program.last_lines()}; see {program.log}")
            time.sleep(0.1)
        raise Unavailable(
            f"not all providers published an ask within {READY_SECONDS:.0f} s; "
            f"see the logs in {self._folder / 'run'}"
        )
