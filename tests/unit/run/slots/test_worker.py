"""A worker answers whatever happens to it: it doesn't die of a full disk, to be started again and again."""

import errno
import io
from pathlib import Path

import pytest

from surge.model.task import WASM, ImageSpec
from surge.run.kernels import kernel
from surge.run.sandbox.suite import suite_digest
from surge.run.slots.cache import Cache
from surge.run.slots.pipe import Failed, MakeImage
from surge.run.slots.worker import Worker


@pytest.mark.parametrize("path", [None, "/cache/images/x.partial"])
def test_a_full_disk_is_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str | None) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", path)

    cache = Cache.open(tmp_path / "surge")
    named = cache.keep_module(kernel("nbody"))
    monkeypatch.setattr(Cache, "command", fail)
    answer = Worker(cache, io.BytesIO()).answer(MakeImage(ImageSpec(WASM, suite_digest(), (), named)))
    assert isinstance(answer, Failed)
    assert answer.kind == "Unavailable"
    assert "No space left on device" in answer.text
    assert (path or "the disk failed") in answer.text
