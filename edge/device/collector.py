"""Speaks to the collector over HTTPS: to the server that a claim names, or to one that our authorities vouch for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.contract.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.contract.provisioning import Claim
    from edge.deliver.signing import RequestSigner

SECONDS = 20.0
"""For each step of a request: TCP, TLS, and every read."""

MOST = 1024 * 1024
"""Bytes of an answer that are read: a certificate, some authorities and a configuration are a tenth of it."""


class RefusedError(DeliveryError):
    """The collector said no.

    Args:
        status: of HTTP.
        what: its reason.
    """

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


class PinnedCollector:
    """The collector of a claim. Nobody vouches for it but the pin, so that no clock has to be right.

    Args:
        claim: names it.
    """

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE  # the pin is looked at in its place, before anything is sent

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask, once the server has shown that it has the key of the claim.

        Raises:
            DeliveryError: it cannot be reached, or is another server.
            RefusedError: it said no.
        """
        content = json.dumps(body).encode()
        return _taken(_exchange(self._claim.address, path, content, {}, self._context, check=self._check))

    def _check(self, shown: bytes) -> None:
        key = x509.load_der_x509_certificate(shown).public_key()
        digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
        pin = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
        if not hmac.compare_digest(pin, self._claim.pin):
            raise DeliveryError(
                f"{self._claim.address} is not the server that this claim names; nothing was sent to it",
                "somebody may stand between, or the server has a new key: use another network, or a new invitation",
            )


class SignedCollector:
    """The collector of a device that is in.

    Args:
        url: https://….
        authorities: whom to believe, PEM; None: whom the system believes.
        signer: signs each request; its certificate is shown in the handshake.

    Raises:
        DeliveryError: the file of authorities, the certificate or its key cannot be used.
    """

    def __init__(self, url: str, authorities: Path | None, signer: RequestSigner) -> None:
        self._url = url.rstrip("/")
        self._signer = signer
        try:
            self._context = ssl.create_default_context(cafile=authorities)
        except OSError as error:  # ssl.SSLError is one
            raise DeliveryError(f"collector.ca_file {authorities}: {error}", "provision this device anew") from None
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate, key = signer.files
        try:
            self._context.load_cert_chain(certificate, key)
        except OSError as error:
            raise DeliveryError(f"{certificate}, {key}: {error}", "provision this device anew") from None

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask; once more by the collector's clock, where that differs from ours.

        Raises:
            DeliveryError: it cannot be reached, or nobody vouches for it.
            RefusedError: it said no.
        """
        content = json.dumps(body).encode()
        answer = self._post(path, content)
        if self._signer.hear(answer.date) and answer.status == HTTPStatus.UNAUTHORIZED:
            answer = self._post(path, content)
        return _taken(answer)

    def _post(self, path: str, content: bytes) -> _Answer:
        headers = self._signer.sign("POST", self._url + path, {}, content)
        return _exchange(self._url, path, content, headers, self._context)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    date: str | None
    body: bytes


def _exchange(
    url: str,
    path: str,
    content: bytes,
    headers: dict[str, str],
    context: ssl.SSLContext,
    *,
    check: Callable[[bytes], None] | None = None,
) -> _Answer:
    """One request on a connection of its own.

    Raises:
        DeliveryError: the server cannot be reached, or `check` does not know it; then nothing was sent.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=SECONDS, context=context)
    try:
        connection.connect()
        if check is not None:
            assert isinstance(connection.sock, ssl.SSLSocket)
            check(connection.sock.getpeercert(binary_form=True) or b"")
        connection.request("POST", path, content, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        body = answer.read(MOST + 1)
    except ssl.SSLCertVerificationError as error:
        mend = "check collector.ca_file, the address, and this device's clock"
        raise DeliveryError(f"{url}: its certificate: {error.verify_message}", mend) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DeliveryError(
            f"{url} cannot be reached: {said}", "check the network, and that the collector runs"
        ) from None
    finally:
        connection.close()
    if len(body) > MOST:
        raise DeliveryError(f"{url} answers with more than {MOST} bytes", "check the address")
    return _Answer(answer.status, answer.headers.get("Date"), body)


def _taken(answer: _Answer) -> dict[str, Any]:
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        told = None
    if answer.status >= HTTPStatus.BAD_REQUEST:
        detail = told.get("detail") if isinstance(told, dict) else None
        raise RefusedError(answer.status, str(detail or f"the collector answers with status {answer.status}")[:500])
    if not isinstance(told, dict):
        raise DeliveryError("the collector's answer cannot be read", "check the address")
    return told
