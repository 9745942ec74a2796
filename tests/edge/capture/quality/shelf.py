"""A drawn shelf that a drawn camera looks at: fast to draw, with edges that stay and packs that go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]

WIDTH, HEIGHT = 640, 480
ROWS, COLUMNS = 4, 12


def shelf(*, stock: int = 0, empty: float = 0.0, noise: int = 0, light: float = 1.0) -> Image:
    """(480, 640, 3): four shelves of printed packs.

    Args:
        stock: seed of what stands there.
        empty: share of the places without a pack.
        noise: seed of the sensor's noise.
        light: of the lamps.
    """
    packs, frame = np.random.default_rng((stock, 5)), np.full((HEIGHT, WIDTH, 3), 190, np.uint8)
    fixed = np.random.default_rng(11)
    frame[:, :24] = frame[:, -24:] = (120, 50, 20)
    for row in range(ROWS):
        bottom = 110 + row * 118
        for column in range(COLUMNS):
            left = 32 + column * 48
            colours = packs.integers(20, 235, (3, 3)).tolist()
            if packs.random() < empty:
                continue
            cv2.rectangle(frame, (left, bottom - 92), (left + 40, bottom - 4), colours[0], -1)
            cv2.rectangle(frame, (left + 5, bottom - 70), (left + 35, bottom - 40), colours[1], -1)
            cv2.putText(frame, "ABCDEFGH"[int(packs.integers(8))], (left + 8, bottom - 12), 0, 0.9, colours[2], 2)
        cv2.rectangle(frame, (24, bottom - 2), (WIDTH - 25, bottom + 14), (40, 40, 40), -1)
        for tag in range(28, WIDTH - 60, 48):  # price tags: they stay
            cv2.rectangle(frame, (tag + 8, bottom), (tag + 36, bottom + 11), (245, 245, 245), -1)
            cv2.putText(frame, str(int(fixed.integers(10, 99))), (tag + 11, bottom + 10), 0, 0.4, (10, 10, 10), 1)
    return sensed(frame.astype(np.float32) * light, noise)


def sensed(light: NDArray[np.float32], noise: int) -> Image:
    """As a sensor gives it: no two frames are the same."""
    grain = np.random.default_rng((noise, 6)).normal(0, 2.0, light.shape)
    return np.asarray(np.clip(np.round(light + grain), 0, 255), np.uint8)


def turned(frame: Image, *, right: float = 0.0, down: float = 0.0, degrees: float = 0.0) -> Image:
    """What the camera sees after it was knocked, by pixels and degrees."""
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, 1.0)
    matrix[:, 2] += right, down
    return np.asarray(cv2.warpAffine(frame, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), np.uint8)
