"""Who issues the certificates of devices: the fleet's own authority, or one outside that has its own ways and rules.

Whatever an outside authority answers is looked at before a device is given it: it has to be for the device's key, carry
the name that the device asked for, and be issued by an authority that it has named itself. See decision 0036.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from cloud_sink.fleet.trust_settings import CommandIssuer, EstIssuer
from cloud_sink.store.authorities import OUTSIDE, StoredAuthority
from cloud_sink.store.identities import Issued
from cloud_sink.trust.authority import fingerprint, name_of, outside_serial_of, pem_of
from cloud_sink.trust.errors import RequestRefusedError, TrustError
from cloud_sink.trust.est import Est
from cloud_sink.trust.issuing_command import IssuingCommand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cloud_sink.fleet.trust_settings import IssuerSection
    from cloud_sink.trust.authority import Request

_NAME = re.compile(r"[0-9a-f]{32}")
_MEND = "look at its profile: it keeps the subject of the request, and allows client authentication"


class Way(Protocol):
    """How an outside authority is spoken to."""

    def authorities(self) -> list[x509.Certificate]:
        """The authorities that it names: what it issues is issued by one of them.

        Raises:
            TrustError: it cannot be reached, or what it says cannot be read.
        """

    def enrol(self, request: str, name: str, *, again: bool) -> list[x509.Certificate]:
        """Certificates for a request (PKCS #10, PEM); the device's is among them.

        Raises:
            TrustError: as above, or it says no.
        """


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate for a device, and the authorities that have to be believed for it."""

    pem: str
    issued: Issued
    authorities: tuple[StoredAuthority, ...]


class OutsideIssuer:
    """An authority that is not ours.

    Args:
        way: how it is spoken to.
    """

    def __init__(self, way: Way) -> None:
        self._way = way

    def authorities(self, now: datetime) -> tuple[StoredAuthority, ...]:
        """The authorities that it names, as they are stored.

        Raises:
            TrustError: it cannot be reached, or names none.
        """
        return tuple(_stored(one, now) for one in self._named())

    def issue(self, request: Request, *, again: bool, now: datetime) -> Certified:
        """Have a device's certificate issued. It may take seconds: hold no transaction meanwhile.

        Args:
            request: of the device; its own name is in it.
            again: whether the device has a certificate of that name already.
            now: aware.

        Raises:
            RequestRefusedError: the request names nobody, as agents did before there were outside authorities.
            TrustError: the authority cannot be reached or says no, or what it issued will not do.
        """
        if not _NAME.fullmatch(request.name):
            raise RequestRefusedError("the request names nobody", "update the agent on this device")
        found = self._way.enrol(request.pem, request.name, again=again)
        certificate = next((one for one in found if _key_of(one) == request.key_sha256), None)
        if certificate is None:
            raise TrustError("the outside authority issued no certificate for the device's key", _MEND)
        _check(certificate, request.name, now)
        named = self._named()
        issuer = next((one for one in named if _is_by(certificate, one)), None)
        if issuer is None:
            raise TrustError("the outside authority does not name who issued the certificate", "complete its ca_file")
        issued = Issued(
            outside_serial_of(certificate), request.name, outside_id(issuer), certificate.not_valid_after_utc
        )
        return Certified(pem_of(certificate), issued, tuple(_stored(one, now) for one in named))

    def _named(self) -> Sequence[x509.Certificate]:
        named = [one for one in self._way.authorities() if _is_authority(one)]
        if not named:
            raise TrustError("the outside authority names no authorities", "look at what it answers for cacerts")
        return named


def make_issuer(section: IssuerSection) -> OutsideIssuer | None:
    """The outside authority of a configuration; None where the fleet's own issues."""
    if isinstance(section, EstIssuer):
        return OutsideIssuer(Est(section))
    if isinstance(section, CommandIssuer):
        return OutsideIssuer(IssuingCommand(section))
    return None


def outside_id(authority: x509.Certificate) -> str:
    """What an outside authority is called in the database."""
    return outside_serial_of(authority)[:16]


def _stored(authority: x509.Certificate, now: datetime) -> StoredAuthority:
    return StoredAuthority(outside_id(authority), OUTSIDE, now, pem_of(authority), "")


def _key_of(certificate: x509.Certificate) -> str | None:
    key = certificate.public_key()
    return fingerprint(key) if isinstance(key, ec.EllipticCurvePublicKey) else None


def _check(certificate: x509.Certificate, name: str, now: datetime) -> None:
    """Refuse what no broker would take, or what would make a device somebody else."""
    if name_of(certificate) != name:
        said = name_of(certificate) or "nobody"
        raise TrustError(f"the outside authority issued for {said[:80]!r} in place of {name}", _MEND)
    if _is_authority(certificate):
        raise TrustError("the outside authority issued an authority's certificate to a device", _MEND)
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        raise TrustError("the outside authority's certificate does not hold now", "look at its clock, and at this one")
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.CLIENT_AUTH not in uses:
        raise TrustError("the outside authority's certificate is not for client authentication", _MEND)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _is_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
