"""`edge analyse`: look at pictures and say what stands there."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from edge.cli.progress import track

if TYPE_CHECKING:
    from edge.capture.quality.measure import Measured
    from edge.device.analysis import Analysis
    from edge.recognise.detector import Detections
    from edge.recognise.people import PeopleDetector
    from edge.recognise.turns import Turn
    from edge.shelf.facing import Box


def analyse(
    *,
    # One that cannot be read is told as such below; it keeps nobody from the others.
    inputs: list[Path] = typer.Argument(
        ..., metavar="IMAGE|FOLDER|VIDEO…", readable=False, help="Pictures, folders of them, videos."
    ),
    catalogue: Path | None = typer.Option(None, metavar="DIR", help="Names the products; without it they have no SKU."),
    models: Path | None = typer.Option(None, metavar="DIR", help="Folder of models; without it the shipped one."),
    planogram: Path | None = typer.Option(None, metavar="FILE", help="Compares with this plan and prints KPIs."),
    min_score: float | None = typer.Option(
        None,
        min=0,
        max=1,
        help="Lowest detection score printed; without it the shipped threshold holds, and what is printed is counted. "
        "A lower one prints all that was found, also what stands behind or on another unit.",
    ),
    people: bool = typer.Option(False, "--people", help="Finds people as well: a box and a score for each."),
    draw: Path | None = typer.Option(None, metavar="DIR", help="Writes each picture there with what was seen on it."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line for each picture."),
    threads: int = typer.Option(2, min=1, max=64, help="Threads of one inference."),
) -> None:
    """Count the facings on pictures, shelf by shelf; name them with a catalogue; compare them with a planogram.

    Example: edge analyse cooler.jpg --catalogue configs/catalogues/cooler-vn
    """
    from edge.capture.pictures import expand, frames_of
    from edge.capture.quality.measure import measure
    from edge.contract.errors import ImageError
    from edge.device.analysis import load_analyser
    from edge.device.drawing import save_drawing
    from edge.recognise.manifest import MODELS

    if planogram is not None and catalogue is None:
        raise typer.BadParameter("needs --catalogue: a plan is written in its SKUs", param_hint="--planogram")
    paths = expand(inputs)
    analyser = load_analyser(None, catalogue=catalogue, planogram=planogram, models=models or MODELS, threads=threads)
    look = load_people_detector(models, threads=threads) if people else None
    failed = 0
    taken = {os.path.realpath(path) for path in paths}  # a drawing takes the place of no picture and of no other one
    for path in track(paths, "analyse"):
        try:
            for name, picture in frames_of(path):
                analysis = analyser.analyse(picture.image, min_score=min_score)
                row = describe(
                    name, analysis, measure(picture.image), turn=picture.turn, with_kpis=planogram is not None
                )
                if look is not None:
                    row["people"] = describe_people(look.detect(picture.image), analysis, turn=picture.turn)
                sys.stdout.write(json.dumps(row) + "\n" if as_json else in_words(row))
                sys.stdout.flush()
                if draw is not None:
                    save_drawing(_free(draw, Path(name).stem, taken), picture.image, analysis, analyser.plan)
        except ImageError as error:
            typer.echo(f"error: {error}", err=True)
            failed += 1
    if failed:
        typer.echo(f"{failed} of {len(paths)} failed", err=True)
        raise typer.Exit(1)


def _free(folder: Path, stem: str, taken: set[str]) -> Path:
    """A name in the folder that is not taken; from then on it is."""
    names = chain([f"{stem}.jpg"], (f"{stem}-{number}.jpg" for number in count(2)))
    path = next(folder / name for name in names if os.path.realpath(folder / name) not in taken)
    taken.add(os.path.realpath(path))
    return path


def describe(name: str, analysis: Analysis, measured: Measured, *, turn: Turn, with_kpis: bool) -> dict[str, Any]:
    """One picture as a JSON object; sizes and boxes are pixels of the file as stored, shelves those seen upright."""

    def stored(box: Box) -> list[float]:
        return [round(value, 2) for value in turn.stored_box(box, width=analysis.width, height=analysis.height)]

    width, height = turn.stored_size(analysis.width, analysis.height)
    row: dict[str, Any] = {
        "image": name,
        "width": width,
        "height": height,
        "quality": describe_quality(measured),
        "facings": [
            {
                "box": stored(facing.box),
                "score": round(facing.score, 4),
                "sku": facing.sku,
                "sku_score": None if facing.sku_score is None else round(facing.sku_score, 4),
                "status": facing.status,
                "shelf": facing.shelf,
                "position": facing.position,
            }
            for facing in (*analysis.facings, *analysis.others)
        ],
        "gaps": [{"box": stored(gap.box), "shelf": gap.shelf, "sku": gap.sku} for gap in analysis.gaps],
        "timings_ms": dict(analysis.timings_ms),
    }
    if with_kpis:
        from edge.device.observation import deviations_of, kpis_of

        kpis = analysis.kpis
        row["kpis"] = kpis_of(kpis, analysis.width).model_dump(mode="json") | {
            "purity": asdict(kpis.purity),
            "occupancy": kpis.occupancy,
            "linear_share": kpis.linear_share,
        }
        row["deviations"] = [deviation.model_dump(mode="json") for deviation in deviations_of(analysis.deviations)]
    return row


def load_people_detector(models: Path | None, *, threads: int) -> PeopleDetector:
    """The people detector of a folder of models; None for the shipped one."""
    from edge.recognise.manifest import find_model
    from edge.recognise.people import PeopleDetector

    return PeopleDetector(find_model("people-detector", folder=models), threads=threads)


def describe_people(found: Detections, analysis: Analysis, *, turn: Turn) -> list[dict[str, Any]]:
    """People of a picture, boxes in pixels of the file as stored."""
    size = {"width": analysis.width, "height": analysis.height}
    return [
        {"box": [round(value, 2) for value in turn.stored_box(tuple(box), **size)], "score": round(float(score), 4)}
        for box, score in zip(found.boxes.tolist(), found.scores, strict=True)
    ]


def describe_quality(measured: Measured) -> dict[str, Any]:
    """What a picture shows by itself, and why `edge run` would not use it: null when nothing speaks against it."""
    from edge.capture.quality.gate import judge_alone
    from edge.contract.config import QualityRules

    figures = {name: round(getattr(measured, name), 4) for name in ("brightness", "blown", "contrast", "featureless")}
    reason = judge_alone(measured, QualityRules())
    return {**figures, "sharpness": round(measured.sharpness, 1), "edges": round(measured.edges, 2), "reason": reason}


def in_words(row: dict[str, Any]) -> str:
    """The same for a person: a line per shelf from the top, what stands there from the left."""
    from edge.contract.errors import one_line

    facings, gaps = row["facings"], row["gaps"]
    people = f", {len(row['people'])} people" if "people" in row else ""
    lines = [f"{one_line(row['image'])}: {len(facings)} facings, {len(gaps)} gaps{people}"]
    for shelf in sorted({facing["shelf"] for facing in facings}, reverse=True):
        runs: list[tuple[str, int]] = []
        for facing in (facing for facing in facings if facing["shelf"] == shelf):
            label = {"recognised": facing["sku"], "unsure": f"{facing['sku'] or ''}?", "unknown": "-"}[facing["status"]]
            if runs and runs[-1][0] == label:
                runs[-1] = (label, runs[-1][1] + 1)
            else:
                runs.append((label, 1))
        lines.append(
            f"  shelf {shelf}: " + "  ".join(f"{label} x{count}" if count > 1 else label for label, count in runs)
        )
    for deviation in row.get("deviations", []):
        place = f"shelf {deviation['shelf']}" if deviation["shelf"] else "nowhere"
        lines.append(
            f"  {deviation['kind']}: {deviation['sku'] or 'unknown product'} on {place},"
            f" planned {deviation['planned']}, seen {deviation['seen']}"
        )
    return "\n".join(lines) + "\n"
