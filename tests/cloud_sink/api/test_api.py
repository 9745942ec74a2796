from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from cloud_sink.api.app import make_app
from cloud_sink.api.context import Context
from cloud_sink.evidence.folder import Folder
from cloud_sink.evidence.opening import open_room
from cloud_sink.evidence.place import Name
from cloud_sink.fleet.evidence_settings import EvidenceSection
from cloud_sink.fleet.products import ProductBook
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import Database, writing
from cloud_sink.store.intake import take
from edge.contract.topics import Address
from tests.cloud_sink.words import fact, observed, rejected

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.fleet.settings import SinkConfig

NOW = datetime(2026, 3, 20, tzinfo=UTC)
SOURCE = {"X-Facings-Source": "/acme/s1/d1"}


class Switch:
    on = True


def photograph(size: int = 1000, filling: bytes = b"x") -> tuple[str, bytes]:
    content = b"\xff\xd8\xff\xe0" + filling * size
    return hashlib.sha256(content).hexdigest(), content


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def client(database: Database, config: SinkConfig, tmp_path: Path, switch: Switch) -> TestClient:
    settings = config.model_copy(update={"data": tmp_path, "evidence": EvidenceSection(quota_mb=1)})
    context = Context(
        engine=database,
        config=settings,
        stores=StoreBook(config.stores),
        products=ProductBook(),
        photographs=open_room(database, settings),
        ready=lambda: switch.on,
    )
    return TestClient(make_app(context), base_url="http://127.0.0.1:8080", raise_server_exceptions=False)


def is_problem(response: Any, status: int) -> bool:
    kind: str = response.headers["content-type"]
    return (
        response.status_code == status
        and kind == "application/problem+json"
        and response.json()["status"] == status
        and bool(response.json()["detail"])
    )


def test_it_is_ready_while_events_are_received(client: TestClient, switch: Switch) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    switch.on = False
    assert client.get("/healthz").status_code == 200
    assert is_problem(client.get("/readyz"), 503)


def test_stores_are_listed_with_their_latest_day(client: TestClient, database: Database, stores: StoreBook) -> None:
    with writing(database) as connection:
        take(connection, [fact(rejected(1))], [], stores=stores, received=NOW)
    assert client.get("/api/v1/stores").json() == {
        "stores": [{"tenant": "acme", "store": "s1", "name": "First", "city": None, "latest_day": "2026-03-14"}],
        "next": None,
    }


def test_a_profile_is_people_goods_and_place(client: TestClient, database: Database, stores: StoreBook) -> None:
    with writing(database) as connection:
        take(connection, [fact(observed(1, []))], [], stores=stores, received=NOW)
    found = client.get("/api/v1/stores/s1/profile", params={"day": "2026-03-14", "tenant": "acme"}).json()
    assert (found["tenant"], found["store"], found["day"]) == ("acme", "s1", "2026-03-14")
    assert found["goods"]["kpis"]["facings"]["all"] == 0  # seen, and empty
    assert found["goods"]["kpis"]["purity"] == {"value": None, "low": None, "high": None}  # 0 of 0
    assert found["people"]["passers"] is None
    assert [device["device"] for device in found["place"]["devices"]] == ["d1"]
    unseen = client.get("/api/v1/stores/s1/profile", params={"day": "2026-03-15"}).json()
    assert unseen["goods"]["kpis"]["facings"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/stores/nowhere/profile", 404),
        ("/api/v1/stores/s1/profile?tenant=rival", 404),
        ("/api/v1/stores/s1/profile?day=yesterday", 422),
        ("/api/v1/stores/s1/profile?day=9999-12-31", 404),
        ("/api/v1/stores/s1/profile?day=0001-01-01", 404),
        ("/api/v1/stores/S1/profile", 422),
        ("/api/v1/nothing", 404),
        ("/docs", 404),
        ("/redoc", 404),
    ],
)
def test_errors_are_problems(client: TestClient, path: str, status: int) -> None:
    assert is_problem(client.get(path), status)


@pytest.mark.parametrize(
    ("host", "status"), [("localhost", 200), ("[::1]:80", 200), ("evil.example:8080", 421), ("", 421)]
)
def test_a_page_that_calls_itself_another_host_is_refused(client: TestClient, host: str, status: int) -> None:
    assert client.get("/api/v1/stores", headers={"host": host}).status_code == status


def test_the_api_describes_itself_and_loads_nothing_from_elsewhere(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()
    assert "/api/v1/stores/{store}/profile" in described["paths"]


def test_evidence_is_stored_by_its_hash_and_known_the_second_time(client: TestClient, tmp_path: Path) -> None:
    sha256, content = photograph()
    for status in (201, 200):
        response = client.put(f"/api/v1/evidence/{sha256}", content=content, headers=SOURCE)
        assert (response.status_code, response.json()) == (status, {"sha256": sha256, "bytes": len(content)})
    assert Folder(tmp_path / "evidence").path(Name(Address("acme", "s1", "d1"), sha256)).read_bytes() == content


def test_evidence_belongs_to_its_tenant(client: TestClient, tmp_path: Path) -> None:
    sha256, content = photograph()
    assert client.put(f"/api/v1/evidence/{sha256}", content=content, headers=SOURCE).status_code == 201
    rival = {"X-Facings-Source": "/rival/s1/d1"}
    assert client.put(f"/api/v1/evidence/{sha256}", content=content, headers=rival).status_code == 201
    assert sorted(path.name for path in (tmp_path / "evidence").iterdir()) == ["acme", "rival"]


@pytest.mark.parametrize(
    ("content", "sha256", "headers", "status"),
    [
        (photograph()[1], photograph(7)[0], SOURCE, 409),  # another hash
        (b"GIF89a", hashlib.sha256(b"GIF89a").hexdigest(), SOURCE, 415),
        (b"", hashlib.sha256(b"").hexdigest(), SOURCE, 415),
        (photograph()[1], photograph()[0], {}, 422),  # nobody's
        (photograph()[1], photograph()[0], {"X-Facings-Source": "/acme/../d1"}, 422),
        (photograph()[1], photograph()[0], {"X-Facings-Source": "/acme/s1/d1/more"}, 422),
        (photograph()[1], photograph()[0].upper(), SOURCE, 422),
        (photograph()[1], "..%2f..%2fetc", SOURCE, 404),
        (photograph(5 * 1024 * 1024)[1], photograph(5 * 1024 * 1024)[0], SOURCE, 413),
        (photograph(2 * 1024 * 1024)[1], photograph(2 * 1024 * 1024)[0], SOURCE, 507),  # over the quota of 1 MB
    ],
)
def test_what_is_no_evidence_leaves_nothing(
    client: TestClient, tmp_path: Path, *, content: bytes, sha256: str, headers: dict[str, str], status: int
) -> None:
    response = client.put(f"/api/v1/evidence/{sha256}", content=content, headers=headers)
    assert is_problem(response, status)
    assert not [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()]


def test_a_quota_is_filled_by_what_is_new_only(client: TestClient) -> None:
    first, second = photograph(700_000), photograph(700_000, b"y")
    assert client.put(f"/api/v1/evidence/{first[0]}", content=first[1], headers=SOURCE).status_code == 201
    assert client.put(f"/api/v1/evidence/{second[0]}", content=second[1], headers=SOURCE).status_code == 507
    assert client.put(f"/api/v1/evidence/{first[0]}", content=first[1], headers=SOURCE).status_code == 200


def test_a_torn_file_is_written_again(client: TestClient, tmp_path: Path) -> None:
    sha256, content = photograph()
    path = Folder(tmp_path / "evidence").path(Name(Address("acme", "s1", "d1"), sha256))
    path.parent.mkdir(parents=True)
    path.write_bytes(content[:10])
    assert client.put(f"/api/v1/evidence/{sha256}", content=content, headers=SOURCE).status_code == 201
    assert path.read_bytes() == content
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_parameter_that_stands_twice_is_refused(client: TestClient) -> None:
    answer = client.get("/api/v1/rankings", params=[("tenant", "acme"), ("tenant", "rival")])
    assert (answer.status_code, answer.json()["detail"]) == (422, "query: a parameter stands twice")
