"""Thousands of events over a network that breaks now and then: the memory of a device stays as it is."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import psutil

from edge.contract.topics import Channel
from tests.brokers import Mosquitto
from tests.edge.deliver.station import Station
from tests.faults.proxy import Proxy
from tests.faults.story import ADDRESS
from tests.faults.yard import Child, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

STEPS, CENSUS_STEPS = 4000, 500
MOST_BLOCKS_A_STEP = 0.3
"""A step tells about 1.5 events: a leak of one object an event would be more than one block."""

MOST_BYTES = 4_000_000
"""What the process may grow by: allocators, events that wait while the network is cut, and the database's cache."""


class Answerer(Station):
    """Receipts what is said, and keeps nothing of it."""

    seen = 0

    def receipt_all(self, *_: object) -> None:
        heard = self.heard.pop()
        for event in heard.events:
            self.seen += 1
            body = f'{{"epoch": "{event["epoch"]}", "ranges": [[{event["seq"]}, {event["seq"]}]]}}'
            self._client.publish(ADDRESS.topic(Channel.RECEIPTS), body, 1)


def test_memory_stays_as_it_is_over_thousands_of_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    census = tmp_path / "census"
    with ExitStack() as stack:
        broker = stack.enter_context(Mosquitto(tmp_path / "broker"))
        network = stack.enter_context(Proxy(broker.port))
        answerer = stack.enter_context(Answerer(broker.port, answer=Answerer.receipt_all))  # type: ignore[arg-type]
        story = ["--steps", str(STEPS), "--census", str(census), "--every", str(CENSUS_STEPS), "--linger"]
        unit = Child(["-m", "tests.faults.unit", str(tmp_path / "o.db"), str(network.port), *story], tmp_path / "log")
        unit.start()
        stack.callback(unit.stop)
        assert unit._process is not None
        process = psutil.Process(unit._process.pid)
        wait_for(lambda: len(_lines(census)) == 1, "nothing is told")
        before = process.memory_info().rss
        cut_at = time.monotonic()
        while len(_lines(census)) < STEPS // CENSUS_STEPS:
            time.sleep(0.1)
            if time.monotonic() > cut_at + 1.5:
                cut_at = time.monotonic()
                network.cut()
                network.mend()
        grown = process.memory_info().rss - before
        unit.terminate()
    # What is made once, by the first steps and by the first cut, is no leak.
    blocks = np.array(_lines(census)[2:], float)
    slope = float(np.polyfit(np.arange(len(blocks)), blocks, 1)[0]) / CENSUS_STEPS
    with capsys.disabled():
        print(f"\n{answerer.seen} events: {slope:+.2f} blocks a step, {grown / 1e6:+.1f} MB resident")  # noqa: T201
    assert network.connections > 2
    assert slope < MOST_BLOCKS_A_STEP
    assert grown < MOST_BYTES


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
