"""Lets photographs go: first their rows say so, then their bytes go, then their rows.

Killed at any moment, the same is done again from where it stopped.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cloud_sink.store import evidence_rows
from cloud_sink.store.database import reading, writing

if TYPE_CHECKING:
    from datetime import datetime

    from cloud_sink.evidence.place import EvidencePlace
    from cloud_sink.store.database import Database

SLICE = 500
"""Photographs that go together."""


def expire(engine: Database, place: EvidencePlace, days: int, now: datetime, *, dry_run: bool = False) -> int:
    """Delete photographs older than so many days, and what uploads and deletions that were cut off left behind.

    Returns:
        How many went, or would go.

    Raises:
        EvidenceAway: some could not be deleted; nobody sees them any more, and the next time deletes them.
    """
    before = now - timedelta(days=days)
    if dry_run:
        with reading(engine) as connection:
            return evidence_rows.count_outdated(connection, before, now)
    gone = 0
    while True:
        with writing(engine) as connection:
            names = evidence_rows.outdated(connection, before, now, SLICE)
            evidence_rows.mark_going(connection, names)
        if not names:
            return gone
        place.remove(names)
        with writing(engine) as connection:
            evidence_rows.forget_gone(connection, names)
        gone += len(names)
