"""Empties the queue: webhooks signed and tried again, alerts said by Apprise. A thread of the service.

Each outlet is served alone, so that a receiver that is slow or fails holds up nobody else. One that fails pauses: the
next message tries for all that wait.
"""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from cloud_sink.out import signing
from cloud_sink.out.post import Outcome, post
from cloud_sink.store import outgoing
from cloud_sink.store.database import DatabaseAway, reading, writing

if TYPE_CHECKING:
    from cloud_sink.fleet.alert_settings import WebhookSection
    from cloud_sink.out.channels import Channels
    from cloud_sink.out.watch import Watch
    from cloud_sink.store.database import Database

BACK_OFF = tuple(timedelta(seconds=one) for one in (5, 60, 300, 1800, 7200, 18_000, 36_000))
"""After each failure how long a message waits; then the last for as long as `webhooks.give_up` says."""

PAUSES = BACK_OFF[:3]
"""After each failure in a row how long its outlet is left alone: a receiver that is back is soon found."""

_LEASE = timedelta(minutes=5)
"""How long a message that is being sent is left alone by others: longer than a batch of slow tries."""

_BATCH = 10
_AT_ONCE = 32
_REST = 1.0
"""Seconds between looks at the queue."""

_TRIM = timedelta(minutes=1)
"""How often what waits too long, or is too much, is dropped."""

_log = structlog.get_logger()


class Sender:
    """Sends what is due until it is stopped.

    Args:
        engine: the database.
        settings: how webhooks are sent.
        channels: where alerts are said.
        watch: the rules of alerts, looked at beside sending.
    """

    def __init__(self, engine: Database, settings: WebhookSection, channels: Channels, watch: Watch | None) -> None:
        self._engine = engine
        self._settings = settings
        self._channels = channels
        self._watch = watch
        self._trimmed: datetime | None = None
        self._served: dict[str, Future[None]] = {}
        self._troubles: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="send")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the messages in hand."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(20)
        self._pool.shutdown(cancel_futures=True)

    def turn(self, now: datetime) -> None:
        """Look at the alerts, send what is due, and wait until it is sent.

        Raises:
            DatabaseAway: what was not sent is sent later.
        """
        self._look(now)
        for one in list(self._served.values()):
            one.result()

    def _look(self, now: datetime) -> None:
        """Look at the alerts, and have every outlet served for which something is due and nobody at work."""
        if self._watch is not None:
            self._watch.look(now)
        if self._trimmed is None or now - self._trimmed >= _TRIM:
            self._trim(now)
            self._trimmed = now
        with reading(self._engine) as connection:
            due = [one for one in outgoing.due_outlets(connection, now) if one != outgoing.ALERTS]
        for outlet in due:
            if outlet not in self._served or self._served[outlet].done():
                self._served[outlet] = self._pool.submit(self._serve, outlet, now)

    def _trim(self, now: datetime) -> None:
        before = now - timedelta(seconds=self._settings.give_up)
        with writing(self._engine) as connection:
            dropped = outgoing.trim(connection, before=before, most=self._settings.most_waiting)
        for outlet, count in dropped.items():
            _log.error("delivery.dropped", outlet=outlet, messages=count, why="they waited too long, or were too many")

    def _serve(self, outlet: str, now: datetime) -> None:
        """Send all that is due of an outlet, as long as it is taken."""
        began = time.monotonic()
        try:
            while self._send_some(outlet, now + timedelta(seconds=time.monotonic() - began)):
                pass
        except DatabaseAway:
            pass  # `_look` says so; what was taken is due again when its lease ends
        except Exception:  # noqa: BLE001 - it is logged, and every other outlet goes on
            _log.exception("delivery.broke", outlet=outlet)

    def _send_some(self, outlet: str, now: datetime) -> bool:
        """Send a batch; whether there may be more."""
        began = time.monotonic()
        with writing(self._engine) as connection:
            to = outgoing.find_outlet(connection, outlet)
            messages = outgoing.claim(connection, outlet, now, now + _LEASE, _BATCH)
        if to is None or not messages:
            return False
        while messages and not self._stop.is_set():
            message = messages.pop(0)
            outcome = self._send(to, message)
            self._note(to, message, outcome, now + timedelta(seconds=time.monotonic() - began))
            if not outcome.arrived:
                break
        else:
            return not self._stop.is_set()
        with writing(self._engine) as connection:
            outgoing.release(connection, [one.id for one in messages], now)
        return False

    def _send(self, to: outgoing.Outlet, message: outgoing.Outgoing) -> Outcome:
        try:
            if to.kind == "channel":
                return self._channels.say(to.id, message.body.decode())
            if to.disabled:
                return Outcome(arrived=False, gone=True, why=to.trouble)
            body = payload(message)
            headers = signing.headers(to.secret, message.target, datetime.now(UTC), body)
            return post(to.url, body, headers, allow_private=self._settings.allow_private)
        except Exception as error:  # noqa: BLE001 - whatever a receiver or a library comes up with ends nobody else's messages
            _log.exception("delivery.broke", outlet=to.id, target=message.target)
            return Outcome(arrived=False, why=f"the sink failed: {type(error).__name__}")

    def _note(self, to: outgoing.Outlet, message: outgoing.Outgoing, outcome: Outcome, now: datetime) -> None:
        with writing(self._engine) as connection:
            if outcome.arrived:
                outgoing.delivered(connection, [message.id])
                outgoing.note_success(connection, to.id)
            elif outcome.gone:
                outgoing.disable(connection, to.id, outcome.why)
            else:
                failures = (outgoing.find_outlet(connection, to.id) or to).failures
                pause = PAUSES[min(failures, len(PAUSES) - 1)]
                if to.kind == "channel":  # alerts keep their order: an end is not said before its beginning
                    outgoing.release(connection, [message.id], now)
                else:
                    wait = BACK_OFF[min(message.attempts, len(BACK_OFF) - 1)]
                    outgoing.postpone(connection, message.id, now + wait)
                outgoing.note_failure(connection, to.id, outcome.why, now + pause)
        if outcome.arrived and to.id in self._troubles:
            self._troubles.discard(to.id)
            _log.info("delivery.works", outlet=to.id)
        elif not outcome.arrived and to.id not in self._troubles:
            self._troubles.add(to.id)
            _log.warning("delivery.failed", outlet=to.id, target=message.target, why=outcome.why)

    def _run(self) -> None:
        failing = False
        while not self._stop.is_set():
            try:
                self._look(datetime.now(UTC))
                failing = False
            except DatabaseAway as error:
                if not failing:
                    _log.warning("sender.waits", why=str(error))
                failing = True
            except Exception:  # noqa: BLE001 - a rule or an event nobody thought of: everything else goes on
                if not failing:
                    _log.exception("sender.failed")
                failing = True
            self._stop.wait(_REST)


def payload(message: outgoing.Outgoing) -> bytes:
    """What a webhook gets: the event as the device sent it, in the standard's envelope."""
    event = json.loads(message.body)
    content = {"type": message.type, "timestamp": message.queued.isoformat(), "data": event}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
