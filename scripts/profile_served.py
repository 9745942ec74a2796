"""Asking a running `sink serve` for profiles and rankings, alone, by several at once, and while events come."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import paho.mqtt.client as mqtt
import psutil
from fleet_events import TENANT, ZONE, address, boot_of, observation
from paho.mqtt.enums import CallbackAPIVersion

from edge.contract.topics import Channel
from edge.deliver.envelope import Draft, Stamp, seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from profile_store import Filled

_START_SECONDS = 120
_LOOK = 0.05
"""Seconds between two looks at the memory of the process."""

Question = tuple[str, "Callable[[int], str]"]
"""A name, and the path that is asked for the n-th time."""


def questions(store: Filled, *, today: bool) -> list[Question]:
    """What pages ask for, most often first; with `today` the period ends with the day that is under way."""
    until = datetime.now(ZoneInfo(ZONE)).date() if today else store.until
    since = until - timedelta(days=store.fleet.days - 1)
    period = f"tenant={TENANT}&since={since}"

    def name(n: int) -> str:
        return address(n * 37 % store.fleet.devices).store

    return [
        ("profile", lambda n: f"/api/v1/stores/{name(n)}/profile?{period}&day={until}"),
        ("ranking", lambda _: f"/api/v1/rankings?{period}&until={until}&by=osa"),
        ("profile_of_a_day", lambda n: f"/api/v1/stores/{name(n)}/profile?tenant={TENANT}&day={until}"),
        ("standing", lambda n: f"/api/v1/stores/{name(n)}/standing?{period}&until={until}"),
        ("groups", lambda _: f"/api/v1/groups?{period}&until={until}&by=chain"),
        ("stores", lambda _: f"/api/v1/stores?tenant={TENANT}"),
    ]


@dataclass(slots=True)
class Served:
    """A sink at work, and the most memory that was seen of it."""

    process: psutil.Process
    http: str
    broker_port: int
    peak: dict[str, int] = field(default_factory=dict)  # bytes, of the service and of its broker

    @property
    def cpu_seconds(self) -> float:
        """What its process has worked."""
        taken = self.process.cpu_times()
        return float(taken.user + taken.system)

    def look(self) -> None:
        """Take note of its memory."""
        self._note("service", self.process.memory_info().rss)
        for child in self.process.children():
            self._note("broker", child.memory_info().rss)

    def _note(self, name: str, rss: int) -> None:
        self.peak[name] = max(self.peak.get(name, 0), rss)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """`sink serve` over a filled folder, as a user starts it."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "cloud_sink.cli", "serve", "--config", str(folder / "sink.yaml")]
    command += ["--http-port", "0", "--broker-port", "0", "--ready-file", str(ready)]
    root = Path(__file__).resolve().parent.parent
    log = folder / "serve.log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=root) as started:  # noqa: S603 - our own command
        done = threading.Event()
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not ready.exists():
                assert started.poll() is None, log.read_text()
                assert time.monotonic() < deadline, "the sink is not ready"
                time.sleep(_LOOK)
            told = json.loads(ready.read_text())
            served = Served(psutil.Process(started.pid), told["http"], told["broker_port"])
            watcher = threading.Thread(target=_watch, args=(served, done))
            watcher.start()
            yield served
            done.set()
            watcher.join()
        finally:
            done.set()
            started.terminate()


def _watch(served: Served, done: threading.Event) -> None:
    while not done.wait(_LOOK):
        served.look()


def ask_alone(served: Served, asked: Sequence[Question], times: int) -> dict[str, dict[str, float]]:
    """Each question by itself, one after the other; milliseconds until the last byte is here.

    `cpu` is what the service's process worked for an answer: on a busy machine the rest of the time it waited its turn.
    """
    found = {}
    for name, path in asked:
        client = _Client(served.http)
        client.ask(path(0))
        before = served.cpu_seconds
        found[name] = spread([client.ask(path(n)) for n in range(1, times + 1)])
        found[name]["cpu"] = 1000 * (served.cpu_seconds - before) / times
    return found


def ask_together(served: Served, asked: Sequence[Question], *, clients: int, times: int) -> dict[str, Any]:
    """All questions mixed by several clients at once, each of which waits for its answer and asks again."""
    took: dict[str, list[float]] = {name: [] for name, _ in asked}

    def one(client: int) -> None:
        connection = _Client(served.http)
        for n in range(times):
            name, path = asked[(n + client) % len(asked)]
            took[name].append(connection.ask(path(n * clients + client)))

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(one, range(clients)))
    seconds = time.perf_counter() - began
    return {"requests_a_second": clients * times / seconds, **{name: spread(ms) for name, ms in took.items()}}


class _Client:
    """A connection that is kept, as a browser keeps one."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def ask(self, path: str) -> float:
        """Milliseconds of one question."""
        began = time.perf_counter()
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        took = 1000 * (time.perf_counter() - began)
        assert answer.status == 200, (path, body[:300])  # noqa: PLR2004 - what went wrong is no measurement
        return took


@contextmanager
def events_coming(served: Served, devices: int, rate: float) -> Iterator[Callable[[], int]]:
    """Captures of all stores in turn while the block runs, so many a second; yields how many were sent."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="fleet", protocol=mqtt.MQTTv5)
    client.connect("127.0.0.1", served.broker_port)
    client.loop_start()
    done, sent, epoch = threading.Event(), 0, f"{time.time_ns():032x}"

    def feed() -> None:
        nonlocal sent
        began = time.monotonic()
        while not done.wait(max(0.0, began + (sent + 1) / rate - time.monotonic())):
            device, seq = sent % devices, sent // devices + 1
            where, now = address(device), datetime.now(UTC)
            stamp = Stamp(ZONE, "synced", boot_of(device), 10**7 + seq)
            said = seal(Draft(now, observation(device, sent)), stamp=stamp, address=where, epoch=epoch, seq=seq)
            client.publish(where.topic(Channel.EVENTS), said.body, qos=1)
            sent += 1

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield lambda: sent
    finally:
        done.set()
        thread.join()
        client.disconnect()
        client.loop_stop()


def spread(took: list[float]) -> dict[str, float]:
    """The middle one and the 95th of a hundred."""
    cuts = quantiles(took, n=20, method="inclusive")
    return {"median": cuts[9], "p95": cuts[18]}
