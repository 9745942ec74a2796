"""Pictures that wait for upload and were taken where the device no longer is: each goes with the source it had."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edge.device.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from edge.contract.topics import Address

NAME = "elsewhere.json"


def elsewhere(data: Path) -> dict[str, str]:
    """The sources of such pictures, by their SHA-256."""
    try:
        found = json.loads((data / NAME).read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(sha256): str(source) for sha256, source in found.items()} if isinstance(found, dict) else {}


def note_pictures(data: Path, waiting: Iterable[str], address: Address) -> None:
    """Note that all that waits was taken here, but for what was noted before.

    Raises:
        ConfigError: the disk refuses.
    """
    known = elsewhere(data)
    noted = {sha256: known.get(sha256, address.source) for sha256 in waiting}
    if noted != known:
        write_whole(data / NAME, json.dumps(noted), mode=0o600)
