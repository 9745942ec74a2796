"""Every page in a real browser: in both languages, on a phone and at a desk, with data and without."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from cloud_sink.web.site import page_modules
from edge.recognise.datasets import read_dataset
from models.scenes.town.shops import SHOPS, TENANT
from tests.cloud_sink.raw_device import RawDevice
from tests.cloud_sink.web.browser import Town, visiting
from tests.cloud_sink.words import body, rfc3339, stockout

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

PATHS = [
    *sorted(one.PAGE.path for one in page_modules() if one.PAGE is not None),
    "/stores?view=map",
    "/stores?q=nothing-is-called-so",
    "/stores/sh-01",
    "/stores/hz-01?days=7",
    "/stores/hz-01/fixtures/cooler-1",
    "/report/stores/hz-01",
    "/report/chain",
    "/products/lurralos-orange-can-330?days=1",
    "/promotions/cola-week",
    "/replenishment?store=hz-01&days=7",
    "/nowhere",
]
PASSWORD = "correct horse battery"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_page_is_whole_accessible_and_asks_nobody_else(
    browser: Browser, full: Town, path: str, language: str, *, phone: bool
) -> None:
    with visiting(browser, full.url, language=language, phone=phone, dark=phone) as visit:
        visit.open(path)
        assert visit.page.locator("html").get_attribute("lang") == language
        assert visit.page.locator("h1").count() == 1
        if path == "/nowhere":
            visit.troubles = [one for one in visit.troubles if "404" not in one]
        else:
            assert "模拟数据" in visit.page.locator(".simulated").inner_text()
        assert visit.axe() == []
        assert not visit.is_too_wide
        assert visit.troubles == []


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_who_is_not_signed_in_is_led_to_where_one_is(browser: Browser, guarded: Town, language: str) -> None:
    with visiting(browser, guarded.url, language=language, phone=True) as visit:
        visit.open("/stores")
        assert "/sign-in?next=" in visit.page.url
        assert visit.axe() == []
        assert visit.troubles == []


def test_the_first_admin_signs_in_looks_around_and_signs_out(browser: Browser, guarded: Town) -> None:
    with visiting(browser, guarded.url) as visit:
        visit.open(guarded.first_link.removeprefix(guarded.url))
        visit.page.fill("[name=tenant]", TENANT)
        visit.page.fill("[name=name]", "mai")
        visit.page.fill("[name=password]", PASSWORD)
        visit.page.click("button[type=submit]")
        visit.settle()
        assert visit.page.locator(".empty").is_visible()
        assert visit.axe() == []
        visit.page.click("text=Sign out")
        visit.page.wait_for_url("**/sign-in")
        visit.page.goto(f"{guarded.url}/stores?days=1")
        visit.page.fill("[name=tenant]", TENANT)
        visit.page.fill("[name=name]", "mai")
        visit.page.fill("[name=password]", PASSWORD)
        visit.page.click("button[type=submit]")
        visit.page.wait_for_url("**/stores?days=1")
        assert visit.troubles == []


def test_a_choice_of_language_is_remembered(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url) as visit:
        visit.open("/stores?days=1")
        visit.page.click(".preferences >> text=中文")
        visit.page.wait_for_url("**/stores?days=1")
        assert visit.page.locator("h1").inner_text() == "门店"
        visit.open("/")
        assert visit.page.locator("h1").inner_text() == "今日"


def test_stores_are_searched_sorted_filtered_and_exported(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url) as visit:
        visit.open("/stores")
        rows = visit.page.locator("#stores tbody tr")
        assert rows.count() == 6
        visit.page.click("thead >> text=Footfall a day")
        visit.page.wait_for_url("**sort=footfall*")
        quietest = min(SHOPS[:6], key=lambda shop: shop.visitors)
        assert quietest.name in rows.first.inner_text()
        visit.page.fill("#search", "hz-")
        expect(rows).to_have_count(3)
        visit.page.reload()
        assert rows.count() == 3
        visit.page.select_option("[name=chain]", "灯塔便利")
        expect(rows).to_have_count(2)
        with visit.page.expect_download() as download:
            visit.page.click("text=Export")
        assert "stores-" in download.value.suggested_filename
        assert visit.troubles == []


def test_the_map_shows_every_store_without_a_tile_server(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url) as visit:
        visit.open("/stores?view=map")
        visit.page.wait_for_selector(".leaflet-marker-icon")
        told = visit.page.locator(".leaflet-marker-icon").evaluate_all("all => all.map(one => one.title).join(', ')")
        assert all(shop.name in told for shop in SHOPS[:6])
        assert visit.troubles == []


def last_seen(town: Town, store: str) -> datetime:
    """When the last capture of a store was."""
    query: dict[str, str | int] = {"tenant": TENANT, "store": store, "type": "shelf.observed.v1", "limit": 1000}
    events = httpx.get(f"{town.url}/api/v1/events", params=query).json()["events"]
    return max(datetime.fromisoformat(one["at"]) for one in events).replace(microsecond=0)


def test_what_is_stored_appears_without_a_reload(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url) as visit:
        visit.open("/")
        visit.page.wait_for_selector(".live-on")
        visit.page.evaluate("window.same = true")
        shop = SHOPS[3]
        now = last_seen(full, shop.id)  # the store is open then, whatever the clock says here
        with RawDevice(full.broker_port, "late-unit", tenant=TENANT, store=shop.id) as device:
            began = now - timedelta(minutes=5)
            told = stockout(1, "kolorila-mineral-bottle-500", began, episode="late", at=now, device=device.address)
            told["data"]["fixture"] = "cooler-1"
            told["zone"] = shop.zone
            assert told["time"] == rfc3339(now)
            device.send(body(told))
            device.receipt()
        sent = time.monotonic()
        row = f"#do-{shop.id}-refill-cooler-1-kolorila-mineral-bottle-500"
        visit.page.wait_for_selector(row, timeout=20_000)
        assert visit.page.evaluate("window.same"), f"reloaded after {time.monotonic() - sent:.1f} s"
        assert visit.troubles == []


def test_a_click_on_a_box_puts_right_what_is_wrong_and_goes_out_as_a_label(
    browser: Browser, full: Town, tmp_path: Path
) -> None:
    with visiting(browser, full.url) as visit:
        store, at = _photographed(full)
        visit.open(f"/stores/{store}/fixtures/cooler-1?at={at}")
        box = visit.page.locator(".box[data-facing='0']")
        before = box.get_attribute("data-sku")
        right = "lurralos-cola-can-330" if before != "lurralos-cola-can-330" else "lurralos-lime-can-330"
        assert visit.page.locator("#correct").is_hidden()
        box.click()
        visit.page.fill("#sku", right)
        visit.page.click("#correct >> text=It is this SKU")
        expect(visit.page.locator(".box-corrected")).to_have_attribute("data-sku", right)
        said = httpx.get(f"{full.url}/api/v1/corrections", params={"tenant": TENANT}).json()["corrections"]
        assert [(one["store"], one["facing"], one["sku"]) for one in said] == [(store, 0, right)]
        assert visit.troubles == []
    config = full.log.parent / "town" / "sink.yaml"
    labels = [sys.executable, "-m", "cloud_sink.cli", "labels", str(tmp_path / "labels")]
    subprocess.run([*labels, "--config", str(config)], check=True, capture_output=True)
    (photo,) = read_dataset(tmp_path / "labels").photos
    assert right in photo.skus


def _photographed(town: Town) -> tuple[str, int]:
    """A store whose photograph is kept, and when it was taken, in milliseconds."""
    wanted = {"tenant": TENANT, "type": "shelf.observed.v1", "limit": "1000"}
    kept: list[tuple[str, str]] = []
    for shop in SHOPS[:6]:
        events = httpx.get(
            f"{town.url}/api/v1/events", params={**wanted, "store": shop.id, "fixture": "cooler-1"}
        ).json()
        kept += [(one["event"]["time"], shop.id) for one in events["events"] if one["event"]["data"].get("evidence")]
    time_, store = max(kept)
    return store, round(datetime.fromisoformat(time_).timestamp() * 1000)


def test_a_missed_facing_is_drawn(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url) as visit:
        visit.open("/stores/hz-03/fixtures/cooler-1")
        boxes = visit.page.locator(".box").count()
        visit.page.click("#missed")
        area = visit.page.locator("#canvas").bounding_box()
        assert area is not None
        x, y = area["x"] + area["width"] * 0.02, area["y"] + area["height"] * 0.02
        visit.page.mouse.move(x, y)
        visit.page.mouse.down()
        visit.page.mouse.move(x + area["width"] * 0.1, y + area["height"] * 0.1)
        visit.page.mouse.up()
        visit.page.click("#correct >> text=A product of no catalogue")
        expect(visit.page.locator(".box")).to_have_count(boxes + 1)
        assert visit.troubles == []


def test_a_planogram_is_checked_and_kept(browser: Browser, full: Town, tmp_path: Path) -> None:
    file = tmp_path / "Summer plan.csv"
    file.write_text("shelf,position,sku,facings\n1,1,lurralos-cola-can-330,none\n", encoding="utf-8")
    with visiting(browser, full.url) as visit:
        visit.open("/planograms")
        visit.page.set_input_files("#file", file)
        expect(visit.page.locator(".faults li")).to_have_count(1)
        file.write_text("shelf,position,sku,facings\n1,1,lurralos-cola-can-330,3\n", encoding="utf-8")
        with visit.page.expect_file_chooser() as chooser:
            visit.page.click("#file")
        chooser.value.set_files(file)  # the same file, mended
        visit.page.click("#keep")
        visit.page.wait_for_url("**/planograms/summer-plan")
        assert visit.page.locator(".plan-slot").count() == 1
        assert visit.axe() == []
        assert visit.troubles == []


def test_a_row_of_the_day_becomes_a_task_by_one_click(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url, language="zh-CN") as visit:
        visit.open("/?kind=reset_planogram")
        rows = visit.page.locator(".row-task form")
        before = rows.count()
        rows.last.locator("button").click()
        expect(rows).to_have_count(before - 1)
        badge = visit.page.locator(".row-task a").last
        with visit.page.expect_navigation():
            badge.click()
        assert visit.page.locator(visit.page.evaluate("location.hash")).is_visible()
        assert visit.axe() == []
        assert visit.troubles == []


def test_a_catalogue_is_checked_and_kept(browser: Browser, full: Town, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    file.write_text("sku,name,brand,owner\nnew-cola,New cola,,Lurra Co.\n", encoding="utf-8")
    with visiting(browser, full.url, phone=True) as visit:
        visit.open("/catalogue")
        visit.page.set_input_files("#file", file)
        expect(visit.page.locator(".faults li")).to_have_count(1)
        file.write_text("sku,name,brand,owner\nnew-cola,New cola,Lurra,Lurra Co.\n", encoding="utf-8")
        with visit.page.expect_file_chooser() as chooser:
            visit.page.click("#file")
        chooser.value.set_files(file)
        expect(visit.page.locator(".changes tbody tr")).to_have_count(1)
        assert visit.axe() == []
        with visit.page.expect_navigation():
            visit.page.click("#keep")
        visit.page.fill("#search", "new-cola")
        expect(visit.page.locator("#products tbody tr")).to_have_count(1)
        assert not visit.is_too_wide
        assert visit.troubles == []


def test_a_change_that_is_refused_says_why(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url, phone=True) as visit:
        visit.open("/tasks")
        visit.page.fill("[name=spot]", "nowhere/f9")
        visit.page.click("text=Make the task")
        expect(visit.page.locator("#refused")).to_contain_text("name a fixture as store/fixture")
        assert visit.axe() == []
        assert not visit.is_too_wide


def test_a_task_is_made_and_done_with_a_photograph(browser: Browser, full: Town, tmp_path: Path) -> None:
    photograph = tmp_path / "shelf.jpg"
    photograph.write_bytes(cv2.imencode(".jpg", np.full((60, 80, 3), 120, np.uint8))[1].tobytes())
    with visiting(browser, full.url, phone=True) as visit:
        visit.open("/tasks")
        visit.page.fill("[name=spot]", "hz-01/cooler-1")
        visit.page.click("text=Make the task")
        card = visit.page.locator(".task-open", has=visit.page.locator("h3", has_text=re.compile("^Refill$")))
        expect(card).to_have_count(1)
        with visit.page.expect_response("**/photograph"):
            card.locator("[data-photograph]").set_input_files(photograph)
        card.locator("text=It is done").click()
        expect(visit.page.locator(".task-done img")).to_be_visible()
        assert visit.axe() == []
        assert visit.troubles == []
