"""Stock-out episodes with hysteresis, as a pure state machine that survives a restart.

A planned SKU is out of stock when it had no facing, and no unsure facing that could be it, in enough accepted captures
in a row over enough minutes of opening time. It is back when it was seen in enough captures in a row, or when enough
captures in a row show an unsure facing of it at its place, so that hardly a doubt is left. One bad frame neither opens
nor closes an episode. A SKU never seen since its plan began is void, not out of stock.
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

LIKELY = 0.7
"""A guess less sure than this is no evidence of a return, however often it is repeated: what stands in the place of a
sold-out product and is in no catalogue looks a little like it in every capture, so its doubts are not independent."""


class OutOfOrderError(ValueError):
    """A capture that is not later than the one before it."""


@dataclass(frozen=True, slots=True)
class StockoutRules:
    """When an episode opens and closes."""

    captures: int = 3  # without the SKU, in a row, before an episode opens
    minutes: float = 30.0  # of opening time from the first of them to the last
    close_captures: int = 2  # with the SKU, in a row, before it closes
    unsure_captures: int = 0  # with the SKU or an unsure facing of it at its place, in a row, to close it; 0: never
    doubt: float = 0.01  # the product of those captures' doubts, 1 - chance, is at most this

    def __post_init__(self) -> None:
        if self.captures < 1 or self.close_captures < 1:
            raise ValueError("captures and close_captures are at least 1")
        if self.unsure_captures < 0:
            raise ValueError("unsure_captures are at least 0")
        if not self.minutes >= 0:
            raise ValueError("minutes are at least 0")
        if not 0 <= self.doubt <= 1:
            raise ValueError("doubt is from 0 to 1")

    def proves(self, back: Run) -> bool:
        """Whether these captures prove that the SKU is there."""
        if back.sure >= self.close_captures:
            return True
        return 0 < self.unsure_captures <= back.count and back.doubt <= self.doubt


@dataclass(frozen=True, slots=True)
class Run:
    """Captures in a row that say the same of a SKU."""

    since: datetime  # of the first capture
    opening_seconds: float  # opening time since the first capture
    count: int
    captures: tuple[str, ...]  # at most MAX_PROOF: the first and the latest
    sure: int = 0  # captures among them that recognised the SKU
    doubt: float = 1.0  # the product of the captures' doubts that it is the SKU

    def extended(self, capture: str, *, sure: bool = False, chance: float = 0.0) -> Run:
        """The run with one more capture."""
        captures = (*self.captures, capture)
        if len(captures) > MAX_PROOF:
            captures = (captures[0], *captures[2:])
        return replace(
            self,
            count=self.count + 1,
            captures=captures,
            sure=self.sure + sure,
            doubt=self.doubt * (1.0 - chance),
        )


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
    back: Run | None = None  # seen again while the episode is open, or for the first time


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

    @property
    def run(self) -> Run:
        """A run that begins here, still without a capture."""
        return Run(self.at, 0.0, 0, ())


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
    chance: Mapping[str, float] | None = None,
    lapsing: AbstractSet[str] = frozenset(),
    appearing: AbstractSet[str] = frozenset(),
) -> tuple[StockoutTracker, list[Opened | Closed]]:
    """Take one accepted capture into account. Rejected captures are no evidence: they are not to be observed.

    An unsure facing that could be the SKU ends a run of captures without it, since it may have been there, but proves
    no return alone. What a vote over captures does not believe yet begins a run, so that episodes have the time of the
    first capture, but neither opens nor closes one.

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
        chance: how sure a facing is the SKU by its best guess, 0 to 1; an unsure one only at the SKU's planned place.
        lapsing: SKUs counted as seen or unsure by a vote, that this capture does not show.
        appearing: SKUs that this capture shows, and a vote does not count as seen yet.

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
        likely = (chance or {}).get(sku, 0.0)
        if sku in appearing:
            watch = _when_likely(watch, now, likely)
        elif sku in lapsing:
            watch = _when_absent(watch, now)
        elif seen.get(sku, 0) > 0:
            watch, event = _when_seen(watch, sku, now, likely, rules)
        elif unsure.get(sku, 0) > 0:
            watch, event = _settled(_when_likely(replace(watch, absent=None), now, likely), sku, rules)
        elif sku not in hidden:
            number = 1 + sum(isinstance(event, Opened) for event in events)
            watch, event = _opened(_when_absent(replace(watch, back=None), now), sku, rules, f"{capture}-{number}")
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


def _when_seen(
    watch: Watch, sku: str, now: _Capture, chance: float, rules: StockoutRules
) -> tuple[Watch, Closed | None]:
    if watch.episode is None:
        return Watch(ever_seen=True), None
    back = (watch.back or now.run).extended(now.name, sure=True, chance=chance)
    return _settled(replace(watch, back=back), sku, rules)


def _when_likely(watch: Watch, now: _Capture, chance: float) -> Watch:
    """After a capture with a facing that may be the SKU, where its return or its first sight is awaited."""
    if chance < LIKELY or (watch.ever_seen and watch.episode is None):
        return watch
    return replace(watch, back=(watch.back or now.run).extended(now.name, chance=chance))


def _when_absent(watch: Watch, now: _Capture) -> Watch:
    if not watch.ever_seen or watch.episode:
        return watch
    return replace(watch, absent=(watch.absent or now.run).extended(now.name))


def _settled(watch: Watch, sku: str, rules: StockoutRules) -> tuple[Watch, Closed | None]:
    """What the captures that show the SKU amount to."""
    episode, back = watch.episode, watch.back
    if back is None or not rules.proves(back):
        return watch, None
    if episode is None:
        return Watch(ever_seen=True), None
    return Watch(ever_seen=True), Closed(episode.id, sku, episode.since, back.since, back.captures, "seen")


def _opened(watch: Watch, sku: str, rules: StockoutRules, episode_id: str) -> tuple[Watch, Opened | None]:
    """What the captures without the SKU amount to."""
    absent = watch.absent
    if absent is None or absent.count < rules.captures or absent.opening_seconds < 60 * rules.minutes:
        return watch, None
    episode = Episode(episode_id, absent.since)
    return Watch(ever_seen=True, episode=episode), Opened(episode.id, sku, absent.since, absent.captures)
