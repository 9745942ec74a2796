"""What a sample of facings is drawn from: how many each fixture showed on a day, and those on its photographs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from cloud_sink.photo_audit.choose import Cell, Seen
from cloud_sink.store import captures, evidence_rows
from cloud_sink.store.evidence_rows import State
from cloud_sink.store.tables import fixture_day
from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import ShelfObserved

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy import Connection

    from edge.contract.payloads import FacingRecord, Versions


def cells(connection: Connection, tenant: str, since: date, until: date) -> list[Cell]:
    """Every view of every fixture on each of some days, with the facings of its accepted captures."""
    c = fixture_day.c
    these = select(c.store, c.day, c.fixture, c.view, c.facings).where(
        c.tenant == tenant, c.day >= since, c.day <= until, c.facings > 0
    )
    return [Cell(*row) for row in connection.execute(these)]


def seen_on(connection: Connection, tenant: str, cell: Cell) -> list[Seen]:
    """The facings that count of those captures of a cell of which the photograph is kept."""
    found = []
    for row in captures.of_day(connection, tenant, cell.store, cell.fixture, cell.day):
        if row.view == cell.view and row.evidence is not None and is_kept(connection, tenant, row.evidence):
            data = EVENT_ADAPTER.validate_json(row.body).data
            assert isinstance(data, ShelfObserved)
            found += _of_capture((row.device, row.epoch, row.seq), row.evidence, data)
    return found


def is_kept(connection: Connection, tenant: str, sha256: str) -> bool:
    """Whether a photograph can be looked at."""
    kept = evidence_rows.find(connection, tenant, sha256)
    return kept is not None and kept[1] is State.STORED


def _of_capture(key: tuple[str, str, int], evidence: str, data: ShelfObserved) -> list[Seen]:
    shelves: dict[int, list[FacingRecord]] = {}
    for facing in data.counted_facings:
        shelves.setdefault(facing.shelf, []).append(facing)
    model = _model(data.versions)
    return [
        Seen(
            *key,
            facing=number,
            evidence=evidence,
            box=tuple(facing.box),
            shelf=facing.shelf,
            band=_band(shelves[facing.shelf]),
            counted=len(shelves[facing.shelf]),
            status=facing.status,
            sku=facing.sku,
            model=model,
        )
        for number, facing in enumerate(data.counted_facings)
    ]


def _band(facings: Iterable[FacingRecord]) -> tuple[float, ...]:
    boxes = [facing.box for facing in facings]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _model(versions: Versions) -> str:
    """Detector, embedder and catalogue, as one name."""
    parts = (versions.detector, versions.embedder, versions.catalogue)
    return " · ".join(part for part in parts if part)[:200]


def as_text(numbers: Iterable[float]) -> str:
    """A box as it is stored."""
    return json.dumps([round(number, 5) for number in numbers])
