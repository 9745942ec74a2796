from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloud_sink.releases.repository import repository_of
from cloud_sink.rights.roles import Role
from tests.cloud_sink.api.served import serve, store
from tests.releases import NOW, PASSPHRASE, Fleet

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    repository = repository_of(tmp_path / "data", "acme")
    repository.make(tmp_path / "keys", PASSPHRASE, NOW)
    (tmp_path / "scratch").mkdir()
    made = Fleet(repository, tmp_path / "keys", tmp_path / "scratch")
    made.settings(health_every="2m")
    return made


@pytest.fixture
def device(sqlite: Database, tmp_path: Path, fleet: Fleet) -> TestClient:
    del fleet
    return serve(sqlite, tmp_path / "data", store("acme")).by("acme", Role.FIELD)


def content(fleet: Fleet) -> str:
    return next((fleet.repository.targets / "content").iterdir()).name


def test_a_file_is_sent_whole_and_in_part(device: TestClient, fleet: Fleet) -> None:
    path = f"/api/v1/releases/acme/targets/content/{content(fleet)}"
    whole = device.get(path)
    part = device.get(path, headers={"Range": "bytes=5-"})
    assert whole.status_code == 200
    assert part.status_code == 206
    assert part.content == whole.content[5:]
    assert part.headers["content-range"] == f"bytes 5-{len(whole.content) - 1}/{len(whole.content)}"


def test_the_newest_timestamp_is_asked_for_each_time(device: TestClient) -> None:
    assert device.get("/api/v1/releases/acme/metadata/timestamp.json").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "metadata/../online/timestamp.pem",
        "metadata/%2e%2e/online/timestamp.pem",
        "metadata/..%2fonline%2ftimestamp.pem",
        "targets/online/timestamp.pem",
        "targets/content/../../roll-out.json",
        "online/timestamp.pem",
        "roll-out.json",
    ],
)
def test_nothing_but_what_is_signed_is_sent(device: TestClient, path: str) -> None:
    answer = device.get(f"/api/v1/releases/acme/{path}")
    assert answer.status_code in {404, 422}
    assert b"PRIVATE" not in answer.content


def test_a_root_that_is_not_there_yet_is_not_found(device: TestClient) -> None:
    assert device.get("/api/v1/releases/acme/metadata/2.root.json").status_code == 404
