"""A claim lets one device in, once, whatever comes at the same time."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from cloud_sink.store import identities, invitation_rows
from cloud_sink.store.database import Database, reading, writing
from cloud_sink.trust.authority import fingerprint
from cloud_sink.trust.errors import TrustError
from cloud_sink.trust.registrar import ClaimRefusedError, Why
from edge.contract.provisioning import RenewRequest
from tests.cloud_sink.trust.fleets import NOW, Fleet, Key, asked, make_fleet, new_key

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def fleet(database: Database, tmp_path: Path) -> Fleet:
    return make_fleet(database, tmp_path)


def refused(fleet: Fleet, *given: object, **more: object) -> Why:
    with pytest.raises(ClaimRefusedError) as caught:
        fleet.registrar.provision(*given, **more)  # type: ignore[arg-type]
    return caught.value.why


def wanted(key: Key, authorities: str = "") -> RenewRequest:
    return RenewRequest(csr=key.csr, believes=hashlib.sha256(authorities.encode()).hexdigest())


def test_a_claim_gives_a_device_its_certificate_store_fixture_broker_and_configuration(fleet: Fleet) -> None:
    key = new_key()
    answer, _ = fleet.registrar.provision(asked(fleet.invite(), key), NOW)
    granted = answer.granted
    assert granted is not None
    assert (granted.tenant, granted.store, granted.fixture, granted.device) == ("acme", "s1", "f1", "unit-1")
    certificate = x509.load_pem_x509_certificate(granted.certificate.encode())
    assert certificate.subject.rfc4514_string() == f"CN={granted.identity}"
    assert certificate.public_key() == key.private.public_key()
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(granted.authorities.encode()))
    assert granted.collector_authorities == granted.authorities  # this collector's own certificate is the fleet's
    told = granted.configuration
    assert told["broker"] == {"host": "localhost", "port": 8883}
    assert told["collector"] == {"url": "https://localhost:8443"}
    assert told["fixtures"] == [{"id": "f1", "own": ["Own Co."]}]
    assert told["zone"] == "Asia/Ho_Chi_Minh"
    assert "product-detector" in granted.models


def test_the_same_key_gets_the_same_certificate_again_and_any_other_key_nothing(fleet: Fleet) -> None:
    invited, key = fleet.invite(), new_key()
    first, _ = fleet.registrar.provision(asked(invited, key), NOW)
    again, _ = fleet.registrar.provision(asked(invited, key), NOW + timedelta(minutes=5))
    assert first.granted == again.granted
    assert refused(fleet, asked(invited, new_key()), NOW) is Why.USED
    assert refused(fleet, asked(invited, key), NOW + timedelta(hours=2)) is Why.EXPIRED


@pytest.mark.parametrize("why", [Why.INVALID, Why.EXPIRED, Why.CANCELLED, Why.OTHER_STORE])
def test_a_claim_that_does_not_fit_lets_nobody_in_and_stays_as_it_was(fleet: Fleet, why: Why) -> None:
    invited, key = fleet.invite(), new_key()
    request, now = asked(invited, key), NOW
    if why is Why.INVALID:
        request = request.model_copy(update={"claim": f"{invited.claim.id}.{'A' * 43}"})
    if why is Why.EXPIRED:
        now += timedelta(hours=1)
    if why is Why.OTHER_STORE:
        request = asked(invited, key, store="s2")
    if why is Why.CANCELLED:
        with writing(fleet.database) as connection:
            assert invitation_rows.decide(connection, invited.claim.id, state="cancelled", by="x", since=["open"])
    assert refused(fleet, request, now) is why
    with reading(fleet.database) as connection:
        found = invitation_rows.find(connection, invited.claim.id)
        assert identities.listed(connection, None) == []
    assert found is not None
    assert (found.state, found.key) == ("cancelled" if why is Why.CANCELLED else "open", None)


def test_of_many_that_come_at_one_time_one_gets_in(fleet: Fleet) -> None:
    invited, keys = fleet.invite(), [new_key() for _ in range(8)]
    requests, start = [asked(invited, key) for key in keys], threading.Barrier(8)

    def come(number: int) -> str | Why:
        start.wait()
        try:
            answer, _ = fleet.registrar.provision(requests[number], NOW)
        except ClaimRefusedError as error:
            return error.why
        assert answer.granted is not None
        return answer.granted.certificate

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(come, range(8)))
    assert sorted(map(str, said))[1:] == [Why.USED] * 7
    with reading(fleet.database) as connection:
        (device,) = identities.listed(connection, "acme")
    certificate = x509.load_pem_x509_certificate(device.certificate.encode())
    winner = keys[next(number for number, one in enumerate(said) if one == device.certificate)]
    assert certificate.public_key() == winner.private.public_key()


def test_the_same_key_that_comes_twice_at_one_time_gets_one_certificate(fleet: Fleet) -> None:
    request, start = asked(fleet.invite(), new_key()), threading.Barrier(4)

    def come(_number: int) -> str:
        start.wait()
        answer, _ = fleet.registrar.provision(request, NOW)
        assert answer.granted is not None
        return answer.granted.certificate

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(come, range(4)))) == 1


def test_where_a_person_has_to_approve_the_device_waits_and_is_let_in(fleet: Fleet) -> None:
    invited, key = fleet.invite(approval=True), new_key()
    for _ in range(2):
        answer, _ = fleet.registrar.provision(asked(invited, key), NOW)
        assert (answer.state, answer.granted) == ("pending", None)
    assert refused(fleet, asked(invited, new_key()), NOW) is Why.USED  # it waits for the key that came first
    with writing(fleet.database) as connection:
        found = invitation_rows.find(connection, invited.claim.id)
        assert invitation_rows.decide(connection, invited.claim.id, state="approved", by="x", since=["pending"])
    assert found is not None
    assert found.key == fingerprint(key.private.public_key())  # what the person compares
    answer, _ = fleet.registrar.provision(asked(invited, key), NOW)
    assert answer.granted is not None


def test_a_device_that_is_replaced_keeps_its_name_and_its_old_key_is_out(fleet: Fleet) -> None:
    first, _ = fleet.registrar.provision(asked(fleet.invite(), new_key()), NOW)
    with pytest.raises(TrustError, match="has a key already"):
        fleet.invite()
    second, _ = fleet.registrar.provision(asked(fleet.invite(replaces=True), new_key()), NOW)
    assert first.granted is not None
    assert second.granted is not None
    assert second.granted.device == first.granted.device
    with reading(fleet.database) as connection:
        (device,) = identities.listed(connection, "acme")
        authority = fleet.vault.open().active_id
        revoked = [serial for serial, _ in identities.revoked_of(connection, authority, NOW)]
    assert device.id == second.granted.identity != first.granted.identity
    old = x509.load_pem_x509_certificate(first.granted.certificate.encode())
    assert revoked == [f"{old.serial_number:x}"]


def test_a_configuration_that_cannot_be_made_uses_no_claim_up(database: Database, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    fleet = make_fleet(database, tmp_path, template=template)
    template.write_text("cameras: [{id: cam-1, source: {kind: usb}, schedule: {every: 5m}}]\n")
    invited, key = fleet.invite(), new_key()
    template.write_text("cameras: [{id: cam-1, source: {kind: nothing}}]\n")
    with pytest.raises(TrustError, match=r"mend trust\.template"):
        fleet.registrar.provision(asked(invited, key), NOW)
    template.write_text("cameras: [{id: cam-1, source: {kind: usb}, schedule: {every: 5m}}]\n")
    answer, _ = fleet.registrar.provision(asked(invited, key), NOW)
    assert answer.granted is not None
    assert answer.granted.configuration["cameras"][0]["schedule"] == {"every": "5m"}


def test_a_certificate_is_exchanged_in_its_last_third_and_not_before(fleet: Fleet) -> None:
    key = new_key()
    answer, _ = fleet.registrar.provision(asked(fleet.invite(), key), NOW)
    assert answer.granted is not None
    with reading(fleet.database) as connection:
        device = identities.find(connection, answer.granted.identity)
    assert device is not None
    early = fleet.registrar.renew(device, wanted(key), NOW + timedelta(days=100))
    assert early.certificate == device.certificate
    due = fleet.registrar.renew(device, wanted(key), NOW + timedelta(days=125))
    assert due.certificate != device.certificate
    with pytest.raises(TrustError, match="another key"):
        fleet.registrar.renew(device, wanted(new_key()), NOW)


def test_the_authority_is_exchanged_without_touching_a_device(fleet: Fleet) -> None:
    key = new_key()
    answer, _ = fleet.registrar.provision(asked(fleet.invite(), key), NOW)
    assert answer.granted is not None

    def device() -> identities.Identity:
        with reading(fleet.database) as connection:
            (found,) = identities.listed(connection, "acme")
        return found

    fleet.vault.rotate(NOW)
    with pytest.raises(TrustError, match="still believed"):
        fleet.vault.rotate(NOW)
    with pytest.raises(TrustError, match="1 devices have not fetched"):
        fleet.vault.retire()
    renewed = fleet.registrar.renew(device(), wanted(key, answer.granted.authorities), NOW)  # as it does every day
    with pytest.raises(TrustError, match="1 devices have not fetched"):
        fleet.vault.retire()  # the answer may have been lost
    again = fleet.registrar.renew(device(), wanted(key, renewed.authorities), NOW)
    assert again.certificate == renewed.certificate
    assert renewed.authorities.count("BEGIN CERTIFICATE") == 2
    assert renewed.certificate != answer.granted.certificate
    fleet.vault.retire()
    assert fleet.vault.open().bundle.count("BEGIN CERTIFICATE") == 1
    newest = x509.load_pem_x509_certificate(renewed.certificate.encode())
    newest.verify_directly_issued_by(fleet.vault.open().active.certificate)
    with pytest.raises(TrustError, match="no authority to retire"):
        fleet.vault.retire()
