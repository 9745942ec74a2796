"""Reading photographs with product boxes, and holding back groups of look-alike photographs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge.contract.errors import ImageError
from edge.recognise.datasets import RAW, is_labelled, read_dataset
from edge.recognise.images import read_image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

THUMBNAIL_SIDE = 24
# Two photographs of one cooler correlate above this on grey 24x24 thumbnails; unrelated coolers of this source stay
# below (looked at by eye on cooler/train: 0.6 already chains strangers, 0.7 finds the same shelf twice).
SAME_PLACE = 0.7


@dataclass(frozen=True, slots=True)
class Photo:
    """One photograph and its truth."""

    name: str
    image: NDArray[np.uint8]  # (height, width, 3) BGR
    boxes: NDArray[np.float32]  # (n, 4) x1, y1, x2, y2 in pixels
    ignored: NDArray[np.float32]  # (m, 4) regions where nothing is known: neither product nor background


def read_photos(folder: Path, *, corrections: Path | None = None) -> list[Photo]:
    """Read a labelled folder, as `edge evaluate` does; where there is a raw truth, that one.

    A folder without labels, of photographs that nobody had labelled, has those that the corrections name.

    Args:
        folder: COCO (`annotations.json` and `images/`), YOLO or VOC.
        corrections: JSON that adds to its truth by file name: `added` and `ignored`, lists of [x1, y1, x2, y2], and
            `removed`, points [x, y]: the smallest box around each is dropped.

    Raises:
        ImageError: the truth, the corrections or a photograph is missing or unreadable.
    """
    by_name = {} if corrections is None else _read_json(corrections, "give a file of corrections, or none")
    if (folder / RAW).is_file():
        photos = _read_raw(folder)
    elif corrections is None or is_labelled(folder):
        photos = [
            _photo(one.path, name_in(folder, one.path), one.boxes, one.crowd) for one in read_dataset(folder).photos
        ]
    else:
        none = np.zeros((0, 4), np.float32)
        photos = [Photo(name, read_image(photo_path(folder, name)), none, none) for name in by_name]
    return [correct(photo, by_name.get(photo.name, {})) for photo in photos]


def name_in(folder: Path, path: Path) -> str:
    """A photograph's name in its folder, as truths and corrections call it."""
    images = folder / "images"
    return path.relative_to(images if path.is_relative_to(images) else folder).as_posix()


def correct(photo: Photo, correction: Mapping[str, Sequence[Sequence[float]]]) -> Photo:
    """A photograph with its truth corrected as `read_photos` says."""
    boxes = photo.boxes
    for x, y in correction.get("removed", ()):
        around = (boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3])
        if not around.any():
            raise ImageError(f"{photo.name}: no box around {x}, {y} to remove", "mend the corrections")
        size = np.where(around, (boxes[:, 2:] - boxes[:, :2]).prod(axis=1), np.inf)
        boxes = np.delete(boxes, int(size.argmin()), axis=0)
    added, ignored = (np.asarray(correction.get(k, ()), np.float32).reshape(-1, 4) for k in ("added", "ignored"))
    return Photo(photo.name, photo.image, np.concatenate([boxes, added]), np.concatenate([photo.ignored, ignored]))


def photo_path(folder: Path, name: str) -> Path:
    """Where the photograph of a name lies in its folder."""
    path = folder / "images" / name
    return path if path.is_file() else folder / name


def _read_raw(folder: Path) -> list[Photo]:
    """The photographs of a COCO truth. It need not name SKUs, and may be rougher than what one measures by."""
    data = _read_json(folder / RAW, "give a folder with annotations.json and images/")
    by_image: dict[int, list[dict[str, Any]]] = {}
    for annotation in data["annotations"]:
        by_image.setdefault(annotation["image_id"], []).append(annotation)
    photos = []
    for entry in data["images"]:
        marks = by_image.get(entry["id"], [])
        boxes = np.asarray([mark["bbox"] for mark in marks], dtype=np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        crowd = np.asarray([bool(mark.get("iscrowd", 0)) for mark in marks], dtype=np.bool_)
        photos.append(_photo(photo_path(folder, entry["file_name"]), entry["file_name"], boxes, crowd))
    return photos


def _photo(path: Path, name: str, boxes: NDArray[np.float32], crowd: NDArray[np.bool_]) -> Photo:
    return Photo(name, read_image(path), boxes=boxes[~crowd], ignored=boxes[crowd])


def _read_json(path: Path, mend: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ImageError(f"{path}: {error}", mend) from error
    return content


def group_same_place(photos: Sequence[Photo]) -> list[list[int]]:
    """Group photographs that show the same place, so that none is trained on while its twin is measured on.

    Returns:
        Lists of indices, each index once; single photographs are groups of one.
    """
    grey = [cv2.cvtColor(photo.image, cv2.COLOR_BGR2GRAY) for photo in photos]
    side = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    thumbnails = np.stack([cv2.resize(g, side, interpolation=cv2.INTER_AREA).ravel() for g in grey]).astype(np.float32)
    thumbnails -= thumbnails.mean(axis=1, keepdims=True)
    thumbnails /= np.linalg.norm(thumbnails, axis=1, keepdims=True) + 1e-6
    alike = thumbnails @ thumbnails.T > SAME_PLACE
    group_of = np.arange(len(photos))
    for first, second in zip(*np.nonzero(np.triu(alike, 1)), strict=True):
        group_of[group_of == group_of[second]] = group_of[first]
    return [np.flatnonzero(group_of == group).tolist() for group in np.unique(group_of)]


def hold_back(photos: Sequence[Photo], *, share: float, seed: int) -> tuple[list[Photo], list[Photo]]:
    """Split photographs into those to train on and those to choose checkpoint and threshold on, by whole groups.

    Args:
        photos: all of them.
        share: part held back, 0..1; at least one group when above 0.
        seed: of the shuffle of groups.

    Returns:
        (to train on, held back).
    """
    groups = group_same_place(photos)
    order = np.random.default_rng(seed).permutation(len(groups))
    held: list[int] = []
    for index in order:
        if len(held) >= share * len(photos):
            break
        held.extend(groups[index])
    chosen = set(held)
    return (
        [photo for i, photo in enumerate(photos) if i not in chosen],
        [photo for i, photo in enumerate(photos) if i in chosen],
    )
