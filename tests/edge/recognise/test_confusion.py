from hypothesis import given
from hypothesis import strategies as st

from edge.recognise.confusion import confusion
from edge.recognise.measures import Judged
from tests.edge.recognise.labelled import SKUS, STATUSES, judged

FACINGS = st.builds(judged, st.sampled_from(SKUS), st.sampled_from(SKUS), st.sampled_from(STATUSES))


def test_a_wrong_sku_is_counted_by_what_was_said_and_how_surely() -> None:
    (cell,) = confusion([judged("cola", "water"), judged("cola", "water"), judged("cola", "water", "unsure")])
    assert (cell.truth, cell.said) == ("cola", "water")
    assert (cell.recognised, cell.unsure, cell.unknown, cell.facings) == (2, 1, 0, 3)


def test_the_most_frequent_confusion_stands_first_and_what_is_right_last() -> None:
    facings = [judged("cola", "cola")] * 5 + [judged("cola", "water")] + [judged("water", "juice")] * 2
    assert [(cell.truth, cell.said) for cell in confusion(facings)] == [
        ("water", "juice"),
        ("cola", "water"),
        ("cola", "cola"),
    ]


def test_products_that_the_catalogue_does_not_hold_are_marked() -> None:
    cells = confusion([judged("foreign", "cola", listed=False), judged("water", "cola")])
    assert {cell.truth: cell.listed for cell in cells} == {"foreign": False, "water": True}


@given(st.lists(FACINGS))
def test_every_facing_is_counted_once_whatever_their_order(facings: list[Judged]) -> None:
    cells = confusion(facings)
    assert sum(cell.facings for cell in cells) == len(facings)
    assert len({(cell.truth, cell.said) for cell in cells}) == len(cells)
    assert confusion(facings[::-1]) == cells
