"""A device that takes a release, killed before any one of its changes to the disk: a process of its own.

`python -m tests.edge.update.crashing CONFIG NUMBER` forks a child for every change: the first is killed before the
first one, the next before the second, until one comes to its end under release NUMBER. After each, what the agent would
start with must be usable, and the environment that it lies in whole to the last file. It prints how many were killed,
and what ran after each.
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
from edge.update import next_agent, updating
from edge.update.begin import begin
from edge.update.building import Order, build_here, check_files, site_packages
from edge.update.environments import Environments
from edge.update.state import StateFiles
from edge.update.updating import Updating

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGES = ("fsync", "replace", "link", "unlink", "rmdir", "mkdir", "symlink", "sync")

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


def start(path: Path) -> int | None:
    """The release that runs after a start, in its environment; that one is looked at."""
    data = read_config(path).data
    slot = StateFiles(data / "updates").state().environment
    if slot is not None:
        environments = Environments(data)
        assert environments.fault(slot) == ""
        check_files(site_packages(environments.place(slot)))
    running = begin(read_config(path), path, slot=slot).running
    seal = None if slot is None else Environments(data).seal_of(slot)
    assert seal is None or seal.version == f"9.{running}"
    return running


def take(path: Path) -> None:
    """All that a device does with a release: from the question to a start under it that lasted."""
    filed = read_config(path)
    start(path)
    assert isinstance(filed.updates, UpdatesSection)
    one = Updating(filed, path, filed.updates, now=lambda: datetime.now(UTC), look=lambda: None)
    one._seen = time.monotonic() - updating.SETTLED
    if one._state.probation is None:
        one._look()
        one.tend(blind=frozenset(), closed=True)
        start(path)
    one = Updating(filed, path, filed.updates, now=lambda: datetime.now(UTC), look=lambda: None)
    one._seen = time.monotonic() - updating.SETTLED
    one._began -= filed.updates.healthy_after
    one.tend(blind=frozenset(), closed=True)


def build_in_this_process(order: Order, _stop: object) -> str:
    build_here(order)
    return ""


def main() -> None:
    path = Path(sys.argv[1])
    setattr(updating, "try_out", lambda *_: "")  # noqa: B010 - a trial changes nothing on the disk, and takes its time
    setattr(next_agent, "build", build_in_this_process)  # noqa: B010 - so that it is killed in the midst
    setattr(os, "sync", lambda: None)  # noqa: B010 - it waits for all that the whole machine writes
    data = read_config(path).data
    wanted = int(sys.argv[2])
    ran: list[int | None] = []
    for number in itertools.count():
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(data.with_name("before"), data, symlinks=True)
        child = os.fork()
        if child == 0:
            kill_before(number)
            take(path)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ran.append(start(path))
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        if number % EACH == 0:  # with the power back
            take(path)
            assert start(path) == wanted
    sys.stdout.write("\n" + json.dumps({"killed": number, "ran": ran}))


if __name__ == "__main__":
    main()
