from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloud_sink.rights.accounts import first_links, invite
from cloud_sink.rights.roles import Role
from tests.cloud_sink.api.served import Served, serve, store

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

PASSWORD = "correct horse battery"


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    return serve(sqlite, tmp_path, store("acme"))


def signed_in(served: Served, role: Role = Role.ADMIN) -> TestClient:
    _, token = invite(served.database, "acme", f"mai {role}", role)
    client = served.anonymous()
    me = client.post(f"/api/v1/links/{token}", json={"password": PASSWORD})
    assert me.status_code == 200, me.text
    client.headers["X-CSRF-Token"] = me.json()["csrf"]
    return client


def test_the_first_admin_comes_by_the_page_behind_the_link(served: Served) -> None:
    token = first_links(served.database, {"acme"})["acme"]
    client = served.anonymous()
    page = client.get(f"/welcome/{token}")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "script" not in page.text
    refused = client.post(f"/welcome/{token}", data={"name": "mai", "password": "short"})
    assert refused.status_code == 409
    assert "12 to 200" in refused.text
    assert client.post(f"/welcome/{token}", data={"name": "mai", "password": PASSWORD}).status_code == 303
    assert client.get("/api/v1/session").json()["role"] == "admin"
    assert client.get(f"/welcome/{token}").status_code == 404


def test_a_session_signs_in_changes_and_signs_out(served: Served) -> None:
    signed_in(served)
    client = served.anonymous()
    given = {"tenant": "acme", "name": "mai admin", "password": PASSWORD}
    me = client.post("/api/v1/session", json=given)
    assert "HttpOnly" in me.headers["set-cookie"]
    assert "samesite=lax" in me.headers["set-cookie"].lower()
    client.headers["X-CSRF-Token"] = me.json()["csrf"]
    made = client.post("/api/v1/users", json={"name": "linh", "role": "viewer"})
    assert made.status_code == 201
    assert made.json()["link"].startswith("http://127.0.0.1:8080/welcome/")
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/session").status_code == 401


def test_a_change_needs_the_word_of_the_page(served: Served) -> None:
    client = signed_in(served)
    del client.headers["X-CSRF-Token"]
    assert client.post("/api/v1/users", json={"name": "x", "role": "admin"}).status_code == 403
    wrong = {"X-CSRF-Token": "0" * 64}
    assert client.post("/api/v1/users", json={"name": "x", "role": "admin"}, headers=wrong).status_code == 403
    assert client.get("/api/v1/users").status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_a_page_of_another_site_changes_nothing(served: Served, headers: dict[str, str]) -> None:
    client = signed_in(served)
    assert client.post("/api/v1/users", json={"name": "x", "role": "admin"}, headers=headers).status_code == 403
    assert served.anonymous().post("/api/v1/session", json={}, headers=headers).status_code == 403


def test_over_https_the_cookie_is_bound_to_this_host(sqlite: Database, tmp_path: Path) -> None:
    served = serve(sqlite, tmp_path, store("acme"), behind_proxy=True, url="https://facings.example.com")
    _, token = invite(sqlite, "acme", "mai", Role.VIEWER)
    answer = served.anonymous().post(f"/api/v1/links/{token}", json={"password": PASSWORD})
    assert answer.headers["set-cookie"].startswith("__Host-facings=")
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"]


def test_wrong_passwords_are_answered_alike_and_not_for_long(served: Served) -> None:
    signed_in(served)
    client = served.anonymous()
    answers = []
    for tenant, name in (("acme", "mai admin"), ("acme", "nobody"), ("nowhere", "mai")):
        given = {"tenant": tenant, "name": name, "password": "wrong wrong wrong"}
        answers.append(client.post("/api/v1/session", json=given))
    assert [one.status_code for one in answers] == [401, 401, 401]
    assert len({one.text for one in answers}) == 1
    given = {"tenant": "acme", "name": "mai admin", "password": "wrong wrong wrong"}
    statuses = [client.post("/api/v1/session", json=given).status_code for _ in range(12)]
    assert statuses[-1] == 429
    right = client.post("/api/v1/session", json=given | {"password": PASSWORD})
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) >= 1


def test_a_flood_of_links_from_one_address_shuts_nobody_else_out(sqlite: Database, tmp_path: Path) -> None:
    served = serve(sqlite, tmp_path, store("acme"), limits={"sign_ins_per_minute": 2})
    _, token = invite(sqlite, "acme", "mai", Role.VIEWER)
    flood, colleague = served.anonymous("203.0.113.7"), served.anonymous("198.51.100.7")
    assert [flood.post("/api/v1/links/x", json={"password": PASSWORD}).status_code for _ in range(11)][-1] == 429
    assert colleague.post(f"/api/v1/links/{token}", json={"password": PASSWORD}).status_code == 200


def test_all_addresses_of_a_network_share_a_bucket(sqlite: Database, tmp_path: Path) -> None:
    served = serve(sqlite, tmp_path, store("acme"), limits={"per_second": 0.01, "burst": 1})
    statuses = [served.anonymous(f"2001:db8::{one:x}").get("/healthz").status_code for one in range(6)]
    assert statuses == [200] * 5 + [429]
    assert served.anonymous("2001:db8:0:1::1").get("/healthz").status_code == 200


def test_a_browser_that_signs_in_again_has_one_session(served: Served) -> None:
    client = signed_in(served)
    before = dict(client.cookies)
    again = client.post("/api/v1/session", json={"tenant": "acme", "name": "mai admin", "password": PASSWORD})
    assert again.status_code == 200
    assert client.get("/api/v1/session").status_code == 200
    old = served.anonymous()
    old.cookies.update(before)
    assert old.get("/api/v1/session").status_code == 401


def test_where_no_address_is_configured_a_page_without_an_origin_changes_nothing(
    sqlite: Database, tmp_path: Path
) -> None:
    served = serve(sqlite, tmp_path, store("acme"), url=None)
    answer = served.anonymous().post("/api/v1/session", json={}, headers={"Origin": "null"})
    assert answer.status_code == 403


def test_a_key_that_asks_without_end_is_slowed(sqlite: Database, tmp_path: Path) -> None:
    served = serve(sqlite, tmp_path, store("acme"), limits={"per_second": 1, "burst": 3})
    client = served.by("acme")
    assert [client.get("/api/v1/session").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert served.by("acme").get("/api/v1/session").status_code == 200  # another key


def test_a_revoked_key_opens_nothing(served: Served) -> None:
    admin = served.by("acme")
    made = admin.post("/api/v1/keys", json={"name": "till", "role": "viewer"}).json()
    till = served.anonymous()
    till.headers["Authorization"] = f"Bearer {made['text']}"
    assert till.get("/api/v1/session").json()["name"] == "till"
    assert made["text"] not in admin.get("/api/v1/keys").text
    assert admin.delete(f"/api/v1/keys/{made['key']['id']}").status_code == 204
    assert till.get("/api/v1/session").status_code == 401
