"""Sheets to correct a truth by: every part is drawn, and folders that nobody labelled can be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from models.train import sheets, walls  # noqa: E402 - after the check for torch
from models.train.detector import LONGEST, read_further  # noqa: E402
from models.train.photos import Photo, read_photos  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(100, 900))
def test_parts_cover_the_whole_photograph(width: int, height: int, most: int) -> None:
    covered_x, covered_y = np.zeros(width, np.bool_), np.zeros(height, np.bool_)
    for part in sheets.parts(width, height, most=most):
        covered_x[part.x1 : part.x2] = True
        covered_y[part.y1 : part.y2] = True
    assert covered_x.all()
    assert covered_y.all()


def test_boxes_and_untaught_places_are_drawn_where_they_are() -> None:
    photo = Photo(
        "grey.jpg",
        np.full((200, 300, 3), 90, np.uint8),
        np.array([[50, 40, 90, 120]], np.float32),
        np.array([[200, 20, 280, 60]], np.float32),
    )
    (part,) = sheets.parts(300, 200, most=300)
    sheet = sheets.draw(photo, part)
    green = (sheet == sheets.BOX).all(axis=2).nonzero()
    assert green[1].min() == pytest.approx(50 * part.scale + sheets.MARGIN, abs=4)
    assert green[0].max() == pytest.approx(120 * part.scale + sheets.MARGIN, abs=4)
    red = (sheet == sheets.IGNORED).all(axis=2).nonzero()
    assert red[1].max() == pytest.approx(280 * part.scale + sheets.MARGIN, abs=4)


@pytest.fixture
def unlabelled(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of two photographs without a truth, and corrections that went through one of them."""
    folder = tmp_path / "shop"
    folder.mkdir()
    for name in ("seen.png", "not-seen.png"):
        cv2.imwrite(str(folder / name), np.full((60, LONGEST * 2, 3), 120, np.uint8))
    corrections = tmp_path / "truth.json"
    corrections.write_text(json.dumps({"seen.png": {"added": [[10, 5, 110, 55]], "ignored": [[200, 0, 300, 60]]}}))
    return folder, corrections


def test_a_folder_without_truth_has_the_photographs_that_somebody_went_through(unlabelled: tuple[Path, Path]) -> None:
    (photo,) = read_photos(unlabelled[0], corrections=unlabelled[1])
    assert photo.name == "seen.png"
    assert photo.boxes.tolist() == [[10, 5, 110, 55]]
    assert photo.ignored.tolist() == [[200, 0, 300, 60]]


def test_a_further_set_is_shrunk_with_its_boxes(unlabelled: tuple[Path, Path]) -> None:
    (photo,) = read_further(f"{unlabelled[0]}={unlabelled[1]}")
    assert photo.image.shape[1] == LONGEST
    assert photo.boxes.tolist() == [[5, 2.5, 55, 27.5]]


def test_sheets_are_written_part_by_part(unlabelled: tuple[Path, Path], tmp_path: Path) -> None:
    sheets.main(unlabelled[0], out=tmp_path / "sheets", corrections=unlabelled[1], only=None, most=LONGEST)
    assert sorted(path.name for path in (tmp_path / "sheets").iterdir()) == ["seen-0.png", "seen-1.png"]


def test_walls_are_a_set_to_train_on(unlabelled: tuple[Path, Path], tmp_path: Path) -> None:
    source = f"{unlabelled[0]}={unlabelled[1]}"
    walls.main(out=tmp_path / "walls", count=3, seed=4, ranges=3, source=[source])
    photos = read_further(str(tmp_path / "walls"))
    assert len(photos) == 3
    assert all(len(photo.boxes) > 10 for photo in photos)
