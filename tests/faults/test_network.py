"""A network that comes and goes every second: everything arrives, and nothing twice."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.brokers import Mosquitto
from tests.faults.proxy import Proxy
from tests.faults.yard import Site, check_all_stored_once

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

STEPS = 200
FLAPS = 12


def test_a_network_that_flaps_every_second_loses_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Proxy(broker.port) as network, ExitStack() as stack:
        site = Site(tmp_path, broker.port)
        site.collector.start()
        stack.callback(site.collector.stop)
        site.port = network.port
        unit = site.unit(steps=STEPS, pace=0.05)
        unit.start()
        stack.callback(unit.stop)
        for _ in range(FLAPS):
            time.sleep(0.7)
            network.cut()
            time.sleep(0.3)
            network.mend()
        arrived = len(site.stored()) if site.database.exists() else 0
        unit.wait()
        site.collector.terminate()
    events, lost, doubled = check_all_stored_once(site)
    log = (tmp_path / "outbox.log").read_text()
    with capsys.disabled():
        print(f"\n{FLAPS} flaps: {arrived} of {events} events arrived meanwhile, {lost} lost, {doubled} doubled")  # noqa: T201
    assert events > STEPS
    assert (lost, doubled) == (0, 0)
    assert arrived > events / 4  # it goes on while the network flaps, not only afterwards
    assert network.connections >= FLAPS / 2
    assert log.count("link.down") <= 2  # told once, not at every flap
