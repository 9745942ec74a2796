from __future__ import annotations

import pytest

from cloud_sink.analyses.matching import match
from cloud_sink.fleet.settings import Attribute, StoreSection
from cloud_sink.fleet.stores import StoreBook


def store(name: str, **more: str) -> StoreSection:
    return StoreSection.model_validate({"tenant": "acme", "id": name, "name": name, "zone": "UTC"} | more)


HUE, HANOI = {"channel": "kiosk", "city": "Hue"}, {"channel": "kiosk", "city": "Hanoi"}
BOOK = StoreBook(
    [
        *(store(name, **HUE) for name in ("p1", "c1", "c2")),
        *(store(name, **HANOI) for name in ("p2", "c3")),
        store("p3"),
        store("c4"),
        store("c5"),
    ]
)
ALL = {"c1", "c2", "c3", "c4", "c5", "undescribed"}


def matched(
    *treated: str, alike: tuple[Attribute, ...] = ("channel", "city")
) -> list[tuple[list[str], list[str], int]]:
    return [(one.stores, one.matched_by, len(one.matched)) for one in match(treated, ALL, BOOK, "acme", alike)]


def test_each_store_has_its_own_matched_ones() -> None:
    (found,) = match({"p1"}, ALL, BOOK, "acme", ["channel", "city"])
    assert (found.stores, found.matched_by, found.matched) == (["p1"], ["channel", "city"], ["c1", "c2"])


def test_the_last_words_are_given_up_where_too_few_agree() -> None:
    (found,) = match({"p2"}, ALL, BOOK, "acme", ["channel", "city"])
    assert (found.matched_by, found.matched) == (["channel"], ["c1", "c2", "c3"])


@pytest.mark.parametrize("name", ["p3", "nobody-described-it"])
def test_what_nobody_said_agrees_with_nothing(name: str) -> None:
    (found,) = match({name}, ALL, BOOK, "acme", ["channel", "city"])
    assert (found.matched_by, set(found.matched)) == ([], ALL)


def test_stores_with_the_same_matched_ones_are_told_together() -> None:
    found = match({"p1", "p2", "p3", "other"}, ALL, BOOK, "acme", ["city"])
    assert [(one.stores, one.matched_by) for one in found] == [(["other", "p2", "p3"], []), (["p1"], ["city"])]
