"""One connection to the broker, from CONNECT to its end. All of it happens in the link's thread."""

from __future__ import annotations

import selectors
import ssl
import time
from typing import TYPE_CHECKING

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.contract.events import MAX_EVENT_BYTES
from edge.contract.topics import Channel, parse_topic
from edge.deliver.notices import Acknowledged, Arrived, Notice, Parcel, Rejected, Up

if TYPE_CHECKING:
    import queue
    import socket
    from collections import deque

    from paho.mqtt.reasoncodes import ReasonCode

    from edge.contract.topics import Address
    from edge.deliver.settings import BrokerSettings, LinkTimes

log = structlog.get_logger(__name__)

SUBSCRIBED = (Channel.RECEIPTS, Channel.COMMANDS, Channel.CONFIG)

MOST_IN_FLIGHT = 32
"""Messages without a PUBACK. Some brokers stop at 100 whatever they announce, and then withhold even a SUBACK."""

HEADROOM = 1024
"""Bytes of a packet that are not body: topic and properties."""

QUIET_SECONDS = 1.0
"""How long the loop sleeps at most: the keepalive is looked at this often."""

MOST_RECEIVED = 1024 * 1024
"""Bytes of a packet for the device: a receipt, a command or a configuration is far shorter. Whoever begins a longer one
is hung up on: paho would collect all of it in memory."""

_NOBODY_SUBSCRIBES = 0x10
"""A PUBACK's reason code, of brokers that tell it (MQTT 5.0, 3.4.2.1)."""

_STATE = 0
"""The token of the link's own words on `state`; the delivery counts from 1."""


class Conversation:
    """One connection. `open`, then `step` until `ended` says why it is over.

    Args:
        connection: its id, in the words on `state` and in every parcel meant for it.
        will: the last will, for the broker to publish when this connection is lost.
        born: what to say on `state` once connected.
        inbox: where notices go.
    """

    def __init__(
        self,
        *,
        connection: str,
        settings: BrokerSettings,
        tls: ssl.SSLContext | None,
        times: LinkTimes,
        address: Address,
        will: bytes,
        born: bytes,
        inbox: queue.SimpleQueue[Notice],
    ) -> None:
        self.connection = connection
        self.ready = False
        self.fruitful = False  # receipts came
        self.ended: str | None = None
        self._settings = settings
        self._times = times
        self._address = address
        self._born = born
        self._inbox = inbox
        self._tokens: dict[int, int] = {}  # of this connection's mids
        self._room = MOST_IN_FLIGHT
        self._most_octets = MAX_EVENT_BYTES
        self._connack: ReasonCode | None = None
        self._session_present = False
        self._subscribed: list[ReasonCode] | None = None
        self._subscribing = False
        self._deadline = float("inf")
        self._acknowledged_at = time.monotonic()  # or when nothing was left to acknowledge
        self._client = self._make_client(tls, will)

    def open(self) -> None:
        """Connect and send CONNECT. Blocks for at most `times.connect` seconds once the name is resolved.

        Raises:
            OSError: nobody there, or TLS failed.
        """
        expiry = _properties(PacketTypes.CONNECT)
        expiry.SessionExpiryInterval = 0  # the outbox is the session
        expiry.MaximumPacketSize = MOST_RECEIVED
        self._client.connect(
            self._settings.host, self._settings.port, self._times.keepalive, clean_start=True, properties=expiry
        )
        self._deadline = time.monotonic() + self._times.connack

    @property
    def unacknowledged(self) -> int:
        """Messages the broker has not acknowledged."""
        return len(self._tokens)

    def step(self, outbound: deque[Parcel], bell: socket.socket) -> None:
        """Hand over what there is room for, then wait for the network or the bell, then see what that means."""
        if self.ready:
            self._hand_over(outbound)
        self._network(bell)
        if self.ended is None:
            self._advance()
        if self.ended is None:
            self._watch()

    def say(self, channel: Channel, body: bytes, *, retain: bool, token: int = _STATE) -> None:
        """Publish one message at QoS 1."""
        self._publish(Parcel(token, self.connection, channel, body, retain))

    def close(self) -> None:
        """Say DISCONNECT where that is still possible, which cancels the last will; end the socket in any case."""
        if self.ended is None:
            self._client.disconnect()
            self.ended = "closed"
        if (sock := self._client.socket()) is not None:
            sock.close()

    def _make_client(self, tls: ssl.SSLContext | None, will: bytes) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._address.device,
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._times.connect
        client.max_inflight_messages_set(0)  # counted here, where the broker's Receive Maximum is known
        if tls is not None:
            client.tls_set_context(tls)
        if self._settings.username is not None:
            client.username_pw_set(self._settings.username, self._settings.password)
        delay = _properties(PacketTypes.WILLMESSAGE)
        delay.WillDelayInterval = self._times.will_delay
        client.will_set(self._address.topic(Channel.STATE), will, qos=1, retain=True, properties=delay)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _network(self, bell: socket.socket) -> None:
        sock = self._client.socket()
        if sock is None:
            self.ended = self.ended or "connection lost"
            return
        buffered = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        with selectors.DefaultSelector() as selector:
            interest = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._client.want_write() else 0)
            selector.register(sock, interest)
            selector.register(bell, selectors.EVENT_READ)
            happened = {key.fileobj: mask for key, mask in selector.select(0 if buffered else QUIET_SECONDS)}
        if bell in happened:
            bell.recv(4096)
        mask = happened.get(sock, 0)
        if buffered or mask & selectors.EVENT_READ:
            self._client.loop_read()
        if mask & selectors.EVENT_WRITE:
            self._client.loop_write()
        self._client.loop_misc()

    def _advance(self) -> None:
        now = time.monotonic()
        if self._connack is None:
            if now > self._deadline:
                self.ended = f"no CONNACK within {self._times.connack:g} s"
            return
        if not self._subscribing:
            self._subscribing = True
            self._deadline = now + self._times.suback
            self.say(Channel.STATE, self._born, retain=True)
            self._client.subscribe([(self._address.topic(channel), SubscribeOptions(qos=1)) for channel in SUBSCRIBED])
        # A resumed session keeps its subscriptions, and some brokers then answer no SUBSCRIBE.
        if not self.ready and (self._subscribed or self._session_present or now > self._deadline):
            self.ready = True
            self._inbox.put(Up(self.connection, self._most_octets))

    def _watch(self) -> None:
        """End a connection that leads nowhere."""
        now = time.monotonic()
        if not self._tokens or self._client.want_write():  # nothing to acknowledge, or not even sent
            self._acknowledged_at = now
        elif now - self._acknowledged_at > self._times.puback:
            self.ended = f"no PUBACK within {self._times.puback:g} s"
        if self._client._in_packet["remaining_length"] > MOST_RECEIVED:  # noqa: SLF001 - paho has no limit of its own
            self.ended = f"a packet of over {MOST_RECEIVED} bytes"

    def _hand_over(self, outbound: deque[Parcel]) -> None:
        while outbound and len(self._tokens) < self._room:
            parcel = outbound.popleft()
            if parcel.connection != self.connection:
                continue
            if parcel.channel is Channel.EVENTS and len(parcel.body) > self._most_octets:
                # Sent, it would cost the connection, and everything else in flight with it.
                self._inbox.put(Rejected(parcel.token, f"the broker takes at most {self._most_octets} bytes"))
                continue
            self._publish(parcel)

    def _publish(self, parcel: Parcel) -> None:
        properties = _properties(PacketTypes.PUBLISH)
        if parcel.properties:
            properties.UserProperty = list(parcel.properties)
        topic = self._address.topic(parcel.channel)
        info = self._client.publish(topic, parcel.body, qos=1, retain=parcel.retain, properties=properties)
        # The return code says only that paho took it. Whether the broker did says the reason code of on_publish.
        self._tokens[info.mid] = parcel.token

    def _on_connect(
        self,
        _client: paho.Client,
        _data: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        props: Properties | None,
    ) -> None:
        self._connack = reason
        if reason.is_failure:
            self.ended = f"refused by the broker: {reason}"
        self._session_present = flags.session_present
        self._room = min(MOST_IN_FLIGHT, getattr(props, "ReceiveMaximum", MOST_IN_FLIGHT))
        self._most_octets = min(MAX_EVENT_BYTES, getattr(props, "MaximumPacketSize", 2**28) - HEADROOM)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _data: object,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _props: Properties | None,
    ) -> None:
        by = "broker" if flags.is_disconnect_packet_from_server else "network"
        self.ended = self.ended or f"{by}: {reason}"

    def _on_publish(
        self, _client: paho.Client, _data: object, mid: int, reason: ReasonCode, _props: Properties | None
    ) -> None:
        token = self._tokens.pop(mid, None)
        self._acknowledged_at = time.monotonic()
        if token is None:
            return
        if reason.is_failure:
            self._inbox.put(Rejected(token, str(reason)))
        else:
            self._inbox.put(Acknowledged(token, heard=reason.value != _NOBODY_SUBSCRIBES))

    def _on_subscribe(
        self, _client: paho.Client, _data: object, _mid: int, reasons: list[ReasonCode], _props: Properties | None
    ) -> None:
        self._subscribed = reasons
        for channel, reason in zip(SUBSCRIBED, reasons, strict=False):
            if reason.is_failure:
                log.warning("link.subscription_refused", topic=self._address.topic(channel), reason=str(reason))

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        parsed = parse_topic(message.topic)
        if parsed is not None and parsed[0] == self._address:
            self.fruitful = self.fruitful or parsed[1] is Channel.RECEIPTS
            self._inbox.put(Arrived(parsed[1], bytes(message.payload)))


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho types all but this constructor
