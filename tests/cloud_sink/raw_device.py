"""A device as a bare MQTT 5 client: it publishes bytes and notes what it is told."""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.contract.topics import Address, Channel

if TYPE_CHECKING:
    from tests.cloud_sink.conftest import SinkProcess


class RawDevice:
    def __init__(self, port: int, device: str, *, tenant: str = "acme", store: str = "s1") -> None:
        self.address = Address(tenant, store, device)
        self.receipts: queue.Queue[dict[str, Any]] = queue.Queue()
        self.commands: queue.Queue[dict[str, Any]] = queue.Queue()
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device, protocol=mqtt.MQTTv5)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(
        self,
        payload: bytes,
        *,
        channel: Channel = Channel.EVENTS,
        properties: dict[str, str] | None = None,
        retain: bool = False,
    ) -> None:
        sent = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho types it not
        if properties:
            sent.UserProperty = list(properties.items())
        info = self._client.publish(self.address.topic(channel), payload, qos=1, retain=retain, properties=sent)
        info.wait_for_publish(10)

    def receipt(self, seconds: float = 40.0) -> dict[str, Any]:
        return self.receipts.get(timeout=seconds)

    def answered(self, count: int, seconds: float = 40.0) -> dict[str, Any]:
        """Everything receipted, once `count` numbers have been answered in one way or another."""
        deadline = time.monotonic() + seconds
        taken: set[int] = set()
        refused: dict[int, str] = {}
        conflicts: set[int] = set()
        while len(taken | set(refused) | conflicts) < count:
            receipt = self.receipt(max(0.01, deadline - time.monotonic()))
            taken |= {seq for first, last in receipt["ranges"] for seq in range(first, last + 1)}
            refused |= {one["seq"]: one["reason"] for one in receipt["refused"]}
            conflicts |= set(receipt["conflicts"])
        return {"taken": taken, "refused": refused, "conflicts": conflicts}

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe([(self.address.topic(Channel.RECEIPTS), 1), (self.address.topic(Channel.COMMANDS), 1)])

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        assert not message.retain
        box = self.receipts if message.topic.endswith("receipts") else self.commands
        box.put(json.loads(message.payload))


def device(sink: SinkProcess, name: str) -> RawDevice:
    return RawDevice(sink.broker_port, name)
