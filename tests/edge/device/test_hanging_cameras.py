"""Cameras that hang: the others go on, the health event says so, and a stop does not wait."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psutil
import pytest
import structlog

from edge.contract.payloads import Versions
from edge.deliver.outbox import Outbox
from edge.device.clock import Clock
from edge.device.crew import Crew
from edge.device.health import device_health
from edge.device.opening import load_analysers, open_cameras
from edge.device.settings import read_config
from edge.device.surroundings import Surroundings
from tests.edge.capture.rtsp_server import RtspServer, Script
from tests.edge.deliver.goods import ADDRESS
from tests.edge.device.agents import frames, live_camera, write_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.contract.payloads import CameraHealth, DeviceHealth

SILENT = Script(refuse="silent")
WELL = Script(pictures=((320, 240),), speed=8.0)


class Shop:
    """Two cameras at two coolers: one gives pictures of a folder, the other is on the network."""

    def __init__(self, folder: Path, server: RtspServer, *, deadline: str) -> None:
        on_the_network = {
            "id": "cam-2",
            "fixture": "cooler-2",
            "source": {"kind": "rtsp", "url": server.url},
            "schedule": {"every": "0.5s"},
            "deadline": deadline,
        }
        cameras = [live_camera(frames(folder / "frames", 500), every="0.5s"), on_the_network]
        fixtures = [{"id": "cooler-1"}, {"id": "cooler-2"}]
        self.config = read_config(write_config(folder, port=1, cameras=cameras, fixtures=fixtures))
        self.folder = folder
        self.started = False
        self.outbox = Outbox.open(folder / "outbox.db", address=ADDRESS)
        self.clock = Clock()
        around = Surroundings(
            outbox=self.outbox,
            clock=self.clock,
            clockwork=self.config.clockwork,
            zone=self.config.zone,
            evidence=self.config.evidence,
            spool=None,
            versions=Versions(agent="0", detector="0"),
            wake=lambda: None,
        )
        cameras_at_work = open_cameras(self.config, load_analysers(self.config), around)
        self.crew = Crew(cameras_at_work, clock=self.clock, clockwork=self.config.clockwork)
        self.good, self.bad = self.crew.cameras

    def start(self) -> None:
        self.crew.start()
        self.started = True

    def close(self) -> None:
        if self.started:
            self.crew.stop(10.0)
        self.outbox.close()

    @property
    def events(self) -> int:
        return self.outbox.figures().last_seq

    def health(self) -> dict[str, CameraHealth]:
        return {camera.camera: camera for camera in self.told().cameras}

    def told(self) -> DeviceHealth:
        return device_health(
            self.crew.cameras,
            outbox=self.outbox,
            data=self.folder,
            clockwork=self.config.clockwork,
            uptime=1,
            now=self.clock.now(),
            versions={},
        )


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    with ExitStack() as stack:

        def open_shop(*scripts: Script, deadline: str) -> Shop:
            server = stack.enter_context(RtspServer(scripts))
            one = Shop(tmp_path, server, deadline=deadline)
            stack.callback(one.close)
            return one

        yield open_shop


def wait_for(holds: Callable[[], bool], what: str, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_while_one_camera_hangs_the_other_one_captures(shop: Callable[..., Shop]) -> None:
    here_before = set(psutil.Process().children())
    at_work = shop(SILENT, deadline="600s")
    at_work.start()
    wait_for(lambda: at_work.events >= 3, "the camera that works says nothing")
    readers = set(psutil.Process().children()) - here_before
    assert len(readers) == 1  # the one that hangs
    memory_mb = at_work.told().memory_mb
    assert memory_mb is not None
    assert memory_mb >= (psutil.Process().memory_info().rss >> 20) + 5  # what the reader takes is told, too
    health = at_work.health()
    assert health["cam-1"].last_frame_age is not None
    assert health["cam-1"].last_frame_age < 10
    assert health["cam-2"].last_frame_age is None  # it still hangs in its first capture, and nothing is known yet
    began = time.monotonic()
    assert at_work.crew.stop(10.0)
    assert time.monotonic() - began < 5.0
    assert at_work.bad.error == ""  # that it was let go is no fault of the camera
    assert not at_work.bad.ended


def test_a_command_is_not_held_up_by_a_camera_that_hangs_longer_than_its_deadline(shop: Callable[..., Shop]) -> None:
    at_work = shop(SILENT, deadline="1s")
    began = time.monotonic()
    at_work.crew.capture("command")
    assert time.monotonic() - began < 20.0
    assert at_work.events == 1
    assert "no frame within 1 s" in at_work.bad.error


def test_a_camera_that_hangs_is_told_once_and_once_when_it_is_back(shop: Callable[..., Shop]) -> None:
    with structlog.testing.capture_logs() as lines:
        at_work = shop(SILENT, SILENT, WELL, deadline="3s")
        at_work.start()
        wait_for(lambda: at_work.bad.error != "", "nothing is told of the camera that hangs")
        failing = at_work.health()["cam-2"]
        assert failing.last_frame_age is None
        assert "no frame within 3 s" in failing.error
        assert "secret" not in failing.error
        wait_for(lambda: at_work.bad.frame_age() is not None, "the camera does not come back")
        well = at_work.health()["cam-2"]
        assert well.error == ""
        assert well.last_frame_age is not None
        assert well.last_frame_age < 10
    told = [line["event"] for line in lines if line.get("camera") == "cam-2"]
    assert told == ["camera.failing", "camera.back"]
