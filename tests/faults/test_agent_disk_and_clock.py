"""The real agent, as a process, on a disk that somebody else fills and under a clock that somebody else sets."""

from __future__ import annotations

import shutil
import signal
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edge.contract import ranges
from tests.brokers import Mosquitto
from tests.edge.deliver.disks import Filler, small_disk
from tests.edge.deliver.station import Station
from tests.edge.device.agents import edge, ended, frames, live_camera, write_config
from tests.faults.yard import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CAPTURED = {"shelf.observed.v1", "capture.rejected.v1"}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def captures(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in events if one["type"] in CAPTURED]


def dropped(events: Sequence[dict[str, Any]]) -> dict[str, list[tuple[int, int]]]:
    """The numbers that notices name, by class."""
    named: dict[str, list[tuple[int, int]]] = {}
    for one in events:
        if one["type"] == "outbox.dropped.v1":
            named.setdefault(one["data"]["kind"], []).extend((first, last) for first, last in one["data"]["ranges"])
    return named


def filling(filler: Filler, condition: Callable[[], object]) -> Callable[[], object]:
    """The same condition, before every look at which all room is taken that the agent has made."""

    def look() -> object:
        filler.fill()
        return condition()

    return look


def test_a_filled_disk_ends_no_agent_and_every_number_arrives_or_is_told(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(small_disk(tmp_path / "disk", megabytes=12))
    broker = stack.enter_context(Mosquitto(tmp_path / "broker"))
    station = stack.enter_context(Station(broker.port, answer=Station.receipt))
    config = write_config(
        tmp_path,
        port=broker.port,
        data=str(disk / "state"),
        cameras=[live_camera(frames(tmp_path / "frames", 2000), every="1s")],
        evidence={"keep": "always"},
    )
    filler, log = Filler(disk), disk / "agent.log"  # its log is on the same disk
    with edge("run", "--config", str(config), log=log) as agent:
        wait_for(lambda: len(captures(station.events)) >= 2, "the agent says nothing")
        wait_for(filling(filler, lambda: "evidence" in dropped(station.events)), "no photograph is told as dropped")
        seen = len(captures(station.events))
        wait_for(filling(filler, lambda: len(captures(station.events)) >= seen + 6), "it is silent on a full disk")
        assert agent.poll() is None
        agent.kill()
        agent.wait()
    with edge("run", "--config", str(config), log=log) as agent:  # it begins on the full disk as well
        seen = len(captures(station.events))
        wait_for(lambda: len(captures(station.events)) >= seen + 3, "the agent does not begin on a full disk")
        filler.empty()
        agent.send_signal(signal.SIGTERM)
        assert ended(agent) == 0
    time.sleep(0.5)
    (epoch,) = {one["epoch"] for one in station.events}
    arrived = ranges.from_numbers({one["seq"] for one in station.events})
    named = [span for kind, spans in dropped(station.events).items() if kind != "evidence" for span in spans]
    last = max(one["seq"] for one in station.events)
    assert epoch
    assert ranges.subtract([(1, last)], ranges.merge([*arrived, *named])) == ()


def test_a_clock_that_jumps_back_and_forth_brings_no_silence_no_storm_and_no_time_twice(
    tmp_path: Path, stack: ExitStack
) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None or shutil.which("faketime") is None:
        pytest.skip("faketime is missing: apt-get install faketime")
    broker = stack.enter_context(Mosquitto(tmp_path / "broker"))
    station = stack.enter_context(Station(broker.port, answer=Station.receipt))
    camera = live_camera(frames(tmp_path / "frames", 2000), every="1s")
    config = write_config(tmp_path, port=broker.port, cameras=[camera], health_every="1h")
    hands = tmp_path / "clock"
    hands.write_text("+0\n")
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(hands),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    counts = []
    with edge("run", "--config", str(config), log=tmp_path / "agent.log", environment=environment) as agent:
        wait_for(lambda: len(captures(station.events)) >= 2, "the agent says nothing")
        for offset in ("-1d", "+0", "+1d", "-1d"):
            hands.write_text(offset + "\n")
            before = len(captures(station.events))
            time.sleep(4.0)
            counts.append(len(captures(station.events)) - before)
        agent.send_signal(signal.SIGTERM)
        assert ended(agent) == 0
    assert all(2 <= count <= 7 for count in counts), counts
    times = [datetime.fromisoformat(one["time"]) for one in captures(station.events)]
    back = [earlier - later for earlier, later in pairwise(times) if later < earlier]
    assert all(one < timedelta(seconds=6) for one in back), back
    assert len({one["data"]["capture"] for one in captures(station.events)}) == len(times)


def test_a_clock_that_was_never_set_is_raised_and_told_as_unsynced(tmp_path: Path, stack: ExitStack) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None or shutil.which("faketime") is None:
        pytest.skip("faketime is missing: apt-get install faketime")
    broker = stack.enter_context(Mosquitto(tmp_path / "broker"))
    station = stack.enter_context(Station(broker.port, answer=Station.receipt))
    camera = live_camera(frames(tmp_path / "frames", 2000), every="1s")
    config = write_config(tmp_path, port=broker.port, cameras=[camera], health_every="1h")
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME": "@1970-01-01 00:01:00",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with edge("run", "--config", str(config), log=tmp_path / "agent.log", environment=environment) as agent:
        wait_for(lambda: len(captures(station.events)) >= 3, "the agent says nothing")
        agent.send_signal(signal.SIGTERM)
        assert ended(agent) == 0
    assert {one["clock"] for one in station.events} == {"unsynced"}
    newest = max(path.stat().st_mtime for path in (Path(__file__).parents[2] / "edge").rglob("*.py"))
    times = [datetime.fromisoformat(one["time"]) for one in station.events]
    assert min(times) >= datetime.fromtimestamp(newest, UTC) - timedelta(seconds=1)
