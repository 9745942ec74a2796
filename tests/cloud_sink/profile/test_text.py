"""`sink profile` as a person reads it: every figure of the three portraits is on the page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cloud_sink.fleet.imports import import_file
from cloud_sink.fleet.settings import SinkConfig
from cloud_sink.profile.measure import Yardstick
from cloud_sink.profile.text.render import render
from cloud_sink.profile.whole import ask_whole
from cloud_sink.store.database import Database, writing
from cloud_sink.store.intake import take
from tests.cloud_sink.words import START, envelope, facing, fact, health, observed, traffic

if TYPE_CHECKING:
    from cloud_sink.fleet.stores import StoreBook

NOW = datetime(2026, 3, 20, tzinfo=UTC)
ZONE = {"zone": "front", "visits": 4, "dwell_seconds": 60, "occupancy_mean": 0.5, "occupancy_peak": 2, "loitering": 1}
CONTRACTS = b"contract,store,side,brand,facings,since,until\nc-7,s1,competitor,Rival Co.,2,2026-03-01,2026-03-31\n"


@pytest.fixture
def page(sqlite: Database, stores: StoreBook) -> list[str]:
    """The lines of a day of which everything is known, with a tag that holds."""
    told = [
        observed(1, [facing("cola"), facing("rival")], own=1, planned={"cola": 2}, gaps=1),
        traffic(2, START, fixture=None, into=5),
        traffic(3, START + timedelta(hours=1), fixture="f1", passers=20, stoppers=4, lines=[], zones=[ZONE]),
        envelope(4, "cooler.door.v1", {"fixture": "f1", "state": "opened"}),
        envelope(5, "cooler.door.v1", {"fixture": "f1", "state": "closed", "seconds_open": 7.5}),
        envelope(6, "cooler.status.v1", {"fixture": "f1", "cabinet_celsius": 4.0, "power": True}),
        health(7, 28),
    ]
    with writing(sqlite) as connection:
        take(connection, [fact(one) for one in told], [], stores=stores, received=NOW)
    import_file(sqlite, stores, {}, data=CONTRACTS, tenant="acme", kind="contracts", name="c.csv", by="test", now=NOW)
    yardstick = Yardstick.of(SinkConfig(tags={"mixed": "purity < 0.8", "full": "osa > 0.9"}))
    found = ask_whole(sqlite, stores, {}, yardstick, store="s1", day=date(2026, 3, 14), now=NOW, standing=True)
    console = Console(width=140)
    with console.capture() as capture:
        for part in render(found, found.standing):
            console.print(part)
    return [" ".join(line.split()) for line in capture.get().splitlines()]


@pytest.mark.parametrize(
    "line",
    [
        "footfall 5",
        "dwell 15.0 s",
        "door-open rate 5.0%",
        "peak hours 08:00",
        "08:00 5 - - 12.5%",
        "10:00 - - - 0.0%",
        "door openings 1",
        "open for 7.5 s",
        "cabinet 4.0 °C",
        "power 100.0%",
        "c-7 competitor Rival Co. anywhere 2026-03-01 2026-03-31 2",
        "mixed yes purity < 0.8",
        "purity 50.0% - - - - -",
        "score 81.9 - - - - -",
    ],
)
def test_every_figure_is_on_the_page(page: list[str], line: str) -> None:
    assert line in page


def test_the_grade_says_where_the_next_letter_begins(page: list[str]) -> None:
    (grade,) = [line for line in page if line.startswith("Grade")]
    assert "of 100 (A from 85); points to be had: " in grade
