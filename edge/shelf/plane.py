"""The plane of a fixture's front, as a camera sees it: a homography from four corners (Hartley & Zisserman 2004, 4.1).

Units stand at the front of their shelf, so that one plane holds for all of them. What stands far back appears in two
views at two places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from edge.shelf.facing import Box

    Floats = npt.NDArray[np.float64]


def homography(source: Floats, target: Floats) -> Floats:
    """(3, 3) the projective map that takes four points to four others.

    Args:
        source: (4, 2) no three on one line.
        target: (4, 2) likewise.

    Raises:
        ValueError: three of the points lie on one line.
    """
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(source.tolist(), target.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    try:
        solved = np.linalg.solve(np.array(rows), target.reshape(8))
    except np.linalg.LinAlgError:
        raise ValueError("three of the four corners lie on one line") from None
    return np.append(solved, 1.0).reshape(3, 3)


def inverse(matrix: Floats) -> Floats:
    """(3, 3) the map back."""
    return np.asarray(np.linalg.inv(matrix), np.float64)


def project(matrix: Floats, points: Floats) -> Floats:
    """(n, 2) where points (n, 2) are taken to; not a number for those at or beyond the plane's horizon."""
    lifted = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    depth = lifted[:, 2:]
    ahead = depth > 0
    return np.where(ahead, lifted[:, :2] / np.where(ahead, depth, 1.0), np.nan)


def project_box(matrix: Floats, box: Box) -> Box | None:
    """The upright box about the middles of the sides of a box, where these are taken to; None beyond the horizon.

    The middles and not the corners, which would make a box larger the more the view is turned.
    """
    x1, y1, x2, y2 = box
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    left, right, top, bottom = project(matrix, np.array([[x1, y], [x2, y], [x, y1], [x, y2]]))
    moved = float(left[0]), float(top[1]), float(right[0]), float(bottom[1])
    return moved if moved[0] < moved[2] and moved[1] < moved[3] else None
