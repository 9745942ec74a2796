"""The planogram in force: by business day, and what becomes of what is planned no more."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.contract.business_day import Clockwork
from edge.contract.config import FixtureSection
from edge.contract.planogram_index import read_planograms
from edge.device.plan import Plan, Plans
from edge.device.stockouts import follow_stockouts
from edge.shelf.evidence import Evidence
from tests.edge.device.floor import replay

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "configs" / "demo"
INDEX = """\
planograms:
- file: march.csv
  cooler_model: slim
  to: 2026-03-14
- file: april.csv
  cooler_model: slim
  from: 2026-03-15
"""


def two_plans(folder: Path) -> Path:
    """The demo's planogram until 14 March, and from then on one without its bottom shelf."""
    folder.mkdir()
    lines = (DEMO / "planogram.csv").read_text().splitlines(keepends=True)
    (folder / "march.csv").write_text("".join(lines))
    (folder / "april.csv").write_text("".join(line for line in lines if not line.startswith("1,")))
    (folder / "planograms.yaml").write_text(INDEX)
    return folder


def test_the_plan_turns_at_the_start_of_its_first_day(tmp_path: Path) -> None:
    lasting = Plan(owner_of={}, own=frozenset({"us"}))
    plans = Plans(lasting, read_planograms(two_plans(tmp_path / "plans")), "slim")
    assert plans.on(date(2026, 3, 14)).planogram == "march"
    april = plans.on(date(2026, 3, 15))
    assert (april.planogram, april.own) == ("april", frozenset({"us"}))
    assert {slot.shelf for slot in april.slots} == {slot.shelf for slot in plans.on(date(2026, 3, 14)).slots} - {1}


def test_where_no_plan_holds_nothing_is_planned(tmp_path: Path) -> None:
    plans = Plans(Plan(must_stock=("cola",)), read_planograms(two_plans(tmp_path / "plans")), "wide")
    assert plans.on(date(2026, 3, 14)) == Plan(must_stock=("cola",))


def test_the_agent_changes_its_plan_with_the_business_day_and_not_with_the_calendar(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    # A business day begins at 04:00: the second picture still belongs to the 14th.
    taken = {"08-00": "2026-03-14T21-00-00", "08-20": "2026-03-15T02-00-00", "08-40": "2026-03-15T05-00-00"}
    for picture, moment in taken.items():
        shutil.copy(DEMO / "frames" / f"2026-03-14T{picture}-00.jpg", frames / f"{moment}.jpg")
    events = replay(
        {
            "cameras": [
                {
                    "id": "cam-1",
                    "fixture": "cooler-1",
                    "source": {"kind": "folder", "path": frames, "times": "names", "simulated": True},
                }
            ],
            "fixtures": [
                {
                    "id": "cooler-1",
                    "catalogue": ROOT / "configs" / "catalogues" / "demo",
                    "planogram": two_plans(tmp_path / "plans"),
                    "cooler_model": "slim",
                }
            ],
        },
        tmp_path,
    )
    seen = [event["data"] for event in events if event["type"] == "shelf.observed.v1"]
    assert [one["versions"]["planogram"] for one in seen] == ["march", "march", "april"]
    dropped = set(seen[0]["planned"]) - set(seen[2]["planned"])
    assert dropped
    assert seen[2]["kpis"]["compliance"]["facings"]["whole"] < seen[1]["kpis"]["compliance"]["facings"]["whole"]


def test_a_stock_out_of_a_plan_that_ended_without_another_is_closed() -> None:
    fixture = FixtureSection.model_validate({"id": "cooler-1", "stockout": {"captures": 1, "minutes": 0}})
    clockwork = Clockwork(ZoneInfo("UTC"), time(4), time(8), time(22))

    def follow(
        remembered: dict[str, object] | None, evidence: Evidence | None, minute: int
    ) -> tuple[list[str], dict[str, object] | None]:
        at = datetime(2026, 3, 14, 9, minute, tzinfo=UTC)
        told, state = follow_stockouts(
            remembered, evidence, at=at, capture=f"c-{minute}", fixture=fixture, clockwork=clockwork
        )
        return [type(event).__name__ for event in told], state

    def evidence(seen: int) -> Evidence:
        return Evidence(planned={"cola": 1}, seen={"cola": seen}, unsure={}, hidden=frozenset())

    _, state = follow(None, evidence(1), 0)
    told, state = follow(state, evidence(0), 1)
    assert told == ["StockoutOpened"]
    told, state = follow(state, None, 2)
    assert told == ["StockoutClosed"]
    assert follow(state, None, 3)[0] == []
