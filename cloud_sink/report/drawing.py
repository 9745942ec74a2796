"""Charts for paper, as SVG: one line over the days, with its scale and the days written beside it. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Value = float | None

WIDTH, HEIGHT = 320, 120
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 12, 22
_INK, _QUIET, _LINE, _OWN, _WEEK = "#18222d", "#55626f", "#dde2e8", "#0072b2", "#e5f0fa"
_STEPS = (1, 2, 2.5, 5, 10)
_LEAST = 0.01
"""Values that are closer are drawn as if they were so far apart: a line that trembles by nothing says nothing."""


def line_chart(
    values: Sequence[Value],
    labels: Sequence[str],
    written: Callable[[float], str],
    *,
    shaded: tuple[int, int],
    most: Value = None,
) -> str:
    """A line over days, what is unknown left open; '' where nothing is known.

    Args:
        values: a value for each day.
        labels: a name for each day.
        written: how a value of the scale is written.
        shaded: the first and last day of the week that the report is of, by place.
        most: the top of the scale at most, such as 1 for shares.
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = scale(min(known), max(known), most)
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(values) - 1)

    def at(place: float, value: float) -> tuple[float, float]:
        up = (value - low) / (high - low)
        return round(_LEFT + step * place, 1), round(HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM), 1)

    left, right = max(_LEFT, at(shaded[0] - 0.5, low)[0]), min(WIDTH - _RIGHT, at(shaded[1] + 0.5, low)[0])
    font = 'font-family="Noto Sans SC, sans-serif" font-size="9"'
    height = HEIGHT - _TOP - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {font}>',
        f'<rect x="{left}" y="{_TOP}" width="{right - left:.1f}" height="{height}" fill="{_WEEK}"/>',
    ]
    for mark in (low, (low + high) / 2, high):
        y = at(0, mark)[1]
        parts.append(f'<path d="M{_LEFT} {y}H{WIDTH - _RIGHT}" stroke="{_LINE}" stroke-width="0.7"/>')
        parts.append(_text(_LEFT - 5, y + 3, written(mark), "end"))
    parts += [
        _text(at(place, low)[0], HEIGHT - 8, labels[place], _anchor(place, len(labels)))
        for place in sorted({0, shaded[0], len(labels) - 1})
    ]
    for run in _runs(values):
        line = " ".join(f"{x} {y}" for x, y in (at(place, value) for place, value in run))
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{_OWN}" stroke-width="1.8" stroke-linejoin="round"/>'
        )
        x, y = at(*run[-1])
        parts.append(f'<circle cx="{x}" cy="{y}" r="2.2" fill="{_OWN}"/>')
    return "".join([*parts, "</svg>"])


def scale(low: float, high: float, most: Value = None) -> tuple[float, float]:
    """Round ends of a scale that hold some values, the higher not above `most`."""
    room = high - low if high - low > _LEAST else max(abs(high) * 0.1, _LEAST)
    power = 10.0 ** (len(str(int(room))) - 1) if room >= 1 else 10.0 ** -_zeros(room)
    step = next(power * one for one in _STEPS if power * one * 2 >= room)
    bottom = max(0.0, step * (low // step)) if low >= 0 else step * (low // step)
    top = bottom + 2 * step
    while top < high:
        top += 2 * step
    if most is not None and top > most:
        top, bottom = most, max(0.0, min(bottom, most - 2 * step))
    return round(bottom, 6), round(top, 6)


def _zeros(room: float) -> int:
    zeros = 0
    while room < 1:
        room, zeros = room * 10, zeros + 1
    return zeros


def _runs(values: Sequence[Value]) -> list[list[tuple[int, float]]]:
    """The stretches of known values."""
    runs: list[list[tuple[int, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((place, value))
    return [run for run in runs if run]


def _anchor(place: int, count: int) -> str:
    return "start" if place == 0 else "end" if place == count - 1 else "middle"


def _text(x: float, y: float, text: str, anchor: str) -> str:
    fill = _QUIET if anchor == "end" else _INK
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
