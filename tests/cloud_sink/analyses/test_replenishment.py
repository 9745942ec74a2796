from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.analyses.replenishment import Outlook, ask_replenishment, sample
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.ask import UnknownStore
from edge.contract.topics import Address
from tests.cloud_sink.analyses.shops import COLA, LIME, PRODUCTS, days_from, described, load, tell
from tests.cloud_sink.words import stockout

if TYPE_CHECKING:
    from cloud_sink.store.database import Database

CONFIG = described({"s1": "Hue", "s2": "Hue", "s3": "Hue"})
BOOK = StoreBook(CONFIG.stores)
FIRST = date(2026, 2, 1)
DAYS = days_from(FIRST, 56)
NOW = datetime(2026, 3, 29, 7, tzinfo=UTC)  # an hour before the 57th day opens


def stockouts(store: str, seq: int) -> list[dict[str, Any]]:
    """In the first store cola is out for three and a half hours of every fourth day; lime lasts out since yesterday."""
    if store != "s1":
        return []
    device = Address("acme", "s1", "d0")
    found = []
    for at, day in enumerate(DAYS[::4]):
        begun = datetime(day.year, day.month, day.day, 11, 30, tzinfo=UTC)
        until = begun + timedelta(hours=3.5)
        found.append(stockout(seq + at, "cola", begun, until, episode=f"e{at}", at=until, device=device))
    begun = datetime(2026, 3, 28, 15, tzinfo=UTC)
    found.append(stockout(seq + len(found), "lime", begun, episode="lasts", at=begun, device=device))
    return found


def outlooks(database: Database, store: str = "s1", *, days: int = 3) -> dict[str, Outlook]:
    found = ask_replenishment(database, BOOK, PRODUCTS, tenant="acme", store=store, now=NOW, days=days)
    assert [one.out_since is None for one in found.outlooks] == sorted(one.out_since is None for one in found.outlooks)
    return {one.sku: one for one in found.outlooks}


@pytest.fixture
def told(sqlite: Database) -> Database:
    tell(sqlite, BOOK, ["s1", "s2"], DAYS, lambda *_: {"cola": 2, "lime": 1}, more=stockouts)
    return sqlite


def sales(days: list[date]) -> str:
    week = (5, 6, 5, 7, 9, 14, 12)
    return "store,date,gtin,units\n" + "".join(f"s1,{day},{COLA},{week[day.weekday()]}\n" for day in days)


def test_when_a_sku_runs_out_next_is_foretold_from_its_stock_outs(told: Database) -> None:
    cola = outlooks(told)["cola"]
    inside = 56 * 14 - 14 * 3.5
    assert (cola.hours_watched, cola.stockouts, cola.out_since) == (inside, 14, None)
    usual = (inside + 56 * 14) / 14  # of both stores together
    assert cola.expected_hours == pytest.approx((inside + usual) / 15)
    assert cola.expected_at is not None
    assert cola.expected_at > NOW + timedelta(hours=cola.expected_hours or 0)
    assert cola.chance == pytest.approx(1 - math.exp(-3 * 14 / (cola.expected_hours or 0)))
    other = outlooks(told, "s2")["cola"]
    assert other.chance == pytest.approx(1 - math.exp(-3 * 14 / (56 * 14 + usual)))
    assert (other.expected_hours, other.expected_at) == (None, None)  # in over 60 days


def test_how_well_it_foretells_stands_beside_the_week_before(told: Database) -> None:
    cola = outlooks(told)["cola"]
    assert cola.score is not None
    assert cola.naive_score is not None
    assert 0 < cola.score < cola.naive_score


def test_what_is_out_now_comes_first(told: Database) -> None:
    lime = outlooks(told)["lime"]
    assert lime.out_since == datetime(2026, 3, 28, 15, tzinfo=UTC)
    assert (lime.expected_hours, lime.expected_at) == (None, None)


def test_without_a_sales_file_no_refill_is_suggested(told: Database) -> None:
    cola = outlooks(told)["cola"]
    assert cola.refill is None
    assert "no sales file tells units of this store" in cola.too_little


def test_a_refill_covers_what_will_be_sold_until_the_next_visit(told: Database) -> None:
    load(told, BOOK, "sales", sales(DAYS))
    cola = outlooks(told)["cola"]
    assert cola.refill is not None
    assert cola.refill.expected == pytest.approx(12 + 5 + 6, abs=0.5)  # a Sunday and two days of the week
    assert cola.refill.suggested >= cola.refill.needed >= cola.refill.expected
    assert (cola.refill.stock, cola.refill.told_until) == (None, DAYS[-1])
    load(told, BOOK, "deliveries", f"store,date,gtin,units\ns1,{FIRST},{COLA},474\n")
    with_stock = outlooks(told)["cola"].refill
    assert with_stock is not None
    assert (with_stock.stock, with_stock.suggested) == (474 - 8 * 58, max(0, cola.refill.suggested - 10))


def test_what_is_sold_and_was_never_watched_is_told_too(told: Database) -> None:
    text = "".join(f"s2,{day},{LIME},4\n" for day in DAYS)
    tell(told, BOOK, ["s3"], DAYS[:1], lambda *_: {"cola": 1})
    load(told, BOOK, "sales", "store,date,gtin,units\n" + text.replace("s2", "s3"))
    lime = outlooks(told, "s3")["lime"]
    assert lime.refill is not None
    assert (lime.refill.expected, lime.hours_watched, lime.chance) == (12, 0, None)
    assert lime.too_little == ["no camera watched it while it was planned: nothing says when it runs out"]


def test_a_sku_that_never_ran_out_is_not_foretold(sqlite: Database) -> None:
    tell(sqlite, BOOK, ["s1"], DAYS[-5:], lambda *_: {"cola": 2})
    cola = outlooks(sqlite)["cola"]
    assert (cola.expected_hours, cola.score) == (None, None)
    assert "it never ran out in any store: nothing says when it will" in cola.too_little


def test_a_store_of_which_nothing_is_known_says_so(told: Database) -> None:
    later = datetime(2026, 9, 1, tzinfo=UTC)
    found = ask_replenishment(told, BOOK, PRODUCTS, tenant="acme", store="s1", now=later)
    assert (found.outlooks, found.too_little) == (
        [],
        "nothing that is planned was watched, and nothing sold, in the last 84 days",
    )
    with pytest.raises(UnknownStore, match="no store s9"):
        ask_replenishment(told, BOOK, PRODUCTS, tenant="acme", store="s9", now=NOW)


def test_both_databases_say_the_same(sqlite: Database, postgresql: Database) -> None:
    found = []
    for database in (sqlite, postgresql):
        tell(database, BOOK, ["s1", "s2"], DAYS[-28:], lambda *_: {"cola": 2, "lime": 1}, more=stockouts)
        load(database, BOOK, "sales", sales(DAYS))
        found.append(ask_replenishment(database, BOOK, PRODUCTS, tenant="acme", store="s1", now=NOW))
    assert found[0] == found[1]
    assert found[0].outlooks[0].refill is not None or found[0].outlooks[1].refill is not None


def test_a_large_chain_is_sampled_evenly() -> None:
    stores = [f"s{at:03}" for at in range(201)]
    found = sample(stores, 50)
    assert (len(found), len(set(found)), found[0], found[-1]) == (50, 50, "s000", "s196")
    assert sample(stores[:50], 50) == stores[:50]
