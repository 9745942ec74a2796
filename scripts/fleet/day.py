"""What happened in one store on one business day: the truth, a function of the device's number and nothing else.

The events that the device tells (`fleet.words`) and the figures that its profile must give (`fleet.truth`) are both
made from this, and neither from the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from fleet_events import FOREIGN, OPEN_HOURS, SKUS, ZONE, mix, standing

from edge.contract.topics import Address

TENANTS = ("acme", "bravo")
"""Both have stores of the same names: what one sees of the other's would show."""

INTERVAL = timedelta(minutes=15)
"""For which the cameras count people at a time."""

PLANNED = tuple(sku for sku in SKUS if sku not in FOREIGN)
RARELY, SELDOM = 23, 11
"""One of so many: a rejected capture, a count that is too small to be told."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A look at the shelf: the SKU in each place or None, or why the frame was not used."""

    number: int
    at: datetime
    seen: tuple[str | None, ...] | None  # None: rejected


@dataclass(frozen=True, slots=True)
class Out:
    """A SKU that is sold out from one capture to another; `until` None: when the day ends it still is."""

    sku: str
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Door:
    """An opening of the cooler's door."""

    at: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What the cooler's sensors say; one that is lost never leaves the device."""

    at: datetime
    celsius: float
    power: bool
    lost: bool


@dataclass(frozen=True, slots=True)
class People:
    """Who walked by in one interval; `into` None: too few to be told."""

    since: datetime
    into: int | None
    out: int
    passers: int
    stoppers: int
    visits: int
    dwell_seconds: int


@dataclass(frozen=True)
class Day:
    """One store's day.

    Args:
        device: its number.
        opens: when the store opens, 08:00 by its clock.
        count: captures of the day, spread evenly over the opening hours; they divide them into whole seconds.
    """

    device: int
    opens: datetime
    count: int

    @property
    def address(self) -> Address:
        """Where the device stands: the stores of the two tenants have the same names."""
        store, tenant = divmod(self.device, len(TENANTS))
        return Address(TENANTS[tenant], f"store-{store:05}", f"unit-{self.device:05}")

    @property
    def step(self) -> timedelta:
        """Between two captures."""
        return timedelta(hours=OPEN_HOURS) / self.count

    @property
    def closes(self) -> datetime:
        """When the store closes."""
        return self.opens + timedelta(hours=OPEN_HOURS)

    @cached_property
    def outs(self) -> tuple[Out, ...]:
        """The stock-outs: of every other store one that ends, of every third one that lasts."""
        first = PLANNED[self.device % len(PLANNED)]
        second = PLANNED[(self.device + 3) % len(PLANNED)]
        ends = [Out(first, self.count // 6, self.count // 3 + self.device % 3)] if self.device % 2 == 0 else []
        lasts = [Out(second, 2 * self.count // 3, None)] if self.device % 3 == 0 else []
        return (*ends, *lasts)

    @cached_property
    def captures(self) -> tuple[Capture, ...]:
        """Every look at the shelf."""
        return tuple(
            Capture(number, self.moment(number), None if self._rejected(number) else self._seen(number))
            for number in range(self.count)
        )

    @cached_property
    def doors(self) -> tuple[Door, ...]:
        """The door opens after every other capture."""
        return tuple(
            Door(self.moment(number) + timedelta(seconds=60), 2 + mix(self.device, number, 1) % 40)
            for number in range(1, self.count, 2)
        )

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """The cooler's sensors; some units lose a few readings to a full outbox."""
        return tuple(
            Reading(
                at=self.moment(number) + timedelta(seconds=120),
                celsius=2.0 + mix(self.device, number, 2) % 60 / 10,
                power=mix(self.device, number, 3) % RARELY > 0,
                lost=self.loses and number in {2, 4},
            )
            for number in range(0, self.count, 2)
        )

    @cached_property
    def people(self) -> tuple[People, ...]:
        """The people of an interval after every third capture."""
        return tuple(self._people(number) for number in range(0, self.count, 3))

    @property
    def loses(self) -> bool:
        """Whether its outbox was full for a while."""
        return self.device % 50 == 11  # noqa: PLR2004 - one unit in fifty

    @property
    def unsynced_until(self) -> datetime | None:
        """Until when its clock is wrong: some units start without the time."""
        return self.moment(max(1, self.count // 6)) if self.device % 20 == 7 else None  # noqa: PLR2004 - one in twenty

    @property
    def restarts(self) -> datetime | None:
        """When it is started anew, if it is."""
        return self.moment(self.count // 2) if self.device % 10 == 3 else None  # noqa: PLR2004 - one in ten

    def moment(self, number: int) -> datetime:
        """When a capture is taken."""
        return self.opens + self.step * number

    def _rejected(self, number: int) -> bool:
        return mix(self.device, number, 4) % RARELY == 0

    def _seen(self, number: int) -> tuple[str | None, ...]:
        out = {one.sku for one in self.outs if one.since <= number and (one.until is None or number < one.until)}
        return tuple(None if sku in out else sku for sku in standing(self.device, number))

    def _people(self, number: int) -> People:
        many = [mix(self.device, number, 5 + kind) for kind in range(6)]
        passers = 3 + many[1] % 30
        stoppers = many[2] % (passers // 3 + 1)
        return People(
            since=self.moment(number),
            into=None if many[0] % SELDOM == 0 else many[0] % 25,
            out=many[3] % 25,
            passers=passers,
            stoppers=stoppers,
            visits=stoppers,
            dwell_seconds=stoppers * (5 + many[4] % 20),
        )


def yesterday_opens(now: datetime) -> datetime:
    """08:00 of the last business day that is over, by the stores' clock: its partition is there, its cameras are done.

    Args:
        now: aware.
    """
    local = now.astimezone(ZoneInfo(ZONE)) - timedelta(days=1)
    return local.replace(hour=8, minute=0, second=0, microsecond=0).astimezone(UTC)
