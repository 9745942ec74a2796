"""Several collectors on one broker and one database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
from sqlalchemy import func, select

from cloud_sink.store.database import Database, reading
from cloud_sink.store.tables import events, fixture_day, ledger
from tests.brokers import Mosquitto
from tests.cloud_sink.conftest import SinkProcess
from tests.cloud_sink.raw_device import RawDevice
from tests.cloud_sink.words import body, rejected

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "broker: {{kind: external, host: 127.0.0.1, port: {port}{more}}}\n"


def collector(folder: Path, database: Database, port: int, more: str, *arguments: str) -> SinkProcess:
    url = database.url.render_as_string(hide_password=False)
    config = CONFIG.format(port=port, more=more) + f'database: "{url}"\n'
    return SinkProcess(folder, arguments=arguments, command="collect", config=config)


def log(sink: SinkProcess) -> str:
    path = sink.folder / "log"
    return path.read_text() if path.exists() else ""


def start(sink: SinkProcess) -> None:
    sink.start(wait=False)
    sink.until(lambda: "collecting from" in log(sink), "it does not collect")


def test_two_collectors_share_the_events_and_keep_one_ledger(database: Database, tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        both = [collector(tmp_path / name, database, broker.port, ", share: group") for name in ("one", "two")]
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
    with reading(database) as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == 120
        taken = connection.execute(select(ledger.c.kind, ledger.c.first, ledger.c.last)).all()
        assert [tuple(row) for row in taken] == [("taken", 1, 120)]
        assert connection.execute(select(fixture_day.c.rejected)).scalars().all() == [120]


def test_a_collector_tells_whether_it_collects_and_what_it_counted(sqlite: Database, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    with broker:
        sink = collector(tmp_path / "one", sqlite, broker.port, "", "--health-port", "0")
        start(sink)
        found = re.search(r"health at (\S+)/readyz", log(sink))
        assert found is not None
        with RawDevice(broker.port, "d1") as raw:
            raw.send(body(rejected(1, device=raw.address)))
            raw.answered(1)
        told = {path: httpx.get(f"{found[1]}{path}") for path in ("/healthz", "/readyz", "/metrics", "/api/v1/stores")}
        assert [one.status_code for one in told.values()] == [200, 200, 200, 404]
        assert 'facings_events_total{outcome="taken"} 1.0' in told["/metrics"].text
    sink.until(lambda: httpx.get(f"{found[1]}/readyz").status_code == 503, "it is ready without a broker")
    assert httpx.get(f"{found[1]}/healthz").status_code == 200
    assert sink.stop() == 0


def test_collectors_that_push_each_other_out_say_why(sqlite: Database, tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        both = [collector(tmp_path / name, sqlite, broker.port, ", client_id: same") for name in ("one", "two")]
        for sink in both:
            start(sink)
        both[0].until(lambda: any("is it another collector's?" in log(sink) for sink in both), "nobody says why")
        for sink in both:
            assert sink.stop() == 0
