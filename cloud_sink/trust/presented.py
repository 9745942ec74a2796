"""The certificate that a device shows beside its signature: of this fleet, of the key that signed, and not shut out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from cloud_sink.store import issued
from cloud_sink.store.database import reading
from cloud_sink.trust.authority import fingerprint, name_of, outside_serial_of, read_certificate, serial_of
from cloud_sink.trust.errors import TrustError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from cryptography import x509

    from cloud_sink.store.database import Database
    from cloud_sink.store.identities import Identity

_ANEW = "provision it anew with another invitation"


def check_presented(engine: Database, device: Identity, shown: str | None, *, now: datetime, late: timedelta) -> None:
    """Refuse a device that did not show a certificate of its own which still counts.

    The handshake has proved that whoever asks has the key, and the certificate's issuer; that is looked at again with
    every request, since a connection lasts while certificates are revoked and authorities retired.

    Args:
        engine: the database.
        device: whose signature the request has.
        shown: the certificate, PEM; None where none was shown.
        now: aware.
        late: how long after its end a certificate still counts.

    Raises:
        TrustError: it says what is wrong.
        DatabaseAway: it is not known.
    """
    if shown is None:
        raise TrustError("no certificate was shown", "update the agent, and let no proxy open TLS between")
    certificate = _read(shown)
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or fingerprint(key) != device.key:
        raise TrustError("the certificate that was shown is not of the key that signed", _ANEW)
    with reading(engine) as connection:
        held = issued.find(connection, (serial_of(certificate), outside_serial_of(certificate)))
    if held is None or {held.identity, name_of(certificate)} != {device.id} or not _issued(certificate, held):
        raise TrustError("the certificate that was shown is none of this fleet's", _ANEW)
    if held.revoked:
        raise TrustError("the certificate that was shown was revoked", _ANEW)
    if not held.believed:
        raise TrustError("the authority of the certificate that was shown is believed no more", _ANEW)
    if certificate.not_valid_after_utc + late < now:
        raise TrustError("the certificate that was shown has expired", "let the agent exchange it, or provision anew")


def _read(shown: str) -> x509.Certificate:
    try:
        return read_certificate(shown)
    except (ValueError, UnsupportedAlgorithm):
        raise TrustError("what was shown is no certificate") from None


def _issued(certificate: x509.Certificate, held: issued.Held) -> bool:
    try:
        certificate.verify_directly_issued_by(read_certificate(held.issuer))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
