"""What the stores of a fleet say day by day, of every kind: shelves, people, doors, cabinets, stock-outs, health.

Beside the captures of `fleet_events` each store and day has its people hour by hour, three openings of the door, two
readings of the cabinet, one stock-out and one report of health, so that nothing that a profile reads is empty.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from fleet_events import (
    FIXTURE,
    FOREIGN,
    OPEN_HOURS,
    SKUS,
    ZONE,
    Said,
    address,
    boot_of,
    epoch,
    moment,
    observation,
)

from edge.contract.payloads import (
    CameraHealth,
    CoolerDoor,
    CoolerStatus,
    DeviceHealth,
    LineCount,
    StockoutClosed,
    StockoutOpened,
    TrafficCounted,
    ZoneCount,
)
from edge.deliver.envelope import Draft, Stamp, seal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from fleet_events import Fleet

DOORS = 3
READINGS = 2
OTHERS = OPEN_HOURS + 2 * DOORS + READINGS + 3
"""Events of a store and day beside its captures."""

CHAINS, CHANNELS, CITIES, CLASSES, REPRESENTATIVES = 20, ("convenience", "supermarket", "kiosk"), 12, "ABC", 40

_CATALOGUE = """name: bench
skus:
{skus}"""
_SKU = "  - {{id: {id}, name: Product {n}, brand: Brand {brand}, owner: {owner}, category: {category}}}"


def said_on(fleet: Fleet, device: int, day: int) -> Iterator[Said]:
    """What one store's device says on one day, in the order of its outbox; days count from 0."""
    where, key, boot = address(device), epoch(device), boot_of(device)
    drafts = sorted(_drafts(fleet, device, day), key=lambda draft: draft.time)
    for seq, draft in enumerate(drafts, start=day * (fleet.captures + OTHERS) + 1):
        stamp = Stamp(ZONE, "synced", boot, 60 + int((draft.time - fleet.opens).total_seconds()))
        yield Said(where, key, seq, seal(draft, stamp=stamp, address=where, epoch=key, seq=seq).body)


def write_master_data(folder: Path, fleet: Fleet) -> None:
    """A sink's configuration, a catalogue and a file of stores, as users write them."""
    (folder / "catalogue").mkdir(parents=True, exist_ok=True)
    skus = [
        _SKU.format(
            id=sku,
            n=n,
            brand="ABCD"[n % 4],
            owner="Rival" if sku in FOREIGN else "Own",
            category=("soda", "water")[n % 2],
        )
        for n, sku in enumerate(SKUS)
    ]
    (folder / "catalogue" / "catalogue.yaml").write_text(_CATALOGUE.format(skus="\n".join(skus)), encoding="utf-8")
    lines = ["store,name,zone,opens,closes,chain,channel,city,class,representative"]
    lines += [
        f"{address(n).store},Store {n},{ZONE},08:00,22:00,chain {n % CHAINS},{CHANNELS[n % 3]},city {n % CITIES},"
        f"{CLASSES[n % 7 % 3]},representative {n % REPRESENTATIVES}"
        for n in range(fleet.devices)
    ]
    (folder / "stores.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _drafts(fleet: Fleet, device: int, day: int) -> Iterator[Draft]:
    opens = fleet.opens + timedelta(days=day)
    yield Draft(opens, _health(fleet, opens, day))
    for number in range(day * fleet.captures, (day + 1) * fleet.captures):
        yield Draft(moment(fleet, number), observation(device, number))
    for hour in range(OPEN_HOURS):
        yield Draft(opens + timedelta(hours=hour + 1, seconds=-1), _people(device, day, hour, opens))
    for n in range(DOORS):
        at = opens + timedelta(hours=2 + 4 * n, minutes=device % 50)
        yield Draft(at, CoolerDoor(fixture=FIXTURE, state="opened", opening=f"o-{day}-{n}"))
        closed = CoolerDoor(fixture=FIXTURE, state="closed", seconds_open=9.0 + n, opening=f"o-{day}-{n}")
        yield Draft(at + timedelta(seconds=9 + n), closed)
    for n in range(READINGS):
        celsius = 3.0 + (device + day + n) % 5
        yield Draft(
            opens + timedelta(hours=3 + 6 * n), CoolerStatus(fixture=FIXTURE, cabinet_celsius=celsius, power=True)
        )
    yield from _stockout(device, day, opens)


def _health(fleet: Fleet, opens: datetime, day: int) -> DeviceHealth:
    camera = CameraHealth(
        camera="cam-1", fixture=FIXTURE, schedule="daily", business_day=opens.date(), due=fleet.captures + 2
    )
    return DeviceHealth(
        uptime=86400.0 * day + 60, cameras=[camera], outbox_depth=0, outbox_bytes=0, last_seq=0, disk_free_mb=4000
    )


def _people(device: int, day: int, hour: int, opens: datetime) -> TrafficCounted:
    passers = 20 + (device * 7 + day * 3 + hour * 11) % 60
    zone = ZoneCount(
        zone="front", visits=passers // 4, dwell_seconds=5.0 * passers, occupancy_mean=0.2, occupancy_peak=3
    )
    return TrafficCounted(
        camera="cam-2",
        fixture=FIXTURE if hour % 2 else None,
        since=opens + timedelta(hours=hour),
        until=opens + timedelta(hours=hour + 1, seconds=-1),
        seconds_observed=3599.0,
        lines=[] if hour % 2 else [LineCount(line="entrance", into=passers, out=passers)],
        zones=[zone],
        passers=passers,
        stoppers=passers // 5,
    )


def _stockout(device: int, day: int, opens: datetime) -> Iterator[Draft]:
    """One episode a day, longer in some stores than in others."""
    since = opens + timedelta(hours=1 + (device + day) % 6)
    until = since + timedelta(minutes=20 + device % 100 + int.from_bytes(_hash(device, day)) % 60)
    told = {
        "episode": f"e-{day}",
        "fixture": FIXTURE,
        "sku": SKUS[(device + day) % 8],
        "since": since,
        "captures": ["c"],
    }
    yield Draft(since + timedelta(minutes=10), StockoutOpened.model_validate(told))
    yield Draft(until, StockoutClosed.model_validate({**told, "until": until}))


def _hash(device: int, day: int) -> bytes:
    return hashlib.blake2b(f"{device} {day}".encode(), digest_size=2).digest()
