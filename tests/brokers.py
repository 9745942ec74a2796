"""Real brokers for tests: child processes on free loopback ports, killable and restartable on the same port."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from cloud_sink.collect.broker import EmbeddedBroker
from edge.deliver.settings import BrokerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS = 20.0


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


def mosquitto_path() -> str:
    """Where Debian puts mosquitto; it is not on every PATH."""
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    assert path is not None, "mosquitto is missing: apt-get install mosquitto"
    return path


@dataclass(slots=True)
class Mosquitto:
    """Debian's mosquitto as a child process.

    Args:
        folder: for its configuration and log.
        users: name to password; without any, everybody may enter.
        acl: the text of its ACL file; empty for none.
        settings: further lines of its configuration.
    """

    folder: Path
    users: dict[str, str] = field(default_factory=dict)
    acl: str = ""
    settings: str = ""
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, on the same port every time, and wait until it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(self._lines()) + "\n")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([mosquitto_path(), "-c", str(config)], stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            assert self._process.poll() is None, (self.folder / "mosquitto.log").read_text()
            assert time.monotonic() < deadline, "mosquitto does not listen"
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: nothing it held in memory survives."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def broker(self, *, username: str | None = None) -> BrokerSettings:
        """How a device reaches it."""
        return BrokerSettings(
            "127.0.0.1", self.port, username=username, password=None if username is None else self.users[username]
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _lines(self) -> list[str]:
        # Persistence off: what mosquitto had acknowledged dies with it, which is the harder case for delivery.
        lines = [
            f"listener {self.port} 127.0.0.1",
            "persistence false",
            f"user {getpass.getuser()}",  # root's mosquitto would drop to a user that cannot read a test's files
            f"allow_anonymous {str(not self.users).lower()}",
        ]
        if self.users:
            passwords = self.folder / "passwords"
            passwords.unlink(missing_ok=True)
            passwords.touch(mode=0o644)
            for name, password in self.users.items():
                subprocess.run(["mosquitto_passwd", "-b", str(passwords), name, password], check=True)
            lines.append(f"password_file {passwords}")
        if self.acl:
            rules = self.folder / "acl"
            rules.write_text(self.acl)
            lines.append(f"acl_file {rules}")
        return [*lines, self.settings]

    def _listens(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def embedded(folder: Path) -> Iterator[BrokerSettings]:
    """The broker that the sink embeds (iotcore), through its own wrapper."""
    broker = EmbeddedBroker(folder=folder)
    broker.start()
    try:
        yield BrokerSettings("127.0.0.1", broker.port)
    finally:
        broker.stop()
