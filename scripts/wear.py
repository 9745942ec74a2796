"""What the outbox writes to its disk in an hour of a typical and of a busy device. See `./scripts/bench wear`."""

from __future__ import annotations

import ctypes
import json
import os
import random
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from edge.contract import payloads
from edge.contract.receipts import Receipt
from edge.contract.topics import Address
from edge.deliver.capacity import OutboxLimits
from edge.deliver.envelope import Draft, Stamp
from edge.deliver.outbox import Outbox

if TYPE_CHECKING:
    from edge.contract.events import Payload

ADDRESS = Address("acme", "store-1", "unit-1")
BEGAN = datetime(2026, 3, 14, 1, 0, tzinfo=UTC)
SKUS = [f"sku-{number:02}" for number in range(24)]
SECTOR = 512


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a device says what, in minutes; None for never."""

    name: str
    captures: int
    health: int
    traffic: int | None = None
    doors: int | None = None
    facings: int = 40

    def due(self, minute: int) -> list[str]:
        """What is said in one minute of the day."""
        every = {"captures": self.captures, "health": self.health, "traffic": self.traffic, "doors": self.doors}
        return [name for name, minutes in every.items() if minutes is not None and minute % minutes == 0]


TYPICAL = Pace("1 camera every 15 min, health every 5 min", captures=15, health=5)
BUSY = Pace(
    "2 cameras' worth: a capture, traffic and health every 5 min, a door every 2 min",
    captures=5,
    health=5,
    traffic=5,
    doors=2,
)


@dataclass(slots=True)
class Clock:
    """A monotonic clock that runs as fast as it is told."""

    now: float = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@dataclass(frozen=True, slots=True)
class Wear:
    """What was written in an hour, on average."""

    pace: str
    events: float
    event_kb: float  # the events' own bytes
    written_kb: float  # pages the process made the kernel write, as /proc/self/io counts them
    device_kb: float | None  # sectors the whole device wrote meanwhile, the file system's journal included

    @property
    def in_words(self) -> str:
        """One line."""
        device = "" if self.device_kb is None else f", its device {self.device_kb:.0f} KB"
        return (
            f"{self.pace}\n  {self.events:.0f} events an hour of {self.event_kb:.0f} KB together: "
            f"written {self.written_kb:.0f} KB an hour{device}"
        )


def wear(
    *,
    hours: int = typer.Option(6, min=1, help="Hours that are measured."),
    before: int = typer.Option(50, min=0, help="Hours before them, so that old events go as new ones come."),
    folder: Path | None = typer.Option(
        None, help="A folder on the disk to measure on; with a device of its own its sectors are counted too."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """Write the events of some hours, each receipted once it is sent, and count what reaches the disk.

    Everything that is dirty is written out after every minute in which something happened, as the kernel would do it
    by itself in the minutes between, so that hours pass in seconds and nothing is written together that would not be.

    Example: ./scripts/bench wear --hours 6
    """
    for pace in (TYPICAL, BUSY):
        with tempfile.TemporaryDirectory(prefix="facings-wear-", dir=folder) as scratch:
            found = measure(pace, Path(scratch), hours=hours, before=before)
        words = json.dumps({name: getattr(found, name) for name in Wear.__slots__}) if as_json else found.in_words
        typer.echo(words)


def measure(pace: Pace, folder: Path, *, hours: int, before: int) -> Wear:
    """Live through some hours."""
    clock, rng = Clock(), random.Random(1)  # noqa: S311 - the same goods in every run
    limits = OutboxLimits(max_mb=256)
    events = octets = 0
    with Outbox.open(folder / "outbox.db", address=ADDRESS, limits=limits, clock=clock) as outbox:
        start = (0, 0)
        for minute in range((before + hours) * 60):
            if minute == before * 60:
                _flush(folder)
                start, events, octets = (_process_bytes(), _device_bytes(folder)), 0, 0
            due = pace.due(minute)
            clock.now = minute * 60.0
            for name in due:
                state = {"camera/cam-1": camera_memory(rng, pace.facings)} if name == "captures" else {}
                draft = Draft(BEGAN + timedelta(minutes=minute), payload(name, minute, pace, rng))
                outbox.append([draft], stamp=Stamp("Asia/Ho_Chi_Minh", "synced", "b" * 32, minute * 60), state=state)
                for batch in outbox.due():
                    events += len(batch.rows)
                    octets += len(batch.body)
                    outbox.take_receipt(Receipt(epoch=batch.epoch, ranges=list(batch.seqs)))
            if due and minute >= before * 60:
                _flush(folder)
            outbox.tend()
        _flush(folder)
        written = _process_bytes() - start[0]
        device = _device_bytes(folder) - start[1]
    return Wear(pace.name, events / hours, octets / hours / 1000, written / hours / 1000, device / hours / 1000 or None)


def payload(name: str, minute: int, pace: Pace, rng: random.Random) -> Payload:
    """What a device says of that name in that minute."""
    at = BEGAN + timedelta(minutes=minute)
    match name:
        case "captures":
            return _capture(minute, pace.facings, rng)
        case "traffic":
            return payloads.TrafficCounted(
                camera="cam-2",
                since=at - timedelta(minutes=5),
                until=at,
                seconds_observed=300.0,
                lines=[payloads.LineCount(line="entrance", into=rng.randrange(9), out=rng.randrange(9))],
                zones=[],
                passers=rng.randrange(20),
                stoppers=rng.randrange(5),
                heat=payloads.HeatGrid(rows=9, columns=16, seconds=[round(rng.random() * 9, 1) for _ in range(144)]),
            )
        case "doors":
            return payloads.CoolerDoor(fixture="cooler-1", state="closed", seconds_open=round(rng.random() * 20, 1))
        case _:
            camera = payloads.CameraHealth(
                camera="cam-1", fixture="cooler-1", schedule="every 15 min", business_day=at.date(), due=56
            )
            return payloads.DeviceHealth(
                uptime=60.0 * minute,
                cameras=[camera],
                outbox_depth=0,
                outbox_bytes=0,
                last_seq=minute,
                disk_free_mb=5000,
                memory_mb=210,
                celsius=51.0,
                inference_ms={"cam-1": 412.0},
                versions={"agent": "0.1.0"},
            )


def _capture(minute: int, facings: int, rng: random.Random) -> payloads.ShelfObserved:
    found = [
        payloads.FacingRecord(
            box=[round(rng.random() / 2 + corner, 4) for corner in (0.0, 0.0, 0.5, 0.5)],
            shelf=1 + place // 10,
            position=1 + place % 10,
            sku=rng.choice(SKUS),
            status="recognised",
            score=round(rng.random(), 4),
            sku_score=round(rng.random(), 4),
        )
        for place in range(facings)
    ]
    return payloads.ShelfObserved(
        capture=f"cam-1-{minute}",
        capture_set=f"cam-1-{minute}",
        camera="cam-1",
        fixture="cooler-1",
        trigger="scheduled",
        quality=payloads.Quality(brightness=0.5, sharpness=300.0),
        versions=payloads.Versions(agent="0.1.0", detector="2.0.0"),
        facings=found,
        kpis=payloads.Kpis(facings=facings, own=facings, foreign=0, unknown=0, unsure=0, gaps=0, assortment=len(SKUS)),
        planned=dict.fromkeys(SKUS, 2),
    )


def camera_memory(rng: random.Random, facings: int) -> str:
    """What an agent remembers of a camera: it is written with every capture."""
    boxes = [[round(rng.random(), 4) for _ in range(4)] for _ in range(facings)]
    stockouts = {sku: {"seen": True, "missing": 0, "since": None} for sku in SKUS}
    return json.dumps({"boxes": boxes, "stockouts": stockouts, "sharpness": [300.0] * 20})


def _flush(folder: Path) -> None:
    """Write out all that is dirty on the folder's file system."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        ctypes.CDLL(None).syncfs(handle)
    finally:
        os.close(handle)


def _process_bytes() -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def _device_bytes(folder: Path) -> int:
    """Bytes written to the folder's device since it was there; 0 where the kernel does not tell."""
    device = folder.stat().st_dev
    stat = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")
    return int(stat.read_text(encoding="ascii").split()[6]) * SECTOR if stat.is_file() else 0


if __name__ == "__main__":
    typer.run(wear)
