"""`edge traffic`: count the people of a video."""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from edge.cli.progress import watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.capture.film import FilmFrame
    from edge.contract.config import CountingSection
    from edge.traffic.footfall import FootfallRules, Observed
    from edge.traffic.totals import Totals
    from edge.traffic.tracker import Tracks

MIDDLE = {"lines": [{"id": "middle", "start": [0.5, 0.0], "end": [0.5, 1.0]}]}
"""What is counted where nothing is configured; into is from the right-hand side of the picture to the left."""


def traffic(
    *,
    video: Path = typer.Argument(..., metavar="VIDEO", readable=False, help="A video file."),
    config: Path | None = typer.Option(
        None,
        metavar="FILE",
        help="What is counted, YAML: lines, zones, front, heat. Without it one line in the middle.",
    ),
    models: Path | None = typer.Option(None, metavar="DIR", help="Folder of models; without it the shipped one."),
    frames: float | None = typer.Option(
        None, min=0.1, max=1000, help="Frames looked at in a second; without it what the configuration says."
    ),
    draw: Path | None = typer.Option(
        None,
        metavar="FILE",
        help="Writes the video there (.mp4 or .avi) with what was counted; people are painted over.",
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line: what happened, and the totals last."),
    threads: int = typer.Option(1, min=1, max=64, help="Threads of one inference."),
) -> None:
    """Count the people of a video: who crosses lines and which way, who stays in zones, who stops before the fixture.

    A configuration says, in shares of width and height:

        lines: [{id: door, start: [0.2, 0.6], end: [0.8, 0.6]}]

    Example: edge traffic aisle.mp4 --config configs/traffic.yaml
    """
    from edge.capture.film import Film, FilmWriter
    from edge.contract.config import CountingSection
    from edge.contract.files import load_yaml
    from edge.device.people_counter import PeopleCounter
    from edge.device.traffic_drawing import draw_traffic
    from edge.recognise.manifest import MODELS, find_model
    from edge.recognise.people import PeopleDetector

    section = CountingSection.model_validate(MIDDLE) if config is None else load_yaml(config, CountingSection)
    detector = PeopleDetector(find_model("people-detector", folder=models or MODELS), threads=threads)
    counter = PeopleCounter(detector, section)
    if config is None and sys.stderr.isatty():
        typer.echo("no --config: counting at a line down the middle, from right to left is into", err=True)
    with ExitStack() as open_files:
        film = open_files.enter_context(Film(video))
        book = Book(as_json, film.rate)
        rules = counter.rules_for(width=film.width, height=film.height)
        most = frames or section.frames
        writer = open_files.enter_context(FilmWriter(draw, rate=min(most, film.rate))) if draw is not None else None
        total = round(film.length * min(1.0, most / film.rate))
        for frame in watch(book.timed(film.frames(most=most)), "traffic", total=total):
            observed = counter.take(frame.image, at=frame.seconds)
            book.enter(observed)
            if writer is not None:
                writer.write(draw_traffic(frame.image, observed.tracks, rules, book.counts))
        totals = counter.finish()
    if totals is not None:
        book.close(totals, rules, section)


@dataclass(slots=True)
class Book:
    """Writes down what is counted, as it happens and at the end."""

    as_json: bool
    rate: float  # of the video, frames a second
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)  # into, out by line
    people: dict[int, tuple[float, float]] = field(default_factory=dict)  # first and last seen, of who is followed
    frames: int = 0
    began: float = field(default_factory=time.perf_counter)
    reading: float = 0.0  # seconds

    def timed(self, frames: Iterator[FilmFrame]) -> Iterator[FilmFrame]:
        """The frames; reading them is timed."""
        while True:
            began = time.perf_counter()
            frame = next(frames, None)
            self.reading += time.perf_counter() - began
            if frame is None:
                return
            self.frames += 1
            yield frame

    def enter(self, observed: Observed) -> None:
        """What one frame told."""
        for crossing in observed.crossings:
            into, out = self.counts.get(crossing.line, (0, 0))
            inward = crossing.direction == "into"
            self.counts[crossing.line] = (into + inward, out + (not inward))
            point = [round(value, 1) for value in crossing.point]
            where = {"line": crossing.line, "direction": crossing.direction, "point": point}
            self._tell("crossed", crossing.at, crossing.track, **where)
        for visit in observed.visits:
            self._tell(visit.kind, visit.at, visit.track, zone=visit.zone)
        self._follow(observed.tracks)

    def close(self, totals: Totals, rules: FootfallRules, section: CountingSection) -> None:
        """The totals."""
        for track in list(self.people):
            self._tell("gone", self.people.pop(track)[1], track)
        spent = time.perf_counter() - self.began
        row = describe(totals, rules, section) | {"frames": self.frames}
        count = max(1, self.frames)
        row["timings_ms"] = {
            "read": round(1000 * self.reading / count, 2),
            "all": round(1000 * spent / count, 2),
        }
        sys.stdout.write(json.dumps({"event": "totals", **row}) + "\n" if self.as_json else in_words(row))

    def _follow(self, tracks: Tracks) -> None:
        """Who came and who is gone; those who were never believed to be people are not told."""
        here = {int(tracks.ids[row]): row for row in tracks.confirmed.nonzero()[0]}
        for track, row in here.items():
            if track not in self.people:
                self._tell("came", float(tracks.since[row]), track)
            self.people[track] = (float(tracks.since[row]), float(tracks.last_seen[row]))
        for track in [one for one in self.people if one not in here]:
            self._tell("gone", self.people.pop(track)[1], track)

    def _tell(self, event: str, at: float, track: int, **where: object) -> None:
        row = {"event": event, "frame": round(at * self.rate), "seconds": round(at, 3), "track": track, **where}
        if self.as_json:
            sys.stdout.write(json.dumps(row) + "\n")
        elif event not in ("came", "gone"):
            place = f"{row['line']} {row['direction']}" if "line" in row else row["zone"]
            sys.stdout.write(f"frame {row['frame']:>6}  {row['seconds']:>9.2f} s  {event:<9} {place}\n")
        sys.stdout.flush()


def describe(totals: Totals, rules: FootfallRules, section: CountingSection) -> dict[str, Any]:
    """The totals as a JSON object."""
    from edge.device.counting import FRONT

    zones = [
        {
            "zone": zone.name,
            "visits": int(totals.visits[row]),
            "dwell_seconds": round(float(totals.dwell[row]), 2),
            "occupancy_mean": round(float(totals.occupancy[row]), 3),
            "occupancy_peak": int(totals.peak[row]),
            "loitering": int(totals.loitering[row]),
        }
        for row, zone in enumerate(rules.zones)
        if zone.name != FRONT
    ]
    front = next((row for row, zone in enumerate(rules.zones) if zone.name == FRONT), None)
    return {
        "seconds_observed": round(totals.observed, 3),
        "people": totals.people,
        "lines": [
            {"line": line.name, "into": int(totals.crossings[row, 0]), "out": int(totals.crossings[row, 1])}
            for row, line in enumerate(rules.lines)
        ],
        "zones": zones,
        "passers": None if front is None else int(totals.visits[front]),
        "stoppers": None if front is None else int(totals.stopped[front]),
        "heat": None if section.heat is None else totals.heat.round(2).tolist(),
    }


def in_words(row: dict[str, Any]) -> str:
    """The same for a person."""
    lines = [f"{row['seconds_observed']:.1f} s observed in {row['frames']} frames, {row['people']} people followed"]
    lines += [f"line {one['line']}: {one['into']} into, {one['out']} out" for one in row["lines"]]
    lines += [
        f"zone {one['zone']}: {one['visits']} visits, {one['dwell_seconds']:.1f} s in all, "
        f"at most {one['occupancy_peak']} at once, {one['loitering']} loitering"
        for one in row["zones"]
    ]
    if row["passers"] is not None:
        lines.append(f"in front of the fixture: {row['passers']} passers, {row['stoppers']} stoppers")
    lines.append(f"{row['timings_ms']['all']:.1f} ms a frame, {row['timings_ms']['read']:.1f} of it reading")
    return "\n".join(lines) + "\n"
