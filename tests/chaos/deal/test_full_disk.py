"""A full disk refuses new work in a sentence, loses nothing that was done, and the lease can go on (P3)."""

import pytest

from deal import Deal, chunk_of, play
from surge.model.errors import SurgeError
from surge.net.messages import Refusal

FULL = "the disk of /here has 7 MiB left, and 512 are kept free; make room there"


def test_a_chunk_is_turned_away_until_there_is_room(tmp_path):
    async def story(made: Deal):
        await made.prepare()
        await made.run(chunk_of(1))
        made.lacks = FULL
        await made.session.run(chunk_of(2))
        await made.until(lambda: made.declined)
        (declined,) = made.declined
        assert (declined.chunk, declined.code, declined.reason) == (chunk_of(2).id, Refusal.OVER, FULL)
        made.lacks = ""
        await made.run(chunk_of(3))
        await made.level()
        assert chunk_of(2).id not in made.bench.ran

    play(tmp_path, story)


def test_an_image_is_turned_away_in_a_sentence(tmp_path):
    async def story(made: Deal):
        made.lacks = FULL
        with pytest.raises(SurgeError, match="make room there"):
            await made.prepare()
        assert not made.bench.made

    play(tmp_path, story)
