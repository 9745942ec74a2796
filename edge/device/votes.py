"""What the last captures of a camera vote for, from capture to capture. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.contract import payloads
from edge.shelf.door import compare
from edge.shelf.evidence import weigh_votes
from edge.shelf.facing import Facing
from edge.shelf.voting import hold_on, vote_facings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from edge.contract.config import VoteSection
    from edge.device.analysis import Analysis
    from edge.device.door import Openings
    from edge.shelf.facing import Box
    from edge.shelf.reading import Reading

DIGITS = 4
"""Of remembered boxes and scores, as in events."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What counts of a capture after the vote."""

    reading: Reading
    captures: tuple[str, ...]  # that voted, the oldest first
    source: tuple[int | None, ...] | None  # of each facing, its index in the capture, None: no facing there, and kept
    """None when the vote says what the capture says."""


def vote_capture(
    remembered: Sequence[Mapping[str, Any]],
    analysis: Analysis,
    *,
    at: datetime,
    capture: str,
    rules: VoteSection,
    read: Callable[[Sequence[Facing]], Reading],
) -> tuple[Verdict, list[dict[str, Any]]]:
    """Let an accepted capture vote with those before it.

    Args:
        remembered: what this function gave for the capture before; empty at first.
        analysis: of the capture.
        at: when it was taken; captures further away than the rules say have no vote.
        capture: its id.
        rules: how many captures vote.
        read: from facings to what they say.

    Returns:
        What counts, and what to remember.
    """
    within = timedelta(seconds=rules.within)
    voters = [past for past in remembered if abs(at - datetime.fromisoformat(past["at"])) <= within]
    voters = voters[len(voters) - min(len(voters), rules.captures - 1) :]
    size = (float(analysis.width), float(analysis.height)) * 2
    history = [[_facing(row, size) for row in past["facings"] if _has_area(row)] for past in voters]
    held = hold_on(analysis.facings, history[-1] if history else (), *_faint(analysis))
    voted = vote_facings([*history, held.facings])
    counted = tuple(None if index is None else held.source[index] for index in voted.source)
    now = read(held.facings) if held.changed(analysis.facings) else analysis.reading
    reading, source = analysis.reading, None
    if voted.changed(analysis.facings):
        reading, source = read(voted.facings), counted
    if reading.evidence is not None and now.evidence is not None:
        reading = replace(reading, evidence=weigh_votes(now.evidence, reading.evidence))
    latest = {"at": at.isoformat(), "capture": capture, "facings": [_row(facing, size) for facing in held.facings]}
    names = tuple(str(past["capture"]) for past in voters)
    return Verdict(reading, (*names, capture), source), [dict(past) for past in voters] + [latest]


def opened_between(
    remembered: Sequence[Mapping[str, Any]], analysis: Analysis, openings: Openings | None
) -> payloads.Opening | None:
    """What openings of the door did between the last accepted capture and this one; None without openings or capture.

    Args:
        remembered: what `vote_capture` gave for the capture before.
        analysis: of this capture, the best after the door closed.
        openings: between the two.
    """
    if openings is None or not remembered:
        return None
    size = (float(analysis.width), float(analysis.height)) * 2
    before = [_facing(row, size) for row in remembered[-1]["facings"] if _has_area(row)]
    changes = compare(before, analysis.facings)
    return payloads.Opening(
        before=str(remembered[-1]["capture"]),
        openings=list(openings.ids),
        seconds_open=None if openings.seconds is None else round(openings.seconds, 2),
        refill=openings.refill,
        taken={sku: change.taken for sku, change in changes.items() if change.taken},
        added={sku: change.added for sku, change in changes.items() if change.added},
    )


def _faint(analysis: Analysis) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes and scores of what was too faint for a facing."""
    if analysis.faint is None:
        return np.zeros((0, 4)), np.zeros(0)
    return analysis.faint.boxes.astype(np.float64), analysis.faint.scores.astype(np.float64)


def _row(facing: Facing, size: tuple[float, ...]) -> list[Any]:
    """A facing as values that JSON can hold: box as shares of the frame, scores, SKU and status."""
    box = np.round(np.clip(np.divide(facing.box, size), 0.0, 1.0), DIGITS).tolist()
    score = None if facing.sku_score is None else round(facing.sku_score, DIGITS)
    return [*box, round(facing.score, DIGITS), facing.sku, score, facing.status]


def _facing(row: Sequence[Any], size: tuple[float, ...]) -> Facing:
    """A remembered facing, in the pixels of the present frame. Its place on the shelf is found anew by the vote."""
    box: Box = tuple(np.multiply(row[:4], size).tolist())
    return Facing(box, row[4], shelf=1, position=1, sku=row[5], sku_score=row[6], status=row[7])


def _has_area(row: Sequence[Any]) -> bool:
    """Whether rounding left anything of the box."""
    return bool(row[2] > row[0] and row[3] > row[1])
