"""One SQLite file per actor: opened in WAL mode, checked, migrated, never overwritten.

Every transaction begins IMMEDIATE, so that one that reads and then writes can't fail half-way because
another connection wrote in between: keep transactions short. `reading` gives a connection that takes no
write lock.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

from surge.model.errors import BadInput, CorruptState
from surge.store.files import make_private

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MILLISECONDS = 10_000

_DEFERRED = "surge_deferred"


def revisions(lineage: str) -> list[str]:
    """The revision ids of a lineage, oldest first: the file names' leading numbers."""
    folder = MIGRATIONS / lineage
    return sorted(path.stem.split("_")[0] for path in folder.glob("[0-9]*_*.py"))


def open_database(path: Path, metadata: sa.MetaData, lineage: str) -> sa.Engine:
    """The engine of the database at `path`, with all tables of `metadata` at their newest revision.

    A new file (mode 0600) gets its tables from `metadata` at once; an older one runs the migrations of
    `store/migrations/<lineage>` that it lacks. Commits are synchronous: what is committed survives a
    crash of the machine. Raises CorruptState when the file is damaged, and BadInput when a newer version
    of Surge wrote it; in both cases the file stays as it is.
    """
    make_private(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_MILLISECONDS / 1000})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    try:
        _check(engine, path)
        _bring_up_to_date(engine, path, metadata, lineage)
    except sa.exc.DatabaseError as error:
        engine.dispose()
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in (
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
        ):
            raise _corrupt(path, str(error.orig)) from error
        raise
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that reads one snapshot and never blocks a writer. It must not write."""
    with engine.connect().execution_options(**{_DEFERRED: True}) as connection:
        yield connection


def give_back_space(engine: sa.Engine) -> None:
    """Shrink the file by what was deleted from it. Outside of any transaction."""
    raw = engine.raw_connection()
    try:
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            raw.cursor().execute(statement).close()
    finally:
        raw.close()


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin in _begin, not by sqlite3's guess
    for pragma in (
        "journal_mode = WAL",
        "foreign_keys = ON",
        "synchronous = FULL",
        f"busy_timeout = {BUSY_MILLISECONDS}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sa.Connection) -> None:
    deferred = connection.get_execution_options().get(_DEFERRED)
    connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")


def _check(engine: sa.Engine, path: Path) -> None:
    with reading(engine) as connection:
        findings = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check(1)")]
    if findings != ["ok"]:
        raise _corrupt(path, str(findings[0]))


def _bring_up_to_date(engine: sa.Engine, path: Path, metadata: sa.MetaData, lineage: str) -> None:
    known = revisions(lineage)
    with engine.begin() as connection:
        tables = sa.inspect(connection).get_table_names()
        if not tables:
            metadata.create_all(connection)
            if known:
                _stamp(connection, known[-1])
            return
        version = _version(connection) if "alembic_version" in tables else None
        if not known or version == known[-1]:
            return
        if version is None:
            raise _corrupt(path, "it has tables, but no schema version")
        if version not in known:
            raise BadInput(
                f"{path} was written by a newer Surge (schema {version}, this one knows up to {known[-1]}); "
                "upgrade Surge, or point SURGE_HOME at another folder"
            )
        _upgrade(connection, lineage)


def _version(connection: sa.Connection) -> str | None:
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def _stamp(connection: sa.Connection, revision: str) -> None:
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))


def alembic_config(connection: sa.Connection, lineage: str) -> "Config":
    """Alembic's settings for the migrations of one lineage, run on `connection`."""
    from alembic.config import Config  # slow to import, seldom needed

    config = Config(attributes={"connection": connection})
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", str(MIGRATIONS / lineage).replace("%", "%%"))
    return config


def _upgrade(connection: sa.Connection, lineage: str) -> None:
    from alembic import command

    command.upgrade(alembic_config(connection, lineage), "head")


def _corrupt(path: Path, finding: str) -> CorruptState:
    return CorruptState(
        f"the database {path} is damaged ({finding}); it was left as it is: restore it from a backup, "
        "or move it away to start with an empty one"
    )
