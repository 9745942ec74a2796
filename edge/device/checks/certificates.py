"""Certificates, keys and password files: readable, in time, for their owner alone, and belonging together."""

from __future__ import annotations

import stat
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from edge.device.checks.finding import bad, doubtful, good

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from edge.contract.config import BrokerSection
    from edge.contract.findings import Finding

SOON = timedelta(days=30)
"""A device in a shop may be out of reach for weeks; renewal begins before that."""

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_certificates(broker: BrokerSection, *, now: datetime) -> list[Finding]:
    """Every file that the link to the broker rests on; nothing where it rests on none."""
    findings = []
    if broker.ca_file is not None:
        findings.append(_certificates("certificate of the CA", broker.ca_file, now=now))
    if (broker.cert_file is None) != (broker.key_file is None):
        mend = "give broker.cert_file and broker.key_file, or neither"
        findings.append(bad("certificate of the device", "one of certificate and key is missing", mend))
    elif broker.cert_file is not None and broker.key_file is not None:
        findings += [
            _certificates("certificate of the device", broker.cert_file, now=now),
            _key(broker.key_file, broker.cert_file),
        ]
    if broker.password_file is not None:
        findings.append(_secret("password of the broker", broker.password_file))
    return findings


def judge_validity(check: str, path: Path, *, name: str, since: datetime, until: datetime, now: datetime) -> Finding:
    """Whether a certificate is in force, and for how long."""
    if now < since:
        return bad(check, f"{path}: {name}: not valid before {since:%Y-%m-%d}", "check this device's clock")
    if now >= until:
        return bad(check, f"{path}: {name}: expired on {until:%Y-%m-%d}", "get a new one")
    days = (until - now).days
    if until - now < SOON:
        return doubtful(check, f"{path}: {name}: expires on {until:%Y-%m-%d}, in {days} days", "renew it now")
    return good(check, f"{name}: valid until {until:%Y-%m-%d}")


def _certificates(check: str, path: Path, *, now: datetime) -> Finding:
    """The certificate of a file that ends first."""
    from cryptography import x509  # noqa: PLC0415 - 10 MB that an agent without certificates does without

    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        return bad(check, f"{path}: {error.strerror}", "give a file that the agent's user can read")
    except ValueError:
        return bad(check, f"{path}: no certificate in PEM form", "give the file that begins with BEGIN CERTIFICATE")
    first = min(found, key=lambda one: one.not_valid_after_utc)
    return judge_validity(
        check, path, name=_name(first), since=first.not_valid_before_utc, until=first.not_valid_after_utc, now=now
    )


def _key(path: Path, certificate: Path) -> Finding:
    """The device's key: for its owner alone, and the one its certificate speaks of."""
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    check = "key of the device"
    readable = _secret(check, path)
    if readable.status == "failed":
        return readable
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        return bad(check, f"{path}: no unencrypted private key in PEM form", "give one without a passphrase")
    try:
        spoken_of = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    except (OSError, ValueError):
        return readable  # the certificate's own check tells
    forms = [one.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for one in (key.public_key(), spoken_of)]
    if forms[0] != forms[1]:
        return bad(check, f"{path} is not the key of {certificate}", "give the pair that was made together")
    return good(check, "belongs to the certificate, for its owner alone")


def _secret(check: str, path: Path) -> Finding:
    """A file that nobody but its owner may read."""
    try:
        mode = path.stat().st_mode
        path.open("rb").close()
    except OSError as error:
        return bad(check, f"{path}: {error.strerror}", "give a file that the agent's user can read")
    if mode & OTHERS:
        return bad(check, f"{path}: others may reach it (mode {stat.S_IMODE(mode):o})", f"chmod 600 {path}")
    return good(check, "readable, for its owner alone")


def _name(certificate: x509.Certificate) -> str:
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - as above

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string() or "unnamed"
