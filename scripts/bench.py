"""Speed of recognition and memory of the agent. See `./scripts/bench`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import typer
import yaml
from demo import DEVICE, FIXTURE, STORE, TENANT, collector, last_line
from demo_scene import CATALOGUES, ROOT, ZONE, rendered_scene

from edge.capture.folder import list_pictures
from edge.cli.bench import catalogue_in_words, in_words, machine
from edge.contract.errors import FacingsError
from edge.recognise.catalogue_speed import measure_catalogue
from edge.recognise.speed import measure_speed

EVERY = 0.05
"""Seconds between two looks at a process; its peak is kept by the kernel, so that none is missed but after the last."""


def main(
    *,
    threads: int = typer.Option(2, min=1, max=64, help="Threads of one inference."),
    rounds: int = typer.Option(30, min=1, help="Times each model is run."),
    enrolled: int = typer.Option(1000, "--enrol", min=0, help="SKUs that are enrolled; 0: enrolling is left out."),
    pictures: int = typer.Option(12, min=0, help="Pictures the agent works off for its memory; 0: memory is left out."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Time detector and recogniser on 640 x 640 pixels with 35 facings, and watch the memory of `edge run`.

    Example: ./scripts/bench --json
    """
    try:
        timings = measure_speed(threads=threads, rounds=rounds)
        report: dict[str, Any] = {"threads": threads, "rounds": rounds, **machine()}
        report["models"] = [asdict(timing) for timing in timings]
        large = measure_catalogue(threads=threads, rounds=rounds, enrolled=enrolled)
        report["catalogue"] = asdict(large)
        if pictures:
            report["edge_run_peak_mb"] = round(agent_peak(pictures) / 1e6, 1)
    except FacingsError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(report))
        return
    typer.echo(in_words(report, timings) + catalogue_in_words(large), nl=False)
    if pictures:
        typer.echo(f"edge run, {pictures} pictures: at most {report['edge_run_peak_mb']} MB")


def agent_peak(pictures: int) -> int:
    """Bytes that `edge run` held at most while it worked off the first pictures of the demo's day.

    Raises:
        FacingsError: the collector or the agent failed.
    """
    scene = rendered_scene(CATALOGUES / "demo")
    with tempfile.TemporaryDirectory(prefix="facings-bench-") as scratch, collector(scene, Path(scratch), 0) as sink:
        folder = Path(scratch)
        (folder / "frames").mkdir()
        for path in list_pictures(scene.pictures)[:pictures]:
            (folder / "frames" / path.name).symlink_to(path)
        config = {
            "device": {"tenant": TENANT, "store": STORE, "id": DEVICE},
            "zone": ZONE,
            "data": str(folder / "edge"),
            "broker": {"host": sink["broker_host"], "port": sink["broker_port"]},
            "cameras": [
                {
                    "id": "cam-1",
                    "fixture": FIXTURE,
                    "source": {**scene.source, "path": str(folder / "frames")},
                    "schedule": {"every": scene.every},
                }
            ],
            "fixtures": [
                {
                    "id": FIXTURE,
                    "catalogue": str(scene.catalogue.resolve()),
                    "own": [scene.own],
                    "planogram": str(scene.planogram),
                }
            ],
            "evidence": {"keep": "never"},
        }
        (folder / "agent.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        return watch(
            [sys.executable, "-m", "edge.cli.app", "run", "--config", str(folder / "agent.yaml")], folder / "agent.log"
        )


def watch(command: list[str], log: Path) -> int:
    """Run a command to its end and give the most bytes it held.

    Raises:
        FacingsError: it failed.
    """
    peak = 0
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT) as process:  # noqa: S603 - our own command
        while process.poll() is None:
            peak = max(peak, held(process.pid))
            time.sleep(EVERY)
    if process.returncode != 0:
        raise FacingsError("the agent failed", last_line(log))
    return peak


def held(pid: int) -> int:
    """Bytes a process held at most so far, or holds now where the kernel does not tell; 0 when it is gone."""
    status = Path(f"/proc/{pid}/status")
    try:
        if status.is_file():
            lines = status.read_text(encoding="utf-8").splitlines()
            return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
        return int(psutil.Process(pid).memory_info().rss)
    except (OSError, psutil.Error):
        return 0


if __name__ == "__main__":
    typer.run(main)
