"""Sheets to correct a truth by eye: `python -m models.train.sheets FOLDER --out SHEETS`.

Each photograph is drawn enlarged, part by part, with rulers in pixels of the photograph, its boxes numbered, and the
places marked in which nothing is taught. What is missing or wrong goes into the file of corrections (`added`,
`removed`, `ignored`; see `models.train.photos.read_photos`), and the sheets are drawn again until they are right.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer

from edge.contract.errors import FacingsError
from models.train.photos import read_photos

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from models.train.photos import Photo

LONGEST = 1400  # pixels of a sheet: what a screen shows without scaling
MARGIN = 36  # around the picture, for the rulers
BOX, IGNORED, GRID = (60, 220, 40), (40, 40, 255), (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a photograph, in whole pixels of it, and how much it is enlarged."""

    x1: int
    y1: int
    x2: int
    y2: int
    scale: float


def parts(width: int, height: int, *, most: int) -> Iterator[Part]:
    """Cut a photograph into equal parts whose longest side is at most `most` pixels; neighbours share a tenth."""
    columns, rows = -(-width // most), -(-height // most)
    wide, tall = -(-width // columns), -(-height // rows)
    for row in range(rows):
        for column in range(columns):
            x1, y1 = max(0, column * wide - wide // 10), max(0, row * tall - tall // 10)
            x2, y2 = min(width, (column + 1) * wide + wide // 10), min(height, (row + 1) * tall + tall // 10)
            yield Part(x1, y1, x2, y2, LONGEST / max(x2 - x1, y2 - y1))


def draw(photo: Photo, part: Part) -> NDArray[np.uint8]:
    """One part of a photograph with rulers, numbered boxes (green) and places not taught (red): BGR."""
    size = (round((part.x2 - part.x1) * part.scale), round((part.y2 - part.y1) * part.scale))
    shown = cv2.resize(photo.image[part.y1 : part.y2, part.x1 : part.x2], size, interpolation=cv2.INTER_CUBIC)
    sheet = np.full((size[1] + 2 * MARGIN, size[0] + 2 * MARGIN, 3), 24, np.uint8)
    sheet[MARGIN:-MARGIN, MARGIN:-MARGIN] = shown

    def at(x: float, y: float) -> tuple[int, int]:
        return round((x - part.x1) * part.scale) + MARGIN, round((y - part.y1) * part.scale) + MARGIN

    _rule(sheet, part, at_x=lambda x: at(x, part.y1)[0], at_y=lambda y: at(part.x1, y)[1])
    for x1, y1, x2, y2 in photo.ignored.tolist():
        cv2.rectangle(sheet, at(x1, y1), at(x2, y2), IGNORED, 2)
        cv2.line(sheet, at(x1, y1), at(x2, y2), IGNORED, 1, cv2.LINE_AA)
    for number, (x1, y1, x2, y2) in enumerate(photo.boxes.tolist()):
        cv2.rectangle(sheet, at(x1, y1), at(x2, y2), BOX, 2)
        place = at(x1, y1)
        cv2.putText(sheet, str(number), (place[0] + 3, place[1] + 15), FONT, 0.45, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(sheet, str(number), (place[0] + 3, place[1] + 15), FONT, 0.45, (80, 255, 255), 1, cv2.LINE_AA)
    return sheet


def _rule(sheet: NDArray[np.uint8], part: Part, *, at_x: object, at_y: object) -> None:
    """Rulers on all four sides and a faint grid, in pixels of the photograph."""
    step = next(s for s in (10, 20, 50, 100, 200, 500) if s * part.scale >= 70)
    faint = sheet.copy()
    for x in range(-(-part.x1 // step) * step, part.x2 + 1, step):
        place = at_x(x)  # type: ignore[operator]
        cv2.line(faint, (place, MARGIN), (place, sheet.shape[0] - MARGIN), GRID, 1)
        for y in (MARGIN - 10, sheet.shape[0] - MARGIN + 20):
            cv2.putText(sheet, str(x), (place - 14, y), FONT, 0.45, GRID, 1, cv2.LINE_AA)
    for y in range(-(-part.y1 // step) * step, part.y2 + 1, step):
        place = at_y(y)  # type: ignore[operator]
        cv2.line(faint, (MARGIN, place), (sheet.shape[1] - MARGIN, place), GRID, 1)
        for x in (2, sheet.shape[1] - MARGIN + 2):
            cv2.putText(sheet, str(y), (x, place + 5), FONT, 0.4, GRID, 1, cv2.LINE_AA)
    inside = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    sheet[inside] = cv2.addWeighted(sheet, 0.75, faint, 0.25, 0)[inside]


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of photographs, labelled (COCO, YOLO, VOC) or not yet.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder to write the sheets into.")] = Path("runs/sheets"),
    corrections: Annotated[Path | None, typer.Option(help="Corrections of the truth so far (JSON).")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Names of photographs; without it all.")] = None,
    most: Annotated[int, typer.Option(min=100, help="Pixels of the photograph on one sheet.")] = 700,
) -> None:
    """Draw the truth over the photographs, enlarged, to correct it by eye.

    Example: python -m models.train.sheets ../shared/data/supermarket_partial --out runs/sheets
    """
    try:
        photos = read_photos(folder, corrections=corrections)
    except FacingsError as error:
        sys.stderr.write(f"error: {error}\n")
        raise typer.Exit(1) from error
    out.mkdir(parents=True, exist_ok=True)
    for photo in photos:
        if only and photo.name not in only:
            continue
        height, width = photo.image.shape[:2]
        for number, part in enumerate(parts(width, height, most=most)):
            path = out / f"{Path(photo.name).stem}-{number}.png"
            cv2.imwrite(str(path), draw(photo, part))
            sys.stdout.write(f"{path}: {photo.name}, x {part.x1}-{part.x2}, y {part.y1}-{part.y2}\n")


if __name__ == "__main__":
    typer.run(main)
