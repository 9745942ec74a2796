"""Files and folders of the device, for its owner alone, whole or not there; sealed or plain, as is wanted."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from edge.deliver.sealing import OVERHEAD, SealError, sealed_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from edge.deliver.sealing import AtRest

log = structlog.get_logger(__name__)

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner alone; one that is there keeps its rights.

    Raises:
        OSError: the disk refuses.
    """
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=FOLDER_MODE, exist_ok=True)
    path.mkdir(exist_ok=True)  # a file in its place is an error


def write_private(path: Path, data: bytes, *, beside: Path | None = None, moment: int | None = None) -> None:
    """Write a file beside its place, sync it, put it there, and sync the folder.

    Nothing that already stands beside it is written through: it might be a link to elsewhere.

    Args:
        path: of the file; its folder is made where it is missing.
        data: all of it.
        beside: where it is written first.
        moment: when it was last written, for whoever sorts by that, in nanoseconds since 1970; else now.

    Raises:
        OSError: the disk refuses; what was there before still is.
    """
    make_folder(path.parent)
    part = beside or path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if moment is not None:
            os.utime(file.fileno(), ns=(moment, moment))
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Have the disk keep which files a folder holds.

    Raises:
        OSError: it refuses.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def settle_files(paths: Iterable[Path], at_rest: AtRest, *, label: Callable[[Path], str]) -> None:
    """Bring files into the form that is wanted, one by one. A disk that does not take one leaves it as it is.

    Raises:
        SealError: one is sealed with a key that is not here. It stays as it is.
        OSError: the disk refuses to give one.
    """
    for path in list(paths):
        with path.open("rb") as file:
            named = sealed_with(file.read(OVERHEAD))
        if not at_rest.opens(named) and named is not None:
            raise at_rest.lost(path, named)
        if (named is not None) != at_rest.on:
            _rewrite(path, at_rest, label(path))


def _rewrite(path: Path, at_rest: AtRest, label: str) -> None:
    try:
        plain = at_rest.open(path.read_bytes(), label)
    except SealError as error:
        log.warning("at_rest.unreadable", path=str(path), error=str(error))  # whoever reads it finds it damaged
        return
    moment = path.stat().st_mtime_ns
    part = path.with_name(f"{path.name}.part")
    try:
        write_private(path, at_rest.close(plain, label), beside=part, moment=moment)
    except OSError as error:
        log.warning("at_rest.as_before", path=str(path), error=error.strerror)
        with suppress(OSError):
            part.unlink(missing_ok=True)
