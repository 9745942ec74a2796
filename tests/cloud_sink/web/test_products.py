"""The pages of products: their figures across stores, own against competitors, and where one stands wrong."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.fleet.stores import StoreBook
from cloud_sink.rights.roles import Role
from edge.contract.catalogue import Sku
from edge.contract.topics import Address
from tests.cloud_sink.analyses.shops import CAPTURES, PRODUCTS, days_from, tell
from tests.cloud_sink.api.served import Served, serve, store
from tests.cloud_sink.words import EPOCH, facing, observed, stockout

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

RIVAL = Sku(id="rival", name="Rival 250", brand="Riv", owner="Other Co.", category="soda")
DAYS = days_from(date(2026, 3, 12), 3)
STORES = [
    store("acme", name, zone="UTC", chain=chain)
    for name, chain in (("s1", "Corner"), ("s2", "Corner"), ("s3", "Market"))
]
SHOWN = {"s1": {"cola": 3, "lime": 1}, "s2": {"cola": 1, "rival": 2}, "s3": {"cola": 2, "lime": 1}}
EVENING = datetime(2026, 3, 14, 20, tzinfo=UTC)


def more(name: str, seq: int) -> list[dict[str, Any]]:
    """In the second store no lime from noon of the last day on; in the third two colas on a wrong shelf in the end."""
    device = Address("acme", name, f"d{list(SHOWN).index(name)}")
    if name == "s2":
        return [stockout(seq, "lime", datetime(2026, 3, 14, 12, tzinfo=UTC), device=device)]
    if name == "s3":
        standing = [facing("cola") | {"shelf": 3, "position": 2 + at} for at in range(2)] + [facing("lime")]
        last = observed(seq, standing, at=EVENING, device=device)
        last["data"]["planned"] = {"cola": 1, "lime": 1}
        last["data"]["deviations"] = [
            {"kind": "misplaced", "sku": "cola", "shelf": 3, "position": 2, "planned": 1, "seen": 2},
            {"kind": "gap", "sku": "lime", "shelf": 1, "position": 1, "planned": 1, "seen": 0},
        ]
        return [last]
    return []


def serve_products(database: Database, folder: Path) -> Served:
    tell(database, StoreBook(STORES), list(SHOWN), DAYS, lambda name, _: SHOWN[name], more=more)
    return serve(database, folder, *STORES, products={**PRODUCTS, "rival": RIVAL})


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    return serve_products(sqlite, tmp_path)


def looking(served: Served, tenant: str = "acme", role: Role = Role.VIEWER) -> TestClient:
    client = served.by(tenant, role)
    client.headers["Accept"] = "text/html"
    return client


@pytest.fixture
def client(served: Served) -> TestClient:
    return looking(served)


def rows(client: TestClient, address: str) -> dict[str, dict[str, str]]:
    """A file's lines by their first cell."""
    text = client.get(address).text.removeprefix("\ufeff")
    return {next(iter(row.values())): row for row in csv.DictReader(io.StringIO(text))}


def listed(client: TestClient, query: str = "") -> list[str]:
    return re.findall(r'id="product-([\w-]+)"', client.get(f"/products.list{query}").text)


def test_each_product_is_added_up_over_all_stores(database: Database, tmp_path: Path) -> None:
    told = rows(looking(serve_products(database, tmp_path)), "/products.csv?days=3")
    assert {sku: (row["seen_in"], row["planned_in"], row["side"]) for sku, row in told.items()} == {
        "cola": ("3", "3", "own"),
        "lime": ("2", "3", "own"),
        "rival": ("1", "0", "competitor"),
    }
    assert float(told["lime"]["distribution"]) == pytest.approx(2 / 3)
    assert float(told["cola"]["facings"]) == pytest.approx((3 + 1 + 2) / 3)
    captures = 12  # of each store, and one more of the third
    shown = {"cola": 6 * captures + 2, "lime": 2 * captures + 1, "rival": 2 * captures}
    for sku, facings in shown.items():
        assert float(told[sku]["share"]) == pytest.approx(facings / sum(shown.values()))
    assert (told["lime"]["episodes"], told["cola"]["episodes"]) == ("1", "0")
    assert float(told["cola"]["osa"]) == 1
    assert 0.8 < float(told["lime"]["osa"]) < 1
    assert told["rival"]["osa"] == ""


def test_a_product_has_its_stores_as_profiles_count_them(served: Served, client: TestClient) -> None:
    told = rows(client, "/products/lime/stores.csv?days=3")
    for name, row in told.items():
        found = served.by("acme").get(f"/api/v1/stores/{name}/profile", params={"since": "2026-03-12"}).json()
        line = next(one for one in found["goods"]["skus"] if one["sku"] == "lime")
        assert float(row["facings"]) == pytest.approx(line["facings"])
        assert float(row["osa"]) == pytest.approx(line["osa"], abs=1e-5)
        assert int(row["episodes"]) == line["stockouts"]
    assert next(iter(told)) == "s2"  # the least available first


def test_the_page_is_there_before_its_figures(client: TestClient) -> None:
    page = client.get("/products").text
    assert 'hx-get="/products.list" hx-trigger="load"' in page
    assert "product-cola" not in page
    found = client.get("/products.list")
    assert found.headers["hx-replace-url"] == "/products"
    assert 'id="product-cola"' in found.text


def test_products_are_filtered_and_sorted(client: TestClient) -> None:
    assert listed(client) == ["lime", "cola", "rival"]  # the least available first, the unknown last
    assert listed(client, "?sort=-distribution") == ["cola", "lime", "rival"]
    assert listed(client, "?side=competitor") == ["rival"]
    assert listed(client, "?q=kol") == ["cola"]
    assert listed(client, "?chain=Market") == ["cola", "lime"]
    assert "No product is like that" in client.get("/products.list?q=nothing").text


def test_one_product_tells_where_it_stands_wrong(served: Served, client: TestClient) -> None:
    assert 'hx-get="/products/cola/stores?days=7" hx-trigger="load"' in client.get("/products/cola").text
    page = client.get("/products/cola/stores").text
    capture = f"/stores/s3/fixtures/f1?at={round(EVENING.timestamp() * 1000)}"
    assert capture not in page  # a viewer may not see it
    assert capture in looking(served, role=Role.MERCHANDISER).get("/products/cola/stores").text
    assert "on shelf 3, position 2" in page
    assert "2 facings misplaced" in page
    assert "it stands where it is planned" in client.get("/products/lime/stores").text


def test_a_place_that_a_person_put_right_is_wrong_no_more(served: Served, client: TestClient) -> None:
    last = len(DAYS) * (CAPTURES + 1) + 1
    for number in (0, 1):
        said = {"device": "d2", "epoch": EPOCH, "seq": last, "facing": number, "says": "sku", "sku": "lime"}
        assert served.by("acme").post("/api/v1/corrections", json=said).status_code == 201
    assert "it stands where it is planned" in client.get("/products/cola/stores").text


def test_a_sku_of_no_catalogue_is_shown_where_it_was_seen_and_else_is_none(sqlite: Database, tmp_path: Path) -> None:
    tell(sqlite, StoreBook(STORES), ["s1"], DAYS[-1:], lambda *_: {"stranger": 1})
    client = looking(serve(sqlite, tmp_path, *STORES, products=PRODUCTS))
    assert "In no catalogue" in client.get("/products/stranger/stores").text
    assert client.get("/products/nobody").status_code == 404
    assert client.get("/products/nobody/stores.csv").status_code == 404


def test_another_tenant_sees_none(served: Served) -> None:
    rival = looking(served, "rival")
    assert "No product was observed yet" in rival.get("/products").text
    assert listed(rival) == []
    assert "No store showed it" in rival.get("/products/cola/stores").text
