"""One small file that is whole or absent, whenever the power goes: the picture of a camera's usual view."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from edge.deliver.private_files import settle_files, write_private
from edge.deliver.sealing import PLAIN, SealError

if TYPE_CHECKING:
    from pathlib import Path

    from edge.deliver.sealing import AtRest


class ViewFile:
    """The picture of one camera's view.

    Args:
        path: the file; its folder is made when it is first written.
        at_rest: how it lies there.

    Raises:
        SealError: it is sealed with a key that is not here.
    """

    def __init__(self, path: Path, *, at_rest: AtRest = PLAIN) -> None:
        self._path = path
        self._at_rest = at_rest
        with suppress(OSError):  # whoever loads it finds that it cannot be read
            settle_files([path] if path.exists() else [], at_rest, label=_label)

    def load(self) -> bytes | None:
        """What was written last; None when there is nothing that can be read."""
        try:
            return self._at_rest.open(self._path.read_bytes(), _label(self._path))
        except (OSError, SealError):
            return None

    def save(self, data: bytes) -> None:
        """Write it: beside the old one first, then in its place.

        Raises:
            OSError: the disk is full or may not be written; the old file is still there.
        """
        write_private(self._path, self._at_rest.close(data, _label(self._path)), beside=self._path.with_suffix(".new"))


def _label(path: Path) -> str:
    return f"view/{path.stem}"
