"""Analyses by the API: the same answers as by the command line, and files that can be checked."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import date
from typing import TYPE_CHECKING

import pytest

from cloud_sink.fleet.stores import StoreBook
from cloud_sink.rights.roles import Role
from tests.cloud_sink.analyses.shops import COLA, days_from, described, load, tell
from tests.cloud_sink.api.served import Served, serve

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

STORES = ["p1", "p2", "c1", "c2"]
CONFIG = described(dict.fromkeys(STORES, "Hue"))
DAYS = days_from(date(2026, 3, 1), 8)
SETTLEMENT = "/api/v1/contracts/deal/settlements/2026-03"


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Served:
    """Four stores over eight days; two have a promotion in the last four of them."""
    book = StoreBook(CONFIG.stores)
    tell(database, book, STORES, DAYS, lambda store, _: {"cola": 2 if store[0] == "p" else 1})
    promotions = "".join(f"march,{store},{COLA},{DAYS[4]},{DAYS[-1]},5,1\n" for store in STORES[:2])
    load(database, book, "promotions", f"promotion,store,gtin,since,until,cost,margin\n{promotions}")
    sales = "".join(
        f"{store},{day},{COLA},{10 + at + (3 + (store == 'p2')) * (store[0] == 'p' and day >= DAYS[4])}\n"
        for at, store in enumerate(STORES)
        for day in DAYS
    )
    load(database, book, "sales", f"store,date,gtin,units\n{sales}")
    deal = f"deal,p1,f1,own,Kol,2,{DAYS[0]},{DAYS[-1]},62,EUR\n"
    load(database, book, "contracts", f"contract,store,fixture,side,brand,facings,since,until,fee,currency\n{deal}")
    return serve(database, tmp_path, *CONFIG.stores)


@pytest.fixture
def client(served: Served) -> TestClient:
    return served.by("acme", Role.VIEWER)


def test_a_promotion_is_measured(client: TestClient) -> None:
    found = client.get("/api/v1/promotions/march/effect", params={"before": 4}).json()
    effects = {one["outcome"]: one for one in found["effects"]}
    assert (found["before"], effects["units"]["effect"]) == (4, pytest.approx(3.5))
    assert found["returned"]["profit"] == pytest.approx(3.5 * 8 - 10)
    assert found["unmatched_gtins"] == [f"0{COLA}"]  # this sink has no catalogue
    assert (found["matches"][0]["stores"], found["matches"][0]["matched"]) == (["p1", "p2"], ["c1", "c2"])


def test_a_store_is_looked_ahead_for(client: TestClient) -> None:
    found = client.get("/api/v1/stores/p1/replenishment", params={"days": 2}).json()
    assert (found["store"], found["days"], found["outlooks"]) == ("p1", 2, [])
    assert "in the last 84 days" in found["too_little"]


def test_a_contract_is_settled(client: TestClient) -> None:
    found = client.get(SETTLEMENT).json()
    (line,) = found["lines"]
    assert (found["final"], line["days_in_force"], line["days_seen"]) == (True, 8, 8)
    assert line["too_little"] == "no catalogue has a brand or owner Kol"
    assert line["days"][0]["photograph"] == "01" * 32


def test_a_settlement_is_a_file_with_the_photographs_that_are_kept(served: Served) -> None:
    client = served.by("acme", Role.MERCHANDISER)
    answer = client.get(f"{SETTLEMENT}.zip")
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="deal-2026-03.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert hashlib.sha256(file.read("SHA256SUMS")).hexdigest() == client.get(SETTLEMENT).json()["sha256"]
        assert len(file.read("days.csv").splitlines()) == 9
    assert client.get(f"{SETTLEMENT}.zip", params={"photographs": False}).content == answer.content  # none is kept
    assert served.by("acme", Role.VIEWER).get(f"{SETTLEMENT}.zip").status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/promotions/may/effect", 404),
        ("/api/v1/promotions/march/effect?before=2", 422),
        ("/api/v1/stores/nowhere/replenishment", 404),
        ("/api/v1/stores/p1/replenishment?days=29", 422),
        ("/api/v1/contracts/other/settlements/2026-03", 404),
        ("/api/v1/contracts/deal/settlements/2026-05", 404),
        ("/api/v1/contracts/deal/settlements/2026-13", 422),
        ("/api/v1/contracts/deal/settlements/0000-01", 422),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_a_problem(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
