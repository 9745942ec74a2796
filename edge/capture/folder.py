"""A folder of pictures as a camera: for time-lapses, for photographs taken by hand, and for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from edge.capture.frame import Frame
from edge.contract.business_day import opening
from edge.contract.errors import SourceError
from edge.recognise.images import read_upright

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from edge.contract.business_day import Clockwork
    from edge.contract.config import FolderSource

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
NAME_FORMAT = "%Y-%m-%dT%H-%M-%S"


class Folder:
    """The pictures of a folder in the order of their names, each once."""

    def __init__(self, pictures: list[tuple[Path, datetime | None]]) -> None:
        self._pictures = iter(pictures)
        self.left = len(pictures)

    @classmethod
    def open(cls, section: FolderSource, *, clockwork: Clockwork, after: str | None = None) -> Folder:
        """List the folder.

        Raises:
            SourceError: the folder is missing or empty, or a name holds no time where names are times.
        """
        paths = list_pictures(section.path)
        dated: list[tuple[Path, datetime | None]]
        if section.times == "names":
            dated = [(path, time_of_name(path, clockwork.zone)) for path in paths]
        elif section.times == "evenly" and section.day is not None:
            dated = list(zip(paths, spread(len(paths), section.day, clockwork), strict=True))
        else:
            dated = [(path, None) for path in paths]
        if after is not None and section.replayed:
            dated = [(path, taken) for path, taken in dated if path.name > after]
        return cls(dated)

    def capture(self) -> Frame | None:
        """The next picture; None after the last.

        Raises:
            ImageError: the next file is no picture.
        """
        path, taken = next(self._pictures, (None, None))
        if path is None:
            return None
        self.left -= 1
        return Frame(read_upright(path).image, path.name, taken)

    def close(self) -> None:
        """Nothing is held open."""


def list_pictures(folder: Path) -> list[Path]:
    """The pictures directly in a folder, by name.

    Raises:
        SourceError: no such folder, one that may not be read, or no picture in it.
    """
    try:
        inside = list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        raise SourceError(f"{folder}: no such folder", "give a folder with pictures") from None
    except OSError as error:
        raise SourceError(f"{folder}: {error.strerror}", "give a folder that can be read") from None
    paths = sorted((path for path in inside if path.suffix.lower() in SUFFIXES), key=lambda path: path.name)
    if not paths:
        raise SourceError(f"{folder}: no pictures", f"put pictures there ({', '.join(sorted(SUFFIXES))})")
    return paths


def time_of_name(path: Path, zone: ZoneInfo) -> datetime:
    """The moment that a file's name says, in the store's zone.

    Raises:
        SourceError: the name is no time.
    """
    try:
        return datetime.strptime(path.stem, NAME_FORMAT).replace(tzinfo=zone)
    except ValueError:
        raise SourceError(
            f"{path}: the name holds no time",
            "name pictures after their time in the store, such as 2026-03-14T08-00-00.jpg",
        ) from None


def spread(count: int, day: date, clockwork: Clockwork) -> list[datetime]:
    """`count` moments at equal distances from opening to closing, the first one at opening."""
    open_hours = opening(day, clockwork)
    return [open_hours.since + timedelta(seconds=int(open_hours.seconds * index / count)) for index in range(count)]
