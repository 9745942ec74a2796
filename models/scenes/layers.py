"""What each pixel sees: the nearest surface, and through clear ones the next behind it, bent as by a cylinder lens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.scenes.arrays import Bools, Floats, Ints

_SQUEEZE = 0.8  # a full bottle shows what is behind it turned about its axis, and somewhat smaller


@dataclass(frozen=True, slots=True)
class Shaded:
    """Light that n places send to the eye: from their body and by mirroring, and the part they let through (n x 3)."""

    body: Floats
    mirror: Floats
    veil: Floats


@dataclass(slots=True)
class Layers:
    """Two layers of a picture being drawn from front to back, at its supersampled resolution (h x w).

    `light` and `distance` (mm) are of the nearest surface, `ids` its unit (-1: fixture). Where that surface is clear,
    `veil` > 0 is the part of `behind` that comes through it; `axis` is the column of its bottle's axis.
    """

    light: Floats
    distance: Floats
    ids: Ints
    veil: Floats
    behind: Floats
    behind_distance: Floats
    axis: Floats

    @classmethod
    def over(cls, light: Floats, distance: Floats) -> Layers:
        """Begin with an empty fixture, which is copied."""
        shape = distance.shape
        return cls(
            light=light.copy(),
            distance=distance.copy(),
            ids=np.full(shape, -1, np.int32),
            veil=np.zeros((*shape, 3), np.float32),
            behind=np.zeros((*shape, 3), np.float32),
            behind_distance=np.zeros(shape, np.float32),
            axis=np.zeros(shape, np.float32),
        )

    def open_to(self, window: tuple[slice, slice], nearest: float) -> Bools:
        """Where in a window something at least `nearest` mm away may still show."""
        return (self.distance[window] > nearest) | (self.behind_distance[window] > nearest)

    def put(self, ys: Ints, xs: Ints, *, shaded: Shaded, distance: Floats, unit: int, axis: Floats) -> None:
        """Lay a unit's places into the front layer or, where something clear stands before them, behind it."""
        front = distance < self.distance[ys, xs]
        second = ~front & (distance < self.behind_distance[ys, xs])
        y, x = ys[second], xs[second]
        self.behind[y, x] = shaded.body[second] + shaded.mirror[second]
        self.behind_distance[y, x] = distance[second]
        y, x = ys[front], xs[front]
        veil = shaded.veil[front]
        clear = veil.max(axis=1) > 0.02
        self.behind[y, x] = self.light[y, x]
        self.behind_distance[y, x] = np.where(clear, self.distance[y, x], 0)
        self.veil[y, x] = np.where(clear[:, None], veil, 0)
        self.light[y, x] = shaded.body[front] * (1 - 0.8 * self.veil[y, x]) + shaded.mirror[front]
        self.distance[y, x] = distance[front]
        self.ids[y, x] = unit
        self.axis[y, x] = axis[front]

    def composed(self) -> Floats:
        """The light of both layers together."""
        ys, xs = np.nonzero(self.veil[..., 1] > 0)
        turned = np.round((1 + _SQUEEZE) * self.axis[ys, xs] - _SQUEEZE * xs).astype(np.int32)
        turned = np.clip(turned, 0, self.distance.shape[1] - 1)
        same = self.ids[ys, turned] == self.ids[ys, xs]
        turned = np.where(same & (self.behind_distance[ys, turned] > 0), turned, xs)
        light = self.light.copy()
        light[ys, xs] += self.veil[ys, xs] * self.behind[ys, turned]
        return light
