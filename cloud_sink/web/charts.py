"""Charts: small ones drawn here, large ones described for the browser. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

Unit = Literal["count", "percent", "score", "celsius", "money"]
Style = Literal["line", "bars", "dots", "dashed"]
Paint = Literal["own", "foreign", "unsure", "unknown", "quiet", "accent"]
"""Colours by what they mean, of `app.css`; each pair of them is told apart by the colour-blind."""

Value = float | None

_WIDTH, _HEIGHT, _EDGE = 84, 22, 2.5


@dataclass(frozen=True, slots=True)
class Series:
    """One line, row of bars or dots; None where nothing is known."""

    name: str
    values: tuple[Value, ...]
    paint: Paint = "accent"
    style: Style = "line"
    unit: Unit = "count"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the x axis that is shaded, such as a stock-out; in places of the labels, from 0."""

    since: float
    until: float
    name: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as the page's script draws it and its table tells it; a label a value."""

    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    stretches: tuple[Stretch, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is anything to draw."""
        return any(value is not None for series in self.series for value in series.values)

    def described(self) -> str:
        """As `charts.js` reads it."""
        return json.dumps(
            {
                "labels": self.labels,
                "series": [
                    {
                        "name": one.name,
                        "values": [None if value is None else round(value, 4) for value in one.values],
                        "paint": one.paint,
                        "style": one.style,
                        "unit": one.unit,
                    }
                    for one in self.series
                ],
                "stretches": [[one.since, one.until, one.name] for one in self.stretches],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


def sparkline(values: Sequence[Value], low: Value = None, high: Value = None) -> Markup:
    """A line in the size of a word, with a dot at its last known value; what is unknown interrupts it.

    Args:
        values: from the oldest.
        low: the bottom of the scale; the least value if left out.
        high: its top; the greatest value if left out.
    """
    known = [value for value in values if value is not None]
    if not known:
        return Markup("")
    bottom, top = min(known) if low is None else low, max(known) if high is None else high
    points = [_point(place, value, len(values), bottom, top) for place, value in enumerate(values)]
    lines = " ".join(f"M{'L'.join(part)}" for part in _parts(points))
    x, y = next(point for point in reversed(points) if point is not None)
    return Markup(
        '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true">'
        '<path d="{lines}"/><circle cx="{x:g}" cy="{y:g}" r="2"/></svg>'
    ).format(w=_WIDTH, h=_HEIGHT, lines=lines, x=x, y=y)


def _point(place: int, value: Value, count: int, bottom: float, top: float) -> tuple[float, float] | None:
    if value is None:
        return None
    across = place / (count - 1) if count > 1 else 1.0
    up = (min(max(value, bottom), top) - bottom) / (top - bottom) if top > bottom else 0.5
    return (
        round(_EDGE + across * (_WIDTH - 2 * _EDGE), 1),
        round(_HEIGHT - _EDGE - up * (_HEIGHT - 2 * _EDGE), 1),
    )


def _parts(points: Sequence[tuple[float, float] | None]) -> list[list[str]]:
    """The runs of known points; one alone is drawn as a dot."""
    runs: list[list[str]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(f"{point[0]:g} {point[1]:g}")
    return [run if len(run) > 1 else run * 2 for run in runs if run]
