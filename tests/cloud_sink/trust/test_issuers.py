"""Devices whose certificates an outside authority issues: over EST, and by a command; and what it may not do."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from typer.testing import CliRunner

from cloud_sink.cli.app import app
from cloud_sink.fleet.settings import SinkConfig
from cloud_sink.store import identities
from cloud_sink.store.database import reading, writing
from cloud_sink.trust.authority import make_authority, name_of, read_certificate
from cloud_sink.trust.broker_files import Broker, follow, make_files
from cloud_sink.trust.errors import RequestRefusedError, TrustError
from cloud_sink.trust.keyring import Vault
from cloud_sink.trust.presented import check_presented
from cloud_sink.trust.registrar import ClaimRefusedError
from edge.contract.provisioning import Granted, ProvisionRequest, RenewRequest
from edge.device.device_key import device_key, request_for
from tests.cloud_sink.trust.est_server import PASSWORD, EstServer, serve
from tests.cloud_sink.trust.fleets import NOW, Fleet, asked, make_fleet, new_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud_sink.store.database import Database

LATER = timedelta(0)


@pytest.fixture
def est(tmp_path: Path) -> Iterator[EstServer]:
    folder = tmp_path / "est"
    folder.mkdir()
    (folder / "password").write_text(PASSWORD)
    yield from serve(EstServer(folder))


def section(est: EstServer, **more: object) -> dict[str, object]:
    return {
        "kind": "est",
        "url": f"https://localhost:{est.port}",
        "ca_file": est.folder / "tls-ca.pem",
        "username": "collector",
        "password_file": est.folder / "password",
        "label": "coolers",
        **more,
    }


@pytest.fixture
def fleet(database: Database, tmp_path: Path, est: EstServer) -> Fleet:
    return make_fleet(database, tmp_path, issuer=section(est))


def let_in(fleet: Fleet, folder: Path, name: str = "unit-1", now: datetime = NOW) -> tuple[Granted, str]:
    """What a device is given, whose request is the agent's own; and the request."""
    csr = request_for(device_key(folder / f"{name}.key"))
    claim = fleet.invite(name, now=now).claim.token
    answer, _ = fleet.registrar.provision(ProvisionRequest(claim=claim, csr=csr), now)
    assert answer.granted is not None
    return answer.granted, csr


def test_a_device_is_let_in_with_the_certificate_of_an_outside_authority(
    fleet: Fleet, est: EstServer, tmp_path: Path
) -> None:
    granted, csr = let_in(fleet, tmp_path)
    certificate = read_certificate(granted.certificate)
    certificate.verify_directly_issued_by(est.authority.certificate)
    assert name_of(certificate) == granted.identity == name_of(x509.load_pem_x509_csr(csr.encode()))
    assert granted.authorities == fleet.vault.open().bundle  # servers are of the fleet's own
    assert est.asked == ["POST /.well-known/est/coolers/simpleenroll", "GET /.well-known/est/coolers/cacerts"]
    folder = tmp_path / "broker"
    make_files(folder, Broker(("localhost",)), fleet.vault.open(), now=NOW)
    follow(folder, fleet.database, fleet.vault.open(), now=NOW)
    assert est.authority.pem in (folder / "clients.pem").read_text()
    assert est.authority.pem not in (folder / "ca.pem").read_text()
    assert "crlfile" not in (folder / "mosquitto.conf").read_text()  # nobody of an authority without a list got in
    assert f"user {granted.identity}\n" in (folder / "acl").read_text()
    with reading(fleet.database) as connection:
        device = identities.find(connection, granted.identity)
    assert device is not None
    check_presented(fleet.database, device, granted.certificate, now=NOW, late=LATER)
    with writing(fleet.database) as connection:
        identities.revoke(connection, granted.identity, NOW)
    with pytest.raises(TrustError, match="was revoked"):  # by our books: it needs no list of theirs
        check_presented(fleet.database, device, granted.certificate, now=NOW, late=LATER)
    follow(folder, fleet.database, fleet.vault.open(), now=NOW)
    assert granted.identity not in (folder / "acl").read_text()
    claim = fleet.invite("unit-1", replaces=True).claim.token
    with pytest.raises(RequestRefusedError, match="was shut out"):
        fleet.registrar.provision(ProvisionRequest(claim=claim, csr=csr), NOW)


def test_the_same_claim_gets_the_same_certificate_and_another_key_none(
    fleet: Fleet, est: EstServer, tmp_path: Path
) -> None:
    invited, csr = fleet.invite(), request_for(device_key(tmp_path / "key"))
    first, again = (
        fleet.registrar.provision(ProvisionRequest(claim=invited.claim.token, csr=csr), NOW)[0] for _ in range(2)
    )
    assert first.granted == again.granted
    assert len([one for one in est.asked if one.startswith("POST")]) == 1
    with pytest.raises(ClaimRefusedError):
        fleet.registrar.provision(asked(invited, new_key()), NOW)
    assert len([one for one in est.asked if one.startswith("POST")]) == 1  # the CA heard nothing of the thief


def test_it_is_not_asked_before_a_person_has_approved(fleet: Fleet, est: EstServer, tmp_path: Path) -> None:
    invited, csr = fleet.invite(approval=True), request_for(device_key(tmp_path / "key"))
    wanted = ProvisionRequest(claim=invited.claim.token, csr=csr)
    assert fleet.registrar.provision(wanted, NOW)[0].state == "pending"
    assert est.asked == []
    with writing(fleet.database) as connection:
        connection.exec_driver_sql("UPDATE invitations SET state = 'approved'")
    assert fleet.registrar.provision(wanted, NOW)[0].state == "granted"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "0" * 32}, "issued for"),
        ({"days": 0}, "does not hold now"),
        ({"uses": [ExtendedKeyUsageOID.SERVER_AUTH]}, "not for client authentication"),
        ({"status": 202}, "has to approve"),
        ({"status": 503}, "status 503 not now"),
    ],
)
def test_what_will_not_do_lets_nobody_in_and_the_claim_stays(
    fleet: Fleet, est: EstServer, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    good = {name: getattr(est, name) for name in change}
    for name, value in change.items():
        setattr(est, name, value)
    wanted = ProvisionRequest(claim=fleet.invite().claim.token, csr=request_for(device_key(tmp_path / "key")))
    with pytest.raises(TrustError, match=said):
        fleet.registrar.provision(wanted, NOW)
    for name, value in good.items():
        setattr(est, name, value)
    assert fleet.registrar.provision(wanted, NOW)[0].state == "granted"


def test_an_authority_that_it_does_not_name_is_not_believed(fleet: Fleet, est: EstServer, tmp_path: Path) -> None:
    est.named = make_authority("outside CA", now=NOW).certificate  # the same name, and another key
    wanted = ProvisionRequest(claim=fleet.invite().claim.token, csr=request_for(device_key(tmp_path / "key")))
    with pytest.raises(TrustError, match="does not name who issued"):
        fleet.registrar.provision(wanted, NOW)


def test_a_server_that_nobody_vouches_for_is_told_no_password(fleet: Fleet, est: EstServer, tmp_path: Path) -> None:
    (est.folder / "tls-ca.pem").write_text(make_authority("another", now=NOW).pem)
    wanted = ProvisionRequest(claim=fleet.invite().claim.token, csr=request_for(device_key(tmp_path / "key")))
    with pytest.raises(TrustError, match="certificate verify failed"):
        fleet.registrar.provision(wanted, NOW)
    assert est.asked == []


def test_a_request_without_a_name_is_an_old_agent_s(fleet: Fleet) -> None:
    with pytest.raises(RequestRefusedError, match="update the agent"):
        fleet.registrar.provision(asked(fleet.invite(), new_key()), NOW)


def test_a_certificate_is_renewed_in_its_last_third_and_keeps_its_name(
    fleet: Fleet, est: EstServer, tmp_path: Path
) -> None:
    granted, csr = let_in(fleet, tmp_path)
    question = RenewRequest(csr=csr, believes=fleet.vault.open().told)

    def renewed(now: datetime) -> str:
        with reading(fleet.database) as connection:
            device = identities.find(connection, granted.identity)
        assert device is not None
        return fleet.registrar.renew(device, question, now).certificate

    assert renewed(NOW + timedelta(days=50)) == granted.certificate
    est.days = 200
    later = renewed(NOW + timedelta(days=70))
    assert later != granted.certificate
    assert name_of(read_certificate(later)) == granted.identity
    assert est.asked[-2] == "POST /.well-known/est/coolers/simplereenroll"


def test_a_fleet_goes_over_to_an_outside_authority_and_back(database: Database, tmp_path: Path, est: EstServer) -> None:
    own = make_fleet(database, tmp_path)
    granted, _ = let_in(own, tmp_path)
    csr = request_for(device_key(tmp_path / "unit-1.key"), granted.identity)  # as the agent renews
    question = RenewRequest(csr=csr, believes=own.vault.open().told)

    def renewed(**trust: object) -> x509.Certificate:
        config = SinkConfig.model_validate(
            own.config.model_dump(exclude={"trust"}) | {"trust": own.config.trust.model_dump() | trust}
        )
        registrar = type(own.registrar)(database, Vault(database, own.config.trust.passphrase_file), own.stores, config)
        with reading(database) as connection:
            device = identities.find(connection, granted.identity)
        assert device is not None
        return read_certificate(registrar.renew(device, question, NOW).certificate)

    outside = renewed(issuer=section(est))
    outside.verify_directly_issued_by(est.authority.certificate)
    assert name_of(outside) == granted.identity
    assert renewed(issuer=section(est)) == outside
    back = renewed()
    back.verify_directly_issued_by(own.vault.open().active.certificate)


SCRIPT = """\
import subprocess, sys
done = subprocess.run(["openssl", "x509", "-req", "-CA", "{folder}/ca.pem", "-CAkey", "{folder}/ca.key", "-days", "30",
    "-CAcreateserial", "-extfile", "{folder}/ext"], input=sys.stdin.buffer.read(), stdout=subprocess.PIPE, check=True)
sys.stdout.buffer.write(done.stdout)
"""


def test_a_command_has_certificates_issued(sqlite: Database, tmp_path: Path) -> None:
    folder = tmp_path / "openssl"
    folder.mkdir()
    made = make_authority("openssl's", now=NOW)
    key = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ca.pem").write_text(made.pem)
    (folder / "ca.key").write_bytes(key)
    (folder / "ext").write_text("extendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n")
    (folder / "issue.py").write_text(SCRIPT.format(folder=folder))
    command = {"kind": "command", "command": [sys.executable, str(folder / "issue.py")], "ca_file": folder / "ca.pem"}
    fleet = make_fleet(sqlite, tmp_path, issuer=command)
    granted, _ = let_in(fleet, tmp_path, now=datetime.now(UTC) + timedelta(seconds=2))
    certificate = read_certificate(granted.certificate)
    certificate.verify_directly_issued_by(made.certificate)
    assert name_of(certificate) == granted.identity
    (folder / "ca.key").unlink()
    with pytest.raises(TrustError, match=r"trust\.issuer\.command"):
        let_in(fleet, tmp_path, "unit-2", now=datetime.now(UTC))


def test_its_authorities_are_fetched_shown_and_forgotten_by_command(
    sqlite: Database, tmp_path: Path, est: EstServer
) -> None:
    fleet = make_fleet(sqlite, tmp_path)
    issuer = "".join(f"    {name}: {value}\n" for name, value in section(est).items())
    (tmp_path / "sink.yaml").write_text(f"trust:\n  passphrase_file: {tmp_path}/ca.pass\n  issuer:\n{issuer}")
    options = ["--config", str(tmp_path / "sink.yaml"), "--data", str(tmp_path)]

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["trust", *words, *options])
        assert done.exit_code == 0, done.output
        return done.stdout

    told = run("issuer")
    assert "CN=outside CA" in told
    name = told.split()[0]
    assert est.authority.pem in fleet.vault.open().clients
    assert f"{name}  outside" in run("show")
    assert name in run("forget", name)
    assert est.authority.pem not in fleet.vault.open().clients
