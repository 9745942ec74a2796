"""The page of tasks: made, assigned, done with a photograph, and what may follow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from cloud_sink.rights.roles import Role
from tests.cloud_sink.api.served import Served, serve, store

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

NEW = {"spot": "s1/f1", "kind": "refill", "sku": "cola-330", "assigned": "Mai", "due": "2026-03-15"}


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    return serve(sqlite, tmp_path, store("acme"))


@pytest.fixture
def client(served: Served) -> TestClient:
    client = served.by("acme", Role.MERCHANDISER)
    client.headers.update({"Accept": "text/html"})
    assert client.post("/tasks", data=NEW).headers["hx-refresh"] == "true"
    return client


def test_a_task_stands_under_what_is_to_do_and_is_late(client: TestClient) -> None:
    page = client.get("/tasks").text
    assert "Refill: cola-330" in page
    assert "Mar 15, 2026 · late" in page
    assert "Nothing waits for a capture." in page
    assert "Refill" not in re.sub(r"<option.*?</option>", "", client.get("/tasks?mine=Somebody").text)


def test_a_photograph_goes_with_what_is_done(client: TestClient) -> None:
    jpeg = b"\xff\xd8\xff\xe0 a photograph"
    said = client.post("/tasks/1/photograph", content=jpeg, headers={"Content-Type": "image/jpeg"})
    assert said.status_code == 200
    done = client.post("/tasks/1/step", data={"state": "done", "photograph": said.text, "note": "two cartons"})
    assert done.status_code == 204
    page = client.get("/tasks").text
    assert f"/api/v1/evidence/{said.text}?tenant=acme" in page
    assert client.get(f"/api/v1/evidence/{said.text}").content == jpeg
    assert "two cartons" in page
    assert "Done; the next capture will tell <small>1</small>" in page


def test_what_is_no_photograph_is_refused(client: TestClient) -> None:
    answer = client.post("/tasks/1/photograph", content=b"GIF89a", headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 415
    large = client.post("/tasks/1/photograph", content=b"\xff\xd8\xff" + b"0" * (6 * 1024 * 1024))
    assert large.status_code == 413
    assert client.post("/tasks/9/photograph", content=b"\xff\xd8\xff").status_code == 404


def test_steps_that_lead_nowhere_and_forms_that_say_nothing_are_refused(client: TestClient) -> None:
    assert client.post("/tasks/1/step", data={"state": "verified"}).status_code == 409
    assert client.post("/tasks/1/step", data={"state": "open"}).status_code == 422
    for wrong in ({"spot": "nowhere/f1"}, {"kind": "dance"}, {"spot": "s1"}, {"due": "tomorrow"}):
        assert client.post("/tasks", data=NEW | wrong).status_code == 422


def test_a_task_is_given_to_somebody_else(client: TestClient) -> None:
    assert client.post("/tasks/1/assign", data={"assigned": "Duc", "due": "2099-01-01"}).status_code == 204
    page = client.get("/tasks").text
    assert "Jan 1, 2099" in page
    assert "late" not in page


def test_another_tenant_sees_and_moves_nothing(served: Served, client: TestClient) -> None:
    rival = served.by("rival")
    rival.headers.update({"Accept": "text/html"})
    assert "cola-330" not in rival.get("/tasks").text
    assert rival.post("/tasks/1/step", data={"state": "done"}).status_code == 404
    assert rival.post("/tasks/1/assign", data={"assigned": "Eve"}).status_code == 404
    assert "Mai" in client.get("/tasks").text
