"""What the tests of delivery put into an outbox."""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.contract.topics import Address
from edge.deliver.envelope import Draft, Stamp
from edge.deliver.outbox import Outbox
from edge.deliver.schedule import Schedule, Timing, Window
from edge.deliver.sealing import PLAIN
from tests.edge.contract.examples import AT, event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edge.deliver.batches import Batch
    from edge.deliver.capacity import OutboxLimits, Sheddable
    from edge.deliver.sealing import AtRest

ADDRESS = Address("acme", "store-1", "dev-1")
BOOT = "0" * 32
STAMP = Stamp("Asia/Ho_Chi_Minh", "synced", BOOT, 100)
SOON = Timing(first=0.2, longest=0.6)
"""Times for tests that wait for a repeat."""


def draft(name: str = "cooler.door.v1", **data: Any) -> Draft:
    """One draft of a type, with parts of its data replaced."""
    return Draft(AT, event(name, **data).data)


def padded(name: str, octets: int) -> Draft:
    """A draft whose body is a little longer than `octets`, for tests of room."""
    match name:
        case "device.health.v1":
            return draft(name, versions={f"part-{n}": "v" * 490 for n in range(octets // 500)})
        case "traffic.counted.v1":
            return draft(name, heat={"rows": 64, "columns": 64, "seconds": [1.5] * 4096} if octets > 16000 else None)
        case "shelf.observed.v1":
            facing = event(name).data.facings[0].model_dump() | {"sku": "s" * 64}
            number = octets // 190
            counts = {"facings": number, "own": number, "foreign": 0, "unknown": 0, "unsure": 0}
            return draft(name, facings=[facing] * number, kpis={**counts, "gaps": 1, "assortment": 1})
        case _:
            return draft(name, captures=[f"c-{n:060}" for n in range(min(100, octets // 64))])


@dataclass(slots=True)
class Clock:
    """A monotonic clock that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def open_outbox(
    path: Path,
    *,
    clock: Clock | None = None,
    limits: OutboxLimits | None = None,
    evidence: Sheddable | None = None,
    timing: Timing | None = None,
    window: Window | None = None,
    address: Address = ADDRESS,
    at_rest: AtRest = PLAIN,
) -> Outbox:
    schedule = Schedule(timing=timing or Timing(), window=window or Window())
    return Outbox.open(
        path,
        address=address,
        limits=limits,
        evidence=evidence,
        schedule=schedule,
        clock=clock or time.monotonic,
        at_rest=at_rest,
    )


def events_of(batches: Iterable[Batch]) -> list[dict[str, Any]]:
    """The events in some messages, in order."""
    found: list[dict[str, Any]] = []
    for batch in batches:
        content = json.loads(batch.body)
        found += content if isinstance(content, list) else [content]
    return found


def seqs_of(batches: Iterable[Batch]) -> list[int]:
    """Their sequence numbers."""
    return [one["seq"] for one in events_of(batches)]


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder in memory where there is such a place: the same files, and nothing waits for a disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        yield Path(folder)
