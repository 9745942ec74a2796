"""Facts by the API: events, episodes, devices, quarantine, corrections, photographs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import writing
from cloud_sink.store.facts import RefusedBody
from cloud_sink.store.intake import take
from edge.contract.receipts import RefusalReason
from edge.contract.topics import Address
from tests.cloud_sink.api.served import Served, serve, store
from tests.cloud_sink.words import EPOCH, START, facing, fact, health, observed, rejected, stockout

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

NOW = datetime(2026, 3, 20, tzinfo=UTC)
WHOLE = {"store": "s1", "since": "2026-03-01", "until": "2026-03-31"}


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Served:
    return serve(database, tmp_path, store("acme"))


@pytest.fixture
def client(served: Served) -> TestClient:
    return served.by("acme")


def store_events(served: Served, *events: dict[str, Any], refused: tuple[RefusedBody, ...] = ()) -> None:
    with writing(served.database) as connection:
        book = StoreBook(served.config.stores)
        take(connection, [fact(one) for one in events], list(refused), stores=book, received=NOW)


def walk(client: TestClient, path: str, name: str, limit: int, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(path, params={**params, **cursor, "limit": limit})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page[name]) <= limit
        found += page[name]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_give_each_event_once_in_its_order(served: Served, client: TestClient, limit: int) -> None:
    moments = [START, START, START + timedelta(days=1), START - timedelta(hours=3), START + timedelta(minutes=1)]
    store_events(served, *[rejected(seq, at=at) for seq, at in enumerate(moments, start=1)])
    found = walk(client, "/api/v1/events", "events", limit, **WHOLE)
    assert [one["event"]["seq"] for one in found] == [4, 1, 2, 5, 3]


def test_figures_of_today_are_told_anew_once_a_minute(served: Served, client: TestClient) -> None:
    now = datetime.now(UTC)
    events = [observed(1, [facing("a")], at=now), stockout(2, "b", now, at=now)]
    with writing(served.database) as connection:
        take(connection, [fact(one) for one in events], [], stores=StoreBook(served.config.stores), received=now)
    for path in (
        "/api/v1/stores/s1/profile",
        "/api/v1/rankings",
        "/api/v1/stores/s1/standing",
        "/api/v1/groups?by=chain",
    ):
        known = ""
        for _ in range(3):  # a minute may end in between
            answer = client.get(path, headers={"If-None-Match": known})
            known = answer.headers["etag"]
        assert answer.status_code == 304, path


def test_events_are_found_by_type_device_fixture_day_and_key(served: Served, client: TestClient) -> None:
    store_events(served, rejected(1), observed(2, [facing("a")], fixture="f2"), health(3, 5))
    for query, numbers in (
        ({"type": "shelf.observed.v1"}, [2]),
        ({"fixture": "f1"}, [1]),
        ({"device": "d2"}, []),
        ({"until": "2026-03-13"}, []),
        ({"since": "2026-03-14", "until": "2026-03-14"}, [1, 2, 3]),
    ):
        answer = client.get("/api/v1/events", params=WHOLE | query).json()
        assert [one["event"]["seq"] for one in answer["events"]] == numbers, query
    one = client.get(f"/api/v1/devices/d1/events/{EPOCH}/2").json()
    assert one["event"]["data"]["facings"][0]["sku"] == "a"
    assert client.get(f"/api/v1/devices/d1/events/{EPOCH}/9").status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"cursor": "nonsense"}, 404),
        ({"cursor": "WzEsMl0"}, 404),
        ({"type": "no.such.v1"}, 422),
        ({"since": "2026-04-01"}, 404),
        ({"since": "2000-01-01"}, 404),
        ({"since": "0"}, 422),  # no second of 1970
        ({"until": "0001-01-01", "since": None}, 404),
        ({"limit": 0}, 422),
        ({"limit": 1001}, 422),
    ],
)
def test_a_question_that_makes_no_sense_is_a_problem(client: TestClient, query: dict[str, Any], status: int) -> None:
    params = {name: value for name, value in (WHOLE | query).items() if value is not None}
    answer = client.get("/api/v1/events", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_episodes_are_listed_open_or_all(served: Served, client: TestClient) -> None:
    ended = stockout(1, "a", START, START + timedelta(hours=1), episode="e1")
    store_events(served, ended, stockout(2, "b", START + timedelta(hours=2), episode="e2"))
    found = walk(client, "/api/v1/episodes", "episodes", 1)
    assert [(one["sku"], one["until"]) for one in found] == [("a", "2026-03-14T02:00:00Z"), ("b", None)]
    assert [one["sku"] for one in walk(client, "/api/v1/episodes", "episodes", 9, open=True)] == ["b"]
    later = {"since": "2026-03-14T05:00:00Z"}
    assert [one["sku"] for one in walk(client, "/api/v1/episodes", "episodes", 9, **later)] == ["b"]


def test_devices_tell_their_health_and_what_they_owe(served: Served, client: TestClient) -> None:
    store_events(served, health(1, 5), rejected(4))
    (line,) = client.get("/api/v1/devices").json()["devices"]
    assert (line["device"], line["store"], line["health"]["outbox_depth"]) == ("d1", "s1", 0)
    assert client.get("/api/v1/devices/d1").json()["missing_events"] == 2
    assert client.get("/api/v1/devices/d9").status_code == 404
    assert client.get("/api/v1/devices", params={"store": "s9"}).json()["devices"] == []


def test_the_quarantine_is_listed_with_its_bytes_and_replayed(served: Served, client: TestClient) -> None:
    body = b"\xff not even text"
    refused = RefusedBody(Address("acme", "s1", "d1"), EPOCH, 9, RefusalReason.INVALID, "why", body, b"x" * 32)
    store_events(served, refused=(refused,))
    (line,) = client.get("/api/v1/quarantine").json()["messages"]
    assert (line["reason"], line["seq"], line["body"]) == ("invalid", 9, "/yBub3QgZXZlbiB0ZXh0")
    assert client.post("/api/v1/quarantine/replay").json() == {"taken": 0, "kept": 1}


def correct(client: TestClient, **said: Any) -> Any:
    return client.post("/api/v1/corrections", json={"device": "d1", "epoch": EPOCH, "seq": 1} | said)


def goods(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/stores/s1/profile", params={"day": "2026-03-14"}).json()["goods"]
    return found


def test_a_correction_changes_the_profile_at_once(served: Served, client: TestClient) -> None:
    store_events(served, observed(1, [facing("a"), facing(None, status="unknown")], planned={"a": 1, "b": 1}))
    assert goods(client)["kpis"]["facings"]["unknown"] == 1
    made = correct(client, facing=1, says="sku", sku="b")
    assert made.status_code == 201, made.text
    assert (made.json()["was"], made.json()["standing"], made.json()["who"]) == ("unknown", "own", "key acme admin")
    told = goods(client)
    assert (told["kpis"]["facings"]["unknown"], told["kpis"]["facings"]["own"]) == (0, 2)
    assert {one["sku"]: one["facings"] for one in told["skus"]}["b"] == 1
    correct(client, facing=1, says="unknown")
    assert goods(client)["kpis"]["facings"]["unknown"] == 1
    assert [one["standing"] for one in walk(client, "/api/v1/corrections", "corrections", 1)] == ["own", "unknown"]


def test_a_missed_facing_is_numbered_behind_the_others(served: Served, client: TestClient) -> None:
    store_events(served, observed(1, [facing("a")], planned={"a": 2}))
    place = {"box": [0.5, 0.5, 0.6, 0.7], "shelf": 1, "position": 2}
    assert correct(client, says="sku", sku="a", **place).json()["facing"] == 1
    assert goods(client)["kpis"]["facings"]["own"] == 2
    assert correct(client, facing=1, says="no_facing").status_code == 201
    assert goods(client)["kpis"]["facings"]["own"] == 1


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"facing": 5, "says": "unknown"}, 409),
        ({"facing": 0, "says": "sku", "sku": "nobody-knows-it"}, 409),
        ({"facing": 0, "says": "sku"}, 422),
        ({"facing": 0, "says": "unknown", "sku": "a"}, 422),
        ({"says": "unknown"}, 422),
        ({"says": "no_facing", "box": [0, 0, 1, 1], "shelf": 1, "position": 1}, 422),
        ({"facing": 0, "says": "unknown", "boxx": 1}, 422),
        ({"facing": True, "says": "unknown"}, 422),
        ({"facing": 0, "says": "unknown", "seq": 7}, 404),
        ({"facing": 0, "says": "unknown", "device": "d9"}, 404),
    ],
)
def test_a_correction_of_nothing_is_a_problem(
    served: Served, client: TestClient, said: dict[str, Any], status: int
) -> None:
    store_events(served, observed(1, [facing("a")]))
    answer = correct(client, **said)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
