"""Whatever a guest says to the door: one outcome per task at most, in order, and never an error of ours."""

import pytest
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
    st.sampled_from([b"C", b"T", b"A", b"S", b"N", b"R", b"E", b"r", b"e", b"m", b"", b"over"]),
    st.binary(max_size=30),
    st.binary(max_size=30).map(lambda b: b"R" + b),
)


MESSAGE = st.tuples(st.sampled_from([b"R", b"E", b"r", b"e"]), st.binary(max_size=20)).map(b"".join)
PLAIN, WITH_CODE = b"\x91\x91\x05", b"\x93\xc0\x90\xc4\0"


class Meter:
    """Fuel of a store that isn't there."""

    left = burned = 0

    def get(self) -> int:
        return self.left

    def set(self, fuel: int) -> None:
        self.left = fuel

    def burn(self, fuel: int) -> None:
        fuel = min(fuel, self.left)
        self.left -= fuel
        self.burned += fuel


def a_world() -> tuple[World, Meter]:
    world, meter = World(Tree(dict, {})), Meter()
    world.fuel_left, world.set_fuel = meter.get, meter.set
    return world, meter


@given(
    st.lists(st.tuples(MESSAGES, st.integers(0, 300)), max_size=20),
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from([b"CT", b"CA", b"CS", b""]),
)
def test_hostile_messages(messages: list[tuple[bytes, int]], count: int, changed: bool, well: bytes) -> None:
    """Turn after turn, the first words of which may be those of an honest guest."""
    tasks = [Assignment(bytes([n]) * 32, b"input", n) for n in range(count)]
    world, meter = a_world()
    door = ChunkFeed(b"code", tasks, LIMITS, world)
    door.changed = lambda: changed
    said = [(bytes([one]), 7) for one in well] + ([(b"over", 1)] if well else []) + messages
    meter.left = LIMITS.fuel
    for message, spent in said:
        meter.burn(spent)
        try:
            if message == b"over":
                door.over(None)
                if not door.more:
                    break
                meter.left = LIMITS.fuel
            else:
                door(message)
        except Trapped as trapped:
            door.over(Stop(False, str(trapped)))
            if not door.more:
                break
            meter.left = LIMITS.fuel
    else:
        meter.burn(3)
        door.over(Stop(False, "the end"))
    assert [o.task for o in door.outcomes] == [task.task for task in tasks[: len(door.outcomes)]]
    assert all(0 <= o.fuel <= LIMITS.fuel for o in door.outcomes)
    assert all(len(o.output) <= LIMITS.output for o in door.outcomes if o.status in (RETURNED, RAISED))
    assert all(o.status in (RETURNED, RAISED) for o in door.outcomes[:-1])
    billed = door.fuel + door.owed * (len(door.outcomes) < count)
    assert billed == meter.burned or any(o.fuel == LIMITS.fuel for o in door.outcomes)
    assert billed <= meter.burned


MODES = st.sampled_from([b"T", b"A", b"S"])


@given(st.integers(0, 900), st.lists(st.tuples(st.integers(0, 450), MESSAGE), min_size=1, max_size=5), MODES)
def test_an_honest_guest_pays_what_it_spent(setup: int, spent: list[tuple[int, bytes]], mode: bytes) -> None:
    """To the end of each turn, which is the end of what it is put back from."""
    tasks = [Assignment(bytes([n]) * 32, b"in", n) for n in range(len(spent))]
    world, meter = a_world()
    door = ChunkFeed(b"code", tasks, LIMITS, world)
    meter.left = LIMITS.fuel
    assert door(b"C") == b"code"
    meter.burn(setup)
    assert door(mode) == b""
    meter.burn(5)
    door.over(None)
    assert door.setup_fuel == setup + 5
    answer = b""
    for n, (fuel, said) in enumerate(spent):
        if not answer:
            meter.left = LIMITS.fuel
            answer = door(b"N")
        assert answer == n.to_bytes(8, "little") + b"in"
        assert (world.seed, world.drawn) == (n, 0)
        meter.burn(fuel)
        answer = door(said)
        last = n == len(spent) - 1
        assert bool(answer) == (not last and mode != b"A" and (mode == b"S" or said[:1] in b"RE"))
        if not answer:
            meter.burn(4)
            door.over(None)
            assert door.outcomes[-1].fuel == fuel + 4
    assert [o.status for o in door.outcomes] == [RETURNED if s[:1] in b"Rr" else RAISED for _, s in spent]
    assert door.fuel == meter.burned
    assert not door.more


@pytest.mark.parametrize(
    ("inputs", "turns"),
    [
        ([PLAIN, PLAIN, PLAIN], [3]),
        ([WITH_CODE, PLAIN, PLAIN], [1, 2]),
        ([PLAIN, PLAIN, WITH_CODE], [2, 1]),
        ([PLAIN, WITH_CODE, WITH_CODE, PLAIN], [1, 1, 1, 1]),
    ],
)
def test_tasks_that_bring_code_have_turns_of_their_own(inputs: list[bytes], turns: list[int]) -> None:
    world, meter = a_world()
    door = ChunkFeed(b"code", [Assignment(bytes(32), one, 0) for one in inputs], LIMITS, world)
    meter.left = LIMITS.fuel
    door(b"C")
    door(b"T")
    door.over(None)
    found = []
    while door.more:
        found.append(0)
        answer = door(b"N")
        while answer:
            found[-1] += 1
            answer = door(b"Rout")
        door.over(None)
    assert found == turns


@pytest.mark.parametrize("end", ["m", "trap", "late trap"])
def test_what_fails_beside_others_is_run_again_by_itself(end: str) -> None:
    """And billed for both."""
    world, meter = a_world()
    tasks = [Assignment(bytes([n]) * 32, b"", n) for n in range(3)]
    door = ChunkFeed(b"code", tasks, LIMITS, world)
    meter.left = LIMITS.fuel
    door(b"C")
    door(b"T")
    door.over(None)
    for first in (0, 1):
        meter.left = LIMITS.fuel
        assert door(b"N")[0] == first
        meter.burn(20)
        assert door(b"Ra")[0] == first + 1
        meter.burn(30)
        if end == "m":
            assert door(b"mb") == b""
        elif end == "late trap":
            door(b"rb")
        door.over(None if end == "m" else Stop(False, "full"))
        assert door.more
        assert [o.output for o in door.outcomes] == [b"a"] * (first + 1)
    meter.left = LIMITS.fuel
    assert door(b"N")[0] == 2
    meter.burn(5)
    assert door(b"mc") == b""
    door.over(None)
    assert [(o.status, o.fuel) for o in door.outcomes] == [(RETURNED, 20), (RETURNED, 50), (RAISED, 35)]
    assert not door.more


def test_a_task_reads_its_own_blobs_only() -> None:
    """While the code is loaded, those that all of its tasks name."""
    world, meter = a_world()
    names = [bytes([n]) * 32 for n in range(3)]
    tasks = [Assignment(bytes(32), b"", n, (names[0], names[n + 1])) for n in range(2)]
    door = ChunkFeed(b"code", tasks, LIMITS, world, lambda name: name)
    meter.left = LIMITS.fuel
    door(b"C")
    assert door(b"B" + names[0]) == names[0]
    for name in names[1:]:
        with pytest.raises(Trapped, match="doesn't name"):
            door(b"B" + name)
    door(b"T")
    door.over(None)
    door(b"N")
    assert [door(b"B" + name) for name in names[:2]] == names[:2]
    with pytest.raises(Trapped, match="doesn't name"):
        door(b"B" + names[2])


@given(st.booleans(), st.booleans(), MODES)
def test_a_guest_that_breaks_is_billed_for_it(dry: bool, ready: bool, mode: bytes) -> None:
    world, meter = a_world()
    door = ChunkFeed(b"code", [Assignment(bytes(32), b"", 0)] * 2, LIMITS, world)
    meter.left = LIMITS.fuel
    door(b"C")
    meter.burn(10)
    if ready:
        door(mode)
        door.over(None)
        meter.left = LIMITS.fuel
        door(b"N")
        meter.burn(3)
    door.over(Stop(dry, "why"))
    assert [(o.status, o.output) for o in door.outcomes] == [(OUT_OF_FUEL if dry else TRAPPED, b"why")]
    expected = (10, LIMITS.fuel if dry else 3) if ready else (LIMITS.fuel if dry else 10, 0)
    assert (door.setup_fuel, door.outcomes[0].fuel) == expected
    assert not door.more


@given(st.sampled_from([b"R", b"N", b"A", b"B" + bytes(32), b""]), st.booleans())
def test_a_turn_is_over_with_its_end_only(message: bytes, dry: bool) -> None:
    """Whatever goes wrong behind an outcome takes its place."""
    world, meter = a_world()
    door = ChunkFeed(b"code", [Assignment(bytes(32), b"", 0)] * 2, LIMITS, world)
    meter.left = LIMITS.fuel
    door(b"C")
    door(b"A")
    door.over(None)
    meter.left = LIMITS.fuel
    door(b"N")
    meter.burn(2)
    door(b"Rmine")
    meter.burn(5)
    with pytest.raises(Trapped) as trapped:
        door(message)
    door.over(Stop(dry, str(trapped.value)))
    (outcome,) = door.outcomes
    assert (outcome.status, outcome.fuel) == ((OUT_OF_FUEL, LIMITS.fuel) if dry else (TRAPPED, 7))
    assert not door.more
