"""EPCIS 2.0: what stood on a shelf as ObjectEvents that observe, in JSON-LD.

Products are classes by their GTIN, places are the store's GLN, both as GS1 Digital Link URIs in their canonical form
(https://id.gs1.org). What has no GTIN is counted in an extension, and a store without a GLN has a URN of its own.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from cloud_sink.exports.event_hash import hash_id
from cloud_sink.exports.walk import Wanted, observations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from cloud_sink.exports.tables import Source
    from cloud_sink.store.listing import StoredEvent
    from edge.contract.payloads import ShelfObserved

CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"facings": "urn:facings:"}]
_TOGETHER = 100
"""Events that go out together: each piece costs a turn between threads."""

_EXTENSION = 20
"""Characters of AI (254), the extension of a GLN."""


def documents(source: Source, wanted: Wanted, now: datetime) -> Iterator[bytes]:
    """One EPCIS document, piece by piece."""
    head = {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": _moment(now),
    }
    yield (json.dumps(head)[:-1] + ', "epcisBody": {"eventList": [').encode()
    comma = ""
    seen_all = observations(source.engine, wanted)
    while some := list(islice(seen_all, _TOGETHER)):
        events = [
            object_event(one, seen, source, source.stores.clockwork(one.tenant, one.store, _zone(one)).zone)
            for one, seen, _ in some
        ]
        yield (comma + ",\n".join(json.dumps(event, ensure_ascii=False) for event in events)).encode()
        comma = ",\n"
    yield b"]}}\n"


def object_event(one: StoredEvent, seen: ShelfObserved, source: Source, zone: ZoneInfo) -> dict[str, Any]:
    """One observation of a shelf.

    Args:
        one: the event as it is stored.
        seen: what counts of it.
        source: catalogue and stores.
        zone: the store's.
    """
    named: Counter[str] = Counter()
    products = source.products.of(one.tenant)
    for facing in seen.counted_facings:
        product = products.get(facing.sku) if facing.status == "recognised" and facing.sku else None
        named[product.gtin.zfill(14) if product and product.gtin else ""] += 1
    unnamed = named.pop("", 0)
    section = source.stores.find(one.tenant, one.store)
    place, fixture = _places(section.gln if section else None, one, seen.fixture)
    event: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": _moment(one.at),
        "eventTimeZoneOffset": _offset(one.at, zone),
        "recordTime": _moment(one.received),
        "epcList": [],
        "action": "OBSERVE",
        "bizStep": "cycle_counting",
        "disposition": "sellable_accessible",
        "readPoint": {"id": fixture},
        "bizLocation": {"id": place},
        "facings:unidentified": unnamed,
        "facings:event": f"{one.device}/{one.epoch}-{one.seq}",
    }
    if seen.simulated:
        event["facings:simulated"] = "true"
    if named:
        event["quantityList"] = [
            {"epcClass": f"https://id.gs1.org/01/{gtin}", "quantity": count} for gtin, count in sorted(named.items())
        ]
    event["eventID"] = hash_id(event)
    return event


def _places(gln: str | None, one: StoredEvent, fixture: str) -> tuple[str, str]:
    """Where the store is, and where in it the shelf stands."""
    own = f"urn:facings:{one.tenant}:{one.store}"
    store = f"https://id.gs1.org/414/{gln}" if gln else own
    return store, f"{store}/254/{fixture}" if gln and len(fixture) <= _EXTENSION else f"{own}:{fixture}"


def _zone(one: StoredEvent) -> str:
    zone: str = json.loads(one.body)["zone"]
    return zone


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _offset(at: datetime, zone: ZoneInfo) -> str:
    text = at.astimezone(zone).strftime("%z")
    return f"{text[:3]}:{text[3:5]}"
