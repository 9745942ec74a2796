"""How good a people detector is: against people boxed by hand, and how its boxes tremble from frame to frame."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.contract.errors import ModelError
from edge.recognise.boxes import pairwise_iou
from edge.recognise.evaluation import coco_average_precision, match_boxes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.recognise.people import PeopleDetector

LOWEST_SCORE = 0.02  # for precision curves
SAME = 0.5  # IoU from which two boxes are one person's, in the frame or in the next one
AROUND = 4  # frames before and after one that tell where its box should be


@dataclass(frozen=True, slots=True)
class Quality:
    """What a detector reaches on frames with truth."""

    ap50: float
    ap: float
    recall: float  # at the shipped threshold
    false_per_frame: float  # at the shipped threshold


@dataclass(frozen=True, slots=True)
class Tremble:
    """How far boxes of one person lie from where those of the frames around them say, in heights of the person."""

    edges: tuple[float, float, float, float]  # standard deviation of left, top, right, bottom
    score: float  # mean of those boxes
    score_spread: float  # its standard deviation
    boxes: int  # measured


def read_truth(path: Path) -> dict[int, NDArray[np.float32]]:
    """Boxes (n, 4) x1, y1, x2, y2 of people by frame number."""
    frames = json.loads(path.read_text(encoding="utf-8"))["frames"]
    return {int(number): np.array(boxes, np.float32).reshape(-1, 4) for number, boxes in frames.items()}


def frames_of(video: Path) -> Iterator[NDArray[np.uint8]]:
    """The frames of a video, BGR.

    Raises:
        ModelError: it cannot be read.
    """
    film = cv2.VideoCapture(str(video))
    try:
        if not film.isOpened():
            raise ModelError(f"{video}: not a video that can be read", "see the model's card for where it comes from")
        while True:
            ok, image = film.read()
            if not ok:
                return
            yield np.asarray(image, np.uint8)
    finally:
        film.release()


def quality(detector: PeopleDetector, video: Path, truth: Mapping[int, NDArray[np.float32]]) -> Quality:
    """Average precision, and people found and invented at the shipped threshold."""
    found = {
        number: detector.detect(image, min_score=LOWEST_SCORE)
        for number, image in enumerate(frames_of(video))
        if number in truth
    }
    rows = [
        {"image_id": number + 1, "bbox": [x1, y1, x2 - x1, y2 - y1], "iscrowd": 0}
        for number, boxes in truth.items()
        for x1, y1, x2, y2 in boxes.tolist()
    ]
    truths = {"images": [{"id": number + 1} for number in truth], "annotations": rows}
    precision = coco_average_precision(truths, {number + 1: one for number, one in found.items()})
    hits = shown = 0
    for number, boxes in truth.items():
        sure = found[number].boxes[found[number].scores >= detector.shipped_score]
        hits += len(match_boxes(boxes, sure).truth)
        shown += len(sure)
    return Quality(precision.ap50, precision.ap, hits / len(rows), (shown - hits) / len(truth))


def tremble(detector: PeopleDetector, video: Path) -> Tremble:
    """How boxes tremble: each against the parabola through the same person's boxes in the frames around it.

    A person is followed by overlap alone, and only where nobody else overlaps: what is measured is the detector, not
    who hides whom.
    """
    chains: list[list[NDArray[np.float64]]] = []
    going: list[int] = []
    for image in frames_of(video):
        found = detector.detect(image)
        crowded = (pairwise_iou(found.boxes, found.boxes) > 0).sum(1) > 1
        rows = np.concatenate([found.boxes, found.scores[:, None]], 1).astype(np.float64)[~crowded]
        last = np.array([chains[one][-1][:4] for one in going], np.float32).reshape(-1, 4)
        iou = pairwise_iou(rows[:, :4].astype(np.float32), last)
        still = []
        for row, overlaps in zip(rows, iou, strict=True):
            if going and overlaps.max() >= SAME:
                chain = going[int(overlaps.argmax())]
                chains[chain].append(row)
            else:
                chain = len(chains)
                chains.append([row])
            still.append(chain)
        going = list(dict.fromkeys(still))
    offs, scores = [], []
    times = np.array([step for step in range(-AROUND, AROUND + 1) if step])
    powers = np.stack([np.ones(2 * AROUND), times, times**2], 1)
    for person in (np.array(one) for one in chains if len(one) > 2 * AROUND):
        for middle in range(AROUND, len(person) - AROUND):
            around = np.delete(person[middle - AROUND : middle + AROUND + 1, :4], AROUND, axis=0)
            expected = np.linalg.lstsq(powers, around, rcond=None)[0][0]
            offs.append((person[middle, :4] - expected) / (expected[3] - expected[1]))
            scores.append(person[middle, 4])
    if not offs:
        raise ModelError(f"{video}: nobody is seen long enough", "give a video of people who walk")
    left, top, right, bottom = (float(value) for value in np.std(offs, axis=0))
    return Tremble((left, top, right, bottom), float(np.mean(scores)), float(np.std(scores)), len(offs))
