"""The fleet's authority: what it signs, what it refuses to sign, and how its key is kept."""

from __future__ import annotations

import base64
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from cloud_sink.store.database import Database, reading
from cloud_sink.store.trust_tables import authorities
from cloud_sink.trust.authority import issue_device, issue_server, make_authority, read_request, revocation_list
from cloud_sink.trust.errors import RequestRefusedError, TrustError
from cloud_sink.trust.keyring import VARIABLE, Vault, write_passphrase
from tests.cloud_sink.trust.fleets import NOW, new_key

if TYPE_CHECKING:
    from pathlib import Path


def verified(folder: Path, certificate: str, purpose: str, *more: str) -> bool:
    """What openssl says of a certificate."""
    (folder / "one.pem").write_text(certificate)
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", "ca.pem", *more, "one.pem"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 0


def test_a_device_is_a_client_and_never_a_server(tmp_path: Path) -> None:
    authority = make_authority("fleet", now=NOW)
    (tmp_path / "ca.pem").write_text(authority.pem)
    request = read_request(new_key().csr)
    device = issue_device(authority, request, identity="a" * 32, uri="urn:facings:acme:d1", now=NOW, days=10)
    server = issue_server(authority, request, hosts=["localhost", "127.0.0.1"], now=NOW, days=10)
    assert verified(tmp_path, device, "sslclient")
    assert not verified(tmp_path, device, "sslserver")
    assert verified(tmp_path, server, "sslserver", "-verify_hostname", "localhost")
    assert not verified(tmp_path, server, "sslclient")
    assert not verified(tmp_path, server, "sslserver", "-verify_hostname", "elsewhere")


def test_a_revoked_certificate_is_on_the_list_and_no_other(tmp_path: Path) -> None:
    authority = make_authority("fleet", now=NOW)
    (tmp_path / "ca.pem").write_text(authority.pem)
    first, second = (
        issue_device(authority, read_request(new_key().csr), identity=name, uri="urn:x:y", now=NOW, days=10)
        for name in ("a", "b")
    )
    serial = f"{x509.load_pem_x509_certificate(first.encode()).serial_number:x}"
    (tmp_path / "crl.pem").write_text(revocation_list(authority, [(serial, NOW)], now=NOW))
    against = ("-crl_check", "-CRLfile", "crl.pem")
    assert not verified(tmp_path, first, "sslclient", *against)
    assert verified(tmp_path, second, "sslclient", *against)


def _signed(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def _of_another_key() -> str:
    """A request that names another key than the one that signed it."""
    mine, theirs = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    old, new = (key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for key in (mine, theirs))
    signed = x509.load_pem_x509_csr(_signed(mine).encode()).public_bytes(Encoding.DER)
    text = base64.encodebytes(signed.replace(old, new)).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no request"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "no request"),
        ("x" * 9000, "at most 8192 bytes"),
        ("-----BEGIN CERTIFICATE REQUEST-----\n\u00e9", "no request"),
        (_signed(ec.generate_private_key(ec.SECP384R1())), "no EC P-256 key"),
        (_signed(rsa.generate_private_key(65537, 2048)), "no EC P-256 key"),
        (_of_another_key(), "not signed by the key"),
    ],
)
def test_what_is_no_request_of_a_device_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestRefusedError, match=said):
        read_request(text)


def test_the_authority_s_key_is_encrypted_in_the_database(database: Database, tmp_path: Path) -> None:
    write_passphrase(tmp_path / "pass")
    Vault(database, tmp_path / "pass").make(NOW)
    with reading(database) as connection:
        key = connection.execute(select(authorities.c.key)).scalar_one()
    assert key.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    (tmp_path / "other").write_text("quite another passphrase")
    with pytest.raises(TrustError, match="does not open"):
        Vault(database, tmp_path / "other").open()
    assert Vault(database, tmp_path / "pass").open().bundle.count("BEGIN CERTIFICATE") == 1


def test_a_passphrase_that_can_be_guessed_or_is_missing_makes_none(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(TrustError, match="no passphrase"):
        Vault(sqlite).make(NOW)
    (tmp_path / "short").write_text("secret\n")
    with pytest.raises(TrustError, match="6 characters"):
        Vault(sqlite, tmp_path / "short").make(NOW)
    monkeypatch.setenv(VARIABLE, "from the environment, long enough")
    Vault(sqlite).make(NOW)
    assert Vault(sqlite).open().active_id
    with pytest.raises(TrustError, match="already"):
        Vault(sqlite).make(NOW)


def test_a_passphrase_file_is_its_owner_s_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "pass"
    assert write_passphrase(path)
    first = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert not write_passphrase(path)
    assert path.read_text() == first


def test_certificates_hold_before_a_clock_that_is_behind_by_hours() -> None:
    authority = make_authority("fleet", now=NOW)
    pem = issue_device(authority, read_request(new_key().csr), identity="a", uri="urn:x:y", now=NOW, days=10)
    one = x509.load_pem_x509_certificate(pem.encode())
    assert one.not_valid_before_utc <= NOW - timedelta(hours=23)
    assert one.not_valid_after_utc <= authority.certificate.not_valid_after_utc
