"""The data folder of a service: made if it is not there, and owned by one `sink serve` at a time.

The embedded broker's file, its port and the session of its one collector belong to one service. `sink collect` takes
no lock: collectors share a database, and know no broker but the one that is there.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK = "sink.lock"


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Own a data folder; the lock ends with the process, however it ends, and is not inherited by the broker.

    Raises:
        StoreError: another service owns it, or it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / LOCK).open("a+", encoding="ascii")
    except OSError as error:
        raise unusable(folder, error) from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            owner = handle.read(20).strip()
            raise StoreError(
                f"data folder {folder} is in use by another sink serve" + (f", process {owner}" if owner else ""),
                "stop that one, or give this one its own folder with --data",
            ) from None
        except OSError as error:  # a file system without locks
            raise unusable(folder, error) from None
        try:
            handle.truncate(0)
            handle.write(f"{os.getpid()}\n")
            handle.flush()
        except OSError as error:
            raise unusable(folder, error) from None
        yield


def unusable(folder: Path, error: OSError) -> StoreError:
    """The one line for a folder that cannot be made or written."""
    return StoreError(
        f"data folder {folder} cannot be used: {error.strerror or error}", "check its path, its rights and its room"
    )
