from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from cloud_sink.fleet.master import MasterData, stores_of
from cloud_sink.store import master
from cloud_sink.store.database import writing

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.store.database import Database

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def row(store: str, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("chain", "channel", "city", "store_class", "area_m2", "representative", "gln", "latitude", "longitude")
    )
    hours = {"opens": "07:30", "closes": "21:00", "day_starts": "05:00"}
    return {"tenant": "acme", "store": store, "name": "A store", "zone": "UTC", **hours, **empty, **more}


def fixture(store: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "tenant": "acme",
        "store": store,
        "fixture": name,
        "name": None,
        "kind": "shelf",
        "own": ["Own Co."],
        **more,
    }


def test_the_database_wins_over_the_configuration(database: Database, config: SinkConfig) -> None:
    with writing(database) as connection:
        master.put_stores(connection, [row("s1", name="Renamed", city="Hue"), row("s2", area_m2=80.5)], NOW)
        master.put_fixtures(connection, [fixture("s1", "f2"), fixture("s2", "f1", kind="rack")], NOW)
    book = stores_of(database, config.stores)
    first, second = book.find("acme", "s1"), book.find("acme", "s2")
    assert first is not None
    assert second is not None
    assert (first.name, first.city, [one.id for one in first.fixtures]) == ("Renamed", "Hue", ["f1", "f2"])
    assert (second.area_m2, second.fixtures[0].kind) == (80.5, "rack")
    assert book.clockwork("acme", "s2", "Asia/Tokyo").opens == time(7, 30)


def test_a_fixture_of_the_database_takes_the_place_of_the_configured_one(
    database: Database, config: SinkConfig
) -> None:
    with writing(database) as connection:
        master.put_fixtures(connection, [fixture("s1", "f1", own=["Rival Co."])], NOW)
    found = stores_of(database, config.stores).find("acme", "s1")
    assert found is not None
    assert [(one.id, one.own) for one in found.fixtures] == [("f1", ("Rival Co.",))]


def test_a_book_that_is_shared_follows_what_changes(database: Database, config: SinkConfig) -> None:
    data = MasterData(database, config.stores)
    assert data.refresh()
    assert not data.refresh()
    held = data.book
    with writing(database) as connection:
        master.put_stores(connection, [row("s1", name="Renamed")], NOW)
    assert data.refresh()
    found = held.find("acme", "s1")
    assert found is not None
    assert found.name == "Renamed"
