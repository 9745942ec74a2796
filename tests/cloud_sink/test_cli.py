"""The command line, as a user meets it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cloud_sink.cli.app import app
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import open_database, upgrade, writing
from cloud_sink.store.facts import RefusedBody
from cloud_sink.store.intake import take
from edge.contract.receipts import RefusalReason
from tests.cloud_sink.conftest import SinkProcess
from tests.cloud_sink.words import DEVICE, EPOCH, body, fact, rejected

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 20, tzinfo=UTC)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cloud_sink.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sink's data folder with one rejected capture, and two bodies in quarantine."""
    engine = open_database(f"sqlite:///{tmp_path / 'sink.db'}")
    upgrade(engine)
    good, bad = body(rejected(2)), b"?"
    refused = [
        RefusedBody(DEVICE, EPOCH, 2, RefusalReason.UNKNOWN_MAJOR, "type 'x.v9'", good, bytes(32)),
        RefusedBody(DEVICE, None, None, RefusalReason.UNREADABLE, "the body is not JSON", bad, bytes(31) + b"1"),
    ]
    with writing(engine) as connection:
        take(connection, [fact(rejected(1))], refused, stores=StoreBook(), received=NOW)
    engine.dispose()
    return tmp_path


def test_a_profile_is_one_json_object_on_stdout(folder: Path) -> None:
    done = run("profile", "s1", "--day", "2026-03-14", "--json", "--data", folder)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["fixtures"][0]["rejected"] == {"dark": 1}


def test_a_profile_is_a_table_for_people(folder: Path) -> None:
    done = run("profile", "s1", "--data", folder)
    assert done.returncode == 0
    assert "captures rejected" in done.stdout
    assert "1 (dark 1)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("profile", "nowhere", "--data", "FOLDER"), 1, "no store nowhere (known: s1)"),
        (("profile", "s1", "--data", "FOLDER/none"), 1, "is not there (name the folder of the sink with --data)"),
        (("profile", "s1", "--config", "none.yaml"), 1, "none.yaml"),
        (("serve", "--broker-port", "70000"), 2, "--broker-port"),
        (("profile", "s1", "--day", "14.3.2026"), 2, "14.3.2026"),
        (("nothing",), 2, "nothing"),
        (("collect", "--data", "FOLDER"), 1, "broker.kind: external"),
    ],
)
def test_errors_are_said_in_one_line(folder: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = run(*(argument.replace("FOLDER", str(folder)) for argument in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert code == 2 or done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [("profile", "s1"), ("quarantine", "list")])
def test_output_that_finds_no_room_is_said_in_one_line(folder: Path, command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cloud_sink.cli", *command, "--data", str(folder)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "sink: standard output: No space left on device\n")


def test_the_quarantine_is_listed_and_replayed(folder: Path) -> None:
    listed = [json.loads(line) for line in run("quarantine", "list", "--json", "--data", folder).stdout.splitlines()]
    assert [(one["reason"], one["event"]) for one in listed] == [("unknown-major", f"{EPOCH}-2"), ("unreadable", None)]
    assert listed[1]["body"] == "?"
    assert "1 taken, 1 stay in quarantine" in run("quarantine", "replay", "--data", folder).stdout
    left = run("quarantine", "list", "--data", folder).stdout
    assert "unreadable" in left
    assert "unknown-major" not in left
    profile = json.loads(run("profile", "s1", "--day", "2026-03-14", "--json", "--data", folder).stdout)
    assert profile["fixtures"][0]["rejected"] == {"dark": 2}


def test_a_database_is_made_and_upgraded(tmp_path: Path) -> None:
    for _ in range(2):
        done = run("db", "upgrade", "--data", tmp_path / "new")
        assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "new" / "sink.db").is_file()


def test_every_command_has_help_with_an_example() -> None:
    for command in (
        ["serve"],
        ["collect"],
        ["profile"],
        ["db", "upgrade"],
        ["quarantine", "list"],
        ["quarantine", "replay"],
    ):
        done = CliRunner().invoke(app, [*command, "--help"])
        assert done.exit_code == 0
        assert f"Example: sink {' '.join(command)}" in " ".join(done.stdout.split())


def test_serve_says_where_it_is_and_ends_on_sigterm(tmp_path: Path) -> None:
    sink = SinkProcess(tmp_path / "sink")
    sink.start()
    assert httpx.get(f"{sink.http}/readyz", trust_env=False).json() == {"status": "ok"}
    with closing(socket.socket()) as probe:
        assert probe.connect_ex(("127.0.0.1", sink.broker_port)) == 0
    said = (sink.folder / "log").read_text()
    assert f"sink: {sink.http} broker: mqtt://127.0.0.1:{sink.broker_port}" in said
    assert f"in a browser on this machine: {sink.http}/" in said

    port = sink.http.rsplit(":", 1)[1]
    done = run("serve", "--data", tmp_path / "second", "--http-port", port)
    assert done.returncode == 1
    assert done.stderr == (
        f"sink: HTTP port {port} on 127.0.0.1 cannot be used: Address already in use "
        "(choose another with --http-port; 0 takes a free one)\n"
    )
    assert sink.stop() == 0
    assert "Traceback" not in (sink.folder / "log").read_text()
