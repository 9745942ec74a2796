"""Speed of the collector beside a plain one, on one backlog in the broker. See `./scripts/bench collector`."""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import typer
from fleet.site import Broker
from fleet_events import Fleet, events_of
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from plain_collector import BATCH, PostgresSink, SqliteSink, collect_plainly

from cloud_sink.collect.collector import Collector
from cloud_sink.collect.link import Link, Message
from cloud_sink.collect.login import window
from cloud_sink.collect.wire import Login
from cloud_sink.fleet.settings import IntakeSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import open_database, upgrade
from edge.contract.topics import Channel, every_device

CLIENT = "collector"
ARRAY = 50
"""Events in an array of a backlog, as the device's delivery sends them."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run: which collector, on what."""

    who: str  # ours or plain
    port: int
    database: str  # a URL
    messages: int


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took."""

    seconds: float
    cpu: float


def main(
    *,
    events: int = typer.Option(20_000, min=100, help="Events in the backlog."),
    devices: int = typer.Option(200, min=1, help="Devices that sent them."),
    rounds: int = typer.Option(3, min=1, help="Pairs of runs, ours and the plain one."),
    database: str = typer.Option("", help="A PostgreSQL URL whose tables may be dropped; without it SQLite."),
    arrays: bool = typer.Option(False, "--arrays", help="The same events in arrays, as a backlog travels."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Let both collectors work off the same backlog, in turns, and print the ratio of their times.

    With --arrays the plain one works off the arrays, and the same events one by one as well. The load that is told is
    the machine's before each round, so that a busy one is seen: then the ratio of CPU says more than that of time.

    Example: ./scripts/bench collector --events 20000 --arrays
    """
    backlogs = {"ours": arrays, "plain": arrays} | ({"plain, one by one": False} if arrays else {})
    runs: dict[str, list[Run]] = {name: [] for name in backlogs}
    loads = []
    with tempfile.TemporaryDirectory(prefix="facings-bench-") as folder:
        messages = {kind: _backlog(events, devices, arrays=kind) for kind in set(backlogs.values())}
        for number in range(rounds):
            loads.append(round(os.getloadavg()[0], 1))
            for place, (name, kind) in enumerate(backlogs.items()):
                typer.echo(f"bench: {name}, round {number + 1} of {rounds}", err=True)
                who, where = name.partition(",")[0], Path(folder) / f"{place}-{number}"
                runs[name].append(_measure(who, messages[kind], where, database))
    report: dict[str, Any] = {
        "events": events,
        "arrays": arrays,
        "database": "postgresql" if database else "sqlite",
        "load": loads,
    }
    report["taken"] = {name: _taken(taken, events) for name, taken in runs.items()}
    report["ratios"] = {name: _ratios(runs["ours"], taken) for name, taken in runs.items() if name != "ours"}
    typer.echo(json.dumps(report) if as_json else _in_words(report))


def _taken(runs: list[Run], events: int) -> dict[str, float]:
    return {
        "events_a_second": round(events / statistics.median(run.seconds for run in runs)),
        "cpu_us_an_event": round(1e6 * statistics.median(run.cpu for run in runs) / events, 1),
    }


def _ratios(ours: list[Run], plain: list[Run]) -> dict[str, Any]:
    times = [other.seconds / own.seconds for own, other in zip(ours, plain, strict=True)]
    work = [other.cpu / own.cpu for own, other in zip(ours, plain, strict=True)]
    return {
        "time": round(statistics.median(times), 2),
        "cpu": round(statistics.median(work), 2),
        "each": [round(ratio, 2) for ratio in times],
    }


def _in_words(report: dict[str, Any]) -> str:
    said = f"{report['events']} events{' in arrays' if report['arrays'] else ''}, {report['database']}"
    lines = [f"{said}, on a machine with a load of {report['load']} before each round"]
    for name, taken in report["taken"].items():
        lines.append(
            f"  {name:18} {taken['events_a_second']:7} events/s  {taken['cpu_us_an_event']:7} us of CPU an event"
        )
    for name, ratio in report["ratios"].items():
        lines.append(
            f"  ours is {ratio['time']} times as fast as {name} (each round: {ratio['each']}), {ratio['cpu']} by CPU"
        )
    return "\n".join(lines)


def _backlog(events: int, devices: int, *, arrays: bool) -> list[tuple[str, bytes, list[tuple[str, str]]]]:
    """Topic, payload and user properties of each message, the devices in turns."""
    fleet = Fleet(devices=devices, captures=max(1, events // devices))
    said = [list(events_of(fleet, device)) for device in range(devices)]
    messages = []
    step = ARRAY if arrays else 1
    for first in range(0, fleet.captures, step):
        for of_one in said:
            some = of_one[first : first + step]
            body = b"[" + b",".join(one.body for one in some) + b"]" if arrays else some[0].body
            named = [] if arrays else [("epoch", some[0].epoch), ("seq", str(some[0].seq)), ("replayed", "false")]
            messages.append((some[0].address.topic(Channel.EVENTS), body, named))
    return messages


def _measure(who: str, messages: list[tuple[str, bytes, list[tuple[str, str]]]], folder: Path, database: str) -> Run:
    folder.mkdir()
    with Broker(folder) as broker:
        port = broker.port
        _leave_session(port)
        _preload(port, messages)
        where = database or f"sqlite:///{folder / 'sink.db'}"
        if database:
            _wipe(database)
        context = multiprocessing.get_context("spawn")
        results: multiprocessing.Queue[Run] = context.Queue()
        process = context.Process(target=_work, args=(Task(who, port, where, len(messages)), results))
        process.start()
        run = results.get(timeout=600)
        process.join()
    return run


def _work(task: Task, results: multiprocessing.Queue[Run]) -> None:
    if task.who == "ours":
        results.put(_ours(task))
    else:
        results.put(_plain(task))


class _CountingLink(Link):
    """Counts what was acknowledged, for all of that is stored, and ends with the last."""

    def __init__(self, login: Login, messages: int) -> None:
        super().__init__(login)
        self.done = threading.Event()
        self._left = messages

    def ack(self, message: Message) -> None:
        super().ack(message)
        self._left -= 1
        if not self._left:
            self.done.set()


def _ours(task: Task) -> Run:
    engine = open_database(task.database)
    upgrade(engine)
    intake = IntakeSection()
    login = Login("127.0.0.1", task.port, CLIENT, session_seconds=86_400, receive_maximum=window(intake.batch))
    link = _CountingLink(login, task.messages)
    collector = Collector(link=link, engine=engine, stores=StoreBook(), intake=intake)
    started, cpu = time.perf_counter(), time.process_time()
    collector.run(link.done)
    return Run(time.perf_counter() - started, time.process_time() - cpu)


def _plain(task: Task) -> Run:
    path = task.database.removeprefix("sqlite:///")
    sink = SqliteSink(path) if task.database.startswith("sqlite") else PostgresSink(task.database)
    last = task.messages // BATCH * BATCH
    started, cpu = time.perf_counter(), time.process_time()
    collect_plainly(task.port, CLIENT, sink, lambda taken: taken >= last)
    return Run(time.perf_counter() - started, time.process_time() - cpu)


def _wipe(database: str) -> None:
    import psycopg  # noqa: PLC0415 - only where PostgreSQL is measured

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")


def _leave_session(port: int) -> None:
    """Subscribe as the collector will, and go: the broker keeps what comes for it."""
    granted = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=CLIENT, protocol=mqtt.MQTTv5)
    client.on_subscribe = lambda *_: granted.append(True)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho types it not
    properties.SessionExpiryInterval = 86_400
    client.connect("127.0.0.1", port, clean_start=True, properties=properties)
    client.subscribe(every_device(Channel.EVENTS), qos=1)
    while not granted:
        client.loop(0.1)
    client.disconnect()
    client.loop(0.1)


def _preload(port: int, messages: list[tuple[str, bytes, list[tuple[str, str]]]]) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="fleet", protocol=mqtt.MQTTv5)
    client.max_queued_messages_set(0)
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    info = None
    for topic, body, named in messages:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho types it not
        if named:
            properties.UserProperty = named
        info = client.publish(topic, body, qos=1, properties=properties)
    if info is not None:
        info.wait_for_publish(300)
    while client._out_messages:  # noqa: SLF001 - paho says it of single messages only
        time.sleep(0.05)
    client.loop_stop()
    client.disconnect()


if __name__ == "__main__":
    typer.run(main)
