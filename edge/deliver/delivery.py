"""Delivery: from the outbox over the link to the collector, and back come receipts and commands.

One thread owns the sending. It sleeps on one queue, into which the link puts its notices and the agent its `wake`.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from edge.contract.errors import DeliveryError
from edge.contract.receipts import Receipt
from edge.contract.topics import Channel
from edge.deliver.commands import CommandDesk, utc_now
from edge.deliver.link import Link
from edge.deliver.notices import Acknowledged, Arrived, Down, Notice, Parcel, Rejected, Up, Wake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from edge.contract.receipts import Command, Reply
    from edge.deliver.outbox import Outbox
    from edge.deliver.settings import BrokerSettings, LinkTimes

log = structlog.get_logger(__name__)

IDLE_SECONDS = 1.0
"""The longest sleep. What became due meanwhile, or was appended without a `wake`, goes then."""

MOST_NOTICES = 500
"""Notices handled before sending goes on; their receipts share one transaction."""

MOST_UNACKNOWLEDGED = 512
"""Messages handed to the link without a PUBACK. Repeats for a broker that gives none must not pile up in memory."""


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """How the delivery does, for the health event and `edge status`."""

    running: bool = False
    connected: bool = False
    error: str = ""  # of the last connection that failed; empty while connected
    rejected: int = 0  # messages the broker refused since the start
    rejection: str = ""  # why it refused the last one
    stored: int = 0  # events receipted since the start
    refused: int = 0  # events the collector put into quarantine since the start
    silent: float = 0.0  # seconds since the last sign of life of the slower of its two threads


class Delivery:
    """Sends what the outbox holds, for as long as it runs.

    Args:
        outbox: the events.
        broker: where to send them.
        boot: the id of this boot.
        times: how long the link waits for what.
        now: the wall clock, for the expiry of commands.
        heard: is told when receipts came, with the collector's own time where it gives one.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        broker: BrokerSettings,
        boot: str,
        times: LinkTimes | None = None,
        now: Callable[[], datetime] = utc_now,
        heard: Callable[[datetime | None], None] | None = None,
    ) -> None:
        self._outbox = outbox
        self._heard = heard
        self._inbox: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._desk = CommandDesk(outbox, now=now)
        self._link = Link(
            settings=broker,
            address=outbox.address,
            boot=boot,
            epoch=lambda: outbox.epoch,
            inbox=self._inbox,
            times=times,
        )
        self._up: Up | None = None
        self._unacknowledged: dict[int, tuple[int, ...]] = {}  # rows of each event message the broker has not taken
        self._token = 0
        self._reported: bytes | None = None
        self._desired: bytes | None = None
        self._status = DeliveryStatus()
        self._disk_failing = False
        self._announced = outbox.epoch
        self._turned = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    @property
    def commands(self) -> queue.Queue[Command]:
        """Commands for the agent, each once. Answer every one with `reply`."""
        return self._desk.pending

    @property
    def status(self) -> DeliveryStatus:
        """How it does now."""
        running = self._thread.is_alive() and self._link.running
        silent = time.monotonic() - min(self._turned, self._link.turned)
        return replace(self._status, running=running, connected=running and self._status.connected, silent=silent)

    @property
    def desired_config(self) -> bytes | None:
        """The configuration the collector last asked for; None when it has not spoken."""
        return self._desired

    def start(self) -> None:
        """Begin to connect and to send."""
        self._link.start()
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """Wait until everything is receipted, at most `timeout` seconds, then say `offline` and disconnect.

        Returns:
            Whether nothing was left waiting. What was left stays in the outbox.
        """
        deadline = time.monotonic() + timeout
        while (left := self._outbox.depth) and time.monotonic() < deadline:
            self.wake()
            self._stopping.wait(min(0.05, max(0.0, deadline - time.monotonic())))
        self._stopping.set()
        self.wake()
        self._thread.join(max(1.0, deadline - time.monotonic()))
        self._link.stop(max(5.0, deadline - time.monotonic()))
        return left == 0

    def wake(self) -> None:
        """Something was appended."""
        self._inbox.put(Wake())

    def reply(self, reply: Reply) -> None:
        """Answer a command. Later answers to the same id are the first one."""
        self._send_now(Channel.REPLIES, self._desk.settle(reply).model_dump_json().encode())

    def report_config(self, body: bytes) -> None:
        """Say which configuration is in force; it is said again after every reconnect."""
        self._reported = body
        self._send_now(Channel.CONFIG_REPORTED, body, retain=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._turned = time.monotonic()
            self._handle(self._notices())
            self._outbox.tend()
            if self._outbox.epoch != self._announced:  # the outbox is another one now
                self._announced = self._outbox.epoch
                self._link.announce()
            if self._up is not None and len(self._unacknowledged) < MOST_UNACKNOWLEDGED:
                self._send_due(self._up)

    def _notices(self) -> list[Notice]:
        due = self._outbox.next_due() if self._up is not None else None
        wait = IDLE_SECONDS if due is None else min(IDLE_SECONDS, max(0.01, due - time.monotonic()))
        try:
            notices = [self._inbox.get(timeout=wait)]
        except queue.Empty:
            return []
        while len(notices) < MOST_NOTICES:
            try:
                notices.append(self._inbox.get_nowait())
            except queue.Empty:
                break
        return notices

    def _handle(self, notices: Iterable[Notice]) -> None:
        receipts = []
        for notice in notices:
            match notice:
                case Arrived(channel=Channel.RECEIPTS, body=body):
                    receipts += _read_receipt(body)
                case Arrived(channel=Channel.COMMANDS, body=body):
                    self._command(body)
                case Arrived(channel=Channel.CONFIG, body=body):
                    self._desired = body
                case Up():
                    self._connected(notice)
                case Down(reason=reason):
                    self._disconnected(reason)
                case Acknowledged():
                    self._acknowledged(notice)
                case Rejected(token=token, reason=reason):
                    self._unacknowledged.pop(token, None)
                    self._rejected(reason)
        if receipts:
            self._settle(receipts)

    def _connected(self, up: Up) -> None:
        self._up = up
        self._status = replace(self._status, connected=True, error="")
        if self._reported is not None:
            self._send_now(Channel.CONFIG_REPORTED, self._reported, retain=True)

    def _disconnected(self, reason: str) -> None:
        self._up = None
        self._status = replace(self._status, connected=False, error=reason)
        self._outbox.lost(row for rows in self._unacknowledged.values() for row in rows)
        self._unacknowledged.clear()

    def _acknowledged(self, notice: Acknowledged) -> None:
        rows = self._unacknowledged.pop(notice.token, ())
        if not notice.heard:
            self._outbox.unheard(rows)

    def _settle(self, receipts: list[Receipt]) -> None:
        try:
            taken = self._outbox.take_receipts(receipts)
        except DeliveryError as error:
            self._disk(error)  # the events stay; they are sent and receipted again
            return
        self._status = replace(
            self._status,
            stored=self._status.stored + taken.stored,
            refused=self._status.refused + len(taken.refused),
        )
        for refusal in taken.refused:
            log.warning("event.refused", seq=refusal.seq, reason=refusal.reason, detail=refusal.detail)
        if taken.any and self._heard is not None:
            self._heard(max((receipt.at for receipt in receipts if receipt.at is not None), default=None))

    def _command(self, body: bytes) -> None:
        try:
            reply = self._desk.take(body)
        except DeliveryError as error:
            self._disk(error)  # unanswered, so the collector sends it again
            return
        if reply is not None:
            self._send_now(Channel.REPLIES, reply.model_dump_json().encode())

    def _rejected(self, reason: str) -> None:
        if not self._status.rejected:
            log.warning("link.publish_refused", reason=reason, mend="let this device publish to its events topic")
        self._status = replace(self._status, rejected=self._status.rejected + 1, rejection=reason)

    def _send_due(self, up: Up) -> None:
        try:
            batches = self._outbox.due(most_octets=up.most_octets)
        except DeliveryError as error:
            self._disk(error)
            return
        self._disk_works()
        for batch in batches:
            self._token += 1
            self._unacknowledged[self._token] = batch.rows
            self._link.send(
                Parcel(self._token, up.connection, Channel.EVENTS, batch.body, properties=tuple(batch.properties))
            )

    def _send_now(self, channel: Channel, body: bytes, *, retain: bool = False) -> None:
        """Send what needs no outbox; while there is no connection it is not sent, and asked for or said again."""
        if (up := self._up) is not None:
            self._link.send(Parcel(0, up.connection, channel, body, retain))

    def _disk(self, error: DeliveryError) -> None:
        if not self._disk_failing:
            self._disk_failing = True
            log.warning("delivery.outbox_failing", error=str(error))

    def _disk_works(self) -> None:
        if self._disk_failing:
            self._disk_failing = False
            log.info("delivery.outbox_back")


def _read_receipt(body: bytes) -> list[Receipt]:
    try:
        return [Receipt.model_validate_json(body)]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        log.warning("receipt.invalid", error=first["msg"])
        return []
