"""A real server that ends TLS itself: who gets in with which certificate, and who is put out while connected."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cloud_sink.api.app import make_app
from cloud_sink.api.context import Context
from cloud_sink.api.serving import WebServer
from cloud_sink.evidence.opening import open_room
from cloud_sink.fleet.http_settings import HttpSection
from cloud_sink.fleet.products import ProductBook
from cloud_sink.store import identities
from cloud_sink.store.database import writing
from cloud_sink.trust.broker_files import server_files
from cloud_sink.trust.endpoint import pin_of
from cloud_sink.trust.keyring import believed_authorities
from edge.contract.errors import DeliveryError
from edge.contract.provisioning import Claim, ProvisionAnswer
from edge.deliver.signing import RequestSigner
from edge.device.collector import PinnedCollector, RefusedError, SignedCollector
from tests.certificates import certificates
from tests.cloud_sink.trust.fleets import NOW, Fleet, asked, make_fleet, new_key
from tests.integration.test_provisioning import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud_sink.store.database import Database

RENEWAL = "/api/v1/renewal"


@dataclass(slots=True)
class Server:
    """A collector with its fleet."""

    fleet: Fleet
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def device(self, name: str = "unit-1", *, now: datetime = NOW) -> Device:
        """A device that was let in, with its files."""
        key = new_key()
        answer, _ = self.fleet.registrar.provision(asked(self.fleet.invite(name, now=now), key), now)
        assert answer.granted is not None
        folder = self.folder / name
        folder.mkdir()
        made = Device(self, folder, answer.granted.identity, key.csr)
        made.certificate.write_text(answer.granted.certificate)
        private = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        made.key.write_bytes(private)
        return made


@dataclass(slots=True)
class Device:
    """A device's files, and what it asks with them."""

    server: Server
    folder: Path
    identity: str
    csr: str

    @property
    def certificate(self) -> Path:
        return self.folder / "device.pem"

    @property
    def key(self) -> Path:
        return self.folder / "device.key"

    @property
    def question(self) -> dict[str, Any]:
        return {"csr": self.csr, "believes": "0" * 64}

    def ask(self, path: str = RENEWAL, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """As the agent does."""
        signer = RequestSigner(self.certificate, self.key)
        return SignedCollector(self.server.url, self.server.folder / "ca.pem", signer).post(path, body or self.question)

    def connection(self, *, shows: Device | None = None) -> http.client.HTTPSConnection:
        """A connection that stays, with the certificate of a device, or without one."""
        context = ssl.create_default_context(cafile=self.server.folder / "ca.pem")
        if shows is not None:
            context.load_cert_chain(shows.certificate, shows.key)
        return http.client.HTTPSConnection("localhost", self.server.port, timeout=40, context=context)

    def say(
        self, connection: http.client.HTTPConnection, more: dict[str, str] | None = None, scheme: str = "https"
    ) -> tuple[int, str]:
        """Ask to renew on it, signed: status and what was said."""
        body = json.dumps(self.question).encode()
        url = f"{scheme}://{connection.host}:{connection.port}{RENEWAL}"
        signed = RequestSigner(self.certificate, self.key).sign("POST", url, {"Content-Type": "application/json"}, body)
        connection.request("POST", RENEWAL, body, signed | (more or {}))
        answer = connection.getresponse()
        told = json.loads(answer.read())
        return answer.status, str(told.get("detail", ""))


def serve(fleet: Fleet, folder: Path, **http: object) -> tuple[WebServer, int]:
    settings = HttpSection.model_validate({"access": "users", "port": 0, **http})
    config = fleet.config.model_copy(
        update={"http": settings, "trust": fleet.config.trust.model_copy(update={"url": "https://localhost:8443"})}
    )
    context = Context(
        fleet.database, config, fleet.stores, ProductBook({}), open_room(fleet.database, config), ready=lambda: True
    )
    web = WebServer(settings)
    web.start(make_app(context), lambda: believed_authorities(fleet.database))
    until(lambda: web.started, "the server does not answer")
    (folder / "ca.pem").write_text(fleet.vault.open().bundle)
    port: int = web._listener.getsockname()[1]
    return web, port


@pytest.fixture
def server(sqlite: Database, tmp_path: Path) -> Iterator[Server]:
    fleet = make_fleet(sqlite, tmp_path)
    own = {"cert_file": tmp_path / "collector.pem", "key_file": tmp_path / "collector.key"}
    web, port = serve(fleet, tmp_path, **own)
    yield Server(fleet, tmp_path, port)
    web.stop()


def test_a_device_shows_its_certificate_and_a_browser_needs_none(server: Server) -> None:
    device = server.device()
    assert device.ask()["certificate"] == device.certificate.read_text()
    connection = device.connection()
    connection.request("GET", "/sign-in")
    page = connection.getresponse()
    assert (page.status, page.headers.get_content_type()) == (200, "text/html")
    page.read()
    status, said = device.say(connection)
    assert (status, "no certificate was shown" in said) == (401, True)
    connection.close()


def test_a_device_that_is_let_in_has_none_yet(server: Server) -> None:
    invited = server.fleet.invite("unit-9", now=datetime.now(UTC))
    http = HttpSection(cert_file=server.folder / "collector.pem", key_file=server.folder / "collector.key")
    pin = pin_of(server.fleet.config.model_copy(update={"http": http}))
    claim = Claim(server.url, pin, invited.claim.id, invited.claim.secret)
    request = asked(invited, new_key()).model_dump(mode="json")
    answer = ProvisionAnswer.model_validate(PinnedCollector(claim).post("/api/v1/provisioning", request))
    assert answer.state == "granted"


def test_another_device_s_certificate_is_not_enough(server: Server) -> None:
    first, second = server.device(), server.device("unit-2")
    connection = first.connection(shows=second)
    status, said = first.say(connection)
    assert (status, "not of the key that signed" in said) == (401, True)
    assert second.say(connection)[0] == 200
    connection.close()


def test_another_fleet_s_certificate_ends_the_handshake(server: Server) -> None:
    device = server.device()
    foreign = server.folder / "foreign"
    foreign.mkdir()
    certificates(foreign)
    connection = device.connection(shows=Device(server, foreign, "", ""))
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        device.say(connection)
    connection.close()


def test_a_revoked_device_is_out_on_the_connection_that_it_has(server: Server) -> None:
    device = server.device()
    connection = device.connection(shows=device)
    assert device.say(connection)[0] == 200
    before = connection.sock
    with writing(server.fleet.database) as transaction:
        assert identities.revoke(transaction, device.identity, datetime.now(UTC))
    status, said = device.say(connection)
    assert (status, "was revoked" in said) == (401, True)
    assert connection.sock is before  # it is the same connection
    connection.close()


def test_a_certificate_that_has_ended_renews_and_does_nothing_else(server: Server) -> None:
    device = server.device(now=NOW - timedelta(days=260))  # it held 180 days
    with pytest.raises(RefusedError, match="has expired"):
        device.ask("/api/v1/installations", {"by": "mai"})
    renewed = device.ask()["certificate"]
    assert renewed != device.certificate.read_text()
    ended = device.certificate.read_text()
    device.certificate.write_text(renewed)
    assert device.ask()["certificate"] == renewed
    device.certificate.write_text(ended)  # the one before has ended, though the device's newest has not
    record = {"by": "mai", "at": "2026-03-14T01:30:00Z", "steps": [{"name": "a", "passed": True}], "seconds": 1}
    with pytest.raises(RefusedError, match="that was shown has expired"):
        device.ask("/api/v1/installations", record)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_is_of_version_1_2_or_newer(server: Server) -> None:
    context = ssl.create_default_context(cafile=server.folder / "ca.pem")
    context.set_ciphers("ALL:@SECLEVEL=0")  # as this machine's OpenSSL must be asked to speak what is old

    def spoken(version: ssl.TLSVersion) -> str | None:
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = version
        with (
            socket.create_connection(("localhost", server.port), 40) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            return secured.version()

    assert spoken(ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert spoken(ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    # The server ends it after the first word; asyncio drops the alert that says why.
    with pytest.raises(ssl.SSLError, match=r"alert protocol version|EOF occurred"):
        spoken(ssl.TLSVersion.TLSv1_1)


def test_the_authority_is_exchanged_while_the_server_runs(server: Server) -> None:
    device = server.device()
    vault = server.fleet.vault
    kept = device.connection(shows=device)
    assert device.say(kept)[0] == 200
    vault.rotate(datetime.now(UTC))
    old, new = device.certificate.read_text(), device.ask()["certificate"]
    assert new != old
    device.certificate.write_text(new)

    def let_in() -> bool:
        try:
            return bool(device.ask(body=device.question | {"believes": vault.open().told})["certificate"] == new)
        except DeliveryError:
            return False

    until(let_in, "the new authority is not believed")
    vault.retire()
    device.certificate.write_text(old)
    kept = device.connection(shows=device)

    def shut_out() -> bool:
        try:
            return device.say(kept)[0] == 401
        except (OSError, http.client.HTTPException):
            return True
        finally:
            kept.close()

    assert shut_out()  # before the server has heard of it by the books, then by the handshake


def test_a_new_certificate_of_the_server_is_shown_without_a_new_start(server: Server) -> None:
    device = server.device()

    def shown() -> bytes | None:
        connection = device.connection()
        connection.connect()
        found: bytes | None = connection.sock.getpeercert(binary_form=True)
        connection.close()
        return found

    before = shown()
    (server.folder / "collector.pem").rename(server.folder / "before.pem")
    server_files(server.folder, "collector", ["localhost"], server.fleet.vault.open().active, now=NOW)
    until(lambda: shown() != before, "it is the old one")


@pytest.mark.parametrize(
    ("proxies", "headers", "status"),
    [
        (["127.0.0.1"], "rfc9440", 200),
        (["127.0.0.1"], "nginx", 200),
        (["127.0.0.1"], "none", 401),
        (["127.0.0.1"], "another", 401),
        (["127.0.0.1"], "nonsense", 401),
        (["10.9.8.7"], "rfc9440", 401),  # whoever is no proxy may say what it likes
    ],
)
def test_a_proxy_hands_on_the_certificate_and_nobody_else(
    sqlite: Database, tmp_path: Path, proxies: list[str], headers: str, status: int
) -> None:
    fleet = make_fleet(sqlite, tmp_path)
    front = {"behind_proxy": True, "proxies": proxies, "client_cert_header": "Client-Cert", "url": "https://x.example"}
    web, port = serve(fleet, tmp_path, **front)
    try:
        server = Server(fleet, tmp_path, port)
        device, other = server.device(), server.device("unit-2")

        def rfc9440(one: Device) -> str:
            der = ssl.PEM_cert_to_DER_cert(one.certificate.read_text())
            return f":{base64.b64encode(der).decode()}:"

        sent = {
            "rfc9440": rfc9440(device),
            "nginx": quote(device.certificate.read_text()),
            "another": rfc9440(other),
            "nonsense": ":AAAA:",
        }
        more = {"Client-Cert": sent[headers]} if headers in sent else {}
        connection = http.client.HTTPConnection("localhost", port, timeout=40)
        assert device.say(connection, more, "http")[0] == status
        connection.close()
    finally:
        web.stop()
