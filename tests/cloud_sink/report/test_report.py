"""A report is a real PDF in both languages, with its pictures, and the page shows the same."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from pypdf import PdfReader

from cloud_sink.cli.report import _monday
from cloud_sink.evidence.opening import open_room
from cloud_sink.fleet.products import ProductBook
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.settle import settle_all
from cloud_sink.report import write
from cloud_sink.report.gather import Sources, store_week
from cloud_sink.report.typeset import as_pdf
from cloud_sink.rights.roles import Role
from cloud_sink.store.database import writing
from cloud_sink.store.intake import take
from cloud_sink.web.language import languages
from edge.contract.errors import StoreError
from tests.cloud_sink.api.served import Served, serve, store
from tests.cloud_sink.words import DEVICE, START, facing, fact, observed, stockout

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

WEEK = {"week": "2026-03-14"}
NOW = datetime(2026, 3, 20, tzinfo=UTC)
ADDRESS = "/report/stores/s1"


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    """A store with a rare character in its name, a photograph and a stock-out."""
    served = serve(sqlite, tmp_path / "data", store("acme", name="s1", chain="灯塔便利", city="杭州"))
    picture = cv2.imencode(".jpg", np.full((120, 90, 3), 90, np.uint8))[1].tobytes()
    sha256 = hashlib.sha256(picture).hexdigest()
    open_room(sqlite, served.config).take(DEVICE, sha256, picture, NOW)
    seen = observed(1, [facing("cola-330"), facing("tea-500")], planned={"cola-330": 1, "tea-500": 2}, simulated=True)
    seen["data"]["evidence"] = sha256
    out = stockout(2, "tea-500", START + timedelta(hours=2))
    book = StoreBook(served.config.stores)
    with writing(sqlite) as connection:
        take(connection, [fact(one) for one in (seen, out)], [], stores=book, received=NOW)
    settle_all(sqlite, book)
    return served


def asking(served: Served, role: Role = Role.MERCHANDISER, language: str = "en") -> TestClient:
    client = served.by("acme", role)
    client.headers.update({"Accept": "text/html", "Accept-Language": language})
    return client


def read(content: bytes) -> tuple[str, int]:
    """The text of a PDF and how many photographs are in it."""
    pages = PdfReader(io.BytesIO(content)).pages
    return "\n".join(page.extract_text() for page in pages), sum(len(page.images) for page in pages)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["First of acme: the week", "Mar 9, 2026 to Mar 14, 2026", "杭州", "Stock-outs", "tea-500", "Page 1 of"],
        ),
        ("zh-CN", ["First of acme 周报", "灯塔便利", "缺货", "模拟数据", "补货", "tea-500", "第 1 页"]),
    ],
)
def test_a_pdf_says_it_in_both_languages_with_its_pictures(served: Served, language: str, words: list[str]) -> None:
    client = asking(served, language=language)
    answer = client.get(f"{ADDRESS}/pdf", params=WEEK)
    assert answer.headers["content-type"] == "application/pdf"
    text, pictures = read(answer.content)
    plain = "".join(text.split())
    assert [word for word in words if "".join(word.split()) not in plain] == []
    assert pictures == 1
    page = client.get(ADDRESS, params=WEEK).text
    assert [word for word in words[:-1] if word not in page.replace("&#39;", "'")] == []


def test_fonts_are_in_the_file_and_it_is_tagged(served: Served) -> None:
    reader = PdfReader(io.BytesIO(asking(served).get(f"{ADDRESS}/pdf", params=WEEK).content))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    resources: list[Any] = [page["/Resources"] for page in reader.pages]
    fonts = {
        str(font.get_object()["/BaseFont"]).partition("+")[2] for one in resources for font in one["/Font"].values()
    }
    assert fonts == {"NotoSansSC-Regular", "NotoSansSC-Bold"}


def test_a_name_in_letters_that_the_font_lacks_is_no_failure(served: Served) -> None:
    (described,) = served.config.stores
    named = described.model_copy(update={"name": "ร้าน 🥤 \N{LATIN SMALL LETTER L WITH STROKE}"})
    sources = Sources(served.database, StoreBook([named]), ProductBook(), served.config, None)
    week = store_week(sources, tenant="acme", store="s1", monday=date(2026, 3, 9), now=NOW)
    text, _ = read(as_pdf(write.of_store(week, languages()["en"]), {}, NOW))
    assert "the week" in text


def test_the_same_week_gives_the_same_bytes(served: Served) -> None:
    room = open_room(served.database, served.config)
    sources = Sources(served.database, StoreBook(served.config.stores), ProductBook(), served.config, room)
    week = store_week(sources, tenant="acme", store="s1", monday=date(2026, 3, 9), now=NOW)
    document = write.of_store(week, languages()["zh-CN"])
    pictures = {one.sha256: one.content for one in week.photographs}
    assert as_pdf(document, pictures, NOW) == as_pdf(document, pictures, NOW)


def test_who_may_see_no_photographs_gets_none(served: Served) -> None:
    viewer = asking(served, Role.VIEWER)
    assert read(viewer.get(f"{ADDRESS}/pdf", params=WEEK).content)[1] == 0
    assert "/api/v1/evidence/" not in viewer.get(ADDRESS, params=WEEK).text
    assert "/api/v1/evidence/" in asking(served).get(ADDRESS, params=WEEK).text


def test_a_chain_is_reported_and_one_that_is_none_is_not(served: Served) -> None:
    client = asking(served)
    text, pictures = read(client.get("/report/chain/pdf", params=WEEK | {"chain": "灯塔便利"}).content)
    assert "灯塔便利" in text
    assert pictures == 1
    assert "All stores" in client.get("/report/chain", params=WEEK).text
    assert client.get("/report/chain", params=WEEK | {"chain": "nobody's"}).status_code == 404
    assert client.get("/report/stores/nowhere/pdf", params=WEEK).status_code == 404
    assert client.get(ADDRESS, params={"week": "0001-01-01"}).status_code == 422


def test_a_week_without_data_is_a_report_that_says_so(served: Served) -> None:
    text, pictures = read(asking(served).get(f"{ADDRESS}/pdf", params={"week": "2026-02-02"}).content)
    assert "Nothing was observed." in text
    assert pictures == 0


def test_another_tenant_gets_no_report(served: Served) -> None:
    other = served.by("rival")
    assert other.get(ADDRESS, params=WEEK).status_code == 404
    assert "First of acme" not in other.get("/report").text


def test_the_list_leads_to_every_store_and_chain_of_the_week(served: Served) -> None:
    page = asking(served).get("/report", params=WEEK).text
    assert "/report/stores/s1?week=2026-03-09" in page
    assert "/report/chain?chain=%E7%81%AF%E5%A1%94%E4%BE%BF%E5%88%A9&amp;week=2026-03-09" in page
    assert "/report/stores/s1?" not in asking(served, Role.VIEWER).get("/report", params={"q": "elsewhere"}).text


@pytest.mark.parametrize(("text", "monday"), [("2026-W11", date(2026, 3, 9)), ("2026-03-14", date(2026, 3, 9))])
def test_a_week_is_named_in_two_ways(text: str, monday: date) -> None:
    assert _monday(text) == monday


@pytest.mark.parametrize("text", ["2026-W61", "soon", "2026-13-01", "0000-W01"])
def test_a_week_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="no such week"):
        _monday(text)
