"""How gaps are scored."""

from __future__ import annotations

import numpy as np
import pytest

from edge.shelf.region import inside_region
from models.scenes.random_scene import random_scene
from models.scenes.render import render
from models.train.gaps import Asked, Box, Score, ask, opening, score

GAP: Box = (100.0, 100.0, 140.0, 200.0)


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        ([GAP], Score(1, 0, 0)),
        ([(120.0, 110.0, 160.0, 210.0)], Score(1, 0, 0)),
        ([(125.0, 100.0, 165.0, 200.0)], Score(0, 1, 1)),
        ([(100.0, 160.0, 140.0, 260.0)], Score(0, 1, 1)),
        ([GAP, GAP], Score(1, 1, 0)),
        ([(310.0, 100.0, 350.0, 200.0)], Score(0, 0, 1)),
        ([], Score(0, 0, 1)),
    ],
    ids=["there", "half beside", "beside", "below", "twice", "where nothing is planned", "nothing"],
)
def test_a_gap_is_found_where_half_of_it_is_found(found: list[Box], counts: Score) -> None:
    assert score(found, Asked([GAP], [(300.0, 80.0, 360.0, 210.0)])) == counts


def test_scores_add_up_and_say_what_they_mean() -> None:
    total = Score(3, 1, 0) + Score(0, 0, 3)
    assert str(total) == "precision 0.750, recall 0.500 (3 found, 1 wrong, 3 missed)"


def test_a_rendered_fixture_asks_for_the_empty_places_that_can_be_seen() -> None:
    scene, camera, effects = random_scene(978, 12, gondolas=0.0)
    _, truth = render(scene, camera, effects, 12, supersample=0.5)
    asked = ask(scene, camera, truth)
    empty = sum(column.product is None for column in scene.columns)
    assert 0 < len(asked.gaps) <= empty == len(truth.gaps)
    for box in asked.gaps:
        assert any(abs(box[0] + box[2] - gap.box[0] - gap.box[2]) < 20 for gap in truth.gaps)


def test_the_opening_holds_every_unit_of_the_fixture() -> None:
    scene, camera, effects = random_scene(978, 12, gondolas=0.0)
    _, truth = render(scene, camera, effects, 12, supersample=0.5)
    boxes = np.array([facing.box for facing in truth.facings])
    assert inside_region(boxes, opening(scene, camera)).mean() > 0.9
