"""The link to the broker: MQTT 5 on paho, one thread, a new client for every connection.

paho keeps what it has not sent in memory and would send it again after a reconnect, and its mids start anew with each
client. So nothing here outlives its connection: what the broker had not acknowledged when a connection broke is handed
back, and the outbox decides. The network loop is driven here rather than by paho's own thread, which waits for
outstanding acknowledgements when it is told to stop, for ever if the broker went silent.
"""

from __future__ import annotations

import random
import secrets
import socket
import ssl
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import structlog

from edge.contract.errors import DeliveryError
from edge.contract.receipts import DeviceState
from edge.contract.topics import Channel
from edge.deliver.conversation import Conversation
from edge.deliver.notices import Down, Notice, Parcel
from edge.deliver.settings import BrokerSettings, LinkTimes, TlsSettings

if TYPE_CHECKING:
    import queue
    from collections.abc import Callable

    from edge.contract.topics import Address

log = structlog.get_logger(__name__)

STEADY_SECONDS = 10.0
"""A connection that held this long was a good one: the next attempt starts with a short wait again."""


class Link:
    """Keeps one connection to the broker, for as long as it runs.

    Args:
        settings: the broker.
        address: the device; its name is the MQTT client id.
        boot: the id of this boot.
        epoch: tells the outbox's current epoch, for the words on `state`.
        inbox: where notices go.
        times: how long to wait for what.
    """

    def __init__(
        self,
        *,
        settings: BrokerSettings,
        address: Address,
        boot: str,
        epoch: Callable[[], str],
        inbox: queue.SimpleQueue[Notice],
        times: LinkTimes | None = None,
    ) -> None:
        self._settings = settings
        self._address = address
        self._boot = boot
        self._epoch = epoch
        self._inbox = inbox
        self._times = times or LinkTimes()
        if settings.tls is not None:
            tls_context(settings.tls)  # what is wrong with it is said now
        self._outbound: deque[Parcel] = deque()
        self._ring, self._bell = socket.socketpair()
        self._ring.setblocking(False)
        self._bell.setblocking(False)
        self._stopping = threading.Event()
        self._announce = threading.Event()
        self._failing = False
        self._ready_at = 0.0
        self.turned = time.monotonic()
        """The last sign of life of its thread. It may be older by what resolving a name and connecting take."""
        self._rng = random.Random()  # noqa: S311 - jitter, no secret
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    @property
    def running(self) -> bool:
        """Whether its thread lives."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Say `offline` and disconnect; whether that was done within `timeout` seconds."""
        self._stopping.set()
        self._wake()
        self._thread.join(timeout)
        done = not self._thread.is_alive()
        if done:
            self._ring.close()
            self._bell.close()
        return done

    def send(self, parcel: Parcel) -> None:
        """Hand over a message. What becomes of it comes as a notice; with its connection's `Down` it is void."""
        self._outbound.append(parcel)
        self._wake()

    def announce(self) -> None:
        """Say `born` once more: the outbox has begun a new epoch."""
        self._announce.set()
        self._wake()

    def _wake(self) -> None:
        try:
            self._ring.send(b"!")
        except (BlockingIOError, OSError):
            return  # it rings already, or the link has ended

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            reason, fruitful = self._converse(secrets.token_hex(8))
            if self._stopping.is_set():
                return
            # On a network that comes and goes every second a connection is good when it brought receipts.
            failures = 0 if fruitful or time.monotonic() - began > STEADY_SECONDS else failures + 1
            if not self._failing:
                self._failing = True
                log.warning("link.down", broker=f"{self._settings.host}:{self._settings.port}", reason=reason)
            self.turned = time.monotonic()
            self._stopping.wait(self._pause(failures))

    def _pause(self, failures: int) -> float:
        longest = min(self._times.backoff_first * 2.0 ** min(failures, 16), self._times.backoff_longest)
        return longest * (0.5 + 0.5 * self._rng.random())  # a fleet must not come back in step

    def _converse(self, connection: str) -> tuple[str, bool]:
        try:  # read anew each time: a certificate is exchanged while the agent runs
            tls = None if self._settings.tls is None else tls_context(self._settings.tls)
        except DeliveryError as error:
            self._inbox.put(Down(connection, error.what))
            return error.what, False
        talk = Conversation(
            connection=connection,
            settings=self._settings,
            tls=tls,
            times=self._times,
            address=self._address,
            will=self._state("lost", connection),
            born=self._state("born", connection),
            inbox=self._inbox,
        )
        try:
            talk.open()
            while talk.ended is None and not self._stopping.is_set():
                self._step(talk)
            if self._stopping.is_set():
                self._farewell(talk)
        except OSError as error:
            talk.ended = str(error) or type(error).__name__
        except Exception as error:
            # paho raises what it likes on a packet it cannot read: that costs the connection, not the link.
            log.exception("link.broken_packet")
            talk.ended = repr(error)
        reason = talk.ended or "stopped"
        talk.close()
        self._inbox.put(Down(connection, reason))
        return reason, talk.fruitful

    def _step(self, talk: Conversation) -> None:
        self.turned = time.monotonic()
        was_ready = talk.ready
        talk.step(self._outbound, self._bell)
        if talk.ready and not was_ready:
            self._ready_at = self.turned
        if talk.ready and self._failing and self.turned - self._ready_at >= STEADY_SECONDS:
            self._failing = False  # told only now, or a network that flaps would fill the log
            log.info("link.up", broker=f"{self._settings.host}:{self._settings.port}")
        if talk.ready and self._announce.is_set():
            self._announce.clear()
            talk.say(Channel.STATE, self._state("born", talk.connection), retain=True)

    def _farewell(self, talk: Conversation) -> None:
        if talk.ended is not None or not talk.ready:
            return
        talk.say(Channel.STATE, self._state("offline", talk.connection), retain=True)
        deadline = time.monotonic() + self._times.farewell
        while talk.unacknowledged and talk.ended is None and time.monotonic() < deadline:
            talk.step(deque(), self._bell)

    def _state(self, state: Literal["born", "offline", "lost"], connection: str) -> bytes:
        at = None if state == "lost" else datetime.now(UTC)
        word = DeviceState(state=state, connection=connection, epoch=self._epoch(), boot=self._boot, at=at)
        return word.model_dump_json(exclude_none=True).encode()


def tls_context(tls: TlsSettings) -> ssl.SSLContext:
    """TLS as the settings want it.

    Raises:
        DeliveryError: a file that is missing or is no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:  # ssl.SSLError is one
        files = ", ".join(str(file) for file in (tls.ca, tls.certificate, tls.key) if file is not None)
        raise DeliveryError(f"broker TLS: {files}: {error}", "give PEM files that exist and belong together") from None
    return context
