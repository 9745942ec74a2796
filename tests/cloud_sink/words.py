"""Events as a device writes them, built by hand: nothing of the project's device code is used here."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud_sink.store.facts import Fact, fact_of
from edge.contract.refusal import Refused, read_event
from edge.contract.topics import Address

EPOCH = "ab" * 16
OTHER_EPOCH = "cd" * 16
START = datetime(2026, 3, 14, 1, 0, tzinfo=UTC)  # 08:00 in Ho Chi Minh City
DEVICE = Address("acme", "s1", "d1")
KIND = "capture.rejected.v1"


def rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def envelope(
    seq: int,
    kind: str,
    data: dict[str, Any],
    *,
    at: datetime = START,
    epoch: str = EPOCH,
    device: Address = DEVICE,
    clock: str = "synced",
    boot: str = "0123abcd",
    up: int | None = None,
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{epoch}-{seq}",
        "source": device.source,
        "type": kind,
        "time": rfc3339(at),
        "datacontenttype": "application/json",
        "epoch": epoch,
        "seq": seq,
        "zone": "Asia/Ho_Chi_Minh",
        "clock": clock,
        "boot": boot,
        "up": seq if up is None else up,
        "data": data,
    }


def rejected(seq: int, *, reason: str = "dark", fixture: str = "f1", **more: Any) -> dict[str, Any]:
    data = {"capture": f"c{seq}", "camera": "cam", "fixture": fixture, "trigger": "scheduled", "reason": reason}
    return envelope(seq, KIND, data, **more)


def facing(sku: str | None, *, status: str = "recognised", width: float = 0.05) -> dict[str, Any]:
    box = [0.1, 0.1, 0.1 + width, 0.2]
    return {"box": box, "shelf": 1, "position": 1, "sku": sku, "status": status, "score": 0.9}


def observed(
    seq: int,
    facings: list[dict[str, Any]],
    *,
    planned: dict[str, int] | None = None,
    own: int | None = None,
    fixture: str = "f1",
    view: str = "front",
    trigger: str = "scheduled",
    gaps: int = 0,
    simulated: bool = False,
    **more: Any,
) -> dict[str, Any]:
    count = {status: sum(one["status"] == status for one in facings) for status in ("recognised", "unknown", "unsure")}
    mine = count["recognised"] if own is None else own
    kpis = {
        "facings": len(facings),
        "own": mine,
        "foreign": count["recognised"] - mine,
        "unknown": count["unknown"],
        "unsure": count["unsure"],
        "gaps": gaps,
        "assortment": len({one["sku"] for one in facings if one["status"] == "recognised"}),
    }
    data = {
        "capture": f"c{seq}",
        "capture_set": f"c{seq}",
        "camera": f"cam-{view}",
        "fixture": fixture,
        "view": view,
        "trigger": trigger,
        "quality": {"brightness": 0.5, "sharpness": 1.0},
        "versions": {"agent": "0.1", "detector": "d1"},
        "facings": facings,
        "gaps": [{"box": [0, 0, 0.1, 0.1], "shelf": 1}] * gaps,
        "kpis": kpis,
        "planned": planned or {},
        "simulated": simulated,
    }
    return envelope(seq, "shelf.observed.v1", data, **more)


def stockout(
    seq: int, sku: str, since: datetime, until: datetime | None = None, *, episode: str = "e1", **more: Any
) -> dict[str, Any]:
    data = {"episode": episode, "fixture": "f1", "sku": sku, "since": rfc3339(since), "captures": ["c1"]}
    if until is None:
        return envelope(seq, "stockout.opened.v1", data, **more)
    return envelope(seq, "stockout.closed.v1", data | {"until": rfc3339(until)}, **more)


def health(seq: int, due: int, *, day: str = "2026-03-14", fixture: str = "f1", **more: Any) -> dict[str, Any]:
    camera = {"camera": f"cam-{fixture}", "fixture": fixture, "schedule": "every 30m", "business_day": day, "due": due}
    data = {"uptime": 60, "cameras": [camera], "outbox_depth": 0, "outbox_bytes": 0, "last_seq": seq - 1}
    return envelope(seq, "device.health.v1", data, **more)


def traffic(seq: int, since: datetime, *, fixture: str | None, into: int = 0, **counts: Any) -> dict[str, Any]:
    until = since + timedelta(minutes=15)
    data = {
        "camera": "cam",
        "fixture": fixture,
        "since": rfc3339(since),
        "until": rfc3339(until),
        "seconds_observed": 900,
        "lines": [{"line": "door", "into": into, "out": 0}],
        **counts,
    }
    return envelope(seq, "traffic.counted.v1", data, at=until)


def body(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def fact(event: dict[str, Any], *, device: Address = DEVICE) -> Fact:
    raw = body(event)
    read = read_event(raw, device)
    assert not isinstance(read, Refused), read
    return fact_of(device, read, raw)
