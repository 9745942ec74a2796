"""The reference view: what a camera rejects from its first capture on, and what a disk that is full says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.aim.reference import store
from edge.capture.quality.measure import measure
from edge.capture.quality.still import take_print
from edge.contract.config import CameraSection, FixtureSection, FolderSource
from edge.contract.errors import ConfigError
from edge.deliver.outbox import Outbox
from edge.device.camera import memory_key
from edge.device.memory import CameraMemory
from edge.device.sight import KNOWN_FROM, Sight
from edge.device.view_file import ViewFile
from tests.edge.aim.views import good
from tests.edge.capture.quality.shelf import shelf, turned
from tests.edge.deliver.goods import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.aim.view import AimedView
    from tests.edge.capture.quality.shelf import Image

CAMERA = CameraSection(id="cam-1", fixture="cooler-1", source=FolderSource(kind="folder", path="frames", times="names"))
FIXTURE = FixtureSection(id="cooler-1")
QUARTER = 900.0


def aimed_at(frame: Image) -> AimedView:
    return good(picture=frame, print=take_print(frame, 0.0), measured=measure(frame), facings=())


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db", address=ADDRESS) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> ViewFile:
    return ViewFile(tmp_path / "views" / "cam-1.png")


def remembered(outbox: Outbox) -> CameraMemory:
    return CameraMemory.load(outbox.get_state(memory_key("cam-1")))


def captured(outbox: Outbox, file: ViewFile, frames: list[Image]) -> list[str | None]:
    """Why the gate of an agent that starts now rejects these frames; None where it takes them."""
    memory = remembered(outbox)
    sight = Sight(CAMERA, FIXTURE, file=file, memory=memory)
    reasons: list[str | None] = []
    for number, frame in enumerate(frames, start=1):
        judgement = sight.judge(frame, memory, at=number * QUARTER)
        if judgement.reason is None:
            memory = memory.accepted(sharpness=judgement.measured.sharpness, boxes=np.zeros((0, 4), np.float32))
        memory = sight.remember(memory, judgement, accepted=judgement.reason is None)
        reasons.append(judgement.reason)
    return reasons


def test_the_first_capture_after_aiming_is_moved_when_the_camera_was(outbox: Outbox, file: ViewFile) -> None:
    store(aimed_at(shelf()), outbox=outbox, file=file)
    knocked = turned(shelf(noise=1), right=90, down=30)
    assert captured(outbox, file, [knocked, shelf(noise=2), knocked]) == ["moved", None, "moved"]


def test_without_a_reference_the_first_capture_would_have_been_taken(outbox: Outbox, file: ViewFile) -> None:
    assert captured(outbox, file, [turned(shelf(noise=1), right=90, down=30)]) == [None]


def test_what_is_sold_and_refilled_after_aiming_is_neither_moved_nor_blocked(outbox: Outbox, file: ViewFile) -> None:
    store(aimed_at(shelf()), outbox=outbox, file=file)
    day = [shelf(stock=number // 2, empty=0.1 * number, noise=number) for number in range(1, 5)]
    assert captured(outbox, file, day) == [None] * len(day)


def test_the_picture_of_a_reference_gives_way_to_that_of_what_stays(
    outbox: Outbox, file: ViewFile, tmp_path: Path
) -> None:
    store(aimed_at(shelf()), outbox=outbox, file=file)
    before = (tmp_path / "views" / "cam-1.png").read_bytes()
    captured(outbox, file, [shelf(noise=number, empty=0.2) for number in range(1, KNOWN_FROM)])
    assert (tmp_path / "views" / "cam-1.png").read_bytes() != before


def test_a_reference_forgets_the_earlier_view_and_no_stock_out(outbox: Outbox, file: ViewFile) -> None:
    earlier = CameraMemory(blocked=3, blocked_since=5.0, votes=[{"capture": "old"}], stockouts={"episodes": [1]})
    outbox.note({memory_key("cam-1"): earlier.dump()})
    store(aimed_at(shelf()), outbox=outbox, file=file)
    after = remembered(outbox)
    assert (after.blocked, after.blocked_since, after.votes) == (0, None, [])
    assert after.stockouts == earlier.stockouts


def test_a_reference_survives_a_kill_right_after(outbox: Outbox, file: ViewFile, tmp_path: Path) -> None:
    store(aimed_at(shelf()), outbox=outbox, file=file)
    copy = tmp_path / "after-the-kill.db"
    for ending in ("", "-wal"):
        there = tmp_path / f"outbox.db{ending}"
        if there.exists():
            copy.with_name(copy.name + ending).write_bytes(there.read_bytes())
    with Outbox.open(copy, address=ADDRESS) as again:
        assert remembered(again).sight is not None


def test_a_disk_that_takes_no_picture_is_told_and_nothing_changes(outbox: Outbox, tmp_path: Path) -> None:
    (tmp_path / "views").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match="cam-1 is not kept"):
        store(aimed_at(shelf()), outbox=outbox, file=ViewFile(tmp_path / "views" / "cam-1.png"))
    assert outbox.get_state(memory_key("cam-1")) is None


def test_no_picture_is_no_reference(outbox: Outbox, file: ViewFile) -> None:
    with pytest.raises(ConfigError, match="no picture"):
        store(replace(good(), picture=None), outbox=outbox, file=file)
