"""Detector, tracker and lines together; the detector always answers the same boxes, whatever the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.contract.config import CountingSection
from edge.device.people_counter import PeopleCounter
from edge.recognise.people import PeopleDetector
from edge.traffic.tracker import OutOfOrderError
from tests.edge.recognise.graphs import answering, detector_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def counter(folder: Path, **section: object) -> PeopleCounter:
    """One who sees somebody standing in the middle, and something doubtful at the left, of 640 x 640 pixels."""
    boxes = np.array([[(300, 200, 340, 320), (20, 200, 60, 320)]], np.float32)
    content = answering(boxes, np.array([[0.9, 0.3]], np.float32))
    detector = PeopleDetector(detector_of(folder, content, kind="people-detector"))
    return PeopleCounter(detector, CountingSection.model_validate(section), interval=10)


def frame(side: int = 640) -> NDArray[np.uint8]:
    return np.zeros((side, side, 3), np.uint8)


EVERYWHERE = {"zones": [{"id": "all", "corners": [[0, 0], [1, 0], [1, 1], [0, 1]]}]}


def test_who_stands_there_is_followed_and_what_is_doubtful_begins_no_track(tmp_path: Path) -> None:
    people = counter(tmp_path, **EVERYWHERE)
    for step in range(20):
        observed = people.take(frame(), at=step / 10)
    assert observed.tracks.confirmed.tolist() == [True]
    totals = people.finish()
    assert totals is not None
    assert totals.visits.tolist() == [1]
    assert totals.dwell[0] == pytest.approx(1.9, abs=0.05)


def test_an_interval_ends_when_its_time_is_over_and_the_next_begins(tmp_path: Path) -> None:
    people = counter(tmp_path, **EVERYWHERE)
    ended = [people.take(frame(), at=second).ended for second in np.arange(0, 12, 0.5)]
    (whole,) = [one for one in ended if one is not None]
    assert (whole.since, whole.until) == (0, 10)
    assert people.elapse(21) is not None


def test_when_the_frames_change_size_counts_go_on_and_people_are_followed_anew(tmp_path: Path) -> None:
    people = counter(tmp_path, **EVERYWHERE)
    for step in range(10):
        before = people.take(frame(), at=step / 10)
    for step in range(10, 20):
        after = people.take(frame(320), at=step / 10)
    assert set(before.tracks.ids) & set(after.tracks.ids) == set()
    assert after.tracks.boxes[0, 2] < 320
    totals = people.finish()
    assert totals is not None
    assert totals.visits.tolist() == [2]
    assert totals.observed == pytest.approx(1.9)


def test_lines_are_shares_of_the_frame(tmp_path: Path) -> None:
    people = counter(tmp_path, lines=[{"id": "door", "start": [0.5, 0.25], "end": [0.5, 1.0]}])
    (line,) = people.rules_for(width=768, height=576).lines
    assert (line.start, line.end) == ((384, 144), (384, 576))


def test_a_frame_that_is_not_later_is_refused(tmp_path: Path) -> None:
    people = counter(tmp_path)
    people.take(frame(), at=1)
    with pytest.raises(OutOfOrderError):
        people.take(frame(), at=1)
