"""Whatever a guest says to the door: one outcome per task at most, in order, and never an error of ours."""

from hypothesis import given
from hypothesis import strategies as st

from surge.model.task import OUT_OF_FUEL, RAISED, RETURNED, TRAPPED, Limits
from surge.model.units import Bytes, Fuel
from surge.run.sandbox.feed import Assignment, ChunkFeed
from surge.run.sandbox.guest import Stop, Trapped
from surge.run.wasi.files import Tree
from surge.run.wasi.world import World

LIMITS = Limits(Fuel(1000), output=Bytes(20))
MESSAGES = st.one_of(
    st.sampled_from([b"C", b"T", b"R", b"E", b""]),
    st.binary(max_size=30),
    st.binary(max_size=30).map(lambda b: b"R" + b),
)


class Meter:
    """Fuel of a store that isn't there."""

    left = 0

    def get(self) -> int:
        return self.left

    def set(self, fuel: int) -> None:
        self.left = fuel


def a_world() -> tuple[World, Meter]:
    world, meter = World(Tree(dict, {})), Meter()
    world.fuel_left, world.set_fuel = meter.get, meter.set
    return world, meter


@given(st.lists(st.tuples(MESSAGES, st.integers(0, 1000)), max_size=20), st.integers(0, 5), st.booleans())
def test_hostile_messages(messages: list[tuple[bytes, int]], count: int, dry: bool) -> None:
    tasks = [Assignment(bytes([n]) * 32, b"input", n) for n in range(count)]
    world, meter = a_world()
    door = ChunkFeed(b"code", tasks, LIMITS, world)
    meter.left = LIMITS.fuel
    for message, spent in messages:
        meter.left = max(0, meter.left - spent)
        try:
            door(message)
        except Trapped as trapped:
            door.broken(Stop(dry, str(trapped)))
            break
    assert [o.task for o in door.outcomes] == [task.task for task in tasks[: len(door.outcomes)]]
    assert all(0 <= o.fuel <= LIMITS.fuel for o in door.outcomes)
    assert all(len(o.output) <= LIMITS.output for o in door.outcomes if o.status in (RETURNED, RAISED))
    assert all(o.status in (RETURNED, RAISED) for o in door.outcomes[:-1])
    assert door.fuel == door.setup_fuel + sum(o.fuel for o in door.outcomes)
    assert door.fuel <= LIMITS.fuel * (1 + count)


@given(st.integers(0, 900), st.lists(st.integers(0, 900), min_size=1, max_size=5))
def test_an_honest_guest_pays_what_it_spent(setup: int, spent: list[int]) -> None:
    tasks = [Assignment(bytes([n]) * 32, b"in", n) for n in range(len(spent))]
    world, meter = a_world()
    door = ChunkFeed(b"code", tasks, LIMITS, world)
    meter.left = LIMITS.fuel
    assert door(b"C") == b"code"
    meter.left -= setup
    answer = door(b"T")
    for n, fuel in enumerate(spent):
        assert answer == n.to_bytes(8, "little") + b"in"
        assert (world.seed, world.drawn) == (n, 0)
        meter.left -= fuel
        answer = door(b"Rout")
    assert answer == b""
    assert door.setup_fuel == setup
    assert [o.fuel for o in door.outcomes] == spent
    door.broken(Stop(False, "after the end"))
    assert len(door.outcomes) == len(spent)


@given(st.booleans(), st.booleans())
def test_a_guest_that_breaks_while_loading_is_billed_for_it(dry: bool, ready: bool) -> None:
    world, meter = a_world()
    door = ChunkFeed(b"code", [Assignment(bytes(32), b"", 0)] * 2, LIMITS, world)
    meter.left = LIMITS.fuel
    door(b"C")
    meter.left -= 10
    if ready:
        door(b"T")
        meter.left -= 3
    door.broken(Stop(dry, "why"))
    assert [(o.status, o.output) for o in door.outcomes] == [(OUT_OF_FUEL if dry else TRAPPED, b"why")]
    expected = (10, LIMITS.fuel if dry else 3) if ready else (LIMITS.fuel if dry else 10, 0)
    assert (door.setup_fuel, door.outcomes[0].fuel) == expected
