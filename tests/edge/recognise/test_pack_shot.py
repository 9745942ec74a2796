"""Pack shots and crops as handed in: rendered packs on white and transparent ground, and what must stay as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.contract.errors import ImageError
from edge.recognise.datasets import read_dataset
from edge.recognise.images import read_image
from edge.recognise.pack_shot import large_enough, read_pack_shot, trim
from models.scenes.packshot import pack_shot
from models.scenes.products import invent_product
from tests.edge.recognise.files import encoded, exif, tiff, with_exif

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

AROUND = 70  # pixels of ground added on each side


def rendered(seed: int = 11) -> NDArray[np.uint8]:
    return pack_shot(invent_product(seed), seed=1, size=200)


def silhouette(shot: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the pack is on a rendered shot: an upright lens of the picture's size, so that its corners are ground."""
    height, width = shot.shape[:2]
    shape = np.zeros((height, width), np.uint8)
    cv2.ellipse(shape, (width // 2, height // 2), (width // 2 - 4, height // 2 - 4), 0, 0, 360, 1, -1)
    return shape.astype(bool)


def layered(shot: NDArray[np.uint8], *, below: int) -> NDArray[np.uint8]:
    """The pack cut out, with ground around it that is transparent and, under the transparency, of one level."""
    pack = silhouette(shot)
    inside = np.where(pack[..., None], shot, below).astype(np.uint8)
    picture = np.dstack([inside, np.where(pack, 255, 0).astype(np.uint8)])
    border = ((AROUND, AROUND), (AROUND, AROUND), (0, 0))
    padded = np.pad(picture, border)
    padded[..., :3][padded[..., 3] == 0] = below
    return padded


def tight(shot: NDArray[np.uint8]) -> tuple[int, int]:
    pack = silhouette(shot)
    return int(pack.any(1).sum()), int(pack.any(0).sum())


@pytest.mark.parametrize("ending", [".png", ".jpg"])
@pytest.mark.parametrize("ground", [255, 225], ids=["white", "light grey"])
def test_a_plain_ground_is_cut_off(tmp_path: Path, ending: str, ground: int) -> None:
    shot = rendered()
    path = tmp_path / f"shot{ending}"
    cv2.imwrite(str(path), layered(shot, below=ground)[..., :3])
    height, width = tight(shot)
    trimmed = read_pack_shot(path)
    assert trimmed.shape[:2] == (pytest.approx(height, abs=8), pytest.approx(width, abs=8))


def test_the_pack_itself_is_left_as_it_was() -> None:
    shot = rendered()
    shot[[0, -1]], shot[:, [0, -1]] = 40, 40  # an edge that is surely not white
    white = np.full((shot.shape[0] + 2 * AROUND, shot.shape[1] + 2 * AROUND, 3), 255, np.uint8)
    white[AROUND:-AROUND, AROUND:-AROUND] = shot
    np.testing.assert_array_equal(trim(white), shot)


def test_a_transparent_ground_is_cut_off_whatever_lies_beneath(tmp_path: Path) -> None:
    shot = rendered()
    seen = []
    for below in (0, 255):
        path = tmp_path / f"below{below}.png"
        cv2.imwrite(str(path), layered(shot, below=below))
        seen.append(read_pack_shot(path))
    assert seen[0].shape == (*tight(shot), 3)
    np.testing.assert_array_equal(seen[0], seen[1])


def test_a_transparent_picture_of_16_bits_is_the_same_picture(tmp_path: Path) -> None:
    picture = layered(rendered(), below=0)
    cv2.imwrite(str(tmp_path / "8.png"), picture)
    cv2.imwrite(str(tmp_path / "16.png"), picture.astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_pack_shot(tmp_path / "16.png"), read_pack_shot(tmp_path / "8.png"))


def test_a_white_ground_is_cut_off_though_the_file_could_be_transparent(tmp_path: Path) -> None:
    shot = rendered()
    opaque = layered(shot, below=255)
    opaque[..., 3] = 255
    cv2.imwrite(str(tmp_path / "shot.png"), opaque)
    assert read_pack_shot(tmp_path / "shot.png").shape[0] == pytest.approx(tight(shot)[0], abs=8)


def test_a_picture_with_nothing_on_it_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "nothing.png"
    cv2.imwrite(str(path), np.zeros((60, 40, 4), np.uint8))
    with pytest.raises(ImageError, match=r"nothing\.png: is transparent"):
        read_pack_shot(path)


@pytest.mark.parametrize("seed", [3, 11, 40])
def test_an_uneven_ground_stays(seed: int) -> None:
    shot = rendered(seed)
    assert trim(shot) is shot


def test_a_crop_from_a_shelf_stays() -> None:
    crop = np.full((110, 60, 3), 230, np.uint8)
    crop[:, :6], crop[100:] = (40, 90, 200), (60, 60, 60)  # a neighbour and the shelf
    assert trim(crop) is crop


@pytest.mark.parametrize("colour", [(40, 40, 210), (120, 230, 240), (20, 20, 20)], ids=["red", "yellow", "black"])
def test_a_drawn_pack_of_one_colour_stays(colour: tuple[int, int, int]) -> None:
    pack = np.full((150, 80, 3), colour, np.uint8)
    cv2.circle(pack, (40, 70), 25, (255, 255, 255), -1)
    assert trim(pack) is pack


def test_an_even_picture_stays() -> None:
    white = np.full((50, 40, 3), 255, np.uint8)
    assert trim(white) is white


def test_dust_on_the_ground_is_no_pack() -> None:
    shot = layered(rendered(), below=255)[..., :3].copy()
    before = trim(shot).shape
    shot[5:7, 5:7] = 0
    assert trim(shot).shape == before


def test_real_facings_are_not_trimmed(shared_data: Path) -> None:
    crops = []
    for photo in read_dataset(shared_data / "cooler" / "valid").photos[:20]:
        image = read_image(photo.path)
        for x1, y1, x2, y2 in photo.boxes.astype(int):
            crops.append(image[max(0, y1) : y2, max(0, x1) : x2])
    changed = [trim(crop).shape != crop.shape for crop in crops if min(crop.shape[:2]) > 0]
    assert len(changed) > 300
    assert np.mean(changed) < 0.005


@pytest.mark.parametrize(
    ("extension", "channels"), [(".jpg", 3), (".png", 3), (".png", 4), (".webp", 3), (".webp", 4), (".tiff", 3)]
)
def test_a_phone_held_upright_gives_an_upright_pack(tmp_path: Path, extension: str, channels: int) -> None:
    # A rotation noted in EXIF, as phones write it: the pixels lie, and are to be turned by a quarter.
    lying = np.zeros((60, 120, channels), np.uint8)
    lying[:, :60] = 200
    lying[..., 3:] = 250  # hardly transparent
    made = tiff(lying, orientation=6) if extension == ".tiff" else with_exif(encoded(extension, lying), exif(6))
    (tmp_path / "phone").write_bytes(made)
    picture = read_pack_shot(tmp_path / "phone")
    assert picture.shape == (120, 60, 3)
    assert picture[:50].mean() > picture[70:].mean()


def test_a_picture_on_which_nothing_can_be_told_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"dot\.png: 1 x 40 pixels"):
        large_enough(tmp_path / "dot.png", np.zeros((40, 1, 3), np.uint8))


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"gone\.png: No such file"):
        read_pack_shot(tmp_path / "gone.png")
