"""The pages of settlement: what is due and why, line by line and day by day, and who may have the evidence."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, get_args

import pytest

from cloud_sink.analyses.settlement_model import State
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.rights.roles import Role
from cloud_sink.store.master import ContractTold
from cloud_sink.web.views import settlement as view
from tests.cloud_sink.analyses.shops import PRODUCTS, days_from, described, load, tell
from tests.cloud_sink.api.served import Served, serve

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

STORES = ["p1", "p2", "p3"]
CONFIG = described(dict.fromkeys(STORES, "Hue"))
DAYS = days_from(date(2026, 3, 1), 8)
QUERY = "contract=deal&month=2026-03"
REST = "/api/v1/contracts/deal/settlements/2026-03"


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    """Two facings are paid for in three stores over eight days: one had them, one only half, one nobody saw."""
    book, facings = StoreBook(CONFIG.stores), {"p1": 2, "p2": 1}
    tell(sqlite, book, STORES[:2], DAYS, lambda store, _: {"cola": facings[store]})
    lines = "".join(f"deal,{store},f1,own,Kol,2,{DAYS[0]},{DAYS[-1]},62,EUR\n" for store in STORES)
    lines += f"deal,p1,,competitor,Lim,1,{DAYS[0]},{DAYS[-1]},,\n"
    load(sqlite, book, "contracts", f"contract,store,fixture,side,brand,facings,since,until,fee,currency\n{lines}")
    return serve(sqlite, tmp_path, *CONFIG.stores, products=PRODUCTS)


def looking(served: Served, role: Role = Role.MERCHANDISER, tenant: str = "acme") -> TestClient:
    client = served.by(tenant, role)
    client.headers["Accept"] = "text/html"
    return client


@pytest.fixture
def client(served: Served) -> TestClient:
    return looking(served)


def test_a_month_is_shown_as_it_is_settled(served: Served, client: TestClient) -> None:
    page = client.get(f"/settlement.list?{QUERY}").text
    told = served.by("acme").get(REST).json()
    due = {line["store"]: line["due"] for line in told["lines"] if line["fee"]}
    assert due == {"p1": 16.0, "p2": 8.0, "p3": None}  # of 62 for 31 days: 2 a day, and half of it
    assert "€16.00" in page
    assert "€24.00" in page  # together
    assert told["sha256"] in page
    assert "Seen on 0 of 8 days; at least half are needed to settle." in page
    assert "8 days stood, 0 short, 0 in doubt, 0 not seen" in page
    ordered = re.findall(r'<a href="/stores/(\w+)">\w+</a> · Kol', page)
    assert ordered == ["p2", "p1", "p3"]  # those that fell short first, those nobody can settle last


def test_one_line_is_shown_day_by_day_with_its_photographs(served: Served, client: TestClient) -> None:
    line = f"/settlement.line?{QUERY}&store=p2&brand=Kol&fixture=f1"
    page = client.get(line).text
    assert page.count("badge-bad") == len(DAYS)
    assert f"/api/v1/evidence/{'01' * 32}?tenant=acme" in page
    viewer = looking(served, Role.VIEWER).get(line).text
    assert viewer.count("badge-bad") == len(DAYS)
    assert "/evidence/" not in viewer
    assert client.get(f"/settlement.line?{QUERY}&store=p2&brand=Nobody&fixture=f1").status_code == 404


def test_the_file_with_evidence_is_for_who_may_look_at_photographs(served: Served, client: TestClient) -> None:
    address = f"{REST}.zip?tenant=acme"
    assert address in client.get(f"/settlement?{QUERY}").text
    assert client.get(f"{REST}.zip").status_code == 200
    assert address not in looking(served, Role.VIEWER).get(f"/settlement?{QUERY}").text


def test_the_choice_is_there_before_the_lines(client: TestClient) -> None:
    page = client.get(f"/settlement?{QUERY}").text
    assert f'hx-get="/settlement.list?{QUERY}" hx-trigger="load"' in page.replace("&amp;", "&")
    assert "sha" not in page.partition("<main")[2]
    assert client.get("/settlement?contract=none").status_code == 404
    assert client.get("/settlement.list?contract=deal&month=2025-01").status_code == 404


def test_without_contracts_it_says_who_brings_them(served: Served) -> None:
    rival = looking(served, Role.VIEWER, "rival")
    assert "An admin can upload contracts" in rival.get("/settlement").text
    admin = looking(served, Role.ADMIN, "rival").get("/settlement").text
    assert 'data-import="contracts"' in admin
    assert rival.get(f"/settlement.list?{QUERY}").status_code == 404
    assert rival.get(f"/settlement.line?{QUERY}&store=p2&brand=Kol&fixture=f1").status_code == 404


def test_the_last_whole_month_is_settled_unless_there_is_none() -> None:
    told = ContractTold("deal", date(2026, 1, 15), date(2026, 12, 31), 1, 1)
    months = view.months_of(told, date(2026, 3, 20))
    assert months == [date(2026, 3, 1), date(2026, 2, 1), date(2026, 1, 1)]
    assert view.usual_month(months, date(2026, 3, 20)) == date(2026, 2, 1)
    begun = view.months_of(told, date(2026, 1, 20))
    assert view.usual_month(begun, date(2026, 1, 20)) == date(2026, 1, 1)
    assert view.months_of(told, date(2025, 12, 1)) == []


def test_every_state_of_a_day_is_drawn() -> None:
    assert set(view.STATES) == set(get_args(State))
