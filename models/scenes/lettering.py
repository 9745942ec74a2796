"""Words on pictures, with the TrueType faces that OpenCV 5 carries (they hold Chinese too)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge.contract.errors import ImageError

if TYPE_CHECKING:
    from models.scenes.arrays import Floats, Picture

Colour = tuple[int, int, int]
FACES = ("sans", "italic", "uni")
_MARGIN = 16


@cache
def _face(name: str) -> Any:
    if not hasattr(cv2, "FontFace"):
        raise ImageError(
            f"OpenCV {cv2.__version__} carries no TrueType faces", "install opencv-python-headless 5 or newer"
        )
    return cv2.FontFace(name)


@dataclass(frozen=True, slots=True)
class Style:
    """How a word is written: face, weight (100..900), colours, outline and shadow in parts of its height."""

    face: str = "sans"
    weight: int = 700
    colour: Colour = (255, 255, 255)
    outline: Colour | None = None
    outline_part: float = 0.12
    arc: float = 0.0
    shear: float = 0.0
    shadow: float = 0.0


@lru_cache(maxsize=4096)
def word_mask(text: str, face: str, weight: int, height: int) -> Floats:
    """Coverage (0..1) of a word written `height` pixels high, cut to its ink with a small margin."""
    size = max(height, 8)
    canvas = np.zeros((size * 2 + 2 * _MARGIN, (len(text) + 2) * size + 2 * _MARGIN, 3), np.uint8)
    cv2.putText(
        canvas, text, (_MARGIN + size // 2, int(size * 1.4) + _MARGIN), (255, 255, 255), _face(face), size, weight
    )
    ink = canvas[:, :, 0]
    x, y, w, h = cv2.boundingRect(ink)
    pad = max(2, size // 5)
    y0, x0 = max(0, y - pad), max(0, x - pad)
    cut: Floats = (ink[y0 : y + h + pad, x0 : x + w + pad] / 255.0).astype(np.float32)
    return cut


def _bend(mask: Floats, *, arc: float, shear: float) -> Floats:
    h, w = mask.shape
    lift = abs(arc) * h
    lean = abs(shear) * h
    out_h, out_w = int(h + lift) + 1, int(w + lean) + 1
    ys, xs = np.mgrid[0:out_h, 0:out_w].astype(np.float32)
    t = (xs / max(out_w - 1, 1) - 0.5) * 2
    rise = arc * h * t * t
    source_y = ys - rise - (lift if arc < 0 else 0)
    source_x = xs - lean / 2 + shear * (source_y - h / 2)
    bent: Floats = cv2.remap(mask, source_x.astype(np.float32), source_y.astype(np.float32), cv2.INTER_LINEAR)
    return bent


def blend(canvas: Picture, mask: Floats, colour: Colour, *, x: int, y: int) -> None:
    """Lay `colour` over `canvas` where `mask` says so, its top left corner at (x, y); what hangs over is cut."""
    h, w = mask.shape
    y0, x0, y1, x1 = max(y, 0), max(x, 0), min(y + h, canvas.shape[0]), min(x + w, canvas.shape[1])
    if y1 <= y0 or x1 <= x0:
        return
    part = mask[y0 - y : y1 - y, x0 - x : x1 - x, None]
    under = canvas[y0:y1, x0:x1].astype(np.float32)
    canvas[y0:y1, x0:x1] = (under + (np.array(colour, np.float32) - under) * part).astype(np.uint8)


def write(
    canvas: Picture,
    text: str,
    *,
    centre: tuple[float, float],
    height: float,
    max_width: float,
    style: Style,
    turn: int = 0,
) -> None:
    """Write `text` about `centre`, in place.

    Args:
        canvas: picture written on.
        text: the words; one line.
        centre: x, y in pixels.
        height: height of the face in pixels; less if the text would be wider than `max_width`.
        max_width: pixels.
        style: how it looks.
        turn: quarter turns anticlockwise.
    """
    mask = word_mask(text, style.face, style.weight, 64)
    scale = min(height / 64.0, max_width / mask.shape[1])
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    mask = np.clip(mask, 0, 1).astype(np.float32)
    edge = max(1, round(style.outline_part * 64 * scale))
    mask = cv2.copyMakeBorder(mask, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=0)
    if style.arc or style.shear:
        mask = _bend(mask, arc=style.arc, shear=style.shear)
    mask = np.ascontiguousarray(np.rot90(mask, turn))
    x, y = round(centre[0] - mask.shape[1] / 2), round(centre[1] - mask.shape[0] / 2)
    if style.shadow:
        drop = max(1, round(style.shadow * 64 * scale))
        blend(canvas, cv2.GaussianBlur(mask, (0, 0), drop * 0.7 + 0.3) * 0.55, (10, 10, 10), x=x + drop, y=y + drop)
    if style.outline is not None:
        fat = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * edge + 1, 2 * edge + 1)))
        blend(canvas, fat, style.outline, x=x, y=y)
    blend(canvas, mask, style.colour, x=x, y=y)
