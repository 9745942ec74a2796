"""What a collector does once a day beside collecting: partitions made ahead, and what is too old deleted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from cloud_sink.evidence import removal
from cloud_sink.fleet.master import stores_of
from cloud_sink.photo_audit.weekly import draw_due
from cloud_sink.store import audit_rows, chores, invitation_rows, outgoing, partitions, users
from cloud_sink.store.database import DatabaseAway, writing
from cloud_sink.store.retention import Keep, expire
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from cloud_sink.evidence.place import EvidencePlace
    from cloud_sink.fleet.settings import RetentionSection, SinkConfig
    from cloud_sink.store.database import Database

_LOOK_SECONDS = 600.0
"""How often a collector looks whether the day's chore is still to be done."""

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

    def look(self, now: datetime) -> None:
        """Do what is due.

        Raises:
            StoreError: the database, or the place for photographs, cannot be used now.
        """
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
        drawn = draw_due(self._engine, stores_of(self._engine, self._config.stores), self._config.audit, now)
        # Last: it may wait for a store elsewhere, or fail with it.
        gone["evidence"] = removal.expire(self._engine, self._place, self._config.retention.evidence, now)
        _log.info("housekeeping.done", deleted={name: count for name, count in gone.items() if count}, audits=drawn)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look(datetime.now(UTC))
            except (DatabaseAway, StoreError) as error:
                _log.warning("housekeeping.failed", why=str(error))
            self._stop.wait(_LOOK_SECONDS)
