"""Planograms from CSV: what is read, and what an error says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import PlanogramError
from edge.contract.planogram import Planogram, Slot, faults_of, parse_planogram, read_planogram, write_planogram

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "shelf,position,sku,facings,width_mm\n2,1,lime-can,3,66\n1,2,cola-can,2,\n1,1,cola-can,4,66\n"


def test_slots_come_in_order_of_shelf_and_position() -> None:
    plan = parse_planogram(GOOD, name="plan.csv", plan_id="plan")
    assert [(slot.shelf, slot.position, slot.facings) for slot in plan.slots] == [(1, 1, 4), (1, 2, 2), (2, 1, 3)]
    assert plan.facings_by_sku == {"cola-can": 6, "lime-can": 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: column shelf is missing"),
        ("shelf,position,sku\n", "line 1: column facings is missing"),
        ("shelf,position,sku,facings,colour\n", "line 1: unknown column 'colour'"),
        ("shelf,position,sku,facings\n", "no slots"),
        ("shelf,position,sku,facings\n1,1,cola,two\n", "line 2: column facings is 'two'"),
        ("shelf,position,sku,facings\n1,1,cola,1\n\n0,1,cola,1\n", "line 4: column shelf is '0'"),
        ("shelf,position,sku,facings\n1,1,,1\n", "line 2: column sku is empty"),
        ("shelf,position,sku,facings\n1,1,a,1\n1,1,b,1\n", "line 3: shelf 1 position 1 is planned twice"),
        ("shelf,position,sku,facings,width_mm\n1,1,a,1,nan\n", "line 2: column width_mm is 'nan'"),
    ],
)
def test_an_error_names_file_line_and_column(text: str, said: str) -> None:
    with pytest.raises(PlanogramError) as caught:
        parse_planogram(text, name="plan.csv", plan_id="plan")
    assert str(caught.value).startswith("plan.csv: ")
    assert said in str(caught.value)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "summer.csv"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_planogram(path).id == "summer"


def test_a_file_that_is_not_utf8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "summer.csv"
    path.write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(PlanogramError, match="UTF-8"):
        read_planogram(path)


def test_every_fault_of_a_file_is_told_by_its_line() -> None:
    text = "shelf,position,sku,facings\n1,1,cola,2\n0,2,tea,1\n1,1,water,1\n2,1,juice,none\n"
    assert [fault.what.partition(":")[2].split(" ")[1:3] for fault in faults_of(text, name="plan.csv")] == [
        ["line", "3:"],
        ["line", "4:"],
        ["line", "5:"],
    ]
    assert faults_of("shelf,position,sku,facings\n1,1,cola,2\n", name="plan.csv") == []
    assert [fault.what for fault in faults_of("", name="plan.csv")] == ["plan.csv: line 1: column shelf is missing"]


@given(
    st.lists(
        st.builds(
            Slot,
            shelf=st.integers(1, 50),
            position=st.integers(1, 500),
            sku=st.sampled_from(["cola", "tea-500", "water_1.5"]),
            facings=st.integers(1, 200),
            width_mm=st.none() | st.floats(1, 5000).map(lambda width: round(width, 2)),
        ),
        min_size=1,
        max_size=30,
        unique_by=lambda slot: (slot.shelf, slot.position),
    )
)
def test_what_is_written_is_read_again(slots: list[Slot]) -> None:
    plan = Planogram(id="plan", slots=tuple(sorted(slots, key=lambda slot: (slot.shelf, slot.position))))
    assert parse_planogram(write_planogram(plan), name="plan.csv", plan_id="plan") == plan
