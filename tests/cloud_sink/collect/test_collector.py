"""The receive loop over a real broker: what it puts into one transaction."""

from __future__ import annotations

import time
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Self

from cloud_sink.collect import collector as loop
from cloud_sink.collect.collector import Collector
from cloud_sink.collect.commit import commit
from cloud_sink.collect.link import Link
from cloud_sink.collect.wire import Login
from cloud_sink.fleet.settings import IntakeSection
from tests.brokers import Mosquitto
from tests.cloud_sink.raw_device import RawDevice
from tests.cloud_sink.words import body, rejected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database


def test_a_batch_is_full_by_its_bytes_too(
    tmp_path: Path, sqlite: Database, stores: StoreBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = body(rejected(1))
    monkeypatch.setattr(loop, "_MOST_BYTES", 2 * len(event))
    sizes: list[int] = []

    def counting(messages: list[Any], **more: Any) -> Any:
        sizes.append(len(messages))
        return commit(messages, **more)

    monkeypatch.setattr(loop, "commit", counting)
    with Mosquitto(tmp_path) as broker, RawDevice(broker.port, "d1") as device:
        link = Link(Login("127.0.0.1", broker.port, "c"))
        collector = Collector(link=link, engine=sqlite, stores=stores, intake=IntakeSection(deadline=5.0))
        deadline = time.monotonic() + 20
        while not collector.ready:
            collector.turn()
            assert time.monotonic() < deadline
        for seq in range(1, 7):
            device.send(body(rejected(seq)))
        while device.receipts.qsize() < 3:
            collector.turn()
            assert time.monotonic() < deadline
        assert sizes == [2, 2, 2]
        assert device.answered(6)["taken"] == set(range(1, 7))
        link.close()


def test_a_collector_whose_clock_was_never_set_takes_nothing_until_it_is(
    tmp_path: Path, sqlite: Database, stores: StoreBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NeverSet(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(1970, 1, 1, tzinfo=tz)

    with Mosquitto(tmp_path) as broker, RawDevice(broker.port, "d1") as device:
        link = Link(Login("127.0.0.1", broker.port, "c"))
        collector = Collector(link=link, engine=sqlite, stores=stores, intake=IntakeSection())
        turn_until(collector, lambda: collector.ready)
        with monkeypatch.context() as patched:
            patched.setattr(loop, "datetime", NeverSet)
            device.send(body(rejected(1)))
            turn_until(collector, lambda: not collector.ready)
            assert device.receipts.empty()
        turn_until(collector, lambda: device.receipts.qsize() == 1)
        assert collector.ready
        link.close()


def turn_until(collector: Collector, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not done():
        collector.turn()
        assert time.monotonic() < deadline
