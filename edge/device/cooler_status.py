"""What a cooler measures itself, read from a file or over MQTT and told at intervals, and at once when it changes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from edge.contract.config import StatusFile
from edge.contract.errors import SourceError
from edge.device.door import append
from edge.device.sensor_words import read_status

if TYPE_CHECKING:
    import threading

    from edge.contract.config import StatusSection
    from edge.contract.payloads import CoolerStatus
    from edge.deliver.sensors import SensorFeed
    from edge.device.surroundings import Surroundings

log = structlog.get_logger(__name__)

TICK = 1.0
"""Seconds between two looks: power that fails is told at once."""

MOST_BYTES = 64 * 1024
"""Of a status file."""


class StatusWatch:
    """Watches what one cooler says of itself.

    Args:
        fixture: the cooler.
        section: its configuration.
        around: outbox and clock.
        feed: of the sensors' broker; None where a file is read.
    """

    def __init__(
        self, fixture: str, section: StatusSection, *, around: Surroundings, feed: SensorFeed | None = None
    ) -> None:
        self.name = f"status-{fixture}"
        self._fixture = fixture
        self._section = section
        self._around = around
        self._feed = feed
        self._known: CoolerStatus | None = None
        self._heard = 0.0  # monotonic seconds, as the next
        self._told_at: float | None = None
        self._told: CoolerStatus | None = None
        self._failing = ""

    def run(self, stop: threading.Event) -> None:
        """See `edge.device.door.Watcher`."""
        while not stop.is_set():
            self._hear(stop)
            now = time.monotonic()
            known = self._known
            if known is None or now - self._heard > self._section.stale:
                continue
            due = self._told_at is None or now - self._told_at >= self._section.every
            if due or self._turned(known):
                append(self._around, self._around.clock.now(), known)
                self._told, self._told_at = known, now

    def _turned(self, known: CoolerStatus) -> bool:
        """Whether power or light is otherwise than it was told."""
        told = self._told
        return told is not None and (known.power, known.light) != (told.power, told.light)

    def _hear(self, stop: threading.Event) -> None:
        try:
            said = self._read(stop)
        except (OSError, SourceError) as error:
            what = error.strerror if isinstance(error, OSError) else str(error)
            if self._failing != what:
                log.warning("cooler_status.failing", fixture=self._fixture, error=what)
            self._failing = what or "?"
            stop.wait(TICK)
            return
        if said is None:
            return
        self._known, self._heard = said
        if self._failing:
            log.info("cooler_status.back", fixture=self._fixture)
            self._failing = ""

    def _read(self, stop: threading.Event) -> tuple[CoolerStatus, float] | None:
        """What is said now, and since when; None for nothing new."""
        source = self._section.source
        if isinstance(source, StatusFile):
            stop.wait(TICK)
            age = max(0.0, time.time() - source.path.stat().st_mtime)  # a file's time is of the wall clock
            with source.path.open("rb") as file:
                body = file.read(MOST_BYTES)
        else:
            assert self._feed is not None
            word = self._feed.next(source.topic, TICK)
            if word is None:
                return None
            age, body = 0.0, word.body
        status = read_status(body.decode("utf-8", errors="replace"), fixture=self._fixture, fields=self._section.fields)
        if (status.cabinet_celsius, status.power, status.light) == (None, None, None):
            raise SourceError(
                f"the status of {self._fixture} says nothing of temperature, power or light",
                "name its keys in fixtures.status.fields",
            )
        return status, time.monotonic() - age
