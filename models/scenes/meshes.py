"""Packages and flat parts as triangles with texture coordinates, for a renderer that wants meshes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.scenes.packages import Package, outline_mm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.scenes.arrays import Floats, Ints

Point = tuple[float, float, float]
AROUND = 72  # facets of a solid of revolution
RINGS = 96  # its rings, bottom to top


@dataclass(frozen=True, slots=True)
class Surface:
    """Triangles, counter-clockwise seen from outside.

    `vertices` (n x 3, mm) and their outward `normals` (n x 3, unit); `uv` (n x 2) is the place on the picture that
    covers the surface, v from its bottom; `faces` (m x 3) are indices of vertices.
    """

    vertices: Floats
    normals: Floats
    uv: Floats
    faces: Ints


@dataclass(frozen=True, slots=True)
class PackageMesh:
    """A package, the middle of its base at the origin and its front towards +z.

    `skin` carries the unrolled picture, `top` the square picture of the top face; `base` closes it below.
    """

    skin: Surface
    top: Surface
    base: Surface


def join(surfaces: Sequence[Surface]) -> Surface:
    """Several surfaces as one."""
    starts = np.cumsum([0, *(len(surface.vertices) for surface in surfaces[:-1])])
    return Surface(
        np.concatenate([surface.vertices for surface in surfaces]),
        np.concatenate([surface.normals for surface in surfaces]),
        np.concatenate([surface.uv for surface in surfaces]),
        np.concatenate([s.faces + np.int32(start) for s, start in zip(surfaces, starts, strict=True)]),
    )


def sheet(corner: Point, across: Point, up: Point) -> Surface:
    """A parallelogram from its lower left corner, seen from where `across` x `up` points."""
    origin, a, b = (np.array(v, np.float32) for v in (corner, across, up))
    normal = np.cross(a, b)
    normal = normal / np.linalg.norm(normal)
    return Surface(
        np.stack([origin, origin + a, origin + a + b, origin + b]).astype(np.float32),
        np.tile(normal, (4, 1)).astype(np.float32),
        np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32),
        np.array([(0, 1, 2), (0, 2, 3)], np.int32),
    )


def block(low: Point, high: Point) -> Surface:
    """An upright box between two corners, closed."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    w, h, d = x1 - x0, y1 - y0, z1 - z0
    return join(
        [
            sheet((x0, y0, z1), (w, 0, 0), (0, h, 0)),
            sheet((x1, y0, z1), (0, 0, -d), (0, h, 0)),
            sheet((x1, y0, z0), (-w, 0, 0), (0, h, 0)),
            sheet((x0, y0, z0), (0, 0, d), (0, h, 0)),
            sheet((x0, y1, z1), (w, 0, 0), (0, 0, -d)),
            sheet((x0, y0, z0), (w, 0, 0), (0, 0, d)),
        ]
    )


def package_mesh(package: Package) -> PackageMesh:
    """The mesh of a package form, with the texture coordinates of `models.scenes.solids`."""
    return _carton(package) if package.kind == "carton" else _revolution(package)


def _angles(count: int) -> NDArray[np.float64]:
    """Directions of the facets from the back round; the last of one too many is the first again, to the bit."""
    return np.arange(count) % AROUND / AROUND * 2 * np.pi - np.pi


def _disc(radius: float, height: float, *, upwards: bool) -> Surface:
    angle = _angles(AROUND)
    x, z = np.append(np.sin(angle), 0), np.append(np.cos(angle), 0)
    rim = np.arange(AROUND)
    after = (rim + 1) % AROUND
    middle = np.full(AROUND, AROUND)
    faces = np.stack([middle, rim, after] if upwards else [middle, after, rim], axis=1)
    return Surface(
        np.stack([x * radius, np.full_like(x, height), z * radius], axis=1).astype(np.float32),
        np.tile(np.array([0, 1 if upwards else -1, 0], np.float32), (AROUND + 1, 1)),
        np.stack([x / 2 + 0.5, 0.5 - z / 2], axis=1).astype(np.float32),
        faces.astype(np.int32),
    )


def _revolution(package: Package) -> PackageMesh:
    """Rings of the outline; the seam (u = 0 and 1) is at the back and its vertices are there twice."""
    radii, slopes = outline_mm(package.name)
    v = np.linspace(0, 1, RINGS, dtype=np.float32)
    table = np.linspace(0, 1, len(radii))
    radius, slope = np.interp(v, table, radii)[:, None], np.interp(v, table, slopes)[:, None]
    u = np.arange(AROUND + 1, dtype=np.float32) / AROUND
    angle = _angles(AROUND + 1)[None]
    height = np.broadcast_to((v * package.height_mm)[:, None], (RINGS, AROUND + 1))
    lean = np.sqrt(1 + slope * slope)
    normals = np.stack(np.broadcast_arrays(np.sin(angle) / lean, -slope / lean, np.cos(angle) / lean), axis=-1)
    vertices = np.stack([radius * np.sin(angle), height, radius * np.cos(angle)], axis=-1)
    uv = np.stack(np.broadcast_arrays(u[None], v[:, None]), axis=-1)
    ring, step = np.meshgrid(np.arange(RINGS - 1), np.arange(AROUND), indexing="ij")
    a = (ring * (AROUND + 1) + step).ravel()
    b, c, d = a + 1, a + AROUND + 2, a + AROUND + 1
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    skin = Surface(
        vertices.reshape(-1, 3).astype(np.float32),
        normals.reshape(-1, 3).astype(np.float32),
        uv.reshape(-1, 2).astype(np.float32),
        faces.astype(np.int32),
    )
    top = _disc(float(radius[-1, 0]), package.height_mm, upwards=True)
    return PackageMesh(skin, top, _disc(float(radius[0, 0]), 0.0, upwards=False))


def _carton(package: Package) -> PackageMesh:
    """Front, right, back and left lie side by side on the skin, as wide as they are."""
    w, d, h = package.width_mm, package.depth_mm, package.height_mm
    box = block((-w / 2, 0, -d / 2), (w / 2, h, d / 2))
    around = 2 * (w + d)
    edges = np.array([0, w, w + d, 2 * w + d, around], np.float32) / around
    uv = box.uv[:16].copy()
    for side in range(4):
        low, high = edges[side], edges[side + 1]
        uv[4 * side : 4 * side + 4, 0] = low + (high - low) * uv[4 * side : 4 * side + 4, 0]
    skin = Surface(box.vertices[:16], box.normals[:16], uv, box.faces[:8])
    top = Surface(box.vertices[16:20], box.normals[16:20], box.uv[16:20] * (1, -1) + (0, 1), box.faces[8:10] - 16)
    base = Surface(box.vertices[20:], box.normals[20:], box.uv[20:], box.faces[10:] - 20)
    return PackageMesh(skin, top, base)
