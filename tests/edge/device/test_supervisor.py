"""What systemd is told: over a real datagram socket, by the agent as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from edge.device import agent as agent_module
from edge.device import opening
from edge.device import post as post_module
from edge.device.agent import Agent
from edge.device.pulse import Pulse
from edge.device.settings import read_config
from edge.device.supervisor import Supervisor
from tests.brokers import free_port
from tests.edge.deliver.station import wait_for
from tests.edge.device.agents import PATIENCE, edge, ended, frames, live_camera, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Systemd:
    """Hears what is sent to its socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(path))
        self.heard: list[str] = []

    def wait(self, message: str, *, within: float = PATIENCE) -> None:
        """Wait until a message comes."""
        deadline = time.monotonic() + within
        while True:
            self.sock.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                self.heard.append(self.sock.recv(4096).decode())
            except TimeoutError:
                raise AssertionError(f"{message} did not come: {self.heard}") from None
            if self.heard[-1].startswith(message):
                return

    def drain(self) -> list[str]:
        """What came since."""
        self.sock.setblocking(False)
        found = []
        try:
            while True:
                found.append(self.sock.recv(4096).decode())
        except BlockingIOError:
            return found


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    one = Systemd(tmp_path / "notify")
    yield one
    one.sock.close()


def test_where_nobody_listens_nothing_is_said() -> None:
    supervisor = Supervisor.of({})
    supervisor.ready()
    assert supervisor.watchdog is None


def test_an_abstract_address_is_understood() -> None:
    name = f"facings-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + name)
        Supervisor.of({"NOTIFY_SOCKET": f"@{name}"}).ready()
        sock.settimeout(5)
        assert sock.recv(100) == b"READY=1"


def test_a_supervisor_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    Supervisor.of({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()


def test_a_watchdog_for_another_process_is_none_of_ours() -> None:
    assert Supervisor.of({"WATCHDOG_USEC": "5000000"}).watchdog == 5
    assert Supervisor.of({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": str(os.getpid())}).watchdog == 5
    assert Supervisor.of({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}).watchdog is None
    assert Supervisor.of({"WATCHDOG_USEC": "nonsense"}).watchdog is None


def test_the_watchdog_is_fed_no_oftener_than_it_needs(systemd: Systemd) -> None:
    supervisor = Supervisor(str(systemd.path), watchdog=1000)
    for _ in range(50):
        supervisor.alive()
    assert systemd.drain() == ["WATCHDOG=1"]


def test_what_takes_longer_than_it_may_is_named_until_it_ends() -> None:
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    with pulse.busy("camera cam-1", within=10), pulse.busy("camera cam-2", within=100):
        now[0] = 10.0
        assert pulse.overdue() == []
        now[0] = 10.5
        assert pulse.overdue() == ["camera cam-1"]
    assert pulse.overdue() == []


def test_the_agent_starts_with_every_peer_down_and_ends_in_order(tmp_path: Path, systemd: Systemd) -> None:
    cameras = [
        {"id": "usb", "fixture": "a", "source": {"kind": "usb", "device": "/dev/video97"}, "schedule": {"every": "2s"}},
        {
            "id": "net",
            "fixture": "b",
            "source": {"kind": "snapshot", "url": f"http://127.0.0.1:{free_port()}/a.jpg"},
            "schedule": {"every": "2s"},
        },
    ]
    config = write_config(
        tmp_path,
        port=free_port(),
        collector={"url": f"http://127.0.0.1:{free_port()}"},
        cameras=cameras,
        fixtures=[{"id": "a"}, {"id": "b"}],
    )
    environment = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1000000"}
    with edge("run", "--config", str(config), log=tmp_path / "log", environment=environment) as process:
        systemd.wait("READY=1")
        for _ in range(3):
            systemd.wait("WATCHDOG=1", within=30)
        systemd.wait("STATUS=", within=30)
        process.send_signal(signal.SIGTERM)
        systemd.wait("STOPPING=1", within=30)
        assert ended(process, within=40) == 0
    assert "events wait, broker: " in "".join(systemd.heard)


class Hanging:
    """A camera whose driver never comes back, and that no one can close."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def capture(self) -> None:
        self.let_go.wait()

    def close(self) -> None:
        """Changes nothing."""


def test_a_camera_that_hangs_for_ever_starves_the_watchdog(
    tmp_path: Path, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Hanging()
    monkeypatch.setattr(opening, "open_source", lambda *_, **__: source)
    monkeypatch.setattr(post_module, "LONGEST_READ", 1.0)
    monkeypatch.setattr(agent_module, "FAREWELL", 0.2)
    camera = {**live_camera(frames(tmp_path / "frames", 1)), "deadline": "1s"}
    config = read_config(write_config(tmp_path, port=free_port(), cameras=[camera]))
    agent = Agent(config, supervisor=Supervisor(str(systemd.path), watchdog=0.4))
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        systemd.wait("READY=1")
        systemd.wait("WATCHDOG=1", within=30)
        wait_for(lambda: agent._stuck == "camera cam-1", "the hanging camera is not noticed")
        systemd.drain()
        time.sleep(1.5)
        assert "WATCHDOG=1" not in systemd.drain()
    finally:
        agent.stop()
        thread.join(PATIENCE)
        source.let_go.set()
    assert not thread.is_alive()
