from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.contract.errors import ImageError
from models.train.photos import Photo, correct, group_same_place, hold_back, read_photos

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def picture(seed: int) -> NDArray[np.uint8]:
    """A place of its own: large soft blobs."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (96, 96), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def photo(name: str, image: NDArray[np.uint8], *boxes: tuple[float, float, float, float]) -> Photo:
    return Photo(name, image, np.array(boxes, np.float32).reshape(-1, 4), np.zeros((0, 4), np.float32))


def shifted(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same place a moment later: moved by two pixels and darker."""
    return (np.roll(image, 2, axis=1) * 0.8).astype(np.uint8)


def test_two_photographs_of_one_place_are_a_group() -> None:
    photos = [photo("a", picture(1)), photo("b", picture(2)), photo("c", shifted(picture(1)))]
    assert sorted(group_same_place(photos)) == [[0, 2], [1]]


def test_no_place_is_both_trained_on_and_held_back() -> None:
    photos = [
        photo(f"{place}{n}", i) for place in range(12) for n, i in enumerate((picture(place), shifted(picture(place))))
    ]
    kept, held = hold_back(photos, share=0.25, seed=1)
    assert len(kept) + len(held) == 24
    assert len(held) >= 6
    assert not {p.name[:-1] for p in kept} & {p.name[:-1] for p in held}


def test_what_is_held_back_depends_on_the_seed_alone() -> None:
    photos = [photo(str(place), picture(place)) for place in range(20)]
    first, again, other = ([p.name for p in hold_back(photos, share=0.2, seed=s)[1]] for s in (1, 1, 2))
    assert first == again != other


def test_corrections_add_remove_and_ignore() -> None:
    before = photo("a", picture(1), (0, 0, 10, 10), (0, 0, 50, 50))
    after = correct(before, {"added": [[60, 60, 70, 80]], "removed": [[5, 5]], "ignored": [[80, 0, 90, 9]]})
    assert after.boxes.tolist() == [[0, 0, 50, 50], [60, 60, 70, 80]]  # the smaller of the two around the point went
    assert after.ignored.tolist() == [[80, 0, 90, 9]]
    assert before.boxes.shape == (2, 4)


def test_a_correction_that_removes_nothing_is_refused() -> None:
    with pytest.raises(ImageError, match=r"a\.jpg: no box around"):
        correct(photo("a.jpg", picture(1), (0, 0, 10, 10)), {"removed": [[50, 50]]})


def written(folder: Path) -> Path:
    (folder / "images").mkdir()
    cv2.imwrite(str(folder / "images" / "a.png"), picture(1))
    boxes = [{"image_id": 1, "bbox": [1, 2, 3, 4]}, {"image_id": 1, "bbox": [5, 5, 10, 10], "iscrowd": 1}]
    truth = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": boxes}
    (folder / "annotations.json").write_text(json.dumps(truth), encoding="utf-8")
    return folder


def test_crowds_of_the_truth_are_regions_where_nothing_is_taught(tmp_path: Path) -> None:
    (only,) = read_photos(written(tmp_path))
    assert only.boxes.tolist() == [[1, 2, 4, 6]]
    assert only.ignored.tolist() == [[5, 5, 15, 15]]
    assert (only.image == picture(1)).all()


def test_a_photograph_that_is_not_there_is_named(tmp_path: Path) -> None:
    (written(tmp_path) / "images" / "a.png").unlink()
    with pytest.raises(ImageError, match=r"a\.png"):
        read_photos(tmp_path)


def test_a_folder_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"annotations\.json"):
        read_photos(tmp_path)


def yolo(folder: Path) -> Path:
    """One picture of 96 x 96 with one box, in the folders that YOLO tools write."""
    for name in ("images", "labels"):
        (folder / name).mkdir()
    cv2.imwrite(str(folder / "images" / "a.png"), picture(1))
    (folder / "labels" / "a.txt").write_text("0 0.5 0.5 0.25 0.5\n", encoding="utf-8")
    return folder


def test_a_yolo_folder_is_trained_on_too(tmp_path: Path) -> None:
    (only,) = read_photos(yolo(tmp_path))
    assert (only.name, only.boxes.tolist()) == ("a.png", [[36, 24, 60, 72]])
    assert (only.image == picture(1)).all()


def test_corrections_hold_for_a_yolo_folder_by_file_name(tmp_path: Path) -> None:
    (tmp_path / "corrections.json").write_text(json.dumps({"a.png": {"added": [[0, 0, 9, 9]], "removed": [[40, 40]]}}))
    (only,) = read_photos(yolo(tmp_path), corrections=tmp_path / "corrections.json")
    assert only.boxes.tolist() == [[0, 0, 9, 9]]


def test_photographs_that_corrections_do_not_name_are_read_as_they_are_labelled(tmp_path: Path) -> None:
    (tmp_path / "corrections.json").write_text(json.dumps({"strange.png": {"added": [[0, 0, 9, 9]]}}))
    (only,) = read_photos(yolo(tmp_path), corrections=tmp_path / "corrections.json")
    assert only.boxes.tolist() == [[36, 24, 60, 72]]


def test_crowds_of_a_coco_export_teach_nothing_either(tmp_path: Path) -> None:
    (written(tmp_path) / "annotations.json").rename(tmp_path / "_annotations.coco.json")
    truth = json.loads((tmp_path / "_annotations.coco.json").read_text())
    truth["categories"] = [{"id": 1, "name": "product"}]
    for mark in truth["annotations"]:
        mark["category_id"] = 1
    (tmp_path / "_annotations.coco.json").write_text(json.dumps(truth))
    (only,) = read_photos(tmp_path)
    assert (only.boxes.tolist(), only.ignored.tolist()) == ([[1, 2, 4, 6]], [[5, 5, 15, 15]])
