"""Which planogram holds where and when."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import PlanogramError
from edge.contract.planogram import Planogram, Slot
from edge.contract.planogram_index import HeldPlanogram, PlanogramScope, check_days, read_planograms, resolve

CSV = "shelf,position,sku,facings\n1,1,cola,2\n"
SUMMER = {"season": "summer", "from": "2026-06-01", "to": "2026-08-31"}
JUNE, OCTOBER = date(2026, 6, 15), date(2026, 10, 1)


def held(name: str, **scope: object) -> HeldPlanogram:
    plan = Planogram(id=name, slots=(Slot(shelf=1, position=1, sku="cola", facings=2),))
    return HeldPlanogram(plan, PlanogramScope.model_validate({"file": f"{name}.csv", **scope}), Path(f"{name}.csv"))


def in_force(planograms: list[HeldPlanogram], model: str | None, channel: str | None, day: date) -> str | None:
    plan = resolve(planograms, model, channel, day)
    return None if plan is None else plan.id


ALL = [
    held("base"),
    held("summer", **SUMMER),
    held("slim", cooler_model="slim"),
    held("slim-summer", cooler_model="slim", **SUMMER),
    held("slim-kiosk-summer", cooler_model="slim", channel="kiosk", **SUMMER),
]


@pytest.mark.parametrize(
    ("model", "channel", "day", "plan"),
    [
        ("wide", "kiosk", OCTOBER, "base"),
        ("wide", "kiosk", JUNE, "summer"),
        ("slim", "market", OCTOBER, "slim"),
        ("slim", "market", JUNE, "slim-summer"),
        ("slim", "kiosk", JUNE, "slim-kiosk-summer"),
        (None, None, JUNE, "summer"),
        ("slim", None, date(2026, 5, 31), "slim"),
        ("slim", None, date(2026, 6, 1), "slim-summer"),
        ("slim", None, date(2026, 8, 31), "slim-summer"),
        ("slim", None, date(2026, 9, 1), "slim"),
    ],
)
def test_the_one_that_names_most_holds(model: str | None, channel: str | None, day: date, plan: str) -> None:
    assert in_force(ALL, model, channel, day) == plan


def test_a_plan_for_another_model_or_day_is_none() -> None:
    planograms = [held("slim", cooler_model="slim", **{"from": "2026-01-01", "to": "2026-01-31"})]
    assert in_force(planograms, "slim", None, date(2026, 1, 31)) == "slim"
    assert in_force(planograms, "wide", None, date(2026, 1, 31)) is None
    assert in_force(planograms, None, None, date(2026, 1, 31)) is None
    assert in_force(planograms, "slim", None, date(2026, 2, 1)) is None


def test_two_that_name_equally_much_are_told_by_name() -> None:
    planograms = [held("slim", cooler_model="slim"), held("kiosk", channel="kiosk")]
    assert in_force(planograms, "slim", "market", JUNE) == "slim"
    with pytest.raises(PlanogramError, match=r"slim\.csv and kiosk\.csv both hold on 2026-06-15"):
        resolve(planograms, "slim", "kiosk", JUNE)


def test_days_to_come_are_looked_at() -> None:
    planograms = [held("one", **{"from": "2030-01-01"}), held("two", to="2030-01-01")]
    assert in_force(planograms, None, None, JUNE) == "two"
    with pytest.raises(PlanogramError, match="2030-01-01"):
        check_days(planograms, None, None)


DAYS = st.integers(0, 20).map(lambda day: date(2026, 1, 1) + timedelta(days=day))
SCOPES = st.builds(
    lambda model, channel, days: {"cooler_model": model, "channel": channel, "from": min(days), "to": max(days)},
    st.sampled_from([None, "slim", "wide"]),
    st.sampled_from([None, "kiosk"]),
    st.tuples(DAYS, DAYS),
)


@given(st.lists(SCOPES, max_size=5), st.sampled_from([None, "slim"]), st.sampled_from([None, "kiosk"]))
def test_what_is_checked_for_all_days_resolves_on_each(
    scopes: list[dict[str, object]], model: str | None, channel: str | None
) -> None:
    planograms = [held(f"p{number}", **scope) for number, scope in enumerate(scopes)]
    days = [date(2025, 12, 31) + timedelta(days=day) for day in range(23)]

    def clash(day: date) -> bool:
        try:
            resolve(planograms, model, channel, day)
        except PlanogramError:
            return True
        return False

    clashes = any(clash(day) for day in days)
    try:
        check_days(planograms, model, channel)
        found = False
    except PlanogramError:
        found = True
    assert found == clashes


def test_a_folder_is_read_by_its_index(tmp_path: Path) -> None:
    for name in ("base", "summer"):
        (tmp_path / f"{name}.csv").write_text(CSV)
    (tmp_path / "planograms.yaml").write_text(
        "planograms:\n- file: base.csv\n- file: summer.csv\n  season: summer\n  from: 2026-06-01\n  to: 2026-08-31\n"
    )
    for path in (tmp_path, tmp_path / "planograms.yaml"):
        planograms = list(read_planograms(path))
        assert in_force(planograms, None, None, JUNE) == "summer"
        assert in_force(planograms, None, None, OCTOBER) == "base"


def test_a_single_file_always_holds(tmp_path: Path) -> None:
    (tmp_path / "base.csv").write_text(CSV)
    assert in_force(list(read_planograms(tmp_path / "base.csv")), "any", "any", date(1999, 1, 1)) == "base"


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ("planograms: []\n", "planograms"),
        (
            "planograms:\n- file: base.csv\n  form: 2026-01-01\n",
            "line 3: unknown key planograms.0.form (did you mean from?)",
        ),
        ("planograms:\n- file: base.csv\n  from: soon\n", "its first business day, YYYY-MM-DD"),
        ("planograms:\n- file: base.csv\n  from: 2026-02-01\n  to: 2026-01-01\n", "ends 2026-01-01, before it begins"),
        ("planograms:\n- file: base.csv\n  season: summer\n", "season summer has no days"),
        ("planograms:\n- file: base.csv\n- file: other.csv\n", "base.csv and other.csv hold for the same fixtures"),
        ("planograms:\n- file: none.csv\n", "none.csv: No such file"),
        ("planograms:\n- file: bad.csv\n", "bad.csv: line 2: column facings is '0'"),
    ],
)
def test_an_error_names_the_file_and_the_key(tmp_path: Path, index: str, said: str) -> None:
    (tmp_path / "base.csv").write_text(CSV)
    (tmp_path / "other.csv").write_text(CSV)
    (tmp_path / "bad.csv").write_text(CSV.replace("cola,2", "cola,0"))
    (tmp_path / "planograms.yaml").write_text(index)
    with pytest.raises(PlanogramError) as caught:
        read_planograms(tmp_path)
    assert said in str(caught.value)


def test_a_folder_without_an_index_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(PlanogramError, match=r"planograms\.yaml: No such file"):
        read_planograms(tmp_path)
