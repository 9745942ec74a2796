"""One simulated device's connection: MQTT 5 over its own socket, with its own client id, subscriptions and window.

The socket never blocks; the crowd says when it can be read or written.
"""

from __future__ import annotations

import errno
import math
import random
import secrets
import socket
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING

from cloud_sink.collect import mqtt5
from edge.contract.events import MAX_EVENT_BYTES
from edge.contract.receipts import Command, DeviceState, Receipt
from edge.contract.topics import Channel
from edge.deliver.conversation import HEADROOM, MOST_IN_FLIGHT, SUBSCRIBED
from edge.deliver.settings import LinkTimes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from edge.deliver.batches import Batch
    from fleet.tally import Tally
    from fleet.unit import Unit

TIMES = LinkTimes()
STEADY_SECONDS = 10.0
_CHUNK = 64 * 1024
_CONNECTING = {0, errno.EINPROGRESS, errno.EWOULDBLOCK}


class Stage(Enum):
    """How far a connection is."""

    DOWN = auto()
    CONNECTING = auto()  # TCP and CONNECT are under way
    READY = auto()  # the broker granted the subscriptions


class Line:
    """A device and its connection.

    Args:
        unit: its outbox.
        port: the broker's, on loopback.
        tally: where the fleet counts.
        doubles: one message of so many comes again behind those that follow it.
        seed: for the jitter of its reconnects.
    """

    def __init__(self, unit: Unit, *, port: int, tally: Tally, doubles: int, seed: int) -> None:
        self.unit = unit
        self.stage = Stage.DOWN
        self.wanted = False  # whether it has a network
        self.retry_at = 0.0
        self.fd = -1
        self._port = port
        self._tally = tally
        self._doubles = doubles
        self._rng = random.Random(seed)  # noqa: S311 - jitter, no secret
        self._socket: socket.socket | None = None
        self._reader = mqtt5.Reader()
        self._unsent = bytearray()
        self._connection = ""
        self._mid = 0
        self._room = MOST_IN_FLIGHT
        self._in_flight: dict[int, tuple[int, ...]] = {}  # the numbers in each message without a PUBACK
        self._queue: deque[Batch] = deque()
        self._echoes: list[Batch] = []
        self._failures = 0
        self._since = self._said_at = 0.0

    @property
    def writing(self) -> bool:
        """Whether something waits for the socket."""
        return bool(self._unsent)

    @property
    def idle(self) -> bool:
        """Whether the broker has acknowledged everything."""
        return not self._in_flight and not self._queue and not self._unsent

    def connect(self, now: float) -> None:
        """Begin a connection."""
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fd = self._socket.fileno()
        self.stage, self._since, self._said_at = Stage.CONNECTING, now, now
        self._reader, self._connection = mqtt5.Reader(), secrets.token_hex(8)
        hello = mqtt5.connect(
            self.unit.address.device,
            keep_alive=TIMES.keepalive,
            clean_start=True,
            session_seconds=0,
            receive_maximum=65_535,
        )
        if self._socket.connect_ex(("127.0.0.1", self._port)) in _CONNECTING:
            self._unsent += hello
        else:
            self.drop(now)

    def drop(self, now: float) -> None:
        """The connection is gone: what the broker had not acknowledged is sent again, the next try waits a little."""
        if self._socket is not None:
            self._socket.close()
        self._failures = 0 if now - self._since > STEADY_SECONDS else self._failures + 1
        self._socket, self.fd, self.stage = None, -1, Stage.DOWN
        waiting = [seq for seqs in self._in_flight.values() for seq in seqs]
        waiting += [seq for batch in self._queue for seq in batch.rows]
        self.unit.cut_off(waiting, now=now)
        self._in_flight.clear()
        self._queue.clear()
        self._unsent.clear()
        longest = min(TIMES.backoff_first * 2.0 ** min(self._failures, 16), TIMES.backoff_longest)
        self.retry_at = now + longest * (0.5 + 0.5 * self._rng.random())

    def read(self, now: float) -> None:
        """Take what came."""
        assert self._socket is not None
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._tally.octets_in += len(data)
        if not data:
            self.drop(now)
            return
        for packet in self._reader.feed(data):
            self._take(packet, now)
            if self.stage is Stage.DOWN:
                return
        self.flush(now)

    def flush(self, now: float) -> None:
        """Hand over what is due and there is room for, and write as much as the socket takes."""
        if self.stage is Stage.READY:
            due = self.unit.due(now=now, most_octets=MAX_EVENT_BYTES - HEADROOM)
            if due:
                self._queue.extend((*due, *self._echoes))
                self._echoes = [batch for batch in due if self._rng.random() * self._doubles < 1]
                self._tally.doubled += len(self._echoes)
            while self._queue and len(self._in_flight) < self._room:
                self._send_events(self._queue.popleft(), now)
        self.write(now)

    def write(self, now: float) -> None:
        """Write as much as the socket takes."""
        if not self._unsent or self._socket is None:
            return
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ENOTCONN:  # else TCP is still being set up
                self.drop(now)
            return
        self._tally.octets_out += sent
        self._said_at = now
        del self._unsent[:sent]

    def due_at(self) -> float:
        """When something is to be done although nothing comes."""
        if self.stage is Stage.DOWN:
            return self.retry_at if self.wanted else math.inf
        if self.stage is Stage.CONNECTING:
            return self._since + TIMES.connack
        repeat = self.unit.next_due()
        ping = self._said_at + TIMES.keepalive
        return ping if repeat is None else min(ping, repeat)

    def tend(self, now: float) -> None:
        """Do what is due."""
        if self.stage is Stage.CONNECTING and now - self._since >= TIMES.connack:
            self.drop(now)
        elif self.stage is Stage.READY:
            self.flush(now)
            if self._socket is not None and now - self._said_at >= TIMES.keepalive:
                self._unsent += mqtt5.PINGREQ
                self.write(now)

    def leave(self, now: float) -> None:
        """Say goodbye."""
        self._say_state("offline")
        self._unsent += mqtt5.DISCONNECT
        self.write(now)

    def _take(self, packet: mqtt5.Packet, now: float) -> None:
        if isinstance(packet, mqtt5.Publish):
            self._unsent += mqtt5.puback(packet.mid)
            self._take_message(packet, now)
        elif isinstance(packet, mqtt5.Puback):
            self._in_flight.pop(packet.mid, None)
        elif isinstance(packet, mqtt5.Connack) and not packet.code:
            self._room = min(MOST_IN_FLIGHT, packet.receive_maximum)
            self._say_state("born")
            topics = [self.unit.address.topic(channel) for channel in SUBSCRIBED]
            self._unsent += mqtt5.subscribe(self._next_mid(), topics)
        elif isinstance(packet, mqtt5.Suback):
            self.stage = Stage.READY
            self._tally.connected += 1
        elif isinstance(packet, mqtt5.Connack | mqtt5.Disconnect):
            self.drop(now)

    def _take_message(self, packet: mqtt5.Publish, now: float) -> None:
        if packet.topic.endswith(Channel.RECEIPTS):
            self._tally.receipts += 1
            settled = self.unit.take_receipt(Receipt.model_validate_json(packet.payload), now=now)
            self._tally.settled(self.unit, settled, now)
        elif packet.topic.endswith(Channel.COMMANDS):
            reply = self.unit.take_command(Command.model_validate_json(packet.payload), now=now)
            self._publish(Channel.REPLIES, reply.model_dump_json().encode())

    def _send_events(self, batch: Batch, now: float) -> None:
        self._tally.sent(self.unit, batch, now)
        mid = self._publish(Channel.EVENTS, batch.body, named=batch.properties)
        self._in_flight[mid] = batch.rows

    def _say_state(self, state: Literal["born", "offline"]) -> None:
        word = DeviceState(state=state, connection=self._connection, epoch=self.unit.epoch, boot="0" * 32)
        self._publish(Channel.STATE, word.model_dump_json(exclude_none=True).encode(), retain=True)

    def _publish(
        self, channel: Channel, body: bytes, *, retain: bool = False, named: Iterable[tuple[str, str]] = ()
    ) -> int:
        mid = self._next_mid()
        self._in_flight[mid] = ()
        topic = self.unit.address.topic(channel)
        self._unsent += mqtt5.publish(mid, topic, body, retain=retain, named=list(named))
        self._tally.messages += 1
        return mid

    def _next_mid(self) -> int:
        while True:
            self._mid = self._mid % 65_535 + 1
            if self._mid not in self._in_flight:
                return self._mid
