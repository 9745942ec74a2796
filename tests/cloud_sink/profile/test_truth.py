"""A day that is told step by step, counted step by step: the profile says the same, in whatever order it arrived."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.fleet.settings import StoreSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.ask import ask_profile
from cloud_sink.profile.settle import settle_some
from cloud_sink.store.database import Database, writing
from cloud_sink.store.facts import fact_of
from cloud_sink.store.intake import take
from edge.contract.refusal import Refused, read_event
from edge.deliver.envelope import seal
from tests.faults.story import ADDRESS, EPISODE, SKUS, drafts, stamp

if TYPE_CHECKING:
    from cloud_sink.profile.model import StoreProfile

STEPS = 500
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
DAY = date(2026, 3, 14)
EPOCH = "ef" * 16
BOOK = StoreBook(
    [
        StoreSection.model_validate(
            {
                "tenant": ADDRESS.tenant,
                "id": ADDRESS.store,
                "name": "Told",
                "zone": "Asia/Ho_Chi_Minh",
                "hours": {"opens": "08:00", "closes": "22:00", "day_starts": "04:00"},
            }
        )
    ]
)


def bodies() -> list[bytes]:
    """The day as its device sends it."""
    found: list[bytes] = []
    for step in range(STEPS):
        for draft in drafts(step):
            sealed = seal(draft, stamp=stamp(step), address=ADDRESS, epoch=EPOCH, seq=len(found) + 1)
            found.append(sealed.body)
    return found


BODIES = bodies()


def profile(database: Database) -> StoreProfile:
    """The day's profile, after it came out of order and was settled half-way."""
    facts = []
    for body in random.Random(5).sample(BODIES, len(BODIES)):
        event = read_event(body, ADDRESS)
        assert not isinstance(event, Refused)
        facts.append(fact_of(ADDRESS, event, body))
    for start in range(0, len(facts), 200):
        with writing(database) as connection:
            take(connection, facts[start : start + 200], [], stores=BOOK, received=NOW)
        settle_some(database, BOOK)
    return ask_profile(database, BOOK, {}, store=ADDRESS.store, day=DAY, now=NOW)


def test_every_figure_is_the_one_that_counting_gives(database: Database) -> None:
    found = profile(database)
    told: dict[str, list[dict[str, Any]]] = {}
    for body in BODIES:
        event = json.loads(body)
        told.setdefault(event["type"], []).append(event["data"])
    captures, rejected = told["shelf.observed.v1"], told["capture.rejected.v1"]
    kpis, fixture = found.goods.kpis, found.fixtures[0]
    assert (fixture.captures, fixture.rejected) == (len(captures), {"blurred": len(rejected)})
    assert found.completeness.value == pytest.approx(len(captures) / 504)

    counted: Counter[str] = Counter(one["sku"] for capture in captures for one in capture["facings"])
    for line in found.goods.skus:
        assert line.facings == pytest.approx(counted[line.sku] / len(captures))
    own = sum(capture["kpis"]["own"] for capture in captures)
    assert kpis.purity is not None
    assert kpis.purity.value == pytest.approx(own / sum(counted.values()))

    watched = [step for step in range(STEPS) if step % 11 != 3]
    out = sum(7 <= step % EPISODE < 30 for step in watched)
    assert kpis.osa == pytest.approx(1 - out / (len(SKUS) * len(watched)))
    assert kpis.osa_watched == pytest.approx(len(watched) / 504)
    line = next(line for line in found.goods.skus if line.sku == SKUS[0])
    assert line.stockouts == STEPS // EPISODE
    assert line.minutes_out == pytest.approx(out * 100 / 60)

    traffic = told["traffic.counted.v1"]
    entered = sum(line["into"] for one in traffic for line in one["lines"])
    assert (found.people.footfall, found.people.passers) == (entered, sum(one["passers"] for one in traffic))
    assert sum(hour.footfall or 0 for hour in found.people.hours) == entered
    falls = falls_of(captures)
    assert {line.sku: line.taken for line in found.goods.skus} == {sku: falls[sku] for sku in SKUS}


def falls_of(captures: list[dict[str, Any]]) -> Counter[str]:
    """Facings that fell from each capture to the next."""
    falls: Counter[str] = Counter()
    before: Counter[str] | None = None
    for capture in captures:
        stands = Counter(one["sku"] for one in capture["facings"])
        falls.update(before - stands if before is not None else ())
        before = stands
    return falls
