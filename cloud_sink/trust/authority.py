"""The fleet's certificate authority: made, sealed by a passphrase, and what it issues.

Keys are EC P-256 throughout: every broker and every board has them, and a handshake takes a weak core a millisecond.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud_sink.trust.errors import RequestRefusedError, TrustError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_REQUEST = 8 * 1024
"""Bytes of a request for a certificate; one with a P-256 key has about 500."""

AUTHORITY_DAYS = 3650
"""Days of an authority's life. It is exchanged long before: see `sink trust rotate`."""

BACKDATED = timedelta(days=1)
"""How long before its making a certificate holds: a device's clock may be behind by hours, where no server told it."""

REVOCATIONS_HOLD = timedelta(days=30)
"""How long a broker may go on with a revocation list: longer than a collector is ever away, since an expired list shuts
out everybody."""


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that is ready to sign."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """Its certificate."""
        return pem_of(self.certificate)

    def sealed(self, passphrase: bytes) -> str:
        """Its key as it is stored: encrypted."""
        sealing = BestAvailableEncryption(passphrase)
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing).decode("ascii")


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a certificate whose signature is right: whoever sent it has the key."""

    key: ec.EllipticCurvePublicKey
    name: str  # its common name; the fleet's own authority gives others
    pem: str

    @property
    def key_sha256(self) -> str:
        """The key's name: SHA-256 over its public part."""
        return fingerprint(self.key)


def make_authority(name: str, *, now: datetime) -> Authority:
    """A new authority, valid from now on; it signs devices, servers and revocation lists, and no other authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _builder(subject, subject, key.public_key(), now=now, until=now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def unseal(certificate: str, key: str, passphrase: bytes) -> Authority:
    """An authority as it is stored.

    Raises:
        TrustError: the passphrase is another one.
    """
    try:
        opened = load_pem_private_key(key.encode("ascii"), password=passphrase)
    except (ValueError, TypeError):
        raise TrustError(
            "the passphrase does not open the authority's key", "give the one that `sink trust init` was given"
        ) from None
    assert isinstance(opened, ec.EllipticCurvePrivateKey)
    return Authority(x509.load_pem_x509_certificate(certificate.encode("ascii")), opened)


def read_request(text: str) -> Request:
    """A request for a certificate (PKCS #10, PEM), checked; for the fleet's own authority only its key counts.

    Raises:
        RequestRefusedError: it is none, too long, not signed by the key it names, or that is no P-256 key.
    """
    if len(text) > MOST_REQUEST:
        raise RequestRefusedError(f"a request for a certificate has at most {MOST_REQUEST} bytes")
    try:
        request = x509.load_pem_x509_csr(text.encode("ascii"))
        key = request.public_key()
        signed = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
        raise RequestRefusedError("this is no request for a certificate in PEM form") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RequestRefusedError("the key is no EC P-256 key")
    if not signed:
        raise RequestRefusedError("the request is not signed by the key that it names")
    return Request(key, name_of(request), request.public_bytes(Encoding.PEM).decode("ascii"))


def issue_device(authority: Authority, request: Request, *, identity: str, uri: str, now: datetime, days: int) -> str:
    """A device's certificate, PEM: a client's, never a server's.

    Args:
        authority: signs it.
        request: has the device's key.
        identity: its common name: the device's user name at a broker.
        uri: who it is, for people who look at it.
        now: aware.
        days: how long it holds; not beyond the authority.
    """
    extensions = [
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), False),
    ]
    return _issue(authority, request.key, identity, extensions, now=now, days=days)


def issue_server(authority: Authority, request: Request, *, hosts: Sequence[str], now: datetime, days: int) -> str:
    """A server's certificate, PEM, for names or addresses; the first is its common name."""
    extensions = [
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([_general_name(host) for host in hosts]), False),
    ]
    return _issue(authority, request.key, hosts[0][:64], extensions, now=now, days=days)


def revocation_list(authority: Authority, revoked: Iterable[tuple[str, datetime]], *, now: datetime) -> str:
    """The authority's revocation list, PEM: serial numbers (hexadecimal) with the moment each was revoked."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - BACKDATED)
        .next_update(now + REVOCATIONS_HOLD)
    )
    for serial, at in revoked:
        one = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(at).build()
        builder = builder.add_revoked_certificate(one)
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode("ascii")


def fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    """SHA-256 over a public key's SubjectPublicKeyInfo, in hexadecimal."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as text."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def read_certificate(pem: str) -> x509.Certificate:
    """A certificate that this module wrote."""
    return x509.load_pem_x509_certificate(pem.encode("ascii"))


def serial_of(certificate: x509.Certificate) -> str:
    """The serial number of a certificate of ours, as it is stored: 160 bits of chance."""
    return f"{certificate.serial_number:x}"


def outside_serial_of(certificate: x509.Certificate) -> str:
    """What stands in place of it for a certificate of an outside authority, which may count from 1 as another does."""
    return certificate.fingerprint(hashes.SHA256()).hex()[:40]


def name_of(certificate: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """Its common name; empty where it has none, or several."""
    names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return names[0] if len(names) == 1 else ""


def _issue(
    authority: Authority,
    key: ec.EllipticCurvePublicKey,
    name: str,
    extensions: Iterable[tuple[x509.ExtensionType, bool]],
    *,
    now: datetime,
    days: int,
) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    until = min(now + timedelta(days=days), authority.certificate.not_valid_after_utc)
    builder = (
        _builder(subject, authority.certificate.subject, key, now=now, until=until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return pem_of(builder.sign(authority.key, hashes.SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
