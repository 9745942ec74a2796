"""Settled days: the same whatever the order of the events and the moments of settling, and as the raw events say."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from cloud_sink.fleet.settings import StoreSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.settle import settle_all, settle_some, unsettled, work_out
from cloud_sink.store import settled, stale
from cloud_sink.store.database import Database, open_database, reading, writing
from cloud_sink.store.intake import take
from cloud_sink.store.settled_tables import stale_day
from cloud_sink.store.tables import events, metadata
from tests.cloud_sink.words import START, envelope, facing, fact, health, observed, rejected, stockout, traffic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cloud_sink.store.facts import Fact
    from tests.postgres import Postgres

NOW = datetime(2026, 3, 20, tzinfo=UTC)
FIRST, LAST = date(2026, 3, 14), date(2026, 3, 17)
STEP = timedelta(minutes=30)
PLAN = {"cola": 2, "lime": 1}
STORES = StoreBook(
    [
        StoreSection.model_validate(
            {
                "tenant": "acme",
                "id": "s1",
                "name": "First",
                "zone": "Asia/Ho_Chi_Minh",
                "hours": {"opens": "08:00", "closes": "22:00", "day_starts": "04:00"},
            }
        )
    ]
)


def told() -> list[dict[str, Any]]:
    """Three days of a cooler that is looked at every half hour; lime is out from the first afternoon to the third day.

    One step is missing, one was rejected, and on the third day the cooler is looked at from two sides.
    """
    found: list[dict[str, Any]] = []
    out = (START + timedelta(hours=6), START + timedelta(days=2, hours=3))
    for day in range(3):
        for step in range(28):
            at = START + timedelta(days=day) + STEP * step
            seq = len(found) + 1
            if (day, step) == (0, 5):
                continue
            if step == 9:
                found.append(rejected(seq, at=at))
                continue
            shown = [facing("cola")] * (2 - step % 2)
            shown += [] if out[0] <= at < out[1] else [facing("lime")]
            found.append(observed(seq, shown, planned=PLAN, at=at))
    last = len(found)
    at = START + timedelta(days=2, hours=4)
    more = [
        stockout(last + 1, "lime", out[0], at=out[0] + STEP),
        stockout(last + 2, "lime", *out, at=out[1]),
        health(last + 3, 28),
        health(last + 4, 28, day="2026-03-16", at=at),
        observed(last + 5, [facing("tea")], view="side", at=at),
        traffic(last + 6, START, fixture=None, into=5),
        traffic(last + 7, START + timedelta(hours=1), fixture="f1", passers=20, stoppers=4),
        envelope(last + 8, "cooler.door.v1", {"fixture": "f1", "state": "opened"}),
    ]
    return [*found, *more]


FACTS = [fact(event) for event in told()]


def store(engine: Database, facts: Iterable[Fact]) -> None:
    with writing(engine) as connection:
        take(connection, facts, [], stores=STORES, received=NOW)


def everything(engine: Database) -> dict[str, Any]:
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(stale_day)).scalar_one() == 0
        return {
            "stores": settled.store_days(connection, "acme", "s1", FIRST, LAST),
            "courses": settled.courses_by_day(connection, "acme", "s1", FIRST, LAST),
        }


def run(engine: Database, facts: list[Fact], cuts: Iterable[int] = (), *, settling: bool = False) -> dict[str, Any]:
    """Store the facts in batches, and settle after each of them, or only at the end."""
    with writing(engine) as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
    bounds = sorted({0, *cuts, len(facts)})
    for start, end in pairwise(bounds):
        store(engine, facts[start:end])
        if settling:
            settle_all(engine, STORES)
    settle_all(engine, STORES)
    return everything(engine)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('settle') / 'sink.db'}")
        metadata.create_all(engine)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        engine = open_database(server.fresh())
    yield engine
    engine.dispose()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(0, len(FACTS)), max_size=4))
def test_neither_order_nor_the_moments_of_settling_change_what_is_settled(
    engine: Database, seed: int, cuts: list[int]
) -> None:
    clean = run(engine, FACTS)
    assert run(engine, random.Random(seed).sample(FACTS, len(FACTS)), cuts, settling=True) == clean


def test_what_is_settled_is_what_the_raw_events_say(engine: Database) -> None:
    found = run(engine, FACTS)
    for day, row in found["stores"].items():
        counted = by_minute(engine, day)
        assert (row["out_ms"], row["observed_ms"]) == tuple(60_000 * minutes for minutes in counted["all"]), day
        for sku in ("cola", "lime"):
            course = found["courses"][day]["f1", sku]
            assert (course["out_ms"], course["observed_ms"]) == tuple(60_000 * one for one in counted[sku]), (day, sku)
    first = found["stores"][FIRST]
    assert {name: first[name] for name in ("kept", "due", "accepted", "stockouts", "into", "passers", "into_days")} == {
        "kept": 26,
        "due": 28,
        "accepted": 26,
        "stockouts": 1,
        "into": 5,
        "passers": 20,
        "into_days": 1,
    }
    assert found["stores"][date(2026, 3, 15)]["undue_fixtures"] == 1


def by_minute(engine: Database, day: date) -> dict[str, tuple[int, int]]:
    """Minutes out and observed of each planned SKU, counted minute by minute from the stored bytes."""
    with reading(engine) as connection:
        bodies = [json.loads(body) for body in connection.execute(select(events.c.body)).scalars()]
    moment = datetime.fromisoformat
    shots = sorted(moment(one["time"]) for one in bodies if one["type"] == "shelf.observed.v1")
    gone = [one["data"] for one in bodies if one["type"] == "stockout.closed.v1"]
    opens = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    counted = {"cola": [0, 0], "lime": [0, 0]}
    seen_today = {
        f["sku"]
        for b in bodies
        if b["type"] == "shelf.observed.v1" and opens <= moment(b["time"])
        for f in b["data"]["facings"]
    }
    assert counted.keys() <= seen_today | {one["sku"] for one in gone}
    for minute in range(14 * 60):
        at = opens + timedelta(minutes=minute)
        if not any(shot <= at < shot + STEP for shot in shots):
            continue
        for sku, (out, observed_minutes) in counted.items():
            is_out = any(one["sku"] == sku and moment(one["since"]) <= at < moment(one["until"]) for one in gone)
            counted[sku] = [out + is_out, observed_minutes + 1]
    return {
        **{sku: (out, seen) for sku, (out, seen) in counted.items()},
        "all": (sum(out for out, _ in counted.values()), sum(seen for _, seen in counted.values())),
    }


def test_a_reader_works_out_for_himself_what_still_waits(engine: Database) -> None:
    clean = run(engine, FACTS)
    with writing(engine) as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
    store(engine, FACTS)
    with reading(engine) as connection:
        waiting = stale.within(connection, "acme", FIRST, LAST)
        found = unsettled(connection, STORES, "acme", waiting)
        assert settled.store_days(connection, "acme", "s1", FIRST, LAST) == {}
    assert len(waiting) == 3
    assert {day: one.store for (_, day), one in found.items()} == {
        day: {name: count for name, count in row.items() if name in found["s1", day].store}
        for day, row in clean["stores"].items()
    }


def test_an_end_that_comes_late_mends_the_days_after_it(engine: Database) -> None:
    closed = next(one for one in FACTS if one.type == "stockout.closed.v1")
    without = [one for one in FACTS if one is not closed]
    before = run(engine, without)["stores"][date(2026, 3, 16)]["out_ms"]
    store(engine, [closed])
    settle_all(engine, STORES)
    assert before == 13.5 * 3_600_000
    assert everything(engine)["stores"][date(2026, 3, 16)]["out_ms"] == 3 * 3_600_000


def test_falls_between_captures_are_depletion_and_openings_tell_more(engine: Database) -> None:
    course = run(engine, FACTS)["courses"][date(2026, 3, 15)]["f1", "cola"]
    assert (course["taken"], course["added"], course["refilled"]) == (13, 12, 0)
    opened = observed(1, [facing("cola")], planned=PLAN)
    opened["data"] |= {"trigger": "door_after", "opening": {"before": "c0", "refill": False, "taken": {"cola": 1}}}
    filled = observed(2, [facing("cola")] * 3, at=START + STEP)
    filled["data"]["opening"] = {"before": "c1", "refill": True, "taken": {"lime": 1}, "added": {"cola": 2}}
    found = run(engine, [fact(opened), fact(filled)])["courses"][FIRST]
    assert {sku: (one["taken"], one["removed"], one["refilled"]) for (_, sku), one in found.items()} == {
        "cola": (1, 0, 2),
        "lime": (0, 1, 0),
    }


def test_a_unit_that_may_still_be_there_was_not_taken(engine: Database) -> None:
    shots = [observed(1, [facing("cola")]), observed(2, [facing("cola", status="unsure")], at=START + STEP)]
    assert run(engine, [fact(one) for one in shots])["courses"] == {}


def test_days_whose_events_are_no_longer_kept_stay_as_they_were_settled(engine: Database) -> None:
    before = run(engine, FACTS)
    with writing(engine) as connection:
        connection.execute(events.delete())
    late = fact(stockout(999, "cola", START, START + timedelta(hours=1), episode="e9", at=START + timedelta(hours=1)))
    store(engine, [late])
    with reading(engine) as connection:
        assert work_out(connection, STORES, ("acme", "s1", FIRST)) is None
    settle_all(engine, STORES)
    assert everything(engine) == before


def test_a_day_is_claimed_once(engine: Database) -> None:
    run(engine, FACTS)
    store(engine, [fact(rejected(500))])
    with writing(engine) as connection:
        assert stale.claim(connection, ("acme", "s1", FIRST))
        assert not stale.claim(connection, ("acme", "s1", FIRST))
    assert settle_some(engine, STORES) == 0
