"""A simulated fleet: what its devices say, made from an exact truth and not from pixels.

Every device watches one cooler of 14 facings, two shelves of seven. Which SKU stands in which place at which capture
is a function of the device, the capture and nothing else, so that a profile can be compared with the truth.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from edge.contract.payloads import (
    Compliance,
    FacingRecord,
    GapRecord,
    Kpis,
    Quality,
    Ratio,
    ShelfObserved,
    Versions,
)
from edge.contract.topics import Address
from edge.deliver.envelope import Draft, Stamp, seal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TENANT = "acme"
ZONE = "Asia/Ho_Chi_Minh"
FIXTURE = "cooler-1"
OPENS = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
"""08:00 in the stores, on the first simulated day; they close at 22:00."""

OPEN_HOURS = 14
PLACES = 14
SKUS = tuple(f"sku-{number:02}" for number in range(1, 11))
FOREIGN = frozenset(SKUS[-2:])


@dataclass(frozen=True, slots=True)
class Fleet:
    """How large it is, and how often each device looks."""

    devices: int
    captures: int  # of each device and day
    days: int = 1
    opens: datetime = OPENS  # of the first day

    @property
    def step(self) -> timedelta:
        """Between two captures of a day."""
        return timedelta(hours=OPEN_HOURS) / self.captures


@dataclass(frozen=True, slots=True)
class Said:
    """One event as its device sends it."""

    address: Address
    epoch: str
    seq: int
    body: bytes


def address(device: int) -> Address:
    """A device's place: one of each store."""
    return Address(TENANT, f"store-{device:05}", f"unit-{device:05}")


def epoch(device: int) -> str:
    """The outbox's epoch."""
    return hashlib.sha256(f"epoch {device}".encode()).hexdigest()[:32]


def boot_of(device: int) -> str:
    """The id of its one boot."""
    return hashlib.sha256(f"boot {device}".encode()).hexdigest()[:32]


def standing(device: int, capture: int) -> list[str | None]:
    """The truth: the SKU in each place, or None for a gap."""
    return [
        None if mix(device, capture, place) % 17 == 0 else SKUS[(device + place * 3 + place // 7) % len(SKUS)]
        for place in range(PLACES)
    ]


def events_of(fleet: Fleet, device: int) -> Iterator[Said]:
    """What one device says, in the order of its outbox."""
    where, key = address(device), epoch(device)
    for number in range(fleet.days * fleet.captures):
        at = moment(fleet, number)
        up = 60 + int((at - fleet.opens).total_seconds())
        draft, seq = Draft(at, observation(device, number)), number + 1
        sealed = seal(draft, stamp=Stamp(ZONE, "synced", boot_of(device), up), address=where, epoch=key, seq=seq)
        yield Said(where, key, seq, sealed.body)


def moment(fleet: Fleet, number: int) -> datetime:
    """When a capture is taken."""
    day, within = divmod(number, fleet.captures)
    return fleet.opens + timedelta(days=day) + fleet.step * within


def observation(device: int, number: int) -> ShelfObserved:
    """The capture as an observation of 14 places."""
    return observed(standing(device, number), number)


def observed(seen: Sequence[str | None], number: int, *, gaps: Sequence[int] = ()) -> ShelfObserved:
    """What stands in 14 places as an observation.

    Args:
        seen: the SKU in each place, or None for an empty one.
        number: of the capture.
        gaps: the empty places that are told as gaps.
    """
    facings = [
        FacingRecord(
            box=_box(place),
            shelf=2 - row,
            position=column + 1,
            sku=sku,
            status="recognised",
            score=0.9,
            sku_score=0.97,
        )
        for place, sku in enumerate(seen)
        if sku is not None
        for row, column in (divmod(place, 7),)
    ]
    own = sum(facing.sku not in FOREIGN for facing in facings)
    planned = {sku: 1 for sku in SKUS if sku not in FOREIGN}
    there = sum(any(facing.sku == sku for facing in facings) for sku in planned)
    satisfied = Ratio(part=there, whole=len(planned))
    return ShelfObserved(
        capture=f"c-{number}",
        capture_set=f"s-{number}",
        camera="cam-1",
        fixture=FIXTURE,
        trigger="scheduled",
        quality=Quality(brightness=0.5, sharpness=300.0),
        versions=Versions(agent="0.1.0", detector="1.0", embedder="5", catalogue="1"),
        facings=facings,
        gaps=[GapRecord(box=_box(place), shelf=2 - place // 7) for place in gaps],
        kpis=Kpis(
            facings=len(facings),
            own=own,
            foreign=len(facings) - own,
            unknown=0,
            unsure=0,
            gaps=len(gaps),
            assortment=there,
            must_stock=satisfied,
            compliance=Compliance(present=satisfied, shelf=satisfied, order=satisfied, facings=satisfied),
        ),
        planned=planned,
        simulated=True,
    )


def _box(place: int) -> list[float]:
    row, column = divmod(place, 7)
    left = round(0.05 + 0.13 * column, 3)
    return [left, 0.1 + 0.4 * row, left + 0.11, 0.4 + 0.4 * row]


def mix(*parts: int) -> int:
    """A number that looks random and is the same everywhere."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=4).digest(), "big")
