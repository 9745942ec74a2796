"""A whole agent for tests: its configuration, and the agent as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.edge.deliver.goods import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[3]
FRAMES = ROOT / "configs" / "demo" / "frames"
CATALOGUE = ROOT / "configs" / "catalogues" / "demo"
PLANOGRAM = ROOT / "configs" / "demo" / "planogram.csv"
PATIENCE = 240.0
"""Seconds for an agent to begin or to end: on a busy machine loading models takes long."""


def live_camera(folder: Path, *, camera: str = "cam-1", fixture: str = "cooler-1", every: str = "1s") -> dict[str, Any]:
    """A camera that gives the pictures of a folder one by one, as time goes by."""
    return {
        "id": camera,
        "fixture": fixture,
        "source": {"kind": "folder", "path": str(folder), "times": "now", "simulated": True},
        "schedule": {"every": every},
    }


def frames(folder: Path, number: int) -> Path:
    """A folder with so many pictures of the demo's day, over and over."""
    folder.mkdir(exist_ok=True)
    pictures = sorted(FRAMES.glob("*.jpg"))
    for index in range(number):
        (folder / f"{index:05}.jpg").symlink_to(pictures[index % 5])
    return folder


def write_config(folder: Path, *, port: int, **changes: Any) -> Path:
    """An agent at one cooler that is always open; parts of its configuration replaced."""
    content: dict[str, Any] = {
        "device": {"tenant": ADDRESS.tenant, "store": ADDRESS.store, "id": ADDRESS.device},
        "zone": "Asia/Ho_Chi_Minh",
        "data": "state",
        "hours": {"opens": "00:00", "closes": "23:59:59.999", "day_starts": "00:00"},
        "broker": {"host": "127.0.0.1", "port": port},
        "models": {"threads": 1},
        "fixtures": [{"id": "cooler-1"}],
        "health_every": "1s",
        **changes,
    }
    path = folder / "agent.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@contextmanager
def edge(*words: str, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """`edge` as a process; ended with the block, if it has not ended by then."""
    command = [sys.executable, "-m", "edge.cli.app", *words]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT, env={**os.environ, **(environment or {})})
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ended(process: subprocess.Popen[bytes], *, within: float = PATIENCE) -> int:
    """Its exit code; it ends within so many seconds."""
    began = time.monotonic()
    code = process.wait(within)
    assert time.monotonic() - began <= within
    return code
