"""What sensors say over MQTT: a small subscriber of its own, apart from the device's link to the collector.

Sensors often have a broker of their own in the shop, and what they say is no delivery: the newest word counts, a lost
one is mended by the next. So paho's own thread and its reconnects serve here.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from edge.deliver.link import tls_context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paho.mqtt.reasoncodes import ReasonCode

    from edge.deliver.settings import BrokerSettings

log = structlog.get_logger(__name__)

FIRST_WAIT, LONGEST_WAIT = 1, 60
"""Seconds between attempts to connect, doubling from the first to the longest."""

KEEPALIVE = 30
MAX_BYTES = 64 * 1024
"""Of one message: a sensor's JSON has hundreds of bytes, and what has more is none."""

MOST_WAITING = 1000
"""Words on one topic that nobody has asked for; then the oldest is let go."""


@dataclass(frozen=True, slots=True)
class Word:
    """A sensor's message."""

    topic: str
    body: bytes
    retained: bool  # said before we came


class SensorFeed:
    """Listens on topics and keeps what is said there until it is asked for.

    Args:
        settings: the sensors' broker.
        topics: those to listen on.
        name: the client's id at the broker.
    """

    def __init__(self, settings: BrokerSettings, topics: Iterable[str], *, name: str) -> None:
        self._settings = settings
        self._words: dict[str, queue.Queue[Word]] = {topic: queue.Queue(MOST_WAITING) for topic in topics}
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._said
        self._client.reconnect_delay_set(FIRST_WAIT, LONGEST_WAIT)
        if settings.username is not None:
            self._client.username_pw_set(settings.username, settings.password)
        if settings.tls is not None:
            self._client.tls_set_context(tls_context(settings.tls))
        self._told_down = False
        self.up = threading.Event()
        """Whether the broker has taken the subscriptions."""

    def start(self) -> None:
        """Begin to connect; a broker that is down is tried again for ever."""
        self._client.connect_async(self._settings.host, self._settings.port, keepalive=KEEPALIVE)
        self._client.loop_start()

    def stop(self) -> None:
        """Let go of the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def next(self, topic: str, timeout: float) -> Word | None:
        """The next word on a topic; None when there is none within `timeout` seconds."""
        with contextlib.suppress(queue.Empty):
            return self._words[topic].get(timeout=timeout) if timeout > 0 else self._words[topic].get_nowait()
        return None

    def _connected(self, client: paho.Client, _data: object, _flags: object, code: ReasonCode, _more: object) -> None:
        if code.is_failure:
            self._tell_down(str(code))
            return
        client.subscribe([(topic, 1) for topic in self._words])
        if self._told_down:
            self._told_down = False
            log.info("sensors.up", broker=f"{self._settings.host}:{self._settings.port}")
        self.up.set()

    def _disconnected(self, _client: paho.Client, _data: object, _flags: object, code: ReasonCode, _m: object) -> None:
        self.up.clear()
        if code.is_failure:
            self._tell_down(str(code))

    def _tell_down(self, reason: str) -> None:
        if not self._told_down:
            self._told_down = True
            log.warning("sensors.down", broker=f"{self._settings.host}:{self._settings.port}", reason=reason)

    def _said(self, _client: paho.Client, _data: object, message: Any) -> None:
        words = self._words.get(message.topic)
        if words is None or len(message.payload) > MAX_BYTES:
            return
        word = Word(message.topic, bytes(message.payload), bool(message.retain))
        while True:
            try:
                words.put_nowait(word)
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    words.get_nowait()
            else:
                return
