"""The doctor: what is well is called so, each fault is named with a mend, and a bundle holds no secret."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.capture.film import FilmWriter
from edge.cli.app import app
from edge.deliver.outbox_look import OutboxLook
from edge.device.checks.cameras import check_cameras
from edge.device.checks.clock import judge_clock
from edge.device.checks.machine import judge_memory, judge_temperature
from edge.device.checks.models import check_models
from edge.device.checks.storage import Disk, check_outbox, judge_disk, judge_outbox, measure_disk
from edge.device.settings import read_config
from tests.brokers import Mosquitto, free_port
from tests.edge.deliver.disks import Filler, small_disk
from tests.edge.deliver.goods import STAMP, draft, open_outbox
from tests.edge.deliver.servers import Server
from tests.edge.device.agents import frames, live_camera, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator


NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


def diagnose(*words: str) -> tuple[int, dict[str, dict[str, str]]]:
    """What `edge doctor --json` says, by check."""
    done = CliRunner().invoke(app, ["doctor", "--json", *words])
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return done.exit_code, {one["check"]: one for one in found}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker", users={"dev-1": "passw0rt-4"}) as one:
        yield one


def test_a_device_that_is_well_is_called_so(tmp_path: Path, broker: Mosquitto) -> None:
    password = tmp_path / "password"
    password.write_text("passw0rt-4\n")
    password.chmod(0o600)
    config = write_config(
        tmp_path,
        port=broker.port,
        broker={"port": broker.port, "username": "dev-1", "password_file": "password"},
        cameras=[live_camera(frames(tmp_path / "frames", 1))],
    )
    code, found = diagnose("--config", str(config))
    assert code == 0
    assert {check for check, one in found.items() if one["status"] == "failed"} == set()
    assert found["broker MQTT"]["status"] == "ok"
    assert "1280 x 960" in found["camera cam-1"]["what"] or " x " in found["camera cam-1"]["what"]
    assert "sha256 as in the manifest" in found["model product-detector"]["what"]
    assert found["password of the broker"]["status"] == "ok"
    assert {path.name for path in tmp_path.iterdir()} == {"agent.yaml", "broker", "frames", "password"}


def test_each_fault_is_named_with_its_mend_and_the_rest_is_looked_at_all_the_same(tmp_path: Path) -> None:
    with Server(lambda peer: peer.close()) as deaf:
        config = write_config(
            tmp_path,
            port=deaf.port,
            collector={"url": f"http://127.0.0.1:{free_port()}"},
            cameras=[
                {"id": "usb", "fixture": "cooler-1", "source": {"kind": "usb", "device": "/dev/video97"}},
            ],
        )
        code, found = diagnose("--config", str(config))
    assert code == 1
    for check in ("camera usb", "broker MQTT", "collector"):
        assert found[check]["status"] == "failed", check
        assert found[check]["mend"], check
    assert found["broker TCP"]["status"] == "ok"
    assert found["model product-detector"]["status"] == "ok"


def test_a_configuration_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_text("device: 1\n")
    code, found = diagnose("--config", str(tmp_path / "agent.yaml"))
    assert code == 1
    assert "agent.yaml: line" in found["configuration"]["what"]
    assert found["memory"]


def test_a_model_that_was_altered_is_found(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3] / "models"
    for file in root.glob("*.onnx"):
        (tmp_path / file.name).write_bytes(file.read_bytes()[:-1] + b"\x00")
    (tmp_path / "manifest.json").write_bytes((root / "manifest.json").read_bytes())
    camera = live_camera(frames(tmp_path / "frames", 1))
    config = write_config(tmp_path, port=free_port(), cameras=[camera], models={"folder": str(tmp_path)})
    _, found = diagnose("--config", str(config))
    assert found["model product-detector"]["status"] == "failed"
    assert "sha256" in found["model product-detector"]["what"]


def test_a_broker_that_knows_no_such_password_refuses(tmp_path: Path, broker: Mosquitto) -> None:
    (tmp_path / "wrong").write_text("wrong")
    section = {"port": broker.port, "username": "dev-1", "password_file": "wrong"}
    camera = live_camera(frames(tmp_path / "frames", 1))
    config = write_config(tmp_path, port=broker.port, broker=section, cameras=[camera])
    _, found = diagnose("--config", str(config))
    assert found["broker MQTT"]["status"] == "failed"
    assert "Not authorized" in found["broker MQTT"]["what"]
    assert found["password of the broker"]["status"] == "failed"  # others may read it
    assert found["password of the broker"]["mend"].startswith("chmod 600")


def test_what_a_technician_reads_has_a_line_for_what_and_one_for_the_mend(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", "--config", str(tmp_path / "nowhere.yaml")])
    assert done.exit_code == 1
    assert "failed   configuration: " in done.stdout
    assert "         -> give the path of a readable file" in done.stdout


# Disk, outbox, clock, machine


@pytest.mark.parametrize(
    ("disk", "status", "said"),
    [
        (Disk(5000, read_only=False, inodes=10**6, writable=True), ["ok"], "5000 MB free"),
        (Disk(5000, read_only=False, inodes=None, writable=True), ["ok"], "writable"),
        (Disk(5000, read_only=True, inodes=10**6, writable=False), ["failed"], "read-only"),
        (Disk(5000, read_only=False, inodes=10**6, writable=False), ["failed"], "cannot be written"),
        (Disk(10, read_only=False, inodes=10**6, writable=True), ["failed"], "10 MB free"),
        (Disk(0, read_only=False, inodes=10**6, writable=False), ["failed"], "0 MB free"),
        (Disk(100, read_only=False, inodes=10**6, writable=True), ["warning"], "may take 256 MB more"),
        (Disk(5000, read_only=False, inodes=10, writable=True), ["ok", "warning"], "10 left"),
        (Disk(5000, read_only=False, inodes=0, writable=False), ["ok", "failed"], "0 left"),
    ],
)
def test_a_disk_is_judged_by_what_an_outbox_needs(disk: Disk, status: list[str], said: str) -> None:
    found = judge_disk(disk, Path("state"), wanted_mb=256)
    assert [one.status for one in found] == status
    assert said in found[-1].what
    assert all(one.mend for one in found if one.status != "ok")


def test_a_full_disk_is_called_full_and_nothing_is_left_on_it(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as folder:
        Filler(folder).fill()
        before = set(folder.iterdir())
        disk = measure_disk(folder)
        assert (disk.free_mb, disk.writable) == (0, False)
        assert set(folder.iterdir()) == before


def test_an_outbox_is_looked_at_while_its_agent_runs(tmp_path: Path) -> None:
    config = read_config(write_config(tmp_path, port=1, cameras=[live_camera(frames(tmp_path / "frames", 1))]))
    config.data.mkdir()
    with open_outbox(config.data / "outbox.db") as outbox:
        outbox.append([draft(), draft()], stamp=STAMP)
        (finding,), look = check_outbox(config, now=datetime.now(UTC))
        assert look is not None
        assert (look.running, look.waiting, look.last_seq) == (True, 2, 2)
        assert finding.status == "warning"  # the examples are old
    assert check_outbox(config, now=NOW)[1] is not None


def test_a_damaged_outbox_is_found_and_left_as_it_is(tmp_path: Path) -> None:
    config = read_config(write_config(tmp_path, port=1, cameras=[live_camera(frames(tmp_path / "frames", 1))]))
    config.data.mkdir()
    path = config.data / "outbox.db"
    with open_outbox(path) as outbox:
        outbox.append([draft() for _ in range(200)], stamp=STAMP)
    content = bytearray(path.read_bytes())
    content[8192:40000] = os.urandom(40000 - 8192)
    path.write_bytes(content)
    (finding,), _ = check_outbox(config, now=NOW)
    assert (finding.status, finding.check) == ("failed", "outbox")
    assert path.read_bytes() == content


def test_drops_refusals_and_old_damage_are_told() -> None:
    look = OutboxLook(
        running=True, fault="", file_bytes=1, set_aside=("outbox.db.corrupt-1",), refused=3, drops={"health": 7}
    )
    found = judge_outbox(look, Path("outbox.db"), owner="acme/dev-1", now=NOW)
    assert [one.status for one in found] == ["ok", "warning", "warning", "warning"]
    assert "7 health" in found[2].what


def test_the_outbox_of_another_device_is_found() -> None:
    look = OutboxLook(running=False, fault="", file_bytes=1, owner="acme/dev-2")
    (finding,) = judge_outbox(look, Path("outbox.db"), owner="acme/dev-1", now=NOW)
    assert finding.status == "failed"
    assert "acme/dev-2" in finding.what


@pytest.mark.parametrize(
    ("synced", "installed", "last", "status"),
    [
        (True, NOW - timedelta(days=9), None, "ok"),
        (False, NOW - timedelta(days=9), None, "warning"),
        (True, NOW + timedelta(days=1), None, "failed"),
        (True, NOW - timedelta(days=9), NOW + timedelta(hours=1), "failed"),
        (True, NOW - timedelta(days=9), NOW + timedelta(seconds=30), "ok"),
    ],
)
def test_a_clock_is_believed_that_is_synced_and_not_behind_what_is_past(
    synced: bool,  # noqa: FBT001 - a table's column
    installed: datetime,
    last: datetime | None,
    status: str,
) -> None:
    assert judge_clock(NOW, synced=synced, installed=installed, last_said=last).status == status


def test_heat_and_a_lack_of_memory_are_told() -> None:
    assert [judge_temperature(one).status for one in (None, 60.0, 76.0, 90.0)] == ["ok", "ok", "warning", "failed"]
    assert judge_memory(300, running=False).status == "warning"
    assert judge_memory(300, running=True).status == "ok"


def test_traffic_cameras_are_looked_at_too(tmp_path: Path) -> None:
    film = tmp_path / "aisle.avi"
    with FilmWriter(film, rate=10.0) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8))
    line = {"id": "door", "start": [0.1, 0.5], "end": [0.9, 0.5]}
    sources = {"aisle": {"kind": "video", "path": str(film)}, "door": {"kind": "usb", "device": "/dev/none"}}
    traffic = [{"id": name, "source": source, "lines": [line], "deadline": "5s"} for name, source in sources.items()]
    config = read_config(write_config(tmp_path, port=1, traffic=traffic, fixtures=[]))
    aisle, door = check_cameras(config, at_work=None)
    assert (aisle.check, aisle.status) == ("camera aisle", "ok")
    assert aisle.what.startswith("a frame of 64 x 48 pixels")
    assert (door.check, door.status, door.mend != "") == ("camera door", "failed", True)
    assert "model people-detector" in {one.check for one in check_models(people=True)}


@pytest.mark.parametrize(("error", "status"), [("", "warning"), ("it does not open", "failed")])
def test_a_camera_that_the_running_agent_may_hold_has_failed_once_the_agent_says_so(
    tmp_path: Path, error: str, status: str
) -> None:
    camera = {"id": "usb", "fixture": "cooler-1", "source": {"kind": "usb", "device": "/dev/video97"}}
    config = read_config(write_config(tmp_path, port=1, cameras=[camera]))
    health = {"data": {"cameras": [{"camera": "usb", "error": error}]}}
    (found,) = check_cameras(config, at_work=OutboxLook(running=True, fault="", file_bytes=1, health=health))
    assert (found.status, found.mend != "") == (status, True)
