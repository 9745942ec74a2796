"""What comes along when a device moves, what stays behind, and orders that it must not follow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from edge.contract.errors import ConfigError
from edge.contract.payloads import TrafficCounted
from edge.contract.topics import Address
from edge.deliver.envelope import Draft, Stamp
from edge.deliver.evidence import EvidenceSpool
from edge.deliver.outbox import Outbox
from edge.device import retiring
from edge.device.carry_on import GoneError, carry_on
from edge.device.moved_pictures import elsewhere
from edge.device.moving import leave, moved_configuration
from edge.device.order_file import OrderFile, Retired
from edge.device.retiring import retirement
from edge.device.settings import read_config
from edge.device.traffic_memory import TrafficMemory, Unsaid, traffic_key
from tests.certificates import certificates

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 3, 14, 3, tzinfo=UTC)
STAMP = Stamp("Asia/Ho_Chi_Minh", "synced", "0" * 32, 1)
HERE = Address("acme", "s1", "unit-1")


def own(folder: Path) -> dict[str, Any]:
    (folder / "frames").mkdir(exist_ok=True)
    return {
        "device": {"tenant": "acme", "store": "s1", "id": "unit-1"},
        "zone": "Asia/Ho_Chi_Minh",
        "data": "state",
        "broker": {"host": "127.0.0.1", "port": 1884},
        "cameras": [
            {"id": "cam-1", "fixture": "f1", "source": {"kind": "usb", "device": 3}, "schedule": {"every": "5m"}}
        ],
        "fixtures": [{"id": "f1", "region": [[0, 0], [1, 0], [1, 1]]}],
        "outbox": {"max_mb": 7},
    }


def there(**more: Any) -> dict[str, Any]:
    return {
        "data": "elsewhere",
        "device": {"tenant": "acme", "store": "s2", "id": "unit-1"},
        "zone": "Asia/Shanghai",
        "hours": {"opens": "10:00"},
        "broker": {"host": "hostile.example", "port": 1},
        "cameras": [{"id": "cam-1", "fixture": "f9", "source": {"kind": "usb", "device": 0}}],
        "fixtures": [{"id": "f9"}],
    } | more


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "agent.yaml"
    made.write_text(yaml.safe_dump(own(tmp_path)))
    return made


def test_the_place_comes_from_the_collector_and_the_board_s_own_stays(path: Path) -> None:
    made = yaml.safe_load(moved_configuration(path, there()))
    assert made["device"]["store"] == "s2"
    assert (made["zone"], made["hours"]) == ("Asia/Shanghai", {"opens": "10:00"})
    assert made["fixtures"] == [{"id": "f9"}]  # how the old one was cut out stays there
    assert made["cameras"] == [{"id": "cam-1", "fixture": "f9", "source": {"kind": "usb", "device": 3}}]
    assert (made["data"], made["broker"]["port"], made["outbox"]) == ("state", 1884, {"max_mb": 7})


@pytest.mark.parametrize(
    ("more", "said"),
    [({"fixtures": [{"id": "f8"}]}, "not in fixtures"), ({"fixtures": [{"id": "f9", "catalogue": "none"}]}, "none")],
)
def test_a_place_whose_configuration_cannot_be_used_is_refused(path: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(Exception, match=said):
        moved_configuration(path, there(**more))
    assert yaml.safe_load(path.read_text())["device"]["store"] == "s1"


def test_pictures_and_counts_of_the_old_place_keep_its_source(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    content["traffic"] = [
        {"id": "door", "source": {"kind": "usb", "device": 1}, "lines": [{"id": "in", "start": [0, 0], "end": [1, 1]}]}
    ]
    path.write_text(yaml.safe_dump(content))
    config = read_config(path)
    counted = TrafficCounted(camera="door", since=AT, until=AT, seconds_observed=0)
    memory = TrafficMemory(unsaid=Unsaid.of(counted, STAMP))
    with Outbox.open(config.data / "outbox.db", address=HERE) as outbox:
        outbox.append([], stamp=STAMP, state={traffic_key("door"): memory.dump()})
    picture = EvidenceSpool(config.data / "evidence").put(b"\xff\xd8\xff of s1")
    for _ in range(2):
        leave(config, HERE)
    newer = EvidenceSpool(config.data / "evidence").put(b"\xff\xd8\xff of s2")
    leave(config, Address("acme", "s2", "unit-1"))
    assert elsewhere(config.data) == {picture: "/acme/s1/unit-1", newer: "/acme/s2/unit-1"}
    with Outbox.open(config.data / "outbox.db", address=HERE) as outbox:
        assert outbox.depth == 1
        assert outbox.get_state(traffic_key("door")) is None


def test_a_board_that_was_let_in_anew_forgets_that_it_was_retired(path: Path) -> None:
    OrderFile(path).keep(Retired(at=AT, told=True))
    carry_on(path)
    assert OrderFile(path).read() is None


def test_a_file_of_orders_that_cannot_be_read_ends_nothing(path: Path) -> None:
    OrderFile(path).path.write_text('{"kind": "retire", "stage": "wipe"')
    carry_on(path)
    assert path.exists()
    assert not OrderFile(path).interrupts


def test_a_device_that_was_not_provisioned_is_wiped_by_nobody(path: Path) -> None:
    with pytest.raises(ConfigError, match="not provisioned"):
        retirement(path, order=None, patience=0)


def test_nothing_said_over_mqtt_moves_or_wipes_a_device() -> None:
    from edge.contract.receipts import CommandName  # noqa: PLC0415 - what there is to say is the test

    assert {one.value for one in CommandName} == {"capture", "view", "reload", "doctor", "resend", "renew"}


def test_the_outbox_says_the_last_of_a_place_and_forgets_it_in_one_step(tmp_path: Path) -> None:
    counted = TrafficCounted(camera="door", since=AT, until=AT, seconds_observed=0)
    with Outbox.open(tmp_path / "outbox.db", address=HERE) as outbox:
        outbox.append([], stamp=STAMP, state={"camera/cam-1": "{}", "clock": "kept"})
        outbox.leave([(Draft(AT, counted), STAMP)], keep=("clock",))
        assert (outbox.depth, outbox.get_state("camera/cam-1"), outbox.get_state("clock")) == (1, None, "kept")


def test_without_a_network_the_keys_go_all_the_same_and_that_of_the_disk_with_them(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates(path.parent)
    content = yaml.safe_load(path.read_text())
    files = {"ca_file": "ca.pem", "cert_file": "device.pem", "key_file": "device.key"}
    content |= {"collector": {"url": "https://127.0.0.1:9", **files}, "at_rest": {"key": "rest.key"}}
    path.write_text(yaml.safe_dump(content))
    leave(read_config(path), HERE)  # makes the key of the disk, and an outbox
    assert (path.parent / "rest.key").exists()
    monkeypatch.setattr(retiring, "TELL_SECONDS", 0.0)
    OrderFile(path).keep(retirement(path, order=None, patience=0))
    with pytest.raises(GoneError, match="retired and wiped"):
        carry_on(path)
    step = OrderFile(path).read()
    assert isinstance(step, Retired)
    assert not step.told
    left = {one.name for one in path.parent.rglob("*") if one.is_file()}
    assert left.isdisjoint({"rest.key", "device.key", "device.pem", "agent.yaml", "outbox.db"})
