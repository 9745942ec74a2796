"""The collector dies at the worst moments; what a device re-sends is stored once all the same."""

from __future__ import annotations

import os
import signal
import sqlite3
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cloud_sink.collect.broker import EmbeddedBroker
from tests.brokers import Mosquitto
from tests.cloud_sink.conftest import SinkProcess
from tests.cloud_sink.raw_device import RawDevice
from tests.cloud_sink.words import body, rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

BETWEEN_COMMIT_AND_ACK = """
import os, signal
from cloud_sink.collect.link import Link
Link.ack = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""
BETWEEN_ACK_AND_RECEIPT = BETWEEN_COMMIT_AND_ACK.replace("Link.ack", "Link.publish")
BEFORE_COMMIT = """
import os, signal
import cloud_sink.store.intake as intake
intake.quarantine.hold = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""

CONFIG = """\
broker: {{kind: external, host: 127.0.0.1, port: {port}, client_id: collector-1}}
"""


@pytest.fixture
def broker_port(tmp_path: Path) -> Iterator[int]:
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker.port


def collector(folder: Path, port: int, prelude: str = "") -> SinkProcess:
    return SinkProcess(
        folder, arguments=(), command="collect", config=CONFIG.format(port=port), prelude=textwrap.dedent(prelude)
    )


def stored(sink: SinkProcess) -> list[tuple[int, int]]:
    with sqlite3.connect(sink.folder / "data" / "sink.db") as connection:
        return connection.execute("SELECT seq, count(*) FROM events GROUP BY seq").fetchall()


def settled(sink: SinkProcess) -> bool:
    return "collecting from" in (sink.folder / "log").read_text()


@pytest.mark.parametrize("moment", [BEFORE_COMMIT, BETWEEN_COMMIT_AND_ACK, BETWEEN_ACK_AND_RECEIPT])
def test_an_event_survives_a_collector_killed_at(tmp_path: Path, broker_port: int, moment: str) -> None:
    sink = collector(tmp_path / "sink", broker_port, moment)
    sink.start(wait=False)
    sink.until(lambda: (sink.folder / "log").exists() and settled(sink), "it does not collect")
    with RawDevice(broker_port, "d1") as raw:
        event = body(rejected(1, device=raw.address))
        raw.send(event)
        assert sink.wait() == -9
        assert raw.receipts.empty()
        assert stored(sink) == ([] if moment is BEFORE_COMMIT else [(1, 1)])

        after = collector(tmp_path / "sink", broker_port)
        after.start(wait=False)
        raw.send(event)  # an outbox sends again what has no receipt
        assert raw.receipt()["ranges"] == [[1, 1]]
        assert stored(after) == [(1, 1)]
        assert after.stop() == 0


def test_acknowledgements_die_with_their_connection(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        sink = collector(tmp_path / "sink", broker.port)
        sink.start(wait=False)
        sink.until(lambda: (sink.folder / "log").exists() and settled(sink), "it does not collect")
        with sqlite3.connect(sink.folder / "data" / "sink.db", isolation_level=None) as writer:
            writer.execute("BEGIN IMMEDIATE")  # the batch in hand waits for this
            with RawDevice(broker.port, "d1") as raw:
                raw.send(body(rejected(1, device=raw.address)))
            broker.kill()
            broker.start()
            writer.execute("ROLLBACK")
        sink.until(lambda: stored(sink) == [(1, 1)], "the batch is lost")
        sink.until(lambda: (sink.folder / "log").read_text().count("broker.connected") == 2, "it does not reconnect")
        with RawDevice(broker.port, "d1") as raw:
            for seq in (1, 2, 3):
                raw.send(body(rejected(seq, device=raw.address)))
            assert raw.answered(3)["taken"] == {1, 2, 3}
        assert sink.stop() == 0
        assert (sink.folder / "log").read_text().count("broker.connected") == 2  # no broker took offence


def test_a_killed_sink_takes_its_broker_along_and_comes_back_on_the_same_port(tmp_path: Path) -> None:
    sink = SinkProcess(tmp_path / "sink")
    sink.start()
    port = sink.broker_port
    with RawDevice(port, "d1") as raw:
        raw.send(body(rejected(1, device=raw.address)))
        raw.receipt()
    sink.kill()
    sink.arguments = ("--http-port", "0", "--broker-port", str(port))
    sink.start()
    assert sink.broker_port == port
    with RawDevice(port, "d1") as raw:
        raw.send(body(rejected(1, device=raw.address)))
        assert raw.receipt()["ranges"] == [[1, 1]]
    assert sink.stop() == 0
    assert stored(sink) == [(1, 1)]


def test_a_broker_that_dies_is_started_again_on_its_port(tmp_path: Path) -> None:
    broker = EmbeddedBroker(folder=tmp_path)
    broker.start()
    port = broker.port
    assert not broker.revive()
    process = broker._broker._process if broker._broker is not None else None
    assert process is not None
    process.kill()
    process.wait()
    assert broker.revive()
    assert broker.port == port
    with RawDevice(port, "d1"):
        pass
    broker.stop()
    broker.stop()


def test_a_sink_whose_broker_dies_goes_on(tmp_path: Path) -> None:
    sink = SinkProcess(tmp_path / "sink")
    sink.start()
    with RawDevice(sink.broker_port, "d1") as raw:
        raw.send(body(rejected(1, device=raw.address)))
        raw.receipt()
    os.kill(child_of(sink.pid), signal.SIGKILL)
    sink.until(lambda: "broker.revived" in (sink.folder / "log").read_text(), "the broker is not revived")
    sink.until(lambda: (sink.folder / "log").read_text().count("broker.connected") == 2, "it does not reconnect")
    with RawDevice(sink.broker_port, "d1") as raw:
        raw.send(body(rejected(2, device=raw.address)))
        assert raw.receipt()["ranges"] == [[2, 2]]
    assert sink.stop() == 0


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
