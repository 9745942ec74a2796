from __future__ import annotations

from typing import Any, get_args

import pytest

from cloud_sink.tasks.course import FOLLOWS, OVER, Kind, State, is_shown_done
from edge.contract.payloads import ShelfObserved
from tests.cloud_sink.words import facing, observed


def seen(*facings: dict[str, Any], **more: Any) -> ShelfObserved:
    return ShelfObserved.model_validate(observed(1, list(facings))["data"] | more)


MISSING = {"kind": "missing", "sku": "cola-330", "shelf": 1, "position": 1, "planned": 2}


@pytest.mark.parametrize(
    ("kind", "sku", "look", "done"),
    [
        ("refill", "cola-330", seen(facing("cola-330")), True),
        ("refill", "cola-330", seen(facing("tea-500")), False),
        ("refill", "cola-330", seen(facing("cola-330", status="unsure")), False),
        ("remove_foreign", "", seen(facing("cola-330")), True),
        ("reset_planogram", "", seen(facing("tea-500")), True),
        ("reset_planogram", "", seen(facing("tea-500"), deviations=[MISSING]), False),
        ("reset_planogram", "tea-500", seen(facing("tea-500"), deviations=[MISSING]), True),
        ("repair_camera", "", seen(), True),
    ],
)
def test_a_capture_shows_what_was_done(kind: Kind, sku: str, look: ShelfObserved, done: bool) -> None:  # noqa: FBT001
    assert is_shown_done(kind, sku, look) is done


def test_a_foreign_facing_that_is_left_is_not_removed() -> None:
    look = seen(facing("other"))
    kpis = look.kpis.model_copy(update={"own": 0, "foreign": 1})
    assert not is_shown_done("remove_foreign", "", look.model_copy(update={"kpis": kpis}))


def test_every_state_is_in_the_table_and_a_dropped_task_goes_nowhere() -> None:
    states = set(get_args(State))
    assert set(FOLLOWS) == states
    assert {after for follows in FOLLOWS.values() for after in follows} <= states
    assert FOLLOWS["dropped"] == ()
    assert states >= OVER
