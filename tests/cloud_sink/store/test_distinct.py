"""Distinct values of an indexed column."""

from __future__ import annotations

from datetime import date, timedelta

from cloud_sink.store.database import Database, reading, writing
from cloud_sink.store.day import latest_days, stores_seen, tenants_with
from cloud_sink.store.dialect import add
from cloud_sink.store.distinct import distinct
from cloud_sink.store.settled_tables import stale_day
from cloud_sink.store.tables import camera_due, fixture_day

DAY = date(2026, 3, 14)


def mark(database: Database, *pairs: tuple[str, str], days: int = 3) -> None:
    rows: dict[tuple[object, ...], list[int]] = {
        (tenant, store, DAY + timedelta(days=day)): [1] for tenant, store in pairs for day in range(days)
    }
    with writing(database) as connection:
        add(connection, stale_day, rows)


def test_each_value_once_and_ascending(database: Database) -> None:
    mark(database, ("b", "s2"), ("b", "s1"), ("a", "s3"), ("b", "s9"))
    column = stale_day.c
    with reading(database) as connection:
        assert distinct(connection, column.tenant) == ["a", "b"]
        assert distinct(connection, column.store, column.tenant == "b") == ["s1", "s2", "s9"]
        assert distinct(connection, column.store, column.tenant == "c") == []


def test_stores_are_known_by_tenant(database: Database) -> None:
    mark(database, ("b", "s1"), ("a", "s1"), ("a", "s2"))
    with reading(database) as connection:
        assert stores_seen(connection) == [("a", "s1"), ("a", "s2"), ("b", "s1")]
        assert stores_seen(connection, "b") == [("b", "s1")]
        assert tenants_with(connection, "s1") == {"a", "b"}
        assert tenants_with(connection, "s2", "b") == set()


def test_the_latest_day_is_that_of_whatever_is_stored(database: Database) -> None:
    counts = [0] * (len(fixture_day.columns) - len(fixture_day.primary_key))
    due = {"device": "d", "camera": "c", "fixture": "f", "due": 1, "at": 0, "epoch": "e", "seq": 1}
    with writing(database) as connection:
        for day in (DAY, DAY - timedelta(1)):
            add(connection, fixture_day, {("a", "s1", day, "f", ""): counts})
        connection.execute(camera_due.insert().values(tenant="a", store="s2", day=DAY + timedelta(1), **due))
    with reading(database) as connection:
        found = latest_days(connection, [("a", "s1"), ("a", "s2"), ("a", "s3")])
    assert found == {("a", "s1"): DAY, ("a", "s2"): DAY + timedelta(1)}
