"""Every figure of a month's profile is the one that counting the raw events gives, by a program of its own."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from cloud_sink.fleet.settings import load_config
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import Database, open_database, writing
from cloud_sink.store.intake import take
from tests.cloud_sink.conftest import SinkProcess
from tests.cloud_sink.profile.month import FIRST, LAST, NEVER, Event, month
from tests.cloud_sink.words import fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.contract.topics import Address

ROOT = Path(__file__).resolve().parents[3]
RECEIVED, NOW = datetime(2026, 3, 18, 11, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)
SKUS = [("cola", "Kol", "Own Co."), ("lime", "Lim", "Own Co."), ("water", "Kol", "Own Co."), ("rival", "Riv", "Riv.")]
CATALOGUE = {
    "name": "month",
    "skus": [
        {"id": sku, "name": sku.upper(), "brand": brand, "owner": owner, "category": "w" if sku == "water" else "soda"}
        for sku, brand, owner in SKUS
    ],
}
CONFIG = """\
database: {database}
catalogues: [{catalogue}]
stores:
  - tenant: acme
    id: s1
    name: Eck
    zone: Europe/Berlin
    hours: {{opens: "08:00", closes: "22:00", day_starts: "04:00"}}
    fixtures: [{{id: f2, own: [Own Co.]}}]
"""


@dataclass(frozen=True)
class Served:
    """A sink with the month in its database."""

    url: str
    database: Database
    folder: Path


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The month came in batches, out of order, doubled and contradicted, while somebody corrected it."""
    folder = tmp_path_factory.mktemp("month")
    (folder / "catalogue.yaml").write_text(yaml.safe_dump(CATALOGUE))
    url = f"sqlite:///{folder / 'sink.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").fresh()
    sink = SinkProcess(folder / "sink", config=CONFIG.format(database=url, catalogue=folder))
    sink.start()
    database = open_database(url)
    try:
        _tell(database, StoreBook(load_config(sink.folder / "sink.yaml").stores), sink.http)
        yield Served(sink.http, database, folder)
    finally:
        assert sink.stop() == 0
        database.dispose()


def _tell(database: Database, book: StoreBook, url: str) -> None:
    chance, told = random.Random(3), month()
    never = f"{date.fromisoformat(NEVER).toordinal():08x}"
    early = [one for one in told if one[1]["boot"] == never]
    rest = [one for one in told if one[1]["boot"] != never]
    chance.shuffle(rest)
    middle = len(rest) // 2
    send(database, book, early, RECEIVED)
    send(database, book, rest[:middle], NOW)
    correct(url, chance, 12)
    contradicted = [(device, event | {"type": "cooler.door.v1"} | OTHER) for device, event in rest[:30]]
    send(database, book, [*rest[middle - 50 :], *contradicted], NOW)
    correct(url, chance, 12)


OTHER: Event = {"data": {"fixture": "f1", "state": "opened"}}


def send(database: Database, book: StoreBook, told: list[tuple[Address, Event]], received: datetime) -> None:
    for start in range(0, len(told), 400):
        facts = [fact(event, device=device) for device, event in told[start : start + 400]]
        with writing(database) as connection:
            take(connection, facts, [], stores=book, received=received)


def correct(url: str, chance: random.Random, count: int) -> None:
    """Say of some facings that they are something else, nothing, or were missed."""
    with httpx.Client(base_url=url) as client:
        asked = {"tenant": "acme", "store": "s1", "type": "shelf.observed.v1"}
        query: dict[str, Any] = asked | {"since": str(FIRST), "until": str(LAST), "limit": 1000}
        lines = client.get("/api/v1/events", params=query).json()["events"]
        for line in chance.sample(lines, count):
            event = line["event"]
            key = {"device": line["device"], "epoch": event["epoch"], "seq": event["seq"]}
            said: Event = chance.choice(
                [{"says": "sku", "sku": chance.choice(["cola", "rival"])}, {"says": "unknown"}, {"says": "no_facing"}]
            )
            place: Event = {"facing": 0}
            if said["says"] != "no_facing" and chance.random() < 0.4:
                place = {"box": [0.02, 0.02, 0.09, 0.09], "shelf": 2, "position": 9}
            answer = client.post("/api/v1/corrections", params={"tenant": "acme"}, json=key | said | place)
            assert answer.status_code in {201, 422}, answer.text  # 422: it has no facing


def recount(served: Served, since: str, until: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "recount.py"), served.url, "s1", since, until, "--tenant", "acme"]
    options = ["--catalogue", str(served.folder), "--fixture", "f2"]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def test_the_count_knows_nothing_of_the_collector() -> None:
    files = [ROOT / "scripts" / "recount.py", *(ROOT / "scripts" / "kpis").glob("*.py")]
    assert len(files) > 5
    for path in files:
        taken = re.findall(r"^(?:from|import) (\w+)", path.read_text(), flags=re.MULTILINE)
        assert set(taken) <= {*sys.stdlib_module_names, "kpis", "yaml"}, path


@pytest.mark.parametrize(("since", "until"), [(str(FIRST), str(LAST)), ("2026-03-29", "2026-03-29")])
def test_every_figure_is_the_one_that_counting_gives(served: Served, since: str, until: str) -> None:
    done = recount(served, since, until)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 differ" in done.stdout
    assert int(done.stdout.split()[0]) > 300


def test_a_figure_that_is_wrong_is_named(served: Served) -> None:
    """A sum in the database that no event makes."""
    change = "UPDATE fixture_day SET gaps = gaps {} 1 WHERE day = '2026-03-15' AND fixture = 'f1' AND view = 'front'"
    with writing(served.database) as connection:
        connection.exec_driver_sql(change.format("+"))
    try:
        done = recount(served, "2026-03-15", "2026-03-15")
    finally:
        with writing(served.database) as connection:
            connection.exec_driver_sql(change.format("-"))
    assert done.returncode == 1
    assert "goods.kpis.occupancy: counted" in done.stdout
    assert "goods.kpis.facings.gaps: counted" in done.stdout
