"""How fast and how heavy the pages are, with many stores stored. See `./scripts/bench pages`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer
from fleet_events import address
from playwright.sync_api import sync_playwright
from profile_served import serving
from profile_store import filled, fleet_until_yesterday
from screens import CHROMIUM, FLAGS, WIDTHS

from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

_WARM = 5
"""Requests before any is counted: templates are read, statements prepared."""

_VISITS = 5
"""Browsers that open the page anew, of which the median is told."""


@dataclass(frozen=True, slots=True)
class Line:
    """A connection, as Chromium's DevTools throttle one."""

    name: str
    latency_ms: float  # of each request
    kilobits: float  # a second, downwards

    def conditions(self) -> dict[str, Any]:
        """For `Network.emulateNetworkConditions`: bytes a second."""
        down = self.kilobits * 1000 / 8
        return {"offline": False, "latency": self.latency_ms, "downloadThroughput": down, "uploadThroughput": down / 2}


LINES = (
    Line("4G, 165 ms and 8.1 Mbit/s (DevTools: Fast 4G)", 165, 8100),
    Line("slow 4G, 150 ms and 1.6 Mbit/s (Lighthouse)", 150, 1600),
    Line("3G, 562.5 ms and 1.4 Mbit/s (DevTools: Slow 4G, once Fast 3G)", 562.5, 1440),
)


def main(
    *,
    stores: int = typer.Option(1000, min=1, help="Stores, a device and a fixture each."),
    days: int = typer.Option(14, min=1, max=365, help="Days that they observed."),
    captures: int = typer.Option(8, min=1, help="Captures of each store and day."),
    asked: int = typer.Option(100, min=20, help="Times each page is asked for."),
    keep: Path | None = typer.Option(None, metavar="FOLDER", help="Keep the filled store there, and use it again."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Time pages at the server, and in a browser over throttled connections; weigh what they load.

    Example: ./scripts/bench pages --keep /var/tmp/pages
    """
    load = os.getloadavg()[0]
    try:
        fleet = fleet_until_yesterday(stores, captures, days)
        with _folder(keep) as folder, filled(folder, fleet, None) as store:
            store.engine.dispose()
            with serving(folder) as served:
                report: dict[str, Any] = {"stores": stores, "days": days, "captures": captures}
                report["server"] = {
                    name: _time(served.http, lambda: served.cpu_seconds, path, asked)
                    for name, path in _paths(stores).items()
                }
                report["browser"] = _browse(served.http, f"/stores/{address(stores // 2).store}")
    except FacingsError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    report |= {"processors": os.cpu_count(), "load": f"{load:.1f} to {os.getloadavg()[0]:.1f}"}
    sys.stdout.write((json.dumps(report) if as_json else _in_words(report)) + "\n")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="facings-pages-", ignore_cleanup_errors=True) as scratch:
        yield Path(scratch) / "filled"


def _paths(stores: int) -> dict[str, Callable[[int], str]]:
    """Pages by name; the n-th address of each."""

    def store(n: int) -> str:
        return f"/stores/{address(n * 37 % stores).store}"

    return {
        "store": store,
        "fixture": lambda n: f"{store(n)}/fixtures/cooler-1",
        "today": lambda _: "/",
        "stores": lambda n: f"/stores?days=7&page={1 + n % 3}",
        "products": lambda _: "/products",
        "products, their list by itself": lambda _: "/products.list?days=7",
        "product": lambda n: f"/products/sku-{1 + n % 10:02}",
        "product, its stores by themselves": lambda n: f"/products/sku-{1 + n % 10:02}/stores?days=7",
        "promotions": lambda _: "/promotions",
        "replenishment": lambda _: "/replenishment",
        "settlement": lambda _: "/settlement",
    }


def _time(http: str, cpu: Callable[[], float], path: Callable[[int], str], asked: int) -> dict[str, float]:
    """Milliseconds from a request to its last byte, one after the other, and those that the processor worked."""
    where = urlsplit(http)
    link = HTTPConnection(where.hostname or "", where.port, timeout=60)
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}

    def ask(number: int) -> float:
        began = time.perf_counter()
        link.request("GET", path(number), headers=headers)
        answer = link.getresponse()
        answer.read()
        assert answer.status == HTTPStatus.OK, (path(number), answer.status)
        return 1000 * (time.perf_counter() - began)

    for number in range(_WARM):
        ask(asked + number)
    before = cpu()
    took = sorted(ask(number) for number in range(asked))
    link.close()
    return {
        "p50_ms": median(took),
        "p95_ms": quantiles(took, n=20)[-1],
        "cpu_ms": 1000 * (cpu() - before) / asked,
    }


def _browse(http: str, path: str) -> list[dict[str, Any]]:
    """What a browser tells of one page, over each connection."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        told = [_over(browser, http + path, line) for line in LINES]
        browser.close()
    return told


def _over(browser: Browser, url: str, line: Line) -> dict[str, Any]:
    first: list[float] = []
    again: list[float] = []
    weights: list[dict[str, float]] = []
    for _ in range(_VISITS):
        context = browser.new_context(viewport=WIDTHS["phone"])
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", line.conditions())
        kinds: dict[str, str] = {}
        weight: dict[str, float] = {}
        session.on(
            "Network.responseReceived", lambda told, kinds=kinds: kinds.update({told["requestId"]: told["type"]})
        )
        session.on(
            "Network.loadingFinished",
            lambda told, weight=weight: weight.update({told["requestId"]: told["encodedDataLength"]}),
        )
        for marks in (first, again):
            page.goto(url, wait_until="load")
            marks.append(page.evaluate(_PAINTED))
            if marks is first:
                page.wait_for_timeout(500)  # for what is asked for once the page stands
                weights.append(_weigh(kinds, weight))
        context.close()
    return {
        "line": line.name,
        "first_ms": median(first),
        "again_ms": median(again),
        "kilobytes": max(one["all"] for one in weights) / 1000,
        "kilobytes_by_kind": {name: size / 1000 for name, size in max(weights, key=lambda one: one["all"]).items()},
    }


_PAINTED = """() => new Promise((done) => {
  const told = (list) => list.find((one) => one.name === 'first-contentful-paint');
  const there = told(performance.getEntriesByType('paint'));
  if (there) return done(there.startTime);
  new PerformanceObserver((list) => { const one = told(list.getEntries()); if (one) done(one.startTime); })
    .observe({ type: 'paint', buffered: true });
})"""


def _weigh(kinds: dict[str, str], weight: dict[str, float]) -> dict[str, float]:
    """Bytes as they came, packed and with their headers; photographs are images and left out."""
    sums: dict[str, float] = {"all": 0.0}
    for request, size in weight.items():
        kind = kinds.get(request, "Other")
        if kind != "Image":
            sums[kind] = sums.get(kind, 0.0) + size
            sums["all"] += size
    return sums


def _in_words(report: dict[str, Any]) -> str:
    size = f"{report['stores']} stores, {report['days']} days of {report['captures']} captures"
    lines = [f"{size}; {report['processors']} processors, load {report['load']}"]
    lines += [
        f"{name:8} server {one['p50_ms']:6.0f} ms, p95 {one['p95_ms']:6.0f} ms; its processor {one['cpu_ms']:5.0f} ms"
        for name, one in report["server"].items()
    ]
    lines += [
        f"store    {one['line']}: first contentful paint {one['first_ms']:.0f} ms, the second time "
        f"{one['again_ms']:.0f} ms; {one['kilobytes']:.0f} kB"
        for one in report["browser"]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
