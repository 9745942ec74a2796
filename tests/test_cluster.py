"""`configs/cluster`: what a cluster is given can be read, and lets everybody do what the agreement says and no more."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fleet.database import postgresql
from paho.mqtt.client import topic_matches_sub
from pyhocon import ConfigFactory
from sqlalchemy import text

from cloud_sink.collect.broker import MAX_PACKET
from cloud_sink.collect.login import window
from cloud_sink.fleet.settings import IntakeSection
from cloud_sink.store.database import open_database, reading
from edge.contract.topics import Address, Channel, every_device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloud_sink.store.database import Database

CLUSTER = Path(__file__).resolve().parents[1] / "configs" / "cluster"
DEVICE = Address("acme", "store-01", "unit-07")
NEIGHBOUR = Address("acme", "store-01", "unit-08")
RIVAL = Address("rival", "store-01", "unit-07")
SAID, HEARD = {"events", "state", "replies", "config/reported"}, {"receipts", "commands", "config"}

RULE = re.compile(
    r"\{(?P<word>allow|deny), (?P<who>all|\{username, \{re, \"(?P<name>[^\"]+)\"\}\})"
    r"(?:, (?:(?P<plain>publish|subscribe)|\{(?P<rich>publish), \[\{qos, \[0, 1\]\}, \{retain, false\}\]\})"
    r", \[(?P<topics>[^\]]+)\])?\}\."
)


@pytest.fixture(scope="module")
def emqx() -> Any:
    return ConfigFactory.parse_file(CLUSTER / "emqx.conf")


@pytest.fixture(scope="module")
def rules() -> list[dict[str, str | None]]:
    lines = (CLUSTER / "acl.conf").read_text(encoding="utf-8").splitlines()
    found = [RULE.fullmatch(line) for line in lines if line and not line.startswith("%%")]
    assert None not in found, "a rule that this test cannot read"
    return [match.groupdict() for match in found if match is not None]


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    """A PostgreSQL that was started with our file, its sizes those of a small machine."""
    with (
        tempfile.TemporaryDirectory(prefix="facings-pg-", ignore_cleanup_errors=True) as folder,
        postgresql(Path(folder), CLUSTER / "postgresql.conf") as url,
    ):
        engine = open_database(url)
        yield engine
        engine.dispose()


def may(rules: list[dict[str, str | None]], name: str, act: str, topic: str, *, retain: bool = False) -> bool:
    """As EMQX decides: the first rule of this client, this act and this topic."""
    for rule in rules:
        acts = {rule["plain"], rule["rich"]} - {None} or {"publish", "subscribe"}
        topics = [one.replace("${username}", name) for one in re.findall(r'"([^"]+)"', rule["topics"] or '"#"')]
        mine = rule["name"] is None or re.search(rule["name"], name)
        kept = rule["rich"] is not None and retain
        if mine and act in acts and not kept and any(topic_matches_sub(one, topic) for one in topics):
            return rule["word"] == "allow"
    return False


@pytest.mark.parametrize("channel", list(Channel))
def test_a_device_says_and_hears_what_is_its_own(rules: list[dict[str, str | None]], channel: Channel) -> None:
    name = "acme/store-01/unit-07"
    assert may(rules, name, "publish", DEVICE.topic(channel)) == (channel in SAID)
    assert may(rules, name, "subscribe", DEVICE.topic(channel)) == (channel in HEARD)
    for other in (NEIGHBOUR.topic(channel), RIVAL.topic(channel), every_device(channel), "facings/#", "#"):
        assert not may(rules, name, "subscribe", other)
        assert not may(rules, name, "publish", other)


@pytest.mark.parametrize("channel", list(Channel))
def test_a_collector_hears_all_devices_and_answers_them(rules: list[dict[str, str | None]], channel: Channel) -> None:
    heard = SAID | {Channel.CONFIG}  # what each device is to be like, beside what it says it is
    assert may(rules, "collector-1", "subscribe", every_device(channel)) == (channel in heard)
    assert may(rules, "collector-1", "publish", DEVICE.topic(channel)) == (channel in HEARD)
    assert not may(rules, "collector-1", "subscribe", "#")


def test_only_what_is_meant_to_stay_can_be_retained(rules: list[dict[str, str | None]]) -> None:
    said = {one for one in Channel if may(rules, "acme/store-01/unit-07", "publish", DEVICE.topic(one), retain=True)}
    told = {one for one in Channel if may(rules, "collector-1", "publish", DEVICE.topic(one), retain=True)}
    assert (said, told) == ({Channel.STATE, Channel.CONFIG_REPORTED}, {Channel.CONFIG})


def test_nobody_connects_without_a_certificate_of_the_right_authority(emqx: Any) -> None:
    assert [emqx[f"listeners.{kind}.default.enable"] for kind in ("tcp", "ws", "wss")] == [False] * 3
    for name in ("default", "collectors"):
        tls = emqx[f"listeners.ssl.{name}.ssl_options"]
        assert (tls["verify"], tls["fail_if_no_peer_cert"]) == ("verify_peer", True)
    authorities = {emqx[f"listeners.ssl.{name}.ssl_options.cacertfile"] for name in ("default", "collectors")}
    assert len(authorities) == 2
    assert (emqx["mqtt.peer_cert_as_username"], emqx["authorization.no_match"]) == ("cn", "deny")
    assert emqx["authorization.sources"][0]["path"].endswith("/acl.conf")


def test_the_broker_s_bounds_are_those_of_the_collector(emqx: Any) -> None:
    assert emqx["mqtt.max_packet_size"] == f"{MAX_PACKET // 1024}KB"
    assert emqx["zones.collectors.mqtt.max_inflight"] == window(IntakeSection().batch)
    longest = every_device(Channel.CONFIG_REPORTED, share="collectors")
    assert emqx["mqtt.max_topic_levels"] == longest.count("/") + 1
    assert not emqx["mqtt.shared_subscription"]
    assert emqx["zones.collectors.mqtt.shared_subscription"]


def test_postgresql_takes_every_setting(server: Database) -> None:
    with reading(server) as connection:
        asked = "SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL OR name IS NULL"
        assert connection.execute(text(asked)).all() == []
        waiting = connection.execute(text("SELECT name FROM pg_settings WHERE pending_restart")).scalars().all()
        told = set(re.findall(r"^(\w+) = ", (CLUSTER / "postgresql.conf").read_text(encoding="utf-8"), re.MULTILINE))
        held = connection.execute(text("SELECT name FROM pg_file_settings WHERE sourcefile ~ 'facings.conf$'"))
        assert (waiting, told - set(held.scalars())) == ([], set())


def test_a_commit_at_that_server_waits_for_its_disk(server: Database) -> None:
    with reading(server) as connection:
        names = ("fsync", "full_page_writes", "synchronous_commit")
        assert [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names] == ["on"] * 3
