"""A database in a folder of its own, and a whole sink in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from cloud_sink.fleet.settings import SinkConfig, StoreSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import Database, open_database, upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgres import Postgres

_STARTED: list[subprocess.Popen[bytes]] = []

CONFIG = """\
intake: {hole_grace: 0.5s, resend_every: 1s, resend_expires: 30s}
stores:
  - tenant: acme
    id: s1
    name: First
    zone: Asia/Ho_Chi_Minh
    hours: {opens: "08:00", closes: "22:00", day_starts: "04:00"}
    fixtures: [{id: f1, name: Cooler, own: [Own Co.]}]
"""


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite with this version's tables."""
    engine = open_database(f"sqlite:///{tmp_path / 'sink.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql(postgres: Postgres) -> Iterator[Database]:
    """An empty PostgreSQL with this version's tables."""
    url = postgres.fresh()
    engine = open_database(url)
    yield engine
    engine.dispose()
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database with this version's tables, one of each kind in turn."""
    found: Database = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def config() -> SinkConfig:
    store = StoreSection.model_validate(
        {
            "tenant": "acme",
            "id": "s1",
            "name": "First",
            "zone": "Asia/Ho_Chi_Minh",
            "fixtures": [{"id": "f1", "name": "Cooler", "own": ["Own Co."]}],
        }
    )
    return SinkConfig(stores=(store,))


@pytest.fixture
def stores(config: SinkConfig) -> StoreBook:
    return StoreBook(config.stores)


@dataclass(slots=True)
class SinkProcess:
    """`sink serve` as a user starts it."""

    folder: Path
    arguments: tuple[str, ...] = ("--http-port", "0", "--broker-port", "0")
    prelude: str = ""
    config: str = CONFIG
    command: str = "serve"
    http: str = ""
    broker_port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self, *, wait: bool = True) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "sink.yaml").write_text(self.config)
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        code = f"{self.prelude}\nfrom cloud_sink.cli.app import main\nmain()"
        options = ["--config", str(self.folder / "sink.yaml"), "--data", str(self.folder / "data"), *self.arguments]
        if self.command == "serve":
            options += ["--ready-file", str(ready)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, self.command, *options], stdout=log, stderr=log
            )
        _STARTED.append(self._process)
        if not wait:
            return
        self.until(ready.exists, "the sink is not ready")
        found = json.loads(ready.read_text())
        self.http, self.broker_port = found["http"], found["broker_port"]

    def until(self, done: object, why: str, seconds: float = 30.0) -> None:
        assert callable(done)
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"{why}: {(self.folder / 'log').read_text()}"
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'data' / 'sink.db'}"

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        assert self._process is not None
        return self._process.wait(timeout=30)


@pytest.fixture(scope="session", autouse=True)
def _no_sink_outlives_its_test() -> Iterator[None]:
    yield
    for process in _STARTED:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SinkProcess]:
    """One sink for a module's tests, each of which uses a device of its own."""
    running = SinkProcess(tmp_path_factory.mktemp("sink"))
    running.start()
    yield running
    assert running.stop() == 0
