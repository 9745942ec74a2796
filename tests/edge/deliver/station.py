"""A scripted collector for tests: hears everything on a real broker, and answers as the test tells it to."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.contract.topics import Channel, parse_topic
from edge.deliver.settings import LinkTimes
from tests.edge.deliver.goods import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 20.0
QUICK = LinkTimes(connect=5, connack=2, suback=1, keepalive=5, backoff_first=0.1, backoff_longest=0.5, farewell=2)


def wait_for(condition: Callable[[], object], what: str = "it did not happen") -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of the device."""

    channel: Channel
    body: bytes
    properties: dict[str, str]

    @property
    def content(self) -> Any:
        """Its JSON."""
        return json.loads(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events in it."""
        return self.content if isinstance(self.content, list) else [self.content]


class Station:
    """Subscribes to all a device says; `answer` does with each message of events what the test wants."""

    def __init__(self, port: int, *, answer: Callable[[Station, Heard], None] | None = None) -> None:
        self.heard: list[Heard] = []
        self.answer = answer
        self._subscribed = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="station", protocol=paho.MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def on(self, channel: Channel) -> list[Heard]:
        """What was heard on one channel."""
        return [one for one in self.heard if one.channel is channel]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event heard, as often as it was."""
        return [event for one in self.on(Channel.EVENTS) for event in one.events]

    def say(self, channel: Channel, content: dict[str, Any]) -> None:
        """Publish to the device."""
        self._client.publish(ADDRESS.topic(channel), json.dumps(content), 1)

    def receipt(self, heard: Heard) -> None:
        """Receipt every event of a message."""
        for event in heard.events:
            self.say(Channel.RECEIPTS, {"epoch": event["epoch"], "ranges": [[event["seq"], event["seq"]]]})

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe("facings/v1/#", 1)

    def _hear(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        parsed = parse_topic(message.topic)
        if parsed is None or parsed[1] in {Channel.RECEIPTS, Channel.COMMANDS, Channel.CONFIG}:
            return
        properties = dict(getattr(message.properties, "UserProperty", []))
        heard = Heard(parsed[1], bytes(message.payload), properties)
        self.heard.append(heard)
        if heard.channel is Channel.EVENTS and self.answer is not None:
            self.answer(self, heard)
