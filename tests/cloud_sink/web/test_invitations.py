"""The page of invitations: a label is shown once, who waits is let in, and nobody else's are touched."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cloud_sink.api.app import make_app
from cloud_sink.api.context import Context
from cloud_sink.evidence.opening import open_room
from cloud_sink.fleet.products import ProductBook
from cloud_sink.rights.accounts import make_key
from cloud_sink.rights.roles import Role
from cloud_sink.store.database import Database, reading
from cloud_sink.store.trust_tables import invitations
from edge.contract.provisioning import ProvisionRequest, parse_claim
from tests.cloud_sink.api.served import BASE, serve, store
from tests.cloud_sink.trust.fleets import Fleet, asked, make_fleet, new_key
from tests.cloud_sink.web.browser import Town, visiting

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture
def fleet(sqlite: Database, tmp_path: Path) -> Fleet:
    return make_fleet(sqlite, tmp_path)


def client(fleet: Fleet, tenant: str = "acme", role: Role = Role.ADMIN) -> TestClient:
    http = fleet.config.http.model_copy(update={"access": "users", "url": BASE})
    trust = fleet.config.trust.model_copy(update={"url": "https://localhost:8443"})
    config = fleet.config.model_copy(update={"http": http, "trust": trust})
    room = open_room(fleet.database, config)
    context = Context(fleet.database, config, fleet.stores, ProductBook({}), room, ready=lambda: True)
    made = TestClient(make_app(context), base_url=BASE, raise_server_exceptions=False)
    _, key = make_key(fleet.database, tenant, f"{tenant} {role}", role, by="test")
    made.headers.update({"Authorization": f"Bearer {key}", "Accept": "text/html"})
    return made


def states(fleet: Fleet) -> dict[str, str]:
    with reading(fleet.database) as connection:
        return {row.device: row.state for row in connection.execute(select(invitations))}


def test_a_label_is_made_shown_once_and_leads_in(fleet: Fleet) -> None:
    admin = client(fleet)
    made = admin.post("/invitations", data={"spot": "s1/f1", "device": "unit-7", "hours": "24"})
    assert made.status_code == 200, made.text
    assert made.headers["cache-control"] == "no-store"
    found = re.search(r"<textarea[^>]*>([^<]+)<", made.text)
    assert found is not None
    claim = parse_claim(html.unescape(found[1]))
    assert "<svg" in made.text
    page = admin.get("/invitations").text
    assert "unit-7" in page
    assert claim.secret not in page
    request = ProvisionRequest(claim=claim.token, csr=new_key().csr)
    answer, _ = fleet.registrar.provision(request, datetime.now(UTC))
    assert answer.granted is not None
    assert admin.post("/invitations", data={"spot": "s1/f1", "device": "unit-7", "hours": "24"}).status_code == 409


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"spot": "s9/f1", "hours": "24"}, 409),
        ({"spot": "s1/f9", "hours": "24"}, 409),
        ({"spot": "nothing", "hours": "24"}, 422),
        ({"spot": "s1/f1", "hours": "9999"}, 422),
        ({"spot": "s1/f1", "hours": "24", "device": "UPPER CASE"}, 422),
        ({}, 422),
    ],
)
def test_what_cannot_be_invited_is_said(fleet: Fleet, given: dict[str, str], status: int) -> None:
    assert client(fleet).post("/invitations", data=given).status_code == status
    assert states(fleet) == {}


def test_who_waits_is_let_in_or_sent_away(fleet: Fleet) -> None:
    now = datetime.now(UTC)
    waiting, unwanted = (fleet.invite(name, approval=True, now=now) for name in ("waiting", "unwanted"))
    key = new_key()
    for one in (waiting, unwanted):
        fleet.registrar.provision(asked(one, key), now)
    admin, rival = client(fleet), client(fleet, "rival")
    assert "waiting" in admin.get("/invitations").text
    assert "unwanted" not in rival.get("/invitations").text
    for act in ("approval", "cancellation"):
        assert rival.post(f"/invitations/{waiting.claim.id}/{act}").status_code == 404
    assert admin.post(f"/invitations/{waiting.claim.id}/approval").status_code == 204
    assert admin.post(f"/invitations/{waiting.claim.id}/approval").status_code == 409
    assert admin.post(f"/invitations/{unwanted.claim.id}/cancellation").status_code == 204
    assert states(fleet) == {"waiting": "approved", "unwanted": "cancelled"}


def test_only_admins_see_the_page(fleet: Fleet) -> None:
    assert client(fleet, role=Role.FIELD).get("/invitations").status_code == 403


def test_without_an_authority_the_page_says_what_is_missing(sqlite: Database, tmp_path: Path) -> None:
    admin = serve(sqlite, tmp_path, store("acme")).by("acme")
    page = admin.get("/invitations", headers={"Accept": "text/html"}).text
    assert "No device can be invited yet" in page
    assert "sink trust init" in page


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_phone_that_scans_a_label_gets_its_text_and_sends_nothing_of_it(
    browser: Browser, guarded: Town, language: str
) -> None:
    sent: list[str] = []
    with visiting(browser, guarded.url, language=language, phone=True) as visit:
        visit.page.on("request", lambda request: sent.append(request.url.partition("#")[0] + str(request.headers)))
        visit.open("/claim#1.pin.id.a-secret")
        assert visit.page.input_value("#claim") == f"{guarded.url}/claim#1.pin.id.a-secret"
        assert visit.axe() == []
        assert not visit.is_too_wide
        assert visit.troubles == []
    assert sent
    assert not any("a-secret" in one for one in sent)
