"""A data folder belongs to one service, and one that cannot be used is said in a line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cloud_sink.collect.broker import EmbeddedBroker
from cloud_sink.data_folder import owned
from edge.contract.errors import DeliveryError, StoreError
from tests.cloud_sink.conftest import SinkProcess

ROOT = Path(__file__).resolve().parents[2]
FREE_PORTS = ("--http-port", "0", "--broker-port", "0")


def sink(*arguments: str | Path, prelude: str = "") -> subprocess.CompletedProcess[str]:
    code = f"{prelude}\nfrom cloud_sink.cli.app import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, check=False
    )


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    def own_twice() -> None:
        with owned(tmp_path), owned(tmp_path):
            pass

    with pytest.raises(StoreError, match=r"in use by another sink serve, process \d+") as caught:
        own_twice()
    assert str(tmp_path) in str(caught.value)
    with owned(tmp_path):
        pass


def test_a_second_service_on_a_folder_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    first = SinkProcess(tmp_path / "sink")
    first.start()
    data = first.folder / "data"
    before = (data / "broker.toml").read_text()
    second = sink("serve", "--data", data, *FREE_PORTS)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == (
        f"sink: data folder {data} is in use by another sink serve, process {first.pid} "
        "(stop that one, or give this one its own folder with --data)\n"
    )
    assert (data / "broker.toml").read_text() == before
    first.kill()
    first.start()  # the lock of the killed one is gone at once, though its broker may still be ending
    assert first.stop() == 0
    first.start()
    assert first.stop() == 0


@pytest.mark.parametrize(
    ("command", "where"),
    [
        (("serve", *FREE_PORTS), "/proc/none"),
        (("serve", *FREE_PORTS), "FILE/under"),
        (("db", "upgrade"), "/proc/none"),
        (("profile", "s1"), "FILE/under"),
    ],
)
def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path, command: tuple[str, ...], where: str) -> None:
    file = tmp_path / "file"
    file.touch()
    folder = where.replace("FILE", str(file))
    done = sink(*command, "--data", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert folder in done.stderr


@pytest.mark.parametrize("command", [("serve", *FREE_PORTS), ("db", "upgrade")])
def test_a_folder_without_room_is_said_in_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    no_room = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))"
    done = sink(*command, "--data", tmp_path / "data", prelude=no_room)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / "data") in done.stderr


@pytest.mark.parametrize("command", [("serve", *FREE_PORTS), ("profile", "s1"), ("quarantine", "replay")])
def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "sink.db").write_bytes(b"no database at all, but long enough to look at" * 100)
    done = sink(*command, "--data", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "file is not a database" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_ready_file_that_cannot_be_written_ends_the_service_with_one_line(tmp_path: Path) -> None:
    done = sink("serve", "--data", tmp_path / "data", *FREE_PORTS, "--ready-file", tmp_path / "none" / "ready.json")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"sink: --ready-file {tmp_path}/none/ready.json cannot be written")


def test_a_broker_s_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "broker.toml").mkdir()
    with pytest.raises(DeliveryError, match=r"broker\.toml cannot be written"):
        EmbeddedBroker(folder=tmp_path).start()
