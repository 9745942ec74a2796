"""Where devices find this collector and its broker, and by which key they know it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cloud_sink.fleet.settings import ExternalBroker
from cloud_sink.trust.errors import TrustError

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.trust.keyring import Keyring


@dataclass(frozen=True, slots=True)
class Endpoint:
    """As devices reach this collector."""

    url: str
    broker: tuple[str, int]

    @classmethod
    def of(cls, config: SinkConfig) -> Endpoint:
        """Out of the configuration.

        Raises:
            TrustError: devices elsewhere could not reach it, or not safely.
        """
        url = config.trust.url or config.http.url
        if url is None or not url.startswith("https://"):
            raise TrustError(
                "devices are provisioned over HTTPS only",
                "set trust.url to https://…, and http.cert_file with http.key_file or a proxy in front",
            )
        if config.trust.broker is not None:
            return cls(url, (config.trust.broker.host, config.trust.broker.port))
        if isinstance(config.broker, ExternalBroker):
            return cls(url, (config.broker.host, config.broker.port))
        raise TrustError(
            "the embedded broker serves this machine alone and asks for no certificate",
            "set broker.kind: external, and trust.broker to what devices reach; see docs/guides/install-a-device.md",
        )


def pin_of(config: SinkConfig) -> str:
    """What a claim says of the server's key: SHA-256 over it, base64url.

    Raises:
        TrustError: no certificate is known that devices meet.
    """
    path = config.trust.pin_file or config.http.cert_file
    if path is None:
        raise TrustError(
            "no certificate to pin", "set http.cert_file, or trust.pin_file to the certificate of the proxy"
        )
    key = _certificates(path)[0].public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def collector_authorities(config: SinkConfig, keyring: Keyring) -> str | None:
    """Whom devices believe at the collector, PEM; None where systems know them.

    Raises:
        TrustError: a file cannot be read.
    """
    if config.trust.collector_ca_file is not None:
        return "".join(
            one.public_bytes(Encoding.PEM).decode("ascii") for one in _certificates(config.trust.collector_ca_file)
        )
    path = config.trust.pin_file or config.http.cert_file
    if path is None:
        return None
    for certificate in _certificates(path):
        for _, authority in keyring.believed:
            try:
                certificate.verify_directly_issued_by(authority.certificate)
            except (ValueError, TypeError, InvalidSignature):
                continue
            return keyring.bundle
    return None


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise TrustError(f"{path}: {error.strerror}", "give a file that this user can read") from None
    except ValueError:
        raise TrustError(
            f"{path}: no certificate in PEM form", "give the file that begins with BEGIN CERTIFICATE"
        ) from None
