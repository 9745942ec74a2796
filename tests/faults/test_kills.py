"""Agent, broker and collector killed with SIGKILL at random moments while events flow: none lost, none doubled."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.brokers import Mosquitto, free_port
from tests.faults.server import own_postgresql
from tests.faults.yard import Site, check_all_stored_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS = 400


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The same day without a fault."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with Mosquitto(folder / "broker") as broker, ExitStack() as stack:
        site = Site(folder, broker.port)
        stack.callback(site.collector.stop)
        site.collector.start()
        unit = site.unit(steps=STEPS)
        stack.callback(unit.stop)
        unit.start()
        unit.wait()
        site.collector.terminate()
    events, lost, doubled = check_all_stored_once(site)
    assert events > STEPS
    assert (lost, doubled) == (0, 0)
    return site


def disturb(victims: dict[str, tuple[Callable[[], None], Callable[[], None]]], *, seed: int, each: int) -> Counter[str]:
    """Kill each victim so many times, at moments and in an order that the seed decides; it starts again soon."""
    rng = random.Random(seed)
    order = sorted(victims) * each
    rng.shuffle(order)
    for name in order:
        time.sleep(rng.uniform(0.1, 1.2))
        kill, start = victims[name]
        kill()
        time.sleep(rng.choice([0.0, 0.0, 0.3]))
        start()
    return Counter(order)


def report(what: str, kills: Counter[str], figures: tuple[int, int, int], capsys: pytest.CaptureFixture[str]) -> None:
    events, lost, doubled = figures
    each = ", ".join(f"{name} {number}" for name, number in sorted(kills.items()))
    with capsys.disabled():
        print(f"\n{what}: {kills.total()} kills ({each}), {events} events, {lost} lost, {doubled} doubled")  # noqa: T201


def difference(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {key: (one[key], other[key]) for key in one if one[key] != other[key]}


def test_kills_of_agent_broker_and_collector_lose_and_double_nothing(
    tmp_path: Path, undisturbed: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with Mosquitto(tmp_path / "broker") as broker, ExitStack() as stack:
        site = Site(tmp_path, broker.port)
        unit = site.unit(steps=STEPS, pace=0.05)
        stack.callback(site.collector.stop)
        stack.callback(unit.stop)
        site.collector.start()
        unit.start()
        kills = disturb(
            {
                "agent": (unit.kill, unit.start),
                "broker": (broker.kill, broker.start),
                "collector": (site.collector.kill, site.collector.start),
            },
            seed=20260314,
            each=8,
        )
        unit.wait()
        site.collector.terminate()
    figures = check_all_stored_once(site)
    report("agent, broker, collector", kills, figures, capsys)
    assert figures[1:] == (0, 0)
    assert difference(site.rollups(), undisturbed.rollups()) == {}
    assert difference(site.profile(), undisturbed.profile()) == {}


def test_kills_of_collector_broker_and_postgresql_lose_and_double_nothing(
    tmp_path: Path, undisturbed: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with Mosquitto(tmp_path / "broker") as broker, own_postgresql() as server, ExitStack() as stack:
        site = Site(tmp_path, broker.port, server=server.url)
        site.sink("db", "upgrade")
        unit = site.unit(steps=STEPS, pace=0.05)
        stack.callback(site.collector.stop)
        stack.callback(unit.stop)
        site.collector.start()
        unit.start()
        kills = disturb(
            {
                "broker": (broker.kill, broker.start),
                "collector": (site.collector.kill, site.collector.start),
                "postgresql": (server.kill, server.start),
            },
            seed=20261126,
            each=6,
        )
        unit.wait(keep=site.collector)
        site.collector.terminate()
        figures = check_all_stored_once(site)
        report("broker, collector, PostgreSQL", kills, figures, capsys)
        assert figures[1:] == (0, 0)
        assert difference(site.rollups(), undisturbed.rollups()) == {}
        assert difference(site.profile(), undisturbed.profile()) == {}


def test_kills_of_the_whole_sink_with_its_embedded_broker_and_a_sealed_outbox_lose_and_double_nothing(
    tmp_path: Path, undisturbed: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with ExitStack() as stack:
        site = Site(tmp_path, port, broker=f"{{kind: embedded, port: {port}}}", command="serve")
        unit = site.unit(steps=STEPS, pace=0.02, more=("--sealed",))
        stack.callback(site.collector.stop)
        stack.callback(unit.stop)
        site.collector.start()
        unit.start()
        kills = disturb(
            {"agent": (unit.kill, unit.start), "sink": (site.collector.kill, site.collector.start)}, seed=7, each=5
        )
        unit.wait()
        site.collector.terminate()
    figures = check_all_stored_once(site)
    report("agent, whole sink", kills, figures, capsys)
    assert figures[1:] == (0, 0)
    assert difference(site.profile(), undisturbed.profile()) == {}
    assert b'"facings"' not in site.outbox.read_bytes()
