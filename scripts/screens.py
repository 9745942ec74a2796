"""Pictures of every page over simulated stores. See `./scripts/screens`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import typer
from playwright.sync_api import Error, expect, sync_playwright

from cloud_sink.web.site import page_modules
from cloud_sink.web.words import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ViewportSize

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
PATIENCE = 300.0
"""Seconds that the stores may take to be simulated."""

QUALITY = 62
"""Of WebP: words of one pixel's width stay readable."""

WIDTHS: dict[str, ViewportSize] = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
STORE = "sh-01"
OTHERS = {"map": "/stores?view=map", "store": f"/stores/{STORE}", "fixture": f"/stores/{STORE}/fixtures/cooler-1"}
"""Pages that the navigation does not lead to."""


@dataclass(frozen=True, slots=True)
class Look:
    """A page as somebody sees it."""

    name: str
    path: str
    language: str
    width: str

    @property
    def file(self) -> str:
        """Its picture."""
        return f"{self.name}-{self.width}-{self.language}.webp"


def main(
    *,
    out: Path = typer.Option(ROOT / "docs" / "screens", help="Where the pictures go."),
    only: str = typer.Option("", help="The pages whose names begin so."),
    days: int = typer.Option(14, min=1, help="Business days that are simulated."),
    url: str = typer.Option("", help="A collector that runs, in place of simulated stores."),
) -> None:
    """Fill a collector with simulated stores, open every page and keep what it looks like.

    Example: ./scripts/screens --only today
    """
    out.mkdir(parents=True, exist_ok=True)
    looks = [
        Look(name, path, language, width)
        for name, path in pages().items()
        for language in CODES
        for width in WIDTHS
        if name.startswith(only)
    ]
    with tempfile.TemporaryDirectory(prefix="facings-screens-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        if url:
            total = sum(keep(browser, url, look, out) for look in looks)
        else:
            with town(Path(folder), days) as address:
                total = sum(keep(browser, address, look, out) for look in looks)
        browser.close()
    if not only:
        (out / "README.md").write_text(index(looks), encoding="utf-8")
    print(f"screens: {len(looks)} pictures, {total / 1e6:.1f} MB, in {out}")  # noqa: T201


def pages() -> dict[str, str]:
    """Every page by name: those of the navigation, and those that they lead to."""
    found = {one.PAGE.name: one.PAGE.path for one in page_modules() if one.PAGE is not None}
    return {**found, **OTHERS}


def index(looks: list[Look]) -> str:
    """The pictures by page, for who reads the folder."""
    lines = ["# Screens", "", "Simulated stores (模拟数据), as `./scripts/screens` keeps them.", ""]
    for name in dict.fromkeys(look.name for look in looks):
        links = [f"[{look.width}, {look.language}]({look.file})" for look in looks if look.name == name]
        lines.append(f"- **{name}**: {' · '.join(links)}")
    return "\n".join(lines) + "\n"


@contextmanager
def town(folder: Path, days: int) -> Iterator[str]:
    """A collector full of simulated stores; gives its address, and stops it in the end.

    Raises:
        SystemExit: it did not start.
    """
    ready = folder / "ready.json"
    command = [sys.executable, str(ROOT / "scripts" / "town.py"), "--http-port", "0", "--days", str(days)]
    command += ["--folder", str(folder / "town"), "--ready-file", str(ready)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:  # noqa: S603 - our own command
        try:
            deadline = time.monotonic() + PATIENCE
            while not ready.is_file():
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"screens: the collector did not start: {(folder / 'log').read_text()[-500:]}")
                time.sleep(0.1)
            yield str(json.loads(ready.read_text(encoding="utf-8"))["http"])
        finally:
            process.terminate()


def keep(browser: Browser, url: str, look: Look, out: Path) -> int:
    """Keep what a page looks like once all of it is there; gives the bytes of the picture."""
    context = browser.new_context(
        viewport=WIDTHS[look.width], locale=look.language, color_scheme="light", reduced_motion="reduce"
    )
    try:
        page = context.new_page()
        page.goto(url + look.path, wait_until="load")
        expect(page.locator(".htmx-request, .waiting")).to_have_count(0, timeout=60_000)
        page.wait_for_function("[...document.images].every((one) => one.complete || one.loading === 'lazy')")
        page.wait_for_timeout(400)  # until charts have drawn themselves
        png = page.screenshot()
    except Error as error:
        sys.exit(f"screens: {look.path}: {error}")
    finally:
        context.close()
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    file = out / look.file
    cv2.imwrite(str(file), picture, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    return file.stat().st_size


if __name__ == "__main__":
    typer.run(main)
