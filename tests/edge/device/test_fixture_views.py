"""A fixture with two cameras: capture sets, shares, missing views, and what a restart remembers."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from tests.edge.device.floor import replay
from tests.edge.device.two_doors import one_door, two_doors, write_halves

if TYPE_CHECKING:
    from pathlib import Path

MOMENTS = ("08-00", "08-20", "08-40", "09-00", "09-20")
ALONE = {"vote": {"captures": 1}}

Set = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Two views: the right one has no picture at 08:40, and a black one at 09:00."""
    folder = tmp_path_factory.mktemp("doors")
    write_halves(folder, MOMENTS, absent=["08-40"], dark=["09-00"])
    return replay(two_doors(folder, must_stock=["kolorila-still-bottle-500"], **ALONE), folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The same fixture seen by one camera."""
    folder = tmp_path_factory.mktemp("whole")
    return [data(event) for event in replay(one_door(folder / "frames", MOMENTS[:2], **ALONE), folder)]


def data(event: dict[str, Any]) -> dict[str, Any]:
    content = event["data"]
    assert isinstance(content, dict)
    return content


def sets(events: list[dict[str, Any]]) -> list[Set]:
    """The observations by capture set, in order, each by its view."""
    found: dict[str, Set] = defaultdict(dict)
    for event in events:
        if event["type"] == "shelf.observed.v1":
            found[data(event)["capture_set"]][data(event)["view"]] = data(event)
    return [found[name] for name in sorted(found)]  # names hold the time


def test_the_frames_of_one_moment_are_one_capture_set(said: list[dict[str, Any]]) -> None:
    assert [sorted(one) for one in sets(said)] == [
        ["left", "right"],
        ["left", "right"],
        ["left"],
        ["left"],
        ["left", "right"],
    ]
    captures = [data(event)["capture"] for event in said if event["type"] == "shelf.observed.v1"]
    assert len(set(captures)) == len(captures)


def test_a_frame_that_is_not_fit_is_told_and_is_a_missing_view(said: list[dict[str, Any]]) -> None:
    (rejection,) = (data(event) for event in said if event["type"] == "capture.rejected.v1")
    assert (rejection["view"], rejection["reason"]) == ("right", "dark")


def test_the_views_together_say_what_one_camera_that_sees_all_says(
    said: list[dict[str, Any]], whole: list[dict[str, Any]]
) -> None:
    for views, alone in zip(sets(said)[:2], whole, strict=True):
        facings = sum(one["kpis"]["facings"] for one in views.values())
        assert facings == pytest.approx(alone["kpis"]["facings"], abs=1)
        (compliance,) = (one["kpis"]["compliance"] for one in views.values() if "compliance" in one["kpis"])
        # A half is read at another size than the whole, and a few units are less sure: these leave both sides.
        assert compliance["facings"]["part"] > 0.9 * compliance["facings"]["whole"] > 0.5 * alone["kpis"]["facings"]
        assert alone["kpis"]["compliance"]["facings"]["part"] == alone["kpis"]["compliance"]["facings"]["whole"]
        places = [(facing["shelf"], facing["position"]) for one in views.values() for facing in one["facings"]]
        assert len(set(places)) == len(places)


def test_without_a_view_its_places_are_neither_missing_nor_empty(said: list[dict[str, Any]]) -> None:
    full, blind = sets(said)[1], sets(said)[2]
    assert sum(one["kpis"]["gaps"] for one in blind.values()) == 0
    assert [one["kind"] for one in blind["left"].get("deviations", []) if one["kind"] in {"missing", "void"}] == []
    seen, all_of_it = blind["left"]["kpis"]["compliance"]["facings"], full["left"]["kpis"]["compliance"]["facings"]
    assert seen["whole"] < all_of_it["whole"]
    assert seen["part"] == seen["whole"]
    assert blind["left"]["planned"] == full["left"]["planned"]
    assert not any(event["type"].startswith("stockout") for event in said)


def test_a_restart_between_two_sets_changes_nothing_and_repeats_nothing(
    tmp_path: Path, said: list[dict[str, Any]]
) -> None:
    write_halves(tmp_path / "first", MOMENTS[:2])
    write_halves(tmp_path / "all", MOMENTS, absent=["08-40"], dark=["09-00"])
    must = {"must_stock": ["kolorila-still-bottle-500"], **ALONE}
    replay(two_doors(tmp_path / "first", **must), tmp_path)
    events = replay(two_doors(tmp_path / "all", **must), tmp_path)
    assert [one["left"]["kpis"] for one in sets(events)] == [one["left"]["kpis"] for one in sets(said)]


OUT = ("12-00", "13-20", "13-40", "14-00", "14-40")  # the lime can, left of the middle, sells out before the second
LIME = "lurralos-lime-can-330"


def test_a_stock_out_is_the_fixture_s_and_is_told_once(tmp_path: Path) -> None:
    write_halves(tmp_path / "halves", OUT)
    events = replay(two_doors(tmp_path / "halves", **ALONE), tmp_path)
    opened = [data(event) for event in events if event["type"] == "stockout.opened.v1"]
    assert [one["sku"] for one in opened] == [LIME]
    names = sorted({data(event)["capture_set"] for event in events if event["type"] == "shelf.observed.v1"})
    assert opened[0]["captures"] == names[1:3]


def test_what_only_a_missing_view_would_show_is_not_out_of_stock(tmp_path: Path) -> None:
    write_halves(tmp_path / "halves", OUT, absent=OUT[1:])
    events = replay(two_doors(tmp_path / "halves", **ALONE), tmp_path)
    seen = {facing["sku"] for one in sets(events)[1:] for facing in one["left"]["facings"] if "sku" in facing}
    planned = set(sets(events)[1]["left"]["planned"])
    assert len(planned - seen) > 5  # what stands before the right camera
    assert [data(event)["sku"] for event in events if event["type"] == "stockout.opened.v1"] == [LIME]


def test_what_the_views_had_before_one_went_away_outvotes_nothing_when_it_is_back(tmp_path: Path) -> None:
    moments = ("08-00", "08-20", "08-40", "09-00", "09-20")
    write_halves(tmp_path / "halves", moments, absent=moments[:3])
    events = replay(two_doors(tmp_path / "halves", vote={"captures": 3}), tmp_path)
    back = sets(events)[3]["right"]
    assert back["kpis"]["facings"] > 10
    assert "vote" not in back
