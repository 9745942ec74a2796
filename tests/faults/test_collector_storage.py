"""A collector whose database cannot be written for a while: it says so, acknowledges nothing, and loses nothing."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from cloud_sink.store.database import open_database, reading
from tests.cloud_sink.conftest import CONFIG, SinkProcess
from tests.cloud_sink.raw_device import RawDevice
from tests.cloud_sink.words import body, facing, observed
from tests.faults.server import own_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 60.0
JPEG = b"\xff\xd8\xff" + bytes(300_000)


@contextmanager
def running(folder: Path, *, config: str = CONFIG) -> Iterator[SinkProcess]:
    """A sink with an embedded broker, that ends well."""
    sink = SinkProcess(folder, config=config)
    sink.start()
    try:
        yield sink
        assert sink.stop() == 0
    finally:
        if sink._process is not None:
            sink._process.kill()


def status(sink: SinkProcess, path: str, *, put: bytes | None = None) -> int:
    """The status of an answer; a photograph is put there."""
    headers = {"X-Facings-Source": "/acme/s1/d1", "Content-Type": "image/jpeg"} if put else {}
    method = "PUT" if put else "GET"
    request = urllib.request.Request(f"{sink.http}{path}", data=put, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def photograph(sink: SinkProcess, number: int) -> int:
    """The status of the answer to one more photograph."""
    content = JPEG + number.to_bytes(4, "big")
    return status(sink, f"/api/v1/evidence/{hashlib.sha256(content).hexdigest()}", put=content)


def until(sink: SinkProcess, done: Callable[[], object], why: str) -> None:
    sink.until(done, why, PATIENCE)


class Story:
    """A device that sends observation after observation, and again whatever has no receipt."""

    def __init__(self, raw: RawDevice) -> None:
        self._raw = raw
        self._open: set[int] = set()
        self.sent = 0

    def send(self) -> None:
        """Send the next one."""
        self.sent += 1
        self._open.add(self.sent)
        self._publish(self.sent)

    def finish(self) -> None:
        """Send again until all is receipted."""
        deadline = time.monotonic() + PATIENCE
        while self._open:
            assert time.monotonic() < deadline, f"no receipt for {sorted(self._open)[:10]}"
            for seq in sorted(self._open):
                self._publish(seq)
            self._hear()

    def _publish(self, seq: int) -> None:
        self._raw.send(body(observed(seq, [facing("cola")] * 60, own=60, device=self._raw.address)))

    def _hear(self) -> None:
        try:
            while True:
                for first, last in self._raw.receipt(1.0)["ranges"]:
                    self._open -= set(range(first, last + 1))
        except queue.Empty:
            pass


def stored(sink: SinkProcess) -> int:
    """How many captures the profile of the day counts."""
    address = f"{sink.http}/api/v1/stores/s1/profile?day=2026-03-14"
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        return int(json.load(answer)["fixtures"][0]["captures"])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB, which only root can make."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], check=False)
    if made.returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def test_a_full_disk_refuses_photographs_and_keeps_every_event(small_disk: Path) -> None:
    with running(small_disk / "sink") as sink, RawDevice(sink.broker_port, "d1") as raw:
        story = Story(raw)
        taken = 0
        while (answer := photograph(sink, taken)) == 201:
            taken += 1
        assert answer in {503, 507}  # the database, or the folder
        deadline = time.monotonic() + PATIENCE
        while status(sink, "/readyz") == 200:
            assert time.monotonic() < deadline, "it does not say that it cannot store"
            story.send()
        assert status(sink, "/healthz") == 200
        assert status(sink, "/metrics") == 200
        remount(small_disk, "size=60m")
        until(sink, lambda: status(sink, "/readyz") == 200, "it does not go on")
        story.finish()
        assert stored(sink) == story.sent
        assert photograph(sink, taken) == 201


def test_a_database_that_another_holds_for_long_is_told_and_waited_for(tmp_path: Path) -> None:
    with running(tmp_path / "sink") as sink, RawDevice(sink.broker_port, "d1") as raw:
        story = Story(raw)
        with closing(sqlite3.connect(sink.folder / "data" / "sink.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            story.send()
            until(sink, lambda: status(sink, "/readyz") == 503, "it does not say that it cannot store")
        until(sink, lambda: status(sink, "/readyz") == 200, "it does not go on")
        story.finish()
        assert stored(sink) == story.sent


def test_a_postgresql_that_is_away_for_long_is_told_and_waited_for(tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(own_postgresql())
        sink = stack.enter_context(running(tmp_path / "sink", config=f"database: {server.url}\n{CONFIG}"))
        story = Story(stack.enter_context(RawDevice(sink.broker_port, "d1")))
        story.send()
        story.finish()
        server.kill()
        for _ in range(20):
            story.send()
        until(sink, lambda: status(sink, "/readyz") == 503, "it does not say that it cannot store")
        assert status(sink, "/metrics") == 200
        assert status(sink, "/api/v1/stores/s1/profile") == 503
        server.start()
        until(sink, lambda: status(sink, "/readyz") == 200, "it does not go on")
        story.finish()
        assert stored(sink) == story.sent


def test_both_ends_of_a_postgresql_let_go_of_who_vanished() -> None:
    with own_postgresql() as server:
        engine = open_database(server.url)
        with reading(engine) as connection:
            theirs = connection.execute(text("SELECT setting FROM pg_settings WHERE name = 'tcp_user_timeout'"))
            assert theirs.scalar_one() == "60000"
            driver: Any = connection.connection.driver_connection
            with socket.socket(fileno=os.dup(driver.fileno())) as ours:
                assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
        engine.dispose()
