"""Count every figure of a store's profile anew from its raw events, over the API alone, and name each difference."""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.parse
import urllib.request
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import yaml
from kpis.profile import BEFORE, Question, count_of, differences, recount
from kpis.told import Hours, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpis.told import Json

SLICE = timedelta(days=200)
"""Days of events that are asked for at once."""

SHOWN = 40


def main() -> int:
    """Compare; 1 where a figure differs."""
    asked = arguments().parse_args()
    ask = Asker(asked.url, {"store": asked.store} | ({"tenant": asked.tenant} if asked.tenant else {}))
    profile = ask.get(f"/api/v1/stores/{asked.store}/profile", since=asked.since, day=asked.until)
    hours = Hours(ZoneInfo(profile["place"]["zone"]), asked.day_starts, asked.opens, asked.closes)
    today = datetime.now(UTC).date() + timedelta(days=1)
    told = read(
        [one for kind in KINDS for one in ask.events(kind, asked.since - BEFORE, today)],
        ask.pages("/api/v1/corrections", "corrections"),
        hours,
    )
    counted = recount(
        told,
        Question(
            since=asked.since,
            until=asked.until,
            hours=hours,
            products=products(asked.catalogue),
            fixtures=asked.fixture,
            now=datetime.now(UTC),
            letters=profile["grade"]["bounds"],
        ),
    )
    wrong = [*told.faults, *differences(counted, ordered(profile))]
    for line in wrong[:SHOWN]:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{count_of(counted)} figures from {len(told.events)} events, {len(wrong)} differ\n")
    return int(bool(wrong))


KINDS = (
    "shelf.observed.v1",
    "capture.rejected.v1",
    "stockout.opened.v1",
    "stockout.closed.v1",
    "traffic.counted.v1",
    "cooler.door.v1",
    "cooler.status.v1",
    "device.health.v1",
    "outbox.dropped.v1",
)


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="./scripts/recount",
        description=__doc__,
        epilog="A key stands in FACINGS_KEY. Example: ./scripts/recount http://127.0.0.1:8080 s1 2026-03-01 2026-03-31",
    )
    parser.add_argument("url", help="of the sink, such as http://127.0.0.1:8080")
    parser.add_argument("store", help="the store's id")
    parser.add_argument("since", type=date.fromisoformat, help="the first business day")
    parser.add_argument("until", type=date.fromisoformat, help="the last one, included")
    parser.add_argument("--tenant", help="whose, where there are several")
    parser.add_argument("--catalogue", type=Path, action="append", default=[], help="a folder with catalogue.yaml")
    parser.add_argument("--fixture", action="append", default=[], help="a fixture of the master data, in its order")
    parser.add_argument("--opens", type=time.fromisoformat, default=time(8))
    parser.add_argument("--closes", type=time.fromisoformat, default=time(22))
    parser.add_argument("--day-starts", type=time.fromisoformat, default=time(4))
    return parser


class Asker:
    """Asks the API; `always` goes with every question."""

    def __init__(self, url: str, always: dict[str, str]) -> None:
        self._url = url
        self._always = always
        key = os.environ.get("FACINGS_KEY")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, **query: Any) -> Any:
        """One answer."""
        text = urllib.parse.urlencode(self._always | query)
        request = urllib.request.Request(f"{self._url}{path}?{text}", headers=self._headers)  # noqa: S310 - the user's
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)

    def pages(self, path: str, name: str, **query: Any) -> Iterator[Json]:
        """All of a list, page by page."""
        cursor: Json = {}
        while True:
            page = self.get(path, limit=1000, **query, **cursor)
            yield from page[name]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def events(self, kind: str, since: date, until: date) -> Iterator[Json]:
        """All events of a type."""
        while since <= until:
            last = min(until, since + SLICE)
            yield from self.pages("/api/v1/events", "events", type=kind, since=since, until=last)
            since = last + timedelta(days=1)


def products(folders: list[Path]) -> dict[str, Json]:
    """The SKUs of some catalogues by id."""
    defaults = {"category": "other", "gtin": None}
    files = [yaml.safe_load((folder / "catalogue.yaml").read_text(encoding="utf-8")) for folder in folders]
    return {sku["id"]: defaults | sku for file in files for sku in file["skus"]}


def ordered(profile: Json) -> Json:
    """The profile, with groups by name: equal ones have no order of their own."""
    for goods in (profile["goods"], *(one["goods"] for one in profile["fixtures"])):
        for name in ("brands", "categories", "owners"):
            goods[name].sort(key=lambda one: (one["category"] or "", one["name"]))
    return profile


if __name__ == "__main__":
    sys.exit(main())
