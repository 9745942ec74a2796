"""Noise out of a traced picture, led by a picture of the same thing that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from models.scenes.arrays import Floats


def _mean(values: Floats, radius: int) -> Floats:
    size = (2 * radius + 1, 2 * radius + 1)
    flat = values.reshape(*values.shape[:2], -1)
    means = [cv2.boxFilter(flat[..., k], -1, size, borderType=cv2.BORDER_REFLECT) for k in range(flat.shape[2])]
    return np.stack(means, axis=-1).reshape(values.shape)


def guided(noisy: Floats, guide: Floats, *, radius: int, epsilon: float) -> Floats:
    """Filter `noisy` (h x w x 3) so that it keeps the edges of `guide` (h x w x 3).

    About each pixel the result is an affine function of the guide's three channels (He, Sun & Tang 2010);
    differences of the guide below the root of `epsilon` are smoothed away.
    """
    mean_guide, mean_noisy = _mean(guide, radius), _mean(noisy, radius)
    square = _mean(guide[..., :, None] * guide[..., None, :], radius)
    spread = square - mean_guide[..., :, None] * mean_guide[..., None, :] + epsilon * np.eye(3, dtype=np.float32)
    common = _mean(guide[..., :, None] * noisy[..., None, :], radius)
    common -= mean_guide[..., :, None] * mean_noisy[..., None, :]
    slope = np.linalg.solve(spread, common).astype(np.float32)
    offset = mean_noisy - np.einsum("hwi,hwij->hwj", mean_guide, slope)
    filtered: Floats = np.einsum("hwi,hwij->hwj", guide, _mean(slope, radius)) + _mean(offset, radius)
    return filtered.astype(np.float32)
