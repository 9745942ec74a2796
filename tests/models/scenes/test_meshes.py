"""Meshes of packages: closed, as large as the product, and wearing its skin once."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from models.scenes.meshes import Surface, block, join, package_mesh, sheet
from models.scenes.packages import PACKAGES, Package
from models.scenes.solids import trace

EVERY = pytest.mark.parametrize("package", PACKAGES.values(), ids=lambda package: package.name)


def whole(package: Package) -> Surface:
    mesh = package_mesh(package)
    return join([mesh.skin, mesh.top, mesh.base])


def directed_edges(surface: Surface) -> Counter[tuple[int, int]]:
    """How often each edge is walked, vertices at one place counted as one."""
    places = np.round(surface.vertices.astype(np.float64), 2)
    _, same = np.unique(places, axis=0, return_inverse=True)
    faces = same.ravel()[surface.faces]
    return Counter((int(face[k]), int(face[(k + 1) % 3])) for face in faces for k in range(3))


def corners(surface: Surface) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return surface.vertices.astype(np.float64)[surface.faces]


@EVERY
def test_a_package_is_closed(package: Package) -> None:
    edges = directed_edges(whole(package))
    assert set(edges.values()) == {1}
    assert all((b, a) in edges for a, b in edges)


@EVERY
def test_a_package_is_as_large_as_the_product(package: Package) -> None:
    size = np.ptp(whole(package).vertices, axis=0)
    assert size == pytest.approx((package.width_mm, package.height_mm, package.depth_mm), rel=0.01)


@EVERY
def test_triangles_and_normals_face_outwards(package: Package) -> None:
    surface = whole(package)
    a, b, c = np.moveaxis(corners(surface), 1, 0)
    walked = np.cross(b - a, c - a)
    meant = surface.normals[surface.faces].sum(axis=1)
    assert ((walked * meant).sum(axis=1) > 0).all()
    assert float((np.cross(a, b) * c).sum()) > 0  # six times the volume
    assert np.linalg.norm(surface.normals, axis=1) == pytest.approx(1, abs=1e-3)


@EVERY
def test_the_skin_is_worn_once(package: Package) -> None:
    skin = package_mesh(package).skin
    assert skin.uv.min() >= 0
    assert skin.uv.max() <= 1
    a, b, c = np.moveaxis(skin.uv[skin.faces].astype(np.float64), 1, 0)
    first, second = b - a, c - a
    areas = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2
    assert (areas > 0).all()  # never mirrored, so that areas cannot cancel
    assert areas.sum() == pytest.approx(1, abs=1e-4)


@EVERY
def test_the_skin_lies_where_the_fast_renderer_reads_it(package: Package) -> None:
    skin = package_mesh(package).skin
    points, uv = corners(skin).mean(axis=1), skin.uv[skin.faces].mean(axis=1)
    front = (skin.normals[skin.faces].mean(axis=1)[:, 2] > 0.5) & (np.abs(uv[:, 1] - 0.5) < 0.2)
    eye = np.array((0, package.height_mm / 2, 900))
    rays = (points[front] - eye) / np.linalg.norm(points[front] - eye, axis=1, keepdims=True)
    hits = trace(package, eye=eye.astype(np.float32), rays=rays.astype(np.float32), yaw=0.0)
    assert front.any()
    assert hits.hit.all()
    assert hits.u == pytest.approx(uv[front, 0], abs=0.01)
    assert hits.v == pytest.approx(uv[front, 1], abs=0.01)


def test_a_block_is_closed_and_a_sheet_faces_where_it_is_seen_from() -> None:
    edges = directed_edges(block((0, 0, 0), (2, 3, 4)))
    assert all((b, a) in edges for a, b in edges)
    assert sheet((0, 0, 0), (1, 0, 0), (0, 1, 0)).normals[0].tolist() == [0, 0, 1]
