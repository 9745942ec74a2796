"""Profiles of several days, beside what the raw events say when they are counted one by one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from cloud_sink.fleet.settings import StoreSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.ask import WrongPeriod, ask_profile
from cloud_sink.profile.settle import settle_all
from cloud_sink.store.database import Database, reading, writing
from cloud_sink.store.intake import take
from cloud_sink.store.tables import events
from edge.contract.catalogue import Sku
from tests.cloud_sink.words import START, envelope, facing, fact, health, observed, stockout, traffic

if TYPE_CHECKING:
    from cloud_sink.profile.model import StoreProfile

NOW = datetime(2026, 3, 20, tzinfo=UTC)
FIRST, LAST = date(2026, 3, 14), date(2026, 3, 16)
PRODUCTS = {
    "cola": Sku(id="cola", name="Cola 330", brand="Kol", owner="Own Co.", category="soda"),
    "lime": Sku(id="lime", name="Lime 330", brand="Lim", owner="Own Co.", category="soda"),
    "rival": Sku(id="rival", name="Rival 330", brand="Riv", owner="Rival Co.", category="soda"),
}


def store_book(**more: Any) -> StoreBook:
    hours = {"opens": "08:00", "closes": "22:00", "day_starts": "04:00"}
    described = {"tenant": "acme", "id": "s1", "name": "First", "zone": "Asia/Ho_Chi_Minh", "hours": hours, **more}
    return StoreBook([StoreSection.model_validate(described)])


def told() -> list[dict[str, Any]]:
    """Three days, of which the second is seen for half its time only; lime runs out on two of them."""
    found: list[dict[str, Any]] = []
    for day in range(3):
        for step in range(28 if day != 1 else 14):
            at = START + timedelta(days=day, minutes=30 * step)
            out = day != 1 and 10 <= step < 14 + day
            shown = (
                [facing("cola")] * (1 + step % 3) + ([] if out else [facing("lime")]) + [facing("rival")] * (day + 1)
            )
            shown += [facing(None, status="unknown")] * (step % 2)
            own = sum(one["sku"] in {"cola", "lime"} for one in shown)
            plan = {"cola": 2, "lime": 1}
            found.append(observed(len(found) + 1, shown, own=own, planned=plan, gaps=int(step % 4 == 0), at=at))
    for day in (0, 2):
        begun = START + timedelta(days=day, hours=5)
        ended = begun + timedelta(hours=2, minutes=30 * day)
        found += [stockout(len(found) + 1, "lime", begun, ended, episode=f"e{day}", at=ended)]
    found += [health(len(found) + day + 1, 28, day=f"2026-03-{14 + day}", at=START) for day in range(3)]
    counted = [
        traffic(len(found) + n + 1, START + timedelta(days=n % 3, hours=n), fixture=None, into=3 + n) for n in range(6)
    ]
    found += counted
    found += [traffic(len(found) + 1, START, fixture="f1", lines=[], passers=40, stoppers=5)]
    found += [envelope(len(found) + n + 1, "cooler.door.v1", {"fixture": "f1", "state": "opened"}) for n in range(4)]
    return found


def ask(database: Database, stores: StoreBook, **more: Any) -> StoreProfile:
    return ask_profile(database, stores, PRODUCTS, store="s1", **{"day": LAST, "since": FIRST, "now": NOW, **more})


def take_in(database: Database, stores: StoreBook, said: list[dict[str, Any]]) -> None:
    with writing(database) as connection:
        take(connection, [fact(event) for event in said], [], stores=stores, received=NOW)


def stored(database: Database, kind: str) -> list[dict[str, Any]]:
    with reading(database) as connection:
        bodies = connection.execute(select(events.c.body).where(events.c.type == kind)).scalars()
        return [json.loads(body) for body in bodies]


def test_a_period_says_what_its_events_say(database: Database) -> None:
    stores = store_book()
    take_in(database, stores, told())
    found = ask(database, stores)
    seen = [one["data"] for one in stored(database, "shelf.observed.v1")]
    facings = [[one["sku"] for one in shot["facings"] if one["status"] == "recognised"] for shot in seen]
    kpis = found.goods.kpis
    assert (found.since, found.until, found.day, found.fixtures[0].captures) == (FIRST, LAST, None, 70)
    assert kpis.facings is not None
    assert kpis.facings.all == pytest.approx(mean(len(shot["facings"]) for shot in seen))
    own = sum(shot["kpis"]["own"] for shot in seen)
    foreign = sum(shot["kpis"]["foreign"] for shot in seen)
    assert kpis.purity is not None
    assert kpis.purity.value == pytest.approx(own / (own + foreign))
    assert kpis.osa == pytest.approx(1 - (2 + 3) / (2 * (14 + 7 + 14)))
    assert kpis.osa_watched == pytest.approx(35 / 42)
    assert found.completeness.value == pytest.approx(70 / 84)
    lines = {line.sku: line for line in found.goods.skus}
    for sku in ("cola", "lime", "rival"):
        assert lines[sku].facings == pytest.approx(mean(shot.count(sku) for shot in facings))
    assert (lines["lime"].stockouts, lines["lime"].minutes_out, lines["lime"].osa) == (2, 300, 1 - 5 / 35)
    brands = {line.name: line for line in found.goods.brands}
    assert brands["Lim"].osa == lines["lime"].osa
    assert brands["Riv"].share_of_shelf == pytest.approx(
        sum(shot.count("rival") for shot in facings) / sum(map(len, facings))
    )
    people = found.people
    assert (people.footfall, people.passers, people.stoppers, people.door_open_rate) == (33, 40, 5, 0.1)
    counted = [(hour.clock, hour.footfall) for hour in people.hours if hour.footfall is not None]
    assert counted == [(f"{8 + n:02}:00", 3 + n) for n in range(6)]


def test_its_days_are_the_profiles_of_its_days(database: Database) -> None:
    stores = store_book()
    take_in(database, stores, told())
    waiting = ask(database, stores)
    settle_all(database, stores)
    whole = ask(database, stores)
    assert whole == waiting
    for line in whole.days:
        day = ask(database, stores, day=line.day, since=None)
        assert day.day == line.day
        assert day.figures == line.figures
    assert len(whole.days) == 3


def test_its_figures_are_its_kpis(database: Database) -> None:
    stores = store_book()
    take_in(database, stores, told())
    found = ask(database, stores)
    kpis, figures = found.goods.kpis, found.figures
    assert kpis.purity is not None
    assert (figures.osa, figures.purity, figures.occupancy) == (kpis.osa, kpis.purity.value, kpis.occupancy)
    assert (figures.own_share, figures.completeness) == (kpis.own_share, found.completeness.value)
    assert (figures.footfall, figures.stockouts) == (11, 2 / 3)


def test_what_was_not_seen_for_ninety_days_is_new(database: Database) -> None:
    stores = store_book()
    take_in(database, stores, told())
    only_first = ask(database, stores, day=FIRST, since=None)
    assert {line.new for line in only_first.goods.skus} == {None}  # nothing was observed before
    later = START + timedelta(days=4)
    take_in(database, stores, [observed(900, [facing("cola"), facing("tea")], at=later)])
    found = ask(database, stores, day=later.date(), since=None)
    assert {line.sku: line.new for line in found.goods.skus} == {"cola": False, "tea": True}


def test_a_day_nobody_saw_is_unknown_and_not_zero(database: Database) -> None:
    stores = store_book()
    take_in(database, stores, told())
    found = ask(database, stores, day=date(2026, 3, 18), since=None)
    assert set(found.figures.model_dump().values()) == {None}
    assert (found.goods.kpis.osa, found.people.footfall, found.grade.letter, found.todo) == (None, None, None, [])


def test_days_of_which_nothing_came_are_told(database: Database) -> None:
    stores = store_book()
    take_in(database, stores, told())
    found = ask(database, stores, day=date(2026, 3, 25), now=datetime(2026, 3, 18, 12, tzinfo=UTC))
    assert (len(found.days), found.silent_days) == (3, 2)  # the 17th and the 18th; the rest is to come


def test_doors_of_which_nobody_heard_are_unknown(database: Database) -> None:
    stores = store_book()
    take_in(database, stores, [observed(1, [facing("cola")]), traffic(2, START, fixture="f1", lines=[], passers=40)])
    found = ask(database, stores, day=FIRST, since=None)
    assert (found.fixtures[0].door_openings, found.people.door_open_rate) == (None, None)


def test_hours_are_those_of_the_clock_when_it_changes(database: Database) -> None:
    stores = store_book(zone="Europe/Berlin")
    before, after = datetime(2026, 3, 28, 9, tzinfo=UTC), datetime(2026, 3, 29, 8, tzinfo=UTC)  # 10:00 on both days
    said = [
        envelope(seq, "traffic.counted.v1", {**traffic(seq, at, fixture=None, into=5)["data"]}, at=at)
        for seq, at in ((1, before), (2, after))
    ]
    with writing(database) as connection:
        take(connection, [fact(one) for one in said], [], stores=stores, received=datetime(2026, 4, 1, tzinfo=UTC))
    found = ask(database, stores, since=date(2026, 3, 28), day=date(2026, 3, 29), now=datetime(2026, 4, 1, tzinfo=UTC))
    counted = [(hour.clock, hour.footfall, hour.since, hour.completeness) for hour in found.people.hours]
    assert [one for one in counted if one[3]] == [("10:00", 10, None, 0.25)]  # half an hour of the two of two days
    assert found.people.peak_hours == ["10:00"]


@pytest.mark.parametrize(
    ("since", "why"), [(date(2026, 3, 17), "before it begins 2026-03-17"), (date(2020, 1, 1), "2267 days are too many")]
)
def test_a_period_that_is_none_is_refused(database: Database, since: date, why: str) -> None:
    stores = store_book()
    with pytest.raises(WrongPeriod, match=why):
        ask(database, stores, since=since)
