"""Backup, restore, deletion and retention, as an operator gives them, with photographs in either place."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from cloud_sink.cli.app import app
from cloud_sink.evidence import bucket as bucket_module
from cloud_sink.evidence.opening import open_place, open_room
from cloud_sink.fleet.settings import SinkConfig, load_config
from cloud_sink.store.database import open_database, upgrade
from tests.cloud_sink.evidence.conftest import photograph, section
from tests.faults.proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.s3 import S3Server

LONG_AGO = datetime.now(UTC) - timedelta(days=400)
EARLIER, LATER, LOST = photograph("earlier"), photograph("later"), photograph("lost")


@pytest.fixture(params=["folder", "bucket"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    settings: dict[str, Any] = {"data": str(tmp_path / "data")}
    if request.param == "bucket":
        settings["evidence"] = {"s3": section(request.getfixturevalue("s3"), request.getfixturevalue("bucket").name)}
    return written(tmp_path / "sink.yaml", settings)


def written(path: Path, settings: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(settings))
    upgrade(open_database(load_config(path).database_url))
    return path


def sink(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def take(settings: SinkConfig, *photographs: Any, now: datetime | None = None) -> None:
    engine = open_database(settings.database_url)
    for name, content in photographs:
        open_room(engine, settings).take(name.address, name.sha256, content, now or datetime.now(UTC))
    engine.dispose()


def shown(settings: SinkConfig) -> list[bytes | None]:
    room = open_room(open_database(settings.database_url), settings)
    return [room.show("acme", name.sha256) for name, _ in (EARLIER, LATER, LOST)]


def lose_database(settings: SinkConfig) -> None:
    for path in settings.data.glob("sink.db*"):
        path.unlink()


def test_photographs_that_came_after_the_backup_are_found_again(config: Path, tmp_path: Path) -> None:
    settings = load_config(config)
    take(settings, EARLIER, LOST)
    said = sink("backup", tmp_path / "backup", "--config", config)
    manifest = json.loads((tmp_path / "backup" / "backup.json").read_text())
    if settings.evidence.s3 is None:
        assert "2 photographs" in said
        assert (manifest["photographs"], manifest["elsewhere"]) == (2, None)
    else:
        assert f"no photographs: they are in s3://{settings.evidence.s3.bucket}" in said
        assert (manifest["photographs"], manifest["elsewhere"]) == (0, open_place(settings).label)
        open_place(settings).remove([LOST[0]])
    take(settings, LATER)
    lose_database(settings)
    said = sink("restore", tmp_path / "backup", "--config", config)
    in_bucket = settings.evidence.s3 is not None
    assert f"1 that came after it are found again, {int(in_bucket)} are no more" in said
    assert shown(settings) == [EARLIER[1], LATER[1], None if in_bucket else LOST[1]]
    assert sink("evidence", "compare", "--config", config) == "0 photographs entered, 0 forgotten\n"


def test_a_backup_moves_photographs_from_a_folder_into_a_bucket_and_back(
    tmp_path: Path, s3: S3Server, bucket: Any
) -> None:
    first = written(tmp_path / "first.yaml", {"data": str(tmp_path / "first")})
    second = tmp_path / "second.yaml"
    second.write_text(yaml.safe_dump({"data": str(tmp_path / "second"), "evidence": {"s3": section(s3, bucket.name)}}))
    third = tmp_path / "third.yaml"
    third.write_text(yaml.safe_dump({"data": str(tmp_path / "third")}))
    take(load_config(first), EARLIER, LATER, LOST)
    sink("backup", tmp_path / "a", "--config", first)
    sink("restore", tmp_path / "a", "--config", second)
    assert len(list(bucket.objects.all())) == 3
    sink("backup", tmp_path / "b", "--photographs", "--config", second)
    sink("restore", tmp_path / "b", "--config", third)
    assert shown(load_config(second)) == shown(load_config(third)) == [EARLIER[1], LATER[1], LOST[1]]


def test_a_restore_while_the_bucket_is_away_can_be_finished_later(
    tmp_path: Path, s3: S3Server, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "_REST", 0.0)
    with Proxy(s3.port) as proxy:
        there = section(s3, bucket.name, endpoint=f"http://127.0.0.1:{proxy.port}")
        config = written(tmp_path / "sink.yaml", {"data": str(tmp_path / "data"), "evidence": {"s3": there}})
        take(load_config(config), EARLIER)
        sink("backup", tmp_path / "backup", "--config", config)
        take(load_config(config), LATER)
        lose_database(load_config(config))
        proxy.cut()
        done = CliRunner().invoke(app, ["restore", str(tmp_path / "backup"), "--config", str(config)])
        assert "the database is restored; run sink evidence compare later" in str(done.exception)
        proxy.mend()
        assert sink("evidence", "compare", "--config", config) == "1 photographs entered, 0 forgotten\n"
        assert shown(load_config(config)) == [EARLIER[1], LATER[1], None]


def test_a_deletion_and_retention_reach_the_photographs(config: Path) -> None:
    settings = load_config(config)
    take(settings, EARLIER, now=LONG_AGO)
    take(settings, LATER)
    assert "1 evidence" in sink("retention", "run", "--dry-run", "--config", config)
    assert "1 evidence" in sink("retention", "run", "--config", config)
    assert [one.name for one in open_place(settings).walk()] == [LATER[0]]
    proof = json.loads(sink("delete", "s1", "--tenant", "acme", "--yes", "--config", config))
    assert (proof["photographs"], proof["rows"]) == (1, {"evidence": 1})
    assert list(open_place(settings).walk()) == []
