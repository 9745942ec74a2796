from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.capture.film import CODECS, Film, FilmWriter
from edge.contract.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, *, frames: int = 50, rate: float = 25.0) -> Path:
    """A video whose frames grow brighter."""
    with FilmWriter(path, rate=rate) as writer:
        for number in range(frames):
            writer.write(np.full((48, 64, 3), 4 * number, np.uint8))
    return path


@pytest.mark.parametrize("ending", CODECS)
def test_what_is_written_is_read_again_frame_by_frame(tmp_path: Path, ending: str) -> None:
    with Film(write(tmp_path / f"a{ending}")) as film:
        assert (film.width, film.height, film.rate, film.length) == (64, 48, 25.0, 50)
        frames = list(film.frames())
    assert [frame.number for frame in frames] == list(range(50))
    assert frames[25].seconds == pytest.approx(1.0)
    assert abs(float(frames[25].image.mean()) - 100) < 4


def test_a_film_thinned_to_a_rate_keeps_the_numbers_of_its_frames(tmp_path: Path) -> None:
    with Film(write(tmp_path / "a.avi")) as film:
        numbers = [frame.number for frame in film.frames(most=10)]
    assert 20 <= len(numbers) <= 21
    assert set(np.diff(numbers)) <= {2, 3}


def test_a_film_slower_than_asked_gives_every_frame(tmp_path: Path) -> None:
    with Film(write(tmp_path / "a.avi", rate=5)) as film:
        assert len(list(film.frames(most=10))) == 50


def test_a_file_that_is_no_video_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no video")
    with pytest.raises(ImageError, match="not a video"):
        Film(path)
    with pytest.raises(ImageError, match="no such file"):
        Film(tmp_path / "b.mp4")


def test_a_video_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"end it with .mp4"):
        FilmWriter(tmp_path / "a.gif", rate=10)
    (tmp_path / "file").write_text("")
    with pytest.raises(ImageError, match="give a folder"), FilmWriter(tmp_path / "file" / "a.mp4", rate=10) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8))
