"""The evidence folder: photographs by tenant and hash, each either whole and on disk, or not there."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def path_of(folder: Path, tenant: str, sha256: str) -> Path:
    """Where a photograph lies."""
    return folder / tenant / sha256[:2] / f"{sha256}.jpg"


def keep(folder: Path, tenant: str, sha256: str, content: bytes) -> bool:
    """Write a photograph so that a power cut after this leaves it whole; False when it was there already.

    Raises:
        StoreError: the folder cannot be written.
    """
    path = path_of(folder, tenant, sha256)
    beside = path.with_name(f".{sha256}.{secrets.token_hex(4)}")
    try:
        if path.is_file() and path.stat().st_size == len(content):
            return False
        _make(path.parent, folder)
        try:
            with beside.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()
        _sync(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}", "check the evidence folder, its rights and its room") from None
    return True


def _make(folder: Path, root: Path) -> None:
    """Make a folder, and put the entry of each new one on disk, too."""
    missing = [folder, *(parent for parent in folder.parents if parent == root or root in parent.parents)]
    missing = [one for one in missing if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        _sync(one.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
