"""Configurations are put in force one after the other; a crew that cannot work gives way to the one before."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml

from edge.contract.errors import ConfigError, SourceError
from edge.device.exchange import LASTING, Exchange
from edge.device.overlay import MOST_STARTS, OverlayFile
from edge.device.remote_config import RemoteConfig, digest
from edge.device.settings import read_config
from tests.edge.device.agents import frames, live_camera, write_config

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.config import AgentConfig
    from edge.contract.receipts import ConfigReport
    from edge.device.crew import Crew

FASTER = b'{"health_every": "7s"}'


@dataclass
class Cameras:
    """Stands for a crew: whether it works."""

    config: AgentConfig
    working: bool = False
    ends: bool = True

    def start(self) -> None:
        self.working = True

    def stop(self, _timeout: float) -> bool:
        self.working = False
        return self.ends


@dataclass
class Shop:
    """Hires crews, and writes down what is reported."""

    file: Path
    crews: list[Cameras] = field(default_factory=list)
    reports: list[ConfigReport] = field(default_factory=list)
    refuses: list[float] = field(default_factory=list)  # values of health_every under which no camera works

    def hire(self, config: AgentConfig) -> Crew:
        if config.health_every in self.refuses:
            raise SourceError("cam-1: it cannot work so", "ask for less")
        self.crews.append(Cameras(config))
        return cast("Crew", self.crews[-1])

    def open(self) -> Exchange:
        config = read_config(self.file)
        config.data.mkdir(exist_ok=True)
        exchange = Exchange(RemoteConfig(config, self.file), hire=self.hire, report=self.reports.append)
        exchange.crew.start()
        return exchange

    @property
    def working(self) -> list[Cameras]:
        return [crew for crew in self.crews if crew.working]

    def edit(self, **changes: Any) -> None:
        content = yaml.safe_load(self.file.read_text())
        self.file.write_text(yaml.safe_dump(content | changes))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    camera = live_camera(frames(tmp_path / "frames", 1))
    return Shop(write_config(tmp_path, port=1, cameras=[camera], health_every="5s"))


def test_what_is_desired_is_in_force_with_new_cameras_and_said(shop: Shop) -> None:
    exchange = shop.open()
    exchange.follow(FASTER)
    assert exchange.config.health_every == 7
    assert [crew.config for crew in shop.working] == [exchange.config]
    report = shop.reports[-1]
    assert (report.sha256, report.in_force, report.errors) == (hashlib.sha256(FASTER).hexdigest(), True, [])
    assert report.configuration == digest(exchange.config)


def test_what_is_desired_holds_after_a_restart(shop: Shop) -> None:
    shop.open().follow(FASTER)
    exchange = shop.open()
    assert exchange.config.health_every == 7
    assert (shop.reports[-1].sha256, shop.reports[-1].in_force) == (hashlib.sha256(FASTER).hexdigest(), True)


def test_the_same_document_again_changes_nothing(shop: Shop) -> None:
    exchange = shop.open()
    exchange.follow(FASTER)
    exchange.follow(FASTER)
    assert (len(shop.crews), len(shop.reports)) == (2, 2)


def test_a_document_that_changes_nothing_exchanges_no_camera(shop: Shop) -> None:
    exchange = shop.open()
    exchange.follow(b'{"health_every": "5s"}')
    assert (len(shop.crews), len(shop.working)) == (1, 1)
    assert shop.reports[-1].in_force


def test_an_empty_document_takes_back_what_was_desired(shop: Shop) -> None:
    exchange = shop.open()
    exchange.follow(FASTER)
    exchange.follow(b"")
    assert exchange.config.health_every == 5
    assert shop.open().config.health_every == 5
    assert shop.reports[-1].sha256 == digest(exchange.config)


def test_what_cannot_be_is_refused_with_its_keys_and_the_one_before_stays(shop: Shop) -> None:
    exchange = shop.open()
    exchange.follow(FASTER)
    cron = {"cameras": {"cam-1": {"schedule": {"every": None, "cron": "61 * * * *"}}}}
    exchange.follow(json.dumps(cron).encode())
    report = shop.reports[-1]
    assert not report.in_force
    assert report.sha256 == hashlib.sha256(json.dumps(cron).encode()).hexdigest()
    assert [fault.key for fault in report.errors] == ["cameras.cam-1.schedule.cron"]
    assert str(shop.file) not in report.error
    assert exchange.config.health_every == 7
    assert shop.open().config.health_every == 7


def test_cameras_that_cannot_work_give_way_to_those_before(shop: Shop) -> None:
    exchange = shop.open()
    shop.refuses = [7]
    exchange.follow(FASTER)
    assert [crew.config.health_every for crew in shop.working] == [5]
    assert "it cannot work so" in shop.reports[-1].error
    shop.refuses = []
    assert shop.open().config.health_every == 5  # it was not kept


def test_cameras_that_do_not_end_end_the_agent(shop: Shop) -> None:
    exchange = shop.open()
    shop.crews[0].ends = False
    with pytest.raises(SourceError, match="did not end"):
        exchange.follow(FASTER)


def test_a_kept_document_under_which_no_camera_works_keeps_no_agent_from_starting(shop: Shop) -> None:
    shop.open().follow(FASTER)
    shop.refuses = [7]
    exchange = shop.open()
    assert exchange.config.health_every == 5
    assert not shop.reports[-1].in_force


def test_a_kept_document_that_no_longer_fits_the_file_keeps_no_agent_from_starting(shop: Shop) -> None:
    shop.open().follow(b'{"cameras": {"cam-1": {"schedule": {"every": "9s"}}}}')
    camera = live_camera(shop.file.parent / "frames", camera="cam-2")
    shop.edit(cameras=[camera])
    exchange = shop.open()
    assert exchange.config == read_config(shop.file)
    assert next(fault.key for fault in shop.reports[-1].errors).startswith("cameras.cam-1")


def test_a_document_the_agent_dies_under_is_given_up(shop: Shop) -> None:
    shop.open().follow(FASTER)
    for _ in range(MOST_STARTS):
        exchange = shop.open()  # each dies before it has lasted
    assert exchange.config.health_every == 5
    exchange.follow(FASTER)  # the broker keeps it, and hands it out again
    assert not shop.reports[-1].in_force
    assert "did not last" in shop.reports[-1].error


def test_a_document_the_agent_has_lasted_under_survives_any_number_of_starts(shop: Shop) -> None:
    exchange = shop.open()
    exchange.follow(FASTER)
    exchange.note_time(exchange._lasting_since + LASTING + 1 if exchange._lasting_since else 0)
    assert [shop.open().config.health_every for _ in range(2 * MOST_STARTS)] == [7] * 2 * MOST_STARTS


def test_a_disk_that_refuses_the_document_keeps_it_out_of_force(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = shop.open()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(OverlayFile, "_write", full)
    exchange.follow(FASTER)
    assert exchange.config.health_every == 5
    assert "No space left on device" in shop.reports[-1].error
    assert [crew.config.health_every for crew in shop.working] == [5]


def test_reload_takes_the_file_as_it_is_now_and_lays_what_is_desired_on_it(shop: Shop) -> None:
    exchange = shop.open()
    exchange.follow(FASTER)
    shop.edit(zone="Asia/Bangkok", health_every="11s")
    said = exchange.reload()
    assert said["changed"] == ["zone"]
    assert (exchange.config.zone, exchange.config.health_every) == ("Asia/Bangkok", 7)
    assert shop.reports[-1].configuration == said["configuration"]


def test_reload_of_a_file_with_a_fault_changes_nothing(shop: Shop) -> None:
    exchange = shop.open()
    shop.edit(zone="Asia/Nowhere")
    with pytest.raises(ConfigError, match=r"agent\.yaml: line \d+: zone"):
        exchange.reload()
    assert exchange.config.zone == "Asia/Ho_Chi_Minh"
    assert len(shop.crews) == 1


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"data": "elsewhere"}, "data"),
        ({"broker": {"port": 2}}, "broker.port"),
        ({"outbox": {"max_mb": 5}}, "outbox.max_mb"),
        ({"evidence": {"max_mb": 5}}, "evidence.max_mb"),
        ({"metrics": {"port": 9}}, "metrics.port"),
    ],
)
def test_reload_names_what_holds_from_a_start_on(shop: Shop, changes: dict[str, Any], key: str) -> None:
    exchange = shop.open()
    shop.edit(**changes)
    with pytest.raises(ConfigError, match=rf"{key}: changed, and holds from a start on"):
        exchange.reload()
    assert [crew.config for crew in shop.working] == [exchange.config]
