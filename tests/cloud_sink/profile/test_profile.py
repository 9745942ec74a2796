"""Profiles of days that were made by hand, so that every figure can be worked out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from cloud_sink.fleet.settings import SinkConfig, StoreSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.ask import UnknownStore, ask_profile
from cloud_sink.profile.text.render import render
from cloud_sink.store.database import Database, writing
from cloud_sink.store.intake import take
from edge.contract.catalogue import Sku
from edge.contract.topics import Address
from tests.cloud_sink.words import START, envelope, facing, fact, health, observed, rejected, stockout, traffic

if TYPE_CHECKING:
    from cloud_sink.profile.model import StoreProfile

NOW = datetime(2026, 3, 20, tzinfo=UTC)
DAY = date(2026, 3, 14)
PRODUCTS = {
    sku.id: sku
    for sku in (
        Sku(id="cola", name="Cola 330", brand="Kol", owner="Own Co.", category="soda"),
        Sku(id="lime", name="Lime 330", brand="Lim", owner="Own Co.", category="soda"),
        Sku(id="rival", name="Rival 330", brand="Riv", owner="Rival Co.", category="soda"),
        Sku(id="water", name="Water 500", brand="Kol", owner="Own Co.", category="water"),
    )
}


def ask(database: Database, stores: StoreBook, events: list[dict[str, Any]], **more: Any) -> StoreProfile:
    with writing(database) as connection:
        take(connection, [fact(event) for event in events], [], stores=stores, received=NOW)
    return ask_profile(database, stores, PRODUCTS, store="s1", **{"day": DAY, "now": NOW, **more})


def half_hours(count: int, **more: Any) -> list[dict[str, Any]]:
    shown = [facing("cola"), facing("cola"), facing("rival"), facing("water", width=0.1)]
    return [
        observed(n + 1, shown, own=3, planned={"cola": 2, "lime": 1}, at=START + timedelta(minutes=30 * n), **more)
        for n in range(count)
    ]


def test_means_purity_and_shares(database: Database, stores: StoreBook) -> None:
    goods = ask(database, stores, half_hours(4)).fixtures[0].goods
    assert goods.kpis.facings is not None
    assert (goods.kpis.facings.all, goods.kpis.facings.own, goods.kpis.facings.foreign) == (4, 3, 1)
    assert goods.kpis.purity is not None
    assert goods.kpis.purity.value == 0.75
    brands = {(line.name, line.category): line for line in goods.brands}
    assert brands["Kol", "soda"].share_of_shelf == pytest.approx(2 / 3)
    assert brands["Kol", "water"].share_of_shelf == 1
    owners = {line.name: line for line in goods.owners}
    assert owners["Rival Co."].share_of_shelf == 0.25
    assert owners["Own Co."].linear_share == pytest.approx(0.2 / 0.25)


def test_unsure_facings_stay_in_every_denominator_and_widen_the_purity(database: Database, stores: StoreBook) -> None:
    shown = [facing("cola"), facing("rival"), facing("lime", status="unsure"), facing(None, status="unknown")]
    goods = ask(database, stores, [observed(1, shown, own=1)]).goods
    assert goods.kpis.purity is not None
    assert (goods.kpis.purity.low, goods.kpis.purity.value, goods.kpis.purity.high) == (0.25, 0.5, 0.75)
    shares = {line.name: line.share_of_shelf for line in goods.brands}
    assert shares == {"Kol": pytest.approx(1 / 3), "Riv": pytest.approx(1 / 3)}
    lime = next(line for line in goods.skus if line.sku == "lime")
    assert (lime.facings, lime.unsure, lime.seen) == (0, 1, 0)


def test_osa_counts_planned_time_out_of_stock(database: Database, stores: StoreBook) -> None:
    out = stockout(90, "lime", START + timedelta(hours=3), START + timedelta(hours=10), at=START + timedelta(hours=10))
    goods = ask(database, stores, [*half_hours(28), out, health(91, 28)]).goods
    assert {line.sku: line.osa for line in goods.skus} == {"cola": 1.0, "lime": 0.5, "rival": None, "water": None}
    assert goods.kpis.osa == 0.75
    (line,) = goods.stockouts
    assert (line.sku, line.minutes) == ("lime", 420)


def test_a_sku_that_was_never_told_all_day_proves_no_availability(database: Database, stores: StoreBook) -> None:
    goods = ask(database, stores, [*half_hours(28), health(91, 28)]).goods
    assert {line.sku: line.osa for line in goods.skus if line.planned} == {"cola": 1.0, "lime": None}
    assert goods.kpis.osa == 1.0


def test_an_episode_that_lasts_reaches_to_closing_time(database: Database, stores: StoreBook) -> None:
    opened = stockout(90, "cola", START + timedelta(hours=7), at=START + timedelta(hours=8))
    goods = ask(database, stores, [*half_hours(28), opened, health(91, 28)]).goods
    assert next(line.osa for line in goods.skus if line.sku == "cola") == 0.5
    assert (goods.stockouts[0].until, goods.stockouts[0].minutes) == (None, 420)


def test_completeness_is_scheduled_captures_in_opening_hours(database: Database, stores: StoreBook) -> None:
    extra = [
        observed(50, [], trigger="door_after", at=START + timedelta(hours=1)),
        observed(51, [], at=START - timedelta(minutes=30)),  # before opening
        observed(52, [], at=START + timedelta(hours=14)),  # closing time is not open any more
    ]
    found = ask(database, stores, [*half_hours(14), *extra, health(91, 56), health(92, 28)])
    assert found.fixtures[0].completeness.model_dump() == {"value": 0.5, "accepted": 14, "due": 28, "unknown_days": 0}
    assert found.fixtures[0].captures == 17


def test_at_noon_nobody_misses_the_captures_of_the_evening(database: Database, stores: StoreBook) -> None:
    noon = START + timedelta(hours=4)
    opened = stockout(90, "cola", START + timedelta(hours=3), at=START + timedelta(hours=3))
    found = ask(database, stores, [*half_hours(8), opened, health(91, 28)], now=noon)
    assert found.completeness.model_dump() == {"value": 1.0, "accepted": 8, "due": 8, "unknown_days": 0}
    assert next(line.osa for line in found.goods.skus if line.sku == "cola") == 0.75
    before_opening = ask(database, stores, [], now=START - timedelta(hours=1))
    assert before_opening.completeness.value is None


def test_a_blind_camera_is_unknown_and_never_zero(database: Database, stores: StoreBook) -> None:
    found = ask(database, stores, [rejected(1, reason="covered"), health(2, 28)])
    fixture = found.fixtures[0]
    assert fixture.rejected == {"covered": 1}
    assert fixture.completeness.value == 0
    assert set(fixture.goods.kpis.model_dump().values()) == {None}
    assert set(found.goods.kpis.model_dump().values()) == {None}


def test_without_a_reported_schedule_completeness_is_unknown(database: Database, stores: StoreBook) -> None:
    found = ask(database, stores, half_hours(2)).completeness
    assert (found.value, found.accepted, found.due, found.unknown_days) == (None, 2, None, 1)


def test_a_second_fixture_does_not_make_up_for_the_first(database: Database, stores: StoreBook) -> None:
    events = [
        *half_hours(4),
        *[observed(n + 40, [facing("water")], fixture="f2", at=START + timedelta(minutes=n)) for n in range(8)],
        health(90, 8, at=START),
        health(91, 4, fixture="f2", at=START),
    ]
    found = ask(database, stores, events)
    assert [fixture.completeness.value for fixture in found.fixtures] == [0.5, 1.0]
    assert found.completeness.value == pytest.approx(8 / 12)
    assert found.goods.kpis.facings is not None
    assert found.goods.kpis.facings.all == 5


def test_views_show_different_parts_and_add_up(database: Database, stores: StoreBook) -> None:
    events = [
        *[observed(n, [facing("cola")] * 2, view="left") for n in (1, 2)],
        *[observed(n, [facing("cola"), facing("water")], view="right") for n in (3, 4, 5)],
    ]
    goods = ask(database, stores, events).fixtures[0].goods
    assert {line.sku: (line.facings, line.seen) for line in goods.skus} == {"cola": (3, 1), "water": (1, 1)}


def test_people_are_counted_where_there_are_cameras_for_them(database: Database, stores: StoreBook) -> None:
    hour = START + timedelta(hours=1)
    events = [
        traffic(1, START, fixture=None, into=5),
        traffic(2, hour, fixture=None, into=7),
        traffic(3, hour, fixture="f1", passers=20, stoppers=4),
        envelope(4, "cooler.door.v1", {"fixture": "f1", "state": "opened"}),
        envelope(5, "cooler.door.v1", {"fixture": "f1", "state": "closed", "seconds_open": 7.5}),
    ]
    found = ask(database, stores, events)
    people = found.people
    assert (people.footfall, people.passers, people.stoppers, people.door_open_rate) == (12, 20, 4, 0.05)
    counted = [(one.since, one.footfall, one.passers, one.completeness) for one in people.hours[:2]]
    assert counted == [(START, 5, None, 0.125), (hour, 7, 20, 0.25)]
    assert people.completeness == pytest.approx(2700 / (2 * 14 * 3600))
    assert (found.fixtures[0].door_openings, found.fixtures[0].door_open_seconds) == (1, 7.5)


def test_an_hour_in_which_nobody_counted_is_there_and_unknown(database: Database, stores: StoreBook) -> None:
    quarters = [traffic(n + 1, START + timedelta(minutes=15 * n), fixture=None, into=5) for n in range(4)]
    now = START + timedelta(hours=2, minutes=30)
    early = traffic(9, START - timedelta(hours=1), fixture=None, into=1)
    hours = ask(database, stores, [early, *quarters], now=now).people.hours
    assert [(one.clock, one.footfall, one.completeness) for one in hours] == [
        ("07:00", 1, None),  # the store is closed
        ("08:00", 20, 1.0),
        ("09:00", None, 0.0),
        ("10:00", None, 0.0),  # not over yet, and nothing of it came
    ]


def test_without_an_entrance_camera_footfall_is_unknown(database: Database, stores: StoreBook) -> None:
    people = ask(database, stores, [traffic(1, START, fixture="f1", passers=3)]).people
    assert (people.footfall, people.passers, people.stoppers) == (None, 3, None)


def test_what_was_too_small_to_be_told_is_not_nobody(database: Database, stores: StoreBook) -> None:
    hour = START + timedelta(hours=1)
    hidden: dict[str, Any] = {"lines": [], "withheld": ["lines.door"]}
    people = ask(
        database, stores, [traffic(1, START, fixture=None, into=5), traffic(2, hour, fixture=None, **hidden)]
    ).people
    assert (people.footfall, people.withheld_intervals) == (5, 1)
    assert [one.footfall for one in people.hours[:2]] == [5, None]
    assert people.peak_hours == ["08:00"]


def test_who_was_counted_before_the_store_opened_does_not_complete_its_day(
    database: Database, stores: StoreBook
) -> None:
    early = START - timedelta(hours=3)
    people = ask(database, stores, [traffic(1, early, fixture=None, into=1), traffic(2, START, fixture=None)]).people
    assert people.seconds_observed == 1800
    assert people.completeness == pytest.approx(900 / (14 * 3600))


def test_zones_tell_dwell_loitering_and_occupancy(database: Database, stores: StoreBook) -> None:
    zone = {
        "zone": "front",
        "visits": 4,
        "dwell_seconds": 60,
        "occupancy_mean": 0.5,
        "occupancy_peak": 2,
        "loitering": 1,
    }
    people = ask(database, stores, [traffic(1, START, fixture="f1", lines=[], zones=[zone])]).people
    assert (people.footfall, people.dwell_seconds, people.loitering, people.occupancy) == (None, 15, 1, 0.5)


def test_a_freezer_may_be_cold(database: Database, stores: StoreBook) -> None:
    events = [
        envelope(n, "cooler.status.v1", {"fixture": "f1", "cabinet_celsius": celsius, "power": power})
        for n, (celsius, power) in enumerate([(-18.0, True), (-20.0, False), (None, True), (None, True)], start=1)
    ]
    fixture = ask(database, stores, events).fixtures[0]
    assert (fixture.cabinet_celsius, fixture.power) == (-19, 0.75)


def test_rendered_pictures_are_called_simulated(database: Database, stores: StoreBook) -> None:
    found = ask(database, stores, half_hours(2, simulated=True))
    assert found.simulated
    assert "SIMULATED" in printed(found)


def test_the_table_shows_what_nobody_saw_as_a_dash(database: Database, stores: StoreBook) -> None:
    text = printed(ask(database, stores, [*half_hours(2), health(3, 28)]))
    assert "SIMULATED" not in text
    assert "People: no camera counts them here" in text
    rows = {line.split("  ")[0].strip(): line.split() for line in text.splitlines()}
    assert rows["must-stock"][-1] == "-"
    assert rows["purity"][-1] == "75.0%"
    assert rows["completeness"][-1] == "7.1%"


def test_the_last_day_with_data_is_taken_when_none_is_named(database: Database, stores: StoreBook) -> None:
    events = [rejected(1, at=START), rejected(2, at=START + timedelta(days=2))]
    assert ask(database, stores, events, day=None).day == date(2026, 3, 16)


def test_a_store_that_nobody_knows_is_said_with_those_known(database: Database, stores: StoreBook) -> None:
    with pytest.raises(UnknownStore, match=r"no store nowhere.*known: s1"):
        ask_profile(database, stores, {}, store="nowhere", now=NOW)
    with pytest.raises(UnknownStore, match="no store s1 of tenant rival"):
        ask_profile(database, stores, {}, store="s1", tenant="rival", now=NOW)


def test_stores_of_one_name_are_told_apart_by_tenant(database: Database, config: SinkConfig) -> None:
    rival = StoreSection(tenant="rival", id="s1", name="Rival", zone="UTC")
    stores = StoreBook([*config.stores, rival])
    other = Address("rival", "s1", "d1")
    with writing(database) as connection:
        mine, theirs = fact(rejected(1)), fact(rejected(1, reason="moved", device=other), device=other)
        take(connection, [mine, theirs], [], stores=stores, received=NOW)
    with pytest.raises(UnknownStore, match="acme, rival"):
        ask_profile(database, stores, {}, store="s1", now=NOW)
    found = ask_profile(database, stores, {}, store="s1", tenant="rival", now=NOW)
    assert found.fixtures[0].rejected == {"moved": 1}


def printed(profile: StoreProfile) -> str:
    console = Console(width=120, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as capture:
        for part in render(profile):
            console.print(part)
    return capture.get()
