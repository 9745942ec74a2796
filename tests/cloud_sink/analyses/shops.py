"""Some stores over some days, told by their events: what stood in them is known exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cloud_sink.fleet.imports import import_file
from cloud_sink.fleet.settings import SinkConfig
from cloud_sink.profile.settle import settle_all
from cloud_sink.store.database import writing
from cloud_sink.store.intake import take
from edge.contract.catalogue import Sku
from edge.contract.topics import Address
from tests.cloud_sink.words import facing, fact, health, observed

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database

NOW = datetime(2026, 4, 10, tzinfo=UTC)
COLA, LIME = "9520000000004", "9520000000011"
PRODUCTS = {
    "cola": Sku(id="cola", name="Cola 330", brand="Kol", owner="Own Co.", category="soda", gtin=COLA),
    "lime": Sku(id="lime", name="Lime 330", brand="Lim", owner="Own Co.", category="soda", gtin=LIME),
}
HOURS = {"opens": "08:00", "closes": "22:00", "day_starts": "04:00"}
CAPTURES = 4


def described(cities: dict[str, str]) -> SinkConfig:
    """Stores by their city."""
    stores = [
        {"tenant": "acme", "id": store, "name": store, "zone": "UTC", "hours": HOURS, "city": city}
        for store, city in cities.items()
    ]
    return SinkConfig.model_validate({"stores": stores, "alike": ["city"]})


def tell(
    engine: Database,
    book: StoreBook,
    stores: list[str],
    days: list[date],
    shown: Callable[[str, date], dict[str, int] | None],
    *,
    more: Callable[[str, int], list[dict[str, Any]]] | None = None,
) -> None:
    """Four captures a day of each store, all showing the same facings; None: nobody saw that day."""
    for number, store in enumerate(stores):
        device = Address("acme", store, f"d{number}")
        events: list[dict[str, Any]] = []
        for day in days:
            facings = shown(store, day)
            opens = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
            events.append(health(len(events) + 1, CAPTURES, day=str(day), at=opens, device=device))
            for step in range(CAPTURES if facings is not None else 0):
                standing = [facing(sku) for sku, count in (facings or {}).items() for _ in range(count)]
                event = observed(
                    len(events) + 1,
                    standing,
                    planned={"cola": 1, "lime": 1},
                    at=opens + timedelta(hours=3.5 * step),
                    device=device,
                )
                event["data"]["evidence"] = f"{day.day:02}" * 32
                events.append(event)
        events += more(store, len(events) + 1) if more else []
        with writing(engine) as connection:
            take(connection, [fact(one, device=device) for one in events], [], stores=book, received=NOW)
    settle_all(engine, book)


def load(engine: Database, book: StoreBook, kind: Any, text: str) -> None:
    """Import a file, without a fault."""
    told: dict[str, Any] = {"tenant": "acme", "kind": kind, "name": kind, "data": text.encode(), "by": "me", "now": NOW}
    assert import_file(engine, book, PRODUCTS, **told).faults == []


def days_from(first: date, count: int) -> list[date]:
    """Some days in a row."""
    return [first + timedelta(days=at) for at in range(count)]
