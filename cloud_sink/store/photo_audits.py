"""Samples of facings, what judges say of them, and what is still to be judged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import and_, exists, func, insert, select

from cloud_sink.photo_audit.accuracy import Judged
from cloud_sink.store.corrected import Correction
from cloud_sink.store.dialect import insert_or
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.photo_audit_frame import as_text, is_kept
from cloud_sink.store.photo_audit_tables import draws, judgements, samples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

    from cloud_sink.photo_audit.accuracy import Says
    from cloud_sink.photo_audit.choose import Chosen
    from cloud_sink.store.corrections import Corrections


@dataclass(frozen=True, slots=True)
class Sample:
    """What was drawn of a week."""

    tenant: str
    week: date  # its Monday
    seed: str
    until: date  # the last business day that could be drawn from
    asked: int
    drawn: int
    facings: int  # of all accepted captures of these days
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Question:
    """A facing to be judged: nothing of the machine's answer is in it."""

    week: date
    place: int
    store: str
    fixture: str
    day: date
    evidence: str
    box: tuple[float, ...]
    band: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a judge says of a facing."""

    says: Says
    sku: str | None
    counted: int | None
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sample is judged."""

    drawn: int
    judged: int
    own: int  # of them, by who asks


class NotInSample(Exception):  # noqa: N818 - a state, not a fault
    """No facing of that week and place was drawn."""


def keep(connection: Connection, sample: Sample, chosen: Sequence[Chosen], *, twice: float) -> bool:
    """Keep a sample; False, and nothing is changed, where that week has one.

    Args:
        connection: inside `writing`.
        sample: what it is.
        chosen: its facings, in the order in which they are to be judged.
        twice: the share of them that two people are to judge, the first of every so many.
    """
    head = {name: getattr(sample, name) for name in samples.columns.keys() if name != "at"}  # noqa: SIM118 - columns
    new = insert_or(connection, samples).values(**head, at=to_ms(sample.at))
    once = new.on_conflict_do_nothing(index_elements=["tenant", "week"]).returning(samples.c.week)
    if not connection.execute(once).all():
        return False
    rows = [
        _row(sample, place, one, judges=1 + (int((place + 1) * twice) > int(place * twice)))
        for place, one in enumerate(chosen)
    ]
    if rows:
        connection.execute(insert(draws), rows)
    return True


def find(connection: Connection, tenant: str, week: date) -> Sample | None:
    """The sample of a week."""
    row = connection.execute(select(samples).where(samples.c.tenant == tenant, samples.c.week == week)).one_or_none()
    return None if row is None else _sample(row)


def weeks(connection: Connection, tenant: str, limit: int = 60) -> list[Sample]:
    """Its samples, the newest first."""
    these = select(samples).where(samples.c.tenant == tenant).order_by(samples.c.week.desc()).limit(limit)
    return [_sample(row) for row in connection.execute(these)]


def next_for(connection: Connection, tenant: str, week: date, who: str) -> Question | None:
    """The first facing that is still to be judged, and not by somebody who has judged it; None where there is none."""
    d, j = draws.c, judgements.c
    this = and_(j.tenant == d.tenant, j.week == d.week, j.place == d.place)
    count = select(func.count()).select_from(judgements).where(this).scalar_subquery()
    mine = exists().where(this, j.who == who)
    waiting = select(draws).where(d.tenant == tenant, d.week == week, count < d.judges, ~mine).order_by(d.place)
    for row in connection.execute(waiting):
        if is_kept(connection, tenant, row.evidence):
            return _question(row)
    return None


def drawn(connection: Connection, tenant: str, week: date, place: int) -> Question | None:
    """A facing of a sample, without the machine's answer."""
    d = draws.c
    row = connection.execute(select(draws).where(d.tenant == tenant, d.week == week, d.place == place)).one_or_none()
    return None if row is None else _question(row)


def answer(connection: Connection, tenant: str, week: date, place: int, said: Answer) -> bool:
    """Keep what a judge says; False where they have said something of it before: then that stands.

    Raises:
        NotInSample: no such facing was drawn.
    """
    d = draws.c
    store = connection.execute(
        select(d.store).where(d.tenant == tenant, d.week == week, d.place == place)
    ).scalar_one_or_none()
    if store is None:
        raise NotInSample
    new = insert_or(connection, judgements).values(
        tenant=tenant,
        week=week,
        place=place,
        who=said.who,
        store=store,
        says=said.says,
        sku=said.sku,
        counted=said.counted,
        at=to_ms(said.at),
    )
    once = new.on_conflict_do_nothing(index_elements=["tenant", "week", "place", "who"])
    return bool(connection.execute(once.returning(judgements.c.place)).all())


def progress(connection: Connection, tenant: str, week: date, who: str) -> Progress:
    """How far a sample is judged."""
    d, j = draws.c, judgements.c
    drawn = connection.execute(
        select(func.count()).select_from(draws).where(d.tenant == tenant, d.week == week)
    ).scalar_one()
    by = select(func.count(j.place.distinct())).where(j.tenant == tenant, j.week == week)
    return Progress(drawn, connection.execute(by).scalar_one(), connection.execute(by.where(j.who == who)).scalar_one())


def judged(connection: Connection, tenant: str, since: date, until: date) -> list[Judged]:
    """What was judged of the samples of some weeks; of several judgements of a facing the first counts."""
    firsts: dict[tuple[date, int], Judged] = {}
    for row in connection.execute(_told(tenant, since, until)):
        firsts.setdefault((row.week, row.place), _judged(row))
    return list(firsts.values())


def pairs(connection: Connection, tenant: str, since: date, until: date) -> list[tuple[str, str]]:
    """What the first two judges of a facing said, of those that two have judged."""
    said: dict[tuple[date, int], list[str]] = {}
    for row in connection.execute(_told(tenant, since, until)):
        said.setdefault((row.week, row.place), []).append(row.said_sku or row.says)
    return [(answers[0], answers[1]) for answers in said.values() if len(answers) > 1]


def wrong(connection: Connection, tenant: str, week: date, who: str) -> list[Judged]:
    """Where a judge did not agree with the machine; only what this person need not, or must not, judge any more."""
    d, j = draws.c, judgements.c
    this = and_(j.tenant == d.tenant, j.week == d.week, j.place == d.place)
    count = select(func.count()).select_from(judgements).where(this).scalar_subquery()
    over = select(d.place).where(
        d.tenant == tenant, d.week == week, (count >= d.judges) | exists().where(this, j.who == who)
    )
    done = set(connection.execute(over).scalars())
    return [
        one
        for one in judged(connection, tenant, week, week)
        if one.place in done and one.says != "unclear" and not one.is_right
    ]


def as_corrections(connection: Connection, tenant: str, store: str) -> Corrections:
    """What judges agree on of a store's facings, as if they had corrected them, by event: for labels, not for sums."""
    d, j = draws.c, judgements.c
    this = and_(j.tenant == d.tenant, j.week == d.week, j.place == d.place)
    told = select(draws, j.says, j.sku.label("said_sku"), j.who, j.at.label("said_at")).join(judgements, this)
    by_facing: dict[tuple[str, str, int, int], list[Row[Any]]] = {}
    for row in connection.execute(told.where(d.tenant == tenant, d.store == store).order_by(j.at, j.who)):
        by_facing.setdefault((row.device, row.epoch, row.seq, row.facing), []).append(row)
    found: Corrections = {}
    for (device, epoch, seq, _), rows in sorted(by_facing.items()):
        if rows[0].says != "unclear" and len({(row.says, row.said_sku) for row in rows}) == 1:
            found.setdefault((tenant, device, epoch, seq), []).append(_correction(rows[0]))
    return found


def _told(tenant: str, since: date, until: date) -> Any:
    d, j = draws.c, judgements.c
    this = and_(j.tenant == d.tenant, j.week == d.week, j.place == d.place)
    return (
        select(draws, j.says, j.sku.label("said_sku"), j.counted.label("said_counted"))
        .join(judgements, this)
        .where(d.tenant == tenant, d.week >= since, d.week <= until)
        .order_by(d.week, d.place, j.at, j.who)
    )


def _row(sample: Sample, place: int, one: Chosen, *, judges: int) -> dict[str, object]:
    seen = one.seen
    told = ("device", "epoch", "seq", "facing", "evidence", "shelf", "counted", "status", "sku", "model")
    return {
        "tenant": sample.tenant,
        "week": sample.week,
        "place": place,
        "judges": judges,
        "store": one.cell.store,
        "chain": one.chain,
        "fixture": one.cell.fixture,
        "day": one.cell.day,
        "box": as_text(seen.box),
        "band": as_text(seen.band),
        **{name: getattr(seen, name) for name in told},
    }


def _sample(row: Row[Any]) -> Sample:
    return Sample(
        row.tenant, row.week, row.seed, row.until, row.asked, row.drawn, row.facings, from_ms(row.at), row.who
    )


def _question(row: Row[Any]) -> Question:
    box, band = tuple(json.loads(row.box)), tuple(json.loads(row.band))
    return Question(row.week, row.place, row.store, row.fixture, row.day, row.evidence, box, band)


def _judged(row: Row[Any]) -> Judged:
    names = (
        "week",
        "place",
        "chain",
        "model",
        "store",
        "fixture",
        "day",
        "evidence",
        "status",
        "sku",
        "shelf",
        "counted",
    )
    told = {name: getattr(row, name) for name in names}
    return Judged(**told, says=cast("Says", row.says), said_sku=row.said_sku, said_counted=row.said_counted)


def _correction(row: Row[Any]) -> Correction:
    standings = {"nothing": "removed", "unlisted": "unknown", "sku": "own"}
    return Correction(
        tenant=row.tenant,
        store=row.store,
        device=row.device,
        epoch=row.epoch,
        seq=row.seq,
        fixture=row.fixture,
        facing=row.facing,
        was=None,
        standing=cast("Any", standings[row.says]),
        sku=row.said_sku,
        record=None,
        at=from_ms(row.said_at),
        who=row.who,
    )
