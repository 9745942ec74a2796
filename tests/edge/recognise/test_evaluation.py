from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import ImageError
from edge.recognise.detector import Detections
from edge.recognise.evaluation import coco_average_precision, match_boxes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def row(count: int, *, left: float = 0) -> NDArray[np.float32]:
    """`count` bottles of 20x50 pixels side by side."""
    x = left + 30.0 * np.arange(count)
    return np.stack([x, np.zeros(count), x + 20, np.full(count, 50.0)], axis=1).astype(np.float32)


def truth(boxes: NDArray[np.float32], *, crowd: NDArray[np.float32] | None = None) -> dict[str, Any]:
    crowd = np.zeros((0, 4), np.float32) if crowd is None else crowd
    annotations = [
        {"id": n, "image_id": 1, "category_id": 7, "bbox": [x1, y1, x2 - x1, y2 - y1], "iscrowd": iscrowd}
        for n, (iscrowd, (x1, y1, x2, y2)) in enumerate(
            [(0, b) for b in boxes.tolist()] + [(1, b) for b in crowd.tolist()]
        )
    ]
    return {"images": [{"id": 1, "width": 9000, "height": 60}], "annotations": annotations, "categories": []}


def found(boxes: NDArray[np.float32], score: float = 0.9) -> Detections:
    return Detections(boxes=boxes, scores=np.linspace(score, score / 2, len(boxes), dtype=np.float32))


def test_finding_everything_exactly_is_perfect() -> None:
    precision = coco_average_precision(truth(row(20)), {1: found(row(20))})
    assert precision.ap50 == pytest.approx(1.0)
    assert precision.ap == pytest.approx(1.0)


def test_finding_half_gives_half() -> None:
    assert coco_average_precision(truth(row(20)), {1: found(row(10))}).ap50 == pytest.approx(0.5, abs=0.01)


def test_a_loose_box_counts_at_half_overlap_and_not_above() -> None:
    loose = row(10) + np.array([0, 0, 10, 0], np.float32)  # IoU 2/3
    precision = coco_average_precision(truth(row(10)), {1: found(loose)})
    assert precision.ap50 == pytest.approx(1.0)
    assert precision.ap == pytest.approx(0.4)  # right at 0.50, 0.55, 0.60, 0.65 of ten levels


def test_a_detection_in_a_crowd_is_neither_right_nor_wrong() -> None:
    hopeless = row(1, left=4000)
    both = np.concatenate([hopeless, row(10)])
    assert coco_average_precision(truth(row(10), crowd=hopeless), {1: found(both)}).ap50 == pytest.approx(1.0)
    assert coco_average_precision(truth(row(10)), {1: found(both)}).ap50 < 0.95


def test_more_than_100_facings_of_one_photograph_are_counted() -> None:
    assert coco_average_precision(truth(row(250)), {1: found(row(250))}).ap50 == pytest.approx(1.0)


def test_no_detection_at_all_is_0_and_no_truth_is_minus_1() -> None:
    nothing = found(np.zeros((0, 4), np.float32))
    assert coco_average_precision(truth(row(3)), {1: nothing}).ap50 == 0.0
    assert coco_average_precision(truth(row(0)), {1: nothing}).ap50 == -1.0


def test_a_truth_file_is_read_and_a_mapping_left_as_it_was(tmp_path: Path) -> None:
    mapping = truth(row(4))
    before = json.dumps(mapping)
    (tmp_path / "truth.json").write_text(before, encoding="utf-8")
    assert coco_average_precision(mapping, {1: found(row(4))}) == coco_average_precision(
        tmp_path / "truth.json", {1: found(row(4))}
    )
    assert json.dumps(mapping) == before


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"images": []}'])
def test_a_file_that_is_no_truth_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "truth.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ImageError, match=r"truth\.json"):
        coco_average_precision(path, {})


def test_the_better_overlap_is_matched_first() -> None:
    near, exact = row(1) + np.float32(3), row(1)
    matches = match_boxes(row(1), np.concatenate([near, exact]))
    assert matches.boxes.tolist() == [1]
    assert matches.iou.tolist() == [1.0]


coordinates = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 30), st.integers(1, 30))


@given(st.lists(coordinates, max_size=8), st.lists(coordinates, max_size=8), st.floats(0.1, 0.9))
def test_matches_are_one_to_one_overlap_enough_and_leave_no_possible_pair(
    raw_truth: list[tuple[int, int, int, int]], raw_boxes: list[tuple[int, int, int, int]], min_iou: float
) -> None:
    first, second = (np.array(raw, np.float32).reshape(-1, 4) for raw in (raw_truth, raw_boxes))
    for boxes in (first, second):
        boxes[:, 2:] += boxes[:, :2]
    matches = match_boxes(first, second, min_iou=min_iou)
    assert len(set(matches.truth.tolist())) == len(matches.truth) == len(set(matches.boxes.tolist()))
    assert (matches.iou >= min_iou).all()
    lone_truth = sorted(set(range(len(first))) - set(matches.truth.tolist()))
    lone_boxes = sorted(set(range(len(second))) - set(matches.boxes.tolist()))
    assert len(match_boxes(first[lone_truth], second[lone_boxes], min_iou=min_iou).truth) == 0
