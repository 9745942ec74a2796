"""Several collectors on one broker and one database."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from tests.brokers import Mosquitto
from tests.cloud_sink.conftest import SinkProcess
from tests.cloud_sink.raw_device import RawDevice
from tests.cloud_sink.words import body, rejected

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "broker: {{kind: external, host: 127.0.0.1, port: {port}{more}}}\n"


def collector(folder: Path, data: Path, port: int, more: str) -> SinkProcess:
    config = CONFIG.format(port=port, more=more) + f"database: sqlite:///{data / 'sink.db'}\n"
    return SinkProcess(folder, arguments=(), command="collect", config=config)


def log(sink: SinkProcess) -> str:
    path = sink.folder / "log"
    return path.read_text() if path.exists() else ""


def start(sink: SinkProcess) -> None:
    sink.start(wait=False)
    sink.until(lambda: "collecting from" in log(sink), "it does not collect")


def test_two_collectors_share_the_events_and_keep_one_ledger(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        both = [collector(tmp_path / name, tmp_path, broker.port, ", share: group") for name in ("one", "two")]
        for sink in both:
            start(sink)
        with RawDevice(broker.port, "d1") as raw:
            for seq in range(1, 121):
                raw.send(body(rejected(seq, device=raw.address)))
                if seq == 60:
                    both[0].kill()
            raw.answered(60)
            for seq in range(1, 121):  # an outbox sends again what has no receipt
                raw.send(body(rejected(seq, device=raw.address)))
            assert raw.answered(120)["taken"] == set(range(1, 121))
        assert both[1].stop() == 0
    with sqlite3.connect(tmp_path / "sink.db") as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchall() == [(120,)]
        assert connection.execute("SELECT kind, first, last FROM ledger").fetchall() == [("taken", 1, 120)]
        assert connection.execute("SELECT rejected FROM fixture_day").fetchall() == [(120,)]


def test_collectors_that_push_each_other_out_say_why(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        both = [collector(tmp_path / name, tmp_path, broker.port, ", client_id: same") for name in ("one", "two")]
        for sink in both:
            start(sink)
        both[0].until(lambda: any("is it another collector's?" in log(sink) for sink in both), "nobody says why")
        for sink in both:
            assert sink.stop() == 0
