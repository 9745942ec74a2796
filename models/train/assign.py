"""Which cells answer for which product: task-aligned assignment (Feng et al. 2021, "TOOD")."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

CANDIDATES = 10  # cells that learn one product; TOOD uses 13 on larger objects
SCORE_POWER = 0.5
IOU_POWER = 6.0
# A background cell that scores this high and touches no truth box is probably one of the units nobody boxed (about one
# in ten of the source): it is left out of the loss once the network has learnt what a product is.
DOUBT_SCORE = 0.55
DOUBT_IOU = 0.3


@dataclass(frozen=True, slots=True)
class Assignment:
    """What each cell of one picture should answer."""

    positive: Tensor  # (n,) bool: the cell answers for a product
    truth: Tensor  # (n,) int64 index of its truth box; 0 where not positive
    quality: Tensor  # (n,) float 0..1: the score it should give
    counted: Tensor  # (n,) bool: the cell takes part in the score loss


def pairwise_iou(first: Tensor, second: Tensor) -> Tensor:
    """(m, 4), (n, 4) boxes x1, y1, x2, y2 -> (m, n) intersection over union."""
    low = torch.maximum(first[:, None, :2], second[None, :, :2])
    high = torch.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (high - low).clamp_(min=0).prod(-1)
    areas = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(-1) for box in (first, second)]
    return shared / (areas[0][:, None] + areas[1][None, :] - shared).clamp_(min=1e-6)


def _inside(cells: Tensor, boxes: Tensor) -> Tensor:
    """(m, n) bool: cell n has its centre in box m."""
    x, y = cells[:, 0], cells[:, 1]
    return (x > boxes[:, 0:1]) & (y > boxes[:, 1:2]) & (x < boxes[:, 2:3]) & (y < boxes[:, 3:4])


def assign(*, scores: Tensor, boxes: Tensor, cells: Tensor, truth: Tensor, ignored: Tensor, doubt: bool) -> Assignment:
    """Assign the cells of one picture to its truth boxes.

    Args:
        scores: (n,) predicted probabilities.
        boxes: (n, 4) predicted boxes, pixels.
        cells: (n, 3) centres and strides.
        truth: (m, 4) boxes to be found.
        ignored: (k, 4) regions where nothing is known.
        doubt: leave high-scoring background out of the loss.
    """
    count = scores.shape[0]
    counted = ~_inside(cells, ignored).any(0) if len(ignored) else torch.ones(count, dtype=torch.bool)
    if len(truth) == 0:
        none = torch.zeros(count, dtype=torch.bool)
        return Assignment(none, none.long(), torch.zeros(count), counted & ~((scores > DOUBT_SCORE) & doubt))
    iou = pairwise_iou(truth, boxes)
    alignment = scores[None].pow(SCORE_POWER) * iou.pow(IOU_POWER) * _inside(cells, truth)
    best, index = alignment.topk(min(CANDIDATES, count), dim=1)
    chosen = torch.zeros_like(alignment).scatter_(1, index, best) > 0
    # A cell wanted by several products answers for the one it fits best.
    owner = torch.where(chosen, iou, -1.0).argmax(0)
    positive = chosen.any(0)
    chosen &= torch.arange(len(truth))[:, None] == owner[None]
    alignment = alignment * chosen
    top = alignment.amax(1, keepdim=True)
    reach = (iou * chosen).amax(1, keepdim=True)
    quality = (alignment / (top + 1e-9) * reach).amax(0)
    if doubt:
        counted = counted & ~((scores > DOUBT_SCORE) & (iou.amax(0) < DOUBT_IOU))
    return Assignment(positive, torch.where(positive, owner, 0), quality, counted | positive)
