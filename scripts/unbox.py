"""A boxed device to let in on this machine. See `./scripts/unbox`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import segno
import typer
from bench_provision import EDGE, SINK, run, site
from demo import end
from demo_scene import CATALOGUES, RENDERED, ROOT

from edge.contract.errors import FacingsError
from edge.recognise.images import read_image
from models.scenes.spoiling import barred, defocused, exposed, turned

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

FRAMES = 5
"""Files that the camera's pictures are in, each taken anew all the time."""

PAUSE = 0.1
"""Seconds between two pictures."""

PICTURES = 20_000


def _as_it_is(picture: Picture, _rng: np.random.Generator) -> Picture:
    return picture


VIEWS: dict[str, Callable[[Picture, np.random.Generator], Picture]] = {
    "good": _as_it_is,
    "dark": lambda picture, rng: exposed(picture, -5.0, rng),
    "blurred": lambda picture, _rng: defocused(picture, 4.0),
    "tilted": lambda picture, _rng: turned(picture, 8.0),
    "cut": lambda picture, _rng: np.ascontiguousarray(picture[:, round(0.3 * picture.shape[1]) :]),
    "door": lambda picture, rng: barred(picture, (0.4 * picture.shape[1], 0.6 * picture.shape[1]), rng),
}
"""What can be before the camera, or wrong with it."""


def main(
    *,
    view: str = typer.Option("tilted", help=f"What the camera sees first: {', '.join(VIEWS)}."),
    host: str = typer.Option("localhost", help="The name or address by which a phone reaches this machine."),
    port: int = typer.Option(8443, min=0, max=65535, help="Of the device's page; 0 takes a free one."),
    folder: Path | None = typer.Option(None, metavar="DIR", help="Keep everything there; without it nothing is kept."),
) -> None:
    """Let a boxed device in with a phone, or with this machine's browser: claim, aim, prove, and run.

    The camera is a rendered cooler. Type another view's name, and the camera sees that: mend what the page says. In the
    end the agent runs until it is stopped with Ctrl-C.

    Example: ./scripts/unbox --host 192.168.1.20
    """
    if view not in VIEWS:
        raise typer.BadParameter(f"{view}: one of {', '.join(VIEWS)}", param_hint="--view")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends us ends broker, collector and device, too
    try:
        if folder is not None:
            folder.mkdir(parents=True)
            _unbox(folder.resolve(), view, (host, port))
            return
        with tempfile.TemporaryDirectory(prefix="facings-unbox-") as scratch:
            _unbox(Path(scratch), view, (host, port))
    except FileExistsError:
        typer.echo(f"{folder}: is there already; name a new folder", err=True)
        raise typer.Exit(1) from None
    except FacingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("everything is ended", err=True)


def _unbox(folder: Path, view: str, page: tuple[str, int]) -> None:
    camera = folder / "camera"
    Cooler(camera, view)
    template = {
        "cameras": [
            {"id": "cam-1", "source": {"kind": "folder", "path": str(camera), "times": "now", "simulated": True}}
        ],
        "fixtures": [
            {
                "id": "fixture",
                "catalogue": str(CATALOGUES / "demo"),
                "planogram": str(RENDERED / "planogram.csv"),
            }
        ],
    }
    typer.echo("an authority, a broker and a collector begin …", err=True)
    with site(folder, template) as url:
        words = ("--tenant", "acme", "--store", "s1", "--fixture", "f1", "--device", "unit-1", "--json")
        invited = json.loads(run(*SINK, "invite", *words, "--config", str(folder / "sink.yaml")))
        segno.make(invited["claim"]).terminal(out=sys.stderr, compact=True)
        typer.echo(f"the invitation, to scan or paste on the device's page:\n\n{invited['claim']}\n", err=True)
        typer.echo(f"the collector's pages: {url}\nviews to type for the camera: {', '.join(VIEWS)}\n", err=True)
        _work("aim", "--folder", str(folder / "device"), "--host", page[0], "--port", str(page[1]))
        typer.echo("the agent runs; Ctrl-C ends it", err=True)
        _work("run", "--config", str(folder / "device" / "agent.yaml"))


class Cooler:
    """A rendered cooler before a camera, which is a folder of pictures: no two are alike under a sensor's noise."""

    def __init__(self, camera: Path, view: str) -> None:
        self._now = camera / "now"
        self._now.mkdir(parents=True)
        self._rng = np.random.default_rng(0)
        self.show(view)
        for number in range(FRAMES):
            self._take(number)
        for number in range(PICTURES):
            (camera / f"{number:05}.jpg").symlink_to(self._now / f"{number % FRAMES}.jpg")
        for work in (self._live, self._hear):
            threading.Thread(target=work, daemon=True).start()

    def show(self, view: str) -> None:
        """Have the camera see one of `VIEWS` from now on."""
        self._seen = VIEWS[view](read_image(min((RENDERED / "frames").glob("*.jpg"))), self._rng)

    def _take(self, number: int) -> None:
        beside, noise = self._now / "next.jpg", self._rng.normal(0, 2, self._seen.shape)
        cv2.imwrite(str(beside), np.clip(self._seen + noise, 0, 255).astype(np.uint8))
        beside.replace(self._now / f"{number}.jpg")

    def _live(self) -> None:
        number = 0
        with suppress(FileNotFoundError):  # the end: the folder is gone
            while True:
                self._take(number % FRAMES)
                number += 1
                time.sleep(PAUSE)

    def _hear(self) -> None:
        for line in sys.stdin:
            view = line.strip()
            if view in VIEWS:
                self.show(view)
            if view:
                said = f"the camera sees: {view}" if view in VIEWS else f"{view}: one of {', '.join(VIEWS)}"
                typer.echo(said, err=True)


def _work(*words: str) -> None:
    """A command of the device until it ends.

    Raises:
        FacingsError: it fails.
    """
    with subprocess.Popen([*EDGE, *words], cwd=ROOT, stdin=subprocess.DEVNULL) as process:  # noqa: S603 - our own command
        try:
            failed = process.wait()
        except KeyboardInterrupt:
            end(process)
            raise
    if failed:
        raise FacingsError(f"edge {words[0]} ended with {failed}", "see what it says above")


if __name__ == "__main__":
    typer.run(main)
