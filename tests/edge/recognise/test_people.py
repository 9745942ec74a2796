from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.capture.film import Film
from edge.contract.errors import ModelError
from edge.recognise.boxes import pairwise_iou
from edge.recognise.manifest import find_model
from edge.recognise.people import MAX_PEOPLE, PeopleDetector
from tests.edge.recognise.graphs import answering, detector_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NAN, ENDLESS = float("nan"), float("inf")
TWO = np.array([[(10, 10, 50, 90), (60, 10, 100, 90)]], np.float32)


@pytest.fixture(scope="module")
def detector() -> PeopleDetector:
    return PeopleDetector(find_model("people-detector"))


def soft_noise() -> NDArray[np.uint8]:
    """Something is found in it at a low score, whatever the model."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 6), np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (37, 641), (576, 768), (1700, 1000)])
def test_frames_of_any_shape_give_boxes_inside_them(detector: PeopleDetector, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    found = detector.detect(image, min_score=0.0)
    assert found.boxes.shape == (len(found.scores), 4)
    assert len(found.scores) <= MAX_PEOPLE
    assert (found.boxes >= 0).all()
    assert (found.boxes[:, [0, 2]] <= shape[1]).all()
    assert (found.boxes[:, [1, 3]] <= shape[0]).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()


def test_what_is_asked_for_is_all_that_is_given(detector: PeopleDetector) -> None:
    image = soft_noise()
    everything = detector.detect(image, min_score=0.01)
    assert len(everything.scores) > 1
    assert (np.diff(everything.scores) <= 0).all()
    for lowest in (detector.private_score, detector.follow_score, detector.shipped_score):
        asked = detector.detect(image, min_score=lowest)
        assert (asked.scores >= lowest).all()
    assert detector.private_score < detector.follow_score < detector.shipped_score
    assert len(detector.detect(image).scores) == int((everything.scores >= detector.shipped_score).sum())


def people_of(folder: Path, boxes: NDArray[np.float32], *scores: float) -> PeopleDetector:
    """A detector that always answers this."""
    content = answering(boxes, np.array([scores], np.float32))
    return PeopleDetector(detector_of(folder, content, kind="people-detector"))


@pytest.mark.parametrize(
    ("boxes", "scores", "said"),
    [
        pytest.param(TWO, (0.9, NAN), "scores holds values that are no numbers", id="a score that is no number"),
        pytest.param(TWO * ENDLESS, (0.9, 0.8), "boxes holds values that are no numbers", id="an endless box"),
        pytest.param(TWO, (0.9, 36.0), "scores beyond 0 to 1", id="logits instead of scores"),
        pytest.param(TWO, (0.9,), "2 boxes and 1 scores", id="too few scores"),
    ],
)
def test_answers_that_make_no_sense_are_one_model_error(
    tmp_path: Path, boxes: NDArray[np.float32], scores: tuple[float, ...], said: str
) -> None:
    with pytest.raises(ModelError, match=f"^model made: .*{said}"):
        people_of(tmp_path, boxes, *scores).detect(soft_noise())


def test_one_person_seen_twice_is_one_and_two_who_touch_are_two(tmp_path: Path) -> None:
    boxes = np.array([[(10, 10, 50, 90), (12, 10, 50, 92), (44, 10, 84, 90)]], np.float32)
    found = people_of(tmp_path, boxes, 0.9, 0.8, 0.7).detect(np.zeros((640, 640, 3), np.uint8))
    assert len(found.boxes) == 2
    assert pairwise_iou(found.boxes, found.boxes)[0, 1] < 0.2


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(ModelError, match="is no people detector"):
        PeopleDetector(find_model("product-detector"))


def test_the_one_person_of_a_clip_is_found_and_an_empty_room_is_empty(
    detector: PeopleDetector, shared_data: Path
) -> None:
    """Frames looked at: 20, 480 and 1393 are empty; in 100, 300 and 1000 one person stands before the table."""
    wanted = {20: 0, 100: 1, 300: 1, 480: 0, 1000: 1, 1393: 0}
    seen = {}
    with Film(shared_data / "people" / "one-by-one-person-detection.mp4") as film:
        for frame in film.frames():
            if frame.number in wanted:
                seen[frame.number] = detector.detect(frame.image)
    assert {number: len(found.boxes) for number, found in seen.items()} == wanted
    heights = [float(box[3] - box[1]) for found in seen.values() for box in found.boxes]
    assert min(heights) > 250  # whole persons, of a frame of 432 pixels
