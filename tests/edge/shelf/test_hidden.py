from __future__ import annotations

import pytest

from edge.shelf.hidden import ShelfLine, hidden_places, line_of_unseen, shelf_lines
from tests.edge.shelf.shop import shop

LINE = ShelfLine(slope=0.0, bottom=100.0, height=90.0, width=40.0)


def test_the_board_under_a_shelf_follows_its_tilt() -> None:
    line = shelf_lines(shop("a a a a").facings)[1]
    assert (line.slope, line.bottom, line.height, line.width) == (0.0, 1000.0, 90.0, 40.0)


@pytest.mark.parametrize(
    ("hidden", "standing", "places"),
    [
        ([(0.0, 0.0, 80.0, 200.0)], [], [20.0, 60.0]),
        ([(0.0, 0.0, 80.0, 200.0)], [(0.0, 10.0, 40.0, 100.0)], [60.0]),
        ([(0.0, 0.0, 50.0, 200.0), (30.0, 0.0, 80.0, 200.0)], [], [20.0, 60.0]),
        ([(0.0, 0.0, 80.0, 40.0)], [], []),
        ([(0.0, 0.0, 10.0, 200.0)], [], []),
        ([], [], []),
    ],
    ids=["two fit", "one stands there", "overlapping boxes", "above the units mostly", "too narrow", "nothing hidden"],
)
def test_what_may_stand_behind(
    hidden: list[tuple[float, float, float, float]],
    standing: list[tuple[float, float, float, float]],
    places: list[float],
) -> None:
    assert hidden_places(LINE, standing, hidden) == pytest.approx(places)


def test_an_unseen_shelf_lies_between_or_beyond_the_seen_ones() -> None:
    lines = {1: ShelfLine(0.0, 1000.0, 90.0, 40.0), 3: ShelfLine(0.2, 740.0, 70.0, 30.0)}
    assert line_of_unseen(lines, 2) == ShelfLine(0.1, 870.0, 80.0, 35.0)
    above = line_of_unseen(lines, 4)
    assert above is not None
    assert above.bottom == pytest.approx(610.0)
    assert line_of_unseen({}, 1) is None
