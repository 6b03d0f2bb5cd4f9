"""A renter's config.toml: none is fine, and each mistake is named."""

from pathlib import Path

import pytest

from surge.model.errors import BadInput, CorruptState
from surge.renter.config import RenterConfig, load_config


def test_none_means_that_jobs_are_kept(tmp_path: Path) -> None:
    assert load_config(tmp_path / "config.toml") == RenterConfig() == RenterConfig(keep_jobs=None)


def test_days_of_jobs(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# mine\nkeep_jobs = 90\n")
    assert load_config(path).keep_jobs == 90


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("keep_jobs = 0", BadInput, "keep_jobs"),
        ("keep_jobs = 'long'", BadInput, "keep_jobs"),
        ("keep_job = 3", BadInput, "keep_job"),
        ("keep_jobs 3", CorruptState, "no TOML"),
        ("\udcff", CorruptState, "no TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, error: type[Exception], words: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(error, match=rf"config\.toml.*{words}"):
        load_config(path)
