"""`edge evaluate`: measure detector and recogniser on labelled photographs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge.recognise.catalogue import Catalogue
    from edge.recognise.datasets import Dataset
    from edge.recognise.detector import ProductDetector
    from edge.recognise.measures import Figure, Judged, Seen
    from edge.recognise.mistakes import Mistake
    from edge.recognise.recogniser import SkuRecogniser

_FAINT = 0.01  # average precision wants the faint detections too
_DIGITS = 6  # of the curve's shares in JSON


def evaluate(
    *,
    dataset: Annotated[Path, typer.Argument(help="COCO, YOLO or VOC folder", metavar="DATASET")],
    catalogue: Annotated[Path | None, typer.Option(help="folder of the catalogue; without it, detection only")] = None,
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="folder of models; without it the shipped one")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="a COCO file to use instead of the folder's own")] = None,
    threads: Annotated[int, typer.Option(min=1, help="threads of inference")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="writes a page there with a picture of every mistake")
    ] = None,
) -> None:
    """Measure what is found and recognised against a truth, with 95 % intervals by bootstrap over photographs.

    A truth gone through by hand (annotations_audited.json) is preferred; the raw one is then reported beside it. The
    page of --report opens in a browser from disk and keeps to the preferred truth.

    Example: edge evaluate shelf-photos --catalogue configs/catalogues/cooler-vn
    """
    from edge.recognise.datasets import AUDITED, RAW, read_dataset
    from edge.recognise.detector import ProductDetector
    from edge.recognise.manifest import find_model
    from edge.recognise.report.folder import claim, write_report
    from edge.recognise.report.page import Evaluation

    sets = [read_dataset(dataset, truth=truth)]
    if sets[0].truth == AUDITED and truth is None and (dataset / RAW).is_file():
        sets.append(read_dataset(dataset, truth=dataset / RAW))
    recogniser = _open_recogniser(catalogue, models, threads) if catalogue else None
    detector = ProductDetector(find_model("product-detector", folder=models), threads=threads)
    if report is not None:
        claim(report)
    seen = _look(sets[0], detector, recogniser)
    known = recogniser.catalogue if recogniser else None
    measured = [measure(labelled, _with_truth(seen, labelled), known) for labelled in sets]
    figures = [row for row, _ in measured]
    if report is not None:
        write_report(report, Evaluation(str(dataset), *measured[0], shown_from=detector.shipped_score))
    if as_json:
        extra = {"raw": figures[1]} if len(figures) > 1 else {}
        sys.stdout.write(json.dumps({"dataset": str(dataset), **figures[0], **extra}) + "\n")
    else:
        sys.stdout.write(table(str(dataset), figures))


def measure(dataset: Dataset, seen: list[Seen], catalogue: Catalogue | None) -> tuple[dict[str, Any], list[Mistake]]:
    """All figures of one truth, ready for JSON, and all mistakes."""
    from edge.recognise import measures
    from edge.recognise.mistakes import count_outcomes, find_mistakes

    skus = set(catalogue.skus) if catalogue else set()
    judged = measures.judge(seen, skus) if catalogue else []
    mistakes = find_mistakes(seen, skus)
    ap50, ap = _average_precision(seen)
    figures = {"ap50": ap50, "ap": ap, "facings_error": measures.count_error(seen)}
    result: dict[str, Any] = {
        "truth": dataset.truth,
        "photos": len(seen),
        "facings": sum(photo.facings for photo in dataset.photos),
        "outcomes": asdict(count_outcomes(seen, judged, mistakes)),
    }
    if catalogue is None:
        return result | {name: asdict(figure) for name, figure in figures.items()}, mistakes
    figures |= {
        "sku_top1": measures.share(judged, lambda j: j.right, lambda j: j.listed),
        "recognised_precision": measures.share(judged, lambda j: j.right, lambda j: j.said.status == "recognised"),
        "recognised_coverage": measures.share(judged, lambda j: j.said.status == "recognised", lambda _: True),
        "unlisted_not_recognised": measures.share(
            judged, lambda j: j.said.status != "recognised", lambda j: not j.listed
        ),
    }
    classes = measures.class_average_precision(seen)
    enough = {
        sku: row[0]
        for sku, row in classes.items()
        if row[1] >= measures.CLASS_BOXES and row[2] >= measures.CLASS_PHOTOS and sku in skus
    }
    return (
        result
        | {name: asdict(figure) for name, figure in figures.items()}
        | {
            "judged": sum(len(row) for row in judged),
            "unlisted": sum(not j.listed for row in judged for j in row),
            "map50": sum(enough.values()) / len(enough) if enough else None,
            "map50_classes": len(enough),
            "classes": {
                sku: {"ap50": row[0], "boxes": row[1], "photos": row[2], "in_map50": sku in enough}
                for sku, row in classes.items()
            },
            "catalogue": catalogue.name,
        }
        | _by_score(judged)
    ), mistakes


def _average_precision(seen: list[Seen]) -> tuple[Figure, Figure]:
    """AP50 and AP: the values by pycocotools, as everybody else computes them; the intervals by our own bootstrap."""
    from edge.recognise.evaluation import coco_average_precision, coco_truth
    from edge.recognise.measures import average_precision

    ap50, ap = average_precision(seen)
    if ap50.value is None:
        return ap50, ap
    theirs = coco_average_precision(
        coco_truth([one.truth for one in seen]), {number: one.found for number, one in enumerate(seen)}
    )
    return replace(ap50, value=theirs.ap50), replace(ap, value=theirs.ap)


def _by_score(judged: list[list[Judged]]) -> dict[str, Any]:
    """What SKUs are taken for which, and what the scores of the best SKUs are worth."""
    import numpy as np

    from edge.recognise.confusion import confusion
    from edge.recognise.coverage import coverage_precision
    from edge.recognise.reliability import expected_calibration_error, reliability

    flat = [j for row in judged for j in row]
    scores = np.array([j.said.score for j in flat], np.float64)
    right = np.array([j.right for j in flat], np.bool_)
    bins = reliability(scores, right)
    return {
        "confusion": [asdict(cell) for cell in confusion(flat)],
        "coverage_precision": [_rounded(asdict(point)) for point in coverage_precision(scores, right)],
        "reliability": [_rounded(asdict(one)) for one in bins],
        "ece": expected_calibration_error(bins),
    }


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, _DIGITS) if isinstance(value, float) else value for name, value in row.items()}


_ROWS = (
    ("ap50", "detection, AP50"),
    ("ap", "detection, AP"),
    ("facings_error", "facings count, mean error"),
    ("sku_top1", "SKU of a found facing, top-1"),
    ("recognised_precision", "`recognised`: right SKU"),
    ("recognised_coverage", "`recognised`: of all found facings"),
    ("unlisted_not_recognised", "unlisted products not taken for a SKU"),
)


def table(name: str, reports: list[dict[str, Any]]) -> str:
    """The figures as a person reads them; one column a truth."""
    lines = [name, f"{'':<40}" + "".join(f"{one['truth']:>32}" for one in reports)]
    lines.append(
        f"{'photographs / facings':<40}" + "".join(f"{one['photos']:>20} / {one['facings']:>9}" for one in reports)
    )
    for key, label in _ROWS:
        if key in reports[0]:
            lines.append(f"{label:<40}" + "".join(f"{_shown(one[key]):>32}" for one in reports))
    if "map50" in reports[0]:
        cells = [
            "-" if one["map50"] is None else f"{one['map50']:.3f} ({one['map50_classes']} SKUs)" for one in reports
        ]
        lines.append(f"{'box and SKU, mAP50':<40}" + "".join(f"{cell:>32}" for cell in cells))
        lines.append(f"{'expected calibration error':<40}" + "".join(f"{_plain(one['ece']):>32}" for one in reports))
        worst = [
            f"  {cell['truth']} taken for {cell['said']}: {cell['recognised'] + cell['unsure'] + cell['unknown']}"
            for cell in reports[0]["confusion"]
            if cell["listed"] and cell["truth"] != cell["said"]
        ][:8]
        lines += ["most frequent wrong SKUs:", *worst] if worst else []
    return "\n".join(lines) + "\n"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _shown(figure: dict[str, float | None]) -> str:
    if figure["value"] is None:
        return "-"
    if figure["low"] is None or figure["high"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _open_recogniser(folder: Path, models: Path | None, threads: int) -> SkuRecogniser:
    from edge.recognise.catalogue import Catalogue
    from edge.recognise.embedder import SkuEmbedder
    from edge.recognise.manifest import find_model
    from edge.recognise.recogniser import SkuRecogniser

    embedder = SkuEmbedder(find_model("sku-embedder", folder=models), threads=threads)
    return SkuRecogniser(embedder, Catalogue.load(folder))


def _look(dataset: Dataset, detector: ProductDetector, recogniser: SkuRecogniser | None) -> list[Seen]:
    import numpy as np

    from edge.recognise.images import read_image
    from edge.recognise.measures import Seen
    from edge.shelf.rows import find_shelves

    seen = []
    for number, photo in enumerate(dataset.photos, 1):
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number} / {len(dataset.photos)} photographs")
        image = read_image(photo.path)
        found = detector.detect(image, min_score=_FAINT)
        shown = np.flatnonzero(found.scores >= detector.shipped_score)
        shelves = find_shelves(found.boxes[shown].astype(np.float64), found.scores[shown].astype(np.float64))
        row = shelves.front_row
        counted = np.isin(np.arange(len(found.scores)), shown[row])
        identities = recogniser.recognise(image, found.boxes) if recogniser else None
        if recogniser and identities is not None:
            alone = [identities[index] for index in shown[row]]
            lifted = recogniser.lift(alone, shelves.shelf[row].tolist(), shelves.position[row].tolist())
            for index, identity in zip(shown[row], lifted, strict=True):
                identities[index] = identity
        seen.append(Seen(photo, found, counted, tuple(identities) if identities is not None else None))
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    return seen


def _with_truth(seen: list[Seen], dataset: Dataset) -> list[Seen]:
    """The same detections, judged by another truth of the same photographs."""
    truths = {photo.path: photo for photo in dataset.photos}
    return [replace(one, truth=truths[one.truth.path]) for one in seen if one.truth.path in truths]
