"""Memory and disk of an agent over hours. See `./scripts/soak`."""

from __future__ import annotations

import http.server
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import typer
import yaml
from demo import DEVICE, FIXTURE, STORE, TENANT, collector, end, last_line
from demo_scene import CATALOGUES, ROOT, ZONE, rendered_scene
from prometheus_client.parser import text_string_to_metric_families

from edge.capture.folder import list_pictures
from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WARM_UP = 0.2
"""Share of the run in which memory is allowed to grow: arenas and caches take their size."""

WINDOWS = 20
"""Of the time after that; of each the least memory counts."""

SAMPLE_SECONDS = 1.0
PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the agent."""

    at: float  # seconds since the first look
    resident: int  # bytes, its children included
    written: int  # bytes given to the disk
    captures: float


def main(
    *,
    hours: float = typer.Option(24.0, min=0.001, help="How long to watch."),
    every: float = typer.Option(5.0, min=0.05, help="Seconds between two captures of each camera."),
    cameras: int = typer.Option(1, min=1, max=16, help="Cameras, each at a fixture of its own."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Run an agent on pictures over HTTP for hours; tell the slope of its memory after warming up.

    Example: ./scripts/soak --hours 24 --every 5
    """
    try:
        samples, lost = watch(hours * 3600, every=every, cameras=cameras)
    except FacingsError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    report = {"cameras": cameras, "every_seconds": every, **figures(samples), "events_lost": lost}
    typer.echo(json.dumps(report) if as_json else in_words(report))


def figures(samples: Sequence[Sample]) -> dict[str, float]:
    """The memory's line of best fit after warming up, and what was written.

    The line is that of the memory between captures: in a window of time, the least. While a frame is read, it takes its
    buffers and gives them back.

    Raises:
        FacingsError: fewer than ten looks after warming up.
    """
    steady = [one for one in samples if one.at >= WARM_UP * samples[-1].at]
    if len(steady) < 10:  # noqa: PLR2004 - a line through fewer says nothing
        raise FacingsError(f"{len(steady)} looks after warming up are too few", "run it for longer")
    each = max(1, len(steady) // WINDOWS)
    windows = [steady[first : first + each] for first in range(0, len(steady), each)]
    least = [min(window, key=lambda one: one.resident) for window in windows]
    slope = float(np.polyfit([one.at for one in least], [one.resident for one in least], 1)[0])
    done = steady[-1].captures - steady[0].captures
    seconds = steady[-1].at - steady[0].at
    return {
        "hours": round(samples[-1].at / 3600, 3),
        "captures": samples[-1].captures,
        "resident_mb_begin": round(least[0].resident / 1e6, 1),
        "resident_mb_end": round(least[-1].resident / 1e6, 1),
        "resident_mb_most": round(max(one.resident for one in samples) / 1e6, 1),
        "slope_mb_an_hour": round(slope * 3600 / 1e6, 2),
        "slope_kb_a_capture": round(slope * seconds / done / 1e3, 3) if done else 0.0,
        "written_mb_an_hour": round((steady[-1].written - steady[0].written) / seconds * 3600 / 1e6, 1),
    }


def in_words(report: dict[str, Any]) -> str:
    """The figures as a person reads them."""
    return (
        f"{report['captures']:.0f} captures of {report['cameras']} cameras in {report['hours']:g} h\n"
        f"memory: {report['resident_mb_begin']} MB after warming up, {report['resident_mb_end']} MB at the end, "
        f"at most {report['resident_mb_most']} MB; slope {report['slope_mb_an_hour']:+g} MB an hour, "
        f"{report['slope_kb_a_capture']:+g} KB a capture\n"
        f"disk: {report['written_mb_an_hour']} MB written an hour\n"
        f"events lost: {report['events_lost']}"
    )


def watch(seconds: float, *, every: float, cameras: int) -> tuple[list[Sample], int]:
    """Run collector and agent for so long; look at the agent once in a second.

    Returns:
        The samples, and how many events were still without a receipt after the agent had ended.

    Raises:
        FacingsError: the collector or the agent failed.
    """
    scene = rendered_scene(CATALOGUES / "demo")
    pictures = [path.read_bytes() for path in list_pictures(scene.pictures)]
    with (
        tempfile.TemporaryDirectory(prefix="facings-soak-") as scratch,
        collector(scene, Path(scratch), 0) as sink,
        serving(pictures) as camera_port,
    ):
        folder = Path(scratch)
        metrics = free_port()
        names = [f"cam-{number}" for number in range(1, cameras + 1)]
        config = {
            "device": {"tenant": TENANT, "store": STORE, "id": DEVICE},
            "zone": ZONE,
            "data": str(folder / "edge"),
            "hours": {"opens": "00:00", "closes": "23:59:59.999", "day_starts": "00:00"},
            "broker": {"host": sink["broker_host"], "port": sink["broker_port"]},
            "cameras": [
                {
                    "id": name,
                    "fixture": FIXTURE if number == 0 else f"{FIXTURE}-{number}",
                    "source": {"kind": "snapshot", "url": f"http://127.0.0.1:{camera_port}/{name}.jpg"},
                    "schedule": {"every": every},
                }
                for number, name in enumerate(names)
            ],
            "fixtures": [
                {
                    "id": FIXTURE if number == 0 else f"{FIXTURE}-{number}",
                    "catalogue": str(scene.catalogue.resolve()),
                    "own": [scene.own],
                    "planogram": str(scene.planogram),
                }
                for number in range(cameras)
            ],
            "health_every": "1m",
            "metrics": {"port": metrics},
        }
        file, log = folder / "agent.yaml", folder / "agent.log"
        file.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        command = [sys.executable, "-m", "edge.cli.app", "run", "--config", str(file)]
        with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT) as process:  # noqa: S603 - our own command
            try:
                samples = list(looks(process, metrics, seconds, log))
            finally:
                end(process)
        if process.returncode != 0:
            raise FacingsError("the agent failed", last_line(log))
        last = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        return samples, next((one["left"] for one in reversed(last) if one["event"] == "agent.stopped"), -1)


def looks(process: subprocess.Popen[bytes], metrics: int, seconds: float, log: Path) -> Iterator[Sample]:
    """Look at a running agent until so many seconds have passed since its first capture.

    Raises:
        FacingsError: it ended by itself, or took no picture.
    """
    agent = psutil.Process(process.pid)
    patience = time.monotonic() + PATIENCE
    began: float | None = None
    while began is None or time.monotonic() - began < seconds:
        time.sleep(SAMPLE_SECONDS)
        if process.poll() is not None:
            raise FacingsError("the agent ended", last_line(log))
        captures = captured(metrics)
        if began is None:
            if captures:
                began = time.monotonic()
            elif time.monotonic() > patience:
                raise FacingsError("the agent took no picture", last_line(log))
            continue
        family = [agent, *agent.children(recursive=True)]
        resident = sum(one.memory_info().rss for one in family)
        written = sum(one.io_counters().write_bytes for one in family)
        yield Sample(time.monotonic() - began, resident, written, captures)


def captured(port: int) -> float:
    """Captures so far, whatever became of them; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return 0.0
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "facings_captures_total"
    )


@contextmanager
def serving(pictures: Sequence[bytes]) -> Iterator[int]:
    """A network camera on loopback that shows one picture after the other, over and over; gives its port."""
    turn = itertools.cycle(pictures)

    class Camera(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = next(turn)
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def free_port() -> int:
    """A port of loopback that nothing listens on now."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        return int(server.server_address[1])


if __name__ == "__main__":
    typer.run(main)
