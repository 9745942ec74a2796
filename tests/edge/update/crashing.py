"""A device that takes a release, killed before any one of its changes to the disk: a process of its own.

`python -m tests.edge.update.crashing CONFIG` forks a child for every change: the first is killed before the first one,
the next before the second, until one comes to its end. After each, what the agent would start with must be usable. It
prints how many were killed, and what ran after each.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.contract.config import UpdatesSection
from edge.device.settings import read_config
from edge.update import updating
from edge.update.begin import begin
from edge.update.updating import Updating

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGES = ("fsync", "replace", "link", "unlink", "rmdir")

EACH = 3
"""Of so many kills after one all is done once more, to its end."""


def kill_before(number: int) -> None:
    """End this process, as a pulled plug does, before it changes the disk for that time."""
    count = itertools.count()

    def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
        def change(*args: Any, **more: Any) -> Any:
            if next(count) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **more)

        return change

    for name in CHANGES:
        setattr(os, name, guarded(getattr(os, name)))


def take(path: Path) -> None:
    """All that a device does with a release: from the question to a start under it that lasted."""
    filed = read_config(path)
    begin(filed, path)
    assert isinstance(filed.updates, UpdatesSection)
    one = Updating(filed, path, filed.updates, now=lambda: datetime.now(UTC), look=lambda: None)
    one._seen = time.monotonic() - updating.SETTLED
    if one._state.probation is None:
        one._look()
        one.tend(blind=frozenset(), closed=True)
        begin(filed, path)
    one = Updating(filed, path, filed.updates, now=lambda: datetime.now(UTC), look=lambda: None)
    one._seen = time.monotonic() - updating.SETTLED
    one._began -= filed.updates.healthy_after
    one.tend(blind=frozenset(), closed=True)


def main() -> None:
    path = Path(sys.argv[1])
    setattr(updating, "try_out", lambda *_: "")  # noqa: B010 - a trial changes nothing on the disk, and takes its time
    data = read_config(path).data
    ran: list[int | None] = []
    for number in itertools.count():
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(data.with_name("before"), data)
        child = os.fork()
        if child == 0:
            kill_before(number)
            take(path)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        running = begin(read_config(path), path).running
        ran.append(running)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        if number % EACH == 0:  # with the power back
            take(path)
            assert begin(read_config(path), path).running == 2
    sys.stdout.write("\n" + json.dumps({"killed": number, "ran": ran}))


if __name__ == "__main__":
    main()
