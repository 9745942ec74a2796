"""Stock-out episodes of one fixture, from capture to capture."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from edge.contract.business_day import business_day, opening
from edge.contract.payloads import StockoutClosed, StockoutOpened
from edge.shelf.evidence import Evidence
from edge.shelf.stockout_state import tracker_from_dict, tracker_to_dict
from edge.shelf.stockouts import Opened, StockoutRules, StockoutTracker, observe, shift_times

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from edge.contract.business_day import Clockwork
    from edge.contract.config import FixtureSection

MAX_CAPTURES = 100
"""As many as the contract lets an event name."""

NOTHING_PLANNED = Evidence(planned={}, seen={}, unsure={}, hidden=frozenset())


def follow_stockouts(
    remembered: Mapping[str, Any] | None,
    evidence: Evidence | None,
    *,
    at: datetime,
    capture: str,
    fixture: FixtureSection,
    clockwork: Clockwork,
) -> tuple[list[StockoutOpened | StockoutClosed], dict[str, Any] | None]:
    """Take an accepted capture into account.

    Args:
        remembered: what this function gave for the capture before; None at first.
        evidence: what the capture proves of each planned SKU; None without a plan: then there is nothing to be out of,
            and what is out of stock is planned no more.
        at: when it was taken, UTC.
        capture: its id.
        fixture: the fixture and its rules.
        clockwork: the store's day and hours.

    Returns:
        Episodes that opened or closed, and what to remember.
    """
    if evidence is None:
        if remembered is None:
            return [], None
        evidence = NOTHING_PLANNED
    state = tracker_from_dict(remembered) if remembered is not None else StockoutTracker()
    if state.at is not None and at <= state.at:  # the clock was set back: runs and episodes go on
        state = shift_times(state, at - state.at - timedelta(seconds=1))
    state, changes = observe(
        state,
        at=at,
        capture=capture,
        planned=evidence.planned,
        seen=evidence.seen,
        unsure=evidence.unsure,
        hidden=evidence.hidden,
        chance=evidence.chance,
        lapsing=evidence.lapsing,
        appearing=evidence.appearing,
        rules=StockoutRules(
            captures=fixture.stockout.captures,
            minutes=fixture.stockout.minutes,
            close_captures=fixture.stockout.back_captures,
            unsure_captures=fixture.stockout.unsure_captures,
            doubt=fixture.stockout.doubt,
        ),
        opening_seconds=None if state.at is None else opening_seconds(state.at, at, clockwork),
    )
    events: list[StockoutOpened | StockoutClosed] = []
    for change in changes:
        proof = list(change.captures)[-MAX_CAPTURES:]
        if isinstance(change, Opened):
            opened = StockoutOpened(
                episode=change.episode, fixture=fixture.id, sku=change.sku, since=change.since, captures=proof
            )
            events.append(opened)
        else:
            closed = StockoutClosed(
                episode=change.episode,
                fixture=fixture.id,
                sku=change.sku,
                since=change.since,
                until=change.until,
                captures=proof,
            )
            events.append(closed)
    return events, tracker_to_dict(state)


def ever_seen(remembered: Mapping[str, Any] | None) -> frozenset[str]:
    """Planned SKUs seen since their plan began; one that never was is void rather than missing."""
    return tracker_from_dict(remembered).ever_seen if remembered is not None else frozenset()


def opening_seconds(since: datetime, until: datetime, clockwork: Clockwork) -> float:
    """How long the store was open between two moments."""
    total = 0.0
    day = business_day(since, clockwork)
    while True:
        span = opening(day, clockwork)
        if span.since >= until:
            return total
        total += max(0.0, (min(until, span.until) - max(since, span.since)).total_seconds())
        day += timedelta(days=1)
