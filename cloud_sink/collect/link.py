"""The collector's MQTT connection: one thread, packets only enqueue, acknowledgements by hand.

The socket is read and written by the receive loop itself. So nothing else can reconnect between a commit and its
acknowledgement, and an acknowledgement never reaches a connection on which its message did not come.
"""

from __future__ import annotations

import random
import time
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import structlog

from cloud_sink.collect import mqtt5
from cloud_sink.collect.triage import Claim, claim
from cloud_sink.collect.wire import Wire, WireError
from edge.contract.errors import DeliveryError
from edge.contract.topics import Address, Channel, every_device, parse_topic

if TYPE_CHECKING:
    from cloud_sink.collect.wire import Login

KEEPALIVE = 30
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_LASTING = 3.0
_SUSPICIOUS = 4
_TAKEN_OVER = 0x8E
_FAILURE = 0x80
_PATIENCE = 5.0
"""Seconds until the broker has to answer CONNECT."""

_MOST_WAITING = 100_000
"""Receipts that wait for the broker; beyond them a device is not told, and asks again."""

_WISHED = (Channel.CONFIG, Channel.CONFIG_REPORTED)
"""Retained, and read by every collector, as `state` is."""

_parse_topic = lru_cache(maxsize=65_536)(parse_topic)
"""A device speaks again and again."""


class Message(NamedTuple):
    """One message as it came."""

    address: Address
    channel: Channel
    payload: bytes
    claimed: Claim | None
    mid: int
    qos: int
    connection: int  # the count of connections when it came
    cut: int = 0  # bytes of the payload that were not kept


class Link:
    """A connection that comes back by itself. Everything happens inside `turn`."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._wire: Wire | None = None
        self._inbox: deque[Message] = deque()
        self._connection = 0
        self._open = False
        self._taken_over = False
        self._granted: set[int] = set()
        self._asked: set[int] = set()
        self._wished: dict[int, Channel] = {}
        self._outgoing = Outgoing()
        self._wait = _FIRST_WAIT
        self._retry_at = 0.0
        self._answer_by = 0.0
        self._told = False
        self._refused = False
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
        if self._wire is None:
            self._reconnect(seconds)
            return
        try:
            self._outgoing.send(self._wire)
            for packet in self._wire.exchange(seconds):
                self._take(packet)
        except (WireError, mqtt5.ProtocolError) as error:
            self._lost(str(error))
        else:
            if not self._open and time.monotonic() > self._answer_by:
                self._lost("no answer to CONNECT")

    @property
    def waiting(self) -> bool:
        """Whether a message is there already."""
        return bool(self._inbox)

    def next(self) -> Message | None:
        """The next message that came."""
        return self._inbox.popleft() if self._inbox else None

    def ack(self, message: Message) -> None:
        """Acknowledge; nothing happens when its connection is gone, for then the broker sends it again."""
        if self._wire is not None and self._open and message.connection == self._connection and message.qos > 0:
            self._wire.write(mqtt5.puback(message.mid))

    def publish(self, address: Address, channel: Channel, payload: bytes) -> bool:
        """Send to a device, QoS 1, not retained; False when it cannot be sent: the device will ask again."""
        return self._open and self._outgoing.add(address.topic(channel), payload)

    def close(self) -> None:
        """Say goodbye; what was not acknowledged stays with the broker."""
        if self._wire is None:
            return
        try:
            self._outgoing.send(self._wire)
            self._wire.write(mqtt5.DISCONNECT)
            self._wire.finish(1.0)
        except WireError:
            pass  # the broker is gone already
        finally:
            self._drop()

    def _reconnect(self, seconds: float) -> None:
        left = self._retry_at - time.monotonic()
        if left > 0:
            time.sleep(min(left, seconds))
            return
        try:
            self._wire = Wire(self._login, KEEPALIVE)
        except WireError as error:
            self._lost(str(error))
            return
        self._answer_by = time.monotonic() + _PATIENCE

    def _lost(self, why: str) -> None:
        self._drop()
        self._count_brief()
        if not self._told:
            self._log.warning("broker.away", why=why)
            self._told = True
        self._retry_at = time.monotonic() + self._wait * random.uniform(0.5, 1.0)  # noqa: S311 - spreads reconnects
        self._wait = min(self._wait * 2, _LONGEST_WAIT)

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.close()
        self._wire, self._open = None, False
        self._outgoing = Outgoing()

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

    def _take(self, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.Publish):
            self._take_message(packet)
        elif isinstance(packet, mqtt5.Puback):
            self._outgoing.settle(packet.mid)
            self._tell_refusal(packet.code)
        elif isinstance(packet, mqtt5.Connack):
            self._take_connack(packet)
        elif isinstance(packet, mqtt5.Suback):
            self._take_suback(packet)
        elif isinstance(packet, mqtt5.Disconnect):
            self._taken_over = self._taken_over or packet.code == _TAKEN_OVER
            raise WireError(f"closed by the broker with code {packet.code:#04x}")

    def _tell_refusal(self, code: int) -> None:
        if code >= _FAILURE and not self._refused:
            self._refused = True
            self._log.error("broker.refused_receipt", code=f"{code:#04x}", mend="let collectors write to all topics")

    def _take_connack(self, packet: mqtt5.Connack) -> None:
        if self._wire is None:
            return
        if packet.code >= _FAILURE:
            raise WireError(f"refused with code {packet.code:#04x}")
        self._open = True
        self._connection += 1
        while len(self._inbox) > self._login.receive_maximum:  # of the connection before: what goes comes again
            self._inbox.popleft()
        self._since = time.monotonic()
        self._outgoing.window = packet.receive_maximum
        if packet.keep_alive is not None:
            self._wire.keep_alive = packet.keep_alive
        # Asked for on every connection, present session or not, and never awaited: a broker whose window is full
        # withholds its answer until messages are acknowledged.
        topics = (
            every_device(Channel.EVENTS, share=self._login.share),
            every_device(Channel.REPLIES, share=self._login.share),
            every_device(Channel.STATE),  # not shared: shared subscriptions get no retained messages
        )
        self._granted.clear()
        self._asked = set()
        for topic in topics:
            self._asked.add(self._subscribe(self._wire, topic))
        # Without these it is not known what devices are to be and what they say to that; events come all the same.
        self._wished = {self._subscribe(self._wire, every_device(one)): one for one in _WISHED}
        self._log.info("broker.connected", session_present=packet.session_present)
        self._told = False

    def _subscribe(self, wire: Wire, topic: str) -> int:
        mid = self._outgoing.reserve()
        wire.write(mqtt5.subscribe(mid, [topic]))
        return mid

    def _take_suback(self, packet: mqtt5.Suback) -> None:
        if not any(code >= _FAILURE for code in packet.codes):
            self._granted.add(packet.mid)
        elif packet.mid in self._wished:
            mend = "let collectors read it: sink broker-files"
            self._log.warning("broker.refused_subscription", channel=self._wished[packet.mid], mend=mend)
        else:
            self._log.error("broker.refused_subscription", codes=list(packet.codes))

    def _take_message(self, packet: mqtt5.Publish) -> None:
        parsed = _parse_topic(packet.topic)
        if parsed is None:  # a name outside the agreement: no device can be answered there
            if self._wire is not None and packet.qos:
                self._wire.write(mqtt5.puback(packet.mid))
            return
        address, channel = parsed
        if not packet.qos and len(self._inbox) >= self._login.receive_maximum:
            return  # it was promised to nobody, and what has QoS is bounded by the window
        claimed = _claim(packet.properties)
        self._inbox.append(
            Message(address, channel, packet.payload, claimed, packet.mid, packet.qos, self._connection, packet.cut)
        )


def _claim(properties: bytes) -> Claim | None:
    try:
        named = mqtt5.user_properties(properties)
    except mqtt5.ProtocolError:  # the sender's: a connection that is given up for it would only get it again
        return None
    return claim(named.get("epoch"), named.get("seq"))


class Outgoing:
    """What is published: no more on its way than the broker takes at once, in the order it was given."""

    def __init__(self) -> None:
        self.window = 1
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._under_way: set[int] = set()
        self._last = 0

    def add(self, topic: str, payload: bytes) -> bool:
        """Put a message in the queue; False when it is full."""
        if len(self._waiting) >= _MOST_WAITING:
            return False
        self._waiting.append((topic, payload))
        return True

    def send(self, wire: Wire) -> None:
        """Write as much as the broker's window lets through."""
        while self._waiting and len(self._under_way) < self.window:
            topic, payload = self._waiting.popleft()
            mid = self.reserve()
            self._under_way.add(mid)
            wire.write(mqtt5.publish(mid, topic, payload))

    def settle(self, mid: int) -> None:
        """The broker has it."""
        self._under_way.discard(mid)

    def reserve(self) -> int:
        """A packet identifier that is not in use."""
        while True:
            self._last = self._last % 65_535 + 1
            if self._last not in self._under_way:
                return self._last
