"""What the measurement of the aiming diagnosis counts, and that a well aimed rendered fixture has nothing wrong."""

from __future__ import annotations

from edge.aim.diagnosis import diagnose
from edge.aim.findings import Finding
from edge.device.analysis import LoadedModels
from models.scenes.aimed import Case, aimed, good_view
from models.train.aiming import SEED, Onlooker, Told, rows


def test_hits_first_hits_and_false_alarms_are_counted() -> None:
    right, wrong = Finding("tilted", passed=False), Finding("far", passed=False)
    fine = Finding("tilted", passed=True)
    told = [
        Told("tilted", "6°", (right,), off=0.2),
        Told("tilted", "6°", (wrong, right), off=0.6),
        Told("tilted", "6°", (fine,), off=2.0),
        Told("good", "a", (fine, Finding("far", passed=None))),
        Told("good", "b", (right, Finding("far", passed=True))),
    ]
    fault, tilted, far, whole, _ = rows(told)
    assert (fault["found"], fault["first"], fault["passed_all"]) == (0.667, 0.333, 0.333)
    assert fault["degrees_off"] == {"median": 0.6, "most": 2.0}
    assert tilted == {"false_alarms": "tilted", "of": 2, "count": 1}
    assert far == {"false_alarms": "far", "of": 1, "count": 0}
    assert (whole["good_views"], whole["passed_all"]) == (2, 1)


def test_a_well_aimed_fixture_has_nothing_wrong_and_its_left_third_off_has() -> None:
    good = good_view(aimed(SEED, 1))
    onlooker = Onlooker(LoadedModels(), None)
    view, _ = onlooker.look(Case("good", "", good.picture), ())
    assert [finding.code for finding in diagnose(view) if finding.passed is False] == []
    x1, _, x2, _ = good.goods
    view, _ = onlooker.look(Case("cut_left", "", good.picture[:, round(x1 + (x2 - x1) / 3) :]), ())
    assert "cut_left" in [finding.code for finding in diagnose(view) if finding.passed is False]
