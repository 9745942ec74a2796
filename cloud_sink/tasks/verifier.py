"""Compares what people say is done with what cameras see next: a thread of every collector."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from cloud_sink.store import tasks
from cloud_sink.store.database import DatabaseAway, reading, writing

if TYPE_CHECKING:
    from cloud_sink.store.database import Database

REST = 5.0
"""Seconds between looks."""

_AT_ONCE = 200
_log = structlog.get_logger()


class Verifier:
    """Verifies or disputes tasks. Several at once do no harm: each task is moved on by the first."""

    def __init__(self, engine: Database, *, rest: float = REST) -> None:
        self._engine = engine
        self._rest = rest
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="verifier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the task in hand."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def look(self, now: datetime) -> int:
        """Compare every task that is done with the captures since; returns how many moved on.

        Raises:
            DatabaseAway: what moved on stays so.
        """
        moved, after = 0, 0
        while True:
            with reading(self._engine) as connection:
                waiting = tasks.listed(connection, None, states=("done",), after=after, limit=_AT_ONCE)
            for task in waiting:
                try:
                    with writing(self._engine) as connection:
                        moved += tasks.verify(connection, task, now).state != "done"
                except tasks.WrongStep:  # somebody else moved it meanwhile
                    continue
            if len(waiting) < _AT_ONCE:
                return moved
            after = waiting[-1].id

    def _run(self) -> None:
        away = False
        while not self._stop.wait(self._rest):
            try:
                self.look(datetime.now(UTC))
                away = False
            except DatabaseAway as error:
                if not away:
                    _log.warning("verifying.interrupted", why=str(error))
                away = True
