"""On a ladder: a real collector, a real Mosquitto with our files, and devices, of which some are hostile."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from cloud_sink.cli.app import app
from cloud_sink.store import identities
from cloud_sink.store.database import open_database, writing
from edge.contract.topics import Channel
from edge.device.collector import RefusedError
from edge.device.renewal import renew
from edge.device.settings import read_config
from tests.brokers import free_port, mosquitto_path
from tests.certificates import certificates
from tests.cloud_sink.conftest import SinkProcess
from tests.edge.device.agents import ROOT, frames

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from paho.mqtt.properties import Properties

PATIENCE = 40.0

CONFIG = """\
broker:
  kind: external
  host: localhost
  port: {broker}
  ca_file: {folder}/broker/ca.pem
  cert_file: {folder}/broker/collector-1.pem
  key_file: {folder}/broker/collector-1.key
http: {{port: {http}, cert_file: {folder}/tls/collector.pem, key_file: {folder}/tls/collector.key}}
trust:
  url: https://localhost:{http}
  passphrase_file: {folder}/ca.pass
  template: {folder}/template.yaml
  broker_files: {{folder: {folder}/broker, reload: [sh, -c, "kill -HUP $(cat {folder}/pid)"]}}
stores:
  - {{tenant: acme, id: s1, name: First of acme, zone: Asia/Ho_Chi_Minh, fixtures: [{{id: f1, name: Cooler}}]}}
  - {{tenant: acme, id: s2, name: Second of acme, zone: Asia/Ho_Chi_Minh, fixtures: [{{id: f1, name: Cooler}}]}}
  - {{tenant: rival, id: s1, name: First of rival, zone: Asia/Ho_Chi_Minh, fixtures: [{{id: f1, name: Cooler}}]}}
"""

TEMPLATE = """\
cameras: [{{id: cam-1, source: {{kind: folder, path: {pictures}, times: now, simulated: true}}}}]
fixtures: [{{id: fixture}}]
"""


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [*map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def until(done: Any, why: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


@dataclass(slots=True)
class Site:
    """A collector and its broker."""

    folder: Path
    sink: SinkProcess
    port: int
    granted: dict[str, Path] = field(default_factory=dict)

    def invite(self, device: str, *, tenant: str = "acme", store: str = "s1", hours: float = 1) -> str:
        words = ("invite", "--tenant", tenant, "--store", store, "--fixture", "f1", "--device", device)
        told = json.loads(run(*words, "--hours", str(hours), "--json", *self.options))
        return str(told["claim"])

    @property
    def options(self) -> tuple[str | Path, ...]:
        return ("--config", self.sink.folder / "sink.yaml", "--data", self.sink.folder / "data")

    def device(self, name: str, *, tenant: str = "acme", store: str = "s1") -> Path:
        """The folder of a device that was let in."""
        if name not in self.granted:
            folder = self.folder / name
            done = provision(folder, "--claim", self.invite(name, tenant=tenant, store=store), "--no-prove")
            assert done.returncode == 0, done.stderr
            self.granted[name] = folder
            until(lambda: f"/{name}/events" in (self.folder / "broker" / "acl").read_text(), "its topics are not there")
        return self.granted[name]

    def rows(self, statement: str) -> list[Any]:
        with sqlite3.connect(self.sink.folder / "data" / "sink.db") as connection:
            return connection.execute(statement).fetchall()


def provision(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`edge provision` as a technician gives it."""
    command = [sys.executable, "-m", "edge.cli.app", "provision", "--folder", str(folder), "--yes", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with standing(tmp_path_factory.mktemp("site")) as made:
        yield made


@contextmanager
def standing(folder: Path, template: str = TEMPLATE) -> Iterator[Site]:
    """A collector and its Mosquitto, both at work."""
    broker, http = free_port(), free_port()
    config = CONFIG.format(folder=folder, broker=broker, http=http)
    (folder / "template.yaml").write_text(template.format(pictures=frames(folder / "pictures", 400)))
    sink = SinkProcess(folder / "sink", arguments=(), config=config)
    sink.folder.mkdir()
    (sink.folder / "sink.yaml").write_text(config)
    made = Site(folder, sink, broker)
    run("trust", "init", *made.options)
    run("trust", "certificate", "--host", "localhost", "--out", folder / "tls", *made.options)
    run("broker-files", folder / "broker", "--host", "localhost", "--port", str(broker), *made.options)
    own = (folder / "broker" / "mosquitto.conf").read_text()
    (folder / "run.conf").write_text(f"{own}\nuser root\npid_file {folder}/pid\n")
    with (folder / "mosquitto.log").open("ab") as log:
        process = subprocess.Popen([mosquitto_path(), "-c", str(folder / "run.conf")], stdout=log, stderr=log)
    try:
        until((folder / "pid").exists, "mosquitto has not begun")
        sink.start()
        yield made
        assert sink.stop() == 0
    finally:
        process.kill()
        process.wait()


class Client:
    """Whoever has a device's files, and tries what it likes."""

    def __init__(self, site: Site, folder: Path, *, client_id: str = "") -> None:
        self.heard: list[str] = []
        self.left: list[str] = []
        self._in, self._settled, self._refused = threading.Event(), threading.Event(), threading.Event()
        self.reasons: list[str] = []
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        context.load_cert_chain(folder / "device.pem", folder / "device.key")
        self._client.tls_set_context(context)
        self._client.on_connect = lambda *_: self._in.set()
        self._client.on_message = lambda *given: self.heard.append(given[-1].topic)
        self._client.on_subscribe = lambda *_: self._settled.set()
        self._client.on_publish = self._published
        self._client.on_disconnect = lambda *given: self.left.append(str(given[3]))
        self._client.connect("localhost", site.port)
        self._client.loop_start()
        until(lambda: self._in.is_set() or self.left, "no answer")
        assert self._in.is_set()

    def _published(self, _client: object, _data: object, mid: int, reason: Any, _more: Properties) -> None:
        self.reasons.append(f"{mid} {reason}")

    def listen(self, *topics: str) -> None:
        self._settled.clear()
        self._client.subscribe([(topic, 1) for topic in topics])
        assert self._settled.wait(PATIENCE)

    def say(self, topic: str, payload: bytes = b"{}") -> str:
        """What the broker says to a message."""
        sent = self._client.publish(topic, payload, qos=1)
        until(lambda: any(one.startswith(f"{sent.mid} ") for one in self.reasons) or self.left, "no PUBACK")
        return next((one.partition(" ")[2] for one in self.reasons if one.startswith(f"{sent.mid} ")), "left")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_from_a_claim_to_the_first_receipt_within_a_minute(site: Site) -> None:
    folder, claim = site.folder / "first", site.invite("first")
    done = provision(folder, "--claim", claim, "--by", "mai", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert [step["name"] for step in told["steps"] if step["passed"]] == [
        *("admission", "clock", "models", "configuration", "camera", "picture", "broker", "receipt", "upload")
    ]
    assert told["seconds"] < 60
    assert told["evidence"] is not None
    assert site.rows("SELECT DISTINCT store FROM events WHERE device = 'first'") == [("s1",)]
    (record,) = site.rows("SELECT by, passed, failed_first, evidence FROM installations WHERE device = 'first'")
    assert record == ("mai", 1, "", told["evidence"])
    assert site.rows(f"SELECT store FROM evidence WHERE sha256 = '{told['evidence']}'") == [("s1",)]
    assert (folder / "device.key").stat().st_mode & 0o777 == 0o600
    assert "This unit works" in (folder / "installation.en.txt").read_text()
    assert "设备工作正常" in (folder / "installation.zh.txt").read_text()
    again = provision(folder, "--claim", claim, "--no-prove")  # the same key, the same answer
    assert again.returncode == 0, again.stderr
    thief = provision(site.folder / "thief", "--claim", claim)
    assert thief.returncode == 1
    assert "used by another device" in thief.stderr
    assert not (site.folder / "thief" / "agent.yaml").exists()


def test_a_camera_in_the_dark_is_told_and_mended(site: Site) -> None:
    folder, pictures = site.device("dark"), site.folder / "dark-pictures"
    pictures.mkdir()
    for number in range(50):
        cv2.imwrite(str(pictures / f"{number:03}.png"), np.full((480, 640, 3), 4, np.uint8))
    own = (folder / "agent.yaml").read_text()
    (folder / "agent.yaml").write_text(own.replace(str(site.folder / "pictures"), str(pictures)))
    first = provision(folder, "--by", "mai")
    assert first.returncode == 1
    assert "[--] The picture can be used\n     -> It is too dark" in first.stdout
    assert "太暗" in first.stdout
    (folder / "agent.yaml").write_text(own)
    second = provision(folder, "--by", "mai")
    assert second.returncode == 0, second.stdout
    assert "[ok] The picture can be used (at try 2)" in second.stdout
    records = site.rows("SELECT passed, failed_first FROM installations WHERE device = 'dark' ORDER BY at")
    assert records == [(0, "picture"), (1, "picture")]


def test_a_claim_of_another_store_or_one_that_expired_lets_nobody_in(site: Site) -> None:
    elsewhere = provision(site.folder / "lost", "--claim", site.invite("lost"), "--store", "s2")
    assert (elsewhere.returncode, "for another store" in elsewhere.stderr) == (1, True)
    claim = site.invite("late", hours=0.01)
    engine = open_database(f"sqlite:///{site.sink.folder / 'data' / 'sink.db'}")
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE invitations SET expires = 1 WHERE device = 'late'")
    engine.dispose()
    late = provision(site.folder / "late", "--claim", claim)
    assert (late.returncode, "has expired" in late.stderr) == (1, True)


@pytest.mark.parametrize(
    "other", ["facings/v1/rival/s1/victim", "facings/v1/acme/s2/hostile", "facings/v1/acme/s1/other", "facings/v1"]
)
def test_a_device_reaches_no_other_tenant_store_or_device(site: Site, other: str) -> None:
    victim = Client(site, site.device("victim", tenant="rival"))
    hostile = Client(site, site.device("hostile"))
    try:
        victim.listen("facings/v1/rival/s1/victim/#")
        hostile.listen("#", "facings/v1/#", "$share/x/facings/v1/#", *(f"{other}/{channel}" for channel in Channel))
        for channel in Channel:
            assert hostile.say(f"{other}/{channel}") == "Not authorized"
        own = "facings/v1/acme/s1/hostile"
        for channel in (Channel.RECEIPTS, Channel.COMMANDS, Channel.CONFIG):
            assert hostile.say(f"{own}/{channel}") == "Not authorized"
        assert hostile.say(f"{own}/events") != "Not authorized"
        assert victim.say("facings/v1/rival/s1/victim/events") != "Not authorized"
        hostile.say(f"{own}/state")  # what it was to hear came before this answer
        victim.say("facings/v1/rival/s1/victim/state")
        assert {topic for topic in hostile.heard if not topic.startswith(own)} == set()
        assert victim.heard == []
    finally:
        victim.close()
        hostile.close()


def test_a_device_that_takes_another_s_client_id_throws_nobody_out(site: Site) -> None:
    victim = Client(site, site.device("victim", tenant="rival"), client_id="victim")
    hostile = Client(site, site.device("hostile"), client_id="victim")
    try:
        assert hostile.say("facings/v1/acme/s1/hostile/state") != "Not authorized"
        assert victim.say("facings/v1/rival/s1/victim/state") != "Not authorized"
        assert victim.left == []
    finally:
        victim.close()
        hostile.close()


def test_without_a_certificate_of_the_fleet_nobody_gets_in(site: Site, tmp_path: Path) -> None:
    certificates(tmp_path)  # an authority of its own, with a device
    (tmp_path / "ca.pem").write_text((site.folder / "broker" / "ca.pem").read_text())
    with pytest.raises((OSError, AssertionError)):
        Client(site, tmp_path)


def test_a_revoked_device_is_out_while_it_is_connected_and_stays_out(site: Site) -> None:
    folder = site.device("stolen")
    stolen = Client(site, folder)
    try:
        topic = "facings/v1/acme/s1/stolen/events"
        assert stolen.say(topic) != "Not authorized"
        run("identities", "revoke", "stolen", "--tenant", "acme", *site.options)
        until(lambda: stolen.say(topic) in {"Not authorized", "left"}, "it still may speak")
    finally:
        stolen.close()

    def shut_out() -> bool:
        try:
            again = Client(site, folder)
        except (OSError, AssertionError):
            return True
        try:
            return again.say(topic) in {"Not authorized", "left"}
        finally:
            again.close()

    assert shut_out()
    with pytest.raises(RefusedError, match="was revoked"):  # its signature counts for nothing either
        renew(read_config(folder / "agent.yaml"))


def test_an_agent_exchanges_its_certificate_by_itself(site: Site) -> None:
    folder = site.device("old")
    before = (folder / "device.pem").read_text()
    engine = open_database(f"sqlite:///{site.sink.folder / 'data' / 'sink.db'}")
    soon = int((time.time() + 86400) * 1000)
    with writing(engine) as connection:
        connection.exec_driver_sql(f"UPDATE identities SET expires = {soon} WHERE device = 'old'")
    command = [sys.executable, "-m", "edge.cli.app", "run", "--config", str(folder / "agent.yaml")]
    with (folder / "log").open("ab") as log:
        agent = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, env=os.environ)
    try:
        until(lambda: (folder / "device.pem").read_text() != before, "its certificate is the old one")
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait(PATIENCE)
    again = Client(site, folder)
    assert again.say("facings/v1/acme/s1/old/events") != "Not authorized"
    again.close()
    with writing(engine) as connection:
        found = identities.of_device(connection, "acme", "old")
    engine.dispose()
    assert found is not None
    assert found.certificate == (folder / "device.pem").read_text()
