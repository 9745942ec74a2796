"""What the rules of alerts watch: who holds now, by store and subject."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from cloud_sink.fleet.alert_settings import CloneRule, EventRule, FigureRule, SilenceRule, StockoutRule
from cloud_sink.fleet.rules import read_rule
from cloud_sink.out.words import said
from cloud_sink.profile.measure import measure, thresholds
from cloud_sink.store import clones
from cloud_sink.store.day import zone_of, zones_of
from cloud_sink.store.listing import device_page, episode_page
from cloud_sink.store.moments import to_ms
from edge.contract.business_day import business_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cloud_sink.fleet.alert_settings import AlertRule
    from cloud_sink.fleet.products import ProductBook
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.out.words import Language
    from cloud_sink.profile.measure import Measured, Yardstick
    from cloud_sink.store.database import Transaction

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that a rule watches, and that holds."""

    store: str
    subject: str
    since: datetime
    text: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What conditions are looked up in."""

    stores: StoreBook
    products: ProductBook
    yardstick: Yardstick
    language: Language


def holding(connection: Transaction, rule: AlertRule, world: World, now: datetime) -> list[Holding]:
    """All that a rule finds to hold now; rules over events find nothing here, they are told (`fits`)."""
    match rule.when:
        case StockoutRule():
            found = list(_stockouts(connection, rule, rule.when, world))
        case SilenceRule():
            found = list(_silent(connection, rule, rule.when, world, now))
        case CloneRule():
            found = [
                Holding(one.store, one.device, one.since, said(world.language, "clone", device=one.device))
                for one in clones.standing(connection, rule.tenant).values()
            ]
        case FigureRule():
            found = list(_figures(connection, rule, rule.when, world, now))
        case EventRule():
            found = []
    return [one for one in found if not rule.stores or one.store in rule.stores]


def fits(rule: EventRule, data: Mapping[str, Any]) -> bool:
    """Whether an event's data are what a rule waits for."""
    equal = all(data.get(name) == value for name, value in rule.equal.items())
    above = all(_is_number(data.get(name)) and data[name] > bound for name, bound in rule.above.items())
    below = all(_is_number(data.get(name)) and data[name] < bound for name, bound in rule.below.items())
    return equal and above and below


def of_event(event: Mapping[str, Any], rule: EventRule, world: World, received: datetime) -> Holding:
    """What an event that fits makes hold, from its own time on; a clock that is ahead is not believed."""
    _, _, store, device = event["source"].split("/")
    data = event["data"]
    subject = data.get("fixture") or device
    at = min(datetime.fromisoformat(event["time"]), received)
    names = [name for name in (*rule.equal, *rule.above, *rule.below) if name in data]
    values = ", ".join(f"{name} {json.dumps(data[name], ensure_ascii=False)}" for name in names) or f"{at:%H:%M} UTC"
    text = said(world.language, "event", type=rule.type, subject=subject, values=values)
    return Holding(store, subject, at, text, until=at + timedelta(seconds=rule.lasts))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _stockouts(connection: Transaction, rule: AlertRule, when: StockoutRule, world: World) -> Iterator[Holding]:
    after = None
    while True:
        page = episode_page(connection, rule.tenant, only_open=True, after=after, limit=_PAGE)
        for one in page:
            if not when.skus or one.sku in when.skus:
                product = world.products.of(one.tenant).get(one.sku)
                name = product.name if product else one.sku
                text = said(world.language, "stockout", sku=name, fixture=one.fixture)
                yield Holding(one.store, f"{one.device}/{one.episode}", one.since, text)
        if len(page) < _PAGE:
            return
        last = page[-1]
        after = (to_ms(last.since), last.store, last.device, last.episode)


def _silent(
    connection: Transaction, rule: AlertRule, when: SilenceRule, world: World, now: datetime
) -> Iterator[Holding]:
    after = None
    while True:
        page = device_page(connection, rule.tenant, after=after, limit=_PAGE)
        for one in page:
            if now - one.last_seen > timedelta(seconds=when.longer):
                yield Holding(one.store, one.device, one.last_seen, said(world.language, "silence", device=one.device))
        if len(page) < _PAGE:
            return
        after = (page[-1].tenant, page[-1].device)


def _figures(
    connection: Transaction, rule: AlertRule, when: FigureRule, world: World, now: datetime
) -> Iterator[Holding]:
    read = read_rule(rule.id, when.rule)
    today = _today(connection, world.stores, rule.tenant, now)
    found: dict[str, Measured] = {}
    for day in sorted(set(today.values())):  # around midnight stores of several zones are at several days
        field = measure(
            connection,
            world.stores,
            world.yardstick,
            tenant=rule.tenant,
            since=day,
            until=day,
            now=now,
            names=read.columns,
        )
        found |= {store: one for store, one in field.stores.items() if today.get(store) == day}
    limits = thresholds([read], found.values())
    for store, one in found.items():
        if read.holds(one.row(read.columns), limits):
            known = {name: value for name, value in one.values.items() if value is not None}
            values = ", ".join(f"{name} {value:.3g}" for name, value in known.items())
            yield Holding(store, "figures", now, said(world.language, "figures", rule=when.rule, values=values))


def _today(connection: Transaction, stores: StoreBook, tenant: str, now: datetime) -> dict[str, date]:
    """By store of a tenant the business day that it is there."""
    zones = zones_of(connection, tenant) | {one.id: one.zone for one in stores.described if one.tenant == tenant}
    return {store: business_day(now, stores.clockwork(tenant, store, zone)) for store, zone in zones.items()}


def zone_here(connection: Transaction, stores: StoreBook, tenant: str, store: str) -> tzinfo:
    """The store's own clock."""
    return stores.clockwork(tenant, store, zone_of(connection, tenant, store) or "UTC").zone
