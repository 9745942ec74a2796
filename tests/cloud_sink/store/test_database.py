from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text

from cloud_sink.store.database import (
    Database,
    DatabaseAway,
    is_answering,
    open_current,
    open_database,
    reading,
    upgrade,
    writing,
)
from cloud_sink.store.tables import metadata
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    def is_ours(_object: object, name: str | None, kind: str, _reflected: object, _other: object) -> bool:
        return not (kind == "table" and str(name).startswith("events_"))  # a partition of the events

    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        assert compare_metadata(context, metadata) == []


def test_tables_that_are_read_by_key_lie_in_its_order(sqlite: Database) -> None:
    with reading(sqlite) as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all()
    asked = {table.name for table in metadata.sorted_tables if not table.dialect_options["sqlite"]["with_rowid"]}
    assert {row.name for row in rows if row.sql.strip().endswith("WITHOUT ROWID")} == asked
    assert {"sku_day", "store_day"} < asked


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    with writing(database) as connection:
        connection.execute(text("INSERT INTO ledger VALUES ('a', 'd', 'e', 'taken', 1, 2)"))
    upgrade(database)
    with reading(database) as connection:
        assert connection.execute(text("SELECT count(*) FROM ledger")).scalar_one() == 1


def test_a_commit_survives_a_power_cut_and_readers_do_not_wait(sqlite: Database) -> None:
    with reading(sqlite) as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2  # FULL
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() > 1000


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def half() -> None:
        with writing(database) as connection:
            connection.execute(text("INSERT INTO ledger VALUES ('a', 'd', 'e', 'taken', 1, 2)"))
            raise KeyError

    with pytest.raises(KeyError):
        half()
    with reading(database) as connection:
        assert connection.execute(text("SELECT count(*) FROM ledger")).scalar_one() == 0


def test_a_newer_database_is_refused_in_one_line(database: Database) -> None:
    with writing(database) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="use the version of the sink that wrote it"):
        upgrade(database)
    with pytest.raises(StoreError, match="sink db upgrade"):
        open_current(str(database.url))


def test_a_database_that_is_not_there_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not there"):
        open_current(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["not a url", "nosuch://host/db"])
def test_a_wrong_url_is_said_in_one_line(url: str) -> None:
    with pytest.raises(StoreError):
        open_database(url)


def test_a_file_that_is_no_database_is_away(tmp_path: Path) -> None:
    path = tmp_path / "sink.db"
    path.write_bytes(b"no database at all, but long enough to look at" * 100)
    engine = open_database(f"sqlite:///{path}")
    with pytest.raises(StoreError):
        upgrade(engine)
    assert not is_answering(engine)


def test_a_locked_database_is_away(sqlite: Database) -> None:
    def lock_twice() -> None:
        with writing(sqlite), writing(sqlite) as second:
            second.execute(text("SELECT 1"))

    event.listen(sqlite, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=1"))
    sqlite.dispose()
    with pytest.raises(DatabaseAway):
        lock_twice()
