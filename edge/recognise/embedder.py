"""The SKU embedder: crops of facings in, unit vectors out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.contract.errors import ModelError
from edge.recognise.catalogue import EmbedderId
from edge.recognise.crops import CropShape, cut_facings
from edge.recognise.identity import Doubt
from edge.recognise.manifest import find_model
from edge.recognise.session import ModelSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.recognise.manifest import Model

_BATCH = 16  # crops at once: more gain no speed, and hold more memory (64: 67 MB more)
_LENGTH_TOLERANCE = 1e-2
CROPS = "crops"  # the model's input


class SkuEmbedder:
    """The shipped embedder and what belongs to it: crop shape, and how its cosines are to be read.

    Args:
        model: of the manifest.
        threads: CPU threads for one call.

    Raises:
        ModelError: the file is missing or altered, or its entry lacks a threshold.
    """

    def __init__(self, model: Model, *, threads: int = 2) -> None:
        entry = model.entry
        if (entry.input.dtype, entry.input.layout, entry.input.colours) != ("uint8", "NHWC", "BGR"):
            raise ModelError(f"{entry.name}: its input is not uint8 NHWC BGR", "export it with models.train.embedder")
        # The int8 file made from a float32 file reads the same catalogues: both go by the float32 file's hash.
        self.identity = EmbedderId(entry.name, entry.full_version, entry.family)
        self.shape = CropShape(entry.input.width, entry.input.height, model.threshold("crop_margin"))
        self.doubt = Doubt(
            scale=model.threshold("scale"),
            none_cosine=model.threshold("none_cosine"),
            recognised=model.threshold("recognised"),
            unknown=model.threshold("unknown"),
            row_odds=entry.thresholds.get("row_odds", 1.0),
        )
        self._session = ModelSession(model, threads=threads)

    @classmethod
    def open(cls, *, threads: int = 2) -> SkuEmbedder:
        """The embedder of the installed manifest."""
        return cls(find_model("sku-embedder"), threads=threads)

    def embed(self, image: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed the facings of one picture.

        Args:
            image: (H, W, 3) uint8 BGR.
            boxes: (n, 4) x1, y1, x2, y2 in pixels of it.

        Returns:
            (n, d) of length 1.

        Raises:
            ImageError: a box that has no area or lies outside.
            ModelError: the model gave something that is no embedding.
        """
        return self.embed_crops(cut_facings(image, boxes, self.shape))

    def embed_whole(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed pictures that each show one product from border to border: (n, d) of length 1."""
        crops = [
            cut_facings(picture, np.array([[0, 0, picture.shape[1], picture.shape[0]]], np.float32), self.shape)
            for picture in pictures
        ]
        return self.embed_crops(
            np.concatenate([*crops, np.zeros((0, self.shape.height, self.shape.width, 3), np.uint8)])
        )

    def embed_crops(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed (n, height, width, 3) uint8 BGR crops of this embedder's shape: (n, d) of length 1.

        Raises:
            ModelError: the model gave something that is no embedding.
        """
        if not len(crops):
            return np.zeros((0, 0), np.float32)
        parts = [
            self._session.run(
                {CROPS: crops[start : start + _BATCH]}, shapes=[(len(crops[start : start + _BATCH]), None)]
            )[0]
            for start in range(0, len(crops), _BATCH)
        ]
        embeddings = np.concatenate(parts)
        if np.any(np.abs(np.linalg.norm(embeddings, axis=1) - 1) > _LENGTH_TOLERANCE):
            raise ModelError(f"{self.identity.name}: gives vectors that are not of length 1", "export the model anew")
        return embeddings
