"""A camera's usual view: what it survives, what of it is written down, and what events say of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.contract.config import CameraSection, FixtureSection, FolderSource, QualityRules
from edge.device.memory import CameraMemory
from edge.device.sight import KNOWN_FROM, Sight
from edge.device.view_file import ViewFile
from tests.edge.capture.quality.shelf import shelf, turned
from tests.edge.capture.quality.test_gate import arm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.edge.capture.quality.shelf import Image

CAMERA = CameraSection(id="cam-1", fixture="cooler-1", source=FolderSource(kind="folder", path="frames", times="names"))
FIXTURE = FixtureSection(id="cooler-1", quality=QualityRules(blocked_minutes=40))
BOXES = np.array([[0.05, 0.04, 0.95, 0.96]], np.float32)
QUARTER = 900.0


class Station:
    """A camera's gate as the agent uses it: memory goes through its text, as in the outbox."""

    def __init__(self, folder: Path | None) -> None:
        self.file = None if folder is None else ViewFile(folder / "views" / "cam-1.png")
        self.memory = CameraMemory()
        self.count = 0
        self.start()

    def start(self) -> None:
        """Begin, or begin again after a power cut."""
        self.memory = CameraMemory.load(self.memory.dump())
        self.sight = Sight(CAMERA, FIXTURE, file=self.file, memory=self.memory)

    def take(self, frame: Image) -> str | None:
        """Judge the next frame, a quarter of an hour after the last."""
        at = self.count * QUARTER
        self.count += 1
        judgement = self.sight.judge(frame, self.memory, at=at)
        if judgement.reason is None:
            self.memory = self.memory.accepted(sharpness=judgement.measured.sharpness, boxes=BOXES)
        elif judgement.reason == "blocked":
            self.memory = self.memory.blocked_again(at)
        self.memory = self.sight.remember(self.memory, judgement, accepted=judgement.reason is None)
        return judgement.reason


def usual(number: int) -> Image:
    return shelf(stock=number, empty=0.2, noise=number)


@pytest.fixture
def station(tmp_path: Path) -> Station:
    """A camera that has seen a day."""
    made = Station(tmp_path)
    assert [made.take(usual(number)) for number in range(6)] == [None] * 6
    return made


def test_a_restart_forgets_neither_the_view_nor_the_last_frame(station: Station) -> None:
    station.start()
    assert station.take(usual(5)) == "frozen"
    assert station.take(turned(usual(7), right=90, down=30)) == "moved"
    assert station.take(arm(usual(8))) == "blocked"
    assert station.take(usual(9)) is None


def test_a_camera_whose_picture_was_lost_or_torn_learns_its_view_anew(station: Station, tmp_path: Path) -> None:
    path = tmp_path / "views" / "cam-1.png"
    for spoil in (path.unlink, lambda: path.write_bytes(b"torn")):
        spoil()
        station.start()
        assert station.take(turned(usual(7), right=90, down=30)) is None
        for number in range(10, 10 + KNOWN_FROM):
            assert station.take(usual(number)) is None


def test_a_disk_that_cannot_be_written_keeps_no_camera_from_its_work(tmp_path: Path) -> None:
    (tmp_path / "views").write_text("a file where the folder should be")
    station = Station(tmp_path)
    assert [station.take(usual(number)) for number in range(6)] == [None] * 6
    assert station.take(arm(usual(8))) == "blocked"


def test_who_walked_through_is_not_in_the_picture_that_is_written(tmp_path: Path) -> None:
    pictures = []
    for walked in (False, True):
        station = Station(tmp_path / str(walked))
        first = usual(0)
        if walked:
            cv2.rectangle(first, (480, 100), (560, 479), (10, 10, 10), -1)
        for frame in (first, *(usual(number) for number in range(1, 6))):
            station.take(frame)
        picture = cv2.imread(str(tmp_path / str(walked) / "views" / "cam-1.png"), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        pictures.append(picture[52:238, 242:278].astype(float))
    without, with_walker = pictures
    black = with_walker < 25
    assert black.mean() < 0.05 + (without < 25).mean(), "the walker was black from head to foot"


def test_what_stays_in_front_becomes_usual_after_its_minutes(station: Station) -> None:
    reasons = [station.take(arm(usual(number))) for number in range(20, 26)]
    assert reasons == ["blocked", "blocked", "blocked", None, None, None]


def test_a_camera_that_was_moved_on_purpose_starts_from_where_it_looks_now(station: Station) -> None:
    pushed = [turned(usual(number), right=90, down=30) for number in range(30, 36)]
    assert station.take(pushed[0]) == "moved"
    station.memory = station.sight.forget(station.memory)
    assert [station.take(frame) for frame in pushed[1:]] == [None] * 5
    assert station.take(usual(40)) == "moved"


def test_what_is_remembered_is_small(station: Station) -> None:
    assert len(json.dumps(station.memory.sight)) < 6000


def test_a_memory_from_before_there_was_a_view_is_read() -> None:
    old = json.loads(replace(CameraMemory(), blocked=1).dump())
    del old["sight"], old["blocked_since"]
    assert CameraMemory.load(json.dumps(old)).sight is None
