"""Photo audit: people judge facings without the machine's answer, and what they say is told as its accuracy."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from cloud_sink.evidence.opening import open_room
from cloud_sink.exports.labels import write_labels
from cloud_sink.exports.walk import Wanted
from cloud_sink.fleet.audit_settings import AuditSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.photo_audit.sample import draw_sample, last_whole_week
from cloud_sink.photo_audit.weekly import draw_due
from cloud_sink.rights.roles import Role
from cloud_sink.store import photo_audits
from cloud_sink.store.database import reading, writing
from cloud_sink.store.deletion import left_of
from cloud_sink.store.intake import take
from cloud_sink.web.views.audit import choice_of, framed, listed
from edge.contract.catalogue import Sku
from edge.recognise.datasets import read_dataset
from tests.cloud_sink.api.served import Served, serve, store
from tests.cloud_sink.words import DEVICE, START, facing, fact, observed

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

WEEK = date(2026, 3, 9)  # 14 March is its Saturday
NOW = datetime(2026, 3, 20, tzinfo=UTC)
MACHINE_SAID = "what-the-machine-said"
OTHER = "another-product"
SETTINGS = AuditSection(facings=10, twice=0)


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    return fill(sqlite, tmp_path)


@pytest.fixture
def on_both(database: Database, tmp_path: Path) -> Served:
    """On both databases in turn."""
    return fill(database, tmp_path)


def fill(database: Database, tmp_path: Path) -> Served:
    """Four photographs with three facings each, and a capture without one."""
    products = {name: _sku(name) for name in (MACHINE_SAID, OTHER)}
    served = serve(database, tmp_path / "data", store("acme", chain="Grand"), products=products)
    room = open_room(database, served.config)
    events = []
    for seq in range(1, 5):
        picture = cv2.imencode(".jpg", np.full((100, 200, 3), 40 * seq, np.uint8))[1].tobytes()
        sha256 = hashlib.sha256(picture).hexdigest()
        room.take(DEVICE, sha256, picture, NOW)
        one = observed(seq, [_at(place) for place in range(3)], at=START + timedelta(hours=seq))
        one["data"]["evidence"] = sha256
        events.append(one)
    bare = observed(9, [facing(MACHINE_SAID)] * 5, at=START + timedelta(hours=9))  # kept no photograph
    with writing(database) as connection:
        take(
            connection, [fact(one) for one in [*events, bare]], [], stores=StoreBook(served.config.stores), received=NOW
        )
    return served


def _at(place: int) -> dict[str, Any]:
    return facing(MACHINE_SAID) | {"box": [0.1 + 0.2 * place, 0.1, 0.2 + 0.2 * place, 0.4], "position": place + 1}


def _sku(name: str) -> Sku:
    return Sku(id=name, name=name.title(), brand="Brand", owner="Own Co.")


def draw(served: Served, settings: AuditSection = SETTINGS) -> photo_audits.Sample | None:
    book = StoreBook(served.config.stores)
    return draw_sample(served.database, book, settings, tenant="acme", week=WEEK, now=NOW, who="test")


def person(served: Served, role: Role = Role.MERCHANDISER) -> TestClient:
    client = served.by("acme", role)
    client.headers.update({"Accept": "text/html"})
    return client


def place_of(page: str) -> int:
    return int(re.findall(r'name="place" value="(\d+)"', page)[0])


def judge(client: TestClient, choice: str, **more: object) -> int:
    """Answer the next question."""
    place = place_of(client.get("/audit/judge", params={"week": str(WEEK)}).text)
    answer = client.post("/audit/judge", data={"week": str(WEEK), "place": place, "choice": choice, **more})
    assert answer.status_code == 204, answer.text
    return place


def test_the_machines_answer_does_not_reach_who_judges(served: Served) -> None:
    assert draw(served) is not None
    client = person(served)
    answer = client.get("/audit/judge", params={"week": str(WEEK)})
    page = re.sub(r'<div id="products".*?</div>', "", answer.text, flags=re.DOTALL)  # the whole catalogue, by name
    assert MACHINE_SAID not in page + str(answer.headers)
    assert MACHINE_SAID.title() not in page
    assert "recognised" not in answer.text
    assert not re.search(r"checked|selected|/fixtures/", answer.text)
    assert re.findall(r'value="sku:([^"]+)"', answer.text) == [OTHER, MACHINE_SAID]
    assert client.get("/audit/facing", params={"week": str(WEEK), "place": place_of(answer.text)}).status_code == 404


def test_a_sample_holds_counted_facings_of_photographs_once_and_is_drawn_once(on_both: Served) -> None:
    sample = draw(on_both)
    assert sample is not None
    assert (sample.drawn, sample.facings, sample.until) == (10, 17, date(2026, 3, 14))
    assert draw(on_both) is None
    with reading(on_both.database) as connection:
        drawn = [photo_audits.drawn(connection, "acme", WEEK, place) for place in range(10)]
    assert len({(one.evidence, one.box) for one in drawn if one}) == 10


def test_an_answer_is_kept_once_with_who_and_when_and_stands_in_the_audit_log(on_both: Served) -> None:
    draw(on_both)
    client = person(on_both)
    place = judge(client, f"sku:{MACHINE_SAID}")
    again = client.post("/audit/judge", data={"week": str(WEEK), "place": place, "choice": "nothing"})
    assert again.status_code == 204
    with reading(on_both.database) as connection:
        (one,) = photo_audits.judged(connection, "acme", WEEK, WEEK)
        assert (one.place, one.says, one.is_right) == (place, "sku", True)
        assert photo_audits.progress(connection, "acme", WEEK, "key acme merchandiser").own == 1
    log = on_both.by("acme").get("/api/v1/audit").json()["entries"]
    said = [one["what"] for one in log if one["action"] == "POST /audit/judge"]
    assert said == [f"{WEEK} {place}: nothing, which was judged before", f"{WEEK} {place}: {MACHINE_SAID}"]


def test_the_share_right_is_told_with_its_interval_and_where_the_machine_was_wrong(served: Served) -> None:
    draw(served)
    client = person(served)
    for number in range(10):
        judge(client, f"sku:{MACHINE_SAID if number else OTHER}", counted=3)
    page = client.get("/audit", params={"week": str(WEEK)}).text
    assert "90%" in page
    assert "Nothing is left for you to judge" in client.get("/audit/judge", params={"week": str(WEEK)}).text
    assert re.search(rf"<td>{MACHINE_SAID.title()}</td><td>{OTHER.title()}</td>", page)
    link = re.findall(r'href="(/audit/facing\?[^"]+)"', page)[0].replace("&amp;", "&")
    assert OTHER.title() in client.get(link).text
    assert "SKU right 90%" in client.get("/audit/beside").text
    viewer = person(served, Role.VIEWER)
    assert "90%" in viewer.get("/audit").text
    assert viewer.get("/audit/judge", params={"week": str(WEEK)}).status_code == 403


def test_two_judge_a_share_of_them_without_each_other(on_both: Served) -> None:
    draw(on_both, AuditSection(facings=10, twice=1))
    first, second = person(on_both), person(on_both, Role.ADMIN)
    place = judge(first, f"sku:{OTHER}")
    assert place_of(second.get("/audit/judge", params={"week": str(WEEK)}).text) == place
    assert OTHER.title() in first.get("/audit").text
    assert OTHER.title() not in second.get("/audit").text  # still to be judged by them
    judge(second, f"sku:{OTHER}")
    assert "Two people judged 1 facings; of 1 they said the same." in second.get("/audit").text


def test_judgements_are_labels_where_judges_agree(on_both: Served, tmp_path: Path) -> None:
    draw(on_both, AuditSection(facings=10, twice=1))
    first, second = person(on_both), person(on_both, Role.ADMIN)
    judge(first, f"sku:{OTHER}")
    judge(second, f"sku:{OTHER}")
    judge(first, "nothing")
    judge(second, "unlisted")
    wanted = Wanted("acme", date(2026, 3, 1), date(2026, 3, 31))
    done = write_labels(on_both.database, open_room(on_both.database, on_both.config), wanted, tmp_path / "labels")
    assert done.judged == 1
    (photo,) = read_dataset(tmp_path / "labels").photos
    assert sorted(zip(photo.skus, photo.crowd.tolist(), strict=True)) == [
        (OTHER, False),
        (MACHINE_SAID, True),
        (MACHINE_SAID, True),
    ]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"choice": "sku:of-no-catalogue"}, 422),
        ({"choice": "sku:"}, 422),
        ({"choice": "unclear", "counted": "many"}, 422),
        ({"choice": "unclear", "counted": "-1"}, 422),
        ({"choice": "unclear", "place": "77"}, 404),
        ({"choice": "unclear", "week": "soon"}, 422),
    ],
)
def test_an_answer_that_is_none_is_refused(served: Served, given: dict[str, str], status: int) -> None:
    draw(served)
    answer = person(served).post("/audit/judge", data={"week": str(WEEK), "place": "0"} | given)
    assert answer.status_code == status


def test_a_week_over_is_drawn_by_itself(served: Served) -> None:
    book = StoreBook(served.config.stores)
    later = datetime(2026, 3, 17, 13, tzinfo=UTC)
    assert last_whole_week(datetime(2026, 3, 16, 11, tzinfo=UTC)) == WEEK - timedelta(days=7)
    assert last_whole_week(later) == WEEK
    assert draw_due(served.database, book, SETTINGS, later) == 1
    assert draw_due(served.database, book, SETTINGS, later) == 0


def test_a_store_that_is_deleted_takes_its_facings_and_judgements_along(on_both: Served) -> None:
    draw(on_both)
    judge(person(on_both), "unclear")
    with reading(on_both.database) as connection:
        left = left_of(connection, tenant="acme", kind="store", name="s1")
    assert {"photo_audit_draws", "photo_audit_judgements"} <= left.keys()


def test_another_tenant_sees_nothing_of_it(served: Served) -> None:
    draw(served)
    other = served.by("rival")
    assert "Nothing is left" in other.get("/audit/judge", params={"week": str(WEEK)}).text
    data = {"week": str(WEEK), "place": 0, "choice": "unclear"}
    assert other.post("/audit/judge", data=data).status_code == 404


def test_a_crop_keeps_to_the_photograph() -> None:
    shown = framed((1000, 500), (0.0, 0.8, 0.1, 1.0), (0, 0.8, 1, 1))
    assert [shown.box, shown.crop, shown.band] == [(0, 400, 100, 100), (0, 340, 160, 160), (0, 400, 1000, 100)]


def test_products_are_found_by_any_of_their_words() -> None:
    products = [_sku("cola-330"), _sku("cola-500"), _sku("tea-500")]
    assert [one.id for one in listed(products, "500 COLA")[0]] == ["cola-500"]
    assert listed(products, "")[1] == 3
    assert choice_of("sku:cola-330", {"cola-330": products[0]}) is not None
    assert choice_of("unclear:x", {}) is None
