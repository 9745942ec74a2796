"""Kills a device at every line of a move or of its end: `python -m tests.integration.move_cuts FOLDER move|retire`.

FOLDER holds a device in the midst of it, which is put back for each line, killed there with SIGKILL, and goes on.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

from edge.device import carry_on, moving, order_file, overlay, retiring, settings
from tests.integration.cuts import killed_at

# Whole files are tried by the cuts of provisioning, and what a transaction is made of is SQLite's to keep whole.
FILES = frozenset(str(one.__file__) for one in (carry_on, moving, order_file, overlay, retiring))


def go_on(path: Path) -> None:
    """What every start does first."""
    with suppress(carry_on.GoneError):
        carry_on.carry_on(path)


def moved(path: Path) -> list[object]:
    """What stands after a move: place, what waits in the outbox by type and source, and what is remembered."""
    config = settings.read_config(path)
    with closing(sqlite3.connect(config.data / "outbox.db")) as database:
        events = database.execute("SELECT type, json_extract(CAST(body AS TEXT), '$.source') FROM event").fetchall()
        keys = [key for (key,) in database.execute("SELECT key FROM state")]
    left = sorted(one.name for one in config.data.iterdir() if not one.name.startswith("outbox.db"))
    return [config.device.store, sorted(events), keys, left, order_file.OrderFile(path).read() is None]


def retired(path: Path) -> list[object]:
    """What stands after the end of a device."""
    return [sorted(str(one.relative_to(path.parent)) for one in path.parent.rglob("*"))]


def lines(folder: Path, what: str) -> tuple[int, list[object]]:
    """How many lines there were, and every different end that was come to."""
    ends: list[object] = []
    pristine = folder.with_name("pristine")
    folder.rename(pristine)
    for line in itertools.count(1):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(pristine, folder)
        path = folder / "agent.yaml"
        killed = killed_at(line, lambda: go_on(path), FILES)  # noqa: B023 - called at once
        if what == "move":
            settings.read_config(path)  # a configuration, whenever the power goes
        go_on(path)
        end = moved(path) if what == "move" else retired(path)
        if end not in ends:
            ends.append(end)
        if not killed:
            return line, ends
    raise AssertionError


if __name__ == "__main__":
    number, came_to = lines(Path(sys.argv[1]), sys.argv[2])
    sys.stdout.write(json.dumps({"lines": number, "ends": came_to}) + "\n")
