"""The quality gate on rendered frames: floors of what docs/models/quality.md reports."""

from __future__ import annotations

from collections import Counter

import pytest

from models.scenes.faults import MOMENTS, Pose, corners_moved, frame, watch
from models.train.quality import Verdict, rows, verdicts

SERIOUS = {
    "dark": ("-6 stops",),
    "blown": ("+4.5 stops",),
    "blurred": ("defocus 5 px", "defocus 8 px", "shake 24 px"),
    "fogged": ("fog 1", "fog 1.2"),
    "covered": ("paper over 60%", "paper over 80%", "cloth over 80%", "cloth over 100%"),
    "frozen": ("the same frame", "the same frame, a clock running in it"),
    "blocked": ("shopper 0.5", "shopper 0.8", "shopper 1.1"),
}


@pytest.fixture(scope="module")
def found() -> list[Verdict]:
    """The demo's cooler at a moment its camera has not seen, clean and spoilt."""
    return list(verdicts(watch(0), unseen=(1, 3), posed=False))


def test_nothing_clean_is_rejected_whatever_was_sold(found: list[Verdict]) -> None:
    said = Counter(verdict.reason for verdict in found if verdict.fault == "clean")
    assert said == {None: 3}


@pytest.mark.parametrize("fault", SERIOUS)
def test_what_is_seriously_spoilt_is_rejected_for_it(found: list[Verdict], fault: str) -> None:
    said = {verdict.strength: verdict.reason for verdict in found if verdict.fault == fault}
    assert {strength: said[strength] for strength in SERIOUS[fault]} == dict.fromkeys(SERIOUS[fault], fault)


def test_a_knocked_camera_sees_the_fixture_elsewhere() -> None:
    one = watch(0)
    still, panned = corners_moved(one, Pose()), corners_moved(one, Pose(pan=6.0))
    assert (still[:, 0] == still[:, 1]).all()
    assert (panned[:, 0, 0] - panned[:, 1, 0] > 50).all(), "turned to the right, all moves to the left"


def test_two_pictures_of_one_moment_differ_by_their_noise_only() -> None:
    one = watch(0)
    first, second = frame(one, 0)[0], frame(one, 0, exposure_seed=1)[0]
    assert 0 < abs(first.astype(int) - second).mean() < 4


def test_rates_count_hits_and_false_alarms_apart() -> None:
    told = [
        Verdict("dark", "-6 stops", "dark"),
        Verdict("dark", "-6 stops", None),
        Verdict("clean", MOMENTS[0], "fogged"),
        Verdict("clean", MOMENTS[0], None),
    ]
    lines = list(rows(told))
    assert (lines[0]["hit"], lines[0]["rejected"]) == (0.5, 0.5)
    assert {line["false_alarms"]: line["count"] for line in lines if "false_alarms" in line}["fogged"] == 1
