"""Files that are whole or not there, whenever the power goes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edge.deliver.private_files import write_private

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place, sync it, and put it there.

    Raises:
        OSError: the disk refuses; what was there before still is.
    """
    write_private(path, data)


def sync(path: Path) -> None:
    """Have the disk keep what a file or folder holds now."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
