"""All of a tenant's facts in a period, in slices: no transaction lasts as long as a slow reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from cloud_sink.store import corrections, photo_audits
from cloud_sink.store.database import reading
from cloud_sink.store.day import stores_seen
from cloud_sink.store.listing import EventFilter, StoredEvent, episode_page, event_page, find_event
from cloud_sink.store.moments import to_ms
from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import ShelfObserved, TrafficCounted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from cloud_sink.store.corrected import Correction
    from cloud_sink.store.corrections import Corrections
    from cloud_sink.store.database import Database
    from cloud_sink.store.listing import StoredEpisode

SLICE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose facts, of which business days; both ends included."""

    tenant: str
    since: date
    until: date
    store: str | None = None


def observations(engine: Database, wanted: Wanted) -> Iterator[tuple[StoredEvent, ShelfObserved, bool]]:
    """Observations of shelves as they count, and whether people corrected them."""
    for store in _stores(engine, wanted):
        with reading(engine) as connection:
            known: Corrections = corrections.of_store(connection, wanted.tenant, store)
        for one in _events(engine, wanted, store, "shelf.observed.v1"):
            seen = corrections.as_it_counts(one.body, wanted.tenant, known)
            yield one, seen, (one.tenant, one.device, one.epoch, one.seq) in known


def judged_observations(engine: Database, wanted: Wanted) -> Iterator[tuple[ShelfObserved, list[Correction]]]:
    """Observations that people corrected or judged in an audit, as the device told them, with what was said of them.

    Of a facing that was both, the correction is told last: its author saw the picture as a whole.
    """
    for store in _stores(engine, wanted):
        with reading(engine) as connection:
            known = photo_audits.as_corrections(connection, wanted.tenant, store)
            for key, said in corrections.of_store(connection, wanted.tenant, store).items():
                known[key] = [*known.get(key, []), *said]
        for key, said in sorted(known.items()):
            with reading(engine) as connection:
                found = find_event(connection, *key)
            if found is not None and wanted.since <= found.day <= wanted.until:
                seen = EVENT_ADAPTER.validate_json(found.body).data
                assert isinstance(seen, ShelfObserved)
                yield seen, said


def traffic(engine: Database, wanted: Wanted) -> Iterator[tuple[StoredEvent, TrafficCounted]]:
    """Intervals in which people were counted."""
    for store in _stores(engine, wanted):
        for one in _events(engine, wanted, store, "traffic.counted.v1"):
            told = EVENT_ADAPTER.validate_json(one.body).data
            assert isinstance(told, TrafficCounted)
            yield one, told


def episodes(engine: Database, wanted: Wanted) -> Iterator[StoredEpisode]:
    """Stock-out episodes that lasted on one of the days, by the calendar of UTC."""
    first = datetime.combine(wanted.since, time(), UTC)
    last = datetime.combine(wanted.until, time(), UTC) + timedelta(days=1)
    after = None
    while True:
        with reading(engine) as connection:
            page = episode_page(connection, wanted.tenant, store=wanted.store, since=first, after=after, limit=SLICE)
        for one in page:
            if one.since >= last:
                return
            yield one
        if len(page) < SLICE:
            return
        after = (to_ms(page[-1].since), page[-1].store, page[-1].device, page[-1].episode)


def _stores(engine: Database, wanted: Wanted) -> list[str]:
    if wanted.store is not None:
        return [wanted.store]
    with reading(engine) as connection:
        return [store for _, store in stores_seen(connection, wanted.tenant)]


def _events(engine: Database, wanted: Wanted, store: str, kind: str) -> Iterator[StoredEvent]:
    asked = EventFilter(wanted.tenant, store, wanted.since, wanted.until, kind)
    after = None
    while True:
        with reading(engine) as connection:
            page = event_page(connection, asked, after=after, limit=SLICE)
        yield from page
        if len(page) < SLICE:
            return
        after = page[-1].key
