"""Where people stood: the coarse grids of traffic cameras, added up over some days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from cloud_sink.profile.goods_model import Count, Mean, Portrait
from cloud_sink.store.captured import traffic
from cloud_sink.store.database import reading
from edge.contract.names import Slug

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from cloud_sink.store.database import Database
    from edge.contract.payloads import TrafficCounted


class HeatMap(Portrait):
    """Seconds that people stood in each cell of a camera's picture."""

    camera: Slug
    fixture: Slug | None
    rows: Count
    columns: Count
    seconds: list[Mean] = Field(description="row by row from the top left")
    intervals: Count = Field(description="that told a grid")
    withheld: Count = Field(description="in which too few people passed to tell one")


def ask_heat(engine: Database, *, tenant: str, store: str, since: date, until: date) -> list[HeatMap]:
    """The heat maps of a store's cameras; from the events themselves, so as far back as these are kept."""
    with reading(engine) as connection:
        return add_grids(traffic(connection, tenant, store, since, until))


def add_grids(told: Iterable[TrafficCounted]) -> list[HeatMap]:
    """Add up grids of one camera and size; a camera whose grid was changed has one for each size. Pure."""
    sums: dict[tuple[str, str | None, int, int], list[float]] = {}
    intervals: dict[tuple[str, str | None, int, int], int] = {}
    withheld: dict[str, int] = {}
    for one in told:
        withheld[one.camera] = withheld.get(one.camera, 0) + ("heat" in one.withheld)
        if one.heat is None:
            continue
        key = (one.camera, one.fixture, one.heat.rows, one.heat.columns)
        before = sums.get(key, [0.0] * len(one.heat.seconds))
        sums[key] = [was + more for was, more in zip(before, one.heat.seconds, strict=True)]
        intervals[key] = intervals.get(key, 0) + 1
    return [
        HeatMap(
            camera=key[0],
            fixture=key[1],
            rows=key[2],
            columns=key[3],
            seconds=sums[key],
            intervals=intervals[key],
            withheld=withheld[key[0]],
        )
        for key in sorted(sums, key=str)
    ]
