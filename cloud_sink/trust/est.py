"""Enrolment over Secure Transport (EST, RFC 7030 with RFC 8951): a device's own request goes to a CA as it came."""

from __future__ import annotations

import base64
import binascii
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

from cloud_sink.trust.errors import TrustError

if TYPE_CHECKING:
    from cloud_sink.fleet.trust_settings import EstIssuer

PATIENCE = urllib3.Timeout(connect=5.0, read=15.0)
MOST = 256 * 1024
"""Bytes of an answer; a chain of a CA has some thousands."""

_DER = b"\x30"


class Est:
    """A client of an EST server, as the registration authority of our devices.

    Args:
        section: where it is, whom to believe there, and how we are known to it.
    """

    def __init__(self, section: EstIssuer) -> None:
        self._section = section
        label = f"/{section.label}" if section.label else ""
        self._base = f"{section.url.rstrip('/')}/.well-known/est{label}"

    def authorities(self) -> list[x509.Certificate]:
        """`/cacerts` (4.1).

        Raises:
            TrustError: the server cannot be reached, says no, or is not understood.
        """
        return self._ask("GET", "cacerts")

    def enrol(self, request: str, name: str, *, again: bool) -> list[x509.Certificate]:  # noqa: ARG002 - the request has it
        """`/simpleenroll` or `/simplereenroll` (4.2).

        Raises:
            TrustError: as above, or a person at the CA has to approve.
        """
        der = x509.load_pem_x509_csr(request.encode("ascii")).public_bytes(Encoding.DER)
        return self._ask("POST", self._section.renew_by if again else "simpleenroll", base64.b64encode(der))

    def _ask(self, method: str, operation: str, body: bytes | None = None) -> list[x509.Certificate]:
        headers = {"Accept": "application/pkcs7-mime"}
        if body is not None:
            headers |= {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
        url = f"{self._base}/{operation}"
        with urllib3.PoolManager(timeout=PATIENCE, retries=False, ssl_context=self._context()) as http:
            try:
                answer = http.request(
                    method, url, body=body, headers=headers | self._login(), redirect=False, preload_content=False
                )
                content = answer.read(MOST + 1)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                mend = "check trust.issuer.url and ca_file, and that it runs"
                raise TrustError(f"EST server {url}: {error}"[:300], mend) from None
        if answer.status == HTTPStatus.ACCEPTED:
            raise TrustError(
                f"EST server {url}: somebody there has to approve", "approve it there: the device asks again"
            )
        if answer.status != HTTPStatus.OK:
            said = content[:200].decode("ascii", "replace").strip()
            raise TrustError(f"EST server {url}: status {answer.status} {said}", "look at its log")
        if len(content) > MOST:
            raise TrustError(f"EST server {url}: more than {MOST} bytes", "check trust.issuer.url")
        return read_answer(content, url)

    def _context(self) -> ssl.SSLContext:
        section = self._section
        try:
            context = ssl.create_default_context(cafile=section.ca_file)
            if section.cert_file is not None:
                context.load_cert_chain(section.cert_file, section.key_file)
        except OSError as error:  # ssl.SSLError is one
            raise TrustError(f"trust.issuer: ca_file, cert_file, key_file: {error}", "give PEM files") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _login(self) -> dict[str, str]:
        section = self._section
        if section.username is None or section.password_file is None:
            return {}
        try:
            password = section.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TrustError(
                f"trust.issuer.password_file {section.password_file}: {error}", "give a file that this user can read"
            ) from None
        return urllib3.make_headers(basic_auth=f"{section.username}:{password}")


def read_answer(content: bytes, url: str) -> list[x509.Certificate]:
    """The certificates of an answer: base64 of a certs-only CMS (RFC 8951, 3.1); some servers send it plain.

    Raises:
        TrustError: it is none.
    """
    try:
        der = content if content.startswith(_DER) else base64.b64decode(b"".join(content.split()), validate=True)
        return load_der_pkcs7_certificates(der)
    except (ValueError, binascii.Error, TypeError):
        raise TrustError(f"EST server {url}: the answer is no certs-only PKCS #7", "check trust.issuer.url") from None
