"""Compose dense shelves to train the detector on: `python -m models.train.walls --out runs/walls --count 1200`.

Half of the fronts are invented, half are cut out of photographs that may train what ships. The composed pictures hold
parts of those photographs, so they stay out of the repository as they do.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer

from edge.contract.errors import FacingsError
from models.scenes.flat_packs import FlatPack, invent_range
from models.scenes.walls import Wall, compose
from models.train.photos import read_photos

if TYPE_CHECKING:
    from models.train.photos import Photo

RANGES = 240
LEAST = (9, 16)  # pixels: narrower or lower cut-outs show nothing
CUT = "cut-out"  # name of every unit cut out of a photograph: which product it is nobody said
INSET = 0.02  # of a box, left out on each side: what is beside a unit is not part of it


def cut_out(photo: Photo) -> list[FlatPack]:
    """The boxed units of one photograph as fronts."""
    packs = []
    for x1, y1, x2, y2 in photo.boxes.tolist():
        dx, dy = (x2 - x1) * INSET, (y2 - y1) * INSET
        left, top, right, bottom = (max(0, round(v)) for v in (x1 + dx, y1 + dy, x2 - dx, y2 - dy))
        picture = photo.image[top:bottom, left:right]
        if picture.shape[1] < LEAST[0] or picture.shape[0] < LEAST[1]:
            continue
        most = 1.6 * 150 / max(picture.shape[:2])
        if most < 1:
            picture = np.asarray(cv2.resize(picture, None, fx=most, fy=most, interpolation=cv2.INTER_AREA), np.uint8)
        packs.append(FlatPack(CUT, "cut", picture.copy(), np.ones(picture.shape[:2], np.float32)))
    return packs


def read_source(given: str) -> list[list[FlatPack]]:
    """`FOLDER` or `FOLDER=CORRECTIONS`: what can be cut out of each of its photographs."""
    folder, _, corrections = given.partition("=")
    photos = read_photos(Path(folder), corrections=Path(corrections) if corrections else None)
    return [packs for packs in map(cut_out, photos) if packs]


def write(out: Path, walls: list[tuple[str, Wall]]) -> None:
    """Write the truth of walls whose pictures are written: COCO, a class for every invented product."""
    images: list[dict[str, object]] = []
    marks: list[dict[str, object]] = []
    classes: dict[str, int] = {}
    for number, (name, wall) in enumerate(walls, start=1):
        height, width = wall.picture.shape[:2]
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        for unit in wall.units:
            x1, y1, x2, y2 = unit.box
            marks.append(
                {
                    "id": len(marks) + 1,
                    "image_id": number,
                    "category_id": classes.setdefault(unit.pack, len(classes) + 1),
                    "iscrowd": int(not unit.clear),
                    "bbox": [round(v, 1) for v in (x1, y1, x2 - x1, y2 - y1)],
                }
            )
    categories = [{"id": number, "name": name} for name, number in classes.items()]
    truth = {"images": images, "annotations": marks, "categories": categories}
    (out / "annotations.json").write_text(json.dumps(truth), encoding="utf-8")


def main(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write, COCO.")] = Path("runs/walls"),
    count: Annotated[int, typer.Option(min=1, help="Pictures to compose.")] = 1200,
    seed: Annotated[int, typer.Option(help="Of the series.")] = 5,
    ranges: Annotated[int, typer.Option(min=1, help="Invented brands, one to five products each.")] = RANGES,
    source: Annotated[list[str] | None, typer.Option(help="FOLDER or FOLDER=CORRECTIONS to cut units out of.")] = None,
) -> None:
    """Compose walls of packs.

    Example: python -m models.train.walls --source ../shared/data/cooler/train --out runs/walls --count 1200
    """
    try:
        cuts = [packs for given in source or [] for packs in read_source(given)]
    except FacingsError as error:
        sys.stderr.write(f"error: {error}\n")
        raise typer.Exit(1) from error
    drawn = [invent_range(f"flat-{seed}-{n}", np.random.default_rng((seed, 1, n))) for n in range(ranges)]
    (out / "images").mkdir(parents=True, exist_ok=True)
    walls = []
    for number in range(count):
        rng = np.random.default_rng((seed, 2, number))
        kinds = [drawn, cuts] if cuts and rng.random() < 0.5 else [cuts if cuts and rng.random() < 0.5 else drawn]
        chosen = [
            kind[int(place)] for kind in kinds for place in rng.integers(0, len(kind), max(2, int(rng.integers(3, 26))))
        ]
        wall = compose(chosen, rng)
        name = f"wall_{seed}_{number:05d}.jpg"
        cv2.imwrite(str(out / "images" / name), wall.picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        wall.picture = wall.picture[:, :, :1]  # written: only its size is still wanted
        walls.append((name, wall))
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number + 1} / {count}")
    write(out, walls)
    sys.stderr.write(f"{out}: {count} pictures, {sum(len(wall.units) for _, wall in walls)} units\n")


if __name__ == "__main__":
    typer.run(main)
