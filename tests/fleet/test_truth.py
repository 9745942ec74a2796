"""What the fleet's check finds: nothing on a collector that does right, and every figure that is not as it happened."""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from fleet.book import Book
from fleet.check import differences_of, wrong_events
from fleet.database import prepared, tell_stores
from fleet.day import Day, yesterday_opens
from fleet.truth import differences
from fleet.words import words_of
from sqlalchemy import text

from cloud_sink.fleet.master import stores_of
from cloud_sink.profile.settle import settle_all
from cloud_sink.store.database import open_database, writing
from cloud_sink.store.facts import fact_of
from cloud_sink.store.intake import take
from edge.contract.refusal import Refused, read_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud_sink.store.database import Database

NOW = datetime.now(UTC)
DEVICES = (0, 1, 3, 7, 11, 13, 27, 111)  # with stock-outs and without, unsynced, restarted, with lost readings
DAYS = [Day(device, yesterday_opens(NOW), 12) for device in DEVICES]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with Book(tmp_path / "events") as book:
        book.write(DAYS, lambda _: None)
        yield book


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their days as a collector stores them, out of order and in small batches."""
    path = tmp_path_factory.mktemp("fleet") / "sink.db"
    engine = prepared(f"sqlite:///{path}")
    tell_stores(engine, DAYS)
    stores = stores_of(engine, ())
    facts = []
    for day in DAYS:
        for word in words_of(day):
            if not word.lost:
                event = read_event(word.body, day.address)
                assert not isinstance(event, Refused)
                facts.append(fact_of(day.address, event, word.body))
    random.Random(3).shuffle(facts)
    for start in range(0, len(facts), 50):
        with writing(engine) as connection:
            take(connection, facts[start : start + 50], [], stores=stores, received=NOW)
    settle_all(engine, stores)
    engine.dispose()
    return path


@pytest.fixture
def filled(original: Path, tmp_path: Path) -> Iterator[Database]:
    copy = shutil.copy(original, tmp_path / "sink.db")
    engine = open_database(f"sqlite:///{copy}")
    yield engine
    engine.dispose()


def profile_lines(engine: Database) -> list[str]:
    return differences_of(engine.url.render_as_string(), DAYS)


def test_a_fleet_that_was_stored_right_differs_in_nothing_but_its_goodbyes(filled: Database, book: Book) -> None:
    assert list(wrong_events(filled, DAYS, book)) == []
    assert {line.split(": ", 1)[1] for line in profile_lines(filled)} == {
        "place.devices[0].state: None, in truth 'offline'"
    }


TAMPERED = {
    "UPDATE fixture_day SET own = own + 1": "goods.kpis.facings.own",
    "UPDATE fixture_day SET cabinet_millicelsius = cabinet_millicelsius + 1": "fixtures[0].cabinet_celsius",
    "UPDATE fixture_day SET door_openings = door_openings + 1": "fixtures[0].door_openings",
    'UPDATE traffic_hour SET "into" = "into" + 1 WHERE fixture = \'\'': "people.footfall",
    "UPDATE traffic_hour SET passers = passers + 1": "people.passers",
    "UPDATE sku_day SET facings = facings + 1 WHERE sku = 'sku-03'": "goods.skus[2].facings",
    "UPDATE sku_course SET out_ms = out_ms + 1000": "goods.kpis.osa",
    "UPDATE sku_course SET taken = taken + 1": "goods.skus[0].taken",
    "UPDATE store_day SET out_ms = out_ms + 1000": "figures.osa",
    "UPDATE stockouts SET since = since + 1000": "goods.stockouts[0].since",
    "UPDATE camera_due SET due = due + 1": "completeness.due",
    "DELETE FROM rejection_day": "fixtures[0].rejected.blurred",
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_a_figure_that_is_not_as_it_happened_is_named(filled: Database, statement: str) -> None:
    with writing(filled) as connection:
        assert connection.execute(text(statement)).rowcount
    named = {line.split(": ")[1] for line in profile_lines(filled)}
    assert TAMPERED[statement] in named


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM events WHERE seq = 5 AND device = 'unit-00003'", "event 5 is stored 0 times"),
        ("UPDATE events SET sha256 = x'00' WHERE seq = 5 AND device = 'unit-00003'", "event 5 is stored with other"),
        ("UPDATE events SET seq = 900 WHERE seq = 5 AND device = 'unit-00003'", "event 900 was never told"),
        ("UPDATE ledger SET first = 3 WHERE device = 'unit-00003'", "the ledger misses 2 numbers: ((1, 2),)"),
    ],
)
def test_an_event_that_is_not_as_it_was_told_is_named(filled: Database, book: Book, statement: str, said: str) -> None:
    with writing(filled) as connection:
        connection.execute(text(statement))
    lines = list(wrong_events(filled, DAYS, book))
    assert all("00003" in line for line in lines)
    assert any(said in line for line in lines)


def test_numbers_are_compared_to_the_ninth_digit() -> None:
    assert differences({"a": 1 / 3}, {"a": 0.3333333333333}) == []
    assert differences({"a": [1.0]}, {"a": [1.000001]}) == ["a[0]: 1.000001, in truth 1.0"]
    assert differences({"a": {"b": None}}, {"a": {}}) == ["a.b: 'not there', in truth None"]
    assert differences({"a": [1]}, {"a": [1, 2]}) == ["a: [1, 2], in truth [1]"]
