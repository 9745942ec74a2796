import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.recognise import measures
from edge.recognise.evaluation import coco_average_precision, coco_truth
from tests.edge.recognise.labelled import row_of_boxes, said, seen


def test_all_found_and_nothing_else_is_one() -> None:
    ap50, ap = measures.average_precision([seen(row_of_boxes(5), row_of_boxes(5))])
    assert (ap50.value, ap.value) == (1.0, 1.0)


def test_half_found_is_half() -> None:
    ap50, _ = measures.average_precision([seen(row_of_boxes(4), row_of_boxes(2))])
    assert ap50.value == pytest.approx(0.5, abs=0.01)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_average_precision_is_that_of_pycocotools(seed: int) -> None:
    rng = np.random.default_rng(seed)
    photos, predictions = [], {}
    for image in range(3):
        boxes = row_of_boxes(int(rng.integers(1, 8)))
        crowd = (rng.random(len(boxes)) < 0.2).tolist()
        found = np.concatenate([boxes[rng.random(len(boxes)) < 0.8], row_of_boxes(int(rng.integers(0, 3)), shift=300)])
        found = (found + rng.normal(0, 2, found.shape)).astype(np.float32)
        scores = rng.permutation(np.linspace(0.1, 0.9, len(found))).round(4).tolist()
        photos.append(seen(boxes, found, crowd=crowd, scores=scores))
        predictions[image] = photos[-1].found
    if not sum(one.truth.facings for one in photos) or not any(len(one.found.boxes) for one in photos):
        return
    theirs = coco_average_precision(coco_truth([one.truth for one in photos]), predictions)
    ap50, ap = measures.average_precision(photos)
    assert ap50.value == pytest.approx(theirs.ap50, abs=1e-6)
    assert ap.value == pytest.approx(theirs.ap, abs=1e-6)


def test_detections_in_a_crowd_neither_help_nor_harm() -> None:
    photo = seen(row_of_boxes(3), row_of_boxes(3), crowd=[False, False, True])
    assert measures.average_precision([photo])[0].value == 1.0
    assert measures.count_error([photo]).value == 0.0


def test_count_error_is_the_mean_over_photographs() -> None:
    photos = [seen(row_of_boxes(4), row_of_boxes(5)), seen(row_of_boxes(4), row_of_boxes(2))]
    assert measures.count_error(photos).value == pytest.approx((0.25 + 0.5) / 2)


def test_faint_detections_are_not_counted() -> None:
    photo = seen(row_of_boxes(2), row_of_boxes(3), scores=[0.9, 0.8, 0.1])
    assert measures.count_error([photo]).value == 0.0


def test_only_found_facings_of_a_told_sku_are_judged() -> None:
    photo = seen(
        row_of_boxes(4),
        row_of_boxes(3),
        skus=["cola", None, "foreign", "water"],
        identities=[said("cola"), said("cola"), said("water", "unknown")],
    )
    (row,) = judged = measures.judge([photo], {"cola", "water"})
    assert [(j.truth, j.right, j.listed) for j in row] == [("cola", True, True), ("foreign", False, False)]
    assert measures.share(judged, lambda j: j.right, lambda j: j.listed).value == 1.0
    assert measures.share(judged, lambda j: j.right, lambda j: j.said.status == "recognised").value == 1.0
    assert measures.share(judged, lambda j: j.said.status == "recognised", lambda _: True).value == 0.5


def test_a_class_needs_box_and_sku() -> None:
    photo = seen(
        row_of_boxes(4),
        row_of_boxes(4),
        skus=["cola", "cola", "water", None],
        identities=[said("cola"), said("water"), said("water"), said("cola")],
        scores=[0.9, 0.6, 0.8, 0.7],
    )
    figures = measures.class_average_precision([photo])
    assert figures["water"][0] == pytest.approx(1.0)
    assert figures["cola"][0] == pytest.approx(0.5, abs=0.01)
    assert [figures[sku][1:] for sku in ("water", "cola")] == [(1, 1), (2, 1)]


def test_intervals_hold_the_value_and_narrow_with_more_photographs() -> None:
    some = [seen(row_of_boxes(4), row_of_boxes(4 - i % 2)) for i in range(6)]
    few, many = measures.count_error(some), measures.count_error(some * 20)
    assert few.value is not None
    assert few.low is not None
    assert few.high is not None
    assert many.low is not None
    assert many.high is not None
    assert few.low <= few.value <= few.high
    assert many.high - many.low < few.high - few.low


def test_nothing_to_measure_is_no_figure() -> None:
    assert measures.count_error([]).value is None
    assert measures.average_precision([seen(row_of_boxes(0), row_of_boxes(1))])[0].value is None
