"""The detector's loss: quality-aware scores, complete IoU and edge distributions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from models.train.assign import assign
from models.train.network import BINS, decode_boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

SCORE_WEIGHT, BOX_WEIGHT, EDGE_WEIGHT = 1.0, 5.0, 1.0


def complete_iou(first: Tensor, second: Tensor) -> Tensor:
    """(n, 4), (n, 4) -> (n,) IoU less centre distance and difference of aspect (Zheng et al. 2020, "CIoU")."""
    low, high = torch.maximum(first[:, :2], second[:, :2]), torch.minimum(first[:, 2:], second[:, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    size_a = (first[:, 2:] - first[:, :2]).clamp(min=1e-3)
    size_b = (second[:, 2:] - second[:, :2]).clamp(min=1e-3)
    iou = shared / (size_a.prod(-1) + size_b.prod(-1) - shared + 1e-6)
    hull = torch.maximum(first[:, 2:], second[:, 2:]) - torch.minimum(first[:, :2], second[:, :2])
    apart = ((first[:, :2] + first[:, 2:] - second[:, :2] - second[:, 2:]) / 2).square().sum(-1)
    aspect = torch.atan(size_b[:, 0] / size_b[:, 1]) - torch.atan(size_a[:, 0] / size_a[:, 1])
    skew = 4 / math.pi**2 * aspect.square()
    with torch.no_grad():
        weight = skew / (1 - iou + skew + 1e-6)
    return iou - apart / (hull.square().sum(-1) + 1e-6) - weight * skew


def edge_loss(logits: Tensor, distances: Tensor) -> Tensor:
    """Cross entropy between an edge's distribution and the two bins beside the truth.

    Args:
        logits: (n, 4, BINS).
        distances: (n, 4) in strides.

    Returns:
        (n,) mean over the four edges.
    """
    wanted = distances.clamp(0, BINS - 1 - 1e-3)
    lower = wanted.long()
    part = wanted - lower
    log_p = logits.log_softmax(-1)
    below = log_p.gather(-1, lower[..., None])[..., 0]
    above = log_p.gather(-1, lower[..., None] + 1)[..., 0]
    return -(below * (1 - part) + above * part).mean(-1)


def detection_loss(
    outputs: tuple[Tensor, Tensor, Tensor], truths: Sequence[Tensor], ignored: Sequence[Tensor], *, doubt: bool
) -> tuple[Tensor, dict[str, float]]:
    """Loss of a batch.

    Args:
        outputs: of `DetectorNetwork`.
        truths: per picture (m, 4) boxes in pixels.
        ignored: per picture (k, 4) regions without known truth.
        doubt: leave high-scoring background out (units nobody boxed).

    Returns:
        the loss to descend, and its parts for the log.
    """
    logits, edges, cells = outputs
    boxes = decode_boxes(edges, cells)
    with torch.no_grad():
        parts = [
            assign(scores=s, boxes=b, cells=cells, truth=t, ignored=i, doubt=doubt)
            for s, b, t, i in zip(logits.sigmoid(), boxes, truths, ignored, strict=True)
        ]
        quality = torch.stack([part.quality for part in parts])
        counted = torch.stack([part.counted for part in parts])
        positive = torch.stack([part.positive for part in parts])
        total = quality.sum().clamp(min=1.0)
    # Varifocal weighting (Zhang et al. 2021): easy background counts little, a product counts by its quality.
    probability = logits.detach().sigmoid()
    weight = torch.where(quality > 0, quality.clamp(min=0.2), probability) * counted
    score = (functional.binary_cross_entropy_with_logits(logits, quality, reduction="none") * weight).sum() / total
    if not bool(positive.any()):
        return score * SCORE_WEIGHT, {"score": float(score.detach()), "box": 0.0, "edge": 0.0}
    picture, cell = positive.nonzero(as_tuple=True)
    wanted = torch.cat([t[p.truth[p.positive]] for t, p in zip(truths, parts, strict=True) if bool(p.positive.any())])
    share = quality[picture, cell] / total
    box = ((1 - complete_iou(boxes[picture, cell], wanted)) * share).sum()
    centre, stride = cells[cell, :2], cells[cell, 2:3]
    distances = torch.cat([centre - wanted[:, :2], wanted[:, 2:] - centre], 1) / stride
    edge = (edge_loss(edges[picture, cell], distances) * share).sum()
    loss = SCORE_WEIGHT * score + BOX_WEIGHT * box + EDGE_WEIGHT * edge
    return loss, {"score": float(score.detach()), "box": float(box.detach()), "edge": float(edge.detach())}
