"""A rendered frame, read: what stands where, what differs from the plan, and what lies outside the region."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.contract.config import FixtureSection
from edge.device.analysis import Analyser, load_analyser
from edge.device.drawing import LEGEND, draw
from edge.recognise.images import read_image

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "configs" / "demo"
TRUTH = json.loads((DEMO / "truth.json").read_text())


def fixture(**more: object) -> FixtureSection:
    return FixtureSection.model_validate(
        {
            "id": "cooler-1",
            "catalogue": ROOT / "configs" / "catalogues" / "demo",
            "planogram": DEMO / "planogram.csv",
            "own": [TRUTH["owner"]],
            **more,
        }
    )


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return load_analyser(fixture())


def frame(number: int) -> np.ndarray:
    return read_image(DEMO / TRUTH["frames"][number]["image"])


def test_the_full_cooler_of_the_morning_is_read_shelf_by_shelf(analyser: Analyser) -> None:
    analysis = analyser.analyse(frame(0))
    true = [facing["shelf"] for facing in TRUTH["frames"][0]["facings"]]
    for shelf in set(true):
        seen = sum(facing.shelf == shelf for facing in analysis.facings)
        assert seen == pytest.approx(true.count(shelf), abs=1)
    assert analysis.kpis.facings == len(analysis.facings)
    assert analysis.reading.evidence is not None
    assert sum(analysis.reading.evidence.planned.values()) == len(true)


def test_what_is_called_a_sku_is_that_sku(analyser: Analyser) -> None:
    for number in (0, 12, 30):
        true = {
            (f["box"][0] + f["box"][2], f["box"][1] + f["box"][3]): f["sku"] for f in TRUTH["frames"][number]["facings"]
        }
        for facing in analyser.analyse(frame(number)).facings:
            if facing.status == "recognised":
                x, y = facing.box[0] + facing.box[2], facing.box[1] + facing.box[3]
                nearest = min(true, key=lambda middle: abs(middle[0] - x) + abs(middle[1] - y))
                assert facing.sku == true[nearest]


def test_only_what_stands_in_the_region_counts() -> None:
    right = load_analyser(fixture(region=[[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]))
    boxes = right.analyse(frame(0)).unit_boxes
    assert len(boxes) > 0
    assert np.all((boxes[:, 0] + boxes[:, 2]) / 2 > 0.5)


def test_a_frame_without_products_has_no_facings(analyser: Analyser) -> None:
    analysis = analyser.analyse(np.full((480, 640, 3), 127, np.uint8))
    assert analysis.facings == ()
    assert analysis.kpis.compliance is not None
    assert analysis.kpis.compliance.present.part == 0


def test_the_drawing_shows_the_frame_enlarged_with_boxes_and_a_legend(analyser: Analyser) -> None:
    image = frame(0)
    analysis = analyser.analyse(image)
    drawn = draw(image, analysis, analyser.plan)
    assert drawn.shape[1] == 960
    assert drawn.shape[0] > 1280
    strip = drawn[1280:]
    for _, colour in LEGEND:
        assert np.any(np.all(strip == colour, axis=2))


def test_a_lower_score_adds_what_is_no_facing_and_changes_nothing_else(analyser: Analyser) -> None:
    usual, low = analyser.analyse(frame(0)), analyser.analyse(frame(0), min_score=0.02)
    # A sum of more boxes is added up in another order on some processors: hundredths of a pixel, and no more.
    boxes = [np.array([facing.box for facing in analysis.facings]) for analysis in (low, usual)]
    assert boxes[0] == pytest.approx(boxes[1], abs=0.01)
    assert replace(low.kpis, widths=usual.kpis.widths) == usual.kpis
    assert usual.others == ()
    assert min(facing.score for facing in low.others) < analyser.detector.shipped_score
    places = {(facing.shelf, facing.position) for facing in low.facings}
    assert all((facing.shelf, facing.position) in places for facing in low.others)
    told = sorted(facing.score for facing in (*low.facings, *low.others))
    assert told == sorted(analyser.detector.detect(frame(0), min_score=0.02).scores.tolist())


def test_a_higher_score_leaves_out_what_is_less_sure(analyser: Analyser) -> None:
    high = analyser.analyse(frame(0), min_score=0.8)
    assert 0 < len(high.facings) <= len(analyser.analyse(frame(0)).facings)
    assert all(facing.score >= 0.8 for facing in high.facings)
    assert high.others == ()


def test_what_is_faint_is_told_beside_the_facings_and_changes_none(analyser: Analyser) -> None:
    usual, asked = analyser.analyse(frame(0)), analyser.analyse(frame(0), faint=0.05)
    assert usual.faint is None
    assert asked.reading == usual.reading
    assert asked.others == ()
    assert asked.faint is not None
    assert len(asked.faint.scores) > 0
    assert 0.05 <= asked.faint.scores.min() <= asked.faint.scores.max() < analyser.detector.shipped_score
