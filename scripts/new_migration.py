"""Write the next migration of one database from the difference between its revisions and its tables.

    python scripts/new_migration.py renter "what changes"

Read what it wrote, and correct it: a renamed column looks like one that went and one that came.
"""

import sys
import tempfile
from importlib import import_module
from pathlib import Path

import sqlalchemy as sa
from alembic import command

from surge.store.database import MIGRATIONS, alembic_config, revisions

METADATA = {
    "chain": ("surge.store.tables.chain", "chain_metadata"),
    "provider": ("surge.store.tables.provider", "METADATA"),
    "renter": ("surge.store.tables.renter", "METADATA"),
}


def write_migration(lineage: str, message: str) -> None:
    """One new file in the lineage's folder, numbered after the last."""
    module, name = METADATA[lineage]
    folder = MIGRATIONS / lineage
    folder.mkdir(exist_ok=True)
    number = f"{int(revisions(lineage)[-1]) + 1 if revisions(lineage) else 1:04}"
    with tempfile.TemporaryDirectory() as place:
        engine = sa.create_engine(f"sqlite:///{Path(place) / 'old.db'}")
        with engine.begin() as connection:
            config = alembic_config(connection, lineage)
            config.attributes["metadata"] = getattr(import_module(module), name)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True, rev_id=number, version_path=str(folder))
        engine.dispose()


if __name__ == "__main__":
    write_migration(*sys.argv[1:])
