import errno
import os
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
import pytest

from edge.contract.errors import FacingsError
from edge.recognise.images import read_image
from edge.recognise.report.folder import claim, write_report
from edge.recognise.report.page import Evaluation
from tests.edge.recognise.labelled import row_of_boxes, seen
from tests.edge.recognise.report.evaluations import evaluation
from tests.edge.recognise.report.reading import read


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "a.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), np.full((60, 120, 3), 90, np.uint8))
    return path


def missing(photo: Path, count: int) -> Evaluation:
    """So many facings, none of them found."""
    return evaluation([seen(row_of_boxes(count), row_of_boxes(0), path=photo)], catalogue=None)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_page_and_a_picture_for_every_mistake(tmp_path: Path, photo: Path) -> None:
    claim(tmp_path / "deep" / "report")
    page = write_report(tmp_path / "deep" / "report", missing(photo, 2))
    assert files(page.parent) == ["index.html", "pictures/0001.jpg", "pictures/0002.jpg"]
    for image in read(page.read_text(encoding="utf-8")).all("img"):
        shown = read_image(page.parent / image["src"])
        assert shown.shape[:2] == (int(image["height"]), int(image["width"]))


def test_a_former_report_is_written_over_and_its_pictures_go(tmp_path: Path, photo: Path) -> None:
    for count in (3, 1):
        claim(tmp_path / "report")
        write_report(tmp_path / "report", missing(photo, count))
    assert files(tmp_path / "report") == ["index.html", "pictures/0001.jpg"]


def test_what_a_person_put_beside_the_pictures_stays(tmp_path: Path, photo: Path) -> None:
    folder = tmp_path / "report"
    claim(folder)
    write_report(folder, missing(photo, 1))
    (folder / "notes.txt").write_text("keep")
    (folder / "pictures" / "mine.jpg").write_text("keep")
    write_report(folder, missing(photo, 1))
    assert files(folder) == ["index.html", "notes.txt", "pictures/0001.jpg", "pictures/mine.jpg"]


@pytest.mark.parametrize("name", ["thesis.txt", "index.html"])
def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("<!doctype html><title>Mine</title>")
    with pytest.raises(FacingsError, match="is not empty and holds no former report"):
        claim(tmp_path)
    assert files(tmp_path) == [name]


def test_a_report_cut_short_may_be_written_over(tmp_path: Path) -> None:
    claim(tmp_path / "report")
    (tmp_path / "report" / "pictures").mkdir()
    claim(tmp_path / "report")
    assert "cut short" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FacingsError, match=r"Not a directory .*give a folder that can be written"):
        claim(tmp_path / "file" / "report")


def test_a_full_disk_is_one_clear_error_and_leaves_an_unfinished_page(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _data: bytes) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    claim(tmp_path / "report")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FacingsError, match=r"0001\.jpg: No space left on device"):
        write_report(tmp_path / "report", missing(photo, 1))
    assert "cut short" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
