"""The catalogue's page: checked by line, compared with what holds, kept by version, searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloud_sink.rights.roles import Role
from tests.cloud_sink.api.served import Served, serve, store

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

HEADER = "sku,name,brand,owner,package,category,gtin,life_cycle\n"
TEXT = (
    HEADER + "cola-330,Lurra Cola,Lurra,Own Co.,can,carbonated,9520000000004,\ntea-500,Veld Tea,Veld,Other Co.,,tea,,\n"
)
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    return serve(sqlite, tmp_path, store("acme"), store("rival"))


@pytest.fixture
def client(served: Served) -> TestClient:
    client = served.by("acme", Role.MERCHANDISER)
    client.headers.update(HTML)
    return client


def test_an_upload_is_checked_shown_kept_and_found(client: TestClient) -> None:
    assert "No products yet" in client.get("/catalogue").text
    shown = client.post("/catalogue/check", content=TEXT).text
    assert 'id="keep"' in shown
    assert shown.count("added") == 2
    assert "No products yet" in client.get("/catalogue").text
    kept = client.put("/api/v1/catalogue", content=TEXT, params={"note": "first"}).json()
    assert (kept["stored"]["version"], kept["skus"]) == (1, 2)
    page = client.get("/catalogue").text
    assert "Lurra Cola" in page
    assert "first" in page
    assert "Lurra Cola" not in client.get("/catalogue?q=tea").text
    assert client.get("/api/v1/catalogue/file").text.startswith(HEADER + "cola-330,Lurra Cola")


def test_faults_are_told_by_line_and_nothing_is_kept(client: TestClient) -> None:
    wrong = TEXT.replace("9520000000004", "9520000000005") + "tea-500,Again,Veld,Other Co.,,,,\n"
    shown = client.post("/catalogue/check", content=wrong).text
    assert "line 2: gtin" in shown
    assert "line 4: sku" in shown
    assert "keep" not in shown
    refused = client.put("/api/v1/catalogue", content=wrong)
    assert refused.status_code == 409
    assert "line 2: gtin" in refused.text
    assert client.get("/api/v1/catalogue").json() == {"products": [], "versions": []}


def test_the_next_version_tells_what_it_changes_and_the_same_changes_nothing(client: TestClient) -> None:
    client.put("/api/v1/catalogue", content=TEXT)
    again = client.put("/api/v1/catalogue", content=TEXT).json()
    assert (again["stored"]["version"], again["changes"]) == (1, [])
    mended = TEXT.replace("Lurra Cola", "Lurra Cola 330 ml").replace("tea-500,Veld Tea,Veld,Other Co.,,tea,,\n", "")
    shown = client.post("/catalogue/check", content=mended).text
    assert "Lurra Cola → Lurra Cola 330 ml" in shown
    assert "taken away" in shown
    told = client.put("/api/v1/catalogue", content=mended).json()
    assert told["stored"]["version"] == 2
    assert [(one["sku"], one["what"]) for one in told["changes"]] == [("cola-330", "changed"), ("tea-500", "removed")]
    assert "tea-500" in client.get("/api/v1/catalogue/file", params={"version": 1}).text


def test_another_tenant_sees_nothing_of_it_and_a_viewer_cannot_upload(served: Served, client: TestClient) -> None:
    client.put("/api/v1/catalogue", content=TEXT)
    assert served.by("rival").get("/api/v1/catalogue").json()["products"] == []
    viewer = served.by("acme", Role.VIEWER)
    viewer.headers.update(HTML)
    page = viewer.get("/catalogue").text
    assert "Lurra Cola" in page
    assert 'id="upload"' not in page
    assert viewer.post("/catalogue/check", content=TEXT).status_code == 403
    assert viewer.put("/api/v1/catalogue", content=TEXT).status_code == 403
