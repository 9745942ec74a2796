"""What a collector does once a day beside collecting: partitions made ahead, and what is too old deleted."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from cloud_sink.evidence import removal
from cloud_sink.fleet.master import stores_of
from cloud_sink.photo_audit.weekly import draw_due
from cloud_sink.store import audit_rows, chores, invitation_rows, outgoing, partitions, users
from cloud_sink.store.database import DatabaseAway, writing
from cloud_sink.store.retention import Keep, expire
from cloud_sink.trust.leaving import end_overdue
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from cloud_sink.evidence.place import EvidencePlace
    from cloud_sink.fleet.settings import RetentionSection, SinkConfig
    from cloud_sink.store.database import Database

_LOOK_SECONDS = 600.0
"""How often a collector looks whether the day's chore is still to be done."""

LONG = timedelta(days=7)
"""Beyond this since the house was kept last the clock is doubted: if it is wrong, all that is kept would be too old."""

TRIAL = 24 * 3600.0
"""Seconds that a clock which is doubted has to go on as the running clock does, before anything is deleted by it."""

_JUMP = 3600.0
"""Seconds by which the wall clock may part from the running clock between two looks."""

_log = structlog.get_logger()


def keep_of(section: RetentionSection) -> Keep:
    """The days of each event type and class of data."""
    return Keep(
        events={
            "shelf.observed.v1": section.observations,
            "capture.rejected.v1": section.observations,
            "traffic.counted.v1": section.traffic,
            "stockout.opened.v1": section.stockouts,
            "stockout.closed.v1": section.stockouts,
            "cooler.door.v1": section.coolers,
            "cooler.status.v1": section.coolers,
            "device.health.v1": section.health,
            "outbox.dropped.v1": section.health,
        },
        quarantine=section.quarantine,
        roll_ups=section.roll_ups,
    )


class Housekeeper:
    """Does the day's chores in a thread; whichever collector comes first does them for all."""

    def __init__(self, engine: Database, config: SinkConfig, place: EvidencePlace) -> None:
        self._engine = engine
        self._config = config
        self._place = place
        self._clock: tuple[datetime, float] | None = None  # wall and running clock at the last look
        self._steady_since = -math.inf
        self._doubted = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        """Begin, with a look at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the slice in hand."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def look(self, now: datetime, running: float) -> None:
        """Do what is due.

        Args:
            now: by the wall clock.
            running: the running clock's seconds.

        Raises:
            StoreError: the database, or the place for photographs, cannot be used now.
        """
        if self._doubts(now, running):
            with writing(self._engine) as connection:
                partitions.make_ahead(connection, now.date())
            return
        if not chores.claim(self._engine, "housekeeping", now):
            return
        with writing(self._engine) as connection:
            partitions.make_ahead(connection, now.date())
        gone = expire(self._engine, keep_of(self._config.retention), now)
        with writing(self._engine) as connection:
            users.expire(connection, now, timedelta(seconds=self._config.http.session_longest))
            waited = now - timedelta(seconds=self._config.webhooks.give_up)
            left = outgoing.trim(connection, before=waited, most=self._config.webhooks.most_waiting)
            gone["outgoing"] = sum(left.values())  # where no service sends it
            gone["invitations"] = invitation_rows.expire(connection, now - timedelta(days=self._config.retention.audit))
            gone["audit"] = audit_rows.expire(connection, now - timedelta(days=self._config.retention.audit))
        lost = end_overdue(self._engine, stores_of(self._engine, self._config.stores), now)
        drawn = draw_due(self._engine, stores_of(self._engine, self._config.stores), self._config.audit, now)
        # Last: it may wait for a store elsewhere, or fail with it.
        gone["evidence"] = removal.expire(self._engine, self._place, self._config.retention.evidence, now)
        _log.info(
            "housekeeping.done",
            deleted={name: count for name, count in gone.items() if count},
            audits=drawn,
            shut_out=lost,
        )

    def _doubts(self, now: datetime, running: float) -> bool:
        """Whether the clock may be wrong, so that nothing should be deleted by it; said once."""
        if self._clock is None or abs((now - self._clock[0]).total_seconds() - (running - self._clock[1])) > _JUMP:
            self._steady_since = running
        self._clock = now, running
        last = chores.last(self._engine, "housekeeping")
        doubted = last is not None and now - last > LONG and running - self._steady_since < TRIAL
        if doubted and not self._doubted:
            mend = "set this machine's clock if it is wrong; nothing is deleted for a day"
            _log.warning("housekeeping.waits", last=str(last), now=str(now), mend=mend)
        self._doubted = doubted
        return doubted

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look(datetime.now(UTC), time.monotonic())
            except (DatabaseAway, StoreError) as error:
                _log.warning("housekeeping.failed", why=str(error))
            self._stop.wait(_LOOK_SECONDS)
