"""Two tenants at one broker: what one says is never the other's, and what one is told the other never hears."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.contract.topics import Channel
from tests.brokers import Mosquitto
from tests.cloud_sink.conftest import SinkProcess
from tests.cloud_sink.raw_device import RawDevice
from tests.cloud_sink.words import EPOCH, body, rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

ACL = Path(__file__).resolve().parents[3] / "configs" / "broker" / "mosquitto.acl"


def rows(sink: SinkProcess, statement: str) -> list[Any]:
    with sqlite3.connect(sink.folder / "data" / "sink.db") as connection:
        return connection.execute(statement).fetchall()


def tenants(sink: SinkProcess, table: str, device: str) -> set[str]:
    return {tenant for (tenant,) in rows(sink, f"SELECT tenant FROM {table} WHERE device = '{device}'")}


@pytest.mark.parametrize("form", ["single", "with its number", "array", "array of both"])
def test_an_event_that_says_it_is_of_another_tenant_is_stored_for_nobody(sink: SinkProcess, form: str) -> None:
    name = f"twin-{form.replace(' ', '-')}"
    with RawDevice(sink.broker_port, name, tenant="rival") as rival:
        theirs = body(rejected(1, device=rival.address))
        forged = body(rejected(2, device=rival.address) | {"source": f"/acme/s1/{name}"})
        sent = {"array": b"[" + forged + b"]", "array of both": b"[" + theirs + b"," + forged + b"]"}.get(form, forged)
        numbered = {"epoch": EPOCH, "seq": "2"} if form == "with its number" else None
        rival.send(sent, properties=numbered)
        assert rival.answered(2 if form == "array of both" else 1)["refused"] == {2: "wrong-source"}
    assert tenants(sink, "quarantine", name) == {"rival"}  # under the topic, which the broker vouches for
    assert tenants(sink, "events", name) == ({"rival"} if form == "array of both" else set())
    assert "acme" not in tenants(sink, "ledger", name) | tenants(sink, "boots", name) | tenants(sink, "devices", name)


def test_the_same_numbers_of_a_device_of_the_same_name_are_another_s(sink: SinkProcess) -> None:
    with RawDevice(sink.broker_port, "namesake", tenant="rival") as rival:
        rival.send(body(rejected(1, device=rival.address)))
        assert rival.receipt()["ranges"] == [[1, 1]]
    with RawDevice(sink.broker_port, "namesake") as ours:
        ours.send(body(rejected(1, device=ours.address)))  # neither known nor a conflict
        receipt = ours.receipt()
    assert (receipt["ranges"], receipt["conflicts"]) == ([[1, 1]], [])
    assert rows(sink, "SELECT tenant FROM events WHERE device = 'namesake' ORDER BY tenant") == [("acme",), ("rival",)]


def test_another_tenant_s_reply_answers_no_question(sink: SinkProcess) -> None:
    with RawDevice(sink.broker_port, "asked") as ours:
        ours.send(body(rejected(3, device=ours.address)))
        ours.receipt()
        command = ours.commands.get(timeout=10)
    reply = json.dumps({"id": command["id"], "ok": True, "result": {"sent": [], "dropped": [[1, 2]]}}).encode()
    with RawDevice(sink.broker_port, "asked", tenant="rival") as rival:
        rival.send(reply, channel=Channel.REPLIES)
        rival.send(body(rejected(1, device=rival.address)))  # what comes behind it is answered: it has been read
        rival.receipt()
    asked = "SELECT answered FROM resends WHERE device = 'asked' AND tenant = 'acme'"
    assert rows(sink, asked) == [(None,)]
    assert rows(sink, "SELECT kind FROM ledger WHERE device = 'asked' AND tenant = 'acme'") == [("taken",)]
    with RawDevice(sink.broker_port, "asked") as ours:
        ours.send(reply, channel=Channel.REPLIES)
        sink.until(lambda: rows(sink, asked) != [(None,)], "its own reply is not taken")


@pytest.mark.parametrize(
    "topic",
    [
        "facings/v1/acme/s1/stray",
        "facings/v1/acme/s1/stray/events/more",
        "facings/v1/acme/s1/stray/nothing",
        "facings/v1/ACME/s1/stray/events",
        "facings/v1/acme/../stray/events",
        "facings/v1/acme//stray/events",
        "facings/v2/acme/s1/stray/events",
    ],
)
def test_what_comes_on_no_topic_of_the_agreement_is_nobody_s(sink: SinkProcess, topic: str) -> None:
    with RawDevice(sink.broker_port, "stray") as raw:
        raw._client.publish(topic, body(rejected(1, device=raw.address)), qos=1).wait_for_publish(10)
    with RawDevice(sink.broker_port, "behind-it") as raw:
        raw.send(body(rejected(1, device=raw.address)))
        raw.receipt()
    assert tenants(sink, "events", "stray") == tenants(sink, "quarantine", "stray") == set()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mosquitto, SinkProcess]]:
    """A Mosquitto with the ACL that we ship, and a collector behind it."""
    folder = tmp_path_factory.mktemp("guarded")
    names = ("collector", "acme/s1/d1", "rival/s1/d1", "acme/+/+")
    broker = Mosquitto(folder / "broker", users=dict.fromkeys(names, "secret"), acl=ACL.read_text())
    password = folder / "password"
    password.write_text("secret")
    section = f"kind: external, host: 127.0.0.1, port: {broker.port}, username: collector, password_file: {password}"
    sink = SinkProcess(folder / "sink", arguments=(), command="collect", config=f"broker: {{{section}}}\n")
    with broker:
        sink.start(wait=False)
        sink.until(lambda: "collecting from" in (sink.folder / "log").read_text(), "it does not collect")
        yield broker, sink
        assert sink.stop() == 0


class Client:
    """A device that says who it is, and tries what it likes."""

    def __init__(self, broker: Mosquitto, name: str) -> None:
        self.heard: list[str] = []
        self._settled = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.username_pw_set(name, "secret")
        self._client.on_message = lambda *given: self.heard.append(given[-1].topic)
        self._client.on_subscribe = lambda *_: self._settled.set()
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def listen(self, *topics: str) -> None:
        self._settled.clear()
        self._client.subscribe([(topic, 1) for topic in topics])
        assert self._settled.wait(10)

    def say(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.mark.parametrize("name", ["rival/s1/d1", "acme/+/+"])
def test_with_our_acl_nobody_writes_or_reads_another_s_topics(
    guarded: tuple[Mosquitto, SinkProcess], name: str
) -> None:
    broker, sink = guarded
    device, other = Client(broker, "acme/s1/d1"), Client(broker, name)
    try:
        mine = "facings/v1/acme/s1/d1"
        device.listen(f"{mine}/receipts")
        other.listen("#", "facings/v1/acme/#", f"{mine}/receipts", "$share/x/facings/v1/acme/#", f"{mine}/commands")
        seq = len(rows(sink, "SELECT 1 FROM events")) + 1
        event = rejected(seq) | {"source": "/acme/s1/d1"}
        for channel in Channel:
            other.say(f"{mine}/{channel}", body(rejected(1000) | {"source": "/acme/s1/d1"}))
        device.say(f"{mine}/events", body(event))
        sink.until(lambda: device.heard, "the device gets no receipt")
        assert set(device.heard) == {f"{mine}/receipts"}
        assert other.heard == []
        assert [found for (found,) in rows(sink, "SELECT seq FROM events ORDER BY seq")] == list(range(1, seq + 1))
        assert rows(sink, "SELECT 1 FROM quarantine") == []
    finally:
        device.close()
        other.close()
