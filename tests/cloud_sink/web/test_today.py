"""The page that a day begins with: what it leads to, and what it makes a task of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.settle import settle_all
from cloud_sink.rights.roles import Role
from cloud_sink.store.database import writing
from cloud_sink.store.intake import take
from edge.contract.topics import Address
from tests.cloud_sink.api.served import Served, serve, store
from tests.cloud_sink.words import EPOCH, START, facing, fact, observed, stockout

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

DEVICE = Address("acme", "s1", "dev-1")
SPOT = "/stores/s1/fixtures/f1"
FORM = {"from": "today", "spot": "s1/f1", "kind": "refill", "sku": "cola", "assigned": "Mai", "due": "2026-03-16"}


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    served = serve(sqlite, tmp_path, store("acme", representative="Mai"))
    events = [
        observed(1, [facing("tea")], planned={"cola": 2, "tea": 1}, device=DEVICE),
        stockout(2, "cola", START, device=DEVICE),
    ]
    book = StoreBook(served.config.stores)
    with writing(sqlite) as connection:
        facts = [fact(one, device=DEVICE) for one in events]
        take(connection, facts, [], stores=book, received=datetime(2026, 3, 20, tzinfo=UTC))
    settle_all(sqlite, book)
    return served


def by(served: Served, role: Role) -> TestClient:
    client = served.by("acme", role)
    client.headers.update({"Accept": "text/html"})
    return client


def test_a_row_leads_to_the_capture_that_shows_it(served: Served) -> None:
    page = by(served, Role.MERCHANDISER).get("/").text
    assert "Refill cola" in page
    assert f'href="{SPOT}?day={START.date()}' in page


def test_one_click_makes_a_task_for_who_visits_the_store(served: Served) -> None:
    client = by(served, Role.MERCHANDISER)
    due = datetime.now(UTC).date() + timedelta(days=1)
    page = client.get("/").text
    for field in ('name="spot" value="s1/f1"', 'name="assigned" value="Mai"', f'name="due" value="{due}"'):
        assert field in page
    made = client.post("/tasks", data=FORM)
    assert (made.status_code, made.headers["hx-trigger"]) == (204, '{"live": {"target": "#today"}}')
    client.post("/tasks", data=FORM)
    page = client.get("/").text
    assert page.count('href="/tasks#task-') == 1
    assert "Mai · Mar 16" in page
    assert client.get("/tasks").text.count('id="task-') == 1


def test_a_viewer_is_led_nowhere_that_is_closed_to_them(served: Served) -> None:
    viewer = by(served, Role.VIEWER)
    for address in ("/", "/stores/s1", "/tasks"):
        page = viewer.get(address).text
        assert "/fixtures/" not in page
        assert "/api/v1/evidence/" not in page
    assert "Refill cola" in viewer.get("/").text
    assert viewer.get(SPOT).status_code == 403


def test_an_event_names_the_capture_that_is_shown(served: Served) -> None:
    page = by(served, Role.MERCHANDISER).get(f"{SPOT}?day={START.date()}&event={EPOCH}-1").text
    assert f'data-epoch="{EPOCH}" data-seq="1"' in page
