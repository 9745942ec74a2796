"""The receive loop: gather a batch, commit it in one transaction, then acknowledge and receipt."""

from __future__ import annotations

import gc
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from cloud_sink.collect import counts
from cloud_sink.collect.answers import receipts
from cloud_sink.collect.broker import WINDOW
from cloud_sink.collect.commit import commit
from cloud_sink.collect.holes import HoleWatch, Patience
from cloud_sink.collect.nudges import Nudges
from cloud_sink.store.database import DatabaseAway
from edge.contract.topics import Channel

if TYPE_CHECKING:
    from threading import Event

    from cloud_sink.collect.broker import EmbeddedBroker
    from cloud_sink.collect.link import Link, Message
    from cloud_sink.fleet.settings import IntakeSection
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database

_MOST_BYTES = 4_000_000
"""Bytes a batch may hold: arrays of a backlog have a hundred times as many as an event, and are read all at once."""

_IDLE = 0.2
"""Seconds a turn may wait for a message: how soon a stop is seen."""

_QUIET = 0.005
"""Seconds without a message after which a batch waits for no more."""

_PAUSE = 1.0
"""Seconds between tries while the database cannot be written."""

_RARELY = 20
"""Looking for holes may take a twentieth of the time: a ledger that is torn to pieces does not keep events waiting."""

_CHECK = 0.5
"""Seconds between looks at the broker's child process."""

_WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right said less since this was written. By one that was never set all devices' clocks would be
ahead, and their events be dated by it, for good."""

_log = structlog.get_logger()


def _let_batches_live() -> None:
    """Look for rings of garbage every few batches, and not in the midst of one.

    A batch holds some ten thousand objects and no ring: at the interpreter's own pace a third of the time goes there.
    """
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)


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
        self._most = intake.batch if broker is None else min(intake.batch, WINDOW)
        self._batch: list[Message] = []
        self._bytes = 0
        self._due = 0.0
        self._not_before = 0.0
        self._trouble = ""  # the event that the log told, while nothing can be stored
        self._holes = HoleWatch(
            engine=engine,
            link=link,
            patience=Patience(
                grace=timedelta(seconds=intake.hole_grace),
                every=timedelta(seconds=intake.resend_every),
                expires=timedelta(seconds=intake.resend_expires),
            ),
        )
        self._nudges = Nudges(engine=engine, link=link, every=timedelta(seconds=intake.resend_every))
        self._look_every = min(15.0, max(0.2, intake.hole_grace / 4))
        self._look_at = 0.0
        self._check_at = 0.0

    @property
    def ready(self) -> bool:
        """Whether events that are sent now will be received and stored."""
        return self._link.subscribed and not self._trouble

    def run(self, stop: Event) -> None:
        """Collect until `stop` is set; the batch in hand is finished first.

        Raises:
            DeliveryError: the broker refuses this collector for good.
        """
        _let_batches_live()
        while not stop.is_set():
            self.turn()
        if self._batch:
            self._flush()
        self._link.close()

    def turn(self) -> None:
        """One turn of the loop: read what came, commit when the batch is full or its time is up."""
        held = len(self._batch)
        self._link.turn(self._patience())
        while not self._full and (message := self._link.next()) is not None:
            if not self._batch:
                self._due = time.monotonic() + self._intake.deadline
            self._batch.append(message)
            self._bytes += len(message.payload)
        now = time.monotonic()
        # A broker that waits for acknowledgements sends nothing more: what is there is all there will be.
        ripe = self._full or len(self._batch) == held or now >= self._due
        if self._batch and ripe and now >= self._not_before:
            self._flush()
        if self._broker is not None and now >= self._check_at:
            self._check_at = now + _CHECK
            self._broker.revive()
        if now >= self._look_at:
            self._look()
            took = time.monotonic() - now
            self._look_at = now + max(self._look_every, took * _RARELY)

    @property
    def _full(self) -> bool:
        return len(self._batch) >= self._most or self._bytes >= _MOST_BYTES

    def _patience(self) -> float:
        if not self._batch:
            return 0.0 if self._link.waiting else _IDLE
        until = self._not_before if self._trouble else min(self._due, time.monotonic() + _QUIET)
        return min(_IDLE, max(0.0, until - time.monotonic()))

    def _flush(self) -> None:
        """Commit the batch, then acknowledge and receipt. While it cannot be stored nothing is acknowledged."""
        began, received = time.perf_counter(), datetime.now(UTC)
        if received < _WRITTEN:
            self._complain("clock.wrong", f"this machine's clock says {received:%Y-%m-%d}: set it")
            return
        try:
            answers = commit(
                self._batch,
                engine=self._engine,
                stores=self._stores,
                received=received,
                quarantine_bytes=self._intake.quarantine_mb * 1_000_000,
            )
        except DatabaseAway as error:
            self._complain("database.away", str(error))
            return
        counts.note(answers, time.perf_counter() - began)
        self._recover()
        batch, self._batch, self._bytes = self._batch, [], 0
        for message in batch:
            self._link.ack(message)
        for address, receipt in receipts(answers, at=datetime.now(UTC)):
            self._link.publish(address, Channel.RECEIPTS, receipt.model_dump_json().encode())

    def _look(self) -> None:
        try:
            now = datetime.now(UTC)
            self._holes.look(now)
            self._nudges.look(now)
        except DatabaseAway as error:
            self._complain("database.away", str(error))
        else:
            if not self._batch:  # else it is the batch that shows whether it can be written
                self._recover()

    def _recover(self) -> None:
        if self._trouble:
            _log.info("database.back" if self._trouble == "database.away" else "clock.right")
            self._trouble = ""

    def _complain(self, trouble: str, why: str) -> None:
        """Try again after a pause; said once."""
        self._not_before = time.monotonic() + _PAUSE
        if not self._trouble:
            _log.error(trouble, why=why)
        self._trouble = trouble
