"""When an event happened. Pure: clocks and arrivals come in as arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cloud_sink.store.facts import LONGEST_INTERVAL, Dated, Place
from edge.contract.business_day import business_day, day_span, opening

if TYPE_CHECKING:
    from datetime import date

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.facts import Fact
    from edge.contract.business_day import Span

AHEAD = timedelta(minutes=5)
"""A clock further ahead than this is wrong, whatever it says of itself."""

_HOUR = timedelta(hours=1)

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No device of this agreement is older; a clock before this was never set."""


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


def is_synced(fact: Fact, received: datetime) -> bool:
    """Whether its clock can be believed."""
    return fact.is_set and EARLIEST <= fact.time <= received + AHEAD


def boot_clock(fact: Fact) -> BootClock:
    """What a synced event says of its boot."""
    return BootClock(began=fact.time - timedelta(seconds=fact.up), up=fact.up, epoch=fact.epoch, seq=fact.seq)


def date_event(fact: Fact, received: datetime, boot: BootClock | None) -> Dated:
    """Date one event: by its own clock, else by its boot, else by its arrival."""
    if is_synced(fact, received):
        return Dated(fact.time, "clock")
    if boot is not None and EARLIEST <= (at := boot.began + timedelta(seconds=fact.up)) <= received + AHEAD:
        return Dated(at, "boot")
    return Dated(received, "arrival")


def day_due(named: date | None, day: date) -> date | None:
    """The business day for which captures are told to be due: the one that is named, or that of the event.

    None for one that no calendar of a store holds, as a device without a clock names it.
    """
    if named is None:
        return day
    return named if EARLIEST.date() <= named <= day + LONGEST_INTERVAL else None


class Days:
    """The business days of a batch. Its events lie on few days of each store, so each is worked out once or twice."""

    def __init__(self, stores: StoreBook) -> None:
        self._stores = stores
        self._last: dict[tuple[str, str, str], tuple[date, Span, Span]] = {}  # of each store: day, its span, open hours

    def place(self, fact: Fact, at: datetime) -> Place:
        """Where its sums stand. A traffic interval belongs to the hour in which it began."""
        moment = at + fact.lead if fact.lead else at
        store = (fact.address.tenant, fact.store, fact.zone)
        last = self._last.get(store)
        if last is None or not last[1].since <= moment < last[1].until:
            clockwork = self._stores.clockwork(*store)
            day = business_day(moment, clockwork)
            last = self._last[store] = (day, day_span(day, clockwork), opening(day, clockwork))
        day, span, hours = last
        return Place(day, (moment - span.since) // _HOUR, hours.since <= moment < hours.until)
