"""The pages of where devices are: who may order what, what is shown of it, and nobody else's are touched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from cloud_sink.rights.roles import Role
from cloud_sink.store import identities
from cloud_sink.store.database import Database, reading
from cloud_sink.store.rights_tables import audit
from cloud_sink.trust.placing import Placer
from edge.contract.orders import MoveOrder, Outcome, RetireOrder
from tests.cloud_sink.trust.fleets import Fleet, asked, make_fleet, new_key
from tests.cloud_sink.web.test_invitations import client

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.store.identities import Identity


@pytest.fixture
def fleet(sqlite: Database, tmp_path: Path) -> Fleet:
    made = make_fleet(sqlite, tmp_path)
    let_in(made)
    return made


def let_in(fleet: Fleet, device: str = "unit-1") -> None:
    now = datetime.now(UTC)
    fleet.registrar.provision(asked(fleet.invite(device, now=now), new_key()), now)


def known(fleet: Fleet) -> Identity:
    with reading(fleet.database) as connection:
        found = identities.of_device(connection, "acme", "unit-1")
    assert found is not None
    return found


def placer(fleet: Fleet) -> Placer:
    return Placer(fleet.database, fleet.registrar, fleet.stores)


def test_a_device_is_moved_from_its_page_by_who_goes_to_stores(fleet: Fleet) -> None:
    field = client(fleet, role=Role.FIELD)
    assert "unit-1" in field.get("/identities").text
    given = {"spot": "s2/f1", "reason": "a bigger cooler"}
    assert field.post("/identities/unit-1/move", data=given).status_code == 204
    page = field.get("/identities/unit-1").text
    assert "has not heard of it yet" in page
    assert "a bigger cooler" in page
    order = placer(fleet).answer(known(fleet), None, datetime.now(UTC)).order
    assert isinstance(order, MoveOrder)
    assert "It has heard of it" in field.get("/identities/unit-1").text
    placer(fleet).answer(known(fleet), Outcome(order=order.id, outcome="moved"), datetime.now(UTC))
    page = field.get("/identities/unit-1", headers={"Accept-Language": "zh-CN"}).text
    assert "迁移" in page
    assert "新装" in page
    with reading(fleet.database) as connection:
        said = list(connection.execute(select(audit.c.what, audit.c.tenant).where(audit.c.action.like("POST%move"))))
    assert said == [("unit-1 to s2/f1", "acme")]


def test_only_an_admin_has_a_device_wiped_and_types_its_name(fleet: Fleet) -> None:
    admin, field = client(fleet), client(fleet, role=Role.FIELD)
    assert field.post("/identities/unit-1/retirement", data={"name": "unit-1"}).status_code == 403
    assert admin.post("/identities/unit-1/retirement", data={"name": "unit-2"}).status_code == 422
    assert admin.post("/identities/unit-1/retirement", data={"name": "unit-1"}).status_code == 204
    assert field.post("/identities/unit-1/recall").status_code == 403
    assert field.post("/identities/unit-1/move", data={"spot": "s2/f1"}).status_code == 409
    assert "wipes itself" in admin.get("/identities").text
    assert admin.post("/identities/unit-1/recall").status_code == 204
    assert placer(fleet).answer(known(fleet), None, datetime.now(UTC)).order is None


def test_over_the_api_devices_are_listed_moved_retired_and_shut_out(fleet: Fleet) -> None:
    let_in(fleet, "unit-2")
    admin, path = client(fleet), "/api/v1/identities"
    wanted = {"store": "s2", "fixture": "f1", "reason": ""}
    assert admin.post(f"{path}/unit-1/move", json=wanted).json()["state"] == "open"
    assert admin.post(f"{path}/unit-1/move", json=wanted | {"store": "s9"}).status_code == 409
    assert admin.post(f"{path}/unit-9/move", json=wanted).status_code == 404
    first = admin.get(path, params={"limit": 1}).json()
    (line,) = first["identities"]
    assert (line["device"], line["state"], line["order"]["store"]) == ("unit-1", "moving", "s2")
    rest = admin.get(path, params={"cursor": first["next"]}).json()
    assert [one["device"] for one in rest["identities"]] == ["unit-2"]
    assert admin.post(f"{path}/unit-1/recall").status_code == 200
    assert admin.post(f"{path}/unit-1/retirement", json={"at_once": True, "days": 3}).json()["kind"] == "retire"
    assert isinstance(placer(fleet).answer(known(fleet), None, datetime.now(UTC)).order, RetireOrder)
    assert admin.post(f"{path}/unit-1/recall").status_code == 409
    assert admin.post(f"{path}/unit-1/revocation").status_code == 204
    told = admin.get(f"{path}/unit-1/history").json()
    assert [one["ended"] for one in told["placements"]] == ["revoked"]
    assert [one["state"] for one in told["orders"]] == ["cancelled", "cancelled"]


def test_the_devices_of_others_are_not_there(fleet: Fleet) -> None:
    rival = client(fleet, "rival")
    assert "unit-1" not in rival.get("/identities").text
    assert rival.get("/identities/unit-1").status_code == 404
    for act in ("move", "retirement", "recall", "revocation"):
        assert rival.post(f"/identities/unit-1/{act}", data={"name": "unit-1", "spot": "s1/f1"}).status_code == 404
    assert client(fleet, role=Role.MERCHANDISER).get("/identities").status_code == 403
