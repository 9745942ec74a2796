"""The stores the sink knows, and defaults for those it does not: their events are stored all the same."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from edge.contract.business_day import Clockwork

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloud_sink.fleet.settings import StoreSection

WHOLE_DAY = (time(0), time(23, 59, 59, 999999))
"""Opening hours of a store nobody described: no capture of it is left out."""


class StoreBook:
    """Master data by tenant and store. One that a service shares may be told anew while others read it."""

    def __init__(self, stores: Iterable[StoreSection] = ()) -> None:
        self._known: dict[tuple[str, str], tuple[StoreSection, Clockwork]] = {}
        self._defaults: dict[str, Clockwork] = {}
        self.tell(stores)

    def tell(self, stores: Iterable[StoreSection]) -> None:
        """Take these stores in place of all that it held."""
        self._known = {(store.tenant, store.id): (store, _clockwork(store)) for store in stores}

    def find(self, tenant: str, store: str) -> StoreSection | None:
        """The master data of a store; None for one nobody described."""
        known = self._known.get((tenant, store))
        return known[0] if known else None

    def clockwork(self, tenant: str, store: str, zone: str) -> Clockwork:
        """The store's days and hours; for one nobody described, days from midnight in the zone its events name."""
        known = self._known.get((tenant, store))
        if known is not None:
            return known[1]
        default = self._defaults.get(zone)
        if default is None:
            opens, closes = WHOLE_DAY
            default = Clockwork(zone=_zone(zone), day_starts=time(0), opens=opens, closes=closes)
            if len(self._defaults) < 1000:  # noqa: PLR2004 - there are some 600 zones; more are somebody's inventions
                self._defaults[zone] = default
        return default

    @property
    def described(self) -> tuple[StoreSection, ...]:
        """Every store that somebody described."""
        return tuple(store for store, _ in self._known.values())


def _clockwork(store: StoreSection) -> Clockwork:
    return Clockwork(
        zone=ZoneInfo(store.zone),
        day_starts=store.hours.day_starts,
        opens=store.hours.opens,
        closes=store.hours.closes,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
