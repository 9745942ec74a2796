"""All stores of a tenant over a period, measured alike: what rankings, groups, comparisons and tags are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from cloud_sink.fleet.rules import TEXTS, read_rule
from cloud_sink.profile.figures import CUT, FORMULAE, NAMES, of_store, until_now
from cloud_sink.profile.grade import score_of
from cloud_sink.profile.settle import unsettled
from cloud_sink.store import settled, stale
from cloud_sink.store.day import zones_of
from edge.contract.business_day import opening

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from cloud_sink.fleet.rules import Rule
    from cloud_sink.fleet.settings import Attribute, GradeSection, SinkConfig, StoreSection
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Transaction
    from edge.contract.business_day import Clockwork

Counts = dict[str, int]
Value = float | None

SCORE = "score"
"""What is asked for like a figure, and made of several."""

WORKED_OUT = 10
"""Days that a reader works out who asks for all stores. Where more wait, events come all the time: then they are told,
and stand as they were settled last, at most about a minute ago."""


_LAST_OF_A_DAY = timedelta(hours=12)
"""A day ends on earth so long after it ended in UTC (zone UTC-12)."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What stores are measured by."""

    grading: GradeSection
    tags: tuple[Rule, ...]
    alike: tuple[Attribute, ...]

    @classmethod
    def of(cls, config: SinkConfig) -> Yardstick:
        """As the configuration says."""
        return cls(config.grade, tuple(read_rule(name, text) for name, text in config.tags.items()), config.alike)


@dataclass(frozen=True)
class Measured:
    """One store over a period."""

    store: str
    section: StoreSection | None
    counts: Counts
    grading: GradeSection
    names: Collection[str]  # the figures that its counts are enough for

    @property
    def name(self) -> str | None:
        """As a merchandiser says it."""
        return self.section.name if self.section else None

    def attribute(self, name: str) -> str | None:
        """Its chain, channel and so on; None where nobody described it."""
        found: str | None = getattr(self.section, name) if self.section else None
        return found

    def value(self, name: str) -> Value:
        """A figure, or `score`.

        Raises:
            KeyError: there is no such figure, or it was not asked for.
        """
        if name not in self.names:
            raise KeyError(name)
        if name != SCORE:
            return FORMULAE[name].of(self.counts)
        return score_of({one: FORMULAE[one].of(self.counts) for one in self.grading.weights.by_name}, self.grading)

    @cached_property
    def values(self) -> dict[str, Value]:
        """All of them by name."""
        return {name: self.value(name) for name in (*NAMES, SCORE) if name in self.names}

    def row(self, columns: Iterable[str]) -> dict[str, float | str | None]:
        """What a rule names."""
        return {name: self.attribute(name) if name in TEXTS else self.value(name) for name in columns}


@dataclass(frozen=True, slots=True)
class Field:
    """The stores of a tenant, and how many of their days are not settled yet."""

    stores: dict[str, Measured]
    waiting: int


@dataclass(frozen=True, slots=True)
class Pending:
    """What is not as the settled rows say: by store, what a day's counts lack or have too much."""

    changes: tuple[tuple[str, Counts], ...]
    waiting: int  # days that are not settled yet, and are as they were settled before


def pending(
    connection: Transaction, stores: StoreBook, *, tenant: str, since: date, until: date, now: datetime
) -> Pending:
    """Work out the days that wait to be settled, where they are few, and cut those not over to what was due by now."""
    waiting = stale.within(connection, tenant, since, until, limit=WORKED_OUT + 1)
    if len(waiting) > WORKED_OUT:
        told, waiting = stale.count_within(connection, tenant, since, until), []
    else:
        told = 0
    changes = []
    rows = _unfinished(connection, tenant, since, until, now)
    for (store, day), one in unsettled(connection, stores, tenant, waiting).items():
        before = settled.store_days(connection, tenant, store, day, day).get(day)
        changes.append((store, {"days": int(before is None)} | _difference(before or {}, one.store)))
        rows[store, day] = one.store
    clockwork = _Clocks(connection, stores, tenant)
    for (store, day), row in rows.items():
        hours = opening(day, clockwork.of(store))
        if since <= day <= until and hours.until > now:
            changes.append((store, _difference(row, until_now(row, hours, now))))
    return Pending(tuple(changes), told)


class _Clocks:
    """The clockworks of a tenant's stores; zones of stores that nobody described are read once, where there are any."""

    def __init__(self, connection: Transaction, stores: StoreBook, tenant: str) -> None:
        self._connection = connection
        self._stores = stores
        self._tenant = tenant

    def of(self, store: str) -> Clockwork:
        zone = "" if self._stores.find(self._tenant, store) else self._zones.get(store, "UTC")
        return self._stores.clockwork(self._tenant, store, zone)

    @cached_property
    def _zones(self) -> dict[str, str]:
        return zones_of(self._connection, self._tenant)


def measure(
    connection: Transaction,
    stores: StoreBook,
    yardstick: Yardstick,
    *,
    tenant: str,
    since: date,
    until: date,
    now: datetime,
    names: Collection[str] | None = None,
    only: Sequence[str] | None = None,
    known: Pending | None = None,
) -> Field:
    """Measure the stores of which anything is stored in a period.

    Args:
        connection: inside `reading`.
        stores: master data.
        yardstick: weights, tags, and what makes a cluster.
        tenant: whose stores.
        since: the first business day.
        until: the last one, included.
        now: aware.
        names: figures that are asked for, or `score`; all of them if left out. Fewer are faster.
        only: stores that are asked for; all of them if left out.
        known: what `pending` says of the same tenant and period, where it was asked already.
    """
    if known is None:
        known = pending(connection, stores, tenant=tenant, since=since, until=until, now=now)
    asked = frozenset((*NAMES, SCORE) if names is None else names) - set(TEXTS)
    columns = _columns(asked, yardstick)
    sums = settled.store_sums(connection, tenant, since, until, names=columns, only=only)
    for store, change in known.changes:
        if only is None or store in only:
            total = sums.setdefault(store, {"days": 0} | dict.fromkeys(columns, 0))
            for name in ("days", *columns):
                total[name] += change.get(name, 0)
    measured = {
        store: Measured(store, stores.find(tenant, store), of_store(counts), yardstick.grading, asked)
        for store, counts in sums.items()
    }
    return Field(measured, known.waiting)


def thresholds(rules: Iterable[Rule], stores: Iterable[Measured]) -> dict[tuple[str, int], Value]:
    """The percentiles that some rules ask for, over the stores of which the column is known."""
    wanted = {one for rule in rules for one in rule.thresholds}
    measured = list(stores) if wanted else []
    known = {
        column: sorted(value for one in measured if (value := one.value(column)) is not None)
        for column in {column for column, _ in wanted}
    }
    return {(column, percent): quantile(known[column], percent / 100) for column, percent in wanted}


def quantile(ascending: list[float], share: float) -> Value:
    """The value below which a share of the values lies, interpolated (Hyndman & Fan 1996, type 7); None of none."""
    if not ascending:
        return None
    place = share * (len(ascending) - 1)
    low = int(place)
    high = min(low + 1, len(ascending) - 1)
    return ascending[low] + (ascending[high] - ascending[low]) * (place - low)


def _columns(names: Collection[str], yardstick: Yardstick) -> list[str]:
    """The columns that some figures are made of."""
    weighed = yardstick.grading.weights.by_name if SCORE in names else ()
    return sorted({column for name in (*names, *weighed) if name != SCORE for column in FORMULAE[name].columns})


def _unfinished(
    connection: Transaction, tenant: str, since: date, until: date, now: datetime
) -> dict[tuple[str, date], Counts]:
    """Of days that may not be over somewhere, what `until_now` cuts."""
    first = max(since, (now - _LAST_OF_A_DAY).date())
    return settled.rows_between(connection, tenant, first, until, names=CUT) if first <= until else {}


def _difference(before: Mapping[str, int], after: Mapping[str, int]) -> Counts:
    return {name: after.get(name, 0) - before.get(name, 0) for name in before.keys() | after.keys()}
