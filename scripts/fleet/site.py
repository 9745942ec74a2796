"""The broker and the collectors of a run: processes that can be killed at any moment, and what they used up."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
START_SECONDS = 60.0
COLLECTS = "sink: collecting from"
"""What a collector says once it is subscribed."""

BROKER = """\
listener {port} 127.0.0.1
allow_anonymous true
user {user}
persistence false
set_tcp_nodelay true
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 0
"""
"""It holds any backlog in memory, and loses it with its life: what a device got a PUBACK for need not be stored."""

COLLECTOR = """\
data: {data}
database: "{database}"
broker: {{kind: external, host: 127.0.0.1, port: {port}{who}}}
intake: {{hole_grace: {grace:.3f}s, resend_every: {grace:.3f}s}}
"""


def listens(port: int) -> bool:
    """Whether somebody listens on a port of loopback."""
    with socket.socket() as sock:
        return sock.connect_ex((HOST, port)) == 0


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


@dataclass(slots=True)
class Child:
    """A process of ours, through all its lives.

    Args:
        command: how it is started.
        log: what it says is appended here.
    """

    command: Sequence[str]
    log: Path
    lives: int = 0
    peak: int = 0  # bytes of memory that it held at most, of what was seen
    start_seconds: float = 0.0  # of CPU, that it takes before it is ready
    _seconds: float = 0.0  # of CPU, of the lives that are over
    _process: subprocess.Popen[bytes] | None = None
    _known: psutil.Process | None = None

    def start(self) -> None:
        """Start it, also once more."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(list(self.command), stdout=log, stderr=log, cwd=ROOT)  # noqa: S603 - ours
        self._known = psutil.Process(self._process.pid)
        self.lives += 1

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def cpu_seconds(self) -> float:
        """CPU that it took in all its lives."""
        return self._seconds + self._cpu()

    @property
    def working_seconds(self) -> float:
        """The same without its starts."""
        return max(0.0, self.cpu_seconds - self.lives * self.start_seconds)

    def look(self) -> None:
        """See how much memory it holds now."""
        with suppress(psutil.Error):
            if self._known is not None:
                self.peak = max(self.peak, int(self._known.memory_info().rss))

    def kill(self) -> None:
        """SIGKILL."""
        self._end(kill=True)

    def stop(self, patience: float = 60.0) -> None:
        """SIGTERM; SIGKILL when it does not end.

        Raises:
            SystemExit: it ended badly.
        """
        if not self._end(kill=False, patience=patience):
            raise SystemExit(f"bench: {self.command[-1]} ended badly:\n{self.tail()}")

    def tail(self) -> str:
        """The last lines that it said."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:] if self.log.is_file() else ""

    def _end(self, *, kill: bool, patience: float = 60.0) -> bool:
        if self._process is None or self._process.poll() is not None:
            return kill
        self.look()
        self._seconds += self._cpu()
        if not kill:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(patience) == 0
        self._process.kill()
        self._process.wait()
        return kill

    def _cpu(self) -> float:
        with suppress(psutil.Error):
            if self._known is not None and self.running:
                taken = self._known.cpu_times()
                return float(taken.user + taken.system)
        return 0.0


@dataclass(slots=True)
class Broker:
    """Debian's mosquitto, on one port of loopback through all its lives."""

    folder: Path
    port: int = field(default_factory=free_port)
    child: Child = field(init=False)

    def __post_init__(self) -> None:
        path = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        if path is None:
            raise SystemExit("bench: mosquitto is missing (on Debian: apt-get install mosquitto)")
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "mosquitto.conf"
        config.write_text(BROKER.format(port=self.port, user=getpass.getuser()), encoding="utf-8")
        self.child = Child([path, "-c", str(config)], self.folder / "mosquitto.log")

    def __enter__(self) -> Self:
        self.child.start()
        self.await_port()
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()

    def await_port(self) -> None:
        """Wait until it listens.

        Raises:
            SystemExit: it does not.
        """
        _await(lambda: listens(self.port), self.child, "does not listen")


@contextmanager
def collectors(folder: Path, *, count: int, database: str, port: int, grace: float) -> Iterator[list[Child]]:
    """Some `sink collect` on one broker and one database, which share the events when they are several.

    Args:
        folder: for their configuration and logs.
        count: how many.
        database: a URL.
        port: the broker's.
        grace: seconds that a hole may fill by itself.
    """
    children = []
    for number in range(1, count + 1):
        who = ", share: fleet" if count > 1 else f", client_id: collector-{number}"
        config = folder / f"collector-{number}.yaml"
        text = COLLECTOR.format(data=folder / f"data-{number}", database=database, port=port, who=who, grace=grace)
        config.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "cloud_sink.cli", "collect", "--config", str(config)]
        children.append(Child(command, folder / f"collector-{number}.log"))
    try:
        for child in children:
            child.start()
        for child in children:
            _await(lambda child=child: COLLECTS in child.tail(), child, "does not collect")  # type: ignore[misc]  # bound
            child.start_seconds = child.cpu_seconds
        yield children
    finally:
        for child in children:
            child.kill()


def _await(done: Callable[[], bool], child: Child, what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not done():
        if not child.running or time.monotonic() > deadline:
            raise SystemExit(f"bench: {Path(child.command[0]).name} {what}:\n{child.tail()}")
        time.sleep(0.02)
