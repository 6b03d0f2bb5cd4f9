import stat
import threading

import pytest
import sqlalchemy as sa

from surge.model.errors import BadInput, CorruptState
from surge.store import database, provider, renter
from surge.store.database import MIGRATIONS, open_database, reading, revisions
from surge.store.tables.chain import chain_metadata

METADATA = sa.MetaData()
parents = sa.Table("parents", METADATA, sa.Column("id", sa.Integer, primary_key=True))
children = sa.Table(
    "children",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("parent", sa.ForeignKey("parents.id"), nullable=False),
)
LINEAGES = {"chain": chain_metadata, "provider": provider.METADATA, "renter": renter.METADATA}
MIGRATED = sorted(name for name in LINEAGES if revisions(name))


@pytest.fixture
def engine(tmp_path):
    engine = open_database(tmp_path / "some.db", METADATA, "unmigrated")
    yield engine
    engine.dispose()


def pragma(engine, name):
    with reading(engine) as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_it_is_private_durable_and_strict(engine, tmp_path):
    assert pragma(engine, "journal_mode") == "wal"
    assert pragma(engine, "synchronous") == 2
    assert pragma(engine, "busy_timeout") == database.BUSY_MILLISECONDS
    assert stat.S_IMODE((tmp_path / "some.db").stat().st_mode) == 0o600
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.insert(children).values(id=1, parent=99))


def test_what_is_committed_is_there_when_opened_again(engine, tmp_path):
    with engine.begin() as connection:
        connection.execute(sa.insert(parents).values(id=7))
    engine.dispose()
    again = open_database(tmp_path / "some.db", METADATA, "unmigrated")
    with reading(again) as connection:
        assert connection.execute(sa.select(parents.c.id)).scalars().all() == [7]
    again.dispose()


def test_a_failed_transaction_leaves_nothing(engine):
    twice = [{"id": 1}, {"id": 1}]
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.insert(parents), twice)
    with reading(engine) as connection:
        assert connection.execute(sa.select(parents)).all() == []


def test_readers_and_writers_do_not_block_each_other(engine):
    with reading(engine) as connection:
        assert connection.execute(sa.select(parents)).all() == []
        with engine.begin() as writing:
            writing.execute(sa.insert(parents).values(id=1))
        assert connection.execute(sa.select(parents)).all() == []  # the snapshot holds
    with reading(engine) as connection:
        assert len(connection.execute(sa.select(parents)).all()) == 1


def test_read_then_write_from_many_threads(engine):
    def grow():
        for _ in range(10):
            with engine.begin() as connection:
                count = connection.execute(sa.select(sa.func.count()).select_from(parents)).scalar()
                connection.execute(sa.insert(parents).values(id=count))

    threads = [threading.Thread(target=grow) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(parents)).scalar() == 40


@pytest.mark.parametrize("spoil", ["noise", "torn"])
def test_a_damaged_file_is_named_and_left(engine, tmp_path, spoil):
    path = tmp_path / "some.db"
    with engine.begin() as connection:
        connection.execute(sa.insert(parents), [{"id": n} for n in range(5000)])
    engine.dispose()
    content = path.read_bytes()
    if spoil == "noise":
        path.write_bytes(b"\xa5" * len(content))
    else:
        path.write_bytes(content[: len(content) // 2 // 4096 * 4096])
    before = path.read_bytes()
    with pytest.raises(CorruptState, match=r"some\.db.*left as it is"):
        open_database(path, METADATA, "unmigrated")
    assert path.read_bytes() == before


def test_a_newer_surges_file_is_refused(tmp_path):
    path = tmp_path / "chain.db"
    engine = open_database(path, chain_metadata, "chain")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(BadInput, match="newer Surge"):
        open_database(path, chain_metadata, "chain")


def schema(engine):
    inspector = sa.inspect(engine)
    names = sorted(set(inspector.get_table_names()) - {"alembic_version"})
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(name)],
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted((i["name"], i["column_names"], i["unique"]) for i in inspector.get_indexes(name)),
        )
        for name in names
    }


@pytest.mark.parametrize("lineage", MIGRATED)
def test_migrations_lead_to_the_tables(lineage, tmp_path, monkeypatch):
    """An old file, migrated from its first revision, has the schema of a new one."""
    fresh = open_database(tmp_path / "fresh.db", LINEAGES[lineage], lineage)
    old = sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with old.begin() as connection:
        database._upgrade(connection, lineage)
    assert schema(old) == schema(fresh)
    with old.begin() as connection:
        assert database._version(connection) == revisions(lineage)[-1]
    fresh.dispose()
    old.dispose()


def test_every_lineage_with_migrations_is_tested():
    assert sorted(f.name for f in MIGRATIONS.iterdir() if any(f.glob("[0-9]*_*.py"))) == MIGRATED
