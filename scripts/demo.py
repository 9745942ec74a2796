"""The demo: collector, agent and profile, on rendered frames or on a folder of photographs. See `./scripts/demo`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import typer
import urllib3
import yaml
from demo_scene import ROOT, ZONE, Scene, photographed_scene, rendered_scene
from demo_tables import tables
from rich.console import Console
from rich.progress import Progress

from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANT, STORE, DEVICE, FIXTURE = "demo", "demo-store", "demo-unit", "cooler-1"
AGENT_LOG, SINK_LOG = "agent.log", "sink.log"
PATIENCE = 60.0
"""Seconds a part may take to start, or to store what was sent last."""

console = Console()


def main(
    *,
    once: bool = typer.Option(False, "--once", help="End after the profile, with exit code 0."),
    frames: Path | None = typer.Option(None, metavar="FOLDER", help="A folder of photographs instead of the frames."),
    catalogue: Path | None = typer.Option(None, metavar="DIR", help="The catalogue that names what is on them."),
    save: Path | None = typer.Option(None, metavar="FILE", help="Also write the profile there, as JSON."),
    http_port: int = typer.Option(0, min=0, max=65535, help="The port of the pages; 0 takes a free one."),
) -> None:
    """Run the whole path, from camera frames to the store profile of a business day.

    Example: ./scripts/demo --frames photos --catalogue configs/catalogues/cooler-vn
    """
    # Ctrl-C and SIGTERM end it the same way: through every `finally`, so that nothing is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        scene = rendered_scene(catalogue) if frames is None else photographed_scene(frames, catalogue)
        with tempfile.TemporaryDirectory(prefix="facings-demo-") as folder:
            run(scene, Path(folder), http_port=http_port, save=save, once=once)
    except FacingsError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("stopped")
        raise typer.Exit(0 if not once else 130) from None


def run(scene: Scene, folder: Path, *, http_port: int, save: Path | None, once: bool) -> None:
    """Frames in, profile out; all that the parts write lies in `folder`.

    Raises:
        FacingsError: a part did not start or failed, or not one picture could be read.
    """
    console.print(f"[bold]{scene.title}[/bold]: {scene.count} pictures from {scene.pictures}", soft_wrap=True)
    with collector(scene, folder, http_port) as sink:
        url = f"{sink['http']}/api/v1/stores/{STORE}/profile?day={scene.day}"
        if scene.planogram is not None:
            plan(scene, sink["http"])
        watch_agent(scene, folder, sink, url)
        unread = unread_pictures(folder / AGENT_LOG)
        if len(unread) == scene.count:
            raise FacingsError(f"{scene.pictures}: not one picture could be read: {unread[0]}")
        profile = day_profile(url)
        for table in tables(profile, scene.truth, scene.names):
            console.print(table)
        for error in unread:
            console.print(f"not read: {error}", style="yellow", soft_wrap=True, markup=False)
        if save is not None:
            save.write_text(json.dumps(profile, indent=2, ensure_ascii=False), encoding="utf-8")
        if once:
            console.print(f"\nThe whole profile as JSON: {url}", soft_wrap=True)
            return
    port = urlsplit(sink["http"]).port or http_port
    with collector(scene, folder, port, access="users") as sink:
        console.print(f"\nThe pages, in a browser: [bold]{sink['http']}[/bold]", soft_wrap=True)
        console.print(f"Begin with this link, it works once: {first_link(folder)}", soft_wrap=True)
        console.print(f"The whole profile as JSON, once you have signed in: {url}", soft_wrap=True)
        console.print("`sink serve` stays up until Ctrl-C.")
        signal.pause()


def plan(scene: Scene, http: str) -> None:
    """Tell the collector the planogram that the device compares with, so that pages draw it.

    Raises:
        FacingsError: the collector refuses it.
    """
    assert scene.planogram is not None
    assigned = {"store": STORE, "fixture": FIXTURE, "since": str(scene.day), "name": FIXTURE, "version": 1}
    for path, kind, body in (
        (f"planograms/{FIXTURE}", "text/csv", scene.planogram.read_bytes()),
        ("planogram-assignments", "application/json", json.dumps({"assignments": [assigned]}).encode()),
    ):
        address = f"{http}/api/v1/{path}?tenant={TENANT}"
        answer = urllib3.request("PUT", address, body=body, headers={"Content-Type": kind}, timeout=10.0, retries=False)
        if answer.status != 200:  # noqa: PLR2004 - OK
            raise FacingsError(f"{address}: {answer.data.decode(errors='replace')}")


def first_link(folder: Path) -> str:
    """The one-time link of the first admin, as `sink serve` told it.

    Raises:
        FacingsError: it told none.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = re.search(r"http\S+/welcome/\S+", (folder / SINK_LOG).read_text(encoding="utf-8"))
        if found:
            return found[0]
        time.sleep(0.05)
    raise FacingsError("the collector told no link of the first admin", last_line(folder / SINK_LOG))


@contextmanager
def collector(
    scene: Scene, folder: Path, http_port: int, *, access: Literal["loopback", "users"] = "loopback"
) -> Iterator[dict[str, Any]]:
    """`sink serve` with its broker and database in `folder`; gives its addresses, and stops it in the end.

    With access `users` somebody has to sign in; what is stored stays.
    """
    config = {
        "data": str(folder / "sink"),
        "http": {"port": http_port, "access": access},
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
    ready, log = folder / "ready.json", folder / SINK_LOG
    ready.unlink(missing_ok=True)
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
            end(process)


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
    log = folder / AGENT_LOG
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT) as process:  # noqa: S603 - our own command
        try:
            with Progress(console=console, transient=True) as progress:
                task = progress.add_task("frame → facings → event → broker → collector", total=scene.count)
                while process.poll() is None:
                    progress.update(task, completed=captures(fetch(url)))
                    time.sleep(0.5)
        finally:
            end(process)
    if process.returncode != 0:
        raise FacingsError("the agent failed", last_line(log))


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a part to end, and make it end."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()


def unread_pictures(log: Path) -> list[str]:
    """What the agent said of pictures that could not be read."""
    lines = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{"))
    return [line["error"] for line in lines if line.get("event") == "camera.failing"]


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


if __name__ == "__main__":
    typer.run(main)
