"""Who fetches releases beyond this machine: a device by its signature, and only those of its own fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.releases.repository import repository_of
from tests.cloud_sink.api.served import BASE
from tests.cloud_sink.trust.test_devices_api import Device, client, fleet
from tests.releases import NOW, PASSPHRASE

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from tests.cloud_sink.trust.fleets import Fleet

__all__ = ["client", "fleet"]


def test_a_device_fetches_by_its_signature_what_is_its_fleet_s(
    fleet: Fleet,
    client: TestClient,
    tmp_path: Path,
) -> None:
    device = Device(fleet, client, tmp_path)
    own = device.granted.tenant
    for tenant in (own, "rival"):
        repository_of(fleet.config.data, tenant).make(tmp_path.parent / f"{tmp_path.name}-{tenant}", PASSPHRASE, NOW)

    def status(tenant: str, *, signed: bool = True) -> int:
        path = f"/api/v1/releases/{tenant}/metadata/timestamp.json"
        headers = device.signer.sign("GET", f"{BASE}{path}", {}, b"") if signed else {"Authorization": "Bearer no"}
        return int(client.get(path, headers=headers).status_code)

    assert status(own) == 200
    assert status("rival") == 404
    assert status(own, signed=False) == 401
