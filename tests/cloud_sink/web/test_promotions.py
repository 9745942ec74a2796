"""The pages of promotions: told by a form or a file, measured against stores without, in words and drawings."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

from cloud_sink.analyses.promotion import measure_promotion
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.rights.roles import Role
from cloud_sink.store import master
from cloud_sink.store.database import reading
from cloud_sink.store.master import PromotionTold
from cloud_sink.web.language import languages
from cloud_sink.web.views.intervals import Scale
from cloud_sink.web.views.promotions import outcomes, state_of, verdict_of
from cloud_sink.web.views.reasons import is_known, reason
from cloud_sink.web.words import CODES
from tests.cloud_sink.analyses.shops import COLA, LIME, NOW, PRODUCTS, days_from, described, load, tell
from tests.cloud_sink.api.served import Served, serve

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

STORES = ["p1", "p2", "c1", "c2"]
CONFIG = described(dict.fromkeys(STORES, "Hue"))
DAYS = days_from(date(2026, 3, 1), 8)
FORM = {"promotion": "april", "since": "2026-04-01", "until": "2026-04-07", "gtin": COLA, "stores": "p1, p2"}


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    """Four stores over eight days; two have a promotion in the last four of them: one more facing, some more units."""
    book = StoreBook(CONFIG.stores)
    tell(sqlite, book, STORES, DAYS, lambda store, day: {"cola": 2 + (store[0] == "p" and day >= DAYS[4])})
    lines = "".join(f"march,{store},{COLA},{DAYS[4]},{DAYS[-1]},5,1\n" for store in STORES[:2])
    load(sqlite, book, "promotions", f"promotion,store,gtin,since,until,cost,margin\n{lines}")
    sales = "".join(
        f"{store},{day},{COLA},{10 + at + (3 + (store == 'p2')) * (store[0] == 'p' and day >= DAYS[4])}\n"
        for at, store in enumerate(STORES)
        for day in DAYS
    )
    load(sqlite, book, "sales", f"store,date,gtin,units\n{sales}")
    return serve(sqlite, tmp_path, *CONFIG.stores, products=PRODUCTS)


def looking(served: Served, role: Role = Role.MERCHANDISER, tenant: str = "acme") -> TestClient:
    client = served.by(tenant, role)
    client.headers["Accept"] = "text/html"
    return client


@pytest.fixture
def client(served: Served) -> TestClient:
    return looking(served)


def test_a_promotion_is_shown_as_it_is_measured(served: Served, client: TestClient) -> None:
    assert (
        'hx-get="/promotions/march/effect?before=4" hx-trigger="load"' in client.get("/promotions/march?before=4").text
    )
    page = client.get("/promotions/march/effect?before=4").text
    told = served.by("acme").get("/api/v1/promotions/march/effect", params={"before": 4}).json()
    units = next(one for one in told["effects"] if one["outcome"] == "units")
    assert f"+{units['effect']:.1f} <small>a store and day" in page
    assert f"{told['returned']['profit']:.2f}" in page
    assert page.index("Units sold") < page.index("Facings")
    assert "Only 2 stores with it and 2 without" in page
    chinese = client.get("/promotions/march/effect?before=4", headers={"Accept-Language": "zh-CN"}).text
    assert "样本偏少" in chinese


def test_both_groups_of_stores_are_drawn_day_by_day(served: Served) -> None:
    found = measure_promotion(
        served.database,
        StoreBook(CONFIG.stores),
        PRODUCTS,
        CONFIG.alike,
        tenant="acme",
        promotion="march",
        now=NOW,
        before=4,
    )
    units = outcomes(found, languages()["en"])[0]
    treated, matched = units.course.series
    assert treated.values == (10.5, 10.5, 10.5, 10.5, 14.0, 14.0, 14.0, 14.0)
    assert set(matched.values) == {12.5}
    assert [(one.since, one.until) for one in units.course.stretches] == [(4, 8)]


def test_an_interval_is_drawn_around_nothing() -> None:
    drawn = Scale.around((2.0, 1.0, 3.0)).draw(2.0, 1.0, 3.0)
    assert drawn.zero == 50
    assert drawn.low is not None
    assert drawn.at is not None
    assert drawn.high is not None
    assert 50 < drawn.low < drawn.at < drawn.high < 100
    assert Scale.around((None,)).draw(None).width == 0


def test_what_the_interval_allows_is_said(client: TestClient, served: Served) -> None:
    found = measure_promotion(
        served.database, StoreBook(CONFIG.stores), PRODUCTS, CONFIG.alike, tenant="acme", promotion="march", now=NOW
    )
    effect = found.report.effects[0]
    assert verdict_of(effect.model_copy(update={"low": 0.1, "high": 2.0})) == "more"
    assert verdict_of(effect.model_copy(update={"low": -2.0, "high": -0.1})) == "less"
    assert verdict_of(effect.model_copy(update={"low": -1.0, "high": 1.0})) == "open"
    assert verdict_of(effect.model_copy(update={"low": None, "high": None})) == "unknown"
    assert client.get("/promotions/march/effect").status_code == 200


def test_a_promotion_is_told_by_the_form_and_taken_away(served: Served, client: TestClient) -> None:
    form = FORM | {"cost": "45.5", "margin": "0.9", "gtin": [COLA, LIME]}
    done = client.post("/promotions", data=form)
    assert (done.status_code, done.headers["hx-redirect"]) == (204, "/promotions/april")
    with reading(served.database) as connection:
        lines = master.promotion_rows(connection, "acme", "april")
        (told,) = (one for one in master.promotions_told(connection, "acme") if one.promotion == "april")
    assert [(one.store, one.gtin, one.margin) for one in lines] == [
        (store, f"0{gtin}", 0.9) for store in ("p1", "p2") for gtin in (COLA, LIME)
    ]
    assert (told.stores, told.products, told.cost) == (2, 2, 91.0)  # 45.5 a store, for all products together
    assert client.post("/promotions", data=FORM).status_code == 409
    assert "/promotions/april" in client.get("/promotions").text
    assert client.post("/promotions/april/drop").headers["hx-redirect"] == "/promotions"
    assert client.get("/promotions/april").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"gtin": ""}, "at least one product"),
        ({"stores": "p1 nowhere"}, "nobody described nowhere"),
        ({"stores": ""}, "name the stores"),
        ({"until": "2026-03-01"}, "before since"),
        ({"since": "soon"}, "since"),
        ({"promotion": "With Spaces"}, "promotion"),
        ({"cost": "-3"}, "cost"),
    ],
)
def test_what_is_wrong_with_a_form_is_named(client: TestClient, wrong: dict[str, str], said: str) -> None:
    answer = client.post("/promotions", data=FORM | wrong)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_file_is_checked_then_kept_and_the_same_again_changes_nothing(served: Served, client: TestClient) -> None:
    text = f"store,date,gtin,units\np1,2026-03-09,{COLA},7\np9,2026-03-09,{COLA},1\n"
    csv = {"Content-Type": "text/csv"}
    page = client.post("/imports/sales/check", content=text, headers=csv).text
    assert "2 lines are good" in page
    assert "store nobody described p9" in page
    assert "data-keep" in page
    assert "2 lines imported" in client.post("/imports/sales?name=march.csv", content=text, headers=csv).text
    assert "imported before" in client.post("/imports/sales", content=text, headers=csv).text
    with reading(served.database) as connection:
        assert master.imports_of(connection, "acme")[0]["name"] == "march.csv"
    wrong = client.post("/imports/sales/check", content=text.replace("-09", "-99"), headers=csv).text
    assert "2 lines are wrong" in wrong
    assert "data-keep" not in wrong


def test_a_viewer_reads_and_tells_nothing(served: Served) -> None:
    viewer = looking(served, Role.VIEWER)
    for address in ("/promotions", "/promotions/march"):
        page = viewer.get(address).text
        assert "march" in page
        assert "hx-post" not in page.partition("<main")[2]
    assert viewer.post("/promotions", data=FORM).status_code == 403
    assert viewer.post("/promotions/march/drop").status_code == 403
    assert viewer.post("/imports/sales", content="", headers={"Content-Type": "text/csv"}).status_code == 403


def test_contracts_are_told_by_an_admin_alone(served: Served, client: TestClient) -> None:
    csv = {"Content-Type": "text/csv"}
    assert client.post("/imports/contracts/check", content="x", headers=csv).status_code == 403
    assert looking(served, Role.ADMIN).post("/imports/contracts/check", content="x", headers=csv).status_code == 200


def test_another_tenant_has_none_of_it(served: Served) -> None:
    rival = looking(served, tenant="rival")
    assert "No promotion is known yet" in rival.get("/promotions").text
    assert rival.get("/promotions/march").status_code == 404
    assert rival.get("/promotions/march/effect").status_code == 404
    assert rival.post("/promotions/march/drop").status_code == 404


def test_a_promotion_is_planned_then_running_then_over() -> None:
    one = PromotionTold("p", date(2026, 3, 2), date(2026, 3, 3), 1, 1, None)
    assert [state_of(one, date(2026, 3, day)) for day in (1, 2, 3, 4)] == ["planned", "running", "running", "over"]


SENTENCES = [
    "3 stores with it and 1 matched ones were observed on 3 days before and 3 during; 2 of each are needed",
    "its file tells no margin of 09520000000004",
    "12 days of sales on which it was in stock; 28 and 7 of the last two weeks are needed for a forecast",
    "sales are told until 2026-03-01 only: too long ago",
    "13 of 31 days were seen; half of them are needed",
]


@pytest.mark.parametrize("text", SENTENCES)
def test_what_analyses_say_is_said_in_the_users_words(text: str) -> None:
    assert is_known(text)
    for code in CODES:
        said = reason(text, languages()[code])
        assert said != text
        for number in re.findall(r"\b\d{1,2}\b(?!-)", text.replace("2026-03-01", "")):
            assert number in said or number in {"3", "2"}
