"""What devices ask for themselves over HTTP: who is let in, who is refused, and what the audit log keeps of both."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from cloud_sink.api.app import make_app
from cloud_sink.api.context import Context
from cloud_sink.evidence.opening import open_room
from cloud_sink.fleet.products import ProductBook
from cloud_sink.rights.accounts import make_key
from cloud_sink.rights.roles import Role
from cloud_sink.store import identities
from cloud_sink.store.database import Database, reading, writing
from cloud_sink.store.rights_tables import audit
from cloud_sink.store.trust_tables import identities as identity_table
from cloud_sink.trust.placing import Asked, Placer
from edge.deliver.signing import RequestSigner
from tests.cloud_sink.api.served import BASE
from tests.cloud_sink.trust.fleets import NOW, Fleet, Key, asked, make_fleet, new_key

if TYPE_CHECKING:
    from pathlib import Path

    from httpx import Response

    from edge.contract.provisioning import Granted

JPEG = b"\xff\xd8\xff\xe0 a shelf"
SHA256 = hashlib.sha256(JPEG).hexdigest()


class Device:
    """A device that was let in, and signs what it sends."""

    def __init__(self, fleet: Fleet, client: TestClient, folder: Path, name: str = "unit-1") -> None:
        self.key: Key = new_key()
        self._client = client
        answer, _ = fleet.registrar.provision(
            asked(fleet.invite(name, now=datetime.now(UTC)), self.key), datetime.now(UTC)
        )
        assert answer.granted is not None
        self.granted: Granted = answer.granted
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_text(self.granted.certificate)
        key.write_bytes(self.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.signer = RequestSigner(certificate, key)

    def upload(self, *, source: str | None = None, body: bytes = JPEG, more: dict[str, str] | None = None) -> Response:
        own = source or f"/{self.granted.tenant}/{self.granted.store}/{self.granted.device}"
        headers = {"Content-Type": "image/jpeg", "X-Facings-Source": own}
        signed = self.signer.sign("PUT", f"{BASE}/api/v1/evidence/{SHA256}", headers, JPEG)
        answer: Response = self._client.put(f"/api/v1/evidence/{SHA256}", content=body, headers=signed | (more or {}))
        return answer

    def post(self, path: str, body: dict[str, Any]) -> Response:
        request = self._client.build_request("POST", path, json=body)
        signed = self.signer.sign("POST", f"{BASE}{path}", {"Content-Type": "application/json"}, request.content)
        answer: Response = self._client.post(path, content=request.content, headers=signed)
        return answer


@pytest.fixture
def fleet(sqlite: Database, tmp_path: Path) -> Fleet:
    return make_fleet(sqlite, tmp_path)


@pytest.fixture
def client(fleet: Fleet) -> TestClient:
    # Behind a proxy that hands on no certificates, all is in the signature; certificates: tests of mutual TLS.
    proxied = {"access": "users", "url": BASE, "cert_file": None, "key_file": None, "behind_proxy": True}
    http = fleet.config.http.model_copy(update=proxied)
    config = fleet.config.model_copy(
        update={"http": http, "trust": fleet.config.trust.model_copy(update={"url": "https://localhost:8443"})}
    )
    room = open_room(fleet.database, config)
    context = Context(fleet.database, config, fleet.stores, ProductBook({}), room, ready=lambda: True)
    return TestClient(make_app(context), base_url=BASE, raise_server_exceptions=False)


def noted(fleet: Fleet) -> list[tuple[str, str, int, str]]:
    """Whose, who, status and what of all that the audit log keeps."""
    with reading(fleet.database) as connection:
        rows = connection.execute(
            select(audit.c.tenant, audit.c.who, audit.c.status, audit.c.what).order_by(audit.c.id)
        )
        return [(row.tenant, row.who, row.status, row.what) for row in rows]


def test_a_claim_lets_one_device_in_and_all_that_was_tried_is_in_the_audit_log(
    fleet: Fleet, client: TestClient
) -> None:
    invited, key = fleet.invite(now=datetime.now(UTC)), new_key()
    expired = fleet.invite("unit-2", lives=60, now=datetime.now(UTC) - timedelta(hours=1))

    def come(body: dict[str, Any]) -> int:
        return int(client.post("/api/v1/provisioning", json=body).status_code)

    request = asked(invited, key).model_dump(mode="json")
    assert come(request | {"csr": "no request"}) == 422
    assert come(request | {"store": "s2"}) == 409
    assert come(request) == 200
    assert come(request) == 200
    assert come(asked(invited, new_key()).model_dump(mode="json")) == 409
    assert come(asked(expired, key).model_dump(mode="json")) == 410
    assert come(request | {"claim": f"{'0' * 16}.{'A' * 43}"}) == 403
    name = invited.claim.id
    assert noted(fleet) == [
        ("", "(nobody)", 422, f"claim {name}: this is no request for a certificate in PEM form"),
        ("acme", "(nobody)", 409, f"claim {name}: other-store"),
        ("acme", "(nobody)", 200, f"claim {name}: granted, device unit-1"),
        ("acme", "(nobody)", 200, f"claim {name}: granted, device unit-1"),
        ("acme", "(nobody)", 409, f"claim {name}: used"),
        ("acme", "(nobody)", 410, f"claim {expired.claim.id}: expired"),
        ("", "(nobody)", 403, f"claim {'0' * 16}: invalid"),
    ]
    assert invited.claim.secret not in str(noted(fleet))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'{"claim": "x", "csr": "y"}', 422),
        (b'{"claim": "' + b"0" * 16 + b"." + b"A" * 43 + b'", "csr": "' + b"x" * 9000 + b'"}', 422),
        (b"[" * 60_000, 400),
        (b"x" * 300_000, 413),
    ],
)
def test_what_is_malformed_or_huge_is_refused(fleet: Fleet, client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/api/v1/provisioning", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    with reading(fleet.database) as connection:
        assert identities.listed(connection, None) == []


def test_a_device_uploads_by_its_signature(fleet: Fleet, client: TestClient, tmp_path: Path) -> None:
    device = Device(fleet, client, tmp_path)
    assert device.upload().status_code == 201
    assert device.upload().status_code == 200  # the same again does nothing more
    assert ("acme", "device unit-1", 201, "") in noted(fleet)


def test_a_picture_counts_where_a_device_stands_or_stood(fleet: Fleet, client: TestClient, tmp_path: Path) -> None:
    device = Device(fleet, client, tmp_path)
    Placer(fleet.database, fleet.registrar, fleet.stores).move("acme", "unit-1", ("s2", "f1"), Asked("mai"), NOW)
    assert device.upload(source="/acme/s2/unit-1").status_code == 403  # it is not there yet
    order = device.post("/api/v1/orders", {"outcome": None}).json()["order"]
    assert (order["kind"], order["store"]) == ("move", "s2")
    outcome = {"order": order["id"], "outcome": "moved", "said": ""}
    assert device.post("/api/v1/orders", {"outcome": outcome}).json()["order"] is None
    assert device.upload(source="/acme/s2/unit-1").status_code == 201
    assert device.upload(source="/acme/s1/unit-1").status_code == 200
    assert device.upload(source="/acme/s3/unit-1").status_code == 403


@pytest.mark.parametrize(
    ("why", "status"),
    [
        ("another body", 401),
        ("another device's name", 403),
        ("another tenant", 403),
        ("another place than was signed", 401),
        ("no key of the fleet", 401),
        ("an old signature", 401),
        ("revoked", 401),
        ("expired", 401),
        ("two signatures", 401),
    ],
)
def test_a_signature_that_does_not_fit_stores_nothing(
    fleet: Fleet, client: TestClient, tmp_path: Path, why: str, status: int
) -> None:
    device, now = Device(fleet, client, tmp_path), datetime.now(UTC)
    answer: Response
    match why:
        case "another body":
            answer = device.upload(body=JPEG + b" altered")
        case "another device's name":
            answer = device.upload(source="/acme/s1/unit-2")
        case "another tenant":
            answer = device.upload(source="/rival/s1/unit-1")
        case "another place than was signed":
            answer = device.upload(more={"x-facings-source": "/acme/s1/unit-2"})
        case "no key of the fleet":
            with writing(fleet.database) as connection:
                connection.execute(update(identity_table).values(id="f" * 32))
            answer = device.upload()
        case "an old signature":
            device.signer._offset = -1000.0
            answer = device.upload()
        case "revoked":
            with writing(fleet.database) as connection:
                assert identities.revoke(connection, device.granted.identity, now)
            answer = device.upload()
        case "expired":
            with writing(fleet.database) as connection:
                connection.execute(update(identity_table).values(expires=1))
            answer = device.upload()
        case _:
            headers = device.signer.sign("PUT", f"{BASE}/api/v1/evidence/{SHA256}", {}, JPEG)
            answer = device.upload(more={"Signature": f"{headers['Signature']}, x=:AAAA:"})
    assert answer.status_code == status, answer.text
    assert not list((tmp_path / "evidence").rglob("*.jpg"))


def test_a_device_whose_clock_is_off_goes_by_the_collector_s(fleet: Fleet, client: TestClient, tmp_path: Path) -> None:
    device = Device(fleet, client, tmp_path)
    device.signer._offset = -1000.0  # as if this clock were behind
    refused = device.upload()
    assert refused.status_code == 401
    assert device.signer.hear(datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"))
    assert device.upload().status_code == 201


def test_a_late_device_still_renews_and_does_nothing_else(fleet: Fleet, client: TestClient, tmp_path: Path) -> None:
    device = Device(fleet, client, tmp_path)
    body = {"csr": device.key.csr, "believes": "0" * 64}
    early = device.post("/api/v1/renewal", body)
    assert early.json()["certificate"] == device.granted.certificate
    ended = int((datetime.now(UTC) - timedelta(days=80)).timestamp() * 1000)
    with writing(fleet.database) as connection:
        connection.execute(update(identity_table).values(expires=ended))
    assert device.upload().status_code == 401
    late = device.post("/api/v1/renewal", body)
    assert late.status_code == 200, late.text
    assert late.json()["certificate"] != device.granted.certificate
    assert device.upload().status_code == 201  # the key is the same


def test_an_installation_is_kept_once_and_seen_by_its_tenant_alone(
    fleet: Fleet, client: TestClient, tmp_path: Path
) -> None:
    device = Device(fleet, client, tmp_path)
    steps = [
        {"name": "camera", "passed": True, "tries": 1, "said": ""},
        {"name": "picture", "passed": True, "tries": 2, "said": "dark"},
    ]
    record = {"by": "mai", "at": "2026-03-14T01:30:00Z", "steps": steps, "evidence": None, "seconds": 21.5}
    for _ in range(2):
        assert device.post("/api/v1/installations", record).status_code == 201

    def told(tenant: str) -> list[dict[str, Any]]:
        _, key = make_key(fleet.database, tenant, tenant, Role.VIEWER, by="test")
        answer = client.get("/api/v1/installations", headers={"Authorization": f"Bearer {key}"})
        found: list[dict[str, Any]] = answer.json()["installations"]
        return found

    (one,) = told("acme")
    assert (one["device"], one["by"], one["passed"], one["failed_first"]) == ("unit-1", "mai", True, "picture")
    assert told("rival") == []
    assert client.post("/api/v1/installations", json=record).status_code == 401
