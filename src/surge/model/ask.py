"""What a provider offers: one word of storage in the Registry, plus its ticket in an event."""

from dataclasses import asdict, dataclass

from surge.model.units import Address
from surge.model.word import Field, pack, unpack

ASK_LAYOUT = {
    "price_gfuel": Field(0, 32),
    "price_gib": Field(32, 32),
    "slots": Field(64, 16),
    "load": Field(80, 16),
    "x": Field(96, 16, signed=True),
    "y": Field(112, 16, signed=True),
    "height": Field(128, 16),
    "energy": Field(144, 16),
    "accelerator": Field(160, 8),
    "accelerator_memory": Field(168, 16),
    "memory_tier": Field(184, 8),
    "runtime": Field(192, 16),
    "reputation": Field(208, 8),
    "active": Field(216, 8),
    "index": Field(224, 32),
}


def sampling_class(runtime: int, accelerator: int, memory_tier: int) -> int:
    """As contracts/compute/score.vy packs it, from an ask's word or a demand's."""
    return runtime << 16 | accelerator << 8 | memory_tier


@dataclass(frozen=True, slots=True)
class Ask:
    """A priced offer of `slots` sandboxes.

    Units: price_gfuel millionths of a dollar per 1e9 fuel; price_gib millionths per GiB moved;
    x, y, height network coordinate in 0.1 ms; energy mJ per Gfuel (self-reported: ranks, never pays);
    accelerator class (0 none) and its memory in GiB; memory_tier 2^n MiB a slot;
    runtime the first 16 bits of the runtime suite's digest.
    The chain owns load (slots in open leases), reputation (0–255), active and index (place in its class).
    """

    price_gfuel: int
    price_gib: int
    slots: int
    x: int = 0
    y: int = 0
    height: int = 0
    energy: int = 0
    accelerator: int = 0
    accelerator_memory: int = 0
    memory_tier: int = 10
    runtime: int = 0
    load: int = 0
    reputation: int = 0
    active: int = 0
    index: int = 0

    @property
    def word(self) -> int:
        """The ask as the Registry stores it."""
        return pack(ASK_LAYOUT, asdict(self), "ask")

    @classmethod
    def from_word(cls, word: int) -> "Ask":
        return cls(**unpack(ASK_LAYOUT, word))

    @property
    def sampling_class(self) -> int:
        """Asks that can stand in for each other; the chain draws within one class."""
        return sampling_class(self.runtime, self.accelerator, self.memory_tier)

    @property
    def free_slots(self) -> int:
        return self.slots - self.load


@dataclass(frozen=True, slots=True)
class Offer:
    """An ask with its owner and the ticket that reaches it (from the AskPublished event)."""

    provider: Address
    ask: Ask
    ticket: str
