"""Foot traffic in a whole agent: what it counts is what `edge traffic` counts, and neither a kill nor a dead camera
costs more than it must."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from contextlib import closing
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from edge.capture.film import Film, FilmWriter
from edge.cli.app import app
from edge.contract.payloads import CameraHealth, TrafficCounted
from edge.device.agent import Agent
from edge.device.settings import check_config, read_config
from tests.brokers import Mosquitto
from tests.edge.capture.rtsp_server import RtspServer, Script
from tests.edge.deliver.station import Station
from tests.edge.device.agents import PATIENCE, edge, frames, live_camera, write_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLIP = "people/one-by-one-person-detection.mp4"
FILM_SECONDS = 48.0
VISITS = ((55, 205), (740, 875))  # frames; in each somebody comes in at the bottom and leaves to the right
BEGAN = "2026-03-14T08:59:51+07:00"
COUNTED: dict[str, Any] = {
    "lines": [{"id": "door", "start": [0.75, 1.0], "end": [0.75, 0.0]}],
    "zones": [{"id": "floor", "corners": [[0.2, 0.2], [0.8, 0.2], [0.8, 1.0], [0.2, 1.0]]}],
    "frames": 5,
}


def counting(source: dict[str, Any], **section: Any) -> dict[str, Any]:
    return {"id": "entrance", "source": source, "interval": "10s", **COUNTED, **section}


def recording(path: Path) -> dict[str, Any]:
    return counting({"kind": "video", "path": str(path)}, recorded=BEGAN)


def empty_film(path: Path, *, seconds: float) -> Path:
    """Nobody is in it."""
    rng = np.random.default_rng(5)
    floor = rng.integers(90, 130, (144, 256, 3), dtype=np.uint8)
    with FilmWriter(path, rate=5.0) as writer:
        for _ in range(round(seconds * 5)):
            writer.write(floor)
    return path


def events_in(data: Path, name: str) -> list[dict[str, Any]]:
    """The events of a kind in an outbox, in their order; none where it is just being made."""
    try:
        with closing(sqlite3.connect(f"file:{data / 'outbox.db'}?mode=ro", uri=True)) as database:
            events = [json.loads(body) for (body,) in database.execute("SELECT body FROM event ORDER BY row")]
    except sqlite3.OperationalError:
        return []
    return [event for event in events if event["type"] == name]


def counts_in(data: Path) -> list[TrafficCounted]:
    """The traffic events of an outbox, in their order."""
    return [TrafficCounted.model_validate(one["data"]) for one in events_in(data, "traffic.counted.v1")]


def test_an_agent_counts_what_edge_traffic_counts_on_the_same_film(tmp_path: Path, shared_data: Path) -> None:
    film = tmp_path / "visits.avi"
    with Film(shared_data / CLIP) as clip, FilmWriter(film, rate=clip.rate) as writer:
        for frame in clip.frames():
            if any(first <= frame.number <= last for first, last in VISITS):
                writer.write(np.ascontiguousarray(frame.image[::2, ::2]))
    what = tmp_path / "traffic.yaml"
    what.write_text(yaml.safe_dump(COUNTED))
    said = CliRunner().invoke(app, ["traffic", str(film), "--config", str(what), "--json"])
    totals = json.loads(said.stdout.splitlines()[-1])
    with Mosquitto(tmp_path / "broker") as broker, Station(broker.port, answer=Station.receipt) as station:
        config = write_config(tmp_path, port=broker.port, traffic=[recording(film)], fixtures=[], health_every="1h")
        check_config(read_config(config), config)
        assert Agent(read_config(config), config).run() == 0  # it ends when all is receipted
        events = [event for event in station.events if event["type"] == "traffic.counted.v1"]
        health = [event["data"] for event in station.events if event["type"] == "device.health.v1"]
    counts = sorted((TrafficCounted.model_validate(one["data"]) for one in events), key=lambda count: count.since)
    (line,) = totals["lines"]
    assert (line["into"], line["out"]) == (2, 0)
    assert sum(one.into for count in counts for one in count.lines) == line["into"]
    assert sum(one.out for count in counts for one in count.lines) == line["out"]
    assert sum(one.visits for count in counts for one in count.zones) == totals["zones"][0]["visits"]
    assert sum(one.dwell_seconds for count in counts for one in count.zones) == pytest.approx(
        totals["zones"][0]["dwell_seconds"], abs=0.05
    )
    assert sum(count.seconds_observed for count in counts) == pytest.approx(totals["seconds_observed"], abs=0.05)
    assert counts[0].since == datetime.fromisoformat(BEGAN)
    assert [count.until for count in counts[:2]] == [
        datetime.fromisoformat(BEGAN) + timedelta(seconds=9),
        datetime.fromisoformat(BEGAN) + timedelta(seconds=19),
    ]
    assert {one["clock"] for one in events} == {"synced"}
    assert [camera["camera"] for camera in health[-1]["cameras"]] == ["entrance"]
    assert "entrance" in health[-1]["inference_ms"]


def test_a_replay_that_is_killed_again_and_again_counts_each_frame_once(tmp_path: Path) -> None:
    film = empty_film(tmp_path / "night.avi", seconds=FILM_SECONDS)
    config = write_config(tmp_path, port=1, traffic=[recording(film) | {"frames": 2}], fixtures=[])
    data = tmp_path / "state"
    for wanted in (1, 3, 100):
        with edge("run", "--config", str(config), log=tmp_path / "log") as process:
            end = time.monotonic() + PATIENCE
            while len(counts_in(data)) < wanted and process.poll() is None and counted_to(data) < 47:
                assert time.monotonic() < end, (tmp_path / "log").read_text()
                time.sleep(0.02)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    counts = counts_in(data)
    assert len(counts) >= 6
    gaps = [(later.since - earlier.until).total_seconds() for earlier, later in pairwise(counts)]
    assert min(gaps) >= 0
    assert sum(gap > 0 for gap in gaps) == 2  # from the last frame before each kill to the first one after it
    assert max(gaps) <= 0.61
    assert counts[0].since == datetime.fromisoformat(BEGAN)
    assert FILM_SECONDS - 0.8 <= counted_to(data) <= FILM_SECONDS
    for count in counts:
        assert count.seconds_observed == pytest.approx((count.until - count.since).total_seconds(), abs=0.002)


def counted_to(data: Path) -> float:
    """Seconds into the recording up to which the events of an outbox tell."""
    counts = counts_in(data)
    return (counts[-1].until - datetime.fromisoformat(BEGAN)).total_seconds() if counts else 0.0


def test_a_stop_says_what_was_counted_of_the_interval_under_way(tmp_path: Path) -> None:
    film = empty_film(tmp_path / "day.avi", seconds=60)
    camera = counting({"kind": "video", "path": str(film)}, interval="1h")
    config = write_config(tmp_path, port=1, traffic=[camera], fixtures=[])
    agent = Agent(read_config(config), config)
    thread = threading.Thread(target=agent.run)
    began = time.monotonic()
    thread.start()
    counter = agent._force.crew.traffic[0]
    wait_until(lambda: counter.last_taken is not None)
    time.sleep(2.0)
    agent.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    counts = counts_in(tmp_path / "state")
    assert len(counts) in {1, 2}  # two, where an hour has just begun
    observed = sum(count.seconds_observed for count in counts)
    assert 1.0 <= observed <= time.monotonic() - began


def test_a_traffic_camera_that_is_dead_stops_nothing_else_and_is_told(tmp_path: Path) -> None:
    shelf = live_camera(frames(tmp_path / "frames", 200), every="0.5s")
    with RtspServer([Script(refuse="silent")]) as dead, RtspServer([Script(pictures=((320, 240),), rate=10.0)]) as well:
        traffic = [
            counting({"kind": "rtsp", "url": dead.url}, id="dead", deadline="2s"),
            counting({"kind": "rtsp", "url": well.url}, id="well"),
        ]
        config = write_config(tmp_path, port=1, cameras=[shelf], traffic=traffic)
        agent = Agent(read_config(config), config)
        thread = threading.Thread(target=agent.run)
        thread.start()
        try:
            dead_one, well_one = agent._force.crew.traffic
            wait_until(lambda: dead_one.error != "" and well_one.last_taken is not None)
            seen = agent._outbox.figures().last_seq
            wait_until(lambda: agent._outbox.figures().last_seq >= seen + 3)
            wait_until(lambda: well_one.last_taken is not None and counts_in(tmp_path / "state") != [])
            health = {camera.camera: camera for camera in last_health(tmp_path / "state")}
        finally:
            agent.stop()
            began = time.monotonic()
            thread.join(PATIENCE)
        assert not thread.is_alive()
        assert time.monotonic() - began < 8.0
    assert {count.camera for count in counts_in(tmp_path / "state")} == {"well"}
    assert "no frame within 2 s" in health["dead"].error
    assert "secret" not in health["dead"].error
    assert health["dead"].last_frame_age is None
    assert health["well"].error == ""
    assert health["well"].last_frame_age is not None
    assert health["well"].last_frame_age < 5
    assert health["cam-1"].last_frame_age is not None


def last_health(data: Path) -> list[CameraHealth]:
    """The cameras of the latest health event of an outbox."""
    last = events_in(data, "device.health.v1")[-1]["data"]["cameras"]
    return [CameraHealth.model_validate(one) for one in last]


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
