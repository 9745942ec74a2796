"""Photo audit and reports in a real browser: a facing is judged by keyboard alone, a report is printed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect
from pypdf import PdfReader

from tests.cloud_sink.web.browser import Town, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_a_sample_is_drawn_and_a_facing_judged_by_keyboard(browser: Browser, full: Town) -> None:
    with visiting(browser, full.url) as visit:
        visit.open("/audit")
        visit.page.click("text=Draw the sample")
        visit.page.click("text=Judge facings")
        expect(visit.page.locator(".audit-crop image")).to_be_visible()
        assert visit.axe() == []
        visit.page.keyboard.type("lurralos lime")  # the search field has the focus
        expect(visit.page.locator("#products label")).to_have_count(1)
        visit.page.keyboard.press("Enter")
        expect(visit.page.locator("#products input")).to_be_checked()
        visit.page.keyboard.press("Enter")
        expect(visit.page.get_by_text("1 of 100 judged")).to_be_visible()
        visit.page.keyboard.press("Alt+n")
        visit.page.keyboard.press("Enter")
        expect(visit.page.get_by_text("2 of 100 judged")).to_be_visible()
        visit.open("/audit")
        expect(visit.page.get_by_text("2 / 100").first).to_be_visible()
        assert visit.axe() == []
        assert visit.troubles == []


def test_a_report_is_printed_without_its_surroundings_and_as_the_file_says(browser: Browser, full: Town) -> None:
    # In letters that a browser without Chinese fonts has; that the file brings its own is shown where it is set.
    with visiting(browser, full.url, dark=True) as visit:
        visit.open("/report")
        visit.page.click("text=西湖路店")
        expect(visit.page.locator(".paper-pictures img").first).to_be_visible()
        printed = PdfReader(io.BytesIO(visit.page.pdf(prefer_css_page_size=True)))
        text = "".join(page.extract_text() for page in printed.pages)
        assert round(float(printed.pages[0].mediabox.width)) == 595  # A4
        assert "What is to do" in text
        assert "Replenishment" not in text  # the navigation
        link = visit.page.get_by_role("link", name="PDF").get_attribute("href")
        file = PdfReader(io.BytesIO(httpx.get(f"{full.url}{link}", headers={"Accept-Language": "en"}).content))
        figures = visit.page.locator(".paper-tiles b").all_inner_texts()
        told = "".join(page.extract_text() for page in file.pages)
        assert [one for one in figures if one not in told] == []
        assert visit.axe() == []
        assert visit.troubles == []
