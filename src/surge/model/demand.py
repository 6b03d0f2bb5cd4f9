"""What a renter needs of a node, in one word of calldata."""

from dataclasses import asdict, dataclass

from surge.model.ask import sampling_class
from surge.model.word import Field, pack, unpack

DEMAND_LAYOUT = {
    "cap_gfuel": Field(0, 32),
    "cap_gib": Field(32, 32),
    "slots": Field(64, 16),
    "duration": Field(80, 32),
    "x": Field(112, 16, signed=True),
    "y": Field(128, 16, signed=True),
    "w_price": Field(144, 8),
    "w_proximity": Field(152, 8),
    "w_load": Field(160, 8),
    "w_reputation": Field(168, 8),
    "w_energy": Field(176, 8),
    "accelerator": Field(184, 8),
    "accelerator_memory": Field(192, 16),
    "memory_tier": Field(208, 8),
    "runtime": Field(216, 16),
}


@dataclass(frozen=True, slots=True)
class Demand:
    """Caps, place of the data, weights of the score and the class of node.

    Units: cap_gfuel, cap_gib as in Ask; duration in seconds; x, y in 0.1 ms; weights 0–255.
    """

    cap_gfuel: int
    cap_gib: int
    slots: int = 1
    duration: int = 900
    x: int = 0
    y: int = 0
    w_price: int = 100
    w_proximity: int = 50
    w_load: int = 50
    w_reputation: int = 25
    w_energy: int = 25
    accelerator: int = 0
    accelerator_memory: int = 0
    memory_tier: int = 10
    runtime: int = 0

    @property
    def word(self) -> int:
        """The demand as `open_lease` takes it."""
        return pack(DEMAND_LAYOUT, asdict(self), "demand")

    @classmethod
    def from_word(cls, word: int) -> "Demand":
        return cls(**unpack(DEMAND_LAYOUT, word))

    @property
    def sampling_class(self) -> int:
        """The class that the chain draws from."""
        return sampling_class(self.runtime, self.accelerator, self.memory_tier)
