"""The page's own certificate: nobody vouches for it but the fingerprint on the label and in the terminal."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

SINCE, UNTIL = datetime(2024, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)
"""A device out of the box may believe that it is 1970, and the phone knows better: so no clock is asked. It lives as
long as the PIN it was made with."""


def make_certificate(hosts: Sequence[str]) -> str:
    """A new EC P-256 key and a certificate that it has signed itself, both PEM, in one text.

    Args:
        hosts: names and addresses of this device.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "facings aim")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(SINCE)
        .not_valid_after(UNTIL)
        .add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    own = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (own + made.public_bytes(Encoding.PEM)).decode("ascii")


def fingerprint(pem: str) -> str:
    """SHA-256 of the certificate as browsers show it, in capitals: pairs with colons.

    Raises:
        ValueError: there is none in the text.
    """
    digest = x509.load_pem_x509_certificate(pem.encode("ascii")).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
