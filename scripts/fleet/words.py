"""What a simulated device says of its day: the events of its outbox, byte by byte."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fleet_events import FIXTURE, ZONE, epoch, observed

from edge.contract import ranges
from edge.contract.payloads import (
    CameraHealth,
    CaptureRejected,
    CoolerDoor,
    CoolerStatus,
    DeviceHealth,
    LineCount,
    OutboxDropped,
    StockoutClosed,
    StockoutOpened,
    TrafficCounted,
    ZoneCount,
)
from edge.deliver.envelope import Draft, Stamp, seal
from fleet.day import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.contract.events import Payload
    from fleet.day import Capture, Day, Out, People

NEVER_SET = datetime(1970, 1, 1, tzinfo=UTC)
"""Where the clock of a device begins that nobody told the time."""

_UP = 60
"""Seconds that a device has run when its store opens, or when it speaks first after a restart."""


@dataclass(frozen=True, slots=True)
class Word:
    """One event as it stands in the outbox; its number is its place, from 1."""

    at: datetime  # when it truly happened
    body: bytes
    urgent: bool  # a stock-out goes before the rest
    lost: bool  # the full outbox gave it up before it was ever sent


def words_of(day: Day) -> list[Word]:
    """All that a device says of its day, in the order of its outbox."""
    told = sorted(_told(day), key=lambda one: one[0])
    lost = [place + 1 for place, (_, _, gone) in enumerate(told) if gone]
    if lost:
        reason = OutboxDropped(ranges=list(ranges.from_numbers(lost)), kind="health", reason="full")
        place = 1 + max(place for place, (at, _, _) in enumerate(told) if at < day.moment(day.count // 2))
        told.insert(place, (day.moment(day.count // 2), reason, False))
    return [_word(day, seq, at, data, lost=gone) for seq, (at, data, gone) in enumerate(told, start=1)]


def _word(day: Day, seq: int, at: datetime, data: Payload, *, lost: bool) -> Word:
    restarted = day.restarts is not None and at >= day.restarts
    began = (day.restarts if restarted and day.restarts else day.opens) - timedelta(seconds=_UP)
    synced = day.unsynced_until is None or at >= day.unsynced_until
    shift = timedelta(0) if synced else NEVER_SET - began
    stamp = Stamp(
        zone=ZONE,
        clock="synced" if synced else "unsynced",
        boot=hashlib.sha256(f"boot {day.device} {restarted}".encode()).hexdigest()[:32],
        up=int((at - began).total_seconds()),
    )
    draft = Draft(at + shift, _shifted(data, shift))
    sealed = seal(draft, stamp=stamp, address=day.address, epoch=epoch(day.device), seq=seq)
    return Word(at, sealed.body, urgent=sealed.kind == "stockout", lost=lost)


def _shifted(data: Payload, shift: timedelta) -> Payload:
    """The same as a wrong clock tells it: its moments are wrong by as much, and it knows no business day."""
    if not shift:
        return data
    if isinstance(data, DeviceHealth):
        cameras = [camera.model_copy(update={"business_day": None}) for camera in data.cameras]
        return data.model_copy(update={"cameras": cameras})
    moments = {name: getattr(data, name) + shift for name in ("since", "until") if hasattr(data, name)}
    return data.model_copy(update=moments)


def _told(day: Day) -> Iterator[tuple[datetime, Payload, bool]]:
    """When what is told, and whether it is lost."""
    for capture in day.captures:
        yield capture.at, _shelf(capture), False
    for out in day.outs:
        yield from ((at, data, False) for at, data in _stockout(day, out))
    for door in day.doors:
        yield door.at, CoolerDoor(fixture=FIXTURE, state="opened"), False
        shut = door.at + timedelta(seconds=door.seconds)
        yield shut, CoolerDoor(fixture=FIXTURE, state="closed", seconds_open=door.seconds), False
    for reading in day.readings:
        status = CoolerStatus(fixture=FIXTURE, cabinet_celsius=reading.celsius, power=reading.power)
        yield reading.at, status, reading.lost
    for people in day.people:
        for data in _people(people):
            yield people.since + INTERVAL, data, False
    for at in (day.opens, day.moment(day.count // 2), day.closes):
        yield at + timedelta(seconds=30), _health(day), False


def _shelf(capture: Capture) -> Payload:
    if capture.seen is None:
        name = f"c-{capture.number}"
        return CaptureRejected(capture=name, camera="cam-1", fixture=FIXTURE, trigger="scheduled", reason="blurred")
    gaps = [place for place, sku in enumerate(capture.seen) if sku is None]
    return observed(capture.seen, capture.number, gaps=gaps)


def _stockout(day: Day, out: Out) -> Iterator[tuple[datetime, Payload]]:
    """A stock-out is told when a second capture confirms it."""
    name, since = f"out-{out.sku}-{out.since}", day.moment(out.since)
    confirmed = day.moment(out.since + 1) + timedelta(seconds=1)
    captures = [f"c-{out.since}", f"c-{out.since + 1}"]
    yield confirmed, StockoutOpened(episode=name, fixture=FIXTURE, sku=out.sku, since=since, captures=captures)
    if out.until is not None:
        until, proof = day.moment(out.until), [f"c-{out.until}"]
        closed = StockoutClosed(episode=name, fixture=FIXTURE, sku=out.sku, since=since, until=until, captures=proof)
        yield until + timedelta(seconds=1), closed


def _people(people: People) -> Iterator[Payload]:
    """One camera at the entrance, one in front of the cooler."""
    seconds, until = INTERVAL.total_seconds(), people.since + INTERVAL
    lines = [] if people.into is None else [LineCount(line="entrance", into=people.into, out=people.out)]
    withheld = ["lines.entrance"] if people.into is None else []
    yield TrafficCounted(
        camera="cam-2", since=people.since, until=until, seconds_observed=seconds, lines=lines, withheld=withheld
    )
    zone = ZoneCount(
        zone="front",
        visits=people.visits,
        dwell_seconds=people.dwell_seconds,
        occupancy_mean=people.dwell_seconds / seconds,
        occupancy_peak=1,
    )
    yield TrafficCounted(
        camera="cam-3",
        fixture=FIXTURE,
        since=people.since,
        until=until,
        seconds_observed=seconds,
        zones=[zone],
        passers=people.passers,
        stoppers=people.stoppers,
    )


def _health(day: Day) -> Payload:
    camera = CameraHealth(
        camera="cam-1",
        fixture=FIXTURE,
        schedule=f"every {day.step.total_seconds():g}s",
        business_day=day.opens.astimezone(ZoneInfo(ZONE)).date(),
        due=day.count,
    )
    return DeviceHealth(uptime=_UP, cameras=[camera], outbox_depth=0, outbox_bytes=0, last_seq=0)
