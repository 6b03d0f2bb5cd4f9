"""What a provider's owner decides, in a file that a person can read and edit: config.toml."""

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from surge.chain.network.book import AddressBook
from surge.model.ask import Ask
from surge.model.errors import BadInput, CorruptState
from surge.model.signature import is_address
from surge.model.units import BPS, Bps, Bytes, MicroUsd, Wei, counted, parse_surge, parse_usd
from surge.settle.gas import Scales
from surge.store.files import make_private

HEADER = """# What this machine offers. Edit it and start `surge provide` again.
# Prices are dollars as decimal strings; 1 Gfuel is about 0.1 s of one core, 1 GiB is moved data.
# Nothing runs outside the sandbox; strangers' code can hold slots x memory_mib, and files and results of
# its tasks 1 GiB a slot more. disk_mib is for renters' blobs, cache_mib for images and compiled modules.
# coin_price is dollars for one coin of the chain; empty: gas is not weighed. Vouchers are redeemed while gas
# takes at most gas_share of what they bring; shortly before it is too late, if they bring more than it takes.
"""


class ProviderConfig(BaseModel):
    """Units: prices in dollars, memory in MiB a slot, disk in MiB for all renters' blobs, cache in MiB for
    images, modules and native code, coordinates in 0.1 ms. gfuel_per_second: of one slot, as it was measured;
    it only tells what the machine could earn."""

    model_config = ConfigDict(extra="forbid")

    slots: int = Field(ge=1, le=1024)
    price_per_gfuel: str = "0.000002"
    price_per_gib: str = "0.01"
    memory_mib: int = Field(ge=64, le=1 << 20)
    wall_seconds: float = Field(default=600.0, gt=0)
    disk_mib: int = Field(default=4096, ge=512, le=1 << 24)
    cache_mib: int = Field(default=8192, ge=1024, le=1 << 24)
    credit: str = "0.05"
    redeem_at: str = "5.00"
    coin_price: str = ""
    gas_share: float = Field(default=0.1, gt=0, le=1)
    payee: str = ""
    stake: str = ""
    x: int = Field(default=0, ge=-(2**15), le=2**15 - 1)
    y: int = Field(default=0, ge=-(2**15), le=2**15 - 1)
    height: int = Field(default=0, ge=0, le=2**16 - 1)
    energy_mj_per_gfuel: int = Field(default=0, ge=0, le=2**16 - 1)
    accelerator: int = Field(default=0, ge=0, le=255)
    accelerator_gib: int = Field(default=0, ge=0, le=2**16 - 1)
    gfuel_per_second: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    @property
    def credit_limit(self) -> MicroUsd:
        return parse_usd(self.credit)

    @property
    def redeem_limit(self) -> MicroUsd:
        return parse_usd(self.redeem_at)

    @property
    def scales(self) -> Scales:
        """How gas is weighed."""
        price = parse_usd(self.coin_price) if self.coin_price else None
        return Scales(price, Fraction(str(self.gas_share)))

    @property
    def extra_stake(self) -> Wei:
        return parse_surge(self.stake) if self.stake else Wei(0)

    def earnings_up(self, seconds: int, fee: Bps, cores: int) -> MicroUsd:
        """The most that all slots can earn in this time, less the network's fee, at the measured speed of a
        core: more sandboxes than cores share them."""
        gfuel = min(self.slots, cores) * self.gfuel_per_second * seconds
        return MicroUsd(math.ceil(parse_usd(self.price_per_gfuel) * gfuel * (BPS - fee) / BPS))

    def require_room(self, memory: Bytes, path: Path) -> None:
        """Raises BadInput when the slots' sandboxes together are larger than the machine's memory."""
        most = memory // (self.memory_mib << 20)
        if self.slots <= most:
            return
        needed = self.slots * self.memory_mib
        cure = f"offer {most:,} at most" if most else "give each less (memory_mib)"
        raise BadInput(
            f"{path}: {counted(self.slots, 'sandbox')} of {self.memory_mib:,} MiB need {needed:,} MiB, and "
            f"this machine has {memory >> 20:,}; {cure}"
        )

    def require_leased(self, leased: int, path: Path) -> None:
        """Raises BadInput for fewer slots than renters hold now: the chain takes no such ask."""
        if self.slots < leased:
            raise BadInput(
                f"{path}: {counted(self.slots, 'slot')} would be fewer than the {leased:,} that are leased; "
                f"offer at least {leased:,} until those leases end"
            )

    def ask(self, runtime: int) -> Ask:
        """What is published; the chain fills in load, reputation and place."""
        return Ask(
            price_gfuel=parse_usd(self.price_per_gfuel),
            price_gib=parse_usd(self.price_per_gib),
            slots=self.slots,
            x=self.x,
            y=self.y,
            height=self.height,
            energy=self.energy_mj_per_gfuel,
            accelerator=self.accelerator,
            accelerator_memory=self.accelerator_gib,
            memory_tier=self.memory_mib.bit_length() - 1,
            runtime=runtime,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A provider's own folder."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    @property
    def key(self) -> Path:
        return self.root / "key.json"

    @property
    def endpoint_key(self) -> Path:
        return self.root / "endpoint.key"

    @property
    def lock(self) -> Path:
        """Held by the one process that provides from here."""
        return self.root / "lock"

    @property
    def served(self) -> bool:
        """Whether something is left of a provider that served from here."""
        return self.endpoint_key.exists() or any(self.root.glob("provider-*.db"))

    @property
    def index(self) -> Path:
        """The path of the database of the chain's events."""
        return self.root / "index.db"

    def database(self, book: AddressBook) -> Path:
        """One for each Market: a lease's number is its Market's own."""
        return self.root / f"provider-{book.chain_id}-{book.addresses['Market'][2:10]}.db"


def load_config(path: Path) -> ProviderConfig:
    """Raises CorruptState (no TOML) or BadInput (a value that can't be), naming the file and the field."""
    try:
        fields = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CorruptState(
            f"{path} is no TOML ({error}); correct it, or move it away to get a new one"
        ) from error
    return _checked(fields, path)


def _checked(fields: dict[str, Any], path: Path) -> ProviderConfig:
    try:
        config = ProviderConfig(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}: {where}: {first['msg']}; correct it and start again") from error
    for name in ("price_per_gfuel", "price_per_gib", "credit", "redeem_at"):
        _amount(parse_usd, getattr(config, name), f"{path}: {name}")
    if config.coin_price:
        _amount(parse_usd, config.coin_price, f"{path}: coin_price")
    if config.stake:
        _amount(parse_surge, config.stake, f"{path}: stake")
    if config.payee and not is_address(config.payee):
        raise BadInput(
            f"{path}: payee: {config.payee!r} is no address in EIP-55 form; correct it, or empty it"
        )
    return config


def _amount(parse: Callable[[str], int], text: str, where: str) -> None:
    try:
        parse(text)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error


def save_config(config: ProviderConfig, path: Path) -> None:
    make_private(path.parent)
    path.write_text(HEADER + tomli_w.dumps(config.model_dump()))
