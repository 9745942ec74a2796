"""Speed of foot traffic: a film counted end to end, several cameras at once, and a shelf read beside them.

See `./scripts/bench --help`. Two figures are told of each run: frames a second by the clock, which hold on an idle
machine, and milliseconds of processor a frame, readers included, which hold on a busy one too.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import psutil
from demo_scene import CATALOGUES, RENDERED

from edge.capture.film import FilmWriter
from edge.capture.folder import list_pictures
from edge.capture.footage import open_footage
from edge.contract.config import FixtureSection, TrafficCameraSection
from edge.device.analysis import load_analyser
from edge.device.crew import give_way
from edge.device.people_counter import PeopleCounter
from edge.recognise.images import read_upright
from edge.recognise.manifest import MODELS, find_model
from edge.recognise.people import PeopleDetector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIDTH, HEIGHT, RATE = 768, 576, 10.0
SECONDS = 10.0
"""Of the drawn film."""

COUNTED: dict[str, Any] = {
    "lines": [{"id": "door", "start": [0.1, 0.5], "end": [0.9, 0.5]}],
    "zones": [{"id": "floor", "corners": [[0.1, 0.3], [0.9, 0.3], [0.9, 1.0], [0.1, 1.0]]}],
    "heat": {"rows": 9, "columns": 16},
}


def draw_film(path: Path) -> Path:
    """A film of moving patches, for where there is no real one: as much to decode, and nobody to follow."""
    rng = np.random.default_rng(7)
    floor = cv2.GaussianBlur(rng.integers(60, 200, (HEIGHT, WIDTH, 3), dtype=np.uint8), (0, 0), 2)
    with FilmWriter(path, rate=RATE) as writer:
        for number in range(round(SECONDS * RATE)):
            frame = np.asarray(floor, np.uint8).copy()
            for patch in range(6):
                x = (40 * patch + 9 * number * (1 + patch % 3)) % (WIDTH - 40)
                frame[80 * patch + 20 : 80 * patch + 110, x : x + 36] = 35 * patch
            writer.write(frame)
    return path


def traffic_camera(film: Path, number: int = 0, *, frames: float = 60.0, replayed: bool = True) -> dict[str, Any]:
    """The configuration of a camera that shows a film: as fast as can be, or as if now."""
    content = {"id": f"film-{number}", "source": {"kind": "video", "path": str(film)}, "frames": frames, **COUNTED}
    return content | ({"recorded": "2026-03-14T09:00:00+07:00"} if replayed else {})


class Counting:
    """One traffic camera at work in a thread of its own, as in the agent, without its outbox."""

    def __init__(self, content: dict[str, Any], *, most: int | None = None) -> None:
        section = TrafficCameraSection.model_validate(content)
        detector = PeopleDetector(find_model("people-detector", folder=MODELS), threads=1)
        self._counter = PeopleCounter(detector, section)
        self._source = open_footage(section)
        self._thread = threading.Thread(target=self._run)
        self._most = most
        self.frames = 0
        self.longest_gap = 0.0
        self._last: float | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of the film."""
        self._thread.join()

    def stop(self) -> None:
        """End now."""
        self._source.close()
        self._thread.join()

    def _run(self) -> None:
        give_way()
        while self.frames != self._most and (frame := self._source.capture()) is not None:
            self._counter.take(frame.image, at=frame.seconds)
            now = time.monotonic()
            if self._last is not None:
                self.longest_gap = max(self.longest_gap, now - self._last)
            self._last = now
            self.frames += 1
        self._source.close()


@dataclass(frozen=True, slots=True)
class TrafficTiming:
    """So many films counted at once, as fast as can be."""

    cameras: int
    cores: int  # that this process may use
    frames: int  # of each camera
    seconds: float
    cpu_ms_a_frame: float  # reading, people, tracks, counting

    @property
    def rate(self) -> float:
        """Frames a second of each camera."""
        return self.frames / self.seconds


def measure_counting(film: Path, *, cameras: int, most: int | None = None) -> TrafficTiming:
    """Count a film with so many cameras at once, or its first `most` frames."""
    at_work = [Counting(traffic_camera(film, number), most=most) for number in range(cameras)]
    began, spent = time.perf_counter(), _processor_seconds()
    for one in at_work:
        one.start()
    for one in at_work:
        one.join()
    seconds, spent = time.perf_counter() - began, _processor_seconds() - spent
    frames = sum(one.frames for one in at_work)
    return TrafficTiming(cameras, len(os.sched_getaffinity(0)), frames // cameras, seconds, 1000 * spent / frames)


@dataclass(frozen=True, slots=True)
class BesideTiming:
    """A shelf read again and again beside traffic cameras that are looked at ten times a second."""

    cameras: int
    read_ms: float  # median of a reading
    slowest_ms: float
    rate: float  # frames a second of each camera meanwhile; 0 without one
    longest_gap: float  # seconds between two frames of a camera; more than 2 s are not observed


def measure_beside(film: Path, *, cameras: int, rounds: int, threads: int) -> BesideTiming:
    """Read the first frames of the demo's day while people are counted."""
    fixture = FixtureSection(id="cooler", catalogue=CATALOGUES / "demo", planogram=RENDERED / "planogram.csv")
    analyser = load_analyser(fixture, threads=threads)
    images = [read_upright(path).image for path in list_pictures(RENDERED / "frames")[:4]]
    analyser.analyse(images[0])
    with _counting(film, cameras) as at_work:
        times = []
        before, began = sum(one.frames for one in at_work), time.perf_counter()
        for number in range(rounds):
            start = time.perf_counter()
            analyser.analyse(images[number % len(images)])
            times.append(1000 * (time.perf_counter() - start))
        seconds = time.perf_counter() - began
        rate = (sum(one.frames for one in at_work) - before) / seconds / max(1, cameras)
    gap = max((one.longest_gap for one in at_work), default=0.0)
    return BesideTiming(cameras, median(times), max(times), rate, gap)


@contextmanager
def _counting(film: Path, cameras: int) -> Iterator[list[Counting]]:
    at_work = [Counting(traffic_camera(film, number, frames=10.0, replayed=False)) for number in range(cameras)]
    for one in at_work:
        one.start()
    while any(one.frames < 5 for one in at_work):  # noqa: PLR2004 - until they are in their stride
        time.sleep(0.05)
    for one in at_work:
        one.longest_gap = 0.0
    try:
        yield at_work
    finally:
        for one in at_work:
            one.stop()


def _processor_seconds() -> float:
    """Of this process and its readers, living or dead."""
    me = psutil.Process()
    times = me.cpu_times()
    spent = times.user + times.system + times.children_user + times.children_system
    for reader in me.children(recursive=True):
        own = reader.cpu_times()
        spent += own.user + own.system
    return float(spent)


def in_words(counted: list[TrafficTiming], beside: list[BesideTiming]) -> str:
    """The figures as a technician reads them."""
    lines = [
        f"people, {one.cameras} x {WIDTH} x {HEIGHT} on {one.cores} cores: {one.rate:.1f} frames a second each, "
        f"{one.cpu_ms_a_frame:.1f} ms of processor a frame, {1000 / one.cpu_ms_a_frame:.1f} frames a second of a core"
        for one in counted
    ]
    lines += [
        f"a shelf beside {one.cameras} traffic cameras: {one.read_ms:.0f} ms a reading, {one.slowest_ms:.0f} at most; "
        f"people {one.rate:.1f} frames a second, at most {one.longest_gap:.2f} s between two"
        for one in beside
    ]
    return "\n".join(lines) + "\n"
