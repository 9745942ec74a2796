"""From a converted network to the people detector: on a small made network of the same form, with chance weights."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is in the extra `train`, outside the lock")

import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from edge.capture.film import FilmWriter
from edge.contract.errors import ModelError
from edge.recognise.manifest import MODELS, load_manifest
from edge.recognise.people import PeopleDetector
from models.train.people import TRUTH, check
from models.train.people_graph import deployed
from models.train.people_measure import quality, read_truth, tremble
from tests.edge.recognise.graphs import answering, detector_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PADS = [0, 0, 1, 1, 0, 0, 1, 1]


def converted(*, classes: int = 80) -> onnx.ModelProto:
    """As tf2onnx writes NanoDet: padded convolutions, halved and doubled levels, heads of scores and edges."""
    rng = np.random.default_rng(0)
    nodes: list[onnx.NodeProto] = []
    values = [numpy_helper.from_array(np.array(PADS), "pads"), numpy_helper.from_array(np.array([], np.float32), "roi")]
    outputs = []

    def constant(name: str, array: NDArray[np.generic]) -> str:
        values.append(numpy_helper.from_array(array, name))
        return name

    def add(kind: str, inputs: list[str], name: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [name], name=f"{name}_node", **attributes))
        return name

    def convolution(features: str, name: str, *, inputs: int, width: int, stride: int = 1, kernel: int = 3) -> str:
        weight = constant(f"{name}_w", rng.normal(0, 0.2, (width, inputs, kernel, kernel)).astype(np.float32))
        bias = constant(f"{name}_b", rng.normal(0, 0.1, width).astype(np.float32))
        padded = add("Pad", [features, "pads"], f"{name}_padded") if kernel == 3 else features
        return add("Conv", [padded, weight, bias], name, strides=[stride, stride])

    def active(features: str) -> str:
        return add("LeakyRelu", [features], f"{features}_active", alpha=0.1)

    at_2 = active(convolution("input", "c2", inputs=3, width=4, stride=2))
    lowest = constant("lowest", np.array(-np.inf, np.float32))
    pooled = add("MaxPool", [add("Pad", [at_2, "pads", lowest], "p")], "at_4", kernel_shape=[3, 3], strides=[2, 2])
    at_8 = active(convolution(pooled, "c8", inputs=4, width=8, stride=2))
    at_16 = active(convolution(at_8, "c16", inputs=8, width=8, stride=2))
    at_32 = active(convolution(at_16, "c32", inputs=8, width=8, stride=2))
    twice = constant("twice", np.array([1, 1, 2, 2], np.float32))
    half = constant("half", np.array([1, 1, 0.5, 0.5], np.float32))
    ways = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    mixed_16 = add("Add", [at_16, add("Resize", [at_32, "roi", twice], "up", **ways)], "mixed16")
    mixed_32 = add("Add", [at_32, add("Resize", [mixed_16, "roi", half], "down", **ways)], "mixed32")
    for stride, level in ((8, at_8), (16, mixed_16), (32, mixed_32)):
        head = convolution(level, f"h{stride}", inputs=8, width=classes + 44, kernel=1)
        parts = [f"s{stride}", f"e{stride}"]
        sizes = constant(f"split{stride}", np.array([classes, 44]))
        nodes.append(helper.make_node("Split", [head, sizes], parts, name=f"split{stride}", axis=1))
        parts[0] = add("Sigmoid", parts[:1], f"sig{stride}")
        for part, channels in zip(parts, (classes, 44), strict=True):
            flat = add("Reshape", [part, constant(f"{part}_flat", np.array([1, channels, -1]))], f"{part}_r")
            outputs.append(add("Transpose", [flat], f"{part}_out", perm=[0, 2, 1]))
    graph = helper.make_graph(
        nodes,
        "converted",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 416, 416])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "n", "c"]) for name in outputs],
        values,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def test_the_made_graph_gives_what_the_converted_one_gives(tmp_path: Path) -> None:
    source = converted()
    onnx.save(source, tmp_path / "converted.onnx")
    onnx.save(deployed(source), tmp_path / "made.onnx")
    check(tmp_path / "converted.onnx", tmp_path / "made.onnx")


def test_a_weight_that_is_lost_is_noticed(tmp_path: Path) -> None:
    source = converted()
    onnx.save(source, tmp_path / "converted.onnx")
    made = deployed(source)
    large = max(made.graph.initializer, key=lambda one: np.prod(one.dims))
    large.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(large) * 0, large.name))
    onnx.save(made, tmp_path / "made.onnx")
    with pytest.raises(ModelError, match="differs from"):
        check(tmp_path / "converted.onnx", tmp_path / "made.onnx")


def test_the_made_graph_takes_any_size_that_is_whole_steps_and_places_its_cells_row_by_row() -> None:
    session = ort.InferenceSession(deployed(converted()).SerializeToString(), providers=["CPUExecutionProvider"])
    boxes, scores = session.run(["boxes", "scores"], {"frame": np.zeros((1, 64, 96, 3), np.uint8)})
    cells = 8 * 12 + 4 * 6 + 2 * 3
    assert boxes.shape == (1, cells, 4)
    assert scores.shape == (1, cells)
    inside = np.array([(8 * x + 4, 8 * y + 4) for y in range(8) for x in range(12)])
    assert (boxes[0, :96, :2] <= inside).all()
    assert (boxes[0, :96, 2:] >= inside).all()


def test_another_network_is_refused() -> None:
    with pytest.raises(ModelError, match="a head gives 134 values"):
        deployed(converted(classes=90))


def test_the_shipped_file_says_what_it_was_made_from_and_that_it_pays() -> None:
    (entry,) = (one for one in load_manifest().models if one.kind == "people-detector")
    assert entry.quantisation is not None
    assert entry.quantisation.pays
    assert hashlib.sha256((MODELS / entry.file).read_bytes()).hexdigest() == entry.sha256


def test_all_shipped_models_together_stay_under_40_megabytes() -> None:
    files = {entry.file for entry in load_manifest().models}
    assert sum((MODELS / name).stat().st_size for name in files) < 40e6


def always(folder: Path, *boxes: tuple[int, ...]) -> PeopleDetector:
    """A detector that sees this in every frame of 512 x 512 pixels."""
    content = answering(np.array([boxes], np.float32), np.full((1, len(boxes)), 0.9, np.float32))
    detector = detector_of(folder, content, kind="people-detector")
    size = detector.entry.input.model_copy(update={"width": 512, "height": 512})
    return PeopleDetector(type(detector)(detector.entry.model_copy(update={"input": size}), detector.path))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    with FilmWriter(path, rate=10) as writer:
        for _ in range(20):
            writer.write(np.zeros((512, 512, 3), np.uint8))
    return path


def test_people_who_are_missed_and_people_who_are_not_there_are_counted(tmp_path: Path, clip: Path) -> None:
    here, there, nowhere = (10, 10, 60, 200), (200, 10, 260, 200), (400, 300, 450, 500)
    truth = {0: np.array([here], np.float32), 5: np.array([here, there], np.float32)}
    measured = quality(always(tmp_path, here, nowhere), clip, truth)
    assert measured.recall == pytest.approx(2 / 3)
    assert measured.false_per_frame == pytest.approx(1.0)


def test_boxes_that_stand_still_do_not_tremble(tmp_path: Path, clip: Path) -> None:
    measured = tremble(always(tmp_path, (10, 10, 60, 200)), clip)
    assert measured.boxes == 20 - 8
    assert max(measured.edges) < 1e-6
    assert measured.score == pytest.approx(0.9)


def test_the_hand_made_truth_is_boxes_inside_frames_of_768_by_576() -> None:
    truth = read_truth(TRUTH)
    boxes = np.concatenate(list(truth.values()))
    assert len(boxes) == 100
    assert (boxes >= 0).all()
    assert (boxes <= (768, 576, 768, 576)).all()
    assert (boxes[:, 2:] - boxes[:, :2] > 10).all()
    assert "looked at" in json.loads(TRUTH.read_text())["how"]
