from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from cloud_sink.analyses.promotion import PromotionReport, UnknownPromotion, ask_promotion
from cloud_sink.fleet.stores import StoreBook
from tests.cloud_sink.analyses.shops import COLA, LIME, NOW, PRODUCTS, days_from, described, load, tell

if TYPE_CHECKING:
    from cloud_sink.store.database import Database

WITH = ("p1", "p2", "p3")
WITHOUT = ("c1", "c2", "c3", "c4")
FAR = ("f1", "f2")
CONFIG = described(dict.fromkeys((*WITH, *WITHOUT), "Hue") | dict.fromkeys(FAR, "Hanoi"))
BOOK = StoreBook(CONFIG.stores)
DAYS = days_from(date(2026, 3, 1), 12)
BEGINS = DAYS[6]
FILE = "promotion,store,gtin,since,until,cost,margin\n" + "".join(
    f"march,{store},{COLA},{BEGINS},{DAYS[-1]},{cost},0.5\n" for store, cost in zip(WITH, (10, 10, 4), strict=True)
)


def facings(store: str, day: date) -> dict[str, int]:
    """Everywhere one more from the promotion on; with it two or three more than that."""
    level = 2 + int(store[1])
    gained = 1 + (2 + (store == "p3")) * (store in WITH)
    return {"cola": level + gained * (day >= BEGINS), "lime": 1}


def sales() -> str:
    lines = ["store,date,gtin,units"]
    for store in (*WITH, *WITHOUT, *FAR):
        for day in DAYS:
            units = 10 + int(store[1]) + (4 + int(store[1])) * (store in WITH and day >= BEGINS)
            lines.append(f"{store},{day},{COLA},{units}")
        lines.append(f"{store},{DAYS[0]},{LIME},50")
    return "\n".join(lines)


def measured(database: Database, *, with_sales: bool, file: str = FILE) -> PromotionReport:
    tell(database, BOOK, [*WITH, *WITHOUT, *FAR], DAYS, facings)
    load(database, BOOK, "promotions", file)
    if with_sales:
        load(database, BOOK, "sales", sales())
    return ask(database)


def ask(database: Database, promotion: str = "march") -> PromotionReport:
    alike = CONFIG.alike
    return ask_promotion(database, BOOK, PRODUCTS, alike, tenant="acme", promotion=promotion, now=NOW, before=6)


def test_the_effect_is_what_was_put_in(database: Database) -> None:
    found = measured(database, with_sales=True)
    assert (found.since, found.until, found.over, found.before) == (BEGINS, DAYS[-1], True, 6)
    assert (found.skus, found.unmatched_gtins, found.overlapping, found.waiting) == (["cola"], [], [], 0)
    (match,) = found.matches
    assert (match.stores, match.matched, match.matched_by) == (list(WITH), list(WITHOUT), ["city"])
    effects = {one.outcome: one for one in found.effects}
    stood = effects["facings"]
    assert (stood.stores, stood.matched) == (3, 4)
    assert stood.effect == pytest.approx((2 + 2 + 3) / 3)
    assert stood.low is not None
    assert stood.high is not None
    assert stood.low < 2 < stood.high
    assert stood.uplift == pytest.approx(7 / 3 / (2 + 2 + 1))  # without it there would have been five
    assert effects["osa"].effect == pytest.approx(0)
    assert effects["units"].effect == pytest.approx((5 + 6 + 7) / 3)
    assert "0 stores with it" in effects["stoppers"].cautions[0]  # nobody counts people there


def test_it_returned_what_its_units_earned(database: Database) -> None:
    found = measured(database, with_sales=True).returned
    assert found is not None
    assert (found.stores, found.store_days) == (3, 18)
    assert found.extra_units == pytest.approx(6 * 18)
    assert found.earned == pytest.approx(54)
    assert found.cost == 24
    assert found.profit == pytest.approx(54 - 24)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.profit < found.high
    assert found.a_unit_of_cost == pytest.approx(30 / 24)


def test_without_a_sales_file_nothing_is_called_units_or_money(sqlite: Database) -> None:
    found = measured(sqlite, with_sales=False)
    assert {one.outcome for one in found.effects} == {"facings", "osa", "stoppers"}
    assert found.returned is None
    assert found.no_return is not None
    assert "no sales file" in found.no_return


def test_products_of_different_margins_earn_their_own(sqlite: Database) -> None:
    """Lime does not sell, and has ten times the margin."""
    lime = f"march,p1,{LIME},{BEGINS},{DAYS[-1]},,5\n"
    found = measured(sqlite, with_sales=True, file=FILE + lime).returned
    assert found is not None
    assert found.earned == pytest.approx(54)


def test_a_store_whose_products_begin_on_different_days_has_all_of_them(sqlite: Database) -> None:
    """Its last line says two days; its first says six."""
    found = measured(sqlite, with_sales=True, file=FILE + f"march,p1,{LIME},{DAYS[-2]},{DAYS[-1]},,0\n").returned
    assert found is not None
    assert found.store_days == 18


def test_stores_with_another_promotion_of_the_product_are_not_matched(sqlite: Database) -> None:
    told = (("c1", COLA), ("p1", COLA), ("c2", LIME))
    others = "".join(f"other,{store},{gtin},{DAYS[0]},{DAYS[1]},,\n" for store, gtin in told)
    found = measured(sqlite, with_sales=True, file=FILE + others)
    (match,) = found.matches
    assert (match.matched, found.overlapping) == (["c2", "c3", "c4"], ["other"])
    assert found.effects[0].stores == 3
    assert found.effects[0].effect == pytest.approx((2 + 2 + 3) / 3)


def test_a_day_without_any_sales_line_is_unknown_and_not_a_day_without_sales(sqlite: Database) -> None:
    tell(sqlite, BOOK, [*WITH, *WITHOUT], DAYS, facings)
    load(sqlite, BOOK, "promotions", FILE)
    kept = [line for line in sales().splitlines() if not line.startswith(f"p1,{DAYS[-1]}")]
    load(sqlite, BOOK, "sales", "\n".join(kept))
    found = ask(sqlite)
    assert found.returned is not None
    assert found.returned.store_days == 17
    assert found.effects[-1].effect == pytest.approx((5 + 6 + 7) / 3)


@pytest.mark.parametrize(
    ("columns", "why"),
    [("10,", "its file tells no margin"), (",0.5", "its file tells no cost")],
)
def test_without_cost_or_margin_nobody_knows_the_return(sqlite: Database, columns: str, why: str) -> None:
    file = "promotion,store,gtin,since,until,cost,margin\n"
    file += "".join(f"march,{store},{COLA},{BEGINS},{DAYS[-1]},{columns}\n" for store in WITH)
    found = measured(sqlite, with_sales=True, file=file)
    assert found.returned is None
    assert found.no_return is not None
    assert why in found.no_return


def test_a_promotion_that_nobody_told_of_is_said_with_those_known(sqlite: Database) -> None:
    with pytest.raises(UnknownPromotion, match=r"no promotion may.*sink import promotions"):
        ask(sqlite, "may")
    load(sqlite, BOOK, "promotions", FILE)
    with pytest.raises(UnknownPromotion, match="known: march"):
        ask(sqlite, "may")
