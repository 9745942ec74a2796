"""The device's own key: made here once, for its owner alone, and never sent anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from edge.contract.errors import ConfigError
from edge.device.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

_MEND = "move it away, and provision this device with a new claim"


def device_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key of a file; made where there is none. It is on disk before anybody hears of it.

    Raises:
        ConfigError: the file holds something else, others may read it, or it cannot be written.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
        write_whole(path, pem, mode=0o600)
        return made
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "run this as the user the agent runs as") from None
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path}: others may read this key", _MEND)
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError):
        raise ConfigError(f"{path}: no private key in PEM form", _MEND) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigError(f"{path}: no EC P-256 key", _MEND)
    return key


def request_for(key: ec.EllipticCurvePrivateKey, name: str | None = None) -> str:
    """A request for a certificate (PKCS #10, PEM). Which device this is, the claim says.

    Args:
        key: the device's.
        name: the common name of the certificate that it has. Without one it asks for half of its key's SHA-256: a
            name that nobody else comes to, which an outside authority signs as it stands. The fleet's own gives others.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or _digest(key)[:32])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode("ascii")


def key_name(key: ec.EllipticCurvePrivateKey) -> str:
    """What a person compares when the device has to be approved: the first half of SHA-256 over the public key."""
    return _digest(key)[:16]


def _digest(key: ec.EllipticCurvePrivateKey) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()
