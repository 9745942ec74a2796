"""The page of a fixture: what counts is drawn over the photograph, through the day, with what people put right."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.fleet.stores import StoreBook
from cloud_sink.rights.roles import Role
from cloud_sink.store.database import writing
from cloud_sink.store.intake import take
from cloud_sink.web.views.fixture import gathered, look_at, marks_of
from edge.contract.catalogue import Sku
from edge.contract.payloads import ShelfObserved
from tests.cloud_sink.api.served import Served, serve, store
from tests.cloud_sink.words import EPOCH, START, facing, fact, observed, rejected, stockout

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

PAGE = "/stores/s1/fixtures/f1"
PHOTOGRAPH = "0" * 64
NOW = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    return serve(sqlite, tmp_path, store("acme"))


@pytest.fixture
def client(served: Served) -> TestClient:
    client = served.by("acme", Role.MERCHANDISER)
    client.headers.update({"Accept": "text/html"})
    return client


def store_events(served: Served, *events: dict[str, Any]) -> None:
    with writing(served.database) as connection:
        take(connection, [fact(one) for one in events], [], stores=StoreBook(served.config.stores), received=NOW)


def boxes(page: str) -> list[tuple[str, str]]:
    """Kind and SKU of each box that is drawn."""
    return re.findall(r'<g class="box box-(\w+)[^>]*?data-sku="([^"]*)"', page, re.DOTALL)


def test_each_facing_has_the_kind_that_it_counts_as() -> None:
    seen = ShelfObserved.model_validate(observed(1, [facing("a"), facing("b"), facing(None, status="unsure")])["data"])
    product = Sku(id="b", name="Other water", brand="Other", owner="Other Co.")
    mine = Sku(id="a", name="Own cola", brand="Own", owner="Own Co.")
    look = look_at(seen, [], own=("Own Co.",), products={"a": mine, "b": product})
    assert [(box.kind, box.name) for box in look.boxes] == [
        ("own", "Own cola"),
        ("foreign", "Other water"),
        ("unsure", None),
    ]
    assert look.counts == {"own": 1, "foreign": 1, "unsure": 1, "unknown": 0, "gap": 0}
    x, y, width, height = look.boxes[0].x, look.boxes[0].y, look.boxes[0].width, look.boxes[0].height
    assert (x, y, round(width, 1), height) == (100, 100, 50, 100)


def test_deviations_mark_the_places_of_the_plan() -> None:
    data = observed(1, [facing("a")])["data"]
    data["deviations"] = [
        {"kind": "missing", "sku": "b", "shelf": 2, "position": 3, "planned": 2},
        {"kind": "foreign", "sku": "x", "shelf": 1, "position": 1, "seen": 1},
    ]
    assert marks_of(ShelfObserved.model_validate(data)) == {(2, 3): ["missing"]}


def test_the_last_capture_is_shown_and_others_by_number_or_moment(served: Served, client: TestClient) -> None:
    hours = [START + timedelta(hours=hour) for hour in range(3)]
    store_events(served, *[observed(seq, [facing("a")] * seq, at=at) for seq, at in enumerate(hours, start=1)])
    assert len(boxes(client.get(PAGE).text)) == 3
    assert len(boxes(client.get(f"{PAGE}?n=0").text)) == 1
    assert len(boxes(client.get(f"{PAGE}?at={int(hours[1].timestamp() * 1000) + 5}").text)) == 2
    assert len(boxes(client.get(f"{PAGE}?at=0").text)) == 1
    assert "09:00" in client.get(f"{PAGE}?n=1").text  # in the store's zone


def test_a_capture_without_a_photograph_is_drawn_over_the_one_before_and_says_so(
    served: Served, client: TestClient
) -> None:
    first = observed(1, [facing("a")])
    first["data"]["evidence"] = PHOTOGRAPH
    store_events(served, first, observed(2, [facing("a")], at=START + timedelta(hours=1)))
    page = client.get(PAGE).text
    assert f"/api/v1/evidence/{PHOTOGRAPH}?tenant=acme" in page
    assert "This capture kept no photograph. Its boxes are drawn over that of 08:00." in page
    assert "kept no photograph" not in client.get(f"{PAGE}?n=0").text


def test_a_correction_changes_what_is_drawn(served: Served, client: TestClient) -> None:
    store_events(served, observed(1, [facing("a"), facing("b")]))
    said = {"device": "d1", "epoch": EPOCH, "seq": 1}
    for body in (
        {"facing": 0, "says": "sku", "sku": "b"},
        {"facing": 1, "says": "no_facing"},
        {"says": "unknown", "box": [0.5, 0.5, 0.6, 0.7], "shelf": 2, "position": 1},
    ):
        assert client.post("/api/v1/corrections", json=said | body).status_code == 201
    answer = client.get(PAGE)
    assert answer.status_code == 200, answer.text[-3000:]
    page = answer.text
    assert [sku for _, sku in boxes(page)] == ["b", ""]
    assert page.count("box-corrected") == 2
    assert "key acme merchandiser" in page


def test_a_stock_out_leads_to_before_and_after(served: Served, client: TestClient) -> None:
    captures = [observed(seq, [facing("a")], at=START + timedelta(hours=seq)) for seq in range(1, 4)]
    store_events(served, *captures, stockout(9, "cola-330", START + timedelta(hours=2)))
    page = client.get(PAGE).text
    assert "cola-330</strong> 10:00\N{EN DASH}still" in page.replace("\n", " ")
    (before,) = re.findall(r"at=(\d+)\">before", page)
    assert "09:00" in client.get(f"{PAGE}?at={before}").text


def test_the_plan_that_holds_is_drawn_beside_with_its_deviations(served: Served, client: TestClient) -> None:
    assert client.put("/api/v1/planograms/summer", content="shelf,position,sku,facings\n1,1,a,1\n1,2,b,2\n").is_success
    wanted = {"store": "s1", "fixture": "f1", "since": "2026-03-14", "name": "summer", "version": 1}
    assert client.put("/api/v1/planogram-assignments", json={"assignments": [wanted]}).is_success
    event = observed(1, [facing("a")])
    event["data"]["deviations"] = [{"kind": "missing", "sku": "b", "shelf": 1, "position": 2, "planned": 2}]
    store_events(served, event)
    page = client.get(PAGE).text
    assert re.search(r'class="plan-slot plan-\d plan-missing" data-sku="b"', page)
    assert re.search(r'class="plan-slot plan-\d" data-sku="a"', page)


def test_nothing_seen_is_said_and_what_is_not_there_is_not_found(served: Served, client: TestClient) -> None:
    assert "Nothing was seen of it on this day" in client.get(PAGE).text
    assert client.get("/stores/s1/fixtures/nowhere").status_code == 404
    assert client.get("/stores/nowhere/fixtures/f1").status_code == 404
    assert served.by("acme", Role.VIEWER).get(PAGE).status_code == 403


def test_another_tenant_sees_nothing(served: Served, client: TestClient) -> None:
    store_events(served, observed(1, [facing("a")]))
    assert len(boxes(client.get(PAGE).text)) == 1
    other = served.by("rival")
    assert other.get(PAGE).status_code == 404


def test_a_camera_that_is_blind_says_since_when_and_why(served: Served, client: TestClient) -> None:
    late = [rejected(2 + hours, reason="covered", at=START + timedelta(hours=hours)) for hours in (1, 2)]
    store_events(served, rejected(1, at=START - timedelta(minutes=5)), observed(2, [facing("a")]), *late)
    page = client.get(f"{PAGE}?day={START.date()}").text
    assert "2 captures from" in page
    assert "could not be used: covered" in page
    assert 'class="box box-' in page


def test_deviations_of_one_product_and_shelf_are_told_once() -> None:
    data = observed(1, [facing("a")])["data"]
    gap = {"kind": "gap", "sku": "b", "shelf": 2, "planned": 2}
    data["deviations"] = [gap | {"position": 1}, gap | {"position": 2}, gap | {"shelf": 3, "position": 1}]
    told = gathered(ShelfObserved.model_validate(data).deviations)
    assert [(one.shelf, times) for one, times in told.items()] == [(2, 2), (3, 1)]
