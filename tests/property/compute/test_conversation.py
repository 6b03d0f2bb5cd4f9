"""A renter and a provider whose links break anywhere, and who agree on the bill in the end (M2, P2, P3)."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from deal import Deal, chunk_of, deal, lease_of
from surge.model.errors import SurgeError

LIVES = st.lists(st.integers(0, 14), max_size=6)
"""How many messages each link carries before it breaks."""


async def talk(made: Deal, chunks, restarts, broken):
    restarted = set()
    made.bench.fail = lambda job: broken.pop() if broken else False
    for _ in range(12):
        try:
            await made.prepare()
            break
        except SurgeError:
            await made.session.hang_up()
    for place, chunk in enumerate(chunks):
        if place in restarts and place not in restarted:
            restarted.add(place)
            await made.restart()
        await made.session.run(chunk)
    while len(made.delivered) < len(chunks):
        await made.until(lambda: made.declined or len(made.delivered) == len(chunks))
        again, made.declined = made.declined, []
        for notice in again:
            await made.session.run(next(chunk for chunk in chunks if chunk.id == notice.chunk))
    await made.level()
    made.exchange.lives.clear()
    granted = await made.session.close()
    assert granted.amount == made.provider_books()[1].amount


@settings(max_examples=40, deadline=None)
@given(
    lives=LIVES,
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    slots=st.integers(1, 3),
    restarts=st.sets(st.integers(0, 5), max_size=2),
    broken=st.lists(st.booleans(), max_size=3),
)
def test_both_ends_agree_on_the_bill(lives, sizes, slots, restarts, broken):
    """Each chunk is delivered once and billed once, whatever is lost, sent again or run again."""
    chunks, first = [], 0
    for size in sizes:
        chunks.append(chunk_of(*range(first, first + size)))
        first += size

    async def go():
        with tempfile.TemporaryDirectory() as folder:
            async with deal(Path(folder), lease=lease_of(slots=slots), lives=lives) as made:
                await talk(made, chunks, restarts, list(broken))
                assert not made.ended
                assert made.delivered.keys() == {chunk.id for chunk in chunks}
                receipts, _ = made.renter_books()
                assert {one.chunk for one in receipts[1:]} == made.delivered.keys()
                assert made.bench.made

    asyncio.run(go())
