"""How well gaps are found: on rendered fixtures, on the demo's day, and on store photographs whose gaps are boxed.

`python -m models.train.gaps rendered|demo|photographs`. A gap is found where a found one and a true one share half of
the narrower one's width and half of the lower one's height, each used once. Where nobody could tell, nothing is asked:
of a true gap less than 70 % in the frame, or half of it behind units, neither a find nor a miss counts; nor does a find
where the shelf is empty though nothing is planned there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.device.analysis import Analyser
    from models.scenes.camera import Camera
    from models.scenes.scene import Scene
    from models.scenes.truth import Truth

    Floats = NDArray[np.float64]

Box = tuple[float, float, float, float]

IN_FRAME, BEHIND = 0.7, 0.5
"""Shares of a true gap: at least so much is in the frame, and at most so much behind units, or it is not asked for."""

FREE_MM = 30.0
"""Free shelf wider than this and not planned: a gap found there is neither right nor wrong."""

DAY = date(2026, 1, 1)
"""Any: nothing is planned."""

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


@dataclass(frozen=True, slots=True)
class Score:
    """Counts that add up."""

    found: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.found + other.found, self.wrong + other.wrong, self.missed + other.missed)

    def __str__(self) -> str:
        precision = self.found / max(1, self.found + self.wrong)
        recall = self.found / max(1, self.found + self.missed)
        counts = f"{self.found} found, {self.wrong} wrong, {self.missed} missed"
        return f"precision {precision:.3f}, recall {recall:.3f} ({counts})"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be found in a picture, and where nothing counts."""

    gaps: Sequence[Box]
    free: Sequence[Box] = field(default=())


def score(found: Sequence[Box], asked: Asked) -> Score:
    """Match what was found with what is asked for, each once, in the order found."""
    left = list(asked.gaps)
    right = wrong = 0
    for box in found:
        match = next((gap for gap in left if _same_place(box, gap)), None)
        if match is not None:
            left.remove(match)
            right += 1
        elif not any(_lies_in(box, place) for place in asked.free):
            wrong += 1
    return Score(right, wrong, len(left))


def ask(scene: Scene, camera: Camera, truth: Truth) -> Asked:
    """What a rendered picture asks for."""
    units = [facing.box for facing in truth.facings]
    gaps: list[Box] = []
    free = _free_shelf(scene, camera)
    for box in _empty_columns(scene, camera):
        inside = _shared(box, (0.0, 0.0, float(truth.width), float(truth.height)))
        behind = sum(_shared(box, unit) for unit in units)
        clear = inside >= IN_FRAME * _area(box) and behind <= BEHIND * _area(box)
        (gaps if clear else free).append(box)
    return Asked(gaps, free)


def opening(scene: Scene, camera: Camera) -> Floats:
    """(32, 2) the corners of the fixture's opening in the picture, as an installer draws the region; lenses bend it."""
    fixture = scene.fixture
    bottom, share = fixture.shelves[0] - 15, np.linspace(0, 1, 8, endpoint=False)
    rise = fixture.height - bottom
    edges = [
        [(fixture.width * s, bottom, 0.0) for s in share],
        [(fixture.width, bottom + rise * s, 0.0) for s in share],
        [(fixture.width * (1 - s), fixture.height, 0.0) for s in share],
        [(0.0, fixture.height - rise * s, 0.0) for s in share],
    ]
    return camera.project(np.array(edges).reshape(-1, 3))


@app.command()
def rendered(
    count: Annotated[int, typer.Option(min=1, help="Fixtures to render.")] = 60,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the series; 977 and 978 were looked at while rules were made.")
    ] = 979,
) -> None:
    """Random coolers and racks without a plan; somebody in front is left to the quality gate.

    Example: python -m models.train.gaps rendered --count 60
    """
    from edge.device.analysis import Analyser  # noqa: PLC0415 - models load when a command runs
    from edge.device.plan import Plan, Plans  # noqa: PLC0415 - the same
    from edge.recognise.detector import ProductDetector  # noqa: PLC0415 - the same
    from edge.recognise.manifest import find_model  # noqa: PLC0415 - the same
    from models.scenes.random_scene import random_scene  # noqa: PLC0415 - the same
    from models.scenes.render import render  # noqa: PLC0415 - the same

    detector = ProductDetector(find_model("product-detector"), threads=1)
    totals = {"boxes of the truth": Score(), "detector": Score(), "detector, no region": Score()}
    for number in range(count):
        scene, camera, effects = random_scene(seed, number, gondolas=0.0)
        if effects.shoppers:
            continue
        picture, truth = render(scene, camera, effects, number, supersample=1.0)
        asked, corners = ask(scene, camera, truth), opening(scene, camera)
        region = tuple((float(x), float(y)) for x, y in corners / (truth.width, truth.height))
        within, anywhere = (
            Analyser(detector, None, Plans(Plan(region=corners_)), day=DAY).analyse(picture)
            for corners_ in (region, ())
        )
        totals["boxes of the truth"] += score(_from_truth(truth, corners), asked)
        totals["detector"] += score([gap.box for gap in within.gaps], asked)
        totals["detector, no region"] += score([gap.box for gap in anywhere.gaps], asked)
    for name, total in totals.items():
        typer.echo(f"{name}: {total}")


@app.command()
def demo(folder: Annotated[Path, typer.Option(help="The demo's folder.")] = Path("configs/demo")) -> None:
    """The pictures of the demo's day that are fit, end to end, with its planogram.

    Example: python -m models.train.gaps demo
    """
    from edge.device.analysis import load_analyser  # noqa: PLC0415 - models load when a command runs

    analyser = load_analyser(
        None, catalogue=Path("configs/catalogues/demo"), planogram=folder / "planogram.csv", threads=1
    )
    total = Score()
    for frame in json.loads((folder / "truth.json").read_text())["frames"]:
        if frame["state"] == "clear":
            found = _found(analyser, folder / frame["image"])
            total += score(found, Asked([tuple(gap["box"]) for gap in frame["gaps"]]))
    typer.echo(f"demo: {total}")


@app.command()
def photographs(
    folder: Annotated[Path, typer.Option(help="COCO boxes of gaps, and images.")] = Path(
        "../shared/data/store_cctv_dev"
    ),
) -> None:
    """Store photographs with boxed gaps, without region or plan.

    A box may be of several places: what is found within one is right, and a box is missed when nothing is.

    Example: python -m models.train.gaps photographs --folder ../shared/data/store_cctv_dev
    """
    from edge.device.analysis import load_analyser  # noqa: PLC0415 - models load when a command runs

    analyser = load_analyser(None, threads=1)
    content = json.loads((folder / "annotations.json").read_text())
    total = Score()
    for image in content["images"]:
        found = _found(analyser, folder / "images" / image["file_name"])
        boxes = [one["bbox"] for one in content["annotations"] if one["image_id"] == image["id"]]
        gaps: list[Box] = [(x, y, x + w, y + h) for x, y, w, h in boxes]
        right = [box for box in found if any(_lies_in(box, gap) for gap in gaps)]
        met = sum(any(_lies_in(box, gap) for box in right) for gap in gaps)
        typer.echo(f"{image['file_name']}: {len(gaps)} boxed, {met} met; {len(found)} found, {len(right)} in a box")
        total += Score(met, len(found) - len(right), len(gaps) - met)
    typer.echo(f"photographs: {total}")


def _found(analyser: Analyser, path: Path) -> list[Box]:
    from edge.recognise.images import read_image  # noqa: PLC0415 - OpenCV waits until a command runs

    return [gap.box for gap in analyser.analyse(read_image(path)).gaps]


def _from_truth(truth: Truth, region: Floats) -> list[Box]:
    """The gaps found from the true boxes of what is seen."""
    from edge.shelf.facing import Facing  # noqa: PLC0415 - with the others
    from edge.shelf.gaps import find_gaps  # noqa: PLC0415 - the same
    from edge.shelf.region import inside_region  # noqa: PLC0415 - the same
    from edge.shelf.rows import find_shelves  # noqa: PLC0415 - the same

    boxes = np.array([facing.box for facing in truth.facings], np.float64).reshape(-1, 4)
    boxes = boxes[inside_region(boxes, region)]
    shelves = find_shelves(boxes, np.full(len(boxes), 0.9))
    facings = [
        Facing((a, b, c, d), 0.9, int(shelves.shelf[at]), int(shelves.position[at]), None, None, "unknown")
        for at in shelves.front_row.tolist()
        for a, b, c, d in [boxes[at].tolist()]
    ]
    return [gap.box for gap in find_gaps(facings, region=region, frame=(truth.width, truth.height))]


def _empty_columns(scene: Scene, camera: Camera) -> list[Box]:
    """The whole boxes that front units would have, also outside the frame."""
    from models.scenes.scene import FRONT_MARGIN_MM  # noqa: PLC0415 - with the others

    boxes = []
    for column in scene.columns:
        if column.product is None:
            package = column.expected.package
            half, y = package.width_mm / 2, scene.fixture.shelves[column.shelf - 1]
            z = -FRONT_MARGIN_MM - package.depth_mm / 2
            boxes.append(_around(camera, (column.x - half, column.x + half), (y, y + package.height_mm), z))
    return boxes


def _free_shelf(scene: Scene, camera: Camera) -> list[Box]:
    """Stretches of shelf where nothing is planned."""
    boxes = []
    for shelf in range(1, len(scene.fixture.shelves) + 1):
        columns = sorted((one for one in scene.columns if one.shelf == shelf), key=lambda one: one.x)
        if not columns:
            continue
        halves = [(one.product or one.expected).package.width_mm / 2 for one in columns]
        ends = [0.0, *(x for one, h in zip(columns, halves, strict=True) for x in (one.x - h, one.x + h))]
        ends.append(scene.fixture.width)
        y = scene.fixture.shelves[shelf - 1]
        height = float(np.median([one.expected.package.height_mm for one in columns]))
        boxes += [
            _around(camera, (left, right), (y, y + height), -FREE_MM)
            for left, right in zip(ends[::2], ends[1::2], strict=True)
            if right - left > FREE_MM
        ]
    return boxes


def _around(camera: Camera, xs: tuple[float, float], ys: tuple[float, float], z: float) -> Box:
    seen = camera.project(np.array([(x, y, z) for x in xs for y in ys]))
    (x1, y1), (x2, y2) = seen.min(axis=0).tolist(), seen.max(axis=0).tolist()
    return x1, y1, x2, y2


def _same_place(a: Box, b: Box) -> bool:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width >= 0.5 * min(a[2] - a[0], b[2] - b[0]) and height >= 0.5 * min(a[3] - a[1], b[3] - b[1])


def _lies_in(box: Box, place: Box) -> bool:
    """Whether half of a box's width, and some of its height, lies within a place."""
    width = min(box[2], place[2]) - max(box[0], place[0])
    height = min(box[3], place[3]) - max(box[1], place[1])
    return width >= 0.5 * (box[2] - box[0]) and height >= 0.3 * (box[3] - box[1])


def _shared(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


if __name__ == "__main__":
    app()
