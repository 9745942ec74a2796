"""When an event happened. Pure: clocks and arrivals come in as arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cloud_sink.store.facts import Dated, Place
from edge.contract.business_day import Clockwork, business_day, hour_of_day, opening
from edge.contract.payloads import TrafficCounted

if TYPE_CHECKING:
    from edge.contract.events import AnyEvent, Event

AHEAD = timedelta(minutes=5)
"""A clock further ahead than this is wrong, whatever it says of itself."""

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No device of this agreement is older; a clock before this was never set."""

LONGEST_INTERVAL = timedelta(days=31)
"""A traffic interval that begins further from its event's time than this cannot be placed by its beginning."""


@dataclass(frozen=True, slots=True)
class BootClock:
    """When a boot began, by one synced event of it.

    Of several such events the one nearest to the boot decides, so that the order of arrival does not.
    """

    began: datetime
    up: int  # seconds since boot of the event that said so
    epoch: str
    seq: int

    def before(self, other: BootClock | None) -> bool:
        """Whether this one decides rather than `other`."""
        return other is None or (self.up, self.epoch, self.seq) < (other.up, other.epoch, other.seq)


def is_synced(event: Event, received: datetime) -> bool:
    """Whether its clock can be believed."""
    return event.clock == "synced" and EARLIEST <= event.time <= received + AHEAD


def boot_clock(event: Event) -> BootClock:
    """What a synced event says of its boot."""
    return BootClock(began=event.time - timedelta(seconds=event.up), up=event.up, epoch=event.epoch, seq=event.seq)


def date_event(event: Event, received: datetime, boot: BootClock | None) -> Dated:
    """Date one event: by its own clock, else by its boot, else by its arrival."""
    if is_synced(event, received):
        return Dated(event.time, "clock")
    if boot is not None:
        return Dated(boot.began + timedelta(seconds=event.up), "boot")
    return Dated(received, "arrival")


def place(event: AnyEvent, at: datetime, clockwork: Clockwork) -> Place:
    """Where its sums stand. A traffic interval belongs to the hour in which it began."""
    moment = at
    if isinstance(event.data, TrafficCounted) and abs(event.data.since - event.time) <= LONGEST_INTERVAL:
        moment = at + (event.data.since - event.time)
    day = business_day(moment, clockwork)
    hours = opening(day, clockwork)
    return Place(day, hour_of_day(moment, day, clockwork), hours.since <= moment < hours.until)
