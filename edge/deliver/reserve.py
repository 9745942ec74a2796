"""Room on the disk that is kept for the day when all other room is taken.

A full disk cannot even be told that something is no longer needed: a deletion is written to the journal first. So the
journal has its blocks beforehand, beyond its end, where SQLite's next writes find them. And a file of no content holds
the room that copying the journal into a file that grew may need; it goes when nothing else helps.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from typing import TYPE_CHECKING

from edge.deliver.outbox_file import WAL_LIMIT, WAL_PAGES
from edge.deliver.outbox_schema import PAGE

if TYPE_CHECKING:
    from pathlib import Path

RESERVE = WAL_PAGES * PAGE * 3 // 2
"""Bytes: the file may grow by as much as its journal holds, and by what one transaction adds."""

BLOCK = 512  # of st_blocks, whatever the file system has
_KEEP_SIZE = 1  # fallocate(2): blocks are given, and the file is no longer for it


class Reserve:
    """The room that is kept for an outbox.

    Args:
        path: of the outbox.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.with_name(path.name + ".reserve")
        self._journal = path.with_name(path.name + "-wal")

    def hold(self) -> bool:
        """Keep the room, where there is twice as much; whether it is kept now."""
        if not self._has_blocks(self._file, RESERVE):
            try:
                if shutil.disk_usage(self._file.parent).free < 2 * RESERVE:
                    return False
                with self._file.open("wb") as file:
                    os.posix_fallocate(file.fileno(), 0, RESERVE)
            except OSError:
                self.give_up()
                return False
        self._extend_journal()
        return True

    def give_up(self) -> bool:
        """Let the file go; whether that gave room."""
        had = self._has_blocks(self._file, BLOCK)
        try:
            self._file.unlink(missing_ok=True)
        except OSError:
            return False
        return had

    def _extend_journal(self) -> None:
        """Give the journal its blocks. Where that is not possible, what others leave has to do."""
        if not self._journal.exists() or self._has_blocks(self._journal, WAL_LIMIT):
            return
        allocate = getattr(ctypes.CDLL(None, use_errno=True), "fallocate64", None)
        if allocate is None:
            return
        try:
            handle = os.open(self._journal, os.O_WRONLY)  # SQLite's locks are on other files, and outlive its closing
        except OSError:
            return
        try:
            allocate(handle, _KEEP_SIZE, ctypes.c_int64(0), ctypes.c_int64(WAL_LIMIT))
        finally:
            os.close(handle)

    @staticmethod
    def _has_blocks(path: Path, octets: int) -> bool:
        try:
            return path.stat().st_blocks * BLOCK >= octets
        except OSError:
            return False
