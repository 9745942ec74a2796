"""The quality gate: what a frame must be before anything is read from it. Pure functions on pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from edge.recognise.boxes import pairwise_iou

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.contract.config import QualityRules

MEASURED_EDGE = 320
"""Frames are measured at this many pixels of their longer edge, so that sharpness compares across resolutions."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured on a frame."""

    brightness: float  # mean luminance, 0..1
    sharpness: float  # variance of the Laplacian of the luminance, grey levels squared, at MEASURED_EDGE


def measure(image: NDArray[np.uint8]) -> Measured:
    """Measure a frame.

    Sharpness is the variance of the Laplacian (Pech-Pacheco et al. 2000), which falls with defocus and motion blur.

    Args:
        image: (height, width, 3) BGR.
    """
    height, width = image.shape[:2]
    scale = MEASURED_EDGE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    laplacian = cv2.Laplacian(grey, cv2.CV_32F)
    return Measured(brightness=float(np.mean(grey)) / 255.0, sharpness=float(np.var(laplacian)))


def judge(
    measured: Measured, rules: QualityRules, *, usual_sharpness: float | None
) -> Literal["dark", "blown", "blurred"] | None:
    """Why a frame is not used, or None.

    Args:
        measured: of the frame.
        rules: the fixture's.
        usual_sharpness: the median sharpness of this camera's accepted frames; None before there are any, and then no
            frame is called blurred: what is sharp depends on what stands there.
    """
    if measured.brightness < rules.darkest:
        return "dark"
    if measured.brightness > rules.brightest:
        return "blown"
    if usual_sharpness is not None and measured.sharpness < rules.sharpness * usual_sharpness:
        return "blurred"
    return None


def vanished_share(before: NDArray[np.float32], now: NDArray[np.float32], *, min_iou: float = 0.3) -> float:
    """The share of earlier facings at whose place nothing is seen any more.

    Args:
        before: (n, 4) boxes x1, y1, x2, y2 of the last accepted capture, any unit.
        now: (m, 4) boxes of this one, in the same unit.
        min_iou: the least overlap at which a place counts as still filled.
    """
    if len(before) == 0:
        return 0.0
    if len(now) == 0:
        return 1.0
    return float(np.mean(pairwise_iou(before, now).max(axis=1) < min_iou))
