"""The people detector: a frame in, boxes of persons out. It knows that somebody is there and nothing else of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.contract.errors import ModelError
from edge.recognise.boxes import suppress_doubles, vote
from edge.recognise.cells import CellReader
from edge.recognise.detector import OVERLAP, SCORE, Detections

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.recognise.manifest import Model

MAX_PEOPLE = 100
FOLLOW, PRIVATE = "follow", "private"
# What scores less says nothing about where a person's edges are.
LEAST_VOTE = 0.1
# Of what a box and a cell must share for the cell to vote; people stand closer than products do.
VOTE_IOU = 0.7


class PeopleDetector:
    """Finds people, standing or walking, whole or in part. One frame at a time; not for several threads at once.

    Args:
        model: of the manifest, kind `people-detector`.
        threads: CPU threads for one frame.

    Raises:
        ModelError: the file is missing, altered or unusable, or is no people detector.
    """

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        entry = model.entry
        if entry.kind != "people-detector":
            raise ModelError(f"model {entry.name}: a {entry.kind} is no people detector", "name another model")
        self._cells = CellReader(model, threads=threads)
        self._score, self._max_iou = model.threshold(SCORE), model.threshold(OVERLAP)
        self._follow, self._private = model.threshold(FOLLOW), model.threshold(PRIVATE)
        self.name, self.version = entry.name, entry.full_version

    @property
    def shipped_score(self) -> float:
        """The score from which a box is a person, chosen with the weights."""
        return self._score

    @property
    def follow_score(self) -> float:
        """The score from which a box may continue the track of somebody who was surely there."""
        return self._follow

    @property
    def private_score(self) -> float:
        """The score from which a place is blurred: generous, for a blurred bag harms nobody."""
        return self._private

    def detect(self, image: NDArray[np.uint8], *, min_score: float | None = None) -> Detections:
        """Find the people of one frame.

        Args:
            image: (height, width, 3) BGR; its aspect is kept, larger frames are scaled down.
            min_score: lowest score given; None for the shipped threshold. A tracker and a blur want a lower one.

        Returns:
            At most 100 detections, best first, in pixels of the frame and inside it.

        Raises:
            ModelError: the model gives values that make no sense.
        """
        lowest = self._score if min_score is None else min_score
        cells = self._cells.look(image, lowest=min(lowest, LEAST_VOTE))
        asked = int((cells.scores >= lowest).sum())  # best first
        boxes, scores = cells.boxes[:asked], cells.scores[:asked]
        kept = suppress_doubles(boxes, scores, max_iou=self._max_iou, limit=MAX_PEOPLE)
        # The same cells vote whatever is asked for, so that a box does not depend on the lowest score given.
        voters = int((cells.scores >= LEAST_VOTE).sum())
        agreed = vote(boxes[kept], cells.boxes[:voters], cells.scores[:voters], min_iou=VOTE_IOU)
        height, width = image.shape[:2]
        inside = np.minimum(agreed, np.array([width, height] * 2, np.float32))  # a mean may round beyond
        return Detections(boxes=inside, scores=scores[kept])
