"""Files that people import: all of one or nothing of it, every fault with its line and column, and once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.fleet.imports import KINDS, MODELS, ImportReport, import_file
from cloud_sink.fleet.lines import UnitsLine, columns, read_lines
from cloud_sink.fleet.master import stores_of
from cloud_sink.store import master, units
from cloud_sink.store.database import Database, reading
from edge.contract.catalogue import Sku

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.fleet.stores import StoreBook

NOW = datetime(2026, 3, 20, tzinfo=UTC)
COLA, OTHER = "9520000000004", "9520000000011"
PRODUCTS = {"cola": Sku(id="cola", name="Cola", brand="Kol", owner="Own Co.", gtin=COLA)}
SALES = f"store,date,gtin,units,amount\ns1,2026-03-14,{COLA},3,36000\ns1,2026-03-15,{COLA},2.5,\n"


def load(database: Database, stores: StoreBook, text: str | bytes, kind: Any = "sales", **more: Any) -> ImportReport:
    data = text.encode() if isinstance(text, str) else text
    told: dict[str, Any] = {"tenant": "acme", "kind": kind, "name": "file.csv", "data": data, "by": "me", "now": NOW}
    return import_file(database, stores, PRODUCTS, **told, **more)


def daily(database: Database, kind: str = "sales") -> dict[tuple[str, str], dict[date, float]]:
    with reading(database) as connection:
        return units.daily(connection, "acme", kind, date(2026, 1, 1), date(2026, 12, 31))


def test_units_are_kept_by_store_day_and_gtin(database: Database, stores: StoreBook) -> None:
    report = load(database, stores, SALES)
    assert (report.lines, report.faults, report.unmatched, report.repeated) == (2, [], [], False)
    assert daily(database) == {("s1", f"0{COLA}"): {date(2026, 3, 14): 3, date(2026, 3, 15): 2.5}}
    assert daily(database, "deliveries") == {}


def test_the_same_file_again_changes_nothing(database: Database, stores: StoreBook) -> None:
    load(database, stores, SALES)
    load(database, stores, SALES.replace(",3,36000", ",4,48000"))
    again = load(database, stores, SALES)
    assert (again.repeated, again.repeated_at, again.lines) == (True, NOW.isoformat(), 0)
    assert daily(database)["s1", f"0{COLA}"][date(2026, 3, 14)] == 4
    assert load(database, stores, SALES, "deliveries").repeated is False  # as another kind it is another file


def test_a_corrected_line_takes_the_place_of_the_one_before(database: Database, stores: StoreBook) -> None:
    load(database, stores, SALES)
    report = load(database, stores, SALES.replace(",3,36000", ",4,48000"))
    assert (report.lines, report.unchanged) == (2, 1)
    assert daily(database)["s1", f"0{COLA}"] == {date(2026, 3, 14): 4, date(2026, 3, 15): 2.5}


def test_a_dry_run_changes_nothing(database: Database, stores: StoreBook) -> None:
    assert load(database, stores, SALES, dry_run=True).lines == 2
    assert daily(database) == {}
    assert load(database, stores, SALES).repeated is False


def test_what_matches_nothing_is_shown_and_kept(database: Database, stores: StoreBook) -> None:
    text = f"store,date,gtin,units\ns1,2026-03-14,{OTHER},1\nnowhere,2026-03-14,{COLA},1\ns1,2026-03-15,{OTHER},1\n"
    report = load(database, stores, text)
    assert [(one.what, one.value, one.lines, one.first_line) for one in report.unmatched] == [
        ("gtin", f"0{OTHER}", 2, 2),
        ("store", "nowhere", 1, 3),
    ]
    assert set(daily(database)) == {("s1", f"0{OTHER}"), ("nowhere", f"0{COLA}")}


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("store,date,units\ns1,2026-03-14,1\n", 1, "gtin", "is missing; the header is store,date,gtin,units"),
        (f"store,date,gtin,units,price\ns1,2026-03-14,{COLA},1,2\n", 1, "price", "is unknown"),
        (f"store,date,gtin,units,units\ns1,2026-03-14,{COLA},1,2\n", 1, "units", "stands twice"),
        (f"{SALES}s1,14.03.2026,{COLA},1,\n", 4, "date", "'14.03.2026': input should be"),
        (f"{SALES}s1,2026-03-16,9520000000005,1,\n", 4, "gtin", "wrong check digit: it would be 4"),
        (f"{SALES}s1,2026-03-16,{COLA},,\n", 4, "units", "is empty"),
        (f"{SALES}s1,2026-03-16,{COLA},many,\n", 4, "units", "'many'"),
        (f"{SALES}s1,2026-03-16,{COLA},1,000,5\n", 4, None, "has 6 cells, and the header 5"),
        (f"{SALES}s1,2026-03-14,{COLA},7,\n", 4, None, "says again what line 2 says"),
        ("store,date,gtin,units\n", 1, None, "no lines"),
        (b"store,date,gtin,units\ns1,2026-03-14,\xff,1\n", 2, None, "is not UTF-8"),
        ("", 1, "store", "is missing"),
    ],
)
def test_a_fault_is_told_by_line_and_column_and_nothing_is_imported(
    sqlite: Database, stores: StoreBook, *, text: str | bytes, line: int, column: str | None, said: str
) -> None:
    report = load(sqlite, stores, text)
    fault = report.faults[-1] if column is None else next(one for one in report.faults if one.column == column)
    assert (fault.line, fault.column) == (line, column)
    assert said in fault.said
    assert daily(sqlite) == {}
    assert load(sqlite, stores, text).repeated is False


def test_lines_of_one_product_and_day_are_told_apart_by_a_column(sqlite: Database, stores: StoreBook) -> None:
    text = f"store;date;gtin;units;line\ns1;2026-03-14;{COLA};1;till-1\ns1;2026-03-14;{COLA};2;till-2\n"
    assert load(sqlite, stores, text).faults == []
    assert daily(sqlite)["s1", f"0{COLA}"] == {date(2026, 3, 14): 3}


def test_stores_and_fixtures_become_master_data(database: Database, config: SinkConfig, stores: StoreBook) -> None:
    told = "store,name,zone,city,class,gln,opens,closes\ns7,Corner,Asia/Tokyo,Hue,B,9520000000028,09:00,20:30\n"
    assert load(database, stores, told, "stores").faults == []
    shelf = "store,fixture,kind,own\ns7,f1,shelf,Own Co.; Kol Co.\n"
    book = stores_of(database, config.stores)
    assert load(database, book, shelf, "fixtures").unmatched == []
    book = stores_of(database, config.stores)
    found = book.find("acme", "s7")
    assert found is not None
    assert (found.name, found.city, found.store_class, found.hours.closes) == ("Corner", "Hue", "B", time(20, 30))
    assert found.fixtures[0].own == ("Own Co.", "Kol Co.")
    by_gln = load(database, book, f"store,date,gtin,units\n9520000000028,2026-03-14,{COLA},1\n")
    assert by_gln.unmatched == []
    assert list(daily(database)) == [("s7", f"0{COLA}")]


def test_contracts_and_promotions_are_taken_line_by_line(database: Database, stores: StoreBook) -> None:
    contracts = "contract,store,fixture,side,brand,facings,since,until,fee,currency\n"
    contracts += "c1,s1,f1,own,Kol,4,2026-01-01,2026-06-30,150.5,EUR\nc2,s1,,competitor,Riv,2,2026-01-01,2026-02-01,,\n"
    assert load(database, stores, contracts, "contracts").faults == []
    promotions = f"promotion,store,gtin,since,until,cost,margin\np1,s1,{COLA},2026-03-01,2026-03-14,20,0.4\n"
    assert load(database, stores, promotions, "promotions").faults == []
    with reading(database) as connection:
        (march,) = master.contracts_of(connection, "acme", "s1", date(2026, 3, 1), date(2026, 3, 31))
        assert (march.contract, march.fixture, march.fee, march.currency) == ("c1", "f1", 150.5, "EUR")
        assert len(master.contracts_of(connection, "acme", None, date(2026, 1, 1), date(2026, 1, 1))) == 2
        (line,) = master.promotion_rows(connection, "acme", "p1")
        assert (line.cost, line.margin) == (20, 0.4)
        assert [row["kind"] for row in master.imports_of(connection, "acme")] == ["contracts", "promotions"]


def test_a_contract_that_ends_before_it_begins_is_refused(sqlite: Database, stores: StoreBook) -> None:
    text = "contract,store,side,brand,facings,since,until\nc1,s1,own,Kol,4,2026-02-01,2026-01-01\n"
    (fault,) = load(sqlite, stores, text, "contracts").faults
    assert (fault.line, fault.said) == (2, "until 2026-01-01 is before since 2026-02-01")


def test_every_kind_has_its_columns() -> None:
    assert set(MODELS) == set(KINDS)
    assert columns(MODELS["stores"])[:3] == ["store", "name", "zone"]
    assert "class" in columns(MODELS["stores"])


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: f"store,date,gtin,units\n{text}".encode()))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    read = read_lines(data, UnitsLine)
    assert read.lines or read.faults
