"""Measuring a detector in training on held-back photographs, and choosing its threshold there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from edge.recognise.boxes import lay_on_canvas, suppress_doubles, vote
from edge.recognise.detector import LEAST_VOTE, Detections
from edge.recognise.evaluation import AveragePrecision, coco_average_precision
from models.train.network import decode_boxes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.train.network import DetectorNetwork
    from models.train.photos import Photo

LOWEST_SCORE = 0.02
MAX_IOU = 0.6


def to_input(images: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    """Equal-sized (h, w, 3) BGR pictures -> (b, 3, h, w) RGB 0..1, channels last."""
    stacked = torch.from_numpy(np.stack(images)[..., ::-1].copy())
    return stacked.permute(0, 3, 1, 2).float().div(255).contiguous(memory_format=torch.channels_last)


def detect(
    network: DetectorNetwork, photos: Sequence[Photo], *, side: int, max_iou: float = MAX_IOU
) -> dict[int, Detections]:
    """Detections of every photograph (ids count from 1), doubles suppressed, low scores kept for precision curves."""
    network.eval()
    found = {}
    for number, photo in enumerate(photos, start=1):
        canvas, letterbox = lay_on_canvas(photo.image, side=side)
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            scores, edges, cells = network(to_input([canvas]))
        boxes = decode_boxes(edges, cells)[0].numpy()
        probability = scores[0].sigmoid().numpy()
        likely = probability > LOWEST_SCORE
        boxes, probability = boxes[likely], probability[likely]
        kept = suppress_doubles(boxes, probability, max_iou=max_iou, limit=300)
        voters = probability >= LEAST_VOTE
        agreed, sure = vote(boxes[kept], boxes[voters], probability[voters]), probability[kept]
        once = suppress_doubles(agreed, sure, max_iou=max_iou, limit=300)
        found[number] = Detections(boxes=letterbox.to_frame(agreed[once]), scores=sure[once])
    return found


def as_truth(photos: Sequence[Photo]) -> dict[str, Any]:
    """COCO truth of photographs; ids count from 1, unknown regions are `iscrowd`."""
    annotations = [
        {"image_id": number, "bbox": [x1, y1, x2 - x1, y2 - y1], "iscrowd": crowd}
        for number, photo in enumerate(photos, start=1)
        for crowd, boxes in ((0, photo.boxes), (1, photo.ignored))
        for x1, y1, x2, y2 in boxes.tolist()
    ]
    images = [
        {"id": n, "file_name": p.name, "height": p.image.shape[0], "width": p.image.shape[1]}
        for n, p in enumerate(photos, 1)
    ]
    return {"images": images, "annotations": annotations}


def precision_of(photos: Sequence[Photo], found: Mapping[int, Detections]) -> AveragePrecision:
    """Average precision of detections on photographs in memory."""
    return coco_average_precision(as_truth(photos), found)
