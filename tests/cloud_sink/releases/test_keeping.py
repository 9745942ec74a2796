"""Releases in a backup: back, they are whole, and no device takes them for old ones."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.cli.app import app
from cloud_sink.evidence.folder import Folder
from cloud_sink.releases.keeping import bring_back
from cloud_sink.releases.repository import repository_of
from cloud_sink.store.backup import back_up, restore
from cloud_sink.store.database import open_database, upgrade
from edge.contract.errors import StoreError
from edge.update.trusted import FaultyError
from tests.edge.update.device import Device
from tests.edge.update.server import Repository, served
from tests.releases import NOW, Fleet, make_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return make_fleet(tmp_path / "fleet")


@pytest.fixture
def server(fleet: Fleet) -> Iterator[Repository]:
    with served(fleet.repository.folder) as one:
        yield one


@pytest.fixture
def device(fleet: Fleet, server: Repository, tmp_path: Path) -> Device:
    root = tmp_path / "trusted-root.json"
    root.write_bytes(fleet.repository.root_file.read_bytes())
    return Device(tmp_path / "device", server.url, root)


def backup(fleet: Fleet, into: Path) -> Path:
    engine = open_database(f"sqlite:///{into.parent / 'sink.db'}")
    upgrade(engine)
    data = fleet.repository.folder.parent.parent
    made = back_up(engine, Folder(into.parent / "pictures"), into, NOW, photographs=True, data=data)
    assert made.releases == ("acme",)
    return into


def restored(source: Path, fleet: Fleet, server: Repository, folder: Path) -> Fleet:
    """On another machine, whose service devices ask from then on."""
    restore(
        source,
        f"sqlite:///{folder / 'restored.db'}",
        Folder(folder / "restored-pictures"),
        releases=lambda one: bring_back(one, folder / "restored", LATER),
    )
    repository = repository_of(folder / "restored", "acme")
    server.folder = repository.folder
    return Fleet(repository, fleet.keys, fleet.scratch)


def test_a_device_goes_on_with_a_repository_that_was_restored(
    fleet: Fleet, server: Repository, device: Device, tmp_path: Path
) -> None:
    """Since the backup only the server signed: timestamps, snapshots and plans that the device has seen."""
    number = fleet.settings(health_every="2m")
    source = backup(fleet, tmp_path / "backup")
    for minutes in (10, 20, 30):
        fleet.roll_out(number, now=NOW + timedelta(minutes=minutes))
    device.take()
    again = restored(source, fleet, server, tmp_path)
    assert device.look().plan.wanted(store="s1", device="d1") == number
    again.settings(health_every="3m", now=LATER)
    assert device.take().number == 2


def test_a_release_that_the_backup_lacks_is_made_up_for_by_the_owner_s_signature(
    fleet: Fleet, server: Repository, device: Device, tmp_path: Path
) -> None:
    fleet.settings(health_every="2m")
    source = backup(fleet, tmp_path / "backup")
    fleet.settings(health_every="3m")
    assert device.take().number == 2
    again = restored(source, fleet, server, tmp_path)
    with pytest.raises(FaultyError, match="older than what was seen before"):
        device.look()
    again.renew(now=LATER)
    assert device.look().plan.wanted(store="s1", device="d1") == 1


def test_the_server_s_keys_come_back_readable_by_its_user_alone(
    fleet: Fleet, server: Repository, tmp_path: Path
) -> None:
    again = restored(backup(fleet, tmp_path / "backup"), fleet, server, tmp_path)
    keys = list(again.repository.online.iterdir())
    assert len(keys) == 3
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)
    assert (tmp_path / "backup" / "releases").stat().st_mode & 0o077 == 0


def test_releases_that_are_there_stay(fleet: Fleet, tmp_path: Path) -> None:
    source = backup(fleet, tmp_path / "backup")
    number = fleet.settings(health_every="2m")
    data = fleet.repository.folder.parent.parent
    assert bring_back(source, data, LATER).stayed == ("acme",)
    assert fleet.repository.numbers() == [number]


def test_a_damaged_file_of_a_release_is_not_brought_back(fleet: Fleet, tmp_path: Path) -> None:
    fleet.settings(health_every="2m")
    source = backup(fleet, tmp_path / "backup")
    next((source / "releases" / "acme" / "targets" / "content").iterdir()).write_bytes(b"damaged")
    with pytest.raises(StoreError, match="is missing or damaged"):
        bring_back(source, tmp_path / "restored", LATER)
    assert not repository_of(tmp_path / "restored", "acme").exists


def test_backup_and_restore_tell_of_releases(fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.settings(health_every="2m")
    data = fleet.repository.folder.parent.parent
    open_and_close(data)
    app(["backup", str(tmp_path / "backup"), "--data", str(data)], standalone_mode=False)
    assert "and the releases of acme" in capsys.readouterr().out
    app(["restore", str(tmp_path / "backup"), "--data", str(tmp_path / "new")], standalone_mode=False)
    assert "releases of acme are back" in capsys.readouterr().out
    shutil.rmtree(tmp_path / "new" / "evidence", ignore_errors=True)
    assert repository_of(tmp_path / "new", "acme").numbers() == [1]


def open_and_close(data: Path) -> None:
    engine = open_database(f"sqlite:///{data / 'sink.db'}")
    upgrade(engine)
    engine.dispose()
