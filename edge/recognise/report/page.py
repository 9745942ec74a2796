"""The page of an evaluation: what was measured, what it means, and every mistake. Pure; no script, no outside file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge.recognise.report.charts import coverage_chart, reliability_chart
from edge.recognise.report.gallery import KINDS, gallery
from edge.recognise.report.style import CSS
from edge.recognise.report.tables import confusion_table, figures_table, reliability_table, sku_table
from edge.recognise.report.words import amount, counted, safe, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.recognise.mistakes import Mistake
    from edge.recognise.report.gallery import Picture

GENERATOR = '<meta name="generator" content="facings: edge evaluate --report">'
"""Stands in every page, finished or not: a folder that has it may be written over."""

UNFINISHED = (
    f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{GENERATOR}<title>Unfinished report</title></head>'
    "<body><p>This report is being written, or its writing was cut short.</p></body></html>\n"
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What there is to report."""

    dataset: str
    figures: Mapping[str, Any]  # the object that `edge evaluate --json` prints
    mistakes: Sequence[Mistake]
    shown_from: float  # the detector's score from which a box is counted


def page(evaluation: Evaluation, pictures: Sequence[Picture]) -> str:
    """The whole page.

    Args:
        evaluation: what there is to report.
        pictures: one for each mistake.
    """
    figures = evaluation.figures
    body = [_head(evaluation), "<main>", _tiles(figures), figures_table(figures)]
    if "confusion" in figures:
        body += [_charts(figures), confusion_table(figures["confusion"]), sku_table(figures)]
    body.append(
        '<h2 id="mistakes">A picture of every mistake</h2>'
        '<p class="soft"><span class="swatch true"></span>dashed blue: where the labels have a facing. '
        '<span class="swatch said"></span>solid orange: the box that was found.</p>'
    )
    body.append(
        gallery(evaluation.mistakes, pictures, shown_from=evaluation.shown_from, catalogue="confusion" in figures)
    )
    body.append("<footer>Written by <code>edge evaluate --report</code>. Pictures stay in this folder.</footer></main>")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{GENERATOR}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evaluation of {safe(evaluation.dataset)}</title><style>{CSS}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def _head(evaluation: Evaluation) -> str:
    figures = evaluation.figures
    named = f"; products named by the catalogue {safe(figures['catalogue'])}" if "catalogue" in figures else ""
    return (
        f"<header><h1>What was found and recognised on {safe(evaluation.dataset)}</h1>"
        f'<p class="soft">{counted(figures["photos"], "photograph", "photographs")} with '
        f"{counted(figures['facings'], 'labelled facing', 'labelled facings')} "
        f"(labels from {safe(figures['truth'])}){named}.</p></header>"
    )


def _tiles(figures: Mapping[str, Any]) -> str:
    """The counts: what went well, and each kind of mistake with the way to its pictures."""
    outcomes = figures["outcomes"]
    told = "confusion" in figures
    tiles = [
        f"<li><b>{amount(outcomes['found'])}</b>of {amount(outcomes['facings'])} labelled facings found</li>",
    ]
    if told:
        held = outcomes["held_back"] + outcomes["unlisted_held_back"]
        tiles += [
            f"<li><b>{amount(outcomes['right'])}</b>found facings recognised, and rightly</li>",
            f"<li><b>{amount(outcomes['right_unsure'])}</b>right but unsure: no mistake, yet nothing is reported</li>",
            f"<li><b>{amount(held)}</b>wrong guesses held back as unsure or unknown: doubt did its work</li>",
        ]
    tiles += [
        f'<li class="bad"><b>{amount(outcomes[text.kind])}</b><a href="#{text.kind}">'
        f"{text.one if outcomes[text.kind] == 1 else text.many}</a></li>"
        for text in KINDS
        if told or not text.needs_catalogue
    ]
    untold = outcomes["found"] - figures.get("judged", 0)
    note = (
        f'<p class="soft">{amount(untold)} found facings have no SKU in the labels: they count for finding only.</p>'
        if told and untold
        else ""
    )
    return f'<ul class="tiles">{"".join(tiles)}</ul>{note}'


def _charts(figures: Mapping[str, Any]) -> str:
    if not figures["coverage_precision"]:
        return '<h2>How sure, how right</h2><p class="soft">No found facing has a SKU in the labels.</p>'
    coverage = coverage_chart(
        figures["coverage_precision"],
        coverage=figures["recognised_coverage"]["value"],
        precision=figures["recognised_precision"]["value"],
        all_right=figures["coverage_precision"][-1]["precision"],
    )
    return (
        "<h2>How sure, how right</h2>"
        '<div class="charts"><figure class="card"><h3>Coverage against precision</h3>'
        '<p class="soft">A stricter threshold names fewer facings (further left) and more of them rightly.</p>'
        f'{coverage}</figure><figure class="card"><h3>Reliability: does a score mean what it says?</h3>'
        '<p class="soft">On the dashed line, of facings said with 80&nbsp;% just 80&nbsp;% are right. Above it the '
        "recogniser is too modest, below it too sure. A larger dot stands for more facings.</p>"
        f"{reliability_chart(figures['reliability'])}</figure></div>"
        f"<p>Expected calibration error: <b>{share(figures['ece'])}</b>, the mean distance of score and truth over all "
        f"facings.</p>{reliability_table(figures['reliability'])}"
    )
