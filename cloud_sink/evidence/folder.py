"""A folder of photographs, for one machine."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cloud_sink.evidence.place import EvidenceAway, Kept, Name, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Folder:
    """Photographs as files.

    Args:
        root: is made where it is missing.
        lasting: whether each file is on disk before `put` returns. Who writes many can sync once at the end.
    """

    def __init__(self, root: Path, *, lasting: bool = True) -> None:
        self._root = root
        self._lasting = lasting

    @property
    def label(self) -> str:
        """The folder."""
        return str(self._root)

    def path(self, name: Name) -> Path:
        """Where a photograph lies."""
        return self._root / name.key

    def put(self, name: Name, content: bytes) -> None:
        """Write beside its place, sync, and rename."""
        path = self.path(name)
        beside = path.with_name(f".{name.sha256}.{secrets.token_hex(4)}")
        with _told(path):
            self._make(path.parent)
            try:
                with beside.open("xb") as file:
                    file.write(content)
                    if self._lasting:
                        file.flush()
                        os.fsync(file.fileno())
                beside.replace(path)
            finally:
                with suppress(OSError):
                    beside.unlink(missing_ok=True)
            self._sync(path.parent)

    def has(self, name: Name, size: int) -> bool:
        """A file of another size is a torn one, which is not there."""
        path = self.path(name)
        with _told(path):
            return path.is_file() and path.stat().st_size == size

    def get(self, name: Name) -> bytes | None:
        """The file's bytes."""
        path = self.path(name)
        with _told(path):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def remove(self, names: Sequence[Name]) -> None:
        """Unlink the files, and sync their folders once."""
        folders = set()
        for name in names:
            path = self.path(name)
            with _told(path):
                path.unlink(missing_ok=True)
                folders.add(path.parent)
        for folder in folders:
            with _told(folder), suppress(FileNotFoundError):
                self._sync(folder)

    def walk(self) -> Iterator[Kept]:
        """The files that are photographs, and nothing else that may lie there."""
        with _told(self._root):
            for path in self._root.glob("*/*/*/*.jpg"):
                name = name_of(path.relative_to(self._root).as_posix())
                with suppress(FileNotFoundError):
                    if name is not None:
                        found = path.stat()
                        yield Kept(name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _make(self, folder: Path) -> None:
        """Make a folder, and put the entry of each new one on disk, too."""
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for one in missing:
            self._sync(one.parent)

    def _sync(self, folder: Path) -> None:
        if not self._lasting:
            return
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EvidenceAway(f"{path}: {error.strerror}", "check the evidence folder, its rights and its room") from None
