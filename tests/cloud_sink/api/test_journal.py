from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from cloud_sink.rights.accounts import first_links
from cloud_sink.rights.audit import done_on_machine
from cloud_sink.rights.roles import Role
from tests.cloud_sink.api.served import Served, serve, store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud_sink.store.database import Database


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    return serve(sqlite, tmp_path, store("acme"), store("rival"))


def test_who_read_and_changed_what_is_told_to_the_tenants_admin(served: Served) -> None:
    admin, viewer = served.by("acme"), served.by("acme", Role.VIEWER)
    read = viewer.get("/api/v1/stores/s1/profile", params={"day": "2026-03-14"})
    assert viewer.get("/api/v1/users").status_code == 403
    admin.post("/api/v1/users", json={"name": "linh", "role": "viewer"})
    served.by("rival").get("/api/v1/stores")
    served.log.flush()
    entries = admin.get("/api/v1/audit").json()["entries"]
    told = [(one["who"], one["action"], one["status"]) for one in entries]
    assert ("key acme viewer", "GET /api/v1/stores/{store}/profile", 200) in told
    assert ("key acme viewer", "GET /api/v1/users", 403) in told
    assert ("key acme admin", "POST /api/v1/users", 201) in told
    assert not any("rival" in str(one) for one in entries)
    (entry,) = [one for one in entries if one["action"].endswith("/profile")]
    assert entry["target"] == "/api/v1/stores/s1/profile?day=2026-03-14"
    assert entry["request"] == read.headers["x-request-id"]
    assert entry["address"] == "testclient"


def test_the_audit_log_says_what_was_changed(served: Served) -> None:
    admin = served.by("acme")
    user = admin.post("/api/v1/users", json={"name": "linh", "role": "viewer"}).json()["user"]["id"]
    admin.patch(f"/api/v1/users/{user}", json={"role": "admin", "disabled": False})
    key = admin.post("/api/v1/keys", json={"name": "till", "role": "field"}).json()["key"]["id"]
    admin.delete(f"/api/v1/users/{user}")
    done_on_machine(served.database, "acme", "sink keys revoke", "till", by="root")
    told = [(one["who"], one["what"]) for one in admin.get("/api/v1/audit").json()["entries"]]
    assert told == [
        ("machine root", "till"),
        ("key acme admin", "linh"),
        ("key acme admin", f"till as field: {key}"),
        ("key acme admin", "linh: role admin, disabled False"),
        ("key acme admin", "linh as viewer"),
    ]


def test_who_tried_to_sign_in_is_told_to_the_tenants_admin(served: Served) -> None:
    given = {"tenant": "acme", "name": "mai", "password": "wrong wrong wrong"}
    served.anonymous("203.0.113.7").post("/api/v1/session", json=given)
    served.anonymous().post("/api/v1/session", json=given | {"tenant": "rival"})
    (entry,) = served.by("acme").get("/api/v1/audit").json()["entries"]
    assert (entry["who"], entry["what"], entry["status"], entry["address"]) == ("(nobody)", "mai", 401, "203.0.113.7")
    assert "wrong" not in str(entry)


def test_a_change_is_in_the_audit_log_before_its_answer(served: Served) -> None:
    admin = served.by("acme")
    admin.post("/api/v1/keys", json={"name": "till", "role": "viewer"})
    assert admin.get("/api/v1/audit").json()["entries"][0]["action"] == "POST /api/v1/keys"  # nothing was flushed


def test_the_audit_log_has_pages(served: Served) -> None:
    admin = served.by("acme")
    for number in range(5):
        admin.post("/api/v1/keys", json={"name": f"till {number}", "role": "viewer"})
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = admin.get("/api/v1/audit", params=params).json()
        seen += [one["id"] for one in page["entries"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


def test_tokens_stand_in_no_log(served: Served) -> None:
    token = first_links(served.database, {"acme"})["acme"]
    with capture_logs() as logs:
        client = served.anonymous()
        client.get(f"/welcome/{token}")
        client.post(f"/api/v1/links/{token}", json={"password": "correct horse battery", "name": "mai"})
        client.get("/api/v1/sign-in/x/back", params={"code": "abc-code", "state": "abc-state"})
    served.log.flush()
    told = str(logs) + served.by("acme").get("/api/v1/audit").text
    assert "/welcome/…" in told
    for secret in (token, "correct horse", "abc-code", "abc-state"):
        assert secret not in told


def test_each_request_has_an_id_in_answer_and_log(served: Served) -> None:
    client = served.anonymous()
    with capture_logs() as logs:
        answer = client.get("/api/v1/stores", headers={"X-Request-Id": "from-the-proxy-1"})
        made_up = client.get("/api/v1/stores", headers={"X-Request-Id": "no good\tid"})
    assert answer.headers["x-request-id"] == "from-the-proxy-1"
    assert made_up.headers["x-request-id"] not in {"", "no good\tid"}
    assert [(one["event"], one["status"]) for one in logs] == [("http.request", 401)] * 2


def test_an_answer_that_is_known_is_not_sent_again(served: Served) -> None:
    client = served.by("acme")
    first = client.get("/api/v1/stores")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (tag, f'"other", W/{tag}', "*"):
        again = client.get("/api/v1/stores", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get("/api/v1/stores", headers={"If-None-Match": '"other"'}).json() == first.json()
    assert served.by("rival").get("/api/v1/stores").headers["etag"] != tag


def test_browsers_are_kept_careful(served: Served) -> None:
    answer = served.anonymous().get("/api/v1/stores")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_metrics_are_told_on_loopback_and_name_no_tenant(served: Served) -> None:
    client = served.by("acme")
    client.get("/api/v1/stores")
    client.get("/no/such/path")
    answer = client.get("/metrics")
    assert 'facings_http_requests_total{method="GET",route="/api/v1/stores",status="200"}' in answer.text
    assert 'route="(none)"' in answer.text
    assert "facings_ready 1.0" in answer.text
    assert "facings_outgoing_waiting 0.0" in answer.text
    assert "acme" not in answer.text
    assert client.get("/metrics", headers={"host": "shop.example"}).status_code == 421


def test_metrics_from_elsewhere_need_their_token(sqlite: Database, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("scrape-me\n")
    served = serve(
        sqlite,
        tmp_path,
        behind_proxy=True,
        url="https://facings.example.com",
        metrics_token_file=tmp_path / "token",
    )
    client = served.anonymous()
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer scrape-me"}).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer scrape-you"}).status_code == 403


def test_a_body_without_end_is_read_no_further_than_any_may_be_long(served: Served) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"name": "'
        for _ in range(100):
            yield b"x" * (1 << 20)

    answer = served.anonymous().post("/api/v1/session", content=endless())
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert answer.json()["status"] == 413


def test_a_method_that_is_none_is_told_those_that_are(served: Served) -> None:
    answer = served.by("acme").put("/api/v1/session")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, POST")


def test_a_change_of_nothing_changes_nothing_and_one_that_is_misspelt_is_refused(served: Served) -> None:
    admin = served.by("acme")
    user = admin.post("/api/v1/users", json={"name": "linh", "role": "viewer"}).json()["user"]
    assert admin.patch(f"/api/v1/users/{user['id']}", json={"role": None}).json() == user
    assert admin.patch(f"/api/v1/users/{user['id']}", json={"disable": True}).status_code == 422
    assert admin.patch(f"/api/v1/users/{user['id']}", json={"disabled": 1}).status_code == 422
