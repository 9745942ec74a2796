"""The week's samples, drawn once the week is over: of every tenant of which something was photographed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.photo_audit.sample import draw_sample, last_whole_week
from cloud_sink.profile.ask import known_stores
from cloud_sink.store.database import reading

if TYPE_CHECKING:
    from datetime import datetime

    from cloud_sink.fleet.audit_settings import AuditSection
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database

BY = "the sink"


def draw_due(engine: Database, stores: StoreBook, settings: AuditSection, now: datetime) -> int:
    """Draw what is due; how many samples that were."""
    with reading(engine) as connection:
        tenants = sorted({tenant for tenant, _ in known_stores(connection, stores)})
    week = last_whole_week(now)
    drawn = [draw_sample(engine, stores, settings, tenant=tenant, week=week, now=now, who=BY) for tenant in tenants]
    return sum(sample is not None for sample in drawn)
