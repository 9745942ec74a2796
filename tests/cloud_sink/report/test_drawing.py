"""Charts for paper: a scale that holds its values, lines that break where nothing is known."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.report.drawing import line_chart, scale

SVG = "{http://www.w3.org/2000/svg}"


def draw(*values: float | None) -> ET.Element:
    labels = [f"<{place}>" for place in range(len(values))]
    return ET.fromstring(line_chart(values, labels, str, shaded=(0, len(values) - 1)))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=9))
def test_a_scale_holds_its_values(values: list[float]) -> None:
    low, high = scale(min(values), max(values))
    assert low <= min(values) + 1e-6
    assert max(values) - 1e-6 <= high
    assert low < high


@pytest.mark.parametrize(("low", "high", "ends"), [(0.93, 0.99, (0.9, 1.0)), (410, 790, (400, 800)), (5, 5, (5, 5.5))])
def test_the_ends_of_a_scale_are_round(low: float, high: float, ends: tuple[float, float]) -> None:
    assert scale(low, high, 1.0 if high < 1 else None) == pytest.approx(ends)


def test_what_is_unknown_breaks_the_line() -> None:
    assert len(draw(1, 2, None, 4, 5).findall(f"{SVG}polyline")) == 2
    assert [one.text for one in draw(1, 2).iter(f"{SVG}text")][-2:] == ["<0>", "<1>"]


def test_nothing_known_is_no_chart() -> None:
    assert line_chart([None, None], ["a", "b"], str, shaded=(0, 1)) == ""
