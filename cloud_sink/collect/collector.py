"""The receive loop: gather a batch, commit it in one transaction, then acknowledge and receipt."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from cloud_sink.collect.answers import receipts
from cloud_sink.collect.commit import commit
from cloud_sink.collect.holes import HoleWatch, Patience
from cloud_sink.store.database import DatabaseAway
from edge.contract.topics import Channel

if TYPE_CHECKING:
    from threading import Event

    from cloud_sink.collect.broker import EmbeddedBroker
    from cloud_sink.collect.link import Link, Message
    from cloud_sink.fleet.settings import IntakeSection
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database

_IDLE = 0.2
"""Seconds a turn may wait for a message: how soon a stop is seen."""

_PAUSE = 1.0
"""Seconds between tries while the database cannot be written."""

_CHECK = 0.5
"""Seconds between looks at the broker's child process."""

_log = structlog.get_logger()


class Collector:
    """Takes events from the broker into the store until it is told to stop."""

    def __init__(
        self,
        *,
        link: Link,
        engine: Database,
        stores: StoreBook,
        intake: IntakeSection,
        broker: EmbeddedBroker | None = None,
    ) -> None:
        self._link = link
        self._engine = engine
        self._stores = stores
        self._intake = intake
        self._broker = broker
        self._batch: list[Message] = []
        self._due = 0.0
        self._not_before = 0.0
        self._failing = False
        self._holes = HoleWatch(
            engine=engine,
            link=link,
            patience=Patience(
                grace=timedelta(seconds=intake.hole_grace),
                every=timedelta(seconds=intake.resend_every),
                expires=timedelta(seconds=intake.resend_expires),
            ),
        )
        self._look_every = min(15.0, max(0.2, intake.hole_grace / 4))
        self._look_at = 0.0
        self._check_at = 0.0

    @property
    def ready(self) -> bool:
        """Whether events that are sent now will be received."""
        return self._link.subscribed

    def run(self, stop: Event) -> None:
        """Collect until `stop` is set; the batch in hand is finished first.

        Raises:
            DeliveryError: the broker refuses this collector for good.
        """
        while not stop.is_set():
            self.turn()
        if self._batch:
            self._flush()
        self._link.close()

    def turn(self) -> None:
        """One turn of the loop: read what came, commit when the batch is full or its time is up."""
        self._link.turn(self._patience())
        while len(self._batch) < self._intake.batch and (message := self._link.next()) is not None:
            if not self._batch:
                self._due = time.monotonic() + self._intake.deadline
            self._batch.append(message)
        now = time.monotonic()
        ripe = len(self._batch) >= self._intake.batch or now >= self._due
        if self._batch and ripe and now >= self._not_before:
            self._flush()
        if self._broker is not None and now >= self._check_at:
            self._check_at = now + _CHECK
            self._broker.revive()
        if now >= self._look_at:
            self._look_at = now + self._look_every
            self._look()

    def _patience(self) -> float:
        if not self._batch:
            return _IDLE
        if len(self._batch) >= self._intake.batch:  # waiting for the database: keep the connection alive
            return min(_IDLE, max(0.0, self._not_before - time.monotonic()))
        return min(_IDLE, max(0.0, self._due - time.monotonic()))

    def _flush(self) -> None:
        """Commit the batch, then acknowledge and receipt. While the database fails nothing is acknowledged."""
        try:
            answers = commit(
                self._batch,
                engine=self._engine,
                stores=self._stores,
                received=datetime.now(UTC),
                quarantine_bytes=self._intake.quarantine_mb * 1_000_000,
            )
        except DatabaseAway as error:
            self._complain(error)
            self._not_before = time.monotonic() + _PAUSE
            return
        if self._failing:
            self._failing = False
            _log.info("database.back")
        batch, self._batch = self._batch, []
        for message in batch:
            self._link.ack(message)
        for address, receipt in receipts(answers):
            self._link.publish(address, Channel.RECEIPTS, receipt.model_dump_json().encode())

    def _look(self) -> None:
        try:
            self._holes.look(datetime.now(UTC))
        except DatabaseAway as error:
            self._complain(error)

    def _complain(self, error: DatabaseAway) -> None:
        if not self._failing:
            self._failing = True
            _log.error("database.away", why=str(error))
