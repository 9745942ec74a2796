"""The page of replenishment: what runs out, how much to bring, and why nobody can say."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.analyses.demand import Refill
from cloud_sink.analyses.replenishment import Outlook, Replenishment
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.rights.roles import Role
from cloud_sink.web.language import languages
from cloud_sink.web.views import replenishment as view
from tests.cloud_sink.analyses.shops import COLA, PRODUCTS, days_from, load
from tests.cloud_sink.api.served import Served, serve, store

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

UNJUDGED = "fewer than 28 watched days before the last 14: the rate is not judged"
STORES = [store("acme", name, city="Hue") for name in ("s1", "s2")]


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    """The first store told its sales of ten weeks until yesterday, more at weekends; no camera watched anything."""
    today = datetime.now(UTC).date()
    lines = "".join(
        f"s1,{day},{COLA},{20 if day.weekday() > 4 else 10}\n" for day in days_from(today - timedelta(days=70), 70)
    )
    load(sqlite, StoreBook(STORES), "sales", f"store,date,gtin,units\n{lines}")
    return serve(sqlite, tmp_path, *STORES, products=PRODUCTS)


def looking(served: Served, role: Role = Role.MERCHANDISER, tenant: str = "acme") -> TestClient:
    client = served.by(tenant, role)
    client.headers["Accept"] = "text/html"
    return client


@pytest.fixture
def client(served: Served) -> TestClient:
    return looking(served)


def test_how_much_to_bring_is_shown_as_the_analysis_says(served: Served, client: TestClient) -> None:
    page = client.get("/replenishment.list?store=s1&days=4").text
    told = served.by("acme").get("/api/v1/stores/s1/replenishment", params={"days": 4}).json()
    (one,) = told["outlooks"]
    assert f"<strong>{one['refill']['suggested']}</strong>" in page
    assert f"{one['refill']['expected']:.1f}; {one['refill']['needed']:.1f} is enough nine times in ten" in page
    assert "No camera watched it while it was planned." in page
    assert "Better than the baseline for" in page
    (row,) = csv.DictReader(io.StringIO(client.get("/replenishment.csv?store=s1&days=4").text.removeprefix("\ufeff")))
    assert (row["sku"], row["suggested"]) == ("cola", str(one["refill"]["suggested"]))


def test_where_nothing_is_known_it_says_why_in_the_users_words(client: TestClient) -> None:
    page = client.get("/replenishment.list?store=s2").text
    assert "Nothing can be told of this store yet" in page
    assert "no planned product was watched here" in page
    chinese = client.get("/replenishment.list?store=s2", headers={"Accept-Language": "zh-CN"}).text
    assert "最近 84 天内既没有观测到计划商品" in chinese


def test_the_choice_is_there_before_the_outlook(client: TestClient) -> None:
    page = client.get("/replenishment").text.replace("&amp;", "&")
    assert 'hx-get="/replenishment.list?store=s1&days=3" hx-trigger="load"' in page
    assert 'data-import="deliveries"' in page
    assert client.get("/replenishment?store=nowhere").status_code == 404
    assert client.get("/replenishment.list?store=nowhere").status_code == 404


def test_a_viewer_tells_nothing_and_another_tenant_has_no_store(served: Served) -> None:
    assert "data-import" not in looking(served, Role.VIEWER).get("/replenishment").text
    rival = looking(served, tenant="rival")
    assert "There is no store yet" in rival.get("/replenishment").text
    assert rival.get("/replenishment.list?store=s1").status_code == 404


def outlook(sku: str, *too_little: str, chance: float | None = None, stock: float | None = None) -> Outlook:
    refill = Refill(
        days=3,
        expected=20.0,
        needed=30.0,
        stock=stock,
        suggested=30,
        told_until=date(2026, 3, 13),
        method="seasonal naive",
        error=2.0,
        naive_error=1.0,
    )
    return Outlook(
        sku=sku,
        name=None,
        hours_watched=0.0,
        stockouts=0,
        out_since=None,
        chance=chance,
        expected_hours=None,
        expected_at=None,
        taken_a_day=None,
        rhythm=None,
        score=None,
        naive_score=None,
        refill=refill,
        too_little=list(too_little),
    )


def found(*outlooks: Outlook) -> Replenishment:
    return Replenishment(
        store="s1",
        since=date(2025, 12, 20),
        until=date(2026, 3, 13),
        days=3,
        held_back=14,
        waiting=0,
        outlooks=list(outlooks),
        too_little=None,
    )


def test_what_is_unsure_of_all_products_is_said_once() -> None:
    t, short = languages()["en"], "more was sold than delivered: its stock is unknown"
    told = found(outlook("a", UNJUDGED, short), outlook("b", UNJUDGED))
    assert len(view.common_notes(told, t)) == 1
    first, second = view.shown(told, t)
    assert "stock is unknown" in first.notes[0]
    assert second.notes == []


def test_a_refill_is_drawn_from_what_is_expected_to_what_is_enough_beside_the_stock() -> None:
    t = languages()["en"]
    (one,) = view.shown(found(outlook("a", stock=40.0, chance=0.6)), t)
    assert one.units is not None
    assert one.units.low is not None
    assert one.units.high is not None
    assert one.stock is not None
    assert 0 == one.units.zero < one.units.low < one.units.high < one.stock < 100
    assert one.urgent
    (error,) = view.sold_errors(found(outlook("a")))
    assert not error.better
    assert error.naive_at < error.at
