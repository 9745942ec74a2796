"""A business day told in steps: the same events for the same step, in every run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from edge.contract.payloads import (
    CameraHealth,
    CaptureRejected,
    CoolerDoor,
    DeviceHealth,
    FacingRecord,
    Kpis,
    LineCount,
    Quality,
    ShelfObserved,
    StockoutClosed,
    StockoutOpened,
    TrafficCounted,
    Versions,
)
from edge.contract.topics import Address
from edge.deliver.envelope import Draft, Stamp

if TYPE_CHECKING:
    from edge.contract.events import Payload

ADDRESS = Address("acme", "store-1", "unit-1")
ZONE = "Asia/Ho_Chi_Minh"
DAY = "2026-03-14"
OPENS = datetime(2026, 3, 14, 1, 0, tzinfo=UTC)  # 08:00 in the store
STEP = timedelta(seconds=100)  # 500 steps make a day of 14 hours
EPISODE = 50
SKUS = ("cola-can", "lime-can", "water-500", "tea-450", "juice-330")
BOOT = "b" * 32


def moment(step: int) -> datetime:
    """When a step happens."""
    return OPENS + STEP * step


def stamp(step: int) -> Stamp:
    """Its circumstances."""
    return Stamp(ZONE, "synced", BOOT, 60 + int(STEP.total_seconds()) * step)


def drafts(step: int, *, variant: int = 0) -> list[Draft]:
    """What is said in one step: always a capture, and now and then something more.

    Another variant sees other facings and counts other people: the same keys get other bytes.
    """
    payloads: list[Payload] = [_capture(step, variant)]
    if step % 5 == 0:
        payloads.append(CoolerDoor(fixture="cooler-1", state="closed", seconds_open=4.0 + step % 9))
    if step % 9 == 0:
        payloads.append(_traffic(step, variant))
    if step % 40 == 0:
        payloads.append(_health(step))
    if step % EPISODE in {10, 30}:
        payloads.append(_stockout(step))
    return [Draft(moment(step), payload) for payload in payloads]


def _capture(step: int, variant: int) -> Payload:
    if step % 11 == 3:
        return CaptureRejected(
            capture=f"c-{step}", camera="cam-1", fixture="cooler-1", trigger="scheduled", reason="blurred"
        )
    facings = [
        FacingRecord(
            box=[0.1 * place, 0.1, 0.1 * place + 0.08, 0.3],
            shelf=1,
            position=place + 1,
            sku=SKUS[(step + place * 3 + variant) % len(SKUS)],
            status="recognised",
            score=0.9,
            sku_score=0.95,
        )
        for place in range(3 + (step + variant) % 4)
    ]
    own = sum(facing.sku != "juice-330" for facing in facings)
    return ShelfObserved(
        capture=f"c-{step}",
        capture_set=f"s-{step}",
        camera="cam-1",
        fixture="cooler-1",
        trigger="scheduled",
        quality=Quality(brightness=0.5, sharpness=300.0),
        versions=Versions(agent="0.1.0", detector="1"),
        facings=facings,
        kpis=Kpis(
            facings=len(facings),
            own=own,
            foreign=len(facings) - own,
            unknown=0,
            unsure=0,
            gaps=0,
            assortment=len({facing.sku for facing in facings}),
        ),
        planned=dict.fromkeys(SKUS, 1),
    )


def _traffic(step: int, variant: int) -> Payload:
    return TrafficCounted(
        camera="cam-2",
        since=moment(step) - 9 * STEP,
        until=moment(step),
        seconds_observed=900.0,
        lines=[LineCount(line="entrance", into=step % 7 + variant, out=step % 5)],
        passers=10 + step % 3,
        stoppers=step % 4,
    )


def _health(step: int) -> Payload:
    camera = CameraHealth(
        camera="cam-1", fixture="cooler-1", schedule="every 100 s", business_day=moment(0).date(), due=504
    )
    return DeviceHealth(uptime=100.0 * step, cameras=[camera], outbox_depth=0, outbox_bytes=0, last_seq=0)


def _stockout(step: int) -> Payload:
    number = step // EPISODE
    since, captures = moment(number * EPISODE + 7), [f"c-{step}"]
    if step % EPISODE == 10:
        return StockoutOpened(episode=f"e-{number}", fixture="cooler-1", sku=SKUS[0], since=since, captures=captures)
    return StockoutClosed(
        episode=f"e-{number}", fixture="cooler-1", sku=SKUS[0], since=since, until=moment(step), captures=captures
    )
