from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is in the extra `train`, outside the lock")

from models.train.assign import CANDIDATES, Assignment, assign  # noqa: E402 - after the check for torch
from models.train.loss import complete_iou, edge_loss  # noqa: E402
from models.train.network import BINS, cell_centres, decode_boxes  # noqa: E402

CELLS = cell_centres(torch.zeros(1, 1, 8, 8), 8)  # a picture of 64x64 pixels
NOTHING = torch.zeros(0, 4)


def assigned(truth: list[list[float]], *, score: float = 0.5, doubt: bool = False) -> Assignment:
    boxes = torch.cat([CELLS[:, :2] - 10, CELLS[:, :2] + 10], 1)
    wanted = torch.tensor(truth).reshape(-1, 4)
    scores = torch.full((64,), score)
    return assign(scores=scores, boxes=boxes, cells=CELLS, truth=wanted, ignored=NOTHING, doubt=doubt)


def test_only_cells_inside_a_product_answer_for_it_and_at_most_ten() -> None:
    result = assigned([[10, 10, 50, 50]])
    centres = CELLS[result.positive, :2]
    assert 0 < len(centres) <= CANDIDATES
    assert ((centres > 10) & (centres < 50)).all()


def test_the_best_cell_is_asked_for_its_overlap() -> None:
    result = assigned([[18, 18, 38, 38]])  # the cell at (28, 28) predicts exactly this
    best = int(result.quality.argmax())
    assert CELLS[best].tolist() == [28, 28, 8]
    assert float(result.quality[best]) == pytest.approx(1.0, abs=1e-4)


def test_a_cell_in_two_products_answers_for_the_one_it_fits_best() -> None:
    result = assigned([[18, 18, 38, 38], [0, 0, 60, 60]])
    cell = int((CELLS[:, :2] == 28).all(1).nonzero())
    assert bool(result.positive[cell])
    assert int(result.truth[cell]) == 0


def test_every_cell_is_background_where_there_is_no_product() -> None:
    result = assigned([])
    assert not result.positive.any()
    assert result.counted.all()


def test_a_confident_cell_far_from_every_box_is_left_out_when_missing_boxes_are_expected() -> None:
    sure = assigned([[0, 0, 20, 20]], score=0.9, doubt=True)
    far = (CELLS[:, :2] > 40).all(1)
    assert not sure.counted[far].any()
    assert assigned([[0, 0, 20, 20]], score=0.9).counted.all()
    assert assigned([[0, 0, 20, 20]], score=0.2, doubt=True).counted.all()


def test_cells_in_a_region_nobody_knows_are_left_out() -> None:
    result = assign(
        scores=torch.full((64,), 0.1),
        boxes=torch.cat([CELLS[:, :2] - 10, CELLS[:, :2] + 10], 1),
        cells=CELLS,
        truth=NOTHING,
        ignored=torch.tensor([[0.0, 0, 32, 64]]),
        doubt=False,
    )
    assert (result.counted == (CELLS[:, 0] > 32)).all()


def test_complete_iou_is_1_for_equal_boxes_and_falls_with_distance() -> None:
    box = torch.tensor([[10.0, 10, 30, 50]])
    values = [float(complete_iou(box, box + shift)) for shift in (0, 5, 20, 100)]
    assert values[0] == pytest.approx(1.0, abs=1e-4)
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0  # apart: still a slope to descend


def test_an_edge_between_two_bins_is_learnt_as_both() -> None:
    logits = torch.full((1, 4, BINS), -20.0)
    logits[..., 3] = logits[..., 4] = 5.0
    sure_of_one = logits.clone()
    sure_of_one[..., 4] = -20.0
    between = torch.full((1, 4), 3.5)
    assert float(edge_loss(logits, between)) < float(edge_loss(sure_of_one, between))
    cells = torch.tensor([[100.0, 100.0, 8.0]])
    assert decode_boxes(logits[None], cells)[0, 0].tolist() == pytest.approx([72, 72, 128, 128], abs=0.1)
