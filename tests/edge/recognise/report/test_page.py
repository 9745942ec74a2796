import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.recognise.measures import Seen
from edge.recognise.report.charts import reliability_file
from edge.recognise.report.page import Evaluation, page
from tests.edge.recognise.labelled import any_photo, row_of_boxes, said, seen
from tests.edge.recognise.report.evaluations import evaluation, pictures_for
from tests.edge.recognise.report.reading import Read, read

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>&amp;'</details>"


def shown(evaluation: Evaluation) -> Read:
    return read(page(evaluation, pictures_for(evaluation)))


def wrong_photo(*, count: int = 1, sku: str = "cola", path: str = "a.jpg") -> Seen:
    """Every facing is recognised as another SKU."""
    return seen(
        row_of_boxes(count),
        row_of_boxes(count),
        skus=[sku] * count,
        identities=[said("water")] * count,
        path=Path(path),
    )


@settings(max_examples=12)
@given(st.integers(0, 10_000))
def test_every_mistake_has_its_picture_and_the_headings_count_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    report = evaluation([any_photo(rng) for _ in range(4)])
    html = shown(report)
    assert len(html.all("img")) == len(report.mistakes)
    outcomes = report.figures["outcomes"]
    headed = [int(found) for found in re.findall(r"(\d+) (?:wrong SKU|unlisted|false facing|missed facing)", html.text)]
    assert headed == [outcomes[kind] for kind in ("wrong", "unlisted", "false", "missed")]
    assert sum(headed) == len(report.mistakes)


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.booleans())
def test_the_page_is_whole_whatever_was_found(seed: int, told: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    rng = np.random.default_rng(seed)
    html = shown(evaluation([any_photo(rng) for _ in range(2)], catalogue="drinks" if told else None))
    assert html.faults == []
    assert len(html.ids()) == len(set(html.ids()))
    targets = [link["href"].removeprefix("#") for link in html.all("a")]
    assert set(targets) <= set(html.ids())


NAMED = evaluation([wrong_photo()])


def test_names_are_text_wherever_they_stand() -> None:
    photos = [wrong_photo(sku=f"cola{HOSTILE}", path=HOSTILE.replace("/", "")), wrong_photo(path=f"{HOSTILE}.jpg")]
    html = shown(evaluation(photos, dataset=HOSTILE, catalogue=HOSTILE))
    plain = shown(evaluation([wrong_photo(sku="foreign"), wrong_photo()]))
    assert html.faults == []
    assert [tag for tag, _ in html.tags] == [tag for tag, _ in plain.tags]
    assert [set(attributes) for _, attributes in html.tags] == [set(attributes) for _, attributes in plain.tags]
    assert f"cola{HOSTILE}" in html.text
    assert any(HOSTILE.rpartition("/")[2] in image["alt"] for image in html.all("img"))


@given(st.text(st.characters(), min_size=1).map(lambda name: name.replace("/", "_").replace("\0", "_")))
def test_any_name_of_a_photograph_can_be_written_as_utf8(name: str) -> None:
    report = replace(NAMED, mistakes=[replace(NAMED.mistakes[0], photo=Path(name))])
    text = page(report, pictures_for(report)).encode("utf-8").decode("utf-8")
    assert read(text).faults == []
    assert not re.search("[\0-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_it_needs_nothing_from_outside_and_no_script() -> None:
    report = evaluation([wrong_photo(), seen(row_of_boxes(2), row_of_boxes(1, shift=200))], catalogue=None)
    html = shown(report)
    assert not html.all("script")
    assert not html.all("link")
    assert "http" not in page(report, pictures_for(report))
    assert all(re.fullmatch(r"pictures/\d{4}\.jpg", image["src"]) for image in html.all("img"))


def test_every_picture_says_what_it_shows_and_loads_when_it_is_looked_at() -> None:
    html = shown(evaluation([wrong_photo(path="aisle.jpg")]))
    (image,) = html.all("img")
    assert image["alt"] == "A facing of cola in aisle.jpg that was recognised as water"
    assert image["loading"] == "lazy"
    assert {"width", "height"} <= set(image)


def test_a_mistake_tells_what_was_said_with_which_score_and_what_is_true() -> None:
    text = " ".join(shown(evaluation([wrong_photo(path="aisle.jpg")])).text.split())
    assert "Saidwater (99.0 %)Boxa facing with 90.0 %Truecola" in text
    assert "Photoaisle.jpg" in text


def test_many_mistakes_of_a_kind_are_folded_into_groups_with_their_counts() -> None:
    few, many = shown(evaluation([wrong_photo(count=100)])), shown(evaluation([wrong_photo(count=101)]))
    assert "cola taken for water" not in few.text
    assert "cola taken for water: 101" in many.text
    assert len(many.all("details")) == len(few.all("details")) + 1


def test_a_missed_facing_says_why_where_that_is_known() -> None:
    faint = seen(row_of_boxes(1), row_of_boxes(1), scores=[0.25])
    beside = seen(row_of_boxes(1), row_of_boxes(1, shift=11))
    behind = Seen(faint.truth, seen(row_of_boxes(1), row_of_boxes(1)).found, np.zeros(1, np.bool_), None)
    text = shown(evaluation([faint, beside, behind], catalogue=None)).text
    assert "Seen with 25.0 %, but counted only from 50.0 %." in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "but taken to stand behind the front row." in text
    assert "The nearest counted box overlaps it by" in text


def test_right_but_unsure_is_a_count_and_no_picture() -> None:
    photo = seen(row_of_boxes(1), row_of_boxes(1), identities=[said("cola", "unsure")])
    html = shown(evaluation([photo]))
    assert "1right but unsure" in html.text
    assert not html.all("img")


def test_without_a_catalogue_only_finding_is_reported() -> None:
    html = shown(evaluation([seen(row_of_boxes(2), row_of_boxes(1))], catalogue=None))
    assert "1 missed facing" in html.text
    assert "SKU" not in html.text.replace("SKU not told", "")
    assert not html.all("svg")


@pytest.mark.parametrize("photos", [[], [seen(row_of_boxes(0), row_of_boxes(0), identities=[])]])
def test_nothing_to_measure_is_a_page_all_the_same(photos: list[Seen]) -> None:
    html = shown(evaluation(photos))
    assert html.faults == []
    assert "No found facing has a SKU in the labels." in html.text


def test_the_charts_are_drawn_inside_their_frame() -> None:
    text = page(report := evaluation([wrong_photo(), any_photo(np.random.default_rng(3))]), pictures_for(report))
    wide, tall = (float(size) for size in re.findall(r'viewBox="0 0 (\d+) (\d+)"', text)[0])
    lines = re.findall(r'points="([^"]+)"', text)
    points = [tuple(map(float, point.split(","))) for line in lines for point in line.split()]
    points += [(float(x), float(y)) for x, y in re.findall(r'cx="([-\d.]+)" cy="([-\d.]+)"', text)]
    assert points
    assert all(0 <= x <= wide and 0 <= y <= tall for x, y in points)


def test_the_chart_of_a_card_is_a_picture_of_its_own() -> None:
    bins = [{"score": 0.3, "right": 0.25, "count": 12}, {"score": 0.95, "right": 0.96, "count": 80}]
    root = ET.fromstring(reliability_file(bins))
    assert len([one for one in root.iter() if one.get("class") == "bin"]) == 2
