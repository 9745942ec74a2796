"""The collector's MQTT connection: one thread, callbacks only enqueue, acknowledgements by hand.

paho's loop is turned by the receive loop itself. So no other thread can reconnect between a commit and its
acknowledgement, and an acknowledgement never reaches a connection on which its message did not come.
"""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud_sink.collect.triage import Claim, claim
from edge.contract.errors import DeliveryError
from edge.contract.topics import Address, Channel, every_device, parse_topic

if TYPE_CHECKING:
    from pathlib import Path

KEEPALIVE = 30
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_LASTING = 3.0
_SUSPICIOUS = 4
_RECEIVE_MAXIMUM = 100
_TAKEN_OVER = 0x8E


@dataclass(frozen=True, slots=True)
class Login:
    """How a broker is reached."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    share: str = ""
    session_seconds: int = 0  # how long the broker keeps what comes while the collector is away


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came."""

    address: Address
    channel: Channel
    payload: bytes
    claimed: Claim | None
    mid: int
    qos: int
    connection: int  # the count of connections when it came


class Link:
    """A connection that comes back by itself. Everything happens inside `turn`."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._client = self._new_client()
        self._inbox: deque[Message] = deque()
        self._connection = 0
        self._open = False
        self._taken_over = False
        self._granted: set[int] = set()
        self._asked: set[int] = set()
        self._wait = _FIRST_WAIT
        self._retry_at = 0.0
        self._told = False
        self._since: float | None = None
        self._brief = 0
        self._log = structlog.get_logger().bind(broker=f"{login.host}:{login.port}")

    @property
    def subscribed(self) -> bool:
        """Whether the broker granted every subscription of this connection."""
        return self._open and bool(self._asked) and self._asked <= self._granted

    def turn(self, seconds: float) -> None:
        """Read and write for at most `seconds`; reconnect when it is time to.

        Raises:
            DeliveryError: another collector uses the same client id, or the broker refuses us for good.
        """
        if self._taken_over:
            raise DeliveryError(
                f"another collector uses the client id {self._login.client_id}", "give each its own: broker.client_id"
            )
        if self._client.socket() is None:
            self._reconnect(seconds)
            return
        self._client.loop(seconds)
        if self._client.socket() is None:
            self._lost("the connection broke")

    def next(self) -> Message | None:
        """The next message that came."""
        return self._inbox.popleft() if self._inbox else None

    def ack(self, message: Message) -> None:
        """Acknowledge; nothing happens when its connection is gone, for then the broker sends it again."""
        if self._open and message.connection == self._connection and message.qos > 0:
            self._client.ack(message.mid, message.qos)

    def publish(self, address: Address, channel: Channel, payload: bytes) -> bool:
        """Send to a device, QoS 1, not retained; False when there is no connection: it will ask again."""
        if not self._open:
            return False
        info = self._client.publish(address.topic(channel), payload, qos=1)
        return info.rc == mqtt.MQTT_ERR_SUCCESS

    def close(self) -> None:
        """Say goodbye; what was not acknowledged stays with the broker."""
        self._client.disconnect()
        deadline = time.monotonic() + 1.0
        while self._client.want_write() and time.monotonic() < deadline:
            self._client.loop(0.05)

    def _new_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._login.client_id,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        if self._login.username is not None:
            client.username_pw_set(self._login.username, self._login.password)
        if self._login.ca_file is not None:
            client.tls_set(
                ca_certs=str(self._login.ca_file),
                certfile=str(self._login.cert_file) if self._login.cert_file else None,
                keyfile=str(self._login.key_file) if self._login.key_file else None,
            )
        client.connect_timeout = 5.0
        client.max_inflight_messages_set(1000)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _reconnect(self, seconds: float) -> None:
        left = self._retry_at - time.monotonic()
        if left > 0:
            time.sleep(min(left, seconds))
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho types it not
        properties.SessionExpiryInterval = self._login.session_seconds
        properties.ReceiveMaximum = _RECEIVE_MAXIMUM
        try:
            self._client.connect(
                self._login.host,
                self._login.port,
                KEEPALIVE,
                clean_start=self._login.session_seconds == 0,
                properties=properties,
            )
        except (OSError, ValueError) as error:
            self._lost(str(error))

    def _lost(self, why: str) -> None:
        self._count_brief()
        if not self._told:
            self._log.warning("broker.away", why=why)
            self._told = True
        self._open = False
        self._retry_at = time.monotonic() + self._wait * random.uniform(0.5, 1.0)  # noqa: S311 - spreads reconnects
        self._wait = min(self._wait * 2, _LONGEST_WAIT)

    def _count_brief(self) -> None:
        """Notice connections that break again and again; a backoff begins anew only after one that lasted."""
        if self._since is None:
            return
        if time.monotonic() - self._since >= _LASTING:
            self._brief, self._wait = 0, _FIRST_WAIT
        else:
            self._brief += 1
            if self._brief == _SUSPICIOUS:  # older brokers close without a word to the one that is pushed out
                self._log.error("broker.flapping", client_id=self._login.client_id, mend="is it another collector's?")
        self._since = None

    def _on_connect(
        self, client: mqtt.Client, _data: Any, flags: mqtt.ConnectFlags, code: Any, _properties: Any
    ) -> None:
        if code.is_failure:
            self._lost(f"refused: {code}")
            return
        self._open = True
        self._connection += 1
        self._since = time.monotonic()
        self._granted.clear()
        self._asked.clear()
        # Asked for on every connection, present session or not, and never awaited: a broker whose window is full
        # withholds its answer until messages are acknowledged.
        for topic in (
            every_device(Channel.EVENTS, share=self._login.share),
            every_device(Channel.REPLIES, share=self._login.share),
            every_device(Channel.STATE),  # not shared: shared subscriptions get no retained messages
        ):
            _, mid = client.subscribe(topic, qos=1)
            if mid is not None:
                self._asked.add(mid)
        self._log.info("broker.connected", session_present=flags.session_present)
        self._told = False

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: mqtt.DisconnectFlags, code: Any, _properties: Any
    ) -> None:
        self._open = False
        # Told once by the broker; a second call, for the closed socket, must not make it forgotten.
        self._taken_over = self._taken_over or getattr(code, "value", None) == _TAKEN_OVER

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, mid: int, codes: list[Any], _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            self._log.error("broker.refused_subscription", codes=[str(code) for code in codes])
            return
        self._granted.add(mid)

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        parsed = parse_topic(message.topic)
        if parsed is None:  # a name outside the agreement: no device can be answered there
            client.ack(message.mid, message.qos)
            return
        address, channel = parsed
        properties = dict(getattr(message.properties, "UserProperty", None) or ())
        self._inbox.append(
            Message(
                address=address,
                channel=channel,
                payload=bytes(message.payload),
                claimed=claim(properties.get("epoch"), properties.get("seq")),
                mid=message.mid,
                qos=message.qos,
                connection=self._connection,
            )
        )
