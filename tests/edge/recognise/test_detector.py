from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.contract.errors import ModelError
from edge.recognise.boxes import pairwise_iou
from edge.recognise.detector import MAX_DETECTIONS, ProductDetector
from edge.recognise.evaluation import load_truth, match_boxes
from edge.recognise.images import read_image
from edge.recognise.manifest import find_model
from edge.recognise.tiles import Tiling
from tests.edge.recognise.graphs import answering, detector_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def detector() -> ProductDetector:
    return ProductDetector(find_model("product-detector"))


def drawn_bottles() -> NDArray[np.uint8]:
    """Noise, softened: something is found in it at a low score, whatever the model."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 6), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (37, 641), (480, 640), (3000, 1700)])
def test_frames_of_any_shape_give_boxes_inside_them(detector: ProductDetector, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    found = detector.detect(image, min_score=0.0)
    assert found.boxes.shape == (len(found.scores), 4)
    assert len(found.scores) <= 300
    assert (found.boxes >= 0).all()
    assert (found.boxes[:, [0, 2]] <= shape[1]).all()
    assert (found.boxes[:, [1, 3]] <= shape[0]).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()


def test_detections_are_sorted_and_none_is_doubled(detector: ProductDetector) -> None:
    found = detector.detect(drawn_bottles(), min_score=0.001)
    assert len(found.scores) > 1
    assert (np.diff(found.scores) <= 0).all()
    iou = pairwise_iou(found.boxes, found.boxes) - np.eye(len(found.boxes))
    assert iou.max() <= 0.7


def test_without_a_score_the_shipped_threshold_holds(detector: ProductDetector) -> None:
    image = drawn_bottles()
    everything = detector.detect(image, min_score=0.0)
    assert (detector.detect(image).scores >= detector.shipped_score).all()
    assert len(detector.detect(image).scores) == int((everything.scores >= detector.shipped_score).sum())


def test_the_same_frame_gives_the_same_detections(detector: ProductDetector) -> None:
    first, second = (detector.detect(drawn_bottles(), min_score=0.01) for _ in range(2))
    np.testing.assert_array_equal(first.boxes, second.boxes)


ALWAYS = Tiling(beyond=0, small=1e9, enough=0)


@pytest.mark.parametrize("shape", [(1024, 768), (480, 640), (700, 1024)])
def test_frames_up_to_1024_pixels_are_never_read_in_tiles(detector: ProductDetector, shape: tuple[int, int]) -> None:
    image = np.asarray(cv2.resize(drawn_bottles(), shape[::-1]), dtype=np.uint8)
    plain = ProductDetector(find_model("product-detector"), tiling=None)
    for score in (0.001, None):
        np.testing.assert_array_equal(
            detector.detect(image, min_score=score).boxes, plain.detect(image, min_score=score).boxes
        )


def test_a_frame_read_in_tiles_gives_boxes_inside_it_and_none_doubled() -> None:
    detector = ProductDetector(find_model("product-detector"), tiling=ALWAYS)
    image = np.asarray(cv2.resize(drawn_bottles(), (1500, 1100)), dtype=np.uint8)
    found = detector.detect(image, min_score=0.001)
    assert len(found.scores) > 1
    assert (found.boxes >= 0).all()
    assert (found.boxes <= (1500, 1100, 1500, 1100)).all()
    assert (np.diff(found.scores) <= 0).all()
    iou = pairwise_iou(found.boxes, found.boxes) - np.eye(len(found.boxes))
    assert iou.max() <= ALWAYS.same + 1e-6


def test_every_facing_of_a_wall_of_coolers_counts_once(detector: ProductDetector, shared_data: Path) -> None:
    """A photograph nine times over: in one look its products are too small, and borders of tiles cut many of them."""
    paths = sorted((shared_data / "cooler" / "train" / "images").glob("train_02*.jpg"))
    counts = {path: len(detector.detect(read_image(path)).boxes) for path in paths}
    path, alone = next((path, count) for path, count in counts.items() if 20 < count <= MAX_DETECTIONS // 9)
    together = len(detector.detect(np.tile(read_image(path), (3, 3, 1))).boxes)
    assert abs(together - 9 * alone) <= 0.1 * 9 * alone


TWO = np.array([[(10, 10, 50, 90), (60, 10, 100, 90)]], np.float32)
NAN, ENDLESS, FARTHEST = float("nan"), float("inf"), float(np.finfo(np.float32).max)


def scored(*scores: float) -> NDArray[np.float32]:
    return np.array([scores], np.float32)


@pytest.mark.parametrize(
    ("boxes", "scores", "said"),
    [
        pytest.param(TWO, scored(0.9, NAN), "scores holds values that are no numbers", id="a score that is no number"),
        pytest.param(TWO * ENDLESS, scored(0.9, 0.8), "boxes holds values that are no numbers", id="an endless box"),
        pytest.param(TWO, scored(0.9, 36.0), "scores beyond 0 to 1", id="logits instead of scores"),
        pytest.param(TWO, scored(0.9, -0.1), "scores beyond 0 to 1", id="a score below 0"),
        pytest.param(TWO, scored(0.9), "2 boxes and 1 scores", id="too few scores"),
        pytest.param(TWO, scored(0.9, 0.8, 0.7), "2 boxes and 3 scores", id="too many scores"),
        pytest.param(TWO[0], scored(0.9, 0.8), r"boxes has shape \(2, 4\)", id="no axis of pictures"),
        pytest.param(TWO[..., :3], scored(0.9, 0.8), r"boxes has shape \(1, 2, 3\)", id="three corners"),
        pytest.param(TWO, scored(0.9, 0.8)[..., None], r"scores has shape \(1, 2, 1\)", id="scores by class"),
        pytest.param(TWO, [b"0.9", b"0.8"], "scores is no array of numbers", id="text"),
    ],
)
def test_answers_that_make_no_sense_are_one_model_error(
    tmp_path: Path, boxes: NDArray[np.float32], scores: NDArray[np.float32] | list[bytes], said: str
) -> None:
    detector = ProductDetector(detector_of(tmp_path, answering(boxes, scores)))
    with pytest.raises(ModelError, match=f"^model made: .*{said}"):
        detector.detect(drawn_bottles())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("boxes", "scores", "found"),
    [
        pytest.param(TWO, scored(0.9, 0.8), [(20, 20, 100, 180), (120, 20, 200, 180)], id="two products"),
        pytest.param(TWO, scored(0.9, 0.4), [(20, 20, 100, 180)], id="one is doubtful"),
        pytest.param(TWO[:, :0], scored(), [], id="none"),
        pytest.param(TWO[..., [2, 3, 0, 1]], scored(0.9, 0.8), [], id="right before left"),
        pytest.param(TWO + 5000, scored(0.9, 0.8), [], id="outside the frame"),
        pytest.param(
            np.array([[(-FARTHEST, -FARTHEST, FARTHEST, FARTHEST)]], np.float32),
            scored(0.9),
            [(0, 0, 1280, 960)],
            id="as far as numbers go",
        ),
    ],
)
def test_answers_that_make_sense_are_boxes_of_the_frame(
    tmp_path: Path, boxes: NDArray[np.float32], scores: NDArray[np.float32], found: list[tuple[int, ...]]
) -> None:
    detector = ProductDetector(detector_of(tmp_path, answering(boxes, scores)))
    frame = np.zeros((960, 1280, 3), np.uint8)  # twice the size of the model's canvas
    assert detector.detect(frame).boxes.tolist() == [list(box) for box in found]


def test_a_model_of_another_kind_is_refused() -> None:
    model = find_model("product-detector")
    other = type(model)(entry=model.entry.model_copy(update={"kind": "sku-embedder"}), path=model.path)
    with pytest.raises(ModelError, match="no product detector"):
        ProductDetector(other)


def test_a_frame_stretched_to_3_by_4_finds_the_same_facings(detector: ProductDetector, shared_data: Path) -> None:
    folder = shared_data / "cooler" / "valid"
    same, all_boxes = 0, 0
    for image in load_truth(folder / "annotations_audited.json")["images"][:10]:
        picture = read_image(folder / "images" / image["file_name"])
        tall = np.asarray(cv2.resize(picture, (picture.shape[1], picture.shape[0] * 4 // 3)), dtype=np.uint8)
        square = detector.detect(picture).boxes
        back = detector.detect(tall).boxes * np.array([1, 0.75, 1, 0.75], np.float32)
        same += len(match_boxes(square, back).truth)
        all_boxes += max(len(square), len(back))
    assert all_boxes > 100
    assert same / all_boxes > 0.9
