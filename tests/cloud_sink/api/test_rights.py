"""Every route, as the application itself lists them, with every wrong tenant and role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from cloud_sink.api.app import right_of, routes_of
from cloud_sink.evidence.opening import open_place
from cloud_sink.rights.roles import LEAST, Right, Role
from cloud_sink.store.database import reading
from cloud_sink.store.tables import metadata
from cloud_sink.web import live
from tests.cloud_sink.api.estate import SECRETS, Estate, Question, estate, every_path
from tests.cloud_sink.api.served import Served, serve, store

if TYPE_CHECKING:
    from pathlib import Path

    from httpx import Response

    from cloud_sink.store.database import Database

ITS_OWN = {"/api/v1/session", "/sign-out"}
"""Routes that tell whoever asks of themselves, and need a browser's session."""

CONFLICTING = {"/api/v1/identities/{device}/move", "/api/v1/identities/{device}/recall"}
"""Routes that want more than one of everything: HTTPS to devices, or something to take back."""

TOLD_TO_ACME = {
    "/api/v1/identities/{device}/history",
    "/api/v1/stores",
    "/api/v1/stores/{store}/profile",
    "/api/v1/stores/{store}/standing",
    "/api/v1/stores/{store}/replenishment",
    "/api/v1/promotions/{promotion}/effect",
    "/api/v1/contracts/{contract}/settlements/{month}",
    "/api/v1/contracts/{contract}/settlements/{month}.zip",
    "/api/v1/rankings",
    "/api/v1/episodes",
    "/api/v1/alerts",
    "/api/v1/devices",
    "/api/v1/devices/{device}",
    "/api/v1/events",
    "/api/v1/devices/{device}/events/{epoch}/{seq}",
    "/api/v1/corrections",
    "/api/v1/quarantine",
    "/api/v1/evidence/{sha256}",
    "/api/v1/exports/{kind}.csv",
    "/api/v1/exports/{kind}.parquet",
    "/api/v1/exports/epcis.jsonld",
    "/api/v1/catalogue",
    "/api/v1/catalogue/file",
    "/api/v1/planograms",
    "/api/v1/planograms/{name}",
    "/api/v1/planograms/{name}/file",
    "/api/v1/planogram-assignments",
    "/api/v1/users",
    "/api/v1/keys",
    "/api/v1/webhooks",
}
"""Routes that have something of acme's to tell: where the tests below look, there is something to be found."""


@pytest.fixture
def served(sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setattr(live, "LONGEST", 0.0)  # what is told for as long as somebody listens ends after its first word
    monkeypatch.setattr(live, "HEARTBEAT", 0.01)
    return serve(sqlite, tmp_path, store("acme", "s-acme"), store("rival", "s-rival"))


@pytest.fixture
def acme(served: Served) -> Estate:
    """Much of acme; its rival has one empty store."""
    return estate(served)


def guarded(acme: Estate) -> list[Question]:
    """What nobody is told without some right."""
    return [question for question in acme.questions() if question.right is not None]


def test_there_is_no_route_but_those_that_are_asked_here(acme: Estate) -> None:
    asked = {(question.method, question.route.path) for question in acme.questions()}
    described = {("GET", "/api/openapi.json"), ("HEAD", "/api/openapi.json")}
    assert every_path(acme.served.app.routes) == asked | described
    assert {path for _, path in asked} >= set(acme.served.app.openapi()["paths"])


def test_every_route_says_what_it_needs(served: Served) -> None:
    assert {right_of(route) for route in routes_of(served.app)} >= {None, Right.FIGURES, Right.ADMINISTER}


def test_the_tenant_itself_finds_what_another_must_not(acme: Estate) -> None:
    client, told = acme.served.by("acme"), set()
    for question in guarded(acme):
        answer = question.ask(client)
        if question.route.include_in_schema and question.route.path not in ITS_OWN:
            conflicting = question.route.path in CONFLICTING and answer.status_code == 409
            assert answer.status_code < 400 or conflicting, (str(question), answer.text)
        if question.method == "GET" and any(word in whole(answer) for word in SECRETS):
            told.add(question.route.path)
    assert told >= TOLD_TO_ACME


def test_without_credentials_nothing_is_told(acme: Estate) -> None:
    for question in guarded(acme):
        if question.uploads:
            continue
        answer = question.ask(acme.served.anonymous())
        assert not any(word in whole(answer) for word in SECRETS), str(question)
        if question.route.path.startswith("/api/"):
            assert answer.status_code == 401, (str(question), answer.text)
            assert answer.headers["www-authenticate"] == "Bearer"
        else:
            assert answer.status_code in {303, 401}, (str(question), answer.text)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_what_the_table_says(acme: Estate, role: Role) -> None:
    client, ranks = acme.served.by("acme", role), list(Role)
    for question in guarded(acme):
        assert question.right is not None
        answer = question.ask(client)
        may = ranks.index(role) >= ranks.index(LEAST[question.right])
        assert (answer.status_code == 403) is not may, (str(question), answer.status_code, answer.text)


@pytest.mark.parametrize("role", list(Role))
def test_another_tenant_finds_and_changes_nothing(acme: Estate, role: Role) -> None:
    client = acme.served.by("rival", role)
    before = everything_of_acme(acme.served)
    for question in guarded(acme):
        for query in ({}, {"tenant": "acme"}):
            answer = question.ask(client, **query)
            assert_nothing_of_acme(answer, question)
            if query and "tenant" in question.takes:
                assert answer.status_code in {403, 404}, (str(question), answer.text)
    assert everything_of_acme(acme.served) == before


def test_the_middle_of_a_list_is_nobody_else_s_either(acme: Estate) -> None:
    """A cursor says where a list goes on: it must not say whose list it is."""
    mine, rival, followed = acme.served.by("acme"), acme.served.by("rival"), set()
    for question in guarded(acme):
        if question.method == "GET" and "cursor" in question.takes:
            following = question.ask(mine, limit="1").json()["next"]
            if following is not None:
                followed.add(question.route.path)
                assert_nothing_of_acme(question.ask(rival, cursor=following), question)
    assert followed >= {"/api/v1/events", "/api/v1/keys"}


def whole(answer: Response) -> str:
    return answer.text + json.dumps(dict(answer.headers))


def assert_nothing_of_acme(answer: Response, question: Question) -> None:
    told = whole(answer)
    if answer.status_code >= 400 or question.route.path == "/api/v1/audit":
        # A problem may name what was asked for; the audit log tells rival what rival asked for.
        for text in question.named:
            told = told.replace(text, "") if len(text) > 3 else told
    assert not [word for word in SECRETS if word in told], (str(question), told)


def everything_of_acme(served: Served) -> dict[str, Any]:
    """Every row of acme but the traces of who read it, and its photographs."""
    found: dict[str, Any] = {}
    with reading(served.database) as connection:
        for table in metadata.sorted_tables:
            if "tenant" in table.columns and table.name != "audit":
                rows = connection.execute(select(table).where(table.c.tenant == "acme")).all()
                found[table.name] = sorted(map(repr, rows))
    found["photographs"] = sorted(one.name.key for one in open_place(served.config).walk() if "acme" in one.name.key)
    assert len([name for name, rows in found.items() if rows]) > 12
    return found
