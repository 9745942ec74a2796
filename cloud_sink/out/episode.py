"""One alert through its life: waiting, said, over, said to be over. Pure: the clock comes in as an argument.

What holds again before its end was said is the same alert: a flapping sensor is one alert and not twenty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that holds, is about to be said, or is not said to be over yet."""

    rule: str
    tenant: str
    store: str
    subject: str
    since: datetime
    text: str
    told: datetime | None = None
    over: datetime | None = None
    until: datetime | None = None  # it holds until then, if nothing else is heard


@dataclass(frozen=True, slots=True)
class Manner:
    """How a rule speaks."""

    after: timedelta
    over_after: timedelta
    say_end: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """What became of an alert: kept, or forgotten, and what is said."""

    alert: Alert | None
    say: Literal["begins", "ends"] | None = None


def step(alert: Alert, now: datetime, manner: Manner, *, holds: bool, quiet: bool) -> Step:
    """Bring an alert to `now`."""
    if holds:
        alert = replace(alert, over=None)
        if alert.told is None and not quiet and now - alert.since >= manner.after:
            return Step(replace(alert, told=now), "begins")
        return Step(alert)
    if alert.told is None:
        return Step(None)  # never said, so its end is nobody's news
    alert = replace(alert, over=alert.over or now)
    assert alert.over is not None
    if now - alert.over < manner.over_after or (quiet and manner.say_end):
        return Step(alert)
    return Step(None, "ends" if manner.say_end else None)
