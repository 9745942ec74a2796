"""What an agent at work leaves on its disk and opens to the network, under the loosest umask there is in use."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from typer.testing import CliRunner

from edge.cli.app import app
from edge.deliver.outbox_look import look_into
from edge.device.at_rest import at_rest_of, sealed_things
from edge.device.settings import read_config
from tests.brokers import Mosquitto
from tests.edge.deliver.station import Station, wait_for
from tests.edge.device.agents import ROOT, ended, frames, live_camera, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "keys/at-rest.key"


@dataclass(frozen=True, slots=True)
class Seen:
    """An agent that worked for a while and was killed."""

    config: Path
    modes: dict[str, int]  # of every file and folder, by its path below the device's folder
    listening: list[str]
    plain: list[tuple[str, bytes]]  # what stood readable in which file while it worked

    @property
    def folder(self) -> Path:
        return self.config.parent

    def anew(self, folder: Path) -> Path:
        """The device's folder once more, to spoil it; its configuration."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("broker", "frames"))
        return folder / self.config.name


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("device")
    with Mosquitto(tmp_path_factory.mktemp("broker")) as broker, Station(broker.port) as station:
        config = write_config(
            folder,
            port=broker.port,
            cameras=[live_camera(frames(tmp_path_factory.mktemp("pictures") / "frames", 400))],
            evidence={"keep": "always"},
            at_rest={"key": KEY},
        )
        config.chmod(0o600)
        command = [sys.executable, "-m", "edge.cli.app", "run", "--config", str(config)]
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, umask=0o022)
        try:
            wait_for(lambda: len([one for one in station.events if one["type"] == "shelf.observed.v1"]) >= 3)
            wait_for(lambda: list((folder / "state" / "evidence").glob("*.jpg")))
            every = [one for one in sorted(folder.rglob("*")) if one.name != "log"]
            modes = {str(one.relative_to(folder)): stat.S_IMODE(one.lstat().st_mode) for one in every}
            listening = [str(one.laddr) for one in _sockets(process.pid) if one.status == psutil.CONN_LISTEN]
            plain = [
                (one.name, thing)
                for one in (folder / "state").rglob("*")
                if one.is_file()
                for thing in (b'"facings"', b'"specversion"', b'"sharpness"', b"\xff\xd8\xff", b"JFIF")
                if thing in one.read_bytes()
            ]
        finally:
            process.kill()
            ended(process)
        yield Seen(config, modes, listening, plain)


def _sockets(pid: int) -> list[Any]:
    agent = psutil.Process(pid)
    return [one for each in (agent, *agent.children(recursive=True)) for one in each.net_connections(kind="inet")]


def doctor(config: Path) -> dict[str, list[tuple[str, str]]]:
    """What the doctor finds, status and words by check."""
    done = CliRunner().invoke(app, ["doctor", "--config", str(config), "--json"])
    found: dict[str, list[tuple[str, str]]] = {}
    for line in done.stdout.splitlines():
        one = json.loads(line)
        found.setdefault(one["check"], []).append((one["status"], f"{one['what']} {one.get('mend', '')}"))
    return found


def test_every_file_is_its_owner_s_alone(seen: Seen) -> None:
    assert {"state", "state/outbox.db", "state/outbox.db-wal", "state/outbox.db-shm", "state/evidence", KEY} <= set(
        seen.modes
    )
    assert {path: oct(mode) for path, mode in seen.modes.items() if mode & 0o077} == {}


def test_nothing_listens(seen: Seen) -> None:
    assert seen.listening == []


def test_no_event_and_no_picture_can_be_read_on_the_disk(seen: Seen) -> None:
    assert seen.plain == []


def test_status_and_doctor_tell_that_it_is_encrypted(seen: Seen) -> None:
    done = CliRunner().invoke(app, ["status", "--config", str(seen.config)])
    key = at_rest_of(read_config(seen.config)).key
    assert key is not None
    assert f"encrypted at rest with key {key.name}\n" in done.output
    assert "camera cam-1 at cooler-1: last capture 2" in done.output
    found = doctor(seen.config)
    assert found["encryption"] == [
        ("ok", f"on, key {key.name}; the key is on the same disk: copies are protected, the device is not ")
    ]
    assert [status for status, _ in found["rights"]] == ["ok"]


def test_without_its_key_the_agent_says_so_in_one_line_and_begins_anew_when_told(seen: Seen, tmp_path: Path) -> None:
    config = seen.anew(tmp_path / "device")
    (config.parent / KEY).rename(tmp_path / "found-later")
    refused = run_once(config)
    assert refused.returncode == 1
    assert len(refused.stderr.strip().splitlines()) == 1
    assert f"{config.parent / 'state' / 'outbox.db'}: sealed with key" in refused.stderr
    assert "edge at-rest anew" in refused.stderr
    [(status, said)] = doctor(config)["encryption"]
    assert status == "failed"
    assert "at-rest.key" in said
    done = CliRunner().invoke(app, ["at-rest", "anew", "--config", str(config)])
    assert done.exit_code == 0, done.output
    [aside] = (config.parent / "state").glob("sealed-*")
    assert (aside / "outbox.db").exists()
    assert list(aside.glob("evidence/*.jpg"))
    assert list(sealed_things(config.parent / "state")) == []
    assert at_rest_of(read_config(config)).on  # with a key of its own


def test_what_is_sealed_is_not_begun_in_plain_when_the_switch_is_gone(seen: Seen, tmp_path: Path) -> None:
    config = seen.anew(tmp_path / "device")
    config.write_text(config.read_text().replace("at_rest:", "#").replace(f"  key: {KEY}", "#"))
    refused = run_once(config)
    assert refused.returncode == 1
    assert "no at_rest.key is set" in refused.stderr
    look = look_into(config.parent / "state" / "outbox.db")
    assert look is not None
    assert look.sealed


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda key: key.write_text("no key"), "at-rest.key: no key"),
        (lambda key: key.chmod(0o644), "at-rest.key: others may read it"),
        (lambda key: key.write_bytes(bytes(32)), "the key here is"),
    ],
    ids=["no key", "readable by others", "another"],
)
def test_a_key_that_will_not_do_is_named(seen: Seen, tmp_path: Path, spoil: object, said: str) -> None:
    config = seen.anew(tmp_path / "device")
    assert callable(spoil)
    spoil(config.parent / KEY)
    refused = run_once(config)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_key_may_come_from_systemd(seen: Seen, tmp_path: Path) -> None:
    config = seen.anew(tmp_path / "device")
    config.write_text(config.read_text().replace(f"key: {KEY}", "credential: facings-at-rest"))
    given = tmp_path / "credentials"
    given.mkdir()
    (config.parent / KEY).rename(given / "facings-at-rest")
    at_rest = at_rest_of(read_config(config), environment={"CREDENTIALS_DIRECTORY": str(given)})
    assert all(at_rest.opens(name) for _, name in sealed_things(config.parent / "state"))
    [(status, said)] = doctor(config)["encryption"]
    assert status == "ok"
    assert "given to the service alone" in said


def test_what_others_could_read_before_is_closed_at_the_next_start(seen: Seen, tmp_path: Path) -> None:
    config = seen.anew(tmp_path / "device")
    state = config.parent / "state"
    state.chmod(0o777)
    (state / "outbox.db").chmod(0o644)
    config.write_text(config.read_text() + "sensors: {host: 127.0.0.1, password_file: password}\n")
    (config.parent / "password").write_text("secret")
    (config.parent / "password").chmod(0o640)
    found = doctor(config)["rights"]
    assert any("password: others may reach it" in said for _, said in found)
    assert any("others may read or write 2 files" in said and status == "failed" for status, said in found)
    linked = tmp_path / "elsewhere"
    linked.write_text("")
    linked.chmod(0o644)
    (state / "link").symlink_to(linked)
    (config.parent / KEY).unlink()  # it ends soon, and by then the folder is closed
    run_once(config)
    assert [stat.S_IMODE(one.stat().st_mode) for one in (state, state / "outbox.db")] == [0o700, 0o600]
    assert stat.S_IMODE(linked.stat().st_mode) == 0o644


def run_once(config: Path) -> subprocess.CompletedProcess[str]:
    """An agent that is expected to refuse its work."""
    command = [sys.executable, "-m", "edge.cli.app", "run", "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
