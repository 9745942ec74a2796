"""Drawing a week's sample: what is stored of the week in, a sample that is kept out."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from cloud_sink.photo_audit.choose import choose
from cloud_sink.store import photo_audit_frame, photo_audits
from cloud_sink.store.database import reading, writing
from cloud_sink.store.photo_audits import Sample

if TYPE_CHECKING:
    from datetime import datetime

    from cloud_sink.fleet.audit_settings import AuditSection
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.photo_audit.choose import Cell
    from cloud_sink.store.database import Database

SETTLES = timedelta(hours=36)
"""How long after a week's last Sunday its days are over everywhere and their photographs have come."""


def monday_of(day: date) -> date:
    """The first day of a day's week."""
    return day - timedelta(days=day.weekday())


def last_whole_week(now: datetime) -> date:
    """The Monday of the last week that is over for every store."""
    return monday_of((now - SETTLES).date()) - timedelta(days=7)


def draw_sample(
    engine: Database,
    stores: StoreBook,
    settings: AuditSection,
    *,
    tenant: str,
    week: date,
    now: datetime,
    who: str,
    seed: str | None = None,
) -> Sample | None:
    """Draw the sample of a week, of its days so far; None where the week has one, or nothing was photographed.

    Args:
        engine: the database.
        stores: master data: chains are strata.
        settings: how many facings, and how many of them are judged twice.
        tenant: whose.
        week: its Monday.
        now: aware.
        who: by whom.
        seed: of the chance; a new one if left out. The same seed draws the same sample of the same data.
    """
    seed = seed or secrets.token_hex(8)
    with reading(engine) as connection:
        if photo_audits.find(connection, tenant, week) is not None:
            return None
        strata: dict[str, list[Cell]] = {}
        for cell in photo_audit_frame.cells(connection, tenant, week, week + timedelta(days=6)):
            section = stores.find(tenant, cell.store)
            strata.setdefault((section.chain if section else None) or "", []).append(cell)
        chosen = choose(
            strata,
            lambda cell: photo_audit_frame.seen_on(connection, tenant, cell),
            settings.facings,
            Random(seed),  # noqa: S311 - chance that can be repeated is what a sample needs
        )
    if not chosen:
        return None
    cells = [cell for members in strata.values() for cell in members]
    sample = Sample(
        tenant=tenant,
        week=week,
        seed=seed,
        until=max(cell.day for cell in cells),
        asked=settings.facings,
        drawn=len(chosen),
        facings=sum(cell.facings for cell in cells),
        at=now,
        who=who,
    )
    with writing(engine) as connection:
        return sample if photo_audits.keep(connection, sample, chosen, twice=settings.twice) else None
