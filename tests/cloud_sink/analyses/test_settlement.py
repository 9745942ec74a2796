from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.analyses.settlement import UnknownContract, ask_settlement, rounded, state_of
from cloud_sink.analyses.settlement_file import documents, write
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import writing
from cloud_sink.store.intake import take
from edge.contract.catalogue import Sku
from edge.contract.topics import Address
from tests.cloud_sink.analyses.shops import CAPTURES, NOW, PRODUCTS, days_from, described, load, tell
from tests.cloud_sink.words import facing, fact, health, observed

if TYPE_CHECKING:
    from cloud_sink.analyses.settlement_model import DisplayLine, Settlement
    from cloud_sink.store.database import Database

CONFIG = described({"s1": "Hue"})
BOOK = StoreBook(CONFIG.stores)
FIRST = date(2026, 3, 1)
DAYS = days_from(FIRST, 10)
HEAD = "contract,store,fixture,side,brand,facings,since,until,fee,currency\n"
USUAL = "c1,s1,f1,own,Kol,4,2026-01-01,2026-03-10,310,EUR\n"


def facings(_: str, day: date) -> dict[str, int] | None:
    """Four on most days, two on two of them, and one day unseen."""
    return None if day == DAYS[4] else {"cola": 2 if day in DAYS[:2] else 4, "lime": 1}


def settled(database: Database, line: str, *, now: datetime = NOW) -> Settlement:
    tell(database, BOOK, ["s1"], DAYS, facings)
    load(database, BOOK, "contracts", HEAD + line)
    return ask(database, now=now)


def ask(database: Database, *, now: datetime = NOW) -> Settlement:
    return ask_settlement(database, BOOK, PRODUCTS, tenant="acme", contract="c1", month=FIRST, now=now)


def test_what_stood_is_set_against_what_was_paid_for(database: Database) -> None:
    found = settled(database, USUAL)
    (line,) = found.lines
    assert (found.final, line.skus) == (True, ["cola"])
    assert (line.days_in_force, line.days_seen, line.days_stood, line.days_short, line.days_unclear) == (10, 9, 7, 2, 0)
    assert line.completeness == 0.9
    assert line.attained == line.attained_at_most == rounded(Fraction(8, 9), 6)
    assert line.due == line.due_at_most == rounded(310 * Fraction(888889, 1000000) * Fraction(10, 31), 2)
    unseen = line.days[4]
    assert (unseen.state, unseen.captures, unseen.due, unseen.facings) == ("unseen", 0, CAPTURES, None)
    assert unseen.photograph is None
    shown = line.days[0]
    assert (shown.state, shown.facings, shown.photograph, shown.device) == ("short", 2, "01" * 32, "d0")
    assert shown.event is not None


def unpacked(found: Settlement, **photographs: bytes) -> dict[str, bytes]:
    out = io.BytesIO()
    write(out, found, PRODUCTS, photographs.get)
    with zipfile.ZipFile(out) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_both_sides_can_check_the_file(database: Database) -> None:
    """With a hash and a spreadsheet, and nothing of ours."""
    found = settled(database, USUAL)
    files = unpacked(found)
    assert hashlib.sha256(files["SHA256SUMS"]).hexdigest() == found.sha256
    sums = [line.split("  ") for line in files.pop("SHA256SUMS").decode().splitlines()]
    assert {name: sha256 for sha256, name in sums} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    assert "half of the days in force" in files["RULES.txt"].decode()
    days = list(csv.DictReader(io.StringIO(files["days.csv"].decode())))
    (line,) = csv.DictReader(io.StringIO(files["lines.csv"].decode()))
    assert [row["day"] for row in days] == [str(day) for day in DAYS]
    seen = [row for row in days if row["state"] != "unseen"]
    shares = [min(Fraction(1), Fraction(row["facings"]) / int(row["paid_facings"])) for row in seen]
    assert line["attained"] == f"{float(sum(shares) / len(shares)):.6f}"
    due = Fraction(line["fee"]) * Fraction(line["attained"]) * len(days) / 31
    assert line["due"] == f"{float(due):.2f}"
    assert [row["state"] for row in seen] == [
        "stood" if Fraction(row["facings"]) + Fraction(1, 2) >= 4 else "short" for row in seen
    ]
    (product,) = csv.DictReader(io.StringIO(files["products.csv"].decode()))
    assert (product["sku"], product["gtin"]) == ("cola", "9520000000004")


def test_the_same_facts_make_the_same_bytes(database: Database) -> None:
    found = settled(database, USUAL)
    one, other = io.BytesIO(), io.BytesIO()
    assert write(one, found, PRODUCTS) == write(other, ask(database, now=NOW + timedelta(days=9)), PRODUCTS) == 0
    assert one.getvalue() == other.getvalue()


def test_photographs_that_are_kept_are_in_it_and_change_no_sum(sqlite: Database) -> None:
    content = b"\xff\xd8\xff a shelf"
    name = hashlib.sha256(content).hexdigest()
    found = settled(sqlite, USUAL)
    day = found.lines[0].days[0].model_copy(update={"photograph": name})
    line = found.lines[0].model_copy(update={"days": [day, *found.lines[0].days[1:]]})
    found = found.model_copy(update={"lines": [line]})
    files = unpacked(found, **{name: content})
    assert files[f"photographs/{name}.jpg"] == content
    assert sum(one.startswith("photographs/") for one in files) == 1
    assert files["SHA256SUMS"] == documents(found, PRODUCTS)["SHA256SUMS"]


@pytest.mark.parametrize(
    ("sure", "unsure", "state"),
    [
        ("4", "0", "stood"),
        ("3.5", "0", "stood"),
        ("3.499", "0", "short"),
        ("3.4", "0.1", "unclear"),
        ("0", "9", "unclear"),
    ],
)
def test_a_half_is_rounded_upward_and_unsure_is_unclear(sure: str, unsure: str, state: str) -> None:
    assert state_of(4, Fraction(sure), Fraction(unsure)) == state


class Told:
    """Single captures of a store on one day."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.events: list[dict[str, Any]] = []

    def capture(self, day: date, standing: list[dict[str, Any]], **more: Any) -> None:
        at = datetime(day.year, day.month, day.day, 10, tzinfo=UTC) + timedelta(minutes=len(self.events))
        device = Address("acme", "s1", "d0")
        self.events.append(observed(len(self.events) + 1, standing, at=at, device=device, **more))

    def due(self, day: date, count: int, fixture: str = "f1") -> None:
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        device = Address("acme", "s1", "d0")
        self.events.append(health(len(self.events) + 1, count, day=str(day), fixture=fixture, at=at, device=device))

    def line(self, contract: str = "c1,s1,,own,Kol,2,2026-03-01,2026-03-02,62,EUR\n") -> DisplayLine:
        device = Address("acme", "s1", "d0")
        with writing(self.database) as connection:
            take(connection, [fact(one, device=device) for one in self.events], [], stores=BOOK, received=NOW)
        load(self.database, BOOK, "contracts", HEAD + contract)
        (line,) = ask(self.database).lines
        return line


COLA = facing("cola")


def test_a_day_on_which_one_of_the_fixtures_was_blind_is_unseen(sqlite: Database) -> None:
    told = Told(sqlite)
    for day in DAYS[:3]:
        told.capture(day, [COLA, COLA] if day == DAYS[1] else [], fixture="f1")
        if day != DAYS[1]:
            told.capture(day, [COLA, COLA], fixture="f2")
    line = told.line()
    assert [day.state for day in line.days] == ["stood", "unseen"]
    assert (line.days_seen, line.attained) == (1, 1)


def test_a_fixture_that_came_later_makes_no_day_before_unseen(sqlite: Database) -> None:
    told = Told(sqlite)
    told.capture(DAYS[0], [COLA, COLA], fixture="f1")
    told.capture(DAYS[1], [COLA], fixture="f1")
    told.capture(DAYS[1], [], fixture="f2")
    assert [day.state for day in told.line().days] == ["stood", "short"]


def test_a_day_with_less_than_half_of_the_captures_due_is_unseen(sqlite: Database) -> None:
    told = Told(sqlite)
    for day, count in zip(DAYS[:2], (2, 1), strict=True):
        told.due(day, 4)
        for _ in range(count):
            told.capture(day, [COLA, COLA])
    line = told.line()
    assert [day.state for day in line.days] == ["stood", "unseen"]
    assert (line.days[1].kept, line.days[1].due, line.completeness) == (1, 4, rounded(Fraction(3, 8), 6))


def test_what_could_be_the_brands_is_neither_there_nor_missing(sqlite: Database) -> None:
    told = Told(sqlite)
    told.capture(DAYS[0], [COLA, facing("cola", status="unsure")])
    told.capture(DAYS[1], [COLA, facing(None, status="unsure"), facing("lime", status="unsure")])
    line = told.line()
    assert [(day.state, day.unsure) for day in line.days] == [("unclear", 1), ("unclear", 1)]
    assert (line.attained, line.attained_at_most) == (0.5, 1)
    assert (line.due, line.due_at_most) == (2, 4)


def test_means_are_exact_to_thousandths(sqlite: Database) -> None:
    told = Told(sqlite)
    for count in (1, 1, 0):
        told.capture(DAYS[0], [COLA] * count)
    assert told.line().days[0].facings == 0.667


def test_a_whole_store_and_an_owner_of_brands_may_be_paid_for(sqlite: Database) -> None:
    (line,) = settled(sqlite, "c1,s1,,competitor,Own Co.,5,2026-03-01,2026-03-10,99,EUR\n").lines
    assert (line.days_stood, line.skus) == (7, ["cola", "lime"])
    assert (line.fee, line.due) == (99, None)  # a competitor's money is not ours to settle


def test_days_that_are_not_over_are_not_settled(sqlite: Database) -> None:
    """The business day of the 6th ends at four in the morning of the 7th."""
    line = "c1,s1,f1,own,Kol,4,2026-01-01,2026-12-31,100,EUR\n"
    found = settled(sqlite, line, now=datetime(2026, 3, 7, 3, 59, tzinfo=UTC))
    assert (found.final, found.lines[0].days_in_force) == (False, 5)
    assert ask(sqlite, now=datetime(2026, 3, 7, 4, tzinfo=UTC)).lines[0].days_in_force == 6
    early = ask(sqlite, now=datetime(2026, 3, 1, 12, tzinfo=UTC)).lines[0]
    assert (early.days_in_force, early.too_little, early.due) == (0, "no day of it is over yet", None)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("c1,s1,f1,own,Kol,4,2026-03-01,2026-03-31,100,EUR\n", "9 of 31 days were seen; half of them are needed"),
        ("c1,s1,f9,own,Kol,4,2026-03-01,2026-03-31,100,EUR\n", "0 of 31 days were seen"),
        ("c1,s1,f1,own,Nobody,4,2026-03-01,2026-03-10,100,EUR\n", "no catalogue has a brand or owner Nobody"),
    ],
)
def test_too_little_is_said_and_nothing_is_due(sqlite: Database, line: str, why: str) -> None:
    (found,) = settled(sqlite, line, now=NOW + timedelta(days=30)).lines
    assert (found.attained, found.due) == (None, None)
    assert found.too_little is not None
    assert why in found.too_little


def test_no_cell_is_a_formula(sqlite: Database) -> None:
    product = Sku(id="x", name="=cmd()", brand="=Kol", owner="+Own", category="soda")
    load(sqlite, BOOK, "contracts", HEAD + "c1,s1,f1,own,=Kol,4,2026-03-01,2026-03-31,,\n")
    told = {"tenant": "acme", "contract": "c1"}
    found = ask_settlement(sqlite, BOOK, {"x": product}, **told, month=FIRST, now=NOW)
    for name in ("lines.csv", "products.csv"):
        for row in csv.reader(io.StringIO(documents(found, {"x": product})[name].decode())):
            assert not any(cell.startswith(("=", "+")) for cell in row)


def test_a_contract_that_does_not_hold_is_said(sqlite: Database) -> None:
    load(sqlite, BOOK, "contracts", HEAD + "c2,s1,f1,own,Kol,4,2026-03-01,2026-03-31,,\n")
    with pytest.raises(UnknownContract, match=r"no contract c1 in 2026-03 \(in that month hold: c2\)"):
        ask(sqlite)
