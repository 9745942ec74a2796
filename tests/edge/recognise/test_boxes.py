from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.recognise.boxes import GREY, lay_on_canvas, pairwise_iou, suppress_doubles, vote

sides = st.integers(1, 900)


@given(sides, sides, st.sampled_from([64, 320, 640]))
def test_the_canvas_has_sides_of_whole_multiples_and_no_more_than_needed(height: int, width: int, side: int) -> None:
    canvas, letterbox = lay_on_canvas(np.zeros((height, width, 3), np.uint8), side=side)
    inner = (height * letterbox.scale_y, width * letterbox.scale_x)
    assert max(canvas.shape[:2]) == side
    for have, need in zip(canvas.shape[:2], inner, strict=True):
        assert have % 32 == 0
        assert have - 32 < round(need) <= have


@given(sides, sides)
def test_the_aspect_of_the_frame_is_kept_to_a_pixel(height: int, width: int) -> None:
    _, letterbox = lay_on_canvas(np.zeros((height, width, 3), np.uint8), side=640)
    exact = 640 / max(height, width)
    assert abs(width * letterbox.scale_x - max(1, width * exact)) <= 0.5 + 1e-6
    assert abs(height * letterbox.scale_y - max(1, height * exact)) <= 0.5 + 1e-6


@given(sides, sides, st.data())
def test_a_box_comes_back_from_the_canvas_where_it_was(height: int, width: int, data: st.DataObject) -> None:
    _, letterbox = lay_on_canvas(np.zeros((height, width, 3), np.uint8), side=640)
    x1, x2 = sorted(data.draw(st.tuples(st.floats(0, width), st.floats(0, width))))
    y1, y2 = sorted(data.draw(st.tuples(st.floats(0, height), st.floats(0, height))))
    box = np.array([[x1, y1, x2, y2]], np.float32)
    on_canvas = (box * np.array([letterbox.scale_x, letterbox.scale_y] * 2)).astype(np.float32)
    np.testing.assert_allclose(letterbox.to_frame(on_canvas), box, rtol=1e-4, atol=1e-3)


def test_boxes_on_the_rim_of_the_canvas_are_cut_to_the_frame() -> None:
    _, letterbox = lay_on_canvas(np.zeros((100, 50, 3), np.uint8), side=640)
    found = letterbox.to_frame(np.array([[-20, 600, 340, 660]], np.float32))
    np.testing.assert_allclose(found, [[0, 93.75, 50, 100]])


def test_what_the_frame_does_not_cover_is_grey() -> None:
    canvas, _ = lay_on_canvas(np.full((640, 330, 3), 255, np.uint8), side=640)
    assert canvas.shape == (640, 352, 3)
    assert (canvas[:, :330] == 255).all()
    assert (canvas[:, 330:] == GREY).all()


def boxes(count: int) -> st.SearchStrategy[list[tuple[int, int, int, int]]]:
    return st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(1, 40), st.integers(1, 40)), max_size=count
    )


def as_array(raw: list[tuple[int, int, int, int]]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    array = np.array(raw, np.float32).reshape(-1, 4)
    array[:, 2:] += array[:, :2]
    return array


@given(boxes(25), st.data())
def test_kept_boxes_do_not_overlap_and_each_lost_one_has_a_better_keeper(
    raw: list[tuple[int, int, int, int]], data: st.DataObject
) -> None:
    array = as_array(raw)
    scores = np.array(data.draw(st.lists(st.floats(0, 1), min_size=len(raw), max_size=len(raw))), np.float32)
    kept = suppress_doubles(array, scores, max_iou=0.5, limit=300)
    iou = pairwise_iou(array, array)
    among = iou[np.ix_(kept, kept)] - np.eye(len(kept))
    assert (among <= 0.5).all()
    assert (np.diff(scores[kept]) <= 0).all()
    for lost in set(range(len(raw))) - set(kept.tolist()):
        assert any(iou[lost, k] > 0.5 and scores[k] >= scores[lost] for k in kept)


def test_no_more_boxes_than_the_limit_are_kept() -> None:
    array = as_array([(10 * i, 0, 5, 5) for i in range(10)])
    scores = np.linspace(0, 1, 10, dtype=np.float32)
    assert suppress_doubles(array, scores, max_iou=0.5, limit=3).tolist() == [9, 8, 7]


@given(boxes(8), boxes(8))
def test_iou_is_between_0_and_1_symmetric_and_1_with_itself(
    first: list[tuple[int, int, int, int]], second: list[tuple[int, int, int, int]]
) -> None:
    a, b = as_array(first), as_array(second)
    iou = pairwise_iou(a, b)
    assert ((iou >= 0) & (iou <= 1 + 1e-6)).all()
    np.testing.assert_allclose(iou, pairwise_iou(b, a).T, rtol=1e-6)
    np.testing.assert_allclose(np.diag(pairwise_iou(a, a)), 1.0, rtol=1e-5)


def test_boxes_that_see_the_same_product_agree_on_its_edges() -> None:
    kept = np.array([[10, 10, 30, 50]], np.float32)
    seen = np.array([[10, 10, 30, 50], [12, 10, 32, 50], [100, 10, 120, 50]], np.float32)
    (voted,) = vote(kept, seen, np.array([0.9, 0.9, 0.9], np.float32))
    assert 10 < voted[0] < 11  # the other overlaps less, so it counts less; the third is another product
    assert 30 < voted[2] < 31
    assert voted[[1, 3]].tolist() == pytest.approx([10, 50])


def test_a_box_without_votes_stays_as_it_is() -> None:
    kept = np.array([[10, 10, 30, 50]], np.float32)
    assert vote(kept, np.zeros((0, 4), np.float32), np.zeros(0, np.float32)).tolist() == kept.tolist()
    assert vote(kept, np.array([[200, 0, 220, 20]], np.float32), np.array([0.9], np.float32)).tolist() == kept.tolist()


@given(st.integers(0, 2**32 - 1))
def test_votes_stay_within_what_was_seen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 80, (30, 2))
    seen = np.concatenate([low, low + rng.uniform(5, 40, (30, 2))], axis=1).astype(np.float32)
    voted = vote(seen[:7], seen, rng.uniform(0.05, 1, 30).astype(np.float32))
    assert (voted >= seen.min(axis=0) - 1e-3).all()
    assert (voted <= seen.max(axis=0) + 1e-3).all()
    assert (voted[:, 2:] > voted[:, :2]).all()
