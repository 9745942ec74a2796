from __future__ import annotations

import numpy as np
import pytest

from edge.recognise.boxes import pairwise_iou
from edge.recognise.manifest import find_model
from edge.recognise.speed import FACINGS, drawn_shelf, gmacs_of, median_ratio, take_turns


def test_tasks_take_turns_and_the_first_round_is_not_counted() -> None:
    calls: list[str] = []
    spent = take_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3)
    assert calls == ["a", "b"] * 4
    assert [len(seconds) for seconds in spent.values()] == [3, 3]


def test_the_ratio_compares_what_ran_in_the_same_round() -> None:
    # The machine slowed down tenfold in the second round: the ratio stays.
    assert median_ratio([1.0, 10.0, 1.0], [2.0, 20.0, 2.0]) == 0.5


def test_the_drawn_shelf_holds_35_facings_apart() -> None:
    image, boxes = drawn_shelf()
    assert image.shape == (640, 640, 3)
    assert boxes.shape == (FACINGS, 4) == (35, 4)
    assert boxes.min() >= 0
    assert boxes.max() <= 640
    assert (pairwise_iou(boxes, boxes) - np.eye(35)).max() <= 0


def test_gmacs_grow_with_the_pictures() -> None:
    model = find_model("sku-embedder", precision="float32")
    one = gmacs_of(model)
    assert 0.01 < one < 10
    assert gmacs_of(model, pictures=35) == pytest.approx(35 * one)
