"""The pages of planograms: drawn to scale, checked before they are kept, assigned."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from cloud_sink.rights.roles import Role
from cloud_sink.store import plans
from cloud_sink.store.database import reading
from cloud_sink.web.views.plan_drawing import EDGE, WIDTH, draw
from edge.contract.catalogue import Sku
from edge.contract.planogram import parse_planogram
from tests.cloud_sink.api.served import Served, serve, store

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

TEXT = "shelf,position,sku,facings,width_mm\n1,1,cola-330,3,66\n1,2,tea-500,2,66\n2,1,water-500,1,\n"
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    return serve(sqlite, tmp_path, store("acme", chain="Corner"), store("acme", "s2", chain="Corner"))


@pytest.fixture
def client(served: Served) -> TestClient:
    client = served.by("acme", Role.MERCHANDISER)
    client.headers.update(HTML)
    assert client.put("/api/v1/planograms/summer", content=TEXT).status_code == 200
    return client


def test_a_drawing_is_to_scale_and_the_lowest_shelf_is_below() -> None:
    plan = parse_planogram(TEXT, name="plan.csv", plan_id="plan")
    cola = Sku(id="cola-330", name="Cola in a can", brand="Lurra", owner="Own Co.")
    drawn = draw(plan, {"cola-330": cola}, {(1, 2): ["missing"]})
    first, second, above = sorted(drawn.slots, key=lambda slot: (slot.shelf, slot.position))
    assert (first.name, second.name) == ("Cola in a can", "tea-500")
    assert first.width == pytest.approx(1.5 * second.width, abs=0.2)
    assert second.x + second.width == pytest.approx(WIDTH - EDGE, abs=0.2)
    assert above.y + above.height < first.y
    assert len(first.packs) == 3
    assert second.marks == ("missing",)
    assert [number for number, _ in drawn.boards] == [2, 1]


def test_the_list_draws_each_planogram_and_one_leads_to_its_versions(client: TestClient) -> None:
    client.put("/api/v1/planograms/summer", content=TEXT.replace("tea-500,2", "tea-500,1"), params={"note": "less tea"})
    page = client.get("/planograms").text
    assert '<a href="/planograms/summer">summer</a>' in page
    assert "version 2" in page
    one = client.get("/planograms/summer").text
    assert "less tea" in one
    assert 'data-sku="tea-500"' in one
    assert "\N{MULTIPLICATION SIGN}1" in one
    old = client.get("/planograms/summer?version=1").text
    assert "version 1 ·" in old
    assert client.get("/planograms/winter").status_code == 404


def test_a_file_is_checked_before_it_is_kept(client: TestClient) -> None:
    good = client.post("/planograms/winter/check", content=TEXT).text
    assert 'id="keep"' in good
    assert 'data-sku="water-500"' in good
    wrong = client.post("/planograms/winter/check", content=TEXT.replace("1,1,cola", "none,1,cola")).text
    assert "winter: line 2: column shelf is &#39;none&#39;" in wrong
    assert "keep" not in wrong
    assert client.get("/planograms/winter").status_code == 404


def test_a_version_is_assigned_to_a_fixture_or_a_chain_and_withdrawn(served: Served, client: TestClient) -> None:
    form = {"since": "2026-04-01", "version": "1"}
    done = client.post("/planograms/summer/assign", data=form | {"spot": "s1/f1"})
    assert (done.status_code, done.headers["hx-redirect"]) == (204, "/planograms/summer")
    assert client.post("/planograms/summer/assign", data=form | {"chain": "Corner", "since": "2026-05-01"}).is_success
    with reading(served.database) as connection:
        held = [(one.store, one.since) for one in plans.assigned(connection, "acme")]
    assert held == [("s1", date(2026, 4, 1)), ("s1", date(2026, 5, 1)), ("s2", date(2026, 5, 1))]
    assert "Apr 1, 2026" in client.get("/planograms/summer").text
    taken = {"store": "s1", "fixture": "f1", "since": "2026-04-01"}
    assert client.post("/planograms/summer/withdraw", data=taken).is_success
    assert "Apr 1, 2026" not in client.get("/planograms/summer").text


@pytest.mark.parametrize("form", [{"spot": "nowhere/f1"}, {"chain": "Nobody"}, {}, {"spot": "s1/f1", "since": "today"}])
def test_what_cannot_be_assigned_is_refused(client: TestClient, form: dict[str, str]) -> None:
    answer = client.post("/planograms/summer/assign", data={"since": "2026-04-01", "version": "1"} | form)
    assert answer.status_code == 422


def test_a_viewer_sees_planograms_and_no_forms(served: Served, client: TestClient) -> None:
    viewer = served.by("acme", Role.VIEWER)
    viewer.headers.update(HTML)
    for address in ("/planograms", "/planograms/summer"):
        page = viewer.get(address).text
        assert "summer" in page
        assert "<form" not in page
    assert viewer.post("/planograms/summer/check", content=TEXT).status_code == 403
    assert client.get("/planograms").text.count("<form") == 1
