"""Planograms by the API: checked by line, kept by version, assigned to fixtures from a day on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.rights.roles import Role
from cloud_sink.store import plans
from cloud_sink.store.database import reading
from tests.cloud_sink.api.served import Served, serve, store

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

PLAN = "shelf,position,sku,facings\n1,1,cola-330,3\n1,2,tea-500,2\n2,1,water-500,4\n"
BASE = "/api/v1/planograms"
ASSIGNED = "/api/v1/planogram-assignments"


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Served:
    return serve(database, tmp_path, store("acme"), store("other"))


@pytest.fixture
def client(served: Served) -> TestClient:
    return served.by("acme", Role.MERCHANDISER)


def upload(client: TestClient, text: str | bytes, name: str = "summer", **query: Any) -> dict[str, Any]:
    answer = client.put(f"{BASE}/{name}", content=text, params=query, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def put(client: TestClient, since: str, version: int, fixture: str = "f1") -> int:
    wanted = {"store": "s1", "fixture": fixture, "since": since, "name": "summer", "version": version}
    return int(client.put(ASSIGNED, json={"assignments": [wanted]}).status_code)


def test_an_upload_is_a_version_and_the_same_file_is_the_same_version(client: TestClient) -> None:
    first = upload(client, PLAN, note="first")["stored"]
    assert (first["version"], first["shelves"], first["skus"], first["facings"]) == (1, 2, 3, 9)
    assert upload(client, PLAN)["stored"] == first
    assert upload(client, PLAN.replace("tea-500,2", "tea-500,1"))["stored"]["version"] == 2
    assert client.get(BASE).json()["planograms"][0]["version"] == 2
    assert client.get(f"{BASE}/summer").json()["slots"][1] == {
        "shelf": 1,
        "position": 2,
        "sku": "tea-500",
        "facings": 1,
        "width_mm": None,
    }
    assert client.get(f"{BASE}/summer/file", params={"version": 1}).text == PLAN
    assert client.get(f"{BASE}/summer", params={"version": 3}).status_code == 404


def test_all_faults_are_told_by_line_and_nothing_is_stored(client: TestClient) -> None:
    wrong = "shelf,position,sku,facings\n1,1,cola-330,0\n1,1,tea-500,1\n1,1,water-500,1\n"
    said = upload(client, wrong, check=True)
    assert [fault.split(":")[1] for fault in said["faults"]] == [" line 2", " line 4"]
    answer = client.put(f"{BASE}/summer", content=wrong)
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("summer: line 2: column facings")
    assert answer.json()["detail"].endswith("and 1 more: ask with check")
    assert client.put(f"{BASE}/summer", content=b"\xff\xfe\x00").status_code == 409
    assert client.get(BASE).json() == {"planograms": [], "next": None}


def test_a_check_stores_nothing(client: TestClient) -> None:
    assert upload(client, PLAN, check=True) == {"stored": None, "faults": [], "notes": [], "unknown": []}
    assert client.get(BASE).json()["planograms"] == []


def test_a_pts_file_is_read(client: TestClient) -> None:
    text = "共通棚割情報,V1.0\n棚台番号,棚段番号,棚位置,商品コード,フェース数\n1,1,1,4901234567894,2\n"
    for data in (text.encode(), text.encode("cp932")):
        stored = upload(client, data, "pts")["stored"]
        assert (stored["version"], stored["facings"]) == (1, 2)


def test_each_assignment_holds_until_the_next_begins(served: Served, client: TestClient) -> None:
    upload(client, PLAN)
    upload(client, PLAN.replace("3", "2"))
    assert put(client, "2026-04-01", 1) == 200
    assert put(client, "2026-05-01", 1) == 200
    assert put(client, "2026-05-01", 2) == 200  # in the place of the one before
    held = {}
    with reading(served.database) as connection:
        for day in ("2026-03-31", "2026-04-01", "2026-04-30", "2026-05-01"):
            found = plans.in_force(connection, "acme", "s1", "f1", date.fromisoformat(day))
            held[day] = None if found is None else found.version
    assert held == {"2026-03-31": None, "2026-04-01": 1, "2026-04-30": 1, "2026-05-01": 2}
    listed = client.get(ASSIGNED, params={"store": "s1"}).json()["assignments"]
    assert [(one["since"], one["version"]) for one in listed] == [("2026-04-01", 1), ("2026-05-01", 2)]
    assert client.delete(f"{ASSIGNED}/s1/f1/2026-05-01").status_code == 204
    assert client.delete(f"{ASSIGNED}/s1/f1/2026-05-01").status_code == 404


def test_what_is_not_there_is_assigned_nowhere(client: TestClient) -> None:
    assert put(client, "2026-04-01", 1) == 404
    upload(client, PLAN)
    wanted = {"store": "nowhere", "fixture": "f1", "since": "2026-04-01", "name": "summer", "version": 1}
    assert client.put(ASSIGNED, json={"assignments": [wanted]}).status_code == 404
    assert client.get(ASSIGNED).json() == {"assignments": []}


def test_one_tenant_sees_nothing_of_another(served: Served, client: TestClient) -> None:
    upload(client, PLAN)
    put(client, "2026-04-01", 1)
    other = served.by("other")
    assert other.get(f"{BASE}/summer").status_code == 404
    assert other.get(BASE).json()["planograms"] == []
    assert other.get(ASSIGNED).json() == {"assignments": []}
    assert put(other, "2026-04-01", 1) == 404
    assert other.delete(f"{ASSIGNED}/s1/f1/2026-04-01").status_code == 404


def test_a_viewer_reads_and_changes_nothing(served: Served, client: TestClient) -> None:
    upload(client, PLAN)
    viewer = served.by("acme", Role.VIEWER)
    assert viewer.get(f"{BASE}/summer").status_code == 200
    assert viewer.put(f"{BASE}/summer", content=PLAN).status_code == 403
    assert put(viewer, "2026-04-01", 1) == 403
