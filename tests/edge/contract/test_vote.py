"""An observation's vote: it must fit the facings it speaks of."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from edge.contract.payloads import ShelfObserved
from tests.edge.contract.examples import EXAMPLES

BASE: dict[str, Any] = EXAMPLES["shelf.observed.v1"].data.model_dump()
ONE: dict[str, Any] = BASE["kpis"]
TWO = {**ONE, "facings": 2, "own": 2}


def observed(**vote: Any) -> ShelfObserved:
    return ShelfObserved.model_validate({**BASE, "vote": {"captures": ["c-0", "c-1"], "kpis": ONE, **vote}})


def test_what_was_kept_counts_beside_what_was_seen() -> None:
    (seen,) = BASE["facings"]
    assert len(observed(kept=[{**seen, "position": 2}], kpis=TWO).counted_facings) == 2


def test_a_renamed_facing_stays_where_it_was_seen() -> None:
    (counted,) = observed(renamed=[{"facing": 0, "status": "unknown"}]).counted_facings
    (seen,) = observed().facings
    assert (counted.box, counted.sku, counted.status) == (seen.box, None, "unknown")


@pytest.mark.parametrize(
    ("vote", "said"),
    [
        ({"kpis": TWO}, "counts 1 facings"),
        ({"dropped": [0]}, "counts 0 facings"),
        ({"dropped": [1]}, "not listed"),
        ({"renamed": [{"facing": 7, "status": "unknown"}]}, "not listed"),
        ({"dropped": [0], "renamed": [{"facing": 0, "status": "unknown"}]}, "twice"),
        ({"renamed": [{"facing": 0, "status": "recognised"}]}, "names its SKU"),
    ],
)
def test_a_vote_that_does_not_fit_is_refused(vote: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        observed(**vote)
