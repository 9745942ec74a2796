"""What lies on the glass or the lens: fog that veils, things that cover; against what the camera usually shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.capture.quality.measure import FEATURELESS
from edge.capture.quality.view import KNOWN_FROM, TEXTURED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.capture.quality.look import Look
    from edge.capture.quality.view import View

VEILED = 0.75  # of the usual detail: what fog leaves at most
NEAR = 5  # cells across: wider than a pack, so that a shelf's edge is near
LIFTED = 6.0  # grey levels: fog is brighter than the dark behind it
DIMMEST = 0.25  # light relative to the usual; less is dark, not faded


def light_share(look: Look, view: View) -> float:
    """How bright the frame is, as a share of the usual; all that contrast is compared with falls with it."""
    return float(np.clip(np.median(look.grey) / max(float(np.median(view.picture)), 1.0), DIMMEST, 1.0))


def fogged_share(look: Look, view: View) -> float:
    """The share of the cells that have lost contrast and darkness together, as behind fogged glass.

    Fog adds light to what is dark and takes contrast from everything (Koschmieder's law; the dark channel of He et al.
    2009). A place that was emptied also looks pale, but shows the bare wall, and edges stay crisp near it: a cell
    counts only when it still shows something and none near it has kept its contrast; and once it is known what stays,
    only that is asked.

    Args:
        look: the frame, laid over the view.
        view: what is usual.
    """
    textured = _asked(look, view)
    if not textured.any():
        return 0.0
    left = np.where(textured, look.detail / np.maximum(view.detail, TEXTURED) / light_share(look, view), 0).astype(
        np.float32
    )
    best = cv2.dilate(left, np.ones((NEAR, NEAR), np.uint8))
    pale = (look.dark > view.dark + LIFTED) & (look.detail >= FEATURELESS)
    veiled = textured & (best < VEILED) & pale
    return float(veiled.sum() / textured.sum())


def lost_share(look: Look, view: View) -> float:
    """The share of the cells that usually show something and show nothing now, beyond what was blank before.

    Once it is known what stays, only that is asked: an empty shelf before a plain wall is not covered.
    """
    textured = _asked(look, view)
    if not textured.any():
        return 0.0
    blank = look.detail < FEATURELESS
    more = float(np.mean(blank[look.inside])) - float(np.mean(view.detail[look.inside] < FEATURELESS))
    return min(float(blank[textured].mean()), max(more, 0.0) / float(textured[look.inside].mean()))


def _asked(look: Look, view: View) -> NDArray[np.bool_]:
    """(rows, columns): cells of the fixture that usually show something; of what stays, once that is known."""
    textured = (view.detail >= TEXTURED) & look.inside
    return np.asarray(textured & view.steady_cells if view.frames >= KNOWN_FROM else textured)
