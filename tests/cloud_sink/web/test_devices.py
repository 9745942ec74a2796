"""The page of the fleet: the gravest trouble first, and why captures were rejected."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.fleet.stores import StoreBook
from cloud_sink.rights.roles import Role
from cloud_sink.store import clones, configured
from cloud_sink.store.database import writing
from cloud_sink.store.intake import take
from cloud_sink.store.listing import StoredDevice
from cloud_sink.web.views.devices import Trouble, ordered, view_of
from edge.contract.receipts import ConfigFault, ConfigReport, DeviceState
from edge.contract.topics import Address, Channel
from tests.cloud_sink.api.served import Served, serve, store
from tests.cloud_sink.words import DEVICE, EPOCH, fact, health, rejected

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from cloud_sink.store.database import Database

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
HEALTH = '{"uptime": 60, "outbox_depth": 0, "outbox_bytes": 0, "last_seq": 9'


def device(name: str, *, seen: datetime = NOW, state: str | None = "born", health: str | None = None) -> StoredDevice:
    return StoredDevice("acme", name, "s1", "UTC", NOW, seen, state, NOW, health, NOW)


@pytest.mark.parametrize(
    ("one", "trouble"),
    [
        (device("a"), ()),
        (device("a", state="lost"), ("lost",)),
        (device("a", seen=NOW - timedelta(hours=2)), ("silent",)),
        (device("a", seen=NOW - timedelta(hours=2), state="offline"), ()),
        (device("a", health=HEALTH + ', "celsius": 85.0}'), ("hot",)),
        (device("a", health=HEALTH + ', "disk_free_mb": 20, "drops": {"health": 3}}'), ("disk", "dropped")),
        (
            device("a", health=HEALTH + ', "cameras": [{"camera": "c", "schedule": "20m", "error": "no frame"}]}'),
            ("camera",),
        ),
        (device("a", health="not what we know"), ()),
    ],
)
def test_what_troubles_a_device_is_told(one: StoredDevice, trouble: tuple[Trouble, ...]) -> None:
    assert view_of(one, NOW).troubles == trouble


def test_the_gravest_trouble_comes_first() -> None:
    fleet = [device("a"), device("b", health=HEALTH + ', "celsius": 85.0}'), device("c", state="lost")]
    assert [one.device.device for one in ordered(view_of(one, NOW) for one in fleet)] == ["c", "b", "a"]


@pytest.fixture
def served(sqlite: Database, tmp_path: Path) -> Served:
    served = serve(sqlite, tmp_path, store("acme"))
    other = Address("acme", "s1", "d2")
    events = [
        fact(health(1, 5)),
        fact(rejected(2, reason="dark")),
        fact(rejected(3, reason="dark")),
        fact(rejected(4, reason="blurred")),
        fact(health(1, 5, device=other), device=other),
    ]
    with writing(sqlite) as connection:
        take(connection, events, [], stores=StoreBook(served.config.stores), received=NOW)
    return served


@pytest.fixture
def client(served: Served) -> TestClient:
    client = served.by("acme")
    client.headers.update({"Accept": "text/html"})
    return client


def test_the_fleet_is_listed_searched_and_filtered(client: TestClient) -> None:
    page = client.get("/devices").text
    assert re.findall(r'<th scope="row">(\w+)', page) == ["d1", "d2"]
    assert "silent for an hour" in page  # these spoke in March
    assert 'row">d1' not in client.get("/devices?search=D2").text
    assert "No such device" in client.get("/devices?trouble=hot").text


def test_rejected_captures_are_counted_by_reason(client: TestClient) -> None:
    page = client.get("/devices").text
    assert page.index("<td>dark</td>") < page.index("<td>blurred</td>")


def test_another_tenant_sees_none(served: Served) -> None:
    rival = served.by("rival")
    rival.headers.update({"Accept": "text/html"})
    assert "No device has spoken yet" in rival.get("/devices").text


def copy(database: Database) -> None:
    """Two boards speak as d1, in turn."""
    for number in range(4):
        at = NOW + number * timedelta(seconds=5)
        word = DeviceState(state="born", connection=f"c{number}", epoch=EPOCH, boot="ab"[number % 2] * 8, at=at)
        with writing(database) as connection:
            clones.note_lives(connection, [(DEVICE, word)], at)


def test_a_copied_device_comes_first_with_what_to_do(served: Served, client: TestClient) -> None:
    copy(served.database)
    page = client.get("/devices").text
    assert "Two devices are called d1" in page
    assert "sink identities revoke d1 --tenant acme" in page
    assert 'href="/identities/d1"' in page
    assert "two under one name" in client.get("/devices?trouble=clone").text
    assert "有两台设备同时使用 d1 的身份" in client.get("/devices", headers={"Accept-Language": "zh-CN"}).text


def test_an_admin_says_that_one_is_left(served: Served, client: TestClient) -> None:
    copy(served.database)
    address = "/devices/d1/one-again"
    origin = {"Origin": str(client.base_url), "HX-Request": "true"}
    assert served.by("acme", Role.FIELD).post(address, headers=origin).status_code == 403
    assert client.post(address, headers=origin).status_code == 204
    assert "Two devices are called" not in client.get("/devices").text


def test_what_a_device_refused_of_its_configuration_is_told(served: Served, client: TestClient) -> None:
    fault = ConfigFault(key="broker.host", reason="whom a device trusts is set on the device")
    report = ConfigReport(sha256="a" * 64, in_force=False, configuration="b" * 64, errors=[fault])
    with writing(served.database) as connection:
        configured.note(connection, [(DEVICE, Channel.CONFIG_REPORTED, report.model_dump_json().encode())], NOW)
    page = client.get("/devices?trouble=differs").text
    assert "broker.host: whom a device trusts" in page
    assert ">d2<" not in page
