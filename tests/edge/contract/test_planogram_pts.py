"""Planograms in PTS: how bays, shelves and positions become ours, and what an error says."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.contract.errors import PlanogramError
from edge.contract.planogram import parse_planogram, write_planogram
from edge.contract.planogram_pts import NAMES, parse_pts, plan_from_pts, read_pts

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.planogram_pts import Imported

COLA, LIME, WATER = "9521234500018", "9521234500025", "9521234500032"
V1 = "共通棚割情報,V1.0,IC\n夏の棚\n"
PLACEMENT = "棚台番号,棚段番号,棚位置,商品コード,フェース数,フェース面,フェース回転,積上数,陳列種別\n"
V2_SIZES = """台番号,台高さ,台幅,台奥行,台名称
1,1800,900,450,左
2,1800,900,450,右
台番号,棚段番号,棚高さ,棚幅,棚奥行,棚厚さ,棚種別
1,1,100,900,450,20,0
1,2,500,900,450,20,0
2,1,100,900,450,20,0
2,2,500,900,450,20,0
"""


def imported(text: str, **more: object) -> Imported:
    return plan_from_pts(parse_pts(text, name="plan.csv"), name="plan.csv", plan_id="plan", **more)  # type: ignore[arg-type]


def slots(text: str, **more: object) -> list[tuple[int, int, str, int]]:
    return [(slot.shelf, slot.position, slot.sku, slot.facings) for slot in imported(text, **more).plan.slots]


def test_bays_side_by_side_are_one_row_of_positions_on_each_shelf() -> None:
    rows = f"2,1,1,{LIME},1\n1,1,2,{COLA},3\n1,1,1,{WATER},2\n2,1,5,{COLA},4\n1,2,1,{LIME},2\n"
    assert slots(V1 + PLACEMENT + rows) == [
        (1, 1, WATER, 2),
        (1, 2, COLA, 3),
        (1, 3, LIME, 1),
        (1, 4, COLA, 4),
        (2, 1, LIME, 2),
    ]


def test_units_stacked_on_others_are_no_facings() -> None:
    assert slots(V1 + PLACEMENT + f"1,1,1,{COLA},3,1,1,4,1\n") == [(1, 1, COLA, 3)]


def test_the_sizes_of_the_second_version_are_read_beside_the_placement() -> None:
    text = V1.replace("V1.0", "V2.0") + V2_SIZES + PLACEMENT.replace("棚台番号", "台番号") + f"2,2,1,{COLA},3\n"
    assert slots(text) == [(2, 1, COLA, 3)]
    assert imported(text).notes == ()


def test_a_shelf_at_another_height_in_the_next_bay_is_told() -> None:
    sizes = V2_SIZES.replace("2,2,500", "2,2,700")
    text = V1.replace("V1.0", "V2.0") + sizes + PLACEMENT + f"2,2,1,{COLA},3\n"
    (note,) = imported(text).notes
    assert "shelf 2 stands at 500 mm in bay 1 and at 700 mm in bay 2" in note


def test_in_the_third_version_products_on_and_behind_others_are_left_out_and_told() -> None:
    text = V1.replace("V1.0", "V3.0") + PLACEMENT + f"1,1,1,{COLA},3\n1,1,1,{LIME},3\n"
    assert slots(text) == [(1, 1, COLA, 3)]
    assert imported(text).notes == ("1 products stand on or behind others and are no facings",)


def test_gtins_become_skus_of_the_catalogue_whatever_their_length() -> None:
    rows = f"1,1,1,{COLA},1\n1,1,2,0{LIME},1\n1,1,3,water-05,1\n"
    sku_of = {COLA.zfill(14): "cola-can", LIME.zfill(14): "lime-can"}
    found = slots(V1 + PLACEMENT + rows, sku_of=sku_of, skus=["water-05"])
    assert [sku for _, _, sku, _ in found] == ["cola-can", "lime-can", "water-05"]


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig"])
def test_shift_jis_and_utf8_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "plan.csv"
    path.write_bytes((V1 + PLACEMENT + f"1,1,1,{COLA},3\n").replace("\n", "\r\n").encode(encoding))
    assert read_pts(path).places[0].code == COLA


def test_full_width_digits_are_digits() -> None:
    assert slots(V1 + PLACEMENT + f"\uff11,\uff11,1,{COLA},\uff13\n") == [(1, 1, COLA, 3)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: column 1 is not"),
        ("shelf,position,sku,facings\n", "line 1: column 1 is not"),
        ("共通棚割情報,V4.0\n", "line 1: column 2: version 'V4.0' is not known"),
        (V1, "no placement section"),
        (V1 + PLACEMENT, "no lines"),
        (V1 + "棚台番号,棚段番号,棚位置,商品コード\n", "line 3: column フェース数 (facings) is missing"),
        (V1 + PLACEMENT + f"1,1,1,{COLA},two\n", "line 4: column フェース数 (facings) is 'two'"),
        (V1 + PLACEMENT + f"1,1,1,{COLA},0\n", "line 4: column フェース数 (facings) is '0'"),
        (V1 + PLACEMENT + f"1,1,1,{COLA}\n", "line 4: column フェース数 (facings) is empty"),
        (V1 + PLACEMENT + f"1,1,1,{COLA},1\n,1,2,{COLA},1\n", "line 5: column 棚台番号 (bay) is empty"),
        (V1 + PLACEMENT + "1,1,1,,1\n", "line 4: column 商品コード (code) is empty"),
        (
            V1 + PLACEMENT + "1,1,1,9521234500019,1\n",
            "line 4: column 商品コード (code): GTIN 9521234500019 has a wrong",
        ),
        (V1 + PLACEMENT + "1,1,1,9.52E+12,1\n", "line 4: column 商品コード (code): is '9.52E+12'"),
        (V1 + PLACEMENT + f"1,1,1,{COLA},1\n1,1,1,{LIME},1\n", "line 5: bay 1 shelf 1 position 1 is planned twice"),
        (
            V1.replace("V1.0", "V2.0") + V2_SIZES + PLACEMENT + f"1,3,1,{COLA},1\n",
            "line 12: bay 1 has no shelf 3 in the section of the shelves",
        ),
    ],
)
def test_an_error_names_file_line_and_column(text: str, said: str) -> None:
    with pytest.raises(PlanogramError) as caught:
        imported(text)
    assert str(caught.value).startswith("plan.csv: ")
    assert said in str(caught.value)


def test_a_gtin_that_the_catalogue_does_not_know_is_told() -> None:
    with pytest.raises(PlanogramError, match=f"line 4: .*GTIN {COLA} belongs to no SKU"):
        imported(V1 + PLACEMENT + f"1,1,1,{COLA},1\n", sku_of={})


NAMED = [written for names in NAMES.values() for written in names]
ODD = [
    "共通棚割情報",
    "V1.0",
    "V2.0",
    "V3.0",
    "1",
    "2",
    "0",
    "-1",
    COLA,
    "999",
    "1e9",
    '"',
    "\r",
    "台幅",
    "\xb2",
    "\uff11",
    "",
]
PIECES = st.sampled_from([*NAMED, *ODD])
CELLS = st.one_of(PIECES, st.text(max_size=6))
ROWS = st.lists(CELLS, max_size=8).map(",".join)
FILES = st.lists(ROWS, max_size=12).map("\n".join)


@given(st.one_of(FILES, FILES.map(lambda rows: V1 + PLACEMENT + rows), st.text()))
@example(V1 + PLACEMENT + "1,1,1," + "9" * 200_000 + ",1\n")
@example(V1 + PLACEMENT + "".join(f"1,{n % 50 + 1},{n // 50 + 1},{COLA},1\n" for n in range(5001)))
def test_no_text_makes_it_crash_and_what_is_made_can_be_read_again(text: str) -> None:
    with contextlib.suppress(PlanogramError):
        plan = imported(text).plan
        assert parse_planogram(write_planogram(plan), name="out.csv", plan_id="plan") == plan


@given(st.one_of(FILES, FILES.map(lambda rows: "shelf,position,sku,facings,width_mm\n" + rows), st.text()))
def test_no_text_makes_our_own_csv_crash(text: str) -> None:
    with contextlib.suppress(PlanogramError):
        assert parse_planogram(text, name="plan.csv", plan_id="plan").slots
