"""The processes of the fault tests, and what their databases hold afterwards."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from cloud_sink.store.database import open_database, reading
from edge.deliver.outbox_rows import EVENT_BODY
from edge.deliver.outbox_sealing import teach
from tests.faults.story import ADDRESS, DAY, ZONE
from tests.faults.unit import SEALED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 90.0

SETTINGS = f"""\
data: data
database: {{database}}
broker: {{broker}}
intake: {{{{hole_grace: {{grace}}s, resend_every: 1s}}}}
stores:
  - {{{{tenant: {ADDRESS.tenant}, id: {ADDRESS.store}, name: Corner shop, zone: {ZONE}}}}}
"""

ROLLUPS = ("fixture_day", "sku_day", "rejection_day", "traffic_hour", "stockouts")


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@dataclass(slots=True)
class Child:
    """A Python process that can be killed and started again."""

    arguments: list[str]
    log: Path
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; what it says is appended to its log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([sys.executable, *self.arguments], stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL, unless it has ended by itself."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def revive(self) -> None:
        """Start it if it has ended, as a machine does with a service that found no database."""
        if self._process is not None and self._process.poll() is not None:
            self.start()

    def terminate(self) -> None:
        """SIGTERM, and wait for the end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(PATIENCE)

    @property
    def ended(self) -> bool:
        """Whether it ended well. That it ended badly is a failure."""
        assert self._process is not None
        code = self._process.poll()
        assert code in {None, 0}, f"{self.arguments}: exit {code}\n{self.log.read_text()[-3000:]}"
        return code == 0

    def wait(self, keep: Child | None = None) -> None:
        """Wait for its own end; another that must not end meanwhile is kept alive."""

        def ended() -> bool:
            if keep is not None:
                keep.revive()
            return self.ended

        wait_for(ended, f"{self.arguments} does not end\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()


@dataclass(slots=True)
class Site:
    """One collector's folder and the device beside it.

    Args:
        folder: for all files of the site.
        broker: the sink's broker section.
        grace: seconds a hole may fill by itself.
        server: the URL of a database on a server; without it the collector has a file of its own.
    """

    folder: Path
    port: int
    broker: str = ""
    grace: float = 60.0
    command: str = "collect"
    server: str = ""
    collector: Child = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configure()
        ports = ["--http-port", "0"] if self.command == "serve" else []
        arguments = ["-m", "cloud_sink.cli", self.command, "--config", str(self.folder / "sink.yaml"), *ports]
        self.collector = Child(arguments, self.folder / "collector.log")

    def configure(self) -> None:
        """Write down what the collector is to know when it starts next."""
        section = self.broker or f"{{kind: external, host: 127.0.0.1, port: {self.port}, client_id: collector}}"
        settings = SETTINGS.format(broker=section, grace=self.grace, database=json.dumps(self.server or None))
        (self.folder / "sink.yaml").write_text(settings)

    @property
    def outbox(self) -> Path:
        """The device's outbox."""
        return self.folder / "outbox.db"

    @property
    def database(self) -> Path:
        """The collector's database."""
        return self.folder / "data" / "sink.db"

    def unit(
        self, *, steps: int, pace: float = 0.0, variant: int = 0, outbox: Path | None = None, more: tuple[str, ...] = ()
    ) -> Child:
        """The device."""
        story = ["--steps", str(steps), "--pace", str(pace), "--variant", str(variant)]
        path = outbox or self.outbox
        return Child(
            ["-m", "tests.faults.unit", str(path), str(self.port), *story, *more], self.folder / f"{path.stem}.log"
        )

    def accepted(self, outbox: Path | None = None) -> dict[tuple[str, int], bytes]:
        """The hash of every event the outbox ever took in, by its key; none may have been deleted."""
        with closing(sqlite3.connect(outbox or self.outbox)) as database:
            teach(database, SEALED)
            names = dict(database.execute("SELECT number, epoch FROM epoch"))
            rows = database.execute(f"SELECT epoch, seq, {EVENT_BODY} FROM event").fetchall()
        return {(names[epoch], seq): hashlib.sha256(body).digest() for epoch, seq, body in rows}

    def stored(self) -> Counter[tuple[str, int, bytes]]:
        """How often each event is stored, by key and hash."""
        return Counter(self.query("SELECT epoch, seq, sha256 FROM events"))

    def quarantined(self) -> list[tuple[str, int, str]]:
        """What was refused: epoch, number, reason."""
        return self.query("SELECT epoch, seq, reason FROM quarantine ORDER BY id")

    def rollups(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every roll-up, row by row, the same from either database."""
        found = {table: self.query(f"SELECT * FROM {table}") for table in ROLLUPS}
        return {table: sorted((tuple(map(_plain, row)) for row in rows), key=repr) for table, rows in found.items()}

    def query(self, statement: str) -> list[Any]:
        """Ask the collector's database."""
        if self.server:
            return self._query_server(statement)
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(statement).fetchall()

    def _query_server(self, statement: str) -> list[Any]:
        engine = open_database(self.server)
        with reading(engine) as connection:
            rows = [tuple(row) for row in connection.execute(text(statement))]
        engine.dispose()
        return rows

    def sink(self, *arguments: str) -> str:
        """Give a command as a user does; what it says."""
        command = [sys.executable, "-m", "cloud_sink.cli", *arguments, "--config", str(self.folder / "sink.yaml")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def profile(self) -> dict[str, Any]:
        """The store profile of the day, by the command a user would give, without what differs from run to run.

        That is when a device was last heard, and the names of events, which carry the device's random boot.
        """
        found: dict[str, Any] = json.loads(self.sink("profile", ADDRESS.store, "--day", DAY, "--json"))
        del found["place"]["devices"]
        for entry in found["todo"]:
            del entry["event"]
        return found

    def copy_database(self, target: Path) -> None:
        """Keep the database of a collector that has ended."""
        with closing(sqlite3.connect(self.database)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self.database, target)

    def restore_database(self, source: Path) -> None:
        """Set the database back, as from a backup."""
        for suffix in ("-wal", "-shm"):
            self.database.with_name(self.database.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(source, self.database)


def _plain(value: object) -> object:
    """A day as SQLite keeps it."""
    return value.isoformat() if isinstance(value, date) else value


def check_all_stored_once(site: Site, outboxes: list[Path] | None = None) -> tuple[int, int, int]:
    """Compare outboxes and store.

    Returns:
        Events accepted, lost, and stored more than once or under a key nobody gave.
    """
    accepted: dict[tuple[str, int], bytes] = {}
    for outbox in outboxes or [site.outbox]:
        accepted |= site.accepted(outbox)
    wanted = {(epoch, seq, sha256) for (epoch, seq), sha256 in accepted.items()}
    stored = site.stored()
    lost = len(wanted - set(stored))
    doubled = sum(stored.values()) - len(wanted & set(stored))
    return len(wanted), lost, doubled
