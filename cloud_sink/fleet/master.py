"""Master data from two places: the configuration, and the database, where imports and pages write.

The database wins: a store or fixture that stands there is what it says, whole, and the configuration describes the
rest. So a file under version control may describe a pilot, and somebody who edits a page is never overruled by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.fleet.settings import FixtureSection, StoreSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store import master
from cloud_sink.store.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from cloud_sink.store.database import Database


class MasterData:
    """One book of stores that follows the database."""

    def __init__(self, engine: Database, configured: Iterable[StoreSection]) -> None:
        self._engine = engine
        self._configured = tuple(configured)
        self._seen: tuple[int, int] | None = None
        self.book = StoreBook(self._configured)

    def refresh(self) -> bool:
        """Read master data again where it changed; True where it did.

        Raises:
            DatabaseAway: the book stays as it was.
        """
        with reading(self._engine) as connection:
            now = master.changed(connection)
            if now == self._seen:
                return False
            self.book.tell(merge(self._configured, master.stores(connection), master.fixtures(connection)))
        self._seen = now
        return True


def stores_of(engine: Database, configured: Iterable[StoreSection]) -> StoreBook:
    """The book of stores as of now, for a command."""
    data = MasterData(engine, configured)
    data.refresh()
    return data.book


def merge(
    configured: Iterable[StoreSection], stores: Iterable[Mapping[str, Any]], fixtures: Iterable[Mapping[str, Any]]
) -> list[StoreSection]:
    """The stores of both places; rows as `cloud_sink.store.master` gives them."""
    found = {(store.tenant, store.id): store for store in configured}
    for row in stores:
        key = (row["tenant"], row["store"])
        found[key] = _store(row, found[key].fixtures if key in found else ())
    for row in fixtures:
        key = (row["tenant"], row["store"])
        if key in found:
            found[key] = _with_fixture(found[key], row)
    return list(found.values())


def _store(row: Mapping[str, Any], fixtures: tuple[FixtureSection, ...]) -> StoreSection:
    described = {name: value for name, value in row.items() if name in StoreSection.model_fields}
    hours = {name: row[name] for name in ("opens", "closes", "day_starts")}
    return StoreSection.model_validate({**described, "id": row["store"], "hours": hours, "fixtures": fixtures})


def _with_fixture(store: StoreSection, row: Mapping[str, Any]) -> StoreSection:
    fixture = FixtureSection(id=row["fixture"], name=row["name"], kind=row["kind"], own=tuple(row["own"]))
    others = [one for one in store.fixtures if one.id != fixture.id]
    return store.model_copy(update={"fixtures": (*others, fixture)})
