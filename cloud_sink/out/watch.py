"""Brings alerts forward: what holds, what is over, and what is said of it, in one transaction."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cloud_sink.fleet.alert_settings import EventRule, FigureRule
from cloud_sink.out.conditions import Holding, fits, holding, of_event, zone_here
from cloud_sink.out.episode import Alert, Manner, step
from cloud_sink.out.words import said
from cloud_sink.store import alert_rows, outgoing
from cloud_sink.store.database import reading, writing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from cloud_sink.fleet.alert_settings import AlertRule, AlertSection, QuietSection
    from cloud_sink.out.channels import Channels
    from cloud_sink.out.conditions import World
    from cloud_sink.store.database import Database, Transaction

FIGURES_EVERY = timedelta(minutes=5)
"""How often figures of all stores are worked out: they move by the capture, not by the second."""

STATES_EVERY = timedelta(seconds=5)
"""How often open episodes and silent devices are gone through."""

_EVENTS = 500
"""Events that one transaction takes from the queue."""

_Alerts = dict[tuple[str, str], Alert]
"""The alerts of a rule by store and subject."""


class Watch:
    """The rules of the configuration over a database.

    Args:
        engine: the database.
        section: rules and channels.
        world: where conditions are looked up.
        channels: where alerts are said.
    """

    def __init__(self, engine: Database, section: AlertSection, world: World, channels: Channels) -> None:
        self._engine = engine
        self._rules = section.rules
        self._world = world
        self._channels = channels
        self._looked: dict[timedelta, datetime] = {}

    def ask_for_events(self, now: datetime) -> None:
        """Tell collectors, by the database, which events the rules wait for."""
        types = tuple(sorted({rule.when.type for rule in self._rules if isinstance(rule.when, EventRule)}))
        with writing(self._engine) as connection:
            alert_rows.forget_others(connection, [rule.id for rule in self._rules])
            outgoing.keep_channels(connection, self._channels.outlets, now)
            if types:
                outlet = outgoing.Outlet(outgoing.ALERTS, "alerts", "", types, "", "", now, "configuration")
                outgoing.put_outlet(connection, outlet)
            else:
                outgoing.remove_outlet(connection, outgoing.ALERTS)

    def look(self, now: datetime) -> None:
        """Bring every alert to `now`.

        Raises:
            DatabaseAway: nothing was said, and nothing is lost.
        """
        while self._hear(now):
            pass
        due = {every for every in (STATES_EVERY, FIGURES_EVERY) if self._is_time(every, now)}
        for rule in self._rules:
            every = FIGURES_EVERY if isinstance(rule.when, FigureRule) else STATES_EVERY
            if every in due and not isinstance(rule.when, EventRule):
                with reading(self._engine) as connection:
                    found = holding(connection, rule, self._world, now)
                with writing(self._engine) as connection:
                    self._bring(connection, rule, found, now)
        self._looked |= dict.fromkeys(due, now)

    def _is_time(self, every: timedelta, now: datetime) -> bool:
        looked = self._looked.get(every)
        return looked is None or not timedelta(0) <= now - looked < every  # a clock that was set back counts anew

    def _hear(self, now: datetime) -> bool:
        """Take events from the queue into the rules that wait for them; whether there may be more."""
        rules = [rule for rule in self._rules if isinstance(rule.when, EventRule)]
        if not rules:
            return False
        with writing(self._engine) as connection:
            heard = outgoing.claim(connection, outgoing.ALERTS, now, now + timedelta(minutes=1), _EVENTS)
            for rule in rules:
                assert isinstance(rule.when, EventRule)
                mine = [one for one in heard if (one.tenant, one.type) == (rule.tenant, rule.when.type)]
                alerts = _known(connection, rule)
                for message in mine:
                    event = json.loads(message.body)
                    told = of_event(event, rule.when, self._world, message.queued)
                    if not rule.stores or told.store in rule.stores:
                        _take(alerts, rule, told, fits=fits(rule.when, event["data"]))
                current = [
                    Holding(one.store, one.subject, one.since, one.text, one.until)
                    for one in alerts.values()
                    if one.until is not None and one.until > now
                ]
                self._bring(connection, rule, current, now, alerts)
            outgoing.delivered(connection, [one.id for one in heard])
        return len(heard) == _EVENTS

    def _bring(
        self,
        connection: Transaction,
        rule: AlertRule,
        found: Iterable[Holding],
        now: datetime,
        known: _Alerts | None = None,
    ) -> None:
        before = _known(connection, rule)
        alerts = dict(before) if known is None else known
        holds = {(one.store, one.subject): one for one in found}
        for key, one in holds.items():
            fresh = Alert(rule.id, rule.tenant, one.store, one.subject, one.since, one.text, until=one.until)
            alerts[key] = replace(alerts[key], text=one.text, until=one.until) if key in alerts else fresh
        zones: dict[str, tzinfo] = {}
        kept, gone = [], []
        for key, alert in sorted(alerts.items()):
            if alert.store not in zones:
                zones[alert.store] = zone_here(connection, self._world.stores, rule.tenant, alert.store)
            zone = zones[alert.store]
            done = step(alert, now, manner(rule), holds=key in holds, quiet=is_quiet(rule.quiet, now, zone))
            if done.say is not None:
                self._say(connection, rule, alert, done.say, now.astimezone(zone))
            if done.alert is None:
                gone.append((rule.id, rule.tenant, *key))
            elif done.alert != before.get(key):
                kept.append(asdict(done.alert))
        alert_rows.keep(connection, kept)
        alert_rows.forget(connection, gone)

    def _say(self, connection: Transaction, rule: AlertRule, alert: Alert, say: str, now: datetime) -> None:
        """Put the sentence into the queue of each channel, in the transaction that remembers it as said."""
        section = self._world.stores.find(rule.tenant, alert.store)
        sentence = said(
            self._world.language,
            say,
            store=section.name if section else alert.store,
            text=alert.text,
            since=f"{alert.since.astimezone(now.tzinfo):%Y-%m-%d %H:%M}",
            until=f"{(alert.over or now).astimezone(now.tzinfo):%Y-%m-%d %H:%M}",
        )
        for outlet, channel in self._channels.of(rule.channels):
            outgoing.enqueue(
                connection,
                outlet=outlet,
                target=channel,
                tenant=rule.tenant,
                store=alert.store,
                kind=f"{rule.id} {say}",
                body=sentence.encode(),
                at=now,
            )


def manner(rule: AlertRule) -> Manner:
    """How a rule speaks."""
    return Manner(timedelta(seconds=rule.after), timedelta(seconds=rule.over_after), rule.say_end)


def is_quiet(quiet: QuietSection | None, now: datetime, zone: tzinfo) -> bool:
    """Whether nothing is said now, on the store's own clock; the hours may go over midnight."""
    if quiet is None:
        return False
    clock = now.astimezone(zone).time()
    if quiet.since <= quiet.until:
        return quiet.since <= clock < quiet.until
    return clock >= quiet.since or clock < quiet.until


def _known(connection: Transaction, rule: AlertRule) -> _Alerts:
    rows = alert_rows.of_rule(connection, rule.id)
    return {(row["store"], row["subject"]): Alert(**row) for row in rows.values() if row["tenant"] == rule.tenant}


def _take(alerts: _Alerts, rule: AlertRule, told: Holding, *, fits: bool) -> None:
    """Take one event into a rule's alerts. A backlog comes late and out of order: the latest word holds."""
    assert told.until is not None
    key = (told.store, told.subject)
    known = alerts.get(key)
    latest = known is None or known.until is None or told.until >= known.until
    if fits and known is None:
        alerts[key] = Alert(rule.id, rule.tenant, *key, told.since, told.text, until=told.until)
    elif known is not None and latest:
        alerts[key] = replace(known, until=told.until, text=told.text) if fits else replace(known, until=told.since)
