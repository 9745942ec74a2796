"""Opening the database: the connection's settings, one writer at a time, migrations."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, NoSuchModuleError

from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

Database = Engine
"""An open database, as the other packages name it."""

Transaction = Connection
"""A connection inside `reading` or `writing`, as the other packages name it."""

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MS = 15_000
"""How long a connection waits for another's write: longer than the longest batch on a slow disk."""

CHECKPOINT_PAGES = 8000
"""Pages of 4 KB in the log before they go into the file: the pages of roll-ups change in every batch, and go once."""

WRITER_CACHE_KB = 16_000
"""What a connection that writes may keep of the file. In SQLite's own 2 MB no batch has room: its pages would go to the
log before its end, be read again, and go there once more."""

_REACHED = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""How a PostgreSQL that vanished without a word, with its machine or its cable, is given up: within a minute, and not
after the system's two hours. What the URL says of these wins."""

_LET_GO = (
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;"
    " SET tcp_user_timeout = 60000"
)
"""The same from the other end: the locks of a collector that vanished are those of its devices, for which the others
wait."""

_OF_THE_DATA = (DataError, IntegrityError)
"""What is wrong with a value that was to be stored. Everything else that a driver says is the database's own fault:
it is locked, full, read-only, damaged or gone, or tables or rights are not as they should be."""


class DatabaseAway(StoreError):  # noqa: N818 - a state that passes, not a fault of the caller
    """The database cannot be used at this moment: locked, full, or gone. Nothing was stored; try again."""


def open_database(url: str) -> Engine:
    """An engine for the database at `url`; a SQLite file's folder is made.

    SQLite runs in WAL with `synchronous=FULL`: a commit that returned survives a power cut, and readers never wait.

    Raises:
        StoreError: a URL that names no database we can open, or a folder that cannot be made.
    """
    address = _parse(url)
    if address.get_backend_name() == "sqlite" and address.database:
        folder = Path(address.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"data folder {folder} cannot be made: {error.strerror}", "name a folder that can be written"
            ) from None
    try:
        engine = _engine(address)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(f"database {address!r}: {error}", "install the driver that the URL names") from None
    return engine


def open_current(url: str) -> Engine:
    """Open a database that is there, without making or changing one.

    Raises:
        StoreError: it is not there, or has other tables than this version's.
    """
    from alembic.config import Config  # noqa: PLC0415 - a running sink needs no Alembic after its start
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    address = _parse(url)
    if address.get_backend_name() == "sqlite" and address.database and not _is_file(Path(address.database)):
        raise StoreError(f"database {address.database} is not there", "name the folder of the sink with --data")
    engine = open_database(url)
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    if revision(engine) != ScriptDirectory.from_config(settings).get_current_head():
        raise StoreError(f"database {engine.url!r} has the tables of another version", "run: sink db upgrade")
    return engine


def revision(engine: Engine) -> str | None:
    """The revision of the tables that are there; None where there are none."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - as above

    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine) -> None:
    """Bring the database to this version's tables; a database that is there already changes nothing.

    Raises:
        StoreError: the database cannot be written, or is newer than this program.
    """
    from alembic import command  # noqa: PLC0415 - readers of a current database need no Alembic
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with engine.connect() as connection:
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
    except CommandError as error:
        raise StoreError(f"database {engine.url!r}: {error}", "use the version of the sink that wrote it") from None
    except DBAPIError as error:
        raise StoreError(f"database {engine.url!r}: {error.orig}", "check the path and its rights") from None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write.

    On SQLite it holds the writer's place from its start, so that it never fails half-way because another came first.
    """
    try:
        with engine.connect().execution_options(facings_writes=True) as connection, connection.begin():
            yield connection
    except DBAPIError as error:
        if isinstance(error, _OF_THE_DATA):
            raise
        raise DatabaseAway(f"database {engine.url!r}: {error.orig}", "check its disk and its rights") from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that only reads: everything in it sees the same state."""
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except DBAPIError as error:
        if isinstance(error, _OF_THE_DATA):
            raise
        raise DatabaseAway(f"database {engine.url!r}: {error.orig}", "check its disk and its rights") from error


def is_answering(engine: Engine) -> bool:
    """Whether the database can be read at this moment."""
    try:
        with reading(engine) as connection:
            connection.execute(select(1))
    except (DBAPIError, DatabaseAway):
        return False
    return True


def _parse(url: str) -> URL:
    try:
        address = make_url(url)
        return address.set(drivername="postgresql+psycopg") if address.drivername == "postgresql" else address
    except ArgumentError:
        raise StoreError(
            f"database {url!r} is no database URL", "write sqlite:////var/lib/facings/sink.db or postgresql://…"
        ) from None


def _engine(address: URL) -> Engine:
    if address.get_backend_name() == "sqlite":
        sqlite3.register_adapter(date, date.isoformat)  # as SQLAlchemy writes them; asked of the driver row by row
        engine = create_engine(address, hide_parameters=True)
        event.listen(engine, "connect", _settle_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    unsaid = {name: value for name, value in _REACHED.items() if name not in address.query}
    engine = create_engine(address, hide_parameters=True, pool_pre_ping=True, connect_args=unsaid)
    event.listen(engine, "connect", _settle_postgresql)
    return engine


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise StoreError(f"database {path}: {error.strerror}", "check the path and its rights") from None


def _settle_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transactions begin at the first write: too late to see one state, so it begins none.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _settle_postgresql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO)
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("facings_writes", False)
    if writes:
        connection.exec_driver_sql(f"PRAGMA cache_size=-{WRITER_CACHE_KB}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
