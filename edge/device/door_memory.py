"""What is remembered of a door over a restart, as text beside the outbox."""

from __future__ import annotations

import json
from datetime import datetime

from edge.shelf.door import Door, door_from_dict, door_to_dict


def dump_door(door: Door, *, now: datetime, opening: str | None = None) -> str:
    """The door, the id of its opening, and when that was."""
    content = {"at": now.isoformat(), "opening": opening, **door_to_dict(door)}
    return json.dumps(content, separators=(",", ":"))


def load_door(text: str | None, *, now: datetime) -> tuple[Door, str | None]:
    """The door after a restart, and the id of the opening that it is in.

    One that was open has been open all the while, until its sensor says otherwise.
    """
    if text is None:
        return Door(), None
    content = json.loads(text)
    away = (now - datetime.fromisoformat(content["at"])).total_seconds()
    return door_from_dict(content, away=away), content.get("opening")
