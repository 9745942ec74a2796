"""What one frame shows by itself: light, sharpness, contrast, and how much of it is featureless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.capture.quality.look import look_at, pixels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.capture.quality.look import Grey, Look, Region

WHITE = 250  # grey level from which a pixel says nothing but "bright"
FEATURELESS = 1.5
"""Detail under which a cell shows nothing, grey levels: a wall, a lid, a hand before the lens."""

FINE, COARSE = 1.0, 2.5
"""Standard deviations in pixels: what is finer is a sensor's noise, what is coarser outlives a blur."""

_NOTHING = 1e-6  # of energy: an empty picture has none


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured on a frame, within the fixture's region."""

    brightness: float  # mean luminance, 0..1
    sharpness: float  # variance of the Laplacian of the luminance without its noise, grey levels squared
    blown: float  # share of the pixels that are white
    edges: float  # by how much its gradients fall when it is blurred; 1 is a picture that is blurred already
    contrast: float  # standard deviation of the luminance, 0..0.5
    blackest: float  # the level that one pixel in a hundred is darker than, 0..1
    featureless: float  # share of the cells without detail


def measure(image: NDArray[np.uint8], region: Region = ()) -> Measured:
    """Measure a frame.

    Args:
        image: (height, width, 3) BGR.
        region: corners of the fixture as shares of width and height; empty for the whole frame.
    """
    return measure_look(look_at(image, region))


def measure_look(look: Look) -> Measured:
    """Measure a frame that was made small.

    Sharpness is the variance of the Laplacian (Pech-Pacheco et al. 2000): it falls with defocus and motion blur, and
    with light and print, so it is compared with what the same camera usually gives. `edges` asks for no such
    comparison: what is blurred already loses little when it is blurred once more (Crete et al. 2007). Both are taken
    from a picture that was smoothed a little first: noise has edges too, and they survive every blur of the lens.
    """
    smooth = np.asarray(cv2.GaussianBlur(look.grey, (0, 0), FINE), np.float32)
    grey, inside = look.grey, pixels_of(look.inside, look.grey.shape)
    within = grey[inside]
    return Measured(
        brightness=float(np.mean(within)) / 255,
        sharpness=float(np.var(cv2.Laplacian(smooth, cv2.CV_32F)[inside])),
        blown=float(np.mean(within >= WHITE)),
        edges=_edges(smooth, np.asarray(cv2.GaussianBlur(grey, (0, 0), COARSE), np.float32), inside),
        contrast=float(np.std(within)) / 255,
        blackest=float(np.percentile(within, 1)) / 255,
        featureless=float(np.mean(look.detail[look.inside] < FEATURELESS)),
    )


def _edges(smooth: Grey, smoother: Grey, inside: NDArray[np.bool_]) -> float:
    """The smaller ratio of across and down, so that a camera that shook is seen too."""
    ratios = []
    for axis in (0, 1):
        between = np.minimum(np.take(inside, range(smooth.shape[axis] - 1), axis), np.delete(inside, 0, axis))
        sharp, soft = (np.diff(picture, axis=axis)[between] ** 2 for picture in (smooth, smoother))
        ratios.append(float(sharp.mean()) / (float(soft.mean()) + _NOTHING) if sharp.size else 0.0)
    return min(ratios)
