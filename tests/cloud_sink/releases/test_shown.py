"""Desired against reported, where people look: `sink devices`, `sink release status` and the page of the fleet."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.cli.app import app
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.releases.repository import repository_of
from cloud_sink.releases.rings import Ring
from cloud_sink.releases.roller import begin
from cloud_sink.store.database import open_database, upgrade, writing
from cloud_sink.store.intake import take
from tests.cloud_sink.api.served import serve, store
from tests.cloud_sink.words import fact, health
from tests.releases import NOW, PASSPHRASE, Fleet

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.store.database import Database

REFUSED = {"running": None, "wanted": 1, "stage": "refused", "said": "too slow", "set_aside": {"1": "too slow"}}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Of a device that refused release 1, which is being rolled out to all."""
    repository = repository_of(tmp_path, "acme")
    repository.make(tmp_path.parent / f"{tmp_path.name}-keys", PASSPHRASE, NOW)
    fleet = Fleet(repository, tmp_path.parent / f"{tmp_path.name}-keys", tmp_path)
    number = fleet.settings(health_every="2m")
    rings = [Ring(name="all", percent=100)]
    begin(repository, number, rings=rings, pause=timedelta(0), most_failures=1, least_done=1, now=NOW)
    engine = open_database(f"sqlite:///{tmp_path / 'sink.db'}")
    upgrade(engine)
    event = health(1, 5)
    event["data"]["release"] = REFUSED
    with writing(engine) as connection:
        take(connection, [fact(event)], [], stores=StoreBook(()), received=NOW)
    return engine


def test_the_command_lists_devices_with_their_release(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del database
    app(["devices", "--data", str(tmp_path)], standalone_mode=False)
    assert "release desired 1, reported -, refused (too slow)" in capsys.readouterr().out
    app(["devices", "--json", "--data", str(tmp_path)], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert told["release"] == {"desired": 1, "reported": None, "stage": "refused", "said": "too slow"}


def test_the_status_of_releases_names_it_too(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del database
    app(["release", "status", "--json", "--data", str(tmp_path)], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert [(one["desired"], one["reported"], one["stage"]) for one in told["devices"]] == [(1, None, "refused")]
    assert told["roll_out"]["failed"] == ["d1"]


def test_the_page_of_the_fleet_shows_it(database: Database, tmp_path: Path) -> None:
    client = serve(database, tmp_path, store("acme")).by("acme")
    client.headers.update({"Accept": "text/html"})
    page = client.get("/devices").text
    assert "desired 1, reported \N{EN DASH}" in page
    assert "did not stand its trial" in page
    assert "too slow" in page
    assert "release not taken" in page
