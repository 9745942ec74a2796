"""Files that are whole or as they were, whatever happens between any two lines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write beside, sync, rename, sync the folder: after this it survives a power cut.

    Raises:
        ConfigError: the disk or the rights of the folder.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)  # one that a power cut left may have others
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}", "name a folder that can be written, with room on its disk"
        ) from None
