"""Mosquitto's files: what stays, what follows the fleet, and whose certificate the broker has."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from cloud_sink.fleet.trust_settings import BrokerFilesSection
from cloud_sink.store import identities
from cloud_sink.store.database import Database, writing
from cloud_sink.trust.broker_files import Broker, follow, make_files
from cloud_sink.trust.keeper import BrokerKeeper
from edge.contract.errors import FacingsError
from tests.cloud_sink.trust.fleets import NOW, Fleet, asked, make_fleet, new_key

if TYPE_CHECKING:
    from pathlib import Path

BROKER = Broker(("localhost", "127.0.0.1"))


@pytest.fixture
def fleet(sqlite: Database, tmp_path: Path) -> Fleet:
    return make_fleet(sqlite, tmp_path)


def let_in(fleet: Fleet, name: str) -> str:
    answer, _ = fleet.registrar.provision(asked(fleet.invite(name), new_key()), NOW)
    assert answer.granted is not None
    return answer.granted.identity


def test_every_device_has_a_section_of_its_own_and_a_revoked_one_has_none(fleet: Fleet, tmp_path: Path) -> None:
    first, second = let_in(fleet, "unit-1"), let_in(fleet, "unit-2")
    folder = tmp_path / "broker"
    make_files(folder, BROKER, fleet.vault.open(), now=NOW)
    assert follow(folder, fleet.database, fleet.vault.open(), now=NOW)
    assert not follow(folder, fleet.database, fleet.vault.open(), now=NOW + timedelta(hours=1))
    sections = (folder / "acl").read_text().split("\n\n")
    (own,) = [one for one in sections if f"user {first}" in one]
    topics = [line.split()[1:] for line in own.splitlines() if line.startswith("topic")]
    root = "facings/v1/acme/s1/unit-1"
    assert sorted(topics) == [
        *(["read", f"{root}/{channel}"] for channel in ("commands", "config", "receipts")),
        *(["write", f"{root}/{channel}"] for channel in ("config/reported", "events", "replies", "state")),
    ]
    assert not {"pattern", "%u", "%c"} & set((folder / "acl").read_text().split())
    with writing(fleet.database) as connection:
        identities.revoke(connection, first, NOW)
    assert follow(folder, fleet.database, fleet.vault.open(), now=NOW)
    assert first not in (folder / "acl").read_text()
    assert f"user {second}" in (folder / "acl").read_text()
    assert len(list(x509.load_pem_x509_crl((folder / "revoked.pem").read_bytes()))) == 1


def test_a_list_that_gets_old_is_written_anew_though_nothing_was_revoked(fleet: Fleet, tmp_path: Path) -> None:
    follow(tmp_path, fleet.database, fleet.vault.open(), now=NOW)
    assert not follow(tmp_path, fleet.database, fleet.vault.open(), now=NOW + timedelta(days=10))
    assert follow(tmp_path, fleet.database, fleet.vault.open(), now=NOW + timedelta(days=20))


def test_the_broker_s_certificate_is_of_the_new_authority_once_all_devices_believe_it(
    fleet: Fleet, tmp_path: Path
) -> None:
    def issuer() -> str:
        return x509.load_pem_x509_certificate((tmp_path / "broker.pem").read_bytes()).issuer.rfc4514_string()

    make_files(tmp_path, BROKER, fleet.vault.open(), now=NOW)
    old, key = issuer(), (tmp_path / "broker.key").read_text()
    assert make_files(tmp_path, BROKER, fleet.vault.open(), now=NOW) == []
    fleet.vault.rotate(NOW)
    assert make_files(tmp_path, BROKER, fleet.vault.open(), now=NOW, settled=False) == []
    assert issuer() == old
    make_files(tmp_path, BROKER, fleet.vault.open(), now=NOW, settled=True)
    assert issuer() != old
    assert (tmp_path / "broker.key").read_text() == key
    assert (tmp_path / "broker.key").stat().st_mode & 0o777 == 0o600


def test_the_broker_is_told_until_it_has_heard(fleet: Fleet, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    section = BrokerFilesSection(folder=tmp_path, reload=("sh", "-c", f"test -e {heard} && echo x >> {heard}"))
    keeper = BrokerKeeper(fleet.database, fleet.vault, section)
    with pytest.raises(FacingsError, match=r"broker_files\.reload"):
        keeper.look(NOW)
    heard.touch()
    assert keeper.look(NOW)
    assert not keeper.look(NOW)
    let_in(fleet, "unit-1")
    assert keeper.look(NOW)
    assert heard.read_text() == "x\nx\n"
