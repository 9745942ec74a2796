"""Stock-out episodes with hysteresis, as a pure state machine that survives a restart.

A planned SKU is out of stock when it had no facing, and no unsure facing that could be it, in enough accepted captures
in a row over enough minutes of opening time; it is back when it was seen in enough captures in a row. One bad frame
neither opens nor closes an episode. A SKU never seen since its plan began is void, not out of stock.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime, timedelta

MAX_PROOF = 50
"""Captures kept as proof of an episode: the first, and the latest before it opened."""


class OutOfOrderError(ValueError):
    """A capture that is not later than the one before it."""


@dataclass(frozen=True, slots=True)
class StockoutRules:
    """When an episode opens and closes."""

    captures: int = 3  # without the SKU, in a row, before an episode opens
    minutes: float = 30.0  # of opening time from the first of them to the last
    close_captures: int = 2  # with the SKU, in a row, before it closes

    def __post_init__(self) -> None:
        if self.captures < 1 or self.close_captures < 1:
            raise ValueError("captures and close_captures are at least 1")
        if not self.minutes >= 0:
            raise ValueError("minutes are at least 0")


@dataclass(frozen=True, slots=True)
class Run:
    """Captures in a row that say the same of a SKU."""

    since: datetime  # of the first capture
    opening_seconds: float  # opening time since the first capture
    count: int
    captures: tuple[str, ...]  # at most MAX_PROOF: the first and the latest

    def extended(self, capture: str) -> Run:
        """The run with one more capture."""
        captures = (*self.captures, capture)
        if len(captures) > MAX_PROOF:
            captures = (captures[0], *captures[2:])
        return Run(self.since, self.opening_seconds, self.count + 1, captures)


@dataclass(frozen=True, slots=True)
class Episode:
    """An open stock-out."""

    id: str  # the capture that opened it, and a number: the same whenever the same captures are observed
    since: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of one planned SKU."""

    ever_seen: bool = False  # since its plan began
    absent: Run | None = None
    episode: Episode | None = None
    back: Run | None = None  # seen again while the episode is open


@dataclass(frozen=True, slots=True)
class StockoutTracker:
    """Where every planned SKU of one fixture stands. `edge.shelf.stockout_state` makes it a dict and back."""

    at: datetime | None = None  # the latest capture
    capture: str = ""
    watches: Mapping[str, Watch] = field(default_factory=dict)

    @property
    def ever_seen(self) -> frozenset[str]:
        """Planned SKUs seen since their plan began; the others are void."""
        return frozenset(sku for sku, watch in self.watches.items() if watch.ever_seen)

    @property
    def episodes(self) -> dict[str, Episode]:
        """Open episodes by SKU."""
        return {sku: watch.episode for sku, watch in self.watches.items() if watch.episode}


@dataclass(frozen=True, slots=True)
class Opened:
    """A SKU is out of stock since the first capture without it."""

    episode: str
    sku: str
    since: datetime
    captures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """A SKU is back since the first capture where it was seen again, or it is planned no more."""

    episode: str
    sku: str
    since: datetime
    until: datetime
    captures: tuple[str, ...]
    reason: Literal["seen", "unplanned"]


@dataclass(frozen=True, slots=True)
class _Capture:
    at: datetime
    name: str
    opening_seconds: float  # since the capture before


def observe(
    state: StockoutTracker,
    *,
    at: datetime,
    capture: str,
    planned: Mapping[str, int],
    seen: Mapping[str, int],
    unsure: Mapping[str, int],
    rules: StockoutRules,
    opening_seconds: float | None = None,
    hidden: AbstractSet[str] = frozenset(),
) -> tuple[StockoutTracker, list[Opened | Closed]]:
    """Take one accepted capture into account. Rejected captures are no evidence: they are not to be observed.

    An unsure facing that could be the SKU ends a run of captures without it, since it may have been there, but proves
    no return.

    Args:
        state: before the capture.
        at: when it was taken; with a time zone, later than the capture before.
        capture: its id, unlike any other's; an episode is named after the capture that opened it, and a number.
        planned: planned facings of each SKU on the fixture; SKUs with 0 are not planned.
        seen: recognised facings of each SKU anywhere on the fixture (elsewhere than planned it is misplaced, not out).
        unsure: facings that could be the SKU, for each SKU.
        rules: when episodes open and close.
        opening_seconds: opening time since the capture before; None when the shop was open all that time.
        hidden: SKUs whose planned places could not be seen in this capture: no evidence of their absence.

    Returns:
        The state after it, and what opened or closed, by SKU.

    Raises:
        OutOfOrderError: `at` is before the latest capture, or this is the latest capture again.
        ValueError: `at` has no time zone, or `opening_seconds` is negative.
    """
    now = _Capture(at, capture, _elapsed(state, at, capture, opening_seconds))
    watches: dict[str, Watch] = {}
    events: list[Opened | Closed] = []
    for sku in sorted(sku for sku, facings in planned.items() if facings > 0):
        watch = state.watches.get(sku, Watch())
        # Opening time passes also where this capture tells nothing of the SKU.
        watch = _passed(watch, now.opening_seconds)
        event: Opened | Closed | None = None
        if seen.get(sku, 0) > 0:
            watch, event = _when_seen(watch, sku, now, rules)
        elif unsure.get(sku, 0) > 0:
            watch = replace(watch, absent=None)
        elif sku not in hidden:
            number = 1 + sum(isinstance(event, Opened) for event in events)
            watch, event = _when_absent(watch, sku, now, rules, f"{capture}-{number}")
        watches[sku] = watch
        events += [event] if event else []
    for sku, watch in sorted(state.watches.items()):
        if sku not in watches and watch.episode:
            episode = watch.episode
            events.append(Closed(episode.id, sku, episode.since, at, (capture,), "unplanned"))
    return StockoutTracker(at, capture, watches), events


def shift_times(state: StockoutTracker, by: timedelta) -> StockoutTracker:
    """The same state after the clock was set: every time in it moved, so that runs and episodes go on."""

    def moved(run: Run | None) -> Run | None:
        return replace(run, since=run.since + by) if run else None

    return StockoutTracker(
        state.at + by if state.at else None,
        state.capture,
        {
            sku: Watch(
                watch.ever_seen,
                moved(watch.absent),
                Episode(watch.episode.id, watch.episode.since + by) if watch.episode else None,
                moved(watch.back),
            )
            for sku, watch in state.watches.items()
        },
    )


def _elapsed(state: StockoutTracker, at: datetime, capture: str, opening_seconds: float | None) -> float:
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"capture {capture}: its time {at.isoformat()} has no time zone")
    if opening_seconds is not None and not opening_seconds >= 0:
        raise ValueError(f"capture {capture}: {opening_seconds} opening seconds")
    if state.at is None:
        return 0.0
    if at < state.at:
        raise OutOfOrderError(
            f"capture {capture} of {at.isoformat()} is older than {state.capture} of {state.at.isoformat()}"
        )
    if capture == state.capture:
        raise OutOfOrderError(f"capture {capture} was observed already")
    return (at - state.at).total_seconds() if opening_seconds is None else opening_seconds


def _passed(watch: Watch, seconds: float) -> Watch:
    if watch.absent is None:
        return watch
    return replace(watch, absent=replace(watch.absent, opening_seconds=watch.absent.opening_seconds + seconds))


def _when_seen(watch: Watch, sku: str, now: _Capture, rules: StockoutRules) -> tuple[Watch, Closed | None]:
    if watch.episode is None:
        return Watch(ever_seen=True), None
    back = watch.back.extended(now.name) if watch.back else Run(now.at, 0.0, 1, (now.name,))
    if back.count < rules.close_captures:
        return replace(watch, back=back), None
    episode = watch.episode
    closed = Closed(episode.id, sku, episode.since, back.since, back.captures, "seen")
    return Watch(ever_seen=True), closed


def _when_absent(
    watch: Watch, sku: str, now: _Capture, rules: StockoutRules, episode_id: str
) -> tuple[Watch, Opened | None]:
    if not watch.ever_seen:
        return watch, None
    if watch.episode:
        return replace(watch, back=None), None
    absent = watch.absent.extended(now.name) if watch.absent else Run(now.at, 0.0, 1, (now.name,))
    if absent.count < rules.captures or absent.opening_seconds < 60 * rules.minutes:
        return replace(watch, absent=absent), None
    episode = Episode(episode_id, absent.since)
    return Watch(ever_seen=True, episode=episode), Opened(episode.id, sku, absent.since, absent.captures)
