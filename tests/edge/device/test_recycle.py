"""An agent begins anew in the same process, and nothing is lost or read twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edge.contract.config.recycle import RecycleSection
from edge.device.recycle import LEAST_SECONDS, reason_to_begin_anew
from tests.brokers import Mosquitto
from tests.edge.deliver.station import Station
from tests.edge.device.agents import FRAMES, edge, ended, write_config

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("section", "captures", "held", "up", "begins"),
    [
        (RecycleSection(), 10**9, 10**6, 10**9, False),
        (RecycleSection(captures=100), 99, 500, 10, False),
        (RecycleSection(captures=100), 100, 500, 10, True),
        (RecycleSection(memory_mb=400), 0, 401, LEAST_SECONDS, True),
        (RecycleSection(memory_mb=400), 0, 399, LEAST_SECONDS, False),
        (RecycleSection(memory_mb=400), 0, 401, LEAST_SECONDS - 1, False),
    ],
)
def test_an_agent_begins_anew_at_its_limits_and_not_for_ever(
    section: RecycleSection, captures: int, held: float, up: float, *, begins: bool
) -> None:
    reason = reason_to_begin_anew(section, captures=captures, resident_mb=held, up_seconds=up)
    assert (reason is not None) == begins


def test_every_picture_is_read_once_over_several_beginnings(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    pictures = sorted(FRAMES.glob("*.jpg"))[:3]
    for picture in pictures:
        (folder / picture.name).symlink_to(picture)
    camera = {
        "id": "cam-1",
        "fixture": "cooler-1",
        "source": {"kind": "folder", "path": str(folder), "times": "names", "simulated": True},
    }
    log = tmp_path / "log"
    with Mosquitto(tmp_path / "broker") as broker, Station(broker.port, answer=Station.receipt) as station:
        config = write_config(tmp_path, port=broker.port, cameras=[camera], recycle={"captures": 2})
        with edge("run", "--config", str(config), log=log) as process:
            assert ended(process) == 0
        captures = {event["id"] for event in station.events if "capture" in event["data"]}
    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert [one["event"] for one in said].count("agent.started") >= 2
    assert [one["event"] for one in said].count("agent.begins_anew") >= 1
    assert len({one["epoch"] for one in said if one["event"] == "agent.started"}) == 1
    assert len(captures) == len(pictures)
