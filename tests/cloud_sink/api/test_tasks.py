"""Tasks by the API: made once, given to somebody, done, and verified or disputed by the next capture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.fleet.stores import StoreBook
from cloud_sink.rights.roles import Role
from cloud_sink.store.database import writing
from cloud_sink.store.intake import take
from cloud_sink.tasks.verifier import Verifier
from tests.cloud_sink.api.served import Served, serve, store
from tests.cloud_sink.words import facing, fact, observed, rejected

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

BASE = "/api/v1/tasks"
REFILL = {"store": "s1", "fixture": "f1", "kind": "refill", "sku": "cola-330"}


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Served:
    return serve(database, tmp_path, store("acme"))


@pytest.fixture
def client(served: Served) -> TestClient:
    return served.by("acme", Role.MERCHANDISER)


def make(client: TestClient, **more: Any) -> dict[str, Any]:
    answer = client.post(BASE, json=REFILL | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def step(client: TestClient, task: dict[str, Any], state: str, **more: Any) -> int:
    return int(client.post(f"{BASE}/{task['id']}/steps", json={"state": state} | more).status_code)


def see(served: Served, *events: dict[str, Any]) -> None:
    with writing(served.database) as connection:
        book = StoreBook(served.config.stores)
        take(connection, [fact(one) for one in events], [], stores=book, received=datetime.now(UTC))


def state(client: TestClient, task: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = client.get(f"{BASE}/{task['id']}").json()
    return whole


def test_the_same_task_is_made_once_until_it_is_over(client: TestClient) -> None:
    first = make(client, assigned="Mai", due="2026-03-15")
    assert make(client)["id"] == first["id"]
    assert make(client, sku="tea-500")["id"] != first["id"]
    assert step(client, first, "dropped") == 201
    assert make(client)["id"] > first["id"]


@pytest.mark.parametrize(("sku", "verdict"), [("cola-330", "verified"), ("tea-500", "disputed")])
def test_the_next_accepted_capture_decides(served: Served, client: TestClient, sku: str, verdict: str) -> None:
    task = make(client)
    see(served, observed(1, [facing("tea-500")], at=datetime.now(UTC) - timedelta(minutes=1)))
    assert step(client, task, "done", note="two cartons", photograph="a" * 64) == 201
    verifier = Verifier(served.database)
    assert verifier.look(datetime.now(UTC)) == 0  # what was seen before proves nothing
    later = datetime.now(UTC) + timedelta(seconds=5)
    see(served, rejected(2, at=later), observed(3, [facing(sku)], at=later + timedelta(seconds=1)))
    assert verifier.look(later) == 1
    whole = state(client, task)
    assert whole["state"] == verdict
    assert [one["state"] for one in whole["steps"]] == ["open", "done", verdict]
    assert whole["steps"][1]["photograph"] == "a" * 64
    assert (whole["steps"][2]["who"], whole["steps"][2]["capture"]) == ("the next capture", "c3")
    assert verifier.look(later) == 0


def test_a_step_that_leads_nowhere_is_refused_and_changes_nothing(client: TestClient) -> None:
    task = make(client)
    assert step(client, task, "verified") == 409
    assert step(client, task, "dropped") == 201
    assert step(client, task, "done") == 409
    assert [one["state"] for one in state(client, task)["steps"]] == ["open", "dropped"]


def test_a_task_is_given_to_somebody_and_listed_by_state(client: TestClient) -> None:
    task = make(client)
    given = client.put(f"{BASE}/{task['id']}/assigned", json={"assigned": "Mai", "due": "2026-03-16"}).json()
    assert (given["assigned"], given["due"], given["state"]) == ("Mai", "2026-03-16", "open")
    make(client, sku="tea-500")
    step(client, task, "done")
    assert [one["id"] for one in client.get(BASE, params={"state": "done"}).json()["tasks"]] == [task["id"]]
    assert len(client.get(BASE, params={"store": "s1"}).json()["tasks"]) == 2


def test_one_tenant_knows_no_task_of_another(served: Served, client: TestClient) -> None:
    task = make(client)
    other = served.by("rival")
    assert other.get(f"{BASE}/{task['id']}").status_code == 404
    assert step(other, task, "done") == 404
    assert other.put(f"{BASE}/{task['id']}/assigned", json={"assigned": "Eve"}).status_code == 404
    assert other.get(BASE).json()["tasks"] == []
    assert state(client, task)["state"] == "open"


def test_a_viewer_sees_tasks_and_moves_none(served: Served, client: TestClient) -> None:
    task = make(client)
    viewer = served.by("acme", Role.VIEWER)
    assert viewer.get(f"{BASE}/{task['id']}").status_code == 200
    assert step(viewer, task, "done") == 403
    assert viewer.post(BASE, json=REFILL).status_code == 403
