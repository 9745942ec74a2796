"""A whole agent against a real broker and a scripted collector: commands, desired configurations, figures."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from edge.cli.app import app
from edge.contract.topics import Channel
from edge.device.agent import Agent
from edge.device.settings import read_config
from tests.brokers import Mosquitto, free_port
from tests.edge.deliver.goods import ADDRESS
from tests.edge.deliver.station import Station, wait_for
from tests.edge.device.agents import PATIENCE, frames, live_camera, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as one:
        yield one


@contextmanager
def at_work(config: Path) -> Iterator[Agent]:
    """An agent in a thread of its own."""
    agent = Agent(read_config(config), config)
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        yield agent
    finally:
        agent.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


class Collector:
    """Receipts everything, gives commands and desires configurations."""

    def __init__(self, station: Station) -> None:
        self.station = station

    def command(self, name: str, *, number: int = 1, seconds: float = 60, **arguments: Any) -> str:
        """Give a command; its id."""
        id_ = f"{name}-{number}"
        expires = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        self.station.say(Channel.COMMANDS, {"id": id_, "name": name, "arguments": arguments, "expires": expires})
        return id_

    def replies(self, id_: str) -> list[dict[str, Any]]:
        return [one.content for one in self.station.on(Channel.REPLIES) if one.content["id"] == id_]

    def reply(self, id_: str) -> dict[str, Any]:
        wait_for(lambda: self.replies(id_), f"{id_} is not answered")
        return self.replies(id_)[0]

    def desire(self, document: bytes) -> dict[str, Any]:
        """Desire a configuration, retained as collectors do; what is said of it."""
        self.station._client.publish(ADDRESS.topic(Channel.CONFIG), document, 1, retain=True)
        wanted = hashlib.sha256(document).hexdigest()
        wait_for(lambda: self.reported(wanted), "it is not reported")
        return self.reported(wanted)[-1]

    def reported(self, sha256: str) -> list[dict[str, Any]]:
        return [one.content for one in self.station.on(Channel.CONFIG_REPORTED) if one.content["sha256"] == sha256]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.station.events if event["type"] == name]


@pytest.fixture
def collector(broker: Mosquitto) -> Iterator[Collector]:
    with Station(broker.port, answer=Station.receipt) as station:
        yield Collector(station)


def test_each_command_is_answered_once_however_often_it_comes(
    tmp_path: Path, broker: Mosquitto, collector: Collector
) -> None:
    camera = live_camera(frames(tmp_path / "frames", 50), every="1h")
    config = write_config(tmp_path, port=broker.port, cameras=[camera], health_every="1h")
    with at_work(config):
        wait_for(lambda: collector.events("device.health.v1"))
        capture = collector.command("capture")
        reply = collector.reply(capture)
        assert (reply["ok"], reply["result"]) == (True, {"cameras": {"cam-1": "taken"}})
        wait_for(lambda: collector.events("shelf.observed.v1") + collector.events("capture.rejected.v1"))
        seen = collector.events("shelf.observed.v1") + collector.events("capture.rejected.v1")
        assert seen[0]["data"]["trigger"] == "command"

        content = yaml.safe_load(config.read_text())
        config.write_text(yaml.safe_dump(content | {"zone": "Asia/Bangkok"}))
        reload = collector.command("reload")
        assert collector.reply(reload)["result"]["changed"] == ["zone"]
        doctor = collector.command("doctor")
        checks = {one["check"]: one["status"] for one in collector.reply(doctor)["result"]["findings"]}
        assert checks["broker"] == "ok"
        assert checks["camera cam-1"] == "ok"
        assert {"disk", "outbox", "clock", "memory", "temperature"} <= set(checks)
        epoch, seq = seen[0]["epoch"], seen[0]["seq"]
        resend = collector.command("resend", epoch=epoch, ranges=[[seq, seq]])
        assert collector.reply(resend)["result"]["sent"] == [[seq, seq]]

        number = len(seen)
        for name in ("capture", "reload", "doctor"):
            collector.command(name)  # the same ids
        expired = collector.command("capture", number=2, seconds=-1)
        last = collector.command("capture", number=3)
        collector.reply(last)
        wait_for(lambda: all(len(collector.replies(one)) == 2 for one in (capture, reload, doctor)))
        for one in (capture, reload, doctor):
            first, second = collector.replies(one)
            assert first == second
        assert collector.replies(expired) == []
        commanded = [
            event
            for event in collector.events("shelf.observed.v1") + collector.events("capture.rejected.v1")
            if event["data"]["trigger"] == "command"
        ]
        assert len({event["id"] for event in commanded}) <= number + 1


def test_a_reload_that_cannot_be_is_answered_with_the_reason(
    tmp_path: Path, broker: Mosquitto, collector: Collector
) -> None:
    camera = live_camera(frames(tmp_path / "frames", 5), every="1h")
    config = write_config(tmp_path, port=broker.port, cameras=[camera])
    with at_work(config):
        wait_for(lambda: collector.events("device.health.v1"))
        config.write_text(config.read_text().replace("every: 1h", "evry: 1h"))
        reply = collector.reply(collector.command("reload"))
        assert not reply["ok"]
        assert "unknown key cameras.0.schedule.evry" in reply["error"]


def test_a_desired_configuration_exchanges_the_cameras_and_loses_no_event(
    tmp_path: Path, broker: Mosquitto, collector: Collector
) -> None:
    camera = live_camera(frames(tmp_path / "frames", 400), every="1h")
    config = write_config(tmp_path, port=broker.port, cameras=[camera], health_every="1h")
    with at_work(config):
        wait_for(lambda: collector.events("device.health.v1"))
        collector.reply(collector.command("capture"))
        said = collector.desire(b'{"cameras": {"cam-1": {"schedule": {"every": "1s"}}}, "health_every": "2s"}')
        assert (said["in_force"], said["errors"]) == (True, [])
        wait_for(lambda: len(collector.events("shelf.observed.v1")) >= 3, "the new schedule is not in force")
        wait_for(
            lambda: collector.events("device.health.v1")[-1]["data"]["cameras"][0]["schedule"] == "every 1 s",
            "health does not tell the new schedule",
        )
        refused = collector.desire(b'{"device": {"id": "dev-2"}, "cameras": {"cam-1": {"schedule": {"evry": "1s"}}}}')
        assert not refused["in_force"]
        assert [fault["key"] for fault in refused["errors"]] == ["cameras.cam-1.schedule.evry"]
        assert refused["configuration"] == said["configuration"]
        identity = collector.desire(b'{"device": {"id": "dev-2"}}')
        assert [fault["key"] for fault in identity["errors"]] == ["device.id"]
    events = {(event["epoch"], event["seq"]) for event in collector.station.events}
    assert len({epoch for epoch, _ in events}) == 1
    assert sorted(seq for _, seq in events) == list(range(1, len(events) + 1))
    with at_work(config) as agent:  # it holds after a restart
        assert agent._force.config.health_every == 2
        assert agent._force.config.device.id == ADDRESS.device


def test_figures_are_served_on_loopback_for_prometheus(tmp_path: Path, broker: Mosquitto, collector: Collector) -> None:
    port = free_port()
    camera = live_camera(frames(tmp_path / "frames", 400))
    config = write_config(tmp_path, port=broker.port, cameras=[camera], metrics={"port": port})

    def figures() -> dict[tuple[str, ...], float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}

    with at_work(config):
        wait_for(lambda: len(collector.events("shelf.observed.v1")) >= 2)
        wait_for(lambda: figures()[("facings_receipted_total",)] >= 3)
        now = figures()
        observed = now[("facings_captures_total", "cam-1", "accepted")]
        assert observed >= 2
        assert now[("facings_frames_total", "cam-1")] >= observed
        assert now[("facings_read_seconds_count", "cam-1")] >= observed
        assert now[("facings_broker_connected",)] == 1
        assert now[("facings_inference_seconds", "cam-1")] > 0
        assert 0 <= now[("facings_frame_age_seconds", "cam-1")] < 30
        assert now[("facings_resident_bytes",)] > 50e6
        assert {("facings_outbox_events",), ("facings_outbox_bytes",), ("facings_disk_free_bytes",)} <= set(now)
    with pytest.raises(OSError, match="refused"):
        figures()


def test_a_port_that_is_taken_costs_only_the_figures(tmp_path: Path, broker: Mosquitto, collector: Collector) -> None:
    camera = live_camera(frames(tmp_path / "frames", 5))
    config = write_config(tmp_path, port=broker.port, cameras=[camera], metrics={"port": broker.port})
    with at_work(config):
        wait_for(lambda: collector.events("device.health.v1"))


def test_the_status_tells_how_the_agent_does_while_it_runs_and_after(
    tmp_path: Path, broker: Mosquitto, collector: Collector
) -> None:
    camera = live_camera(frames(tmp_path / "frames", 400))
    config = write_config(tmp_path, port=broker.port, cameras=[camera])

    def status() -> dict[str, Any]:
        done = CliRunner().invoke(app, ["status", "--config", str(config), "--json"])
        assert done.exit_code == 0, done.output
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    began = datetime.now(UTC)
    with at_work(config):
        wait_for(lambda: len(collector.events("shelf.observed.v1")) >= 2)
        running = status()
        assert running["running"]
        assert running["cameras"]["cam-1"]["fixture"] == "cooler-1"
        assert datetime.fromisoformat(running["cameras"]["cam-1"]["accepted"]) >= began
        assert (running["drops"], running["fault"], running["desired_configuration"]) == ({}, "", False)
        told = {(one["kind"], one["name"]): one for one in running["parts"]}
        assert {("agent", ""), ("models", "product-detector"), ("configuration", "")} <= set(told)
        assert told["configuration", ""]["reported"] == "the device's own"
        time.sleep(0.2)
    stopped = status()
    assert not stopped["running"]
    assert stopped["epoch"] == running["epoch"]
    assert stopped["last_seq"] == max(event["seq"] for event in collector.station.events)
    assert stopped["waiting"] + stopped["receipted_kept"] == stopped["last_seq"]


def test_where_no_agent_ever_ran_the_status_says_so(tmp_path: Path) -> None:
    config = write_config(tmp_path, port=1, cameras=[live_camera(frames(tmp_path / "frames", 1))])
    done = CliRunner().invoke(app, ["status", "--config", str(config)])
    assert done.exit_code == 1
    assert "no outbox yet" in str(done.exception)
