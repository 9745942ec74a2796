"""The tables of the page: figures with their meaning, confusions, SKUs one by one, reliability."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from edge.recognise.report.words import amount, counted, interval, safe, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FIRST = 15  # confusions shown at once; the rest is folded away

_MEANINGS = (
    (
        "facings_error",
        "Error of the count",
        "By how much the number of facings on one photograph is off, on average. Lower is better.",
    ),
    (
        "ap50",
        "Detection, AP50",
        "How well facings are found, whatever the product; a box must overlap the label by half. 100 % is best.",
    ),
    ("ap", "Detection, AP", "The same, asking for ever better placed boxes (overlap of 50 to 95 %)."),
    ("sku_top1", "Best guess right", "Of found facings whose product the catalogue holds: the first guess is right."),
    (
        "recognised_precision",
        "Right when recognised",
        "Of the facings that were recognised with certainty: the SKU is right. What a report may be trusted with.",
    ),
    (
        "recognised_coverage",
        "Recognised at all",
        "Of all found facings: recognised with certainty. The rest is unsure.",
    ),
    (
        "unlisted_not_recognised",
        "Unlisted products left alone",
        "Of found products that the catalogue does not hold: not taken for one that it holds.",
    ),
)


def figures_table(figures: Mapping[str, Any]) -> str:
    """The headline figures, each with its interval and what it means."""
    rows = [
        f'<tr><th scope="row">{name}</th><td class="n"><b>{share(figures[key]["value"])}</b></td>'
        f'<td class="n">{interval(figures[key])}</td><td>{meaning}</td></tr>'
        for key, name, meaning in _MEANINGS
        if key in figures
    ]
    if figures.get("map50") is not None:
        rows.append(
            f'<tr><th scope="row">Box and SKU, mAP50</th><td class="n"><b>{share(figures["map50"])}</b></td>'
            f'<td class="n"></td><td>Finding and naming together, the mean over '
            f"{counted(figures['map50_classes'], 'SKU', 'SKUs')} with enough labels.</td></tr>"
        )
    return (
        f"<h2>The figures</h2>{_scrolled('The figures')}<table><caption>The interval says where the figure would lie, "
        "19 times in 20, with other photographs of the same kind (bootstrap over photographs).</caption>"
        '<thead><tr><th scope="col">Figure</th><th scope="col" class="n">Value</th>'
        '<th scope="col" class="n">95 % interval</th><th scope="col">What it means</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def confusion_table(cells: Sequence[Mapping[str, Any]]) -> str:
    """Which SKU was taken for which, the most frequent first."""
    of_truth: Counter[str] = Counter()
    for cell in cells:
        of_truth[cell["truth"]] += _facings(cell)
    wrong = [cell for cell in cells if cell["truth"] != cell["said"]]
    rows = [
        f'<tr><th scope="row">{safe(cell["truth"])}{"" if cell["listed"] else " (not in the catalogue)"}</th>'
        f'<td>{safe(cell["said"])}</td><td class="n">{amount(cell["recognised"])}</td>'
        f'<td class="n">{amount(cell["unsure"])}</td><td class="n">{amount(cell["unknown"])}</td>'
        f'<td class="n">{amount(_facings(cell))} of {amount(of_truth[cell["truth"]])}</td></tr>'
        for cell in wrong
    ]
    head = (
        '<thead><tr><th scope="col">True SKU</th><th scope="col">Best guess</th>'
        '<th scope="col" class="n">Recognised (wrong)</th><th scope="col" class="n">Unsure</th>'
        '<th scope="col" class="n">Unknown</th><th scope="col" class="n">Facings</th></tr></thead>'
    )
    if not rows:
        return "<h2>Which SKU is taken for which</h2><p>None: every best guess is right.</p>"
    first = f"<table>{head}<tbody>{''.join(rows[:_FIRST])}</tbody></table>"
    rest = rows[_FIRST:]
    folded = (
        f"<details><summary>{counted(len(rest), 'more pair', 'more pairs')}</summary>"
        f"<table>{head}<tbody>{''.join(rest)}</tbody></table></details>"
        if rest
        else ""
    )
    return (
        "<h2>Which SKU is taken for which</h2><p>Best guesses that are not the true SKU, the most frequent first. Only "
        "those in the column <em>recognised</em> reach a report; the others were held back.</p>"
        f"{_scrolled('Confused SKUs')}{first}{folded}</div>"
    )


def sku_table(figures: Mapping[str, Any]) -> str:
    """Every SKU of the truth, folded away: how often it is found, right, and reported."""
    cells: dict[str, list[Mapping[str, Any]]] = {}
    for cell in figures["confusion"]:
        cells.setdefault(cell["truth"], []).append(cell)
    rows = []
    for sku, one in figures["classes"].items():
        found = sum(_facings(cell) for cell in cells.get(sku, []))
        right = [cell for cell in cells.get(sku, []) if cell["said"] == sku]
        sure = sum(cell["recognised"] for cell in right)
        rows.append(
            f'<tr><th scope="row">{safe(sku)}</th><td class="n">{amount(one["boxes"])}</td>'
            f'<td class="n">{amount(one["photos"])}</td><td class="n">{amount(found)}</td>'
            f'<td class="n">{_of(sum(_facings(cell) for cell in right), found)}</td>'
            f'<td class="n">{_of(sure, found)}</td><td class="n">{share(one["ap50"])}</td></tr>'
        )
    return (
        f'<details class="card"><summary>{counted(len(rows), "SKU", "SKUs")} one by one</summary>'
        f"{_scrolled('SKUs', mark='scroll')}<table><thead><tr>"
        '<th scope="col">SKU</th><th scope="col" class="n">Labelled</th>'
        '<th scope="col" class="n">Photographs</th><th scope="col" class="n">Found</th>'
        '<th scope="col" class="n">Best guess right</th><th scope="col" class="n">Recognised, and right</th>'
        f'<th scope="col" class="n">AP50</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div></details>'
    )


def reliability_table(bins: Sequence[Mapping[str, Any]]) -> str:
    """The chart's numbers, folded away."""
    rows = [
        f'<tr><th scope="row">{share(one["low"])} to {share(one["high"])}</th>'
        f'<td class="n">{amount(one["count"])}</td><td class="n">{share(one["score"])}</td>'
        f'<td class="n">{share(one["right"])}</td></tr>'
        for one in bins
    ]
    return (
        '<details class="card"><summary>Reliability in numbers</summary><table><thead><tr><th scope="col">Score</th>'
        '<th scope="col" class="n">Facings</th><th scope="col" class="n">Mean score</th>'
        f'<th scope="col" class="n">Right SKU</th></tr></thead><tbody>{"".join(rows)}</tbody></table></details>'
    )


def _scrolled(label: str, *, mark: str = "card scroll") -> str:
    """The opening of what may be wider than a phone; it takes the focus, so that keys scroll it too."""
    return f'<div class="{mark}" role="region" aria-label="{label}" tabindex="0">'


def _facings(cell: Mapping[str, Any]) -> int:
    return int(cell["recognised"] + cell["unsure"] + cell["unknown"])


def _of(part: int, whole: int) -> str:
    return share(part / whole if whole else None)
