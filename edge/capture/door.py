"""A cooler's door from the camera's own picture, and the best of several frames after it closed. Pure on pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Thumbnail = NDArray[np.float32]
    """(h, w) luminance, 0 to 1, THUMBNAIL pixels at its longer edge."""

THUMBNAIL = 64
"""Pixels of the longer edge: a door is as large as the picture, and noise and small motion average out."""

OTHERWISE = 0.08
"""A pixel that differs by this much from the usual picture, brightness evened out, shows something else. Sensor noise
of thumbnails is a tenth of it, daylight that changes is evened out."""

HYSTERESIS = 0.5
"""A door that is open counts as closed again once this share of what it takes to be open is left."""

LEARNING = 0.05
"""How much a frame with a closed door changes the usual picture: it follows the shelf within a minute of frames."""

FLAT = 1e-6


@dataclass(frozen=True, slots=True)
class DoorLook:
    """What the picture usually is, and whether the door is open now."""

    usual: Thumbnail | None = None
    open: bool = False


def thumbnail(image: NDArray[np.uint8]) -> Thumbnail:
    """The luminance of a (height, width, 3) BGR picture, made small."""
    height, width = image.shape[:2]
    scale = THUMBNAIL / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    small: Thumbnail = (grey / np.float32(255)).astype(np.float32)
    return small


def look_at_door(look: DoorLook, seen: Thumbnail, *, changed: float, light: float) -> DoorLook:
    """Take one more frame into account.

    An open door shows as a picture most of which is otherwise than usual: the door itself, who stands before it, and
    in many coolers the light, which turns with the door. While it is closed the usual picture follows what is seen.

    Args:
        look: before.
        seen: the frame; of another size than those before, it begins anew.
        changed: the share of pixels that look otherwise while the door is open.
        light: how many times brighter or darker the picture is while the door is open.
    """
    usual = look.usual
    if usual is None or usual.shape != seen.shape:
        return DoorLook(seen)
    ratio = (float(seen.mean()) + FLAT) / (float(usual.mean()) + FLAT)
    other = float(np.mean(np.abs(seen / ratio - usual) > OTHERWISE))
    ease = HYSTERESIS if look.open else 1.0
    is_light = max(ratio, 1 / ratio) >= 1 + (light - 1) * ease and light > 1
    if other >= changed * ease or is_light:
        return replace(look, open=True)
    return DoorLook((1 - LEARNING) * usual + LEARNING * seen)


def forget_usual(look: DoorLook) -> DoorLook:
    """The usual picture learnt anew: what looked like an open door for hours is how the fixture looks now."""
    return replace(look, usual=None, open=False)


def best_after(images: Sequence[NDArray[np.uint8]], usual: Thumbnail | None) -> int:
    """Which of several frames after a door closed shows the shelf best: sharp, and the door out of the way.

    A door at an angle, or a person who still stands there, hides and displaces the edges that the fixture usually
    shows, so the frame whose gradients agree most with the usual ones is the one with the door most closed.

    Args:
        images: (height, width, 3) BGR of one camera, at least one.
        usual: how its picture usually is; None leaves sharpness alone to decide.
    """
    scores = []
    for image in images:
        seen = thumbnail(image)
        alike = 1.0 if usual is None or usual.shape != seen.shape else max(0.0, _agreement(seen, usual))
        scores.append(alike * np.sqrt(_sharpness(image)))
    return int(np.argmax(scores))


def _agreement(seen: Thumbnail, usual: Thumbnail) -> float:
    """Correlation of the gradients' strengths, -1 to 1."""
    a, b = (_gradients(one) - _gradients(one).mean() for one in (seen, usual))
    return float((a * b).sum() / (np.sqrt((a * a).sum() * (b * b).sum()) + FLAT))


def _gradients(grey: Thumbnail) -> Thumbnail:
    strength: Thumbnail = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return strength


def _sharpness(image: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian at four times the thumbnail's size (Pech-Pacheco et al. 2000)."""
    height, width = image.shape[:2]
    scale = min(1.0, 4 * THUMBNAIL / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())
