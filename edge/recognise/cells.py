"""What the cells of a detector's grid say of a picture, checked: the part that all our detectors share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.contract.errors import ModelError
from edge.recognise.boxes import lay_on_canvas
from edge.recognise.session import ModelSession

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.recognise.manifest import Model

INPUT = "frame"
# Before doubles are suppressed. An object has at most about ten cells that see it.
MAX_CANDIDATES = 3000


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells that may see something, best first; many see the same."""

    boxes: NDArray[np.float32]  # (n, 4) x1, y1, x2, y2 in pixels of the picture
    scores: NDArray[np.float32]  # (n,) 0..1


class CellReader:
    """A detector file that takes a canvas of any whole number of steps and gives a box and a score for each cell.

    Args:
        model: of the manifest; its `input.multiple` is given.
        threads: CPU threads for one picture.

    Raises:
        ModelError: the file is missing, altered or unusable.
    """

    def __init__(self, model: Model, *, threads: int) -> None:
        given = model.entry.input
        if given.multiple is None:
            raise ModelError(f"model {model.entry.name}: has no input.multiple", "add it to the manifest")
        self._session = ModelSession(model, threads=threads)
        self._side, self._multiple = max(given.width, given.height), given.multiple
        self._name = model.entry.name

    def look(self, picture: NDArray[np.uint8], *, lowest: float) -> Cells:
        """Run the model on a picture, (height, width, 3) BGR, scaled so that its longest side is the model's.

        Args:
            picture: its aspect is kept.
            lowest: score from which a cell is given.

        Raises:
            ModelError: the model gives values that make no sense.
        """
        canvas, letterbox = lay_on_canvas(picture, side=self._side, multiple=self._multiple)
        boxes, scores = self._session.run({INPUT: canvas[None]}, shapes=((1, None, 4), (1, None)))
        boxes, scores = boxes[0], scores[0]
        if len(boxes) != len(scores):
            raise ModelError(f"model {self._name}: gives {len(boxes)} boxes and {len(scores)} scores")
        if len(scores) and not (scores.min() >= 0 and scores.max() <= 1):
            raise ModelError(f"model {self._name}: gives scores beyond 0 to 1", "export the model anew")
        likely = np.flatnonzero(scores >= lowest)
        likely = likely[np.argsort(-scores[likely], kind="stable")[:MAX_CANDIDATES]]
        boxes, scores = letterbox.to_frame(boxes[likely]), scores[likely]
        seen = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])  # not wholly on the canvas's grey rim
        return Cells(boxes[seen], scores[seen])
