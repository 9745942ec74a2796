"""What settings of a release may change and a desired configuration may not; and a release that cuts a device off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.releases import bundles
from edge.contract.desired import DesiredRefusedError, desire
from edge.contract.errors import ConfigError
from edge.device.settings import read_config
from edge.update import updating
from tests.edge.update.test_updating import NOBODY, Unit, proved

if TYPE_CHECKING:
    from edge.contract.config import AgentConfig
    from edge.update.updating import Updating
    from tests.edge.update.server import Repository
    from tests.releases import Fleet

MORE = """
broker: {{host: 127.0.0.1, port: 1883, ca_file: old.pem}}
collector: {{url: "{url}", ca_file: old.pem}}
evidence: {{keep: on_change}}
traffic:
  - id: door
    source: {{kind: snapshot, url: "http://127.0.0.1:9/"}}
    min_count: 5
    zones: [{{id: front, corners: [[0, 0], [1, 0], [1, 1]]}}]
"""


@pytest.fixture
def unit(tmp_path: Path, fleet: Fleet, server: Repository, monkeypatch: pytest.MonkeyPatch) -> Unit:
    """A device that counts people, sends pictures and has a broker; its releases come from its collector."""
    monkeypatch.setattr(updating, "try_out", lambda *_: "")
    made = Unit(tmp_path / "unit", fleet, server.url)
    text = made.path.read_text().replace(f'url: "{server.url}", ', "")
    made.path.write_text(text + MORE.format(url=server.url))
    (made.path.parent / "old.pem").write_text("old")
    return made


def config(unit: Unit) -> AgentConfig:
    return unit.begin().config


REGION = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]
PRIVACY_TRUST_ENDPOINTS: dict[str, dict[str, Any]] = {
    "evidence.keep": {"evidence": {"keep": "always"}},
    "min_count": {"traffic": {"door": {"min_count": 2}}},
    "region": {"fixtures": {"cooler-1": {"region": REGION}}},
    "broker.port": {"broker": {"port": 8883}},
    "broker.ca_file": {"broker": {"ca_file": "files/new.pem"}},
    "collector.url": {"collector": {"url": "http://127.0.0.1:9"}},
    "collector.ca_file": {"collector": {"ca_file": "files/new.pem"}},
}


@pytest.mark.parametrize("key", PRIVACY_TRUST_ENDPOINTS)
def test_what_is_privacy_trust_or_an_endpoint_is_set_by_a_release_alone(unit: Unit, fleet: Fleet, key: str) -> None:
    patch = PRIVACY_TRUST_ENDPOINTS[key]
    before = config(unit)
    with pytest.raises(DesiredRefusedError) as refused:
        desire(read_config(unit.path), json.dumps(patch).encode(), folder=unit.path.parent)
    assert refused.value.faults[0].key.endswith(key)
    new = fleet.scratch / "new.pem"
    new.write_text("new")
    (fleet.scratch / "patch.yaml").write_text(json.dumps(patch))
    files = [new] if "ca_file" in key else []
    fleet.release(bundles.settings(fleet.scratch / "patch.yaml", fleet.scratch / "kept", files))
    unit.taken()
    after = config(unit)
    assert _at(after, key) != _at(before, key)
    if files:
        named = _at(after, key)
        assert isinstance(named, Path)
        assert named.read_text() == "new"
        assert named.is_relative_to(unit.data / "updates" / "releases" / "1")


def _at(found: AgentConfig, key: str) -> object:
    if key == "min_count":
        return found.traffic[0].min_count
    if key == "region":
        return found.fixtures[0].region
    section, name = key.split(".")
    return getattr(getattr(found, section), name)


def test_settings_name_only_files_that_are_in_the_release(tmp_path: Path) -> None:
    patch = tmp_path / "patch.yaml"
    patch.write_text("broker: {ca_file: files/new.pem}\n")
    with pytest.raises(ConfigError, match=r"files/new.pem is not in the release"):
        bundles.settings(patch, tmp_path / "kept")
    (tmp_path / "other.pem").write_text("other")
    (tmp_path / "new.pem").write_text("-----BEGIN PRIVATE KEY-----")
    with pytest.raises(ConfigError, match=r"no setting names files/other.pem"):
        bundles.settings(patch, tmp_path / "kept", [tmp_path / "new.pem", tmp_path / "other.pem"])
    with pytest.raises(ConfigError, match="a private key"):
        bundles.settings(patch, tmp_path / "kept", [tmp_path / "new.pem"])


def connected(unit: Unit) -> Updating:
    """As a device whose events are receipted, with a release in hand."""
    one = unit.begun()
    one._see()
    one._seen -= updating.SETTLED
    one.receipted()
    one._look()
    return one


def switched(unit: Unit) -> Updating:
    """The agent that begins under the release, and has looked around."""
    assert connected(unit).tend(blind=NOBODY, closed=True)
    after = unit.begun()
    after._see()
    after._seen -= updating.SETTLED
    return after


def test_a_release_whose_broker_gives_no_receipt_comes_back_by_itself(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(broker={"port": 9})
    after = switched(unit)
    assert not proved(after).tend(blind=NOBODY, closed=True)  # a line may be down for a while
    assert unit.state.probation is not None
    assert proved(after, times=updating.PATIENCE).tend(blind=NOBODY, closed=True)
    assert unit.running() is None
    assert unit.begun().health.set_aside == {1: "no receipt by way of broker 127.0.0.1:9 under it"}


def test_a_release_with_another_collector_that_does_not_answer_comes_back_by_itself(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(collector={"url": "http://127.0.0.1:9"})
    after = switched(unit)
    after.receipted()
    assert proved(after, times=updating.PATIENCE).tend(blind=NOBODY, closed=True)
    assert unit.begun().health.set_aside == {1: "no answer of collector http://127.0.0.1:9 under it"}


def test_a_collector_of_another_fleet_is_no_answer(unit: Unit, fleet: Fleet, server: Repository) -> None:
    fleet.settings(collector={"url": server.url + "/elsewhere"})
    after = switched(unit)
    after.receipted()
    assert proved(after, times=updating.PATIENCE).tend(blind=NOBODY, closed=True)


def test_a_release_with_another_broker_that_receipts_lasts(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(broker={"port": 9})
    after = switched(unit)
    after.receipted()
    assert not proved(after).tend(blind=NOBODY, closed=True)
    assert unit.state.probation is None
    assert unit.running() == 1


def test_a_device_that_was_cut_off_before_may_be_given_another_broker(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(broker={"port": 9})
    one = connected(unit)
    one._ways._heard["broker"] = float("-inf")
    assert one.tend(blind=NOBODY, closed=True)
    after = unit.begun()
    after._see()
    after._seen -= updating.SETTLED
    assert not proved(after).tend(blind=NOBODY, closed=True)
    assert unit.state.probation is None


def test_a_line_that_is_down_takes_no_release_back_that_leaves_broker_and_collector_as_they_are(
    unit: Unit, fleet: Fleet
) -> None:
    fleet.settings(health_every="2m")
    assert not proved(switched(unit), times=updating.PATIENCE).tend(blind=NOBODY, closed=True)
    assert unit.state.probation is None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"broker": {"host": "mqtt.example", "ca_file": None}}, "release 1: broker.host: mqtt.example is not this"),
        ({"cameras": {"cam-1": {"fixture": "none"}}}, "release 1: settings.json: camera cam-1 looks at fixture none"),
        ({"cameras": {"cam-1": {"schedule": {"cron": "x"}}}}, "release 1: cameras.cam-1.schedule"),
        ({"cameras": {"cam-1": {"id": "cam-2"}}}, "release 1: cameras.cam-1.id: "),
    ],
)
def test_a_fault_of_a_release_s_settings_is_told_as_the_release_s(
    unit: Unit, fleet: Fleet, settings: dict[str, Any], told: str
) -> None:
    """And not with a line of the device's own file, which is sound."""
    fleet.settings(**settings)
    one = connected(unit)
    assert one.tend(blind=NOBODY, closed=True)
    assert unit.running() is None
    said = unit.state.set_aside[1]
    assert said.startswith(told)
    assert "agent.yaml" not in said
