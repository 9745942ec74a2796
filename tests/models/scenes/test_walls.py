"""Composed walls of packs: the same from the same seed, boxes that lie on what was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scenes.flat_packs import KINDS, FlatPack, invent_range
from models.scenes.walls import LEAST_SEEN, Wall, compose

SEEDS = st.integers(0, 2**31 - 1)


def wall(seed: int) -> Wall:
    ranges = [invent_range(f"flat-{n}", np.random.default_rng(n)) for n in range(6)]
    return compose(ranges, np.random.default_rng(seed))


def test_a_seed_always_composes_the_same_wall() -> None:
    first, again, other = wall(1), wall(1), wall(2)
    assert np.array_equal(first.picture, again.picture)
    assert first.units == again.units
    assert first.units != other.units


@given(SEEDS)
@settings(max_examples=12, deadline=None)
def test_boxes_lie_in_the_picture_and_have_an_area(seed: int) -> None:
    composed = wall(seed)
    height, width = composed.picture.shape[:2]
    assert composed.units
    for unit in composed.units:
        x1, y1, x2, y2 = unit.box
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


def test_a_box_shows_the_pack_it_names() -> None:
    """With packs of one loud colour on walls that never have it, the colour is found inside the boxes."""
    loud = np.zeros((60, 40, 3), np.uint8)
    loud[..., 0] = loud[..., 2] = 255  # magenta
    pack = FlatPack("loud", "box", loud, np.ones((60, 40), np.float32))
    for seed in range(6):
        composed = compose([[pack]], np.random.default_rng(seed))
        picture = composed.picture.astype(int)
        magenta = (picture[..., 0] > 1.6 * picture[..., 1] + 20) & (picture[..., 2] > 1.6 * picture[..., 1] + 20)
        shares = [
            magenta[round(y1) : round(y2), round(x1) : round(x2)].mean()
            for (x1, y1, x2, y2) in (unit.box for unit in composed.units if unit.clear)
            if x2 - x1 > 6 and y2 - y1 > 6
        ]
        assert np.median(shares) > 0.6
        assert {unit.pack for unit in composed.units} == {"loud"}


def test_what_the_border_cuts_is_not_asked_for() -> None:
    cut = 0
    for seed in range(12):
        composed = wall(seed)
        cut += sum(not unit.clear for unit in composed.units)
    assert cut > 0
    assert 0 < LEAST_SEEN < 1


@pytest.mark.parametrize("seed", range(20))
def test_a_range_shares_its_form_and_no_two_products_share_a_name(seed: int) -> None:
    packs = invent_range(f"flat-{seed}", np.random.default_rng(seed))
    assert 1 <= len(packs) <= 5
    assert len({pack.name for pack in packs}) == len(packs)
    assert {pack.kind for pack in packs} <= set(KINDS)
    assert len({pack.picture.shape for pack in packs}) == 1
    assert all(pack.mask.max() == pytest.approx(1, abs=0.02) and pack.mask.min() >= 0 for pack in packs)
