"""Speed of recognition and memory of the agent. See `./scripts/bench`."""

from __future__ import annotations

import contextlib
import json
import math
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
import typer
import yaml
from bench_traffic import draw_film, measure_beside, measure_counting, traffic_camera
from bench_traffic import in_words as traffic_in_words
from demo import DEVICE, FIXTURE, STORE, TENANT, collector, last_line
from demo_scene import CATALOGUES, ROOT, ZONE, rendered_scene

from edge.capture.folder import list_pictures
from edge.cli.bench import catalogue_in_words, in_words, machine
from edge.contract.errors import FacingsError
from edge.deliver.outbox_look import look_into
from edge.recognise.catalogue_speed import measure_catalogue
from edge.recognise.speed import measure_speed

if TYPE_CHECKING:
    from collections.abc import Sequence

EVERY = 0.05
"""Seconds between two looks at a process; its peak is kept by the kernel, so that none is missed but after the last."""


def main(
    *,
    threads: int = typer.Option(2, min=1, max=64, help="Threads of one inference."),
    rounds: int = typer.Option(30, min=1, help="Times each model is run."),
    enrolled: int = typer.Option(1000, "--enrol", min=0, help="SKUs that are enrolled; 0: enrolling is left out."),
    pictures: int = typer.Option(12, min=0, help="Pictures the agent works off for its memory; 0: memory is left out."),
    traffic: int = typer.Option(2, min=0, help="Cameras that count people at once; 0: foot traffic is left out."),
    film: Path | None = typer.Option(None, metavar="VIDEO", help="People to count; without it a film is drawn."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Time detector, recogniser and the counting of people, and watch the memory of `edge run`.

    Example: ./scripts/bench --json
    """
    try:
        timings = measure_speed(threads=threads, rounds=rounds)
        report: dict[str, Any] = {"threads": threads, "rounds": rounds, **machine()}
        report["models"] = [asdict(timing) for timing in timings]
        large = measure_catalogue(threads=threads, rounds=rounds, enrolled=enrolled)
        report["catalogue"] = asdict(large)
        with tempfile.TemporaryDirectory(prefix="facings-bench-") as scratch:
            shown = film or (draw_film(Path(scratch) / "film.avi") if traffic else None)
            counted = (
                [measure_counting(shown, cameras=number) for number in sorted({1, traffic})]
                if shown and traffic
                else []
            )
            beside = (
                [measure_beside(shown, cameras=number, rounds=rounds, threads=threads) for number in range(traffic + 1)]
                if shown and traffic
                else []
            )
            report["traffic"] = [asdict(one) for one in counted]
            report["shelf_beside_traffic"] = [asdict(one) for one in beside]
            if pictures:
                alone = run_agent(pictures)
                report["edge_run_peak_mb"] = round(alone.agent / 1e6, 1)
                report["edge_run_first_event_seconds"] = round(alone.first, 2)
                if shown is not None and traffic:
                    both = run_agent(pictures, traffic=[traffic_camera(shown)])
                    report["edge_run_with_traffic_peak_mb"] = round(both.agent / 1e6, 1)
                    report["readers_peak_mb"] = round(both.readers / 1e6, 1)
    except FacingsError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(report))
        return
    typer.echo(in_words(report, timings) + catalogue_in_words(large) + traffic_in_words(counted, beside), nl=False)
    if pictures:
        typer.echo(
            f"edge run, {pictures} pictures: at most {report['edge_run_peak_mb']} MB; "
            f"{report['edge_run_first_event_seconds']} s from its start to the first observation in the outbox"
        )
    if "readers_peak_mb" in report:
        typer.echo(
            f"edge run with a traffic camera: at most {report['edge_run_with_traffic_peak_mb']} MB, "
            f"its reader {report['readers_peak_mb']} MB"
        )


class Watched(NamedTuple):
    """What was seen of an agent at work."""

    agent: int  # bytes that it held at most
    readers: int  # bytes that its children, which read the cameras, had for themselves at most
    first: float  # seconds from its start until an observation was safe in its outbox; infinite when none ever was


def run_agent(pictures: int, *, traffic: Sequence[dict[str, Any]] = ()) -> Watched:
    """Watch `edge run` work off the first pictures of the demo's day.

    Args:
        pictures: how many.
        traffic: cameras that count people meanwhile.

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
            "traffic": list(traffic),
        }
        (folder / "agent.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        return watch(
            [sys.executable, "-m", "edge.cli.app", "run", "--config", str(folder / "agent.yaml")],
            log=folder / "agent.log",
            outbox=folder / "edge" / "outbox.db",
        )


def watch(command: list[str], *, log: Path, outbox: Path) -> Watched:
    """Run an agent to its end.

    Raises:
        FacingsError: it failed.
    """
    peak = children = 0
    began, first = time.monotonic(), math.inf
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT) as process:  # noqa: S603 - our own command
        while process.poll() is None:
            peak = max(peak, held(process.pid))
            children = max(children, held_by_children(process.pid))
            if math.isinf(first) and observed(outbox):
                first = time.monotonic() - began
            time.sleep(EVERY)
    if process.returncode != 0:
        raise FacingsError("the agent failed", last_line(log))
    return Watched(peak, children, first)


def observed(outbox: Path) -> bool:
    """Whether an outbox holds an observation."""
    with contextlib.suppress(FacingsError):
        look = look_into(outbox)
        return look is not None and bool(look.captures)
    return False


def held_by_children(pid: int) -> int:
    """Bytes that the children of a process have for themselves now."""
    octets = 0
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            octets += int(child.memory_full_info().uss)
    return octets


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
