"""What people do on the pages of products, promotions, replenishment and settlement, in a real browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.cloud_sink.web.browser import Town, visiting

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

TODAY = datetime.now(UTC).date()


def test_products_are_searched_and_sorted_and_one_is_opened(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url) as visit:
        visit.open("/products")
        rows = visit.page.locator("#products .table-cards tbody tr")
        assert rows.count() > 10
        visit.page.fill("#search", "trevar")
        expect(rows).to_have_count(1)
        visit.page.wait_for_url("**q=trevar*")
        visit.page.fill("#search", "cola")
        expect(rows).to_contain_text("Lurralos Cola 330 ml")
        visit.page.click("#products tbody a")
        visit.page.wait_for_url("**/products/lurralos-cola-can-330*")
        visit.settle()
        assert visit.page.locator(".uplot").count() == 2
        assert visit.troubles == []


def test_a_promotion_is_added_by_the_form_which_says_what_is_wrong(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url) as visit:
        visit.open("/promotions")
        visit.page.fill("[name=promotion]", "spring-lime")
        visit.page.fill("[name=since]", str(TODAY - timedelta(days=9)))
        visit.page.fill("[name=until]", str(TODAY - timedelta(days=2)))
        visit.page.check("text=Lurralos Lime 330 ml")
        visit.page.fill("[name=stores]", "hz-01, nowhere")
        visit.page.click("text=Add and measure")
        expect(visit.page.locator("[data-error]")).to_contain_text("nobody described nowhere")
        visit.page.fill("[name=stores]", "hz-01 sh-01")
        visit.page.click("text=Add and measure")
        visit.page.wait_for_url("**/promotions/spring-lime")
        visit.settle()
        assert visit.page.locator(".outcome").count() >= 1
        visit.page.on("dialog", lambda dialog: dialog.accept())
        visit.page.click("text=Remove")
        visit.page.wait_for_url(re.compile(r"/promotions$"))
        assert visit.page.locator("text=spring-lime").count() == 0
        assert [one for one in visit.troubles if "422" not in one] == []  # the refused form


def test_a_file_of_sales_is_checked_and_kept(browser: Browser, full: Town, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("store,date,gtin,units\nhz-01,2020-01-01,9520009001927,some\n", encoding="utf-8")
    with visiting(browser, full.url) as visit:
        visit.open("/replenishment?store=hz-01")
        visit.page.click("text=Upload sales")
        box = visit.page.locator("[data-import=sales]")
        box.locator("input[type=file]").set_input_files(file)
        expect(box.locator(".import-lines li")).to_have_count(1)
        file.write_text("store,date,gtin,units\nhz-01,2020-01-01,9520009001927,3\n", encoding="utf-8")
        with visit.page.expect_file_chooser() as chooser:
            box.locator("input[type=file]").click()
        chooser.value.set_files(file)  # the same file, mended
        box.locator("[data-keep]").click()
        expect(box).to_contain_text("1 line imported")
        assert visit.axe() == []
        assert visit.troubles == []


def test_the_days_of_a_line_open_in_the_page(browser: Browser, full: Town) -> None:
    yesterday = TODAY - timedelta(days=1)
    with visiting(browser, full.url) as visit:
        visit.open(f"/settlement?contract=cooler-display&month={yesterday:%Y-%m}")
        visit.page.locator("#settled .table-cards tbody tr").first.locator("text=Days").last.click()
        visit.page.wait_for_selector("#line-part .uplot")
        assert visit.page.locator("#line-part tbody tr").count() >= 1
        assert visit.axe() == []
        assert visit.troubles == []


def test_a_part_that_cannot_be_worked_out_says_so_and_offers_to_try_again(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url) as visit:
        visit.page.route("**/products.list*", lambda route: route.fulfill(status=503, body="away"))
        visit.open("/products")
        alert = visit.page.locator("#products [data-failed]")
        expect(alert).to_be_visible()
        visit.page.unroute("**/products.list*")
        alert.locator("a").click()
        expect(visit.page.locator("#products .table-cards")).to_be_visible()
