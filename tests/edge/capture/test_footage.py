"""Frames for counting people: which ones of a film, when, and how still pictures are fetched."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.capture.film import Film, FilmWriter
from edge.capture.footage import Polled, open_footage
from edge.capture.frame import Frame
from edge.capture.stream_rules import BackOff
from edge.contract.config import TrafficCameraSection
from edge.contract.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from edge.capture.frame import FrameSource

FILM_RATE = 25.0


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """60 frames, each brighter than the one before."""
    path = tmp_path / "film.avi"
    with FilmWriter(path, rate=FILM_RATE) as writer:
        for number in range(60):
            writer.write(np.full((48, 64, 3), 4 * number, np.uint8))
    return path


def camera(film: Path, *, frames: float = 10.0, recorded: bool = True) -> TrafficCameraSection:
    content = {"id": "door", "source": {"kind": "video", "path": film}, "frames": frames}
    return TrafficCameraSection.model_validate(
        content | ({"recorded": "2026-03-14T09:00:00+07:00"} if recorded else {})
    )


def everything(source: FrameSource) -> list[Frame]:
    frames = []
    while (frame := source.capture()) is not None:
        frames.append(frame)
    source.close()
    return frames


@pytest.mark.parametrize("rate", [4.0, 10.0, 24.9, 25.0, 60.0])
def test_a_recording_gives_the_very_frames_that_edge_traffic_takes(film: Path, rate: float) -> None:
    taken = everything(open_footage(camera(film, frames=rate)))
    with Film(film) as whole:
        wanted = [(frame.number, frame.seconds) for frame in whole.frames(most=rate)]
    assert [(frame.index, frame.seconds) for frame in taken] == wanted
    assert all(abs(int(frame.image.mean()) - 4 * frame.index) <= 3 for frame in taken)


def test_a_recording_goes_on_behind_the_last_frame_that_was_counted(film: Path) -> None:
    frames = everything(open_footage(camera(film, frames=60.0), after=37))
    assert [frame.index for frame in frames] == list(range(38, 60))
    assert everything(open_footage(camera(film), after=59)) == []


def test_a_film_is_played_no_faster_than_it_lasts(film: Path) -> None:
    began = time.monotonic()
    frames = everything(open_footage(camera(film, recorded=False)))
    lasted = time.monotonic() - began
    assert lasted >= frames[-1].index / FILM_RATE
    gaps = np.diff([frame.seconds for frame in frames])
    assert gaps.min() > 0
    assert frames[0].seconds >= began  # by the clock, as of a live camera
    assert frames[-1].seconds - frames[0].seconds == pytest.approx(frames[-1].index / FILM_RATE)


class Still:
    """A still-picture camera that answers as it is told."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.asked: list[float] = []

    def capture(self) -> Frame:
        self.asked.append(time.monotonic())
        if not self.answers.pop(0):
            raise SourceError("http://10.0.0.5: no picture")
        return Frame(np.zeros((2, 2, 3), np.uint8), "still", None)

    def close(self) -> None:
        """Nothing is open."""


def test_still_pictures_come_at_the_rate_and_are_dated() -> None:
    still = Still(*[True] * 5)
    source = Polled(still, rate=20.0)
    frames = [source.capture() for _ in range(5)]
    # One that was late on a busy machine is made up for: the pace holds over all of them.
    assert still.asked[-1] - still.asked[0] >= 3 / 20
    dated = [frame.seconds for frame in frames if frame is not None]
    assert len(dated) == 5
    assert all(asked <= at for asked, at in zip(still.asked, dated, strict=True))


def test_a_still_camera_that_fails_is_asked_less_and_less_often() -> None:
    still = Still(False, False, False, True, True)
    source = Polled(still, rate=1000.0, back_off=BackOff(first=0.1, longest=0.2))
    for _ in range(3):
        with pytest.raises(SourceError):
            source.capture()
    assert source.capture() is not None
    assert source.capture() is not None
    waits = np.diff(still.asked)
    assert waits[0] >= 0.05
    assert waits[1] >= 0.1
    assert waits[2] >= 0.1
    assert waits[3] < waits[2]  # the back-off is over


def test_a_source_that_is_closed_gives_nothing(film: Path) -> None:
    played = open_footage(camera(film, recorded=False))
    assert played.capture() is not None
    for source in (played, Polled(Still(), rate=1.0)):
        source.close()
        assert source.capture() is None
