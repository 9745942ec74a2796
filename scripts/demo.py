"""The demo: collector, agent and profile, on rendered frames or on a folder of photographs. See `./scripts/demo`."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer
import urllib3
import yaml
from demo_tables import tables
from demo_truth import Truth, labelled_truth, rendered_truth
from rich.console import Console
from rich.progress import Progress

from edge.capture.folder import list_pictures
from edge.contract.catalogue import CatalogueFile
from edge.contract.errors import FacingsError
from edge.contract.files import load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
RENDERED = ROOT / "configs" / "demo"
CATALOGUES = ROOT / "configs" / "catalogues"
TENANT, STORE, DEVICE, FIXTURE = "demo", "demo-store", "demo-unit", "cooler-1"
ZONE = "Asia/Ho_Chi_Minh"
OPEN_SECONDS = 14 * 3600  # 08:00 to 22:00
PATIENCE = 60.0
"""Seconds a part may take to start, or to store what was sent last."""

console = Console()


@dataclass(frozen=True, slots=True)
class Scene:
    """What the demo looks at."""

    title: str
    pictures: Path
    count: int
    day: date
    source: dict[str, Any]
    every: float  # seconds between captures
    catalogue: Path
    own: str
    names: dict[str, str]  # SKU -> name
    planogram: Path | None
    quality: dict[str, float]
    truth: Truth | None
    simulated: bool


def main(
    *,
    once: bool = typer.Option(False, "--once", help="End after the profile, with exit code 0."),
    frames: Path | None = typer.Option(None, metavar="FOLDER", help="A folder of photographs instead of the frames."),
    catalogue: Path | None = typer.Option(None, metavar="DIR", help="The catalogue that names what is on them."),
    save: Path | None = typer.Option(None, metavar="FILE", help="Also write the profile there, as JSON."),
    http_port: int = typer.Option(0, min=0, max=65535, help="The port of the profile's URL; 0 takes a free one."),
) -> None:
    """Run the whole path, from camera frames to the store profile of a business day.

    Example: ./scripts/demo --frames photos --catalogue configs/catalogues/cooler-vn
    """
    try:
        scene = rendered_scene(catalogue) if frames is None else photographed_scene(frames, catalogue)
        console.print(f"[bold]{scene.title}[/bold]: {scene.count} pictures from {scene.pictures}")
        with (
            tempfile.TemporaryDirectory(prefix="facings-demo-") as folder,
            collector(scene, Path(folder), http_port) as sink,
        ):
            url = f"{sink['http']}/api/v1/stores/{STORE}/profile?day={scene.day}"
            watch_agent(scene, Path(folder), sink, url)
            profile = day_profile(url)
            for table in tables(profile, scene.truth, scene.names):
                console.print(table)
            if save is not None:
                save.write_text(json.dumps(profile, indent=2, ensure_ascii=False), encoding="utf-8")
            console.print(f"\nThe whole profile as JSON: {url}")
            if not once:
                console.print("The service stays up until Ctrl-C.")
                wait_for_ctrl_c()
    except FacingsError as error:
        console.print(f"error: {error}", style="red")
        raise typer.Exit(1) from None


def rendered_scene(catalogue: Path | None) -> Scene:
    """The committed day of rendered frames."""
    content = json.loads((RENDERED / "truth.json").read_text(encoding="utf-8"))
    folder = catalogue or CATALOGUES / "demo"
    listed = load_yaml(folder / "catalogue.yaml", CatalogueFile)
    return Scene(
        title="SIMULATED 模拟: a day at an invented cooler",
        pictures=RENDERED / "frames",
        count=len(list_pictures(RENDERED / "frames")),
        day=date.fromisoformat(content["day"]["date"]),
        source={"kind": "folder", "path": str(RENDERED / "frames"), "times": "names", "simulated": True},
        every=content["every_minutes"] * 60,
        catalogue=folder,
        own=content["owner"],
        names={sku.id: sku.name for sku in listed.skus},
        planogram=RENDERED / "planogram.csv",
        quality={},
        truth=rendered_truth(RENDERED / "truth.json", {sku.id for sku in listed.skus}),
        simulated=True,
    )


def photographed_scene(frames: Path, catalogue: Path | None) -> Scene:
    """A folder of photographs as one fixture's day: each photograph is a capture, own is whom most SKUs belong to."""
    pictures = (frames / "images" if (frames / "images").is_dir() else frames).resolve()
    folder = catalogue or CATALOGUES / "cooler-vn"
    listed = load_yaml(folder / "catalogue.yaml", CatalogueFile)
    owner_of = {sku.id: sku.owner for sku in listed.skus}
    own = Counter(owner_of.values()).most_common(1)[0][0] if owner_of else ""
    count = len(list_pictures(pictures))
    day = datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=1)
    return Scene(
        title="Photographs",
        pictures=pictures,
        count=count,
        day=day,
        source={"kind": "folder", "path": str(pictures), "times": "evenly", "day": day.isoformat()},
        every=math.ceil(OPEN_SECONDS * 1e6 / count) / 1e6,  # not a hair less, or one more would be due
        catalogue=folder,
        own=own,
        names={sku.id: sku.name for sku in listed.skus},
        planogram=None,
        # Photographs of different coolers: one is not to be judged by the one before it.
        quality={"sharpness": 0.0, "blocked": 1.0},
        truth=labelled_truth(pictures, owner_of, own),
        simulated=False,
    )


@contextmanager
def collector(scene: Scene, folder: Path, http_port: int) -> Iterator[dict[str, Any]]:
    """`sink serve` with its broker and database in `folder`; gives its addresses, and stops it in the end."""
    config = {
        "data": str(folder / "sink"),
        "http": {"port": http_port},
        "catalogues": [str(scene.catalogue.resolve())],
        "stores": [
            {
                "tenant": TENANT,
                "id": STORE,
                "name": "Demo store",
                "zone": ZONE,
                "fixtures": [{"id": FIXTURE, "name": "Cooler 1", "own": [scene.own]}],
            }
        ],
    }
    (folder / "sink.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    ready, log = folder / "ready.json", folder / "sink.log"
    command = [sys.executable, "-m", "cloud_sink.cli", "serve", "--config", str(folder / "sink.yaml")]
    command += ["--ready-file", str(ready)]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT) as process:  # noqa: S603 - our own command
        try:
            deadline = time.monotonic() + PATIENCE
            while not ready.is_file():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise FacingsError("the collector did not start", last_line(log))
                time.sleep(0.05)
            yield json.loads(ready.read_text(encoding="utf-8"))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def watch_agent(scene: Scene, folder: Path, sink: dict[str, Any], url: str) -> None:
    """Run `edge run` to the end of its pictures and show how many captures the collector holds."""
    fixture: dict[str, Any] = {"id": FIXTURE, "catalogue": str(scene.catalogue.resolve()), "own": [scene.own]}
    if scene.planogram is not None:
        fixture["planogram"] = str(scene.planogram)
    camera = {"id": "cam-1", "fixture": FIXTURE, "source": scene.source, "schedule": {"every": scene.every}}
    config = {
        "device": {"tenant": TENANT, "store": STORE, "id": DEVICE},
        "zone": ZONE,
        "data": str(folder / "edge"),
        "broker": {"host": sink["broker_host"], "port": sink["broker_port"]},
        "collector": {"url": sink["http"]},
        "cameras": [camera],
        "fixtures": [{**fixture, "quality": scene.quality}],
        "evidence": {"keep": "on_change" if scene.simulated else "never"},
    }
    (folder / "agent.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    command = [sys.executable, "-m", "edge.cli.app", "run", "--config", str(folder / "agent.yaml")]
    log = folder / "agent.log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT) as process:  # noqa: S603 - our own command
        try:
            with Progress(console=console, transient=True) as progress:
                task = progress.add_task("frame → facings → event → broker → collector", total=scene.count)
                while process.poll() is None:
                    progress.update(task, completed=captures(fetch(url)))
                    time.sleep(0.5)
        finally:
            process.terminate()
    if process.returncode != 0:
        raise FacingsError("the agent failed", last_line(log))


def captures(profile: dict[str, Any] | None) -> int:
    """Captures that the collector holds, used or not."""
    fixtures = profile["fixtures"] if profile else []
    return sum(one["captures"] + sum(one["rejected"].values()) for one in fixtures)


def fetch(url: str) -> dict[str, Any] | None:
    """The profile; None while the collector knows nothing of the store."""
    response = urllib3.request("GET", url, timeout=10.0, retries=False)
    answer: dict[str, Any] | None = response.json() if response.status == 200 else None  # noqa: PLR2004 - OK
    return answer


def day_profile(url: str) -> dict[str, Any]:
    """The profile after the last event.

    Raises:
        FacingsError: the collector knows nothing of the day.
    """
    profile = fetch(url)
    if profile is None:
        raise FacingsError("the collector has no profile of the day", "look whether the pictures can be read")
    return profile


def last_line(log: Path) -> str:
    """What a part said last."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def wait_for_ctrl_c() -> None:
    """Stay until the person had enough."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("stopped")


if __name__ == "__main__":
    typer.run(main)
