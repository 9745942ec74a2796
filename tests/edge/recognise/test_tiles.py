from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.recognise.boxes import pairwise_iou
from edge.recognise.tiles import Look, Tile, Tiling, is_cut, merge_looks, plan_tiles, wants_tiles

sizes = st.integers(1, 3000)


@st.composite
def tilings(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Width, height, side of a tile, overlap."""
    side = draw(st.integers(50, 900))
    return draw(sizes), draw(sizes), side, draw(st.integers(0, side // 2))


@given(tilings())
def test_tiles_lie_in_the_frame_and_cover_it(case: tuple[int, int, int, int]) -> None:
    width, height, side, overlap = case
    tiles = plan_tiles(width, height, side=side, overlap=overlap)
    columns, rows = np.zeros(width, np.bool_), np.zeros(height, np.bool_)
    for tile in tiles:
        assert 0 <= tile.x1 < tile.x2 <= width
        assert 0 <= tile.y1 < tile.y2 <= height
        assert max(tile.x2 - tile.x1, tile.y2 - tile.y1) <= side
        columns[tile.x1 : tile.x2], rows[tile.y1 : tile.y2] = True, True
    assert columns.all()
    assert rows.all()
    assert len(tiles) == len({tile.x1 for tile in tiles}) * len({tile.y1 for tile in tiles})  # every row, every column


@given(tilings(), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_product_no_larger_than_the_overlap_is_whole_in_one_tile(
    case: tuple[int, int, int, int], x: float, y: float, w: float, h: float
) -> None:
    width, height, side, overlap = case
    wide, high = w * min(overlap, width), h * min(overlap, height)
    left, top = x * (width - wide), y * (height - high)
    assert any(
        tile.x1 <= left + 1e-6
        and left + wide <= tile.x2 + 1e-6
        and tile.y1 <= top + 1e-6
        and top + high <= tile.y2 + 1e-6
        for tile in plan_tiles(width, height, side=side, overlap=overlap)
    )


def test_a_frame_no_larger_than_a_tile_is_one_tile() -> None:
    assert plan_tiles(300, 200, side=640, overlap=64) == (Tile(0, 0, 300, 200),)


def seen_through(tile: Tile, layout: np.ndarray, scores: np.ndarray) -> Look:
    """What a faultless detector finds in a tile: of every product the part that shows, if it is worth a box."""
    low = np.maximum(layout[:, :2], (tile.x1, tile.y1))
    high = np.minimum(layout[:, 2:], (tile.x2, tile.y2))
    shows = ((high - low) > 4).all(axis=1)
    return Look(tile, np.concatenate([low, high], 1)[shows].astype(np.float32), scores[shows])


@st.composite
def layouts(draw: st.DrawFn) -> tuple[int, int, np.ndarray]:
    """A frame and the products of its shelves, side by side without overlap."""
    wide, high, gap = draw(st.integers(20, 120)), draw(st.integers(20, 150)), draw(st.integers(0, 15))
    width, height = draw(st.integers(400, 1800)), draw(st.integers(400, 1800))
    shift = draw(st.integers(0, 40))
    boxes = [
        (x, y, x + wide, y + high)
        for y in range(shift, height - high, high + 10)
        for x in range(shift, width - wide, wide + gap)
    ]
    return width, height, np.array(boxes, np.float32)


@settings(max_examples=40)
@given(case=layouts(), with_whole=st.booleans(), seed=st.integers(0, 2**32))
def test_merging_what_tiles_show_of_a_layout_gives_the_layout(
    *, case: tuple[int, int, np.ndarray], with_whole: bool, seed: int
) -> None:
    width, height, layout = case
    rng = np.random.default_rng(seed)
    tiles = [Tile(0, 0, width, height)] if with_whole else []
    tiles += plan_tiles(width, height, side=500, overlap=160)
    # Each look is as sure as it likes: a cut product may score higher than the whole one beside it.
    looks = [seen_through(tile, layout, rng.uniform(0.3, 1, len(layout)).astype(np.float32)) for tile in tiles]
    boxes, scores = merge_looks(looks, frame=(width, height), max_iou=0.5)
    assert len(boxes) == len(layout)
    assert (pairwise_iou(layout, boxes).max(axis=1) > 0.99).all()
    assert (np.diff(scores) <= 0).all()


def test_a_product_larger_than_the_overlap_is_kept_from_the_look_at_the_whole_frame() -> None:
    layout = np.array([[100, 100, 900, 900]], np.float32)
    tiles = [Tile(0, 0, 1000, 1000), *plan_tiles(1000, 1000, side=600, overlap=100)]
    looks = [seen_through(tile, layout, np.array([0.5 if tile is tiles[0] else 0.9], np.float32)) for tile in tiles]
    boxes, scores = merge_looks(looks, frame=(1000, 1000), max_iou=0.5)
    assert boxes.tolist() == layout.tolist()
    assert scores.tolist() == [0.5]


def test_a_cut_product_that_nobody_saw_whole_is_kept() -> None:
    tile = Tile(0, 0, 500, 1000)
    look = Look(tile, np.array([[400, 10, 500, 200]], np.float32), np.array([0.8], np.float32))
    boxes, _ = merge_looks([look], frame=(1000, 1000), max_iou=0.5)
    assert len(boxes) == 1


def test_a_small_product_before_a_larger_one_is_no_cut_part_of_it() -> None:
    tile = Tile(0, 0, 1000, 1000)
    look = Look(tile, np.array([[100, 100, 400, 400], [200, 200, 260, 300]], np.float32), np.ones(2, np.float32))
    boxes, _ = merge_looks([look], frame=(1000, 1000), max_iou=0.5)
    assert len(boxes) == 2


def test_nothing_seen_merges_to_nothing() -> None:
    boxes, scores = merge_looks([], frame=(10, 10), max_iou=0.5)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


def test_only_the_borders_inside_the_frame_cut() -> None:
    tile = Tile(0, 300, 500, 1000)
    boxes = np.array([[0, 400, 60, 500], [200, 300, 260, 400], [440, 400, 500, 500], [200, 900, 260, 1000]], np.float32)
    assert is_cut(boxes, tile, frame=(900, 1000), slack=2).tolist() == [False, True, True, False]


def shelf_of(count: int, *, size: float) -> np.ndarray:
    return np.array([[0, 0, size / 2, size]] * count, np.float32)


@pytest.mark.parametrize(
    ("frame", "count", "size", "wanted"),
    [
        ((1600, 1200), 60, 80.0, True),
        ((1024, 768), 60, 20.0, False),  # not large
        ((1600, 1200), 60, 300.0, False),  # large products
        ((1600, 1200), 5, 80.0, False),  # too few to tell
        ((1600, 1200), 0, 80.0, False),
    ],
)
def test_large_frames_full_of_small_products_want_tiles(
    *, frame: tuple[int, int], count: int, size: float, wanted: bool
) -> None:
    boxes = shelf_of(count, size=size)
    assert wants_tiles(boxes, frame=frame, side=640, tiling=Tiling()) is wanted
