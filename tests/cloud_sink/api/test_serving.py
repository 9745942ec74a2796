"""`sink serve` with users: over TLS, with the link of the first admin on its first line."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from cloud_sink.api.serving import WebServer
from cloud_sink.fleet.http_settings import HttpSection
from tests.certificates import certificates
from tests.cloud_sink.conftest import CONFIG, SinkProcess

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse battery"


def test_the_first_start_prints_a_link_that_makes_the_first_admin(tmp_path: Path) -> None:
    certificates(tmp_path)
    http = f"access: users, cert_file: {tmp_path / 'broker.pem'}, key_file: {tmp_path / 'broker.key'}"
    sink = SinkProcess(tmp_path / "sink", config=f"{CONFIG}http: {{{http}}}\n")
    sink.start()
    try:
        link = re.search(r"first admin of acme.*: (\S+)", (sink.folder / "log").read_text())
        assert link is not None
        url = sink.http.replace("127.0.0.1", "localhost")
        with httpx.Client(base_url=url, verify=str(tmp_path / "ca.pem")) as client:
            assert client.get("/api/v1/stores").status_code == 401
            path = link[1].removeprefix(sink.http)
            made = client.post(path, data={"name": "mai", "password": PASSWORD})
            assert made.status_code == 303, made.text
            assert client.get("/api/v1/session").json()["role"] == "admin"
            assert [one["store"] for one in client.get("/api/v1/stores").json()["stores"]] == ["s1"]
    finally:
        assert sink.stop() == 0
    sink.start()
    try:
        assert (sink.folder / "log").read_text().count("first admin") == 1  # now there is one
    finally:
        assert sink.stop() == 0


@pytest.mark.parametrize(
    ("section", "word"),
    [
        ({"host": "0.0.0.0"}, "access: users"),
        ({"host": "::", "access": "users", "url": "https://x.example"}, "cert_file"),
        ({"host": "10.0.0.1", "access": "users", "cert_file": "c", "key_file": "k"}, "url"),
        ({"behind_proxy": True}, "access: users"),
        ({"cert_file": "c"}, "belong together"),
        ({"host": "shop.example"}, "an address"),
        ({"url": "ftp://x"}, "https://"),
    ],
)
def test_nobody_is_let_in_by_mistake(section: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=re.escape(word)):
        HttpSection.model_validate(section)


def test_what_is_safe_is_allowed() -> None:
    for section in (
        {},
        {"access": "users"},
        {"host": "::1"},
        {"host": "0.0.0.0", "access": "users", "behind_proxy": True, "url": "https://x.example"},
        {"host": "0.0.0.0", "access": "users", "cert_file": "c", "key_file": "k", "url": "https://x.example"},
    ):
        HttpSection.model_validate(section)


def test_an_answer_does_not_wait_for_more_to_send() -> None:
    """asyncio asks the system for that (TCP_NODELAY) only where the listening socket names its protocol."""
    web = WebServer(HttpSection(port=0))
    assert web._listener.proto == socket.IPPROTO_TCP
    web.stop()
