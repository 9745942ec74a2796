"""Stores beside each other: ranked, grouped, and one compared with its past, its cluster and its chain."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, TypedDict

from cloud_sink.profile.figures import Figures, add_up, values
from cloud_sink.profile.grade import grade_values, letter_of, score_of
from cloud_sink.profile.measure import SCORE, measure, pending, quantile, thresholds
from cloud_sink.profile.ranking_model import Compared, Group, Groups, RankedStore, Ranking, Standing, Tag
from cloud_sink.store.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cloud_sink.fleet.settings import Attribute
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.measure import Measured, Yardstick
    from cloud_sink.store.database import Database

FALLING = frozenset({"stockouts", "unknown_share"})
"""Figures of which less is better."""

MOST_NAMED = 500
"""Stores that are asked for by name; more are asked for as all of them."""

LEAST = 3
"""Stores that a median and a percentile need beside the one that is compared."""


class _Period(TypedDict):
    tenant: str
    since: date
    until: date
    now: datetime


def ask_ranking(
    engine: Database,
    stores: StoreBook,
    yardstick: Yardstick,
    *,
    tenant: str,
    since: date,
    until: date,
    now: datetime,
    by: str = "osa",
    where: Mapping[str, str] | None = None,
    text: str = "",
    best_first: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> Ranking:
    """Rank a tenant's stores by a figure or by `score`, the worst first unless told otherwise.

    Args:
        engine: the database; nothing is written.
        stores: master data.
        yardstick: weights, tags, and what makes a cluster.
        tenant: whose stores.
        since: the first business day.
        until: the last one, included.
        now: aware.
        by: a figure's name, or `score`.
        where: attributes that a store must have, such as `{"city": "Hue"}`; tags are of all stores all the same.
        text: what must stand in the store's id, name or city.
        best_first: the best first; those of which the figure is unknown come last all the same.
        limit: stores of this page; None for all.
        offset: stores before it.

    Raises:
        KeyError: `by` or a key of `where` names nothing.
    """
    asked: _Period = {"tenant": tenant, "since": since, "until": until, "now": now}
    names = None if limit is None else {by, *_tagged(yardstick)}
    with reading(engine) as connection:
        known = pending(connection, stores, **asked)
        field = measure(connection, stores, yardstick, **asked, names=names, known=known)
        chosen = [one for one in field.stores.values() if _matches(one, where or {}, text.casefold())]
        told, untold = _ranked(chosen, by)
        told = told[::-1] if best_first else told
        page = [*told, *untold][offset : None if limit is None else offset + limit]
        whole = field.stores
        if names is not None:  # to rank takes few columns of all stores, to show takes all columns of few
            only = _named([one.store for one in page])
            whole = measure(connection, stores, yardstick, **asked, only=only, known=known).stores
    limits = thresholds(yardstick.tags, field.stores.values())
    lines = [
        _line(whole[one.store], at if at <= len(told) else 0, yardstick, limits)
        for at, one in enumerate(page, start=offset + 1)
    ]
    return Ranking(since=since, until=until, by=by, total=len(chosen), waiting=field.waiting, stores=lines)


def ask_groups(
    engine: Database,
    stores: StoreBook,
    yardstick: Yardstick,
    *,
    tenant: str,
    since: date,
    until: date,
    now: datetime,
    by: Attribute,
) -> Groups:
    """Roll a tenant's stores up by an attribute; groups by score, the worst first."""
    with reading(engine) as connection:
        field = measure(connection, stores, yardstick, tenant=tenant, since=since, until=until, now=now)
    gathered: dict[str | None, list[Measured]] = {}
    for one in field.stores.values():
        gathered.setdefault(one.attribute(by), []).append(one)
    groups = []
    for name, members in gathered.items():
        total = values(add_up(one.counts for one in members))
        score = score_of(total, yardstick.grading)
        groups.append(
            Group(
                name=name,
                stores=len(members),
                figures=Figures(**total),
                score=score,
                letter=letter_of(score, yardstick.grading),
            )
        )
    groups.sort(key=lambda one: (one.score is None, one.score or 0.0, one.name or ""))
    return Groups(since=since, until=until, by=by, waiting=field.waiting, groups=groups)


def ask_standing(
    engine: Database,
    stores: StoreBook,
    yardstick: Yardstick,
    *,
    tenant: str,
    store: str,
    since: date,
    until: date,
    now: datetime,
) -> Standing | None:
    """Compare a store with its past, its cluster and its chain; None when nothing is stored of it in the period."""
    length = until - since + timedelta(days=1)
    asked: _Period = {"tenant": tenant, "since": since, "until": until, "now": now}
    earlier: _Period = {**asked, "since": since - length, "until": until - length}
    with reading(engine) as connection:
        known = pending(connection, stores, **asked)
        field = measure(connection, stores, yardstick, **asked, names=_tagged(yardstick), known=known)
        this = field.stores.get(store)
        if this is None:
            return None
        others = [one for one in field.stores.values() if one is not this]
        cluster = {name: this.attribute(name) for name in yardstick.alike}
        alike = [one.store for one in others if all(one.attribute(name) == cluster[name] for name in cluster)]
        chain = this.attribute("chain")
        mates = [one.store for one in others if chain is not None and one.attribute("chain") == chain]
        named = _named([store, *{*alike, *mates}])
        whole = measure(connection, stores, yardstick, **asked, only=named, known=known).stores
        before = measure(connection, stores, yardstick, **earlier, only=[store]).stores.get(store)
    this = whole[store]
    limits = thresholds(yardstick.tags, field.stores.values())
    return Standing(
        store=store,
        since=since,
        until=until,
        past_since=since - length,
        past_until=until - length,
        completeness=this.values["completeness"],
        past_completeness=before.values["completeness"] if before else None,
        cluster=cluster,
        cluster_stores=len(alike),
        chain_stores=len(mates),
        grade=grade_values(
            {name: this.values[name] for name in type(yardstick.grading.weights).model_fields}, yardstick.grading
        ),
        tags=[
            Tag(name=rule.name, rule=rule.text, holds=rule.holds(this.row(rule.columns), limits))
            for rule in yardstick.tags
        ],
        figures=[
            _compared(name, this, before, [whole[one] for one in alike], [whole[one] for one in mates])
            for name in this.values
        ],
        waiting=field.waiting,
    )


def _tagged(yardstick: Yardstick) -> set[str]:
    """What the rules of tags name."""
    return {column for rule in yardstick.tags for column in rule.columns}


def _named(stores: list[str]) -> list[str] | None:
    """Stores that are asked for by name; None for all where they are many."""
    return stores if len(stores) <= MOST_NAMED else None


def _compared(
    name: str, this: Measured, before: Measured | None, alike: Sequence[Measured], mates: Sequence[Measured]
) -> Compared:
    value = this.values[name]
    cluster, chain = _known(name, alike), _known(name, mates)
    return Compared(
        figure=name,
        value=value,
        past=before.values[name] if before else None,
        cluster_median=_median(cluster),
        cluster_percentile=_percentile(name, value, cluster),
        chain_median=_median(chain),
        chain_percentile=_percentile(name, value, chain),
    )


def _known(name: str, stores: Iterable[Measured]) -> list[float]:
    return sorted(value for one in stores if (value := one.values[name]) is not None)


def _median(ascending: list[float]) -> float | None:
    return quantile(ascending, 0.5) if len(ascending) >= LEAST else None


def _percentile(name: str, value: float | None, others: list[float]) -> float | None:
    if value is None or len(others) < LEAST:
        return None
    below = (sum(other < value for other in others) + sum(other <= value for other in others)) / 2 / len(others)
    return 1 - below if name in FALLING else below


def _ranked(stores: Iterable[Measured], by: str) -> tuple[list[Measured], list[Measured]]:
    """The worst first, and those of which the figure is unknown by their names."""
    sign = -1 if by in FALLING else 1
    known, unknown = [], []
    for one in stores:
        value = one.value(by)
        if value is None:
            unknown.append(one)
        else:
            known.append((sign * value, one.store, one))
    return [one for *_, one in sorted(known, key=itemgetter(0, 1))], sorted(unknown, key=attrgetter("store"))


def _matches(one: Measured, where: Mapping[str, str], text: str) -> bool:
    if text and not any(text in (part or "").casefold() for part in (one.store, one.name, one.attribute("city"))):
        return False
    return all(one.row([name])[name] == value for name, value in where.items())


def _line(
    one: Measured, rank: int, yardstick: Yardstick, limits: Mapping[tuple[str, int], float | None]
) -> RankedStore:
    section, score = one.section, one.values[SCORE]
    return RankedStore(
        rank=rank,
        store=one.store,
        name=one.name,
        chain=one.attribute("chain"),
        channel=one.attribute("channel"),
        store_class=one.attribute("store_class"),
        city=one.attribute("city"),
        representative=one.attribute("representative"),
        latitude=section.latitude if section else None,
        longitude=section.longitude if section else None,
        days=one.counts["days"],
        figures=Figures(**{name: value for name, value in one.values.items() if name != SCORE}),
        score=score,
        letter=letter_of(score, yardstick.grading),
        tags=[rule.name for rule in yardstick.tags if rule.holds(one.row(rule.columns), limits)],
    )
