"""One valid event of each type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from edge.contract.events import EVENT_ADAPTER, EVENT_TYPES, Event

EPOCH = "0123456789abcdef0123456789abcdef"
AT = datetime(2026, 3, 14, 9, 20, tzinfo=UTC)

_DATA: dict[str, dict[str, Any]] = {
    "shelf.observed.v1": {
        "capture": "c-1",
        "capture_set": "s-1",
        "camera": "cam-1",
        "fixture": "cooler-1",
        "trigger": "scheduled",
        "quality": {"brightness": 0.5, "sharpness": 300.0},
        "versions": {"agent": "0.1.0", "detector": "1"},
        "facings": [
            {
                "box": [0.1, 0.1, 0.2, 0.3],
                "shelf": 1,
                "position": 1,
                "sku": "cola-can",
                "status": "recognised",
                "score": 0.9,
                "sku_score": 0.99,
            }
        ],
        "gaps": [{"box": [0.3, 0.1, 0.4, 0.3], "shelf": 1, "sku": "lime-can"}],
        "kpis": {"facings": 1, "own": 1, "foreign": 0, "unknown": 0, "unsure": 0, "gaps": 1, "assortment": 1},
        "deviations": [{"kind": "missing", "sku": "lime-can", "shelf": 1, "position": 2, "planned": 1, "seen": 0}],
        "planned": {"cola-can": 1, "lime-can": 1},
    },
    "stockout.opened.v1": {
        "episode": "e-1",
        "fixture": "cooler-1",
        "sku": "cola-can",
        "since": "2026-03-14T09:00:00Z",
        "captures": ["c-1", "c-2"],
    },
    "stockout.closed.v1": {
        "episode": "e-1",
        "fixture": "cooler-1",
        "sku": "cola-can",
        "since": "2026-03-14T09:00:00Z",
        "until": "2026-03-14T11:00:00Z",
        "captures": ["c-3"],
    },
    "traffic.counted.v1": {
        "camera": "cam-2",
        "since": "2026-03-14T09:00:00Z",
        "until": "2026-03-14T09:15:00Z",
        "seconds_observed": 900.0,
        "lines": [{"line": "entrance", "into": 12, "out": 11}],
        "zones": [{"zone": "cooler", "visits": 3, "dwell_seconds": 41.5, "occupancy_mean": 0.05, "occupancy_peak": 2}],
        "passers": 20,
        "stoppers": 3,
        "heat": {"rows": 1, "columns": 2, "seconds": [3.0, 4.5]},
    },
    "cooler.door.v1": {"fixture": "cooler-1", "state": "closed", "seconds_open": 14.0},
    "cooler.status.v1": {"fixture": "cooler-1", "cabinet_celsius": 4.5, "power": True, "light": True},
    "capture.rejected.v1": {
        "capture": "c-9",
        "camera": "cam-1",
        "fixture": "cooler-1",
        "trigger": "scheduled",
        "reason": "blurred",
    },
    "device.health.v1": {
        "uptime": 3600.0,
        "cameras": [
            {
                "camera": "cam-1",
                "fixture": "cooler-1",
                "schedule": "every 20 min",
                "business_day": "2026-03-14",
                "due": 42,
            }
        ],
        "outbox_depth": 3,
        "outbox_bytes": 6144,
        "last_seq": 17,
    },
    "outbox.dropped.v1": {"ranges": [[3, 5]], "kind": "health", "reason": "outbox full: 256 MB"},
}


def event(name: str, *, seq: int = 1, epoch: str = EPOCH, source: str = "/acme/store-1/dev-1", **data: Any) -> Event:
    """A valid event of a type, with parts of its data replaced."""
    return EVENT_ADAPTER.validate_python(
        {
            "id": f"{epoch}-{seq}",
            "source": source,
            "type": name,
            "time": AT,
            "epoch": epoch,
            "seq": seq,
            "zone": "Asia/Ho_Chi_Minh",
            "clock": "synced",
            "boot": "0" * 32,
            "up": 100,
            "data": {**_DATA[name], **data},
        }
    )


EXAMPLES: dict[str, Event] = {name: event(name) for name in EVENT_TYPES}
