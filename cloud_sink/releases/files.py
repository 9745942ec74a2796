"""Files of a repository: whole or not there, whenever the power goes; one writer at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge.contract.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK = "lock"


def make_folder(path: Path) -> None:
    """Make a folder that its owner alone reads; one that is there stays as it is.

    Raises:
        ConfigError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "give a folder that can be written") from None


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file beside its place, sync it, and put it there.

    Raises:
        StoreError: the disk refuses; what was there before still is.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StoreError(f"{path}: {error.strerror}", "check the folder's rights and its room") from None


def read_whole(path: Path) -> bytes:
    """A file of a repository.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}", "see: sink release init --help") from None


def write_new(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file that must not be there yet.

    Raises:
        ConfigError: it is there.
        StoreError: the disk refuses.
    """
    if path.exists():
        raise ConfigError(f"{path} is there already", "name another folder; nothing is written over")
    write_whole(path, data, mode=mode)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Write alone: a service that signs anew and a command that publishes take turns.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / LOCK).open("a")
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}", "check its rights and its room") from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def sync(folder: Path) -> None:
    """Have a folder's names on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
