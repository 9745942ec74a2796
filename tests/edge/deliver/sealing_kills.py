"""Changes an outbox from plain to sealed and back, killed before each statement of the change in turn.

    python -m tests.edge.deliver.sealing_kills FOLDER

FOLDER/outbox.db is plain and closed. After each kill it is opened, and all that it held must be in it. Prints how many
kills there were.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from edge.deliver import outbox_file, outbox_sealing
from edge.deliver.sealing import PLAIN, AtRest, DataKey
from tests.edge.deliver.goods import ADDRESS, open_outbox

if TYPE_CHECKING:
    import sqlite3

KEY = DataKey(bytes(range(32)))
SEALED, UNSEALED = AtRest(KEY, on=True), AtRest(KEY, on=False)
ANSWER = "command-1"


def held(path: Path, at_rest: AtRest) -> tuple[list[bytes], str | None, str | None]:
    """Everything an outbox holds: what waits, a cursor, a reply."""
    with open_outbox(path, at_rest=at_rest) as outbox:
        bodies: list[bytes] = []
        while batches := outbox.due(most_octets=1):
            bodies += [batch.body for batch in batches]
        return bodies, outbox.get_state("cursor"), outbox.answers.get(ANSWER)


def killed_at(path: Path, number: int, at_rest: AtRest) -> bool:
    """Open it in a child that is killed before its statement of that number; False: there were not so many."""
    child = os.fork()
    if child == 0:
        settle, seen = outbox_sealing.settle, 0

        def counted(database: sqlite3.Connection, where: Path, wanted: AtRest) -> bool:
            def before(_: str) -> None:
                nonlocal seen
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)

            database.set_trace_callback(before)
            try:
                return settle(database, where, wanted)
            finally:
                database.set_trace_callback(None)

        vars(outbox_file)["settle"] = counted
        database, _ = outbox_file.connect(path, address=ADDRESS, at_rest=at_rest)
        database.close()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def kill_through(before: Path, at_rest: AtRest, then: AtRest, wanted: object) -> int:
    """Kill the change at each of its statements; how many kills that took."""
    number, path = 0, before.with_name("killed.db")
    while True:
        number += 1
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink()
        shutil.copyfile(before, path)
        if not killed_at(path, number, at_rest):
            return number - 1
        for opening in (at_rest, then):  # it goes on, or whoever switched it on thinks better of it
            if held(path, opening) != wanted:
                raise AssertionError(f"after a kill at statement {number} not all is there")


def main() -> None:
    """Seal it and unseal it."""
    path = Path(sys.argv[1]) / "outbox.db"
    wanted = held(path, PLAIN)
    kills = kill_through(path, SEALED, UNSEALED, wanted)
    with closing(outbox_file.connect(path, address=ADDRESS, at_rest=SEALED)[0]):
        pass
    kills += kill_through(path, UNSEALED, SEALED, wanted)
    sys.stdout.write(f"{kills}\n")


if __name__ == "__main__":
    main()
