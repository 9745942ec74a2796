"""What stands beside a facing says something of it: products stand in rows of one SKU. Pure functions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.recognise.identity import Identity


def lift_rows(
    identities: Sequence[Identity],
    shelf: Sequence[int],
    position: Sequence[int],
    *,
    row_odds: float,
    recognised: float,
) -> list[Identity]:
    """Raise the score of a facing whose neighbour was recognised as what the facing seems to be.

    Bayes' rule on odds: each agreeing neighbour multiplies them by `row_odds`, which was chosen on photographs that
    were held back from training. Only what was recognised by itself speaks for others, so that doubt does not spread
    along a shelf; what was called unknown stays unknown, and nothing is ever lowered.

    Args:
        identities: of the front-row facings of one frame.
        shelf: of each, from the bottom.
        position: of each, from the left.
        row_odds: at least 1; 1 changes nothing.
        recognised: the score from which a facing is recognised.
    """
    at = {place: index for index, place in enumerate(zip(shelf, position, strict=True))}
    lifted = []
    for identity, row, place in zip(identities, shelf, position, strict=True):
        beside = [identities[at[row, near]] for near in (place - 1, place + 1) if (row, near) in at]
        agreeing = sum(other.status == "recognised" and other.sku == identity.sku for other in beside)
        if identity.status != "unsure" or not agreeing:
            lifted.append(identity)
            continue
        odds = identity.score / max(1e-9, 1 - identity.score) * row_odds**agreeing
        score = odds / (1 + odds)
        status = "recognised" if score >= recognised else identity.status
        lifted.append(replace(identity, score=score, status=status))
    return lifted
