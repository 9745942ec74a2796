"""How good detections are against a COCO truth: average precision, matching, counting. Pure functions."""

from __future__ import annotations

import contextlib
import copy
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from edge.contract.errors import ImageError
from edge.recognise.boxes import pairwise_iou

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edge.recognise.datasets import LabelledPhoto
    from edge.recognise.detector import Detections

MAX_DETECTIONS = 300  # a full shelf holds more units than the 100 of COCO's default


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """Average precision of one class, 0..1; -1 when the truth holds no box."""

    ap50: float  # at IoU 0.5
    ap: float  # mean over IoU 0.50:0.05:0.95


@dataclass(frozen=True, slots=True)
class Matches:
    """Which box found which truth box: one to one."""

    truth: NDArray[np.int64]  # (k,) indices of truth boxes
    boxes: NDArray[np.int64]  # (k,) indices of the boxes that found them
    iou: NDArray[np.float32]  # (k,)


def load_truth(truth: Path | Mapping[str, Any]) -> dict[str, Any]:
    """A COCO truth from a file or a mapping, as a fresh dictionary.

    Raises:
        ImageError: the file is no COCO truth.
    """
    if not isinstance(truth, Path):
        return copy.deepcopy(dict(truth))
    try:
        data = json.loads(truth.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ImageError(f"{truth}: {error}", "give a COCO file with images, annotations and categories") from error
    if not isinstance(data, dict) or not {"images", "annotations"} <= data.keys():
        raise ImageError(f"{truth}: not a COCO truth", "it needs the keys images and annotations")
    return data


def coco_truth(photos: Sequence[LabelledPhoto]) -> dict[str, Any]:
    """Labelled photographs as a COCO truth of one class; an image's id is the photograph's place in the sequence."""
    return {
        "images": [{"id": number, "file_name": photo.path.name} for number, photo in enumerate(photos)],
        "annotations": [
            {"image_id": number, "bbox": [x1, y1, x2 - x1, y2 - y1], "category_id": 1, "iscrowd": int(crowd)}
            for number, photo in enumerate(photos)
            for (x1, y1, x2, y2), crowd in zip(photo.boxes.tolist(), photo.crowd, strict=True)
        ],
        "categories": [{"id": 1, "name": "product"}],
    }


def coco_average_precision(truth: Path | Mapping[str, Any], predictions: Mapping[int, Detections]) -> AveragePrecision:
    """Class-agnostic average precision by pycocotools, 300 detections an image, `iscrowd` honoured.

    Args:
        truth: COCO file or its content; every category counts as "product".
        predictions: by image id; boxes in pixels. Images without an entry have no detections.
    """
    data = load_truth(truth)
    for number, annotation in enumerate(data["annotations"], start=1):
        annotation |= {"category_id": 1, "id": number, "iscrowd": int(annotation.get("iscrowd", 0))}
        annotation["area"] = float(annotation["bbox"][2] * annotation["bbox"][3])
    data["categories"] = [{"id": 1, "name": "product"}]
    results = [
        {"image_id": image, "category_id": 1, "bbox": [x1, y1, x2 - x1, y2 - y1], "score": score}
        for image, found in predictions.items()
        for (x1, y1, x2, y2), score in zip(found.boxes.tolist(), found.scores.tolist(), strict=True)
    ]
    if not results:
        return AveragePrecision(0.0, 0.0) if data["annotations"] else AveragePrecision(-1.0, -1.0)
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints what it does
        coco = COCO()
        coco.dataset = data
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(results), "bbox")
        run.params.maxDets = [1, 10, MAX_DETECTIONS]
        run.params.areaRng, run.params.areaRngLbl = run.params.areaRng[:1], run.params.areaRngLbl[:1]  # all sizes alone
        run.evaluate()
        run.accumulate()
    # (IoU thresholds, recalls, classes, areas, detection limits)
    precision: NDArray[np.float64] = run.eval["precision"][:, :, 0, 0, -1]
    known = precision > -1
    if not known.any():
        return AveragePrecision(-1.0, -1.0)
    return AveragePrecision(ap50=float(precision[0][known[0]].mean()), ap=float(precision[known].mean()))


def match_boxes(truth_boxes: NDArray[np.float32], boxes: NDArray[np.float32], *, min_iou: float = 0.5) -> Matches:
    """Match boxes to truth boxes one to one, the best overlapping pair first.

    Args:
        truth_boxes: (m, 4) x1, y1, x2, y2.
        boxes: (n, 4).
        min_iou: pairs that overlap less are no match.
    """
    iou = pairwise_iou(truth_boxes.reshape(-1, 4), boxes.reshape(-1, 4))
    rows, columns = np.nonzero(iou >= min_iou)
    order = np.argsort(-iou[rows, columns], kind="stable")
    free_truth, free_box = np.ones(iou.shape[0], dtype=np.bool_), np.ones(iou.shape[1], dtype=np.bool_)
    pairs: list[tuple[int, int]] = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if free_truth[row] and free_box[column]:
            free_truth[row] = free_box[column] = False
            pairs.append((row, column))
    found = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return Matches(found[:, 0], found[:, 1], iou[found[:, 0], found[:, 1]])
