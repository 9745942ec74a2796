"""The report's folder: claimed before the long measuring, written once it is done."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edge.contract.errors import FacingsError
from edge.recognise.images import read_image
from edge.recognise.report.gallery import Picture
from edge.recognise.report.page import GENERATOR, UNFINISHED, Evaluation, page
from edge.recognise.report.picture import as_jpeg, picture_of

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "index.html"
PICTURES = "pictures"
_OWN_PICTURE = re.compile(r"\d{4,}\.jpg")
_HEAD_BYTES = 1000  # the mark stands at the very beginning of a page
_MEND = "give a folder that can be written, on a disk with room"


def claim(folder: Path) -> None:
    """Make the folder, or see that it may be written over: nobody waits for minutes to hear that it may not.

    Raises:
        FacingsError: it holds something else than a former report, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.iterdir()):
            (folder / PAGE).write_text(UNFINISHED, encoding="utf-8")
            return
        former = (folder / PAGE).is_file() and GENERATOR.encode() in (folder / PAGE).read_bytes()[:_HEAD_BYTES]
    except OSError as failure:
        raise _unwritable(folder, failure) from None
    if not former:
        raise FacingsError(f"{folder}: is not empty and holds no former report", "give a new or an empty folder")


def write_report(folder: Path, evaluation: Evaluation) -> Path:
    """Write pictures and page into a claimed folder; pictures of a former report go.

    Returns:
        The page.

    Raises:
        FacingsError: the disk is full or the folder cannot be written; what is there then says that it is unfinished.
    """
    try:
        (folder / PAGE).write_text(UNFINISHED, encoding="utf-8")
        (folder / PICTURES).mkdir(exist_ok=True)
        for path in (folder / PICTURES).iterdir():
            if _OWN_PICTURE.fullmatch(path.name):
                path.unlink()
        pictures = _write_pictures(folder, evaluation)
        fresh = folder / f"{PAGE}.new"
        fresh.write_text(page(evaluation, pictures), encoding="utf-8")
        fresh.replace(folder / PAGE)  # whole or not at all
    except OSError as failure:
        raise _unwritable(folder, failure) from None
    return folder / PAGE


def _write_pictures(folder: Path, evaluation: Evaluation) -> list[Picture]:
    """One picture a mistake, each photograph read once; numbered, for names of photographs are not to be trusted."""
    pictures, path, image = [], None, None
    for number, mistake in enumerate(evaluation.mistakes, 1):
        if image is None or mistake.photo != path:
            path, image = mistake.photo, read_image(mistake.photo)
        drawn = picture_of(image, mistake)
        address = f"{PICTURES}/{number:04}.jpg"
        (folder / address).write_bytes(as_jpeg(drawn))
        pictures.append(Picture(address, drawn.shape[1], drawn.shape[0]))
    return pictures


def _unwritable(folder: Path, failure: OSError) -> FacingsError:
    return FacingsError(f"{failure.filename or folder}: {failure.strerror or failure}", _MEND)
