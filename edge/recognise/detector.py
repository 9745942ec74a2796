"""The product detector: a frame in, boxes of front-row units out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.contract.errors import ModelError
from edge.recognise.boxes import suppress_doubles, vote
from edge.recognise.tiles import USUAL, Look, Tile, Tiling, merge_looks, plan_tiles, wants_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.recognise.manifest import Model

MAX_DETECTIONS = 300
# What scores less says nothing about where a product's edges are.
LEAST_VOTE = 0.05
# A product found with this score counts for the size of products, whatever the shipped threshold is.
SURE = 0.3
SCORE, OVERLAP = "score", "max_iou"


@dataclass(frozen=True, slots=True)
class Detections:
    """What a detector found in one frame, best first."""

    boxes: NDArray[np.float32]  # (n, 4) x1, y1, x2, y2 in pixels of the frame
    scores: NDArray[np.float32]  # (n,) 0..1


class ProductDetector:
    """Finds products, whatever they are.

    Args:
        model: of the manifest, kind `product-detector`.
        threads: CPU threads for one frame.
        tiling: when and how a large frame of small products is read in tiles as well; None: never.

    Raises:
        ModelError: the file is missing, altered or unusable, or is no detector.
    """

    def __init__(self, model: Model, *, threads: int = 2, tiling: Tiling | None = USUAL) -> None:
        from edge.recognise.cells import CellReader  # noqa: PLC0415 - training measures without ONNX Runtime

        entry = model.entry
        if entry.kind != "product-detector" or entry.input.multiple is None:
            raise ModelError(f"model {entry.name}: a {entry.kind} is no product detector", "name another model")
        self._cells = CellReader(model, threads=threads)
        self._side = max(entry.input.width, entry.input.height)
        self._score, self._max_iou = model.threshold(SCORE), model.threshold(OVERLAP)
        self._tiling = tiling
        self.name, self.version = entry.name, entry.full_version

    @property
    def shipped_score(self) -> float:
        """The score from which a box counts as a facing, chosen with the weights."""
        return self._score

    def detect(self, image: NDArray[np.uint8], *, min_score: float | None = None) -> Detections:
        """Find the products of one frame.

        Args:
            image: (height, width, 3) BGR; its aspect is kept, larger frames are scaled down.
            min_score: lowest score given; None for the shipped threshold.

        Returns:
            At most 300 detections.

        Raises:
            ModelError: the model gives values that make no sense.
        """
        lowest = self._score if min_score is None else min_score
        height, width = image.shape[:2]
        found = self._look(image, Tile(0, 0, width, height), lowest=lowest)
        boxes, scores = found.boxes, found.scores
        if self._tiling is not None:
            sure = boxes[scores >= min(self._score, SURE)]
            if wants_tiles(sure, frame=(width, height), side=self._side, tiling=self._tiling):
                boxes, scores = self._in_tiles(image, found, self._tiling, lowest=lowest)
        return Detections(boxes=boxes[:MAX_DETECTIONS], scores=scores[:MAX_DETECTIONS])

    def _in_tiles(
        self, image: NDArray[np.uint8], whole: Look, tiling: Tiling, *, lowest: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the look at the whole frame and those at its tiles found together."""
        height, width = image.shape[:2]
        side = round(max(self._side, max(height, width) / tiling.zoom))
        tiles = plan_tiles(width, height, side=side, overlap=round(tiling.overlap * side))
        looks = [self._look(image[t.y1 : t.y2, t.x1 : t.x2], t, lowest=lowest) for t in tiles]
        return merge_looks([whole, *looks], frame=(width, height), max_iou=min(self._max_iou, tiling.same))

    def _look(self, part: NDArray[np.uint8], tile: Tile, *, lowest: float) -> Look:
        """What the model finds in one part of a frame, best first, every product once."""
        cells = self._cells.look(part, lowest=min(lowest, LEAST_VOTE))
        boxes, scores = cells.boxes, cells.scores
        asked = int((scores >= lowest).sum())  # best first
        kept = suppress_doubles(boxes[:asked], scores[:asked], max_iou=self._max_iou, limit=MAX_DETECTIONS)
        # The same cells vote whatever is asked for, so that a box does not depend on the lowest score given.
        voters = int((scores >= LEAST_VOTE).sum())
        agreed, scores = vote(boxes[kept], boxes[:voters], scores[:voters]), scores[kept]
        # Two that stood apart may have been voted onto one product.
        once = suppress_doubles(agreed, scores, max_iou=self._max_iou, limit=MAX_DETECTIONS)
        corner = np.array([tile.x1, tile.y1] * 2, dtype=np.float32)
        return Look(tile, agreed[once] + corner, scores[once])
