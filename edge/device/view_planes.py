"""From a camera's configured geometry to the plane that its view lies on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.views import ViewPlane

if TYPE_CHECKING:
    from edge.contract.config import ViewGeometry


def plane_of(geometry: ViewGeometry, size: tuple[float, float]) -> ViewPlane:
    """The plane of a view whose picture has that width and height in pixels."""
    return ViewPlane(np.array(geometry.corners, np.float64), geometry.part, size)


def outline(geometry: ViewGeometry) -> tuple[tuple[float, float], ...]:
    """The fixture's front as a view shows it, corners as shares of its picture; empty where that is no area."""
    corners = plane_of(geometry, (1.0, 1.0)).outline
    if not np.isfinite(corners).all():
        return ()
    return tuple((float(x), float(y)) for x, y in np.clip(corners, 0.0, 1.0))
