"""One collector full of simulated stores and one browser, for all tests of pages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

ROOT = Path(__file__).resolve().parents[3]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
PATIENCE = 120.0


@dataclass(slots=True)
class Town:
    """A running collector; `log` is what it says."""

    url: str
    broker_port: int
    log: Path

    @property
    def first_link(self) -> str:
        """The one-time link of the first admin, where there are users."""
        (link,) = re.findall(r"http://\S+/welcome/\S+", self.log.read_text(encoding="utf-8"))
        return str(link)


@contextmanager
def town(folder: Path, *options: str) -> Iterator[Town]:
    """`./scripts/town` with some options, on free ports."""
    ready, log = folder / "ready.json", folder / "log"
    command = [sys.executable, str(ROOT / "scripts" / "town.py"), "--http-port", "0", "--folder", str(folder / "town")]
    with (
        log.open("wb") as out,
        subprocess.Popen([*command, "--ready-file", str(ready), *options], stdout=out, stderr=out) as process,
    ):
        try:
            deadline = time.monotonic() + PATIENCE
            while not ready.is_file():
                assert process.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
                time.sleep(0.05)
            told = json.loads(ready.read_text(encoding="utf-8"))
            yield Town(told["http"], told["broker_port"], log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass(slots=True)
class Watched:
    """A page, and all that went wrong on it."""

    page: Page
    url: str
    troubles: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go somewhere and wait until what is loaded later is there."""
        self.page.goto(self.url + path, wait_until="load")
        self.settle()

    def settle(self) -> None:
        """Wait until no part of the page is being asked for."""
        expect(self.page.locator(".htmx-request, .waiting")).to_have_count(0, timeout=20_000)

    def axe(self) -> list[str]:
        """What axe-core finds, as one line each."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['nodes'][0]['target']} {one['nodes'][0]['failureSummary']}"
            for one in found["violations"]
        ]

    @property
    def is_too_wide(self) -> bool:
        """Whether one has to scroll sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@contextmanager
def visiting(
    browser: Browser, url: str, *, language: str = "en", phone: bool = False, dark: bool = False
) -> Iterator[Watched]:
    """A browser of somebody's own."""
    context = browser.new_context(
        viewport=PHONE if phone else DESK,  # type: ignore[arg-type]  # a dict with the same keys
        locale=language,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    watched = Watched(context.new_page(), url)

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            watched.troubles.append(f"console: {message.text}")

    def asked(request: Request) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            watched.troubles.append(f"asks elsewhere: {request.url}")

    watched.page.on("console", heard)
    watched.page.on("request", asked)
    watched.page.on("pageerror", lambda error: watched.troubles.append(f"error: {error}"))
    yield watched
    context.close()
