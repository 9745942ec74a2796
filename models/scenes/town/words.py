"""What the town's devices send: events, byte by byte as devices make them, and photographs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from edge.contract import payloads
from edge.deliver.envelope import Draft, Stamp, seal
from models.scenes.town.days import HOURS, FixtureDay
from models.scenes.town.shelf import photograph, seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.contract.events import Payload
    from edge.contract.topics import Address
    from models.scenes.town.shops import Shop


@dataclass(frozen=True, slots=True)
class Sent:
    """One event as it arrives."""

    address: Address
    body: bytes


def sent_by(shop: Shop, until: date, days: int) -> Iterator[Sent]:
    """All that a store's device sends of some days, in the order of its outbox.

    Args:
        shop: the store.
        until: the last business day.
        days: how many there are.
    """
    epoch = hashlib.sha256(f"epoch {shop.id}".encode()).hexdigest()[:32]
    boot = hashlib.sha256(f"boot {shop.id}".encode()).hexdigest()[:32]
    began, seq = None, 0
    for back in reversed(range(days)):
        told = [one for fixture in shop.fixtures for one in _told(shop, fixture, until - timedelta(days=back), back)]
        for at, data in sorted(told, key=lambda one: one[0]):
            began = began or at - timedelta(minutes=1)
            seq += 1
            stamp = Stamp(shop.zone, "synced", boot, int((at - began).total_seconds()))
            yield Sent(
                shop.address, seal(Draft(at, data), stamp=stamp, address=shop.address, epoch=epoch, seq=seq).body
            )


def photographs_of(shop: Shop, until: date) -> dict[str, bytes]:
    """The pictures that its device keeps of the last day, by SHA-256."""
    days = [FixtureDay(shop, fixture, until, last=True) for fixture in shop.fixtures]
    return dict(photograph(one.standing(number)) for one in days for number in _kept(one))


def _told(shop: Shop, fixture: str, day: date, back: int) -> Iterator[tuple[datetime, Payload]]:
    one = FixtureDay(shop, fixture, day, last=back == 0)
    yield from _captures(one)
    yield from _stockouts(one)
    yield from _cooler(one)
    if fixture == shop.fixtures[0]:
        if shop.counts_people:
            yield from _people(one)
        yield one.opens + timedelta(seconds=5), _health(shop, one)


def _captures(one: FixtureDay) -> Iterator[tuple[datetime, Payload]]:
    kept = set(_kept(one)) if one.last else set()
    for number in range(HOURS + 1):
        name, why = f"{one.fixture}-{one.day:%y%m%d}-{number}", one.rejected(number)
        told = {"capture": name, "camera": f"cam-{one.fixture[-1]}", "fixture": one.fixture}
        if why is not None:
            yield (
                one.moment(number),
                payloads.CaptureRejected.model_validate({**told, "trigger": "scheduled", "reason": why}),
            )
            continue
        standing = one.standing(number)
        evidence = photograph(standing)[0] if number in kept else None
        update = {**told, "capture_set": name, "evidence": evidence}
        yield one.moment(number), seen(standing).observation.model_copy(update=update)


def _kept(one: FixtureDay) -> list[int]:
    """The captures of which a picture is kept: those that changed something."""
    accepted = [number for number in range(HOURS + 1) if one.rejected(number) is None]
    return [
        number
        for number, before in zip(accepted, [None, *accepted], strict=False)
        if before is None or one.standing(number) != one.standing(before)
    ]


def _stockouts(one: FixtureDay) -> Iterator[tuple[datetime, Payload]]:
    for out in one.outs:
        since = one.moment(out.since)
        told = {
            "episode": f"{one.fixture}-{one.day:%y%m%d}-{out.sku}"[:63],
            "fixture": one.fixture,
            "sku": out.sku,
            "since": since,
            "captures": [f"{one.fixture}-{one.day:%y%m%d}-{out.since}"],
        }
        yield since + timedelta(minutes=1), payloads.StockoutOpened.model_validate(told)
        if out.until is not None or not one.last:  # at night the store is refilled
            until = one.moment(out.until if out.until is not None else HOURS) + timedelta(minutes=2)
            yield until, payloads.StockoutClosed.model_validate({**told, "until": until})


def _cooler(one: FixtureDay) -> Iterator[tuple[datetime, Payload]]:
    for hour in range(1, HOURS, 2):
        opened, name = one.moment(hour) + timedelta(minutes=25), f"o-{one.fixture}-{one.day:%y%m%d}-{hour}"
        seconds = 6.0 + hour % 5
        yield opened, payloads.CoolerDoor(fixture=one.fixture, state="opened", opening=name)
        closed = payloads.CoolerDoor(fixture=one.fixture, state="closed", seconds_open=seconds, opening=name)
        yield opened + timedelta(seconds=seconds), closed
        status = payloads.CoolerStatus(fixture=one.fixture, cabinet_celsius=one.celsius(hour), power=True)
        yield one.moment(hour) + timedelta(minutes=30), status


def _people(one: FixtureDay) -> Iterator[tuple[datetime, Payload]]:
    for hour in range(HOURS):
        into, passers, stoppers = one.people(hour)
        since, until = one.moment(hour), one.moment(hour + 1) - timedelta(seconds=1)
        line = payloads.LineCount(line="entrance", into=into, out=into)
        span = {"since": since, "until": until, "seconds_observed": 3599.0}
        yield until, payloads.TrafficCounted.model_validate({**span, "camera": "cam-door", "lines": [line]})
        zone = payloads.ZoneCount(
            zone="front", visits=stoppers, dwell_seconds=14.0 * stoppers, occupancy_mean=0.2, occupancy_peak=2
        )
        yield (
            until,
            payloads.TrafficCounted.model_validate(
                {
                    **span,
                    "camera": "cam-front",
                    "fixture": one.fixture,
                    "zones": [zone],
                    "passers": passers,
                    "stoppers": stoppers,
                }
            ),
        )


def _health(shop: Shop, one: FixtureDay) -> Payload:
    cameras = [
        payloads.CameraHealth(
            camera=f"cam-{fixture[-1]}", fixture=fixture, schedule="every 1h", business_day=one.day, due=HOURS + 1
        )
        for fixture in shop.fixtures
    ]
    return payloads.DeviceHealth(
        uptime=86400.0 * 3,
        cameras=cameras,
        outbox_depth=shop.trouble,
        outbox_bytes=1800 * shop.trouble,
        last_seq=0,
        disk_free_mb=21_000 - 900 * shop.trouble,
        memory_mb=240,
        celsius=46.0 + 3 * shop.trouble,
        inference_ms={"detector": 96.0, "embedder": 21.0},
        versions={"agent": "0.1.0", "detector": "product-detector-3"},
    )
