"""What a renter decides for all of its jobs, in a file that it writes itself: config.toml in SURGE_HOME."""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from surge.model.errors import BadInput, CorruptState


class RenterConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """keep_jobs: days that closed jobs stay in renter.db, with their receipts and results; without it, until
    `surge jobs prune`."""

    keep_jobs: Annotated[int, msgspec.Meta(ge=1, le=36_500)] | None = None


def load_config(path: Path) -> RenterConfig:
    """The defaults if there is no such file. Raises CorruptState (no TOML) or BadInput (a value that can't
    be), naming the file and the field."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), RenterConfig)
    except FileNotFoundError:
        return RenterConfig()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CorruptState(f"{path} is no TOML ({error}); correct it, or move it away") from error
    except msgspec.ValidationError as error:
        raise BadInput(f"{path}: {error}; correct it, or take the line out") from error
