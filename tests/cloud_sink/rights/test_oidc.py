"""A company's own sign-in, against a provider that speaks OpenID Connect over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import oidc_provider_mock
import pytest
import requests
from fastapi.testclient import TestClient

from cloud_sink.api.app import make_app
from cloud_sink.api.context import Context
from cloud_sink.evidence.opening import open_room
from cloud_sink.fleet.http_settings import HttpSection, OidcSection
from cloud_sink.fleet.products import ProductBook
from cloud_sink.fleet.settings import SinkConfig
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.rights.oidc import Provider, SignInError, role_of
from cloud_sink.rights.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud_sink.store.database import Database

PEOPLE = (
    oidc_provider_mock.User(sub="mai", claims={"email": "mai@acme.example", "groups": ["shelf-leads", "all"]}),
    oidc_provider_mock.User(sub="eve", claims={"email": "eve@acme.example", "groups": ["all"]}),
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


def section(issuer: str, folder: Path, **more: Any) -> OidcSection:
    secret = folder / "client-secret"
    secret.write_text("between the provider and us\n")
    known = {"id": "acme-id", "tenant": "acme", "issuer": issuer, "client_id": "facings", "client_secret_file": secret}
    return OidcSection.model_validate(known | {"roles": {"shelf-leads": "merchandiser"}} | more)


def browser(database: Database, folder: Path, *sections: OidcSection) -> TestClient:
    http = HttpSection(access="users", url="http://127.0.0.1:8080", oidc=sections)
    config = SinkConfig(data=folder, http=http)
    context = Context(
        engine=database,
        config=config,
        stores=StoreBook(),
        products=ProductBook(),
        photographs=open_room(database, config),
        ready=lambda: True,
    )
    return TestClient(make_app(context), base_url="http://127.0.0.1:8080", follow_redirects=False)


def at_provider(address: str, person: str) -> str:
    """Agree at the provider's page as a person does; gives the address it sends the browser back to."""
    answer = requests.post(address, data={"sub": person}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def test_a_person_of_the_company_signs_in_with_the_role_of_their_group(
    sqlite: Database, tmp_path: Path, issuer: str
) -> None:
    client = browser(sqlite, tmp_path, section(issuer, tmp_path))
    sent = client.get("/api/v1/sign-in/acme-id")
    assert sent.status_code == 302
    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    back = client.get(at_provider(sent.headers["location"], "mai"))
    assert back.status_code == 303, back.text
    me = client.get("/api/v1/session").json()
    assert (me["kind"], me["name"], me["tenant"], me["role"]) == ("user", "mai@acme.example", "acme", "merchandiser")


@pytest.mark.parametrize(
    ("wanted", "page"),
    [
        ("/stores/s1?days=7&q=a%20b", "/stores/s1?days=7&q=a%20b"),
        ("", "/"),
        ("//elsewhere.example/", "/"),
        ("https://elsewhere.example/", "/"),
        ("/\\elsewhere.example", "/"),
    ],
)
def test_one_comes_back_to_the_page_that_was_asked_for_and_to_no_other_host(
    sqlite: Database, tmp_path: Path, issuer: str, wanted: str, page: str
) -> None:
    client = browser(sqlite, tmp_path, section(issuer, tmp_path))
    sent = client.get("/api/v1/sign-in/acme-id", params={"next": wanted})
    back = client.get(at_provider(sent.headers["location"], "mai"))
    assert (back.status_code, back.headers["location"]) == (303, page)
    assert "facings-sign-in-next" not in client.cookies


def test_a_page_to_come_back_to_that_somebody_forged_is_not_followed(
    sqlite: Database, tmp_path: Path, issuer: str
) -> None:
    client = browser(sqlite, tmp_path, section(issuer, tmp_path))
    there = at_provider(client.get("/api/v1/sign-in/acme-id").headers["location"], "mai")
    client.cookies.set("facings-sign-in-next", "%2F%2Felsewhere.example", domain="127.0.0.1")
    assert client.get(there).headers["location"] == "/"


def test_who_has_no_role_is_refused(sqlite: Database, tmp_path: Path, issuer: str) -> None:
    client = browser(sqlite, tmp_path, section(issuer, tmp_path))
    back = client.get(at_provider(client.get("/api/v1/sign-in/acme-id").headers["location"], "eve"))
    assert (back.status_code, back.headers["content-type"]) == (401, "application/problem+json")
    assert client.get("/api/v1/session").status_code == 401


def test_the_way_back_works_once_and_in_its_own_browser(sqlite: Database, tmp_path: Path, issuer: str) -> None:
    client = browser(sqlite, tmp_path, section(issuer, tmp_path))
    there = at_provider(client.get("/api/v1/sign-in/acme-id").headers["location"], "mai")
    stranger = browser(sqlite, tmp_path, section(issuer, tmp_path))
    assert stranger.get(there).status_code == 401  # somebody sent them a link into their own account
    bound = client.cookies["facings-sign-in"]
    assert client.get(there).status_code == 303
    client.cookies.set("facings-sign-in", bound)
    assert client.get(there).status_code == 401


def test_a_token_for_another_client_or_sign_in_proves_nobody(sqlite: Database, tmp_path: Path, issuer: str) -> None:
    mine = Provider(section(issuer, tmp_path), sqlite, "http://127.0.0.1:8080/back")
    address, state = mine.begin()
    code = parse_qs(urlsplit(at_provider(address, "mai")).query)["code"][0]
    _, other_state = mine.begin()
    with pytest.raises(SignInError):  # another nonce
        mine.end(other_state, code)
    with pytest.raises(SignInError):  # the code is used up
        mine.end(state, code)
    with pytest.raises(SignInError, match="not begun here"):
        mine.end("made-up", code)


def test_a_role_follows_the_group_at_the_next_sign_in(sqlite: Database, tmp_path: Path, issuer: str) -> None:
    for role in ("merchandiser", "admin", "viewer"):
        provider = Provider(
            section(issuer, tmp_path, roles={"shelf-leads": role}), sqlite, "http://127.0.0.1:8080/back"
        )
        address, state = provider.begin()
        code = parse_qs(urlsplit(at_provider(address, "mai")).query)["code"][0]
        assert provider.end(state, code).role == role


@pytest.mark.parametrize(
    ("claim", "role"),
    [
        (["a"], Role.VIEWER),
        (["a", "b"], Role.ADMIN),
        ("b", Role.ADMIN),
        (["c"], None),
        (None, None),
        ([{"a": 1}], None),
        (17, None),
    ],
)
def test_of_several_roles_the_highest_holds(claim: object, role: Role | None, tmp_path: Path) -> None:
    told = section("https://id.example", tmp_path, roles={"a": "viewer", "b": "admin"})
    assert role_of({"groups": claim} if claim is not None else {}, told) == role


def test_a_provider_that_is_away_is_a_problem_in_one_line(sqlite: Database, tmp_path: Path) -> None:
    client = browser(sqlite, tmp_path, section("http://localhost:9", tmp_path))
    answer = client.get("/api/v1/sign-in/acme-id")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "application/problem+json")
    assert client.get("/api/v1/sign-in/nobody").status_code == 404
