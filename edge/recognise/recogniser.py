"""The SKU recogniser: boxes of facings in, identities out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.contract.errors import CatalogueError
from edge.recognise.context import lift_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from edge.recognise.catalogue import Catalogue
    from edge.recognise.embedder import SkuEmbedder
    from edge.recognise.identity import Identity, Index


class SkuRecogniser:
    """An embedder and the catalogue it searches.

    Raises:
        CatalogueError: the catalogue was made by another embedder, or knows no SKU.
    """

    def __init__(self, embedder: SkuEmbedder, catalogue: Catalogue) -> None:
        catalogue.require(embedder.identity)
        self.embedder = embedder
        self.catalogue = catalogue
        self._latest: tuple[date | None, Index] = (None, catalogue.index())

    def recognise(
        self, image: NDArray[np.uint8], boxes: NDArray[np.float32], *, day: date | None = None
    ) -> list[Identity]:
        """The identity of every facing of one picture.

        Args:
            image: (H, W, 3) uint8 BGR.
            boxes: (n, 4) x1, y1, x2, y2 in pixels of it.
            day: the picture's, for pack designs that are dated; None, or a day on which none is in use: every design
                counts.

        Raises:
            ImageError: a box that has no area or lies outside.
            ModelError: the model gave something that is no embedding.
        """
        return self._on(day).identify(self.embedder.embed(image, boxes), self.embedder.doubt)

    def lift(self, identities: Sequence[Identity], shelf: Sequence[int], position: Sequence[int]) -> list[Identity]:
        """The identities of front-row facings in the light of their neighbours on the shelf."""
        doubt = self.embedder.doubt
        return lift_rows(identities, shelf, position, row_odds=doubt.row_odds, recognised=doubt.recognised)

    def _on(self, day: date | None) -> Index:
        """The index of a day; that of the last one asked for is kept, since frames of one day follow one another."""
        if self._latest[0] != day:
            try:
                index = self.catalogue.index(day)
            except CatalogueError:  # all have ended, or a clock is years off: what is known beats an agent that stops
                index = self.catalogue.index()
            self._latest = (day, index)
        return self._latest[1]
