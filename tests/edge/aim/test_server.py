"""The page's server on real sockets: what it answers, and what it does with those who are slow, loud or many."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from edge.aim import server
from edge.aim.certificate import fingerprint, make_certificate
from edge.aim.guard import cookie_name
from edge.aim.routes import HEADERS, MOST_BYTES, Answer, Request, Route, Routes
from edge.aim.server import MOST_OF_ONE, PageServer, tls_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 40.0


def routes() -> Routes:
    def fails(_: Request) -> Answer:
        raise RuntimeError("a fault of ours")

    return Routes(
        {
            ("GET", "/"): Route(lambda _: Answer.of({"page": True}), open=True),
            ("GET", "/secret"): Route(lambda _: Answer.of({"secret": True})),
            ("GET", "/fault"): Route(fails),
            ("POST", "/say"): Route(lambda asked: Answer.of({"said": asked.text("word", longest=9)})),
        },
        knows=lambda token: token == "right",
    )


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[PageServer]:
    one = PageServer(("127.0.0.1", 0), routes(), names={"unit.local"}, tls=tls)
    one.start()
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def plain() -> Iterator[PageServer]:
    with serving() as one:
        yield one


def ask(
    one: PageServer, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=PATIENCE)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, dict(answer.headers), answer.read()
    connection.close()
    return found


def sends_without_end(one: socket.socket) -> None:
    for _ in range(10_000):
        one.sendall(b"X: " + b"a" * 1000 + b"\r\n")
    pytest.fail("it takes headers without end")


def ours(one: PageServer, token: str = "right") -> dict[str, str]:
    return {
        "Cookie": f"{cookie_name(secure=False)}={token}",
        "Origin": f"http://127.0.0.1:{one.port}",
        "Content-Type": "application/json",
    }


def test_without_the_pin_nobody_learns_what_there_is(plain: PageServer) -> None:
    assert ask(plain, "GET", "/")[0] == 200
    for path in ("/secret", "/nothing", "/../../etc/passwd", "/%2e%2e/etc/passwd"):
        assert ask(plain, "GET", path)[0] == 401
    assert ask(plain, "GET", "/secret", ours(plain, "wrong"))[0] == 401
    assert ask(plain, "GET", "/secret", ours(plain))[0] == 200
    assert ask(plain, "GET", "/nothing", ours(plain))[0] == 404


def test_every_answer_is_kept_nowhere_and_runs_nothing_of_others(plain: PageServer) -> None:
    for path in ("/", "/secret"):
        found = ask(plain, "GET", path)[1]
        assert {name: found[name] for name in HEADERS} == dict(HEADERS)
        assert "unsafe" not in found["Content-Security-Policy"]


def test_other_names_other_pages_and_other_methods_are_not_heard(plain: PageServer) -> None:
    assert ask(plain, "GET", "/", {"Host": "evil.example"})[0] == 421
    assert ask(plain, "GET", "/", {"Host": f"unit.local:{plain.port}"})[0] == 200
    body = json.dumps({"word": "hello"}).encode()
    assert ask(plain, "POST", "/say", ours(plain), body)[2] == b'{"said": "hello"}'
    assert ask(plain, "POST", "/say", ours(plain) | {"Origin": "http://evil.example"}, body)[0] == 403
    assert ask(plain, "POST", "/say", ours(plain) | {"Content-Type": "text/plain"}, body)[0] == 403
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        assert ask(plain, method, "/", ours(plain))[0] == 501


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"[]", 400), (b"{", 400), (b"[" * 5000, 400), (b'{"word": 1}', 400), (b'{"word": "0123456789"}', 400)],
)
def test_what_cannot_be_read_is_refused(plain: PageServer, body: bytes, status: int) -> None:
    assert ask(plain, "POST", "/say", ours(plain), body)[0] == status


def test_bodies_and_heads_are_bounded(plain: PageServer) -> None:
    with socket.create_connection(("127.0.0.1", plain.port), PATIENCE) as one:
        one.sendall(b"POST /say HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MOST_BYTES + 1))
        assert one.recv(100).startswith(b"HTTP/1.1 413")
    with socket.create_connection(("127.0.0.1", plain.port), PATIENCE) as one:
        one.sendall(b"POST /say HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert one.recv(100).startswith(b"HTTP/1.1 411")
    with socket.create_connection(("127.0.0.1", plain.port), PATIENCE) as one, pytest.raises(OSError, match=r"\w"):
        sends_without_end(one)
    assert ask(plain, "GET", "/")[0] == 200


def test_a_fault_of_ours_is_an_answer_and_the_page_goes_on(plain: PageServer) -> None:
    status, _, body = ask(plain, "GET", "/fault", ours(plain))
    assert (status, json.loads(body)) == (500, {"error": "failed"})
    assert ask(plain, "GET", "/")[0] == 200


def test_whoever_is_slow_is_cut_and_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "EXCHANGE_SECONDS", 1.0)
    with serving() as one:
        slow = [socket.create_connection(("127.0.0.1", one.port), PATIENCE) for _ in range(MOST_OF_ONE)]
        try:
            deadline = time.monotonic() + PATIENCE
            sent = 0
            while time.monotonic() < deadline:  # a byte now and then, so that it is never silent for long
                try:
                    slow[0].sendall(b"G" if sent == 0 else b"E")
                    sent += 1
                except OSError:
                    break
                time.sleep(0.2)
            else:
                pytest.fail("a client that sends a byte now and then is never cut")
            for other in slow:
                assert other.recv(1000)[:4] in (b"", b"HTTP")
        finally:
            for other in slow:
                other.close()
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                assert ask(one, "GET", "/")[0] == 200
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)


def test_one_address_holds_few_connections(plain: PageServer) -> None:
    held = [socket.create_connection(("127.0.0.1", plain.port), PATIENCE) for _ in range(MOST_OF_ONE)]
    try:
        for one in held:  # each is let in before the next is tried
            one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % plain.port)
            assert one.recv(100).startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", plain.port), PATIENCE) as late:
            assert late.recv(10) == b""
    finally:
        for one in held:
            one.close()


def test_it_speaks_tls_of_today_and_shows_the_certificate_of_the_label(tmp_path: Path) -> None:
    pem = make_certificate(["unit.local", "127.0.0.1"])
    (tmp_path / "page.pem").write_text(pem)
    with serving(tls_context(lambda context: context.load_cert_chain(tmp_path / "page.pem"))) as one:
        context = ssl.create_default_context(cadata=pem[pem.index("-----BEGIN CERT") :])
        with (
            socket.create_connection(("127.0.0.1", one.port), PATIENCE) as raw,
            context.wrap_socket(raw, server_hostname="unit.local") as safe,
        ):
            assert safe.version() in {"TLSv1.2", "TLSv1.3"}
            shown = ssl.DER_cert_to_PEM_cert(safe.getpeercert(binary_form=True) or b"")
            assert fingerprint(shown) == fingerprint(pem)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", one.port), PATIENCE) as raw, pytest.raises(OSError, match=r"\w"):
            old.wrap_socket(raw)


def test_after_it_is_closed_nobody_listens() -> None:
    with serving() as one:
        port = one.port
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as left:
            left.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
            assert left.recv(10_000).startswith(b"HTTP/1.1 200")
            one.close()
            while left.recv(10_000):
                pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), PATIENCE)
