from __future__ import annotations

import json
import queue
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cloud_sink.cli.app import app as sink_command
from cloud_sink.collect.holes import ripe
from cloud_sink.store import ledger
from cloud_sink.store.database import open_database, reading
from cloud_sink.store.resends import Resend
from cloud_sink.store.tails import LAST_SEQ
from edge.contract.topics import Channel
from tests.cloud_sink.conftest import SinkProcess
from tests.cloud_sink.raw_device import RawDevice, device
from tests.cloud_sink.words import DEVICE, EPOCH, body, rejected

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 14, tzinfo=UTC)
GRACE = timedelta(seconds=90)
ONE = (DEVICE.tenant, DEVICE.device, EPOCH)


def test_a_hole_has_time_to_fill_by_itself() -> None:
    due, seen = ripe({ONE: ((2, 4),)}, {}, [], now=NOW, grace=GRACE)
    assert due == {}
    due, seen = ripe({ONE: ((2, 4),)}, seen, [], now=NOW + GRACE, grace=GRACE)
    assert due == {ONE: ((2, 4),)}
    assert ripe({}, seen, [], now=NOW + GRACE, grace=GRACE) == ({}, {})


def test_a_hole_that_shrinks_is_filling() -> None:
    _, seen = ripe({ONE: ((2, 400),)}, {}, [], now=NOW, grace=GRACE)
    due, seen = ripe({ONE: ((101, 400),)}, seen, [], now=NOW + GRACE, grace=GRACE)
    assert due == {}
    due, _ = ripe({ONE: ((101, 400),)}, seen, [], now=NOW + 2 * GRACE, grace=GRACE)
    assert due == {ONE: ((101, 400),)}


def test_what_was_asked_for_is_not_asked_again() -> None:
    asked = Resend("r1", DEVICE, EPOCH, ((2, 4),), NOW, NOW + timedelta(hours=1), answered=True)
    holes = {ONE: ((2, 4), (9, 9))}
    due, _ = ripe(holes, {(ONE, (2, 4)): NOW, (ONE, (9, 9)): NOW}, [asked], now=NOW + GRACE, grace=GRACE)
    assert due == {ONE: ((9, 9),)}


def reply(raw: RawDevice, command: dict[str, object], result: dict[str, object]) -> None:
    raw.send(json.dumps({"id": command["id"], "ok": True, "result": result}).encode(), channel=Channel.REPLIES)


def missing(sink: SinkProcess, name: str) -> object:
    engine = open_database(sink.database_url)
    with reading(engine) as connection:
        found = ledger.holes(connection).get(("acme", name, EPOCH), ())
    engine.dispose()
    return found


def test_a_hole_is_asked_for_until_it_is_answered_and_then_filled(sink: SinkProcess) -> None:
    with device(sink, "holey") as raw:
        for seq in (1, 2, 5):
            raw.send(body(rejected(seq, device=raw.address)))
        raw.answered(3)
        first = raw.commands.get(timeout=10)
        again = raw.commands.get(timeout=10)
        assert again == first  # repeated, the same question
        assert (first["name"], first["arguments"]) == ("resend", {"epoch": EPOCH, "ranges": [[3, 4]]})
        assert datetime.fromisoformat(str(first["expires"])) > datetime.now(UTC)
        reply(raw, first, {"sent": [[3, 4]], "dropped": []})
        raw.send(b"[" + b",".join(body(rejected(seq, device=raw.address)) for seq in (3, 4)) + b"]")
        raw.answered(2)
        assert missing(sink, "holey") == ()


def test_what_a_device_no_longer_holds_is_no_hole_any_more(sink: SinkProcess) -> None:
    with device(sink, "forgetful") as raw:
        raw.send(body(rejected(4, device=raw.address)))
        raw.answered(1)
        command = raw.commands.get(timeout=10)
        assert command["arguments"]["ranges"] == [[1, 3]]
        # What was not asked for cannot be dropped by an answer, and nonsense does no harm.
        reply(raw, command | {"id": "nobody-asked-this"}, {"dropped": [[1, 3]]})
        raw.send(b"nonsense", channel=Channel.REPLIES)
        reply(raw, command, {"sent": [], "dropped": [[1, 2], [9, 3], [3, 99]]})
        sink.until(lambda: missing(sink, "forgetful") == (), "the answer is not taken")
        while not raw.commands.empty():
            raw.commands.get()
        raw.send(body(rejected(200, device=raw.address)))
        assert raw.commands.get(timeout=10)["arguments"]["ranges"] == [[5, 199]]


def test_a_question_is_repeated_by_the_sink_that_starts_next(tmp_path_factory: pytest.TempPathFactory) -> None:

    sink = SinkProcess(tmp_path_factory.mktemp("restart"))
    sink.start()
    with device(sink, "patient") as raw:
        raw.send(body(rejected(2, device=raw.address)))
        command = raw.commands.get(timeout=10)
    sink.kill()
    sink.start()
    with device(sink, "patient") as raw:
        assert raw.commands.get(timeout=10) == command
        reply(raw, command, {"dropped": [[1, 1]]})
        sink.until(lambda: missing(sink, "patient") == (), "the answer is not taken")
        while not raw.commands.empty():
            raw.commands.get()
        with pytest.raises(queue.Empty):
            raw.commands.get(timeout=2)
    assert sink.stop() == 0


def test_an_outbox_that_ended_is_asked_for_what_the_lost_database_had(tmp_path: Path) -> None:
    sink = SinkProcess(tmp_path / "sink")
    sink.start()
    with device(sink, "exchanged") as raw:
        raw.send(body(rejected(1, device=raw.address)))
        raw.receipt()
    assert sink.stop() == 0
    done = CliRunner().invoke(sink_command, ["db", "restored", "--data", str(sink.folder / "data")])
    assert "1 outboxes of devices are asked" in done.output
    sink.start()
    with device(sink, "exchanged") as raw:
        new = rejected(1, device=raw.address) | {"epoch": "f" * 32, "id": f"{'f' * 32}-1"}
        raw.send(body(new))  # its outbox is another one now, and has no hole
        command = raw.commands.get(timeout=10)
        assert command["arguments"] == {"epoch": EPOCH, "ranges": [[2, LAST_SEQ]]}
        reply(raw, command, {"sent": [[2, 2]], "dropped": [[3, 3]]})
        raw.send(body(rejected(2, device=raw.address)))
        sink.until(lambda: missing(sink, "exchanged") == () and ends(sink) == 0, "the answer is not taken")
    assert sink.stop() == 0


def ends(sink: SinkProcess) -> int:
    with sqlite3.connect(sink.folder / "data" / "sink.db") as connection:
        return int(connection.execute("SELECT count(*) FROM tails").fetchone()[0])
