"""An EST server (RFC 7030 with RFC 8951) for tests: its own CA, over TLS, for whoever has the password."""

from __future__ import annotations

import base64
import ssl
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud_sink.trust.authority import Authority, make_authority
from cloud_sink.trust.broker_files import server_files
from tests.cloud_sink.trust.fleets import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "a password of our own"


@dataclass(slots=True)
class EstServer:
    """It issues what is asked for, with the subject of the request; `name` or `days` make it misbehave."""

    folder: Path
    name: str | None = None  # the common name it gives in place of the one asked for
    days: int = 90
    status: int = 200
    uses: list[x509.ObjectIdentifier] = field(default_factory=lambda: [ExtendedKeyUsageOID.CLIENT_AUTH])
    asked: list[str] = field(default_factory=list)
    authority: Authority = field(default_factory=lambda: make_authority("outside CA", now=NOW))
    named: x509.Certificate | None = None  # what it names in place of its authority
    port: int = 0

    def answer(self, method: str, path: str, body: bytes, login: str | None) -> tuple[int, bytes]:
        """Status and body, as RFC 7030 has them."""
        self.asked.append(f"{method} {path}")
        if path == "/.well-known/est/coolers/cacerts":
            return 200, _certs_only([self.named or self.authority.certificate])
        if login != f"Basic {base64.b64encode(f'collector:{PASSWORD}'.encode()).decode()}":
            return 401, b"who are you"
        if self.status != 200:
            return self.status, b"not now"
        request = x509.load_der_x509_csr(base64.b64decode(body))
        assert request.is_signature_valid
        return 200, _certs_only([self.issue(request)])

    def issue(self, request: x509.CertificateSigningRequest) -> x509.Certificate:
        """A client's certificate for a request."""
        key = request.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]) if self.name else request.subject
        return (
            x509.CertificateBuilder()
            .subject_name(named)
            .issuer_name(self.authority.certificate.subject)
            .public_key(key)
            .serial_number(len(self.asked))  # as a CA that counts
            .not_valid_before(NOW - timedelta(hours=1))
            .not_valid_after(NOW + timedelta(days=self.days))
            .add_extension(x509.ExtendedKeyUsage(self.uses), critical=False)
            .sign(self.authority.key, hashes.SHA256())
        )


def _certs_only(certificates: list[x509.Certificate]) -> bytes:
    return base64.encodebytes(serialize_certificates(certificates, Encoding.DER))


def serve(server: EstServer) -> Iterator[EstServer]:
    """Serve until the generator is closed; `folder` gets the certificate of `localhost` and its CA (`tls-ca.pem`)."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.command == "POST":
                assert self.headers["Content-Type"] == "application/pkcs10"
            status, content = server.answer(self.command, self.path, body, self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("Content-Type", "application/pkcs7-mime; smime-type=certs-only")
            self.send_header("Content-Transfer-Encoding", "base64")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            pass

    tls = make_authority("the server's CA", now=NOW)
    (server.folder / "tls-ca.pem").write_text(tls.pem)
    server_files(server.folder, "est", ["localhost"], tls, now=NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.folder / "est.pem", server.folder / "est.key")
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.socket = context.wrap_socket(http.socket, server_side=True)
    server.port = http.server_port
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
