"""Two small charts as inline SVG: coverage against precision, and reliability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge.recognise.report.words import counted, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDE, _TALL = 460, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 26, 14, 46
_OWN_STYLE = (
    "svg{background:#fff}text{fill:#333;font-size:12px}.grid{stroke:#ddd}.ideal{stroke:#888;stroke-dasharray:4 4}"
    ".gap{stroke:#d55e00;stroke-width:2}.bin{fill:#0072b2;fill-opacity:.75}"
)


@dataclass(frozen=True, slots=True)
class _Axes:
    """A square of shares: x from `x0` to 1, y from `y0` to 1."""

    x0: float
    y0: float

    def x(self, value: float) -> float:
        return round(_LEFT + (value - self.x0) / (1 - self.x0) * (_WIDE - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        return round(_TOP + (1 - value) / (1 - self.y0) * (_TALL - _TOP - _BOTTOM), 1)

    def drawn(self, label_x: str, label_y: str) -> str:
        """Grid, numbers and labels."""
        foot, right = _TALL - _BOTTOM, _WIDE - _RIGHT
        parts = []
        for step in range(6):
            x, y = self.x0 + (1 - self.x0) * step / 5, self.y0 + (1 - self.y0) * step / 5
            at_x, at_y = self.x(x), self.y(y)
            parts += [
                f'<line class="grid" x1="{at_x}" y1="{_TOP}" x2="{at_x}" y2="{foot}"/>',
                f'<line class="grid" x1="{_LEFT}" y1="{at_y}" x2="{right}" y2="{at_y}"/>',
                f'<text x="{at_x}" y="{foot + 17}" text-anchor="middle">{_tick(x)}</text>',
                f'<text x="{_LEFT - 8}" y="{at_y + 4}" text-anchor="end">{_tick(y)}</text>',
            ]
        middle = (_TOP + foot) / 2
        parts += [
            f'<text x="{(_LEFT + right) / 2}" y="{_TALL - 8}" text-anchor="middle">{label_x}</text>',
            f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{label_y}</text>',
        ]
        return "".join(parts)


def coverage_chart(
    points: Sequence[Mapping[str, float]], *, coverage: float | None, precision: float | None, all_right: float
) -> str:
    """Precision over coverage as the threshold moves; the shipped point (`coverage`, `precision`) marked."""
    lowest = min([point["precision"] for point in points] + [value for value in (precision,) if value is not None])
    # A round foot below the curve: from zero, the difference between 97 % and 99 %, which matters, could not be seen.
    axes = _Axes(0.0, max(0.0, min(0.95, int(lowest * 20) / 20)))
    line = " ".join(f"{axes.x(point['coverage'])},{axes.y(point['precision'])}" for point in points)
    parts = [axes.drawn("share of found facings that are named", "of those, right SKU")]
    parts.append(f'<polyline class="curve" points="{line}"/>')
    summary = f"If every facing were named, {share(all_right)} would be right."
    if coverage is not None and precision is not None:
        x, y = axes.x(coverage), axes.y(precision)
        parts.append(f'<circle class="shipped" cx="{x}" cy="{y}" r="6"/>')
        parts.append(f'<text class="strong" x="{x - 10}" y="{y + 22}" text-anchor="end">as shipped</text>')
        summary = (
            f"As shipped, {share(coverage)} of found facings are named and {share(precision)} of them are right. "
            + (summary)
        )
    return _svg("Coverage against precision", summary, parts)


def reliability_chart(bins: Sequence[Mapping[str, Any]]) -> str:
    """The share that is right over the score said; on the diagonal a score means what it says."""
    return _svg(
        "Reliability",
        "Share of facings with the right SKU for each bin of the score; table below.",
        _reliability_parts(bins),
    )


def reliability_file(bins: Sequence[Mapping[str, Any]]) -> str:
    """The same as an SVG file of its own, for a model's card."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_TALL}" font-family="sans-serif">'
        f"<style>{_OWN_STYLE}</style>{''.join(_reliability_parts(bins))}</svg>\n"
    )


def _reliability_parts(bins: Sequence[Mapping[str, Any]]) -> list[str]:
    axes = _Axes(0.0, 0.0)
    most = max(one["count"] for one in bins)
    parts = [
        axes.drawn("score said (mean of a bin)", "of those, right SKU"),
        f'<line class="ideal" x1="{axes.x(0)}" y1="{axes.y(0)}" x2="{axes.x(1)}" y2="{axes.y(1)}"/>',
    ]
    for one in bins:
        x, y = axes.x(one["score"]), axes.y(one["right"])
        told = f"{counted(one['count'], 'facing', 'facings')}: score {share(one['score'])}, right {share(one['right'])}"
        # The area of a dot stands for how many facings it speaks for.
        radius = round(3 + 9 * (one["count"] / most) ** 0.5, 1)
        parts.append(f'<line class="gap" x1="{x}" y1="{y}" x2="{x}" y2="{axes.y(one["score"])}"/>')
        parts.append(f'<circle class="bin" cx="{x}" cy="{y}" r="{radius}"><title>{told}</title></circle>')
    return parts


def _svg(title: str, summary: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDE} {_TALL}" role="img" aria-label="{title}. {summary}">{"".join(parts)}</svg>'
        f"<figcaption>{summary}</figcaption>"
    )


def _tick(value: float) -> str:
    return f"{100 * value:.0f} %"
