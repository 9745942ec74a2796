"""Signs requests with the device's key (HTTP Message Signatures, RFC 9421), by the collector's clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256

from edge.contract.errors import DeliveryError
from edge.contract.signatures import COVERED, SOURCE, TAG

if TYPE_CHECKING:
    from pathlib import Path

_LEAST_OFFSET = 30.0
"""Seconds by which the collector's clock may differ before signatures go by it: an answer takes a while."""


@dataclass(slots=True)
class _Message:
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> Any:  # noqa: ARG002 - there is one
        return self._key


class RequestSigner:
    """Signs as one device.

    Args:
        certificate: PEM; its common name is what the collector knows the device by.
        key: PEM, of the same pair.

    Raises:
        DeliveryError: a file is missing or holds something else.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        try:
            one = x509.load_pem_x509_certificate(certificate.read_bytes())
            private = load_pem_private_key(key.read_bytes(), password=None)
        except OSError as error:
            raise DeliveryError(
                f"{error.filename}: {error.strerror}", "provision this device: edge provision"
            ) from None
        except (ValueError, TypeError):
            mend = "provision this device: edge provision"
            raise DeliveryError(f"{certificate}, {key}: no certificate and key in PEM form", mend) from None
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise DeliveryError(f"{key}: no EC key", "provision this device: edge provision")
        self.files = (certificate, key)
        """Certificate and key, for the handshake: the certificate is exchanged from time to time."""
        self._key_id = str(one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        self._signer = HTTPMessageSigner(signature_algorithm=ECDSA_P256_SHA256, key_resolver=_OneKey(private))
        self._offset = 0.0

    @property
    def name(self) -> str:
        """The certificate's common name."""
        return self._key_id

    def sign(self, method: str, url: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
        """The headers with a signature over method, host, path, body, and whose it is where they say so."""
        message = _Message(method, url, {name.lower(): value for name, value in headers.items()})
        more = (SOURCE,) if SOURCE in message.headers else ()
        self._signer.sign(
            message,
            key_id=self._key_id,
            created=datetime.fromtimestamp(time.time() + self._offset, UTC),
            tag=TAG,
            covered_component_ids=(*COVERED[:-1], *more),
            body=body,
        )
        return message.headers

    def hear(self, date: str | None) -> bool:
        """Take the collector's clock from the `Date` of its answer; whether signatures go by another one now."""
        if not date:
            return False
        try:
            offset = parsedate_to_datetime(date).timestamp() - time.time()
        except ValueError:
            return False
        before, self._offset = self._offset, offset if abs(offset) > _LEAST_OFFSET else 0.0
        return abs(self._offset - before) > _LEAST_OFFSET
