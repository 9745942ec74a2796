"""Evaluations to report, made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.cli.evaluate import measure
from edge.contract.catalogue import Sku
from edge.recognise.catalogue import Catalogue, EmbedderId
from edge.recognise.datasets import Dataset
from edge.recognise.report.gallery import Picture
from edge.recognise.report.page import Evaluation
from tests.edge.recognise.labelled import SKUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.recognise.measures import Seen


def evaluation(seen: Sequence[Seen], *, dataset: str = "shelves", catalogue: str | None = "drinks") -> Evaluation:
    """What `edge evaluate` would report of these photographs; without a catalogue for None."""
    known = Catalogue.empty(catalogue or "", EmbedderId("none", "1", "0"))
    known.skus.update({sku: Sku(id=sku, name=sku, brand=sku, owner="we") for sku in SKUS})
    labelled = Dataset("annotations.json", tuple(one.truth for one in seen))
    measured = measure(labelled, list(seen), known if catalogue is not None else None)
    return Evaluation(dataset, *measured, shown_from=0.5)


def pictures_for(evaluation: Evaluation) -> list[Picture]:
    """A picture of each mistake, that is nowhere."""
    return [Picture(f"pictures/{number:04}.jpg", 360, 240) for number in range(1, len(evaluation.mistakes) + 1)]
