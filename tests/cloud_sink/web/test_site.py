"""Pages without data: what they load, how one signs in, what is told when something fails."""

from __future__ import annotations

import re
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


def browser(served: Served, language: str = "en") -> TestClient:
    client = served.anonymous()
    client.headers.update({"Accept": "text/html,application/xhtml+xml", "Accept-Language": language})
    return client


def test_files_are_named_by_their_content_packed_and_kept_for_good(served: Served) -> None:
    client = browser(served)
    page = client.get("/sign-in").text
    (address,) = re.findall(r'href="(/assets/app\.[0-9a-f]{12}\.css)"', page)
    answer = client.get(address)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert plain.text == answer.text
    assert client.get("/assets/app.000000000000.css").status_code == 404
    assert client.get("/assets/../app.py").status_code == 404


def test_no_page_runs_or_loads_what_is_not_ours(served: Served) -> None:
    answer = browser(served).get("/sign-in")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert not re.search(r"<style|<script(?![^>]* src=)|\son\w+=|\sstyle=", answer.text)
    assert not re.search(r"(?:src|href|action)=\"(?!/|#)", answer.text)


def test_whoever_is_not_signed_in_signs_in_and_comes_back(served: Served) -> None:
    client = browser(served)
    _, token = invite(served.database, "acme", "mai", Role.VIEWER)
    assert client.post(f"/welcome/{token}", data={"password": PASSWORD}).status_code == 303
    client.cookies.clear()
    sent = client.get("/api/v1/session")
    assert sent.status_code == 401  # the API says so; pages lead on
    form = {"tenant": "acme", "name": "mai", "password": "wrong wrong wrong", "next": "/somewhere?x=1"}
    wrong = client.post("/sign-in", data=form)
    assert wrong.status_code == 401
    assert "Company, name or password is wrong." in wrong.text
    assert 'value="mai"' in wrong.text
    assert "wrong wrong" not in wrong.text
    right = client.post("/sign-in", data=form | {"password": PASSWORD})
    assert (right.status_code, right.headers["location"]) == (303, "/somewhere?x=1")
    assert client.get("/api/v1/session").json()["name"] == "mai"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example"])
def test_sign_in_leads_to_no_other_site(served: Served, back: str) -> None:
    _, token = invite(served.database, "acme", "mai", Role.VIEWER)
    client = browser(served)
    client.post(f"/welcome/{token}", data={"password": PASSWORD})
    answer = client.post("/sign-in", data={"tenant": "acme", "name": "mai", "password": PASSWORD, "next": back})
    assert "evil" not in answer.headers["location"]
    assert "evil" not in client.get("/sign-in", params={"next": back}).text


def test_too_many_tries_are_told_on_the_form(served: Served) -> None:
    client = browser(served)
    form = {"tenant": "acme", "name": "mai", "password": "wrong wrong wrong"}
    answers = [client.post("/sign-in", data=form) for _ in range(12)]
    assert answers[-1].status_code == 429
    assert "Too many tries" in answers[-1].text
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_signing_out_needs_the_sessions_word_and_ends_it(served: Served) -> None:
    client = browser(served)
    token = first_links(served.database, {"acme"})["acme"]
    client.post(f"/welcome/{token}", data={"name": "mai", "password": PASSWORD})
    assert client.post("/sign-out").status_code == 403
    word = client.get("/api/v1/session").json()["csrf"]
    done = client.post("/sign-out", headers={"X-CSRF-Token": word})
    assert (done.status_code, done.headers["hx-redirect"]) == (204, "/sign-in")
    assert client.get("/api/v1/session").status_code == 401


def test_errors_are_pages_for_people_and_problems_for_programs(served: Served) -> None:
    page = browser(served, "zh-CN").get("/nowhere")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "未找到" in page.text
    assert page.headers["x-content-type-options"] == "nosniff"
    assert served.anonymous().get("/nowhere").headers["content-type"] == "application/problem+json"
    assert browser(served).get("/api/v1/nowhere").headers["content-type"] == "application/problem+json"


def test_the_language_is_the_browsers_until_another_is_chosen(served: Served) -> None:
    client = browser(served, "zh-CN,zh;q=0.9")
    assert '<html lang="zh-CN"' in client.get("/sign-in").text
    base = str(client.base_url)
    chosen = client.get("/preferences?language=en&theme=dark", headers={"Referer": f"{base}/sign-in?next=/stores"})
    assert chosen.headers["location"] == "/sign-in?next=/stores"
    assert '<html lang="en" data-theme="dark"' in client.get("/sign-in").text
    away = client.get("/preferences?language=en", headers={"Referer": "https://evil.example/x"})
    assert away.headers["location"].startswith("/")
    assert "evil" not in away.headers["location"]


def test_where_no_users_are_kept_nobody_signs_in(sqlite: Database, tmp_path: Path) -> None:
    served = serve(sqlite, tmp_path, store("acme"), access="loopback", url=None)
    assert browser(served).get("/sign-in").status_code == 303
