"""What every page says of a tenant, looked up now and then rather than for each of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cloud_sink.profile.ask import known_stores
from cloud_sink.store import recent
from cloud_sink.store.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from typing import TypeVar

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database

    T = TypeVar("T")

HOLDS = timedelta(seconds=5)
"""How long an answer is given again: a browser asks for several pages and parts at once."""

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one tenant."""

    latest: date | None  # the last business day of which anything is stored
    simulated: bool  # whether any of its recent data come from rendered pictures


class Known:
    """Answers from memory, for a while.

    Args:
        engine: the database.
        stores: master data.
    """

    def __init__(self, engine: Database, stores: StoreBook) -> None:
        self._engine = engine
        self._stores = stores
        self._kept: dict[str, tuple[datetime, object]] = {}
        self._turn = threading.Lock()

    def tenants(self, now: datetime) -> tuple[str, ...]:
        """Every tenant with a store, in order."""
        return self._remember("tenants", now, self._tenants)

    def facts(self, tenant: str, now: datetime) -> Facts:
        """What every page says of a tenant."""
        return self._remember(f"facts {tenant}", now, lambda: self._facts(tenant))

    def _tenants(self) -> tuple[str, ...]:
        with reading(self._engine) as connection:
            return tuple(sorted({tenant for tenant, _ in known_stores(connection, self._stores)}))

    def _facts(self, tenant: str) -> Facts:
        with reading(self._engine) as connection:
            latest = recent.latest_day(connection, tenant)
            simulated = latest is not None and recent.any_simulated(connection, tenant, latest)
        return Facts(latest, simulated)

    def _remember(self, name: str, now: datetime, look: Callable[[], T]) -> T:
        with self._turn:
            kept = self._kept.get(name)
        if kept is not None and now - kept[0] < HOLDS:
            found: T = kept[1]  # type: ignore[assignment]  # put there under the same name
            return found
        found = look()
        with self._turn:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            self._kept[name] = (now, found)
        return found
