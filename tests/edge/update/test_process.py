"""The agent as a process: it takes a release and begins anew under it, by itself, also where it is another agent."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.deliver.outbox_look import look_into
from edge.update.environments import Environments
from edge.update.state import StateFiles, UpdateState
from tests.edge.update.agents import bundled, own_agent
from tests.edge.update.test_updating import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.edge.update.server import Repository
    from tests.releases import Fleet

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 240.0
"""Seconds: a trial loads the models four times, at low priority, on a machine that has other things to do."""


@contextmanager
def running(unit: Unit) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "edge.cli.app", "run", "--config", str(unit.path)]
    with (unit.path.parent / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_for(unit: Unit, process: subprocess.Popen[bytes], done: Callable[[UpdateState], bool]) -> UpdateState:
    deadline = time.monotonic() + PATIENCE
    while True:
        state = StateFiles(unit.data / "updates").state()
        if done(state):
            return state
        assert process.poll() is None, (unit.path.parent / "log").read_text()
        assert time.monotonic() < deadline, (unit.path.parent / "log").read_text()
        time.sleep(0.1)


def test_an_agent_takes_a_release_and_lasts_under_it(tmp_path: Path, fleet: Fleet, server: Repository) -> None:
    """Its broker and its camera are away all the while: neither is the release's fault."""
    fleet.settings(health_every="2m")
    unit = Unit(tmp_path / "unit", fleet, server.url, more=", when: any")
    text = unit.path.read_text().replace("every: 1h, healthy_after: 10m", "every: 1s, healthy_after: 1s")
    unit.path.write_text(text)
    with running(unit) as process:
        state = wait_for(unit, process, lambda one: one.running == 1 and one.probation is None)
        assert process.poll() is None
    assert state.set_aside == {}
    assert unit.running() == 1


class Supervisor:
    """What systemd is to the agent: hears what it says, and from which process."""

    def __init__(self, folder: Path) -> None:
        self.address = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.address))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.settimeout(PATIENCE)

    def heard(self, message: str) -> int:
        """The process that says this next."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline, f"nobody said {message}"
            said, credentials, _, _ = self._socket.recvmsg(4096, 256)
            if said.decode().startswith(message):
                return int(struct.unpack("3i", credentials[0][2])[0])

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    one = Supervisor(tmp_path)
    yield one
    one.close()


def interpreter_of(process: subprocess.Popen[bytes]) -> str:
    return Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")[0].decode()


def test_an_agent_becomes_its_successor_in_the_same_process_and_the_supervisor_hears_of_it(
    tmp_path: Path, fleet: Fleet, server: Repository, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project's own wheel, of a later version; killed afterwards, it is started again where it was."""
    successor = own_agent(tmp_path / "wheels").of(tmp_path / "successor", "9.0")
    fleet.release(bundled(successor))
    unit = Unit(tmp_path / "unit", fleet, server.url, more=", when: any")
    text = unit.path.read_text().replace("every: 1h, healthy_after: 10m", "every: 1s, healthy_after: 1s")
    unit.path.write_text(f"{text}models: {{folder: {ROOT / 'models'}}}\n")
    monkeypatch.setenv("NOTIFY_SOCKET", str(supervisor.address))
    monkeypatch.setenv("WATCHDOG_USEC", "240000000")
    python = str(Environments(unit.data).python("a"))
    with running(unit) as process:
        assert supervisor.heard("READY=1") == process.pid
        assert supervisor.heard("STOPPING=1") == process.pid
        assert supervisor.heard("READY=1") == process.pid
        assert interpreter_of(process) == python
        assert supervisor.heard("WATCHDOG=1") == process.pid
        state = wait_for(unit, process, lambda one: one.running == 1 and one.probation is None)
    assert (state.environment, state.agent, state.set_aside) == ("a", "9.0", {})
    with running(unit) as process:
        assert supervisor.heard("READY=1") == process.pid
        assert interpreter_of(process) == python
    look = look_into(unit.data / "outbox.db")
    assert look is not None
    assert look.health is not None
    assert look.health["data"]["versions"]["agent"] == "9.0"
    assert look.health["data"]["release"]["environment"] == "a"
