"""Where the store stands: its grade, its tags, and its figures beside those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from cloud_sink.profile.text.words import FIGURES, UNKNOWN, figure, percent, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from cloud_sink.profile.model import Grade
    from cloud_sink.profile.ranking_model import Standing

_TOLD = 0.05
"""Points that are too few to be told."""

_HOLDS = {True: "yes", False: "no", None: "unknown"}


def grade_text(grade: Grade) -> Text:
    """The grade, from which score the next one is given, and what would raise it."""
    if grade.letter is None:
        return Text(f"Grade: unknown, {percent(grade.covered)} of what it weighs was observed")
    above = [(least, letter) for letter, least in grade.bounds.items() if (grade.score or 0.0) < least]
    lost = ", ".join(
        f"{part.kpi.replace('_', ' ')} {part.missing:.1f}" for part in grade.parts if part.missing >= _TOLD
    )
    return Text(
        f"Grade {grade.letter}, {grade.score:.1f} of 100"
        + ("".join(f" ({letter} from {least:g})" for least, letter in sorted(above)[:1]))
        + (f"; points to be had: {lost}" if lost else "")
    )


def standing_text(standing: Standing) -> Iterator[RenderableType]:
    """Its tags, and its figures beside its own past, its cluster and its chain."""
    if standing.tags:
        tags = table("Tags", "tag", "holds", "rule")
        for tag in standing.tags:
            tags.add_row(tag.name, _HOLDS[tag.holds], tag.rule)
        yield tags
    alike = ", ".join(f"{name.replace('_', ' ')} {value or UNKNOWN}" for name, value in standing.cluster.items())
    beside = table(
        "Compared",
        "figure",
        numbers=("now", "before", "cluster", "better than", "chain", "better than "),
    )
    for one in standing.figures:
        beside.add_row(
            FIGURES.get(one.figure, one.figure),
            *(figure(one.figure, value) for value in (one.value, one.past, one.cluster_median)),
            percent(one.cluster_percentile),
            figure(one.figure, one.chain_median),
            percent(one.chain_percentile),
        )
    beside.caption = (
        f"before: {standing.past_since} to {standing.past_until}, completeness {percent(standing.past_completeness)}; "
        f"cluster: median of {standing.cluster_stores} others of {alike}; chain: of {standing.chain_stores} others; "
        "three are needed"
    )
    beside.caption_justify = "left"
    yield beside
