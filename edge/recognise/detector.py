"""The product detector: a frame in, boxes of front-row units out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.contract.errors import ModelError
from edge.recognise.boxes import lay_on_canvas, suppress_doubles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.recognise.manifest import Model

MAX_DETECTIONS = 300
# Before doubles are suppressed. A product has at most about ten cells that see it.
MAX_CANDIDATES = 3000
INPUT = "frame"
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

    Raises:
        ModelError: the file is missing, altered or unusable, or is no detector.
    """

    def __init__(self, model: Model, *, threads: int = 2) -> None:
        from edge.recognise.session import ModelSession  # noqa: PLC0415 - training measures without ONNX Runtime

        entry = model.entry
        if entry.kind != "product-detector" or entry.input.multiple is None:
            raise ModelError(f"model {entry.name}: a {entry.kind} is no product detector", "name another model")
        self._session = ModelSession(model, threads=threads)
        self._side, self._multiple = max(entry.input.width, entry.input.height), entry.input.multiple
        self._score, self._max_iou = model.threshold(SCORE), model.threshold(OVERLAP)
        self.name, self.version = entry.name, entry.version

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
        canvas, letterbox = lay_on_canvas(image, side=self._side, multiple=self._multiple)
        boxes, scores = self._session.run({INPUT: canvas[None]}, shapes=((1, None, 4), (1, None)))
        boxes, scores = boxes[0], scores[0]
        likely = np.flatnonzero(scores >= lowest)
        likely = likely[np.argsort(-scores[likely], kind="stable")[:MAX_CANDIDATES]]
        boxes, scores = letterbox.to_frame(boxes[likely]), scores[likely]
        seen = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])  # not wholly on the canvas's grey rim
        boxes, scores = boxes[seen], scores[seen]
        kept = suppress_doubles(boxes, scores, max_iou=self._max_iou, limit=MAX_DETECTIONS)
        return Detections(boxes=boxes[kept], scores=scores[kept])
