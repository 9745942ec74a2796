"""The audit log: a change is on disk before its answer goes out, a reading within a second."""

from __future__ import annotations

import queue
import threading
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog

from cloud_sink.store import audit_rows
from cloud_sink.store.audit_rows import Entry
from cloud_sink.store.database import DatabaseAway, writing

if TYPE_CHECKING:
    from cloud_sink.store.database import Database

_GATHER = 0.5
"""Seconds over which readings are gathered into one write."""

_MOST = 10_000
"""Readings that wait; beyond them readers wait for the database."""

_log = structlog.get_logger()


def done_on_machine(engine: Database, tenant: str, action: str, what: str, *, by: str) -> None:
    """Enter what somebody did on the machine itself, by the command line."""
    entry = Entry(
        tenant=tenant,
        at=datetime.now(UTC),
        who=f"machine {by}",
        address="",
        action=action,
        target="",
        status=HTTPStatus.OK,
        request="",
        what=what[:500],
    )
    with writing(engine) as connection:
        audit_rows.append(connection, [entry])


class AuditLog:
    """Writes entries; readings in a thread of its own once it is started."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine
        self._waiting: queue.Queue[Entry] = queue.Queue(_MOST)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._failing = False

    def start(self) -> None:
        """Begin to write readings."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10)
        self.flush()

    def changed(self, entry: Entry) -> None:
        """Write an entry now.

        Raises:
            DatabaseAway: it is not written.
        """
        with writing(self._engine) as connection:
            audit_rows.append(connection, [entry])

    def read(self, entry: Entry) -> None:
        """Write an entry soon."""
        try:
            self._waiting.put_nowait(entry)
        except queue.Full:
            self.flush()
            self._waiting.put(entry)

    def flush(self) -> None:
        """Write what waits."""
        entries: list[Entry] = []
        while len(entries) < _MOST:
            try:
                entries.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        if not entries:
            return
        try:
            with writing(self._engine) as connection:
                audit_rows.append(connection, entries)
            self._failing = False
        except DatabaseAway as error:
            if not self._failing:
                self._failing = True
                _log.error("audit.failed", why=str(error), lost=len(entries))

    def _run(self) -> None:
        while not self._stop.wait(_GATHER):
            self.flush()
