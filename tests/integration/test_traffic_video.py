"""`edge traffic` on two real clips, against what was noted by looking at their frames before it was run."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from edge.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHIN = 15  # frames
PLACES = (
    Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "facings" / "vtest.avi",
    Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi"),
)

# one-by-one-person-detection.mp4: the first frame that shows a part of the person, and the last (a heel, mostly).
# They come in at the bottom, stand at the table, and leave to the right.
VISITS = ((60, 199), (227, 449), (502, 700), (744, 869), (921, 1200), (1234, 1360))

# vtest.avi, 768 x 576: lines from top to bottom, as x, y1, y2 in pixels, and the frames in which the middle of a person
# passes x, noted on strips of the frames about the line. L: to the left (into), R: to the right (out). At `path` a man
# comes up to the line at 688, puts an arm over it and turns back; at `junction` two meet on the line at 779; a woman
# and a man walk on the grass, past the lower ends of `path` and `junction`.
LINES = {
    "path": (150, 130, 345),
    "junction": (330, 125, 385),
    "road": (560, 150, 430),
}
NOTED = {
    "path": "191L 214L 267L 288R 547L 613L 634R 649R 719L 743R",
    "junction": "10R 66L 95R 166L 186L 227L 263L 287L 300L 304R 323R 336R 341R 372L 450R 498L 575L 651L 668R 688R 696L "
    "716L 732R 760L 773R 779L 779R",
    "road": "10L 45L 51L 110R 117R 124R 137L 155L 173R 187R 188L 225L 250L 259L 361R 377R 383R 421L 453L 471R 496R "
    "508L 604L 610R 633L 672L 675L 717R 722L 728R 734R 743L 776R",
}


@dataclass(frozen=True)
class Passing:
    """Somebody passed a line in a frame."""

    line: str
    direction: str
    frame: int


def told(video: Path, *options: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["traffic", str(video), "--json", "--threads", "2", *options])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def matched(noted: Sequence[Passing], counted: Sequence[Passing]) -> int:
    """How many of the noted ones were counted, each by one that no other took, the nearest first."""
    pairs = sorted(
        (abs(one.frame - other.frame), i, j)
        for i, one in enumerate(noted)
        for j, other in enumerate(counted)
        if (one.line, one.direction) == (other.line, other.direction) and abs(one.frame - other.frame) <= WITHIN
    )
    left, right = set(), set()
    for _, i, j in pairs:
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
    return len(left)


def test_each_visit_of_the_one_by_one_clip_begins_and_ends_within_15_frames(shared_data: Path) -> None:
    rows = told(shared_data / "people" / "one-by-one-person-detection.mp4", "--frames", "5")
    came = [row["frame"] for row in rows if row["event"] == "came"]
    gone = [row["frame"] for row in rows if row["event"] == "gone"]
    assert len(came) == len(gone) == len(VISITS) == rows[-1]["people"]
    for (first, last), began, ended in zip(VISITS, came, gone, strict=True):
        assert abs(began - first) <= WITHIN
        assert abs(ended - last) <= WITHIN


@pytest.fixture(scope="module")
def crowd() -> Path:
    for path in PLACES:
        if path.is_file():
            return path
    pytest.skip("vtest.avi is absent: scripts/test fetches it out of Debian's package opencv-doc")


def test_the_crossings_of_three_lines_in_a_crowd_are_those_noted_by_eye(crowd: Path, tmp_path: Path) -> None:
    lines = [
        {"id": name, "start": [x / 768, top / 576], "end": [x / 768, bottom / 576]}
        for name, (x, top, bottom) in LINES.items()
    ]
    config = tmp_path / "lines.yaml"
    config.write_text(yaml.safe_dump({"lines": lines}))
    rows = told(crowd, "--config", str(config))
    counted = [Passing(row["line"], row["direction"], row["frame"]) for row in rows if row["event"] == "crossed"]
    noted = [
        Passing(name, "into" if one[-1] == "L" else "out", int(one[:-1]))
        for name, text in NOTED.items()
        for one in text.split()
    ]
    assert len(noted) == 70
    found = matched(noted, counted)
    assert found / len(noted) >= 0.9
    assert found / len(counted) >= 0.9
    totals = {line["line"]: line["into"] + line["out"] for line in rows[-1]["lines"]}
    assert sum(totals.values()) == len(counted)
