"""The agent as a process: it takes a release and begins anew under it, by itself."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edge.update.state import StateFiles, UpdateState
from tests.edge.update.test_updating import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.edge.update.server import Repository
    from tests.releases import Fleet

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 240.0
"""Seconds: a trial loads the models four times, at low priority, on a machine that has other things to do."""


@contextmanager
def running(unit: Unit) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "edge.cli.app", "run", "--config", str(unit.path)]
    with (unit.path.parent / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_for(unit: Unit, process: subprocess.Popen[bytes], done: Callable[[UpdateState], bool]) -> UpdateState:
    deadline = time.monotonic() + PATIENCE
    while True:
        state = StateFiles(unit.data / "updates").state()
        if done(state):
            return state
        assert process.poll() is None, (unit.path.parent / "log").read_text()
        assert time.monotonic() < deadline, (unit.path.parent / "log").read_text()
        time.sleep(0.1)


def test_an_agent_takes_a_release_and_lasts_under_it(tmp_path: Path, fleet: Fleet, server: Repository) -> None:
    """Its broker and its camera are away all the while: neither is the release's fault."""
    fleet.settings(health_every="2m")
    unit = Unit(tmp_path / "unit", fleet, server.url, more=", when: any")
    text = unit.path.read_text().replace("every: 1h, healthy_after: 10m", "every: 1s, healthy_after: 1s")
    unit.path.write_text(text)
    with running(unit) as process:
        state = wait_for(unit, process, lambda one: one.running == 1 and one.probation is None)
        assert process.poll() is None
    assert state.set_aside == {}
    assert unit.running() == 1
