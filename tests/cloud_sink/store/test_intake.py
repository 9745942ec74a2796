"""What becomes of a batch, asked of the store itself."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.ask import ask_profile
from cloud_sink.profile.settle import settle_all
from cloud_sink.store import boots, ledger
from cloud_sink.store.boots import MOVED_AT_ONCE
from cloud_sink.store.database import Database, DatabaseAway, open_database, reading, writing
from cloud_sink.store.facts import Fact, RefusedBody
from cloud_sink.store.intake import Answers, date_anew, take
from cloud_sink.store.tables import camera_due, events, metadata, quarantine
from edge.contract.receipts import RefusalReason
from tests.cloud_sink.words import (
    DEVICE,
    EPOCH,
    OTHER_EPOCH,
    START,
    envelope,
    facing,
    fact,
    health,
    observed,
    rejected,
    stockout,
    traffic,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.store.facts import Boot
    from tests.postgres import Postgres

NOW = datetime(2026, 3, 20, tzinfo=UTC)
DAY = date(2026, 3, 14)


def store_batch(
    database: Database,
    stores: StoreBook,
    facts: Iterable[Fact],
    *,
    refused: Iterable[RefusedBody] = (),
    at: datetime = NOW,
) -> Answers:
    with writing(database) as connection:
        return take(connection, facts, refused, stores=stores, received=at)


def dated(database: Database) -> dict[int, tuple[int, str]]:
    with reading(database) as connection:
        return {row.seq: (row.at, row.dated) for row in connection.execute(select(events))}


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def profile(database: Database, stores: StoreBook, day: date = DAY) -> dict[str, Any]:
    found = ask_profile(database, stores, {}, store="s1", day=day, now=NOW)
    return found.model_dump(mode="json", exclude={"place"})


def test_an_event_whose_bytes_are_gone_is_known_by_the_ledger(database: Database, stores: StoreBook) -> None:
    store_batch(database, stores, [fact(rejected(1))])
    with writing(database) as connection:
        connection.execute(events.delete())
    answers = store_batch(database, stores, [fact(rejected(1))])
    assert answers[DEVICE, EPOCH].taken == {1}
    assert dated(database) == {}


def test_a_refused_number_is_no_hole_and_its_body_is_kept_once(database: Database, stores: StoreBook) -> None:
    bad = RefusedBody(DEVICE, EPOCH, 2, RefusalReason.INVALID, "why", b"bytes", bytes(32))
    for _ in range(2):
        answers = store_batch(database, stores, [fact(rejected(1)), fact(rejected(3))], refused=[bad])
        assert answers[DEVICE, EPOCH].refused == {2: (RefusalReason.INVALID, "why")}
    with reading(database) as connection:
        assert ledger.holes(connection) == {}
        assert [row.body for row in connection.execute(select(quarantine))] == [b"bytes"]


def test_a_number_refused_once_is_taken_when_it_comes_right(database: Database, stores: StoreBook) -> None:
    bad = RefusedBody(DEVICE, EPOCH, 1, RefusalReason.UNKNOWN_TYPE, "why", b"bytes", bytes(32))
    store_batch(database, stores, [], refused=[bad])
    assert store_batch(database, stores, [fact(rejected(1))])[DEVICE, EPOCH].taken == {1}
    assert set(dated(database)) == {1}


def test_what_an_outbox_dropped_is_no_hole(database: Database, stores: StoreBook) -> None:
    dropped = envelope(9, "outbox.dropped.v1", {"ranges": [[2, 8]], "kind": "health", "reason": "full"})
    store_batch(database, stores, [fact(rejected(1)), fact(dropped)])
    with reading(database) as connection:
        assert ledger.holes(connection) == {}


def test_unsynced_events_are_dated_once_a_synced_one_of_their_boot_arrives(
    database: Database, stores: StoreBook
) -> None:
    wrong = datetime(2020, 5, 5, tzinfo=UTC)
    early = fact(rejected(1, at=wrong, clock="unsynced", up=100))
    store_batch(database, stores, [early])
    assert dated(database) == {1: (ms(NOW), "arrival")}
    assert profile(database, stores)["fixtures"][0]["rejected"] == {}

    store_batch(database, stores, [fact(rejected(2, at=START + timedelta(seconds=300), up=400))])
    assert dated(database)[1] == (ms(START), "boot")
    assert profile(database, stores)["fixtures"][0]["rejected"] == {"dark": 2}
    assert profile(database, stores, date(2026, 3, 20))["fixtures"][0]["rejected"] == {}

    store_batch(database, stores, [fact(rejected(3, at=wrong, clock="unsynced", up=160))])
    assert dated(database)[3] == (ms(START + timedelta(seconds=60)), "boot")


def test_a_boot_of_many_undated_events_is_dated_bit_by_bit(database: Database, stores: StoreBook) -> None:
    wrong = datetime(2020, 5, 5, tzinfo=UTC)
    count = 2 * MOVED_AT_ONCE + 10
    undated = [fact(rejected(n, at=wrong, clock="unsynced", up=n)) for n in range(1, count + 1)]
    store_batch(database, stores, undated)
    store_batch(database, stores, [fact(rejected(count + 1, at=START, up=0))])
    moved = [sum(how == "boot" for _, how in dated(database).values())]
    while boot := next(iter(waiting_boots(database)), None):
        with writing(database) as connection:
            date_anew(connection, boot, stores)
        moved.append(sum(how == "boot" for _, how in dated(database).values()))
    assert moved == [MOVED_AT_ONCE, 2 * MOVED_AT_ONCE, count]
    assert dated(database)[count] == (ms(START + timedelta(seconds=count)), "boot")
    assert profile(database, stores)["fixtures"][0]["rejected"] == {"dark": count + 1}


def waiting_boots(database: Database) -> list[Boot]:
    with reading(database) as connection:
        return boots.waiting(connection, 10)


def test_a_boot_dates_nothing_before_there_were_devices_or_after_it_came(database: Database, stores: StoreBook) -> None:
    synced = fact(rejected(1, at=START, boot="aaaaaaaa", up=2_000_000_000))
    before = fact(rejected(2, clock="unsynced", boot="aaaaaaaa", up=0))
    after = fact(rejected(3, clock="unsynced", boot="aaaaaaaa", up=2**31 - 1))
    store_batch(database, stores, [synced, before, after])
    assert dated(database) == {1: (ms(START), "clock"), 2: (ms(NOW), "arrival"), 3: (ms(NOW), "arrival")}


@pytest.mark.parametrize("day", ["0001-01-01", "1970-01-01", "9999-12-31"])
def test_captures_due_on_a_day_that_no_store_has_are_due_nowhere(
    database: Database, stores: StoreBook, day: str
) -> None:
    store_batch(database, stores, [fact(health(1, 5, day=day))])
    settle_all(database, stores)
    with reading(database) as connection:
        assert connection.execute(select(camera_due)).all() == []


def test_a_batch_may_tell_of_more_cameras_than_a_statement_may_have_parameters(
    database: Database, stores: StoreBook
) -> None:
    told = health(1, 5)
    (camera,) = told["data"]["cameras"]
    told["data"]["cameras"] = [camera | {"camera": f"c{number}"} for number in range(64)]
    events = [fact(told | {"seq": seq, "id": f"{EPOCH}-{seq}", "source": f"/acme/s{seq}/d1"}) for seq in range(1, 801)]
    store_batch(database, stores, events)
    with reading(database) as connection:
        assert connection.execute(select(func.count()).select_from(camera_due)).scalar_one() == 800 * 64


def test_another_boot_dates_nothing(database: Database, stores: StoreBook) -> None:
    store_batch(database, stores, [fact(rejected(1, clock="unsynced", up=1, boot="aaaaaaaa"))])
    store_batch(database, stores, [fact(rejected(2, boot="bbbbbbbb"))])
    assert dated(database)[1] == (ms(NOW), "arrival")


def test_a_clock_far_ahead_or_never_set_counts_as_unsynced(database: Database, stores: StoreBook) -> None:
    ahead = fact(rejected(1, at=NOW + timedelta(minutes=6), boot="aaaaaaaa"))
    near = fact(rejected(2, at=NOW + timedelta(minutes=4), boot="bbbbbbbb"))
    never = fact(rejected(3, at=datetime(1970, 1, 1, tzinfo=UTC), boot="cccccccc"))
    first_of_all = fact(rejected(4, at=datetime(1, 1, 1, tzinfo=UTC), boot="dddddddd"))
    last_of_all = fact(rejected(5, at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC), boot="eeeeeeee"))
    store_batch(database, stores, [ahead, near, never, first_of_all, last_of_all])
    assert {seq: how for seq, (_, how) in dated(database).items()} == {
        1: "arrival",
        2: "clock",
        3: "arrival",
        4: "arrival",
        5: "arrival",
    }


def test_an_episode_of_an_unsynced_clock_is_moved_with_its_event(database: Database, stores: StoreBook) -> None:
    wrong = datetime(2020, 5, 5, tzinfo=UTC)
    opened = stockout(1, "cola", wrong - timedelta(minutes=30), at=wrong, clock="unsynced", up=3600)
    store_batch(database, stores, [fact(opened)])
    store_batch(database, stores, [fact(rejected(2, at=START, up=0))])
    (line,) = profile(database, stores)["goods"]["stockouts"]
    assert line["since"] == (START + timedelta(minutes=30)).isoformat().replace("+00:00", "Z")


def test_an_event_of_a_store_nobody_described_is_stored_by_its_own_zone(database: Database) -> None:
    late = datetime(2026, 3, 14, 17, 30, tzinfo=UTC)  # half past midnight there, the next day
    store_batch(database, StoreBook(), [fact(rejected(1, at=late))])
    found = ask_profile(database, StoreBook(), {}, store="s1", now=NOW)
    assert (found.day, found.place.zone, found.fixtures[0].rejected) == (
        date(2026, 3, 15),
        "Asia/Ho_Chi_Minh",
        {"dark": 1},
    )


def a_day_of_events() -> list[dict[str, Any]]:
    """A day with everything in it: captures, rejections, an episode, traffic, schedules, clocks that are wrong."""
    day: list[dict[str, Any]] = []
    chance = random.Random(7)
    for n in range(24):
        at = START + timedelta(minutes=30 * n)
        shown = [facing(f"sku-{k}", width=chance.uniform(0.01, 0.2)) for k in range(chance.randint(0, 4))]
        shown += [facing(None, status="unknown"), facing("sku-9", status="unsure")][: chance.randint(0, 2)]
        plan = {"sku-0": 2, "sku-1": 1} if n > 2 else {"sku-0": 2}
        wrong = n in {4, 11}
        day.append(
            observed(
                n + 1,
                shown,
                planned=plan,
                gaps=n % 3,
                view="front" if n % 4 else "top",
                at=datetime(2021, 1, 1, tzinfo=UTC) if wrong else at,
                clock="unsynced" if wrong else "synced",
                up=1800 * n,
            )
        )
    day += [rejected(25, at=START + timedelta(hours=13)), rejected(26, reason="fogged", at=START, up=3)]
    day += [
        stockout(27, "sku-1", START + timedelta(hours=2), at=START + timedelta(hours=3)),
        stockout(28, "sku-1", START + timedelta(hours=2), START + timedelta(hours=4), at=START + timedelta(hours=4)),
        stockout(29, "sku-0", START + timedelta(hours=11), at=START + timedelta(hours=12), episode="e2"),
        health(30, 20, at=START),
        health(31, 28, at=START + timedelta(hours=12)),
        traffic(32, START, fixture=None, into=12),
        traffic(33, START, fixture="f1", passers=30, stoppers=4),
        rejected(1, at=START, epoch=OTHER_EPOCH, boot="ffff0000", clock="unsynced", up=9000),
        rejected(2, at=START + timedelta(hours=1), epoch=OTHER_EPOCH, boot="ffff0000", up=3600),
        rejected(3, at=START + timedelta(hours=1), epoch=OTHER_EPOCH, boot="ffff0000", up=1800),
    ]
    return day


FACTS = [fact(event) for event in a_day_of_events()]


SHUFFLES = {
    "order": st.permutations(range(len(FACTS))),
    "again": st.lists(st.integers(0, len(FACTS) - 1), max_size=20),
    "cuts": st.lists(st.integers(0, 50), max_size=8),
}


def shuffled(order: list[int], again: list[int], cuts: list[int]) -> list[list[Fact]]:
    """The day's facts in another order, some of them twice, in batches."""
    sequence = [FACTS[at] for at in [*order, *again]]
    random.Random(len(again)).shuffle(sequence)
    bounds = sorted({0, *(min(cut, len(sequence)) for cut in cuts), len(sequence)})
    return [sequence[start:end] for start, end in pairwise(bounds)]


@settings(max_examples=12, deadline=None)
@given(**SHUFFLES)
def test_late_doubled_and_reordered_events_give_the_profile_of_a_clean_run(
    order: list[int], again: list[int], cuts: list[int]
) -> None:
    clean = run([FACTS])
    assert run(shuffled(order, again, cuts)) == clean
    assert clean["goods"]["kpis"]["facings"]["all"] > 0


@pytest.fixture(scope="module")
def server(postgres: Postgres) -> Iterator[Database]:
    """One PostgreSQL for many runs, each of which empties it."""
    engine = open_database(postgres.fresh())
    yield engine
    engine.dispose()


@settings(max_examples=6, deadline=None)
@given(**SHUFFLES)
def test_postgresql_gives_the_same_profile(
    server: Database, order: list[int], again: list[int], cuts: list[int]
) -> None:
    assert run(shuffled(order, again, cuts), emptied(server)) == run([FACTS])


def test_two_collectors_that_hold_events_of_one_device_at_once_keep_its_ledger_right(server: Database) -> None:
    emptied(server)
    stores, chance = StoreBook(), random.Random(11)
    halves = [chance.sample(FACTS, len(FACTS)) for _ in range(2)]  # both hold every event, each in its own order

    def collect(facts: list[Fact]) -> None:
        left = [facts[at : at + 3] for at in range(0, len(facts), 3)]
        while left:
            try:
                store_batch(server, stores, left[0])
            except DatabaseAway:  # a deadlock: nothing was stored, and the batch is tried again
                continue
            del left[0]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(collect, halves))
    assert profile(server, stores) == run([FACTS])
    with reading(server) as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == len(FACTS)
        assert ledger.holes(connection) == {}


def emptied(engine: Database) -> Database:
    with writing(engine) as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
    return engine


def run(batches: list[list[Fact]], engine: Database | None = None) -> dict[str, Any]:
    stores, used = StoreBook(), engine or open_database("sqlite://")
    if engine is None:
        metadata.create_all(used)
    for batch in batches:
        store_batch(used, stores, batch)
    found = profile(used, stores)
    if engine is None:
        used.dispose()
    return found


def test_the_configuration_names_the_store(config: SinkConfig, stores: StoreBook) -> None:
    assert stores.find("acme", "s1") == config.stores[0]
    assert stores.find("rival", "s1") is None
