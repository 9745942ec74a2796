"""Who may read and write a device's files: their owner alone."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHERS = stat.S_IRWXG | stat.S_IRWXO

log = structlog.get_logger(__name__)


def keep_private() -> None:
    """Whatever this process and its children make from now on is its owner's, also what libraries make."""
    os.umask(OTHERS)


def too_open(folder: Path) -> Iterator[Path]:
    """What of a folder, itself included, others may read or write; links are not followed."""
    for path in _everything(folder):
        with suppress(OSError):
            found = path.lstat()
            if not stat.S_ISLNK(found.st_mode) and found.st_mode & OTHERS:
                yield path


def tighten(folder: Path) -> None:
    """Take from others what an earlier version, or a copy by hand, gave them in a folder that is ours."""
    taken = 0
    for path in list(too_open(folder)):
        with suppress(OSError):  # another's file: the doctor tells of it
            path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS, follow_symlinks=True)
            taken += 1
    if taken:
        log.warning("agent.rights_taken", folder=str(folder), files=taken, reason="others could read or write them")


def _everything(folder: Path) -> Iterator[Path]:
    yield folder
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(above, name)
