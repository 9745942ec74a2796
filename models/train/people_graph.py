"""From the converted NanoDet to the graph a device runs: camera bytes in, boxes and scores of persons out.

What the network computes stays as it was; its other 79 classes and its fixed size go.
"""

from __future__ import annotations

import math
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge.contract.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OPSET, IR = 17, 8
SIDE = 416  # of the converted graph: free only here
CLASSES, PERSON = 80, 0  # of COCO, in its usual order
BINS = 11  # each side of a box is a distribution over 0..10 strides (Li et al. 2020)
# BGR, as NanoDet was trained.
MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
INPUT, BOXES, SCORES = "frame", "boxes", "scores"
KEPT = frozenset({"Conv", "LeakyRelu", "MaxPool", "Concat", "Add", "Resize"})
MEND = "give nanodet.onnx as tf2onnx writes it"


class _Graph:
    """Nodes and values as they are added, each result with a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.values: list[onnx.TensorProto] = []
        self._numbers = count()

    def value(self, array: object, kind: type = np.float32) -> str:
        """A constant."""
        name = f"c{next(self._numbers)}"
        self.values.append(numpy_helper.from_array(np.asarray(array, kind), name))
        return name

    def add(self, kind: str, *inputs: str, to: str | None = None, **attributes: object) -> str:
        """A node of one result."""
        name = to or f"t{next(self._numbers)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=f"{kind}_{name}", **attributes))
        return name


def deployed(converted: onnx.ModelProto) -> onnx.ModelProto:
    """The converted graph with the input and outputs of a people detector.

    Args:
        converted: NanoDet-g as tf2onnx writes it: (1, 3, 416, 416) in, scores and edges of 80 classes at three strides.

    Returns:
        `frame` (1, h, w, 3) uint8 BGR, h and w multiples of 32 -> `boxes` (1, n, 4) x1, y1, x2, y2 in its pixels and
        `scores` (1, n).

    Raises:
        ModelError: it is another graph.
    """
    graph = _Graph()
    heads = _copy_network(converted, graph)
    boxes, scores = zip(*(_decoded(graph, edges, score, stride) for stride, edges, score in heads), strict=True)
    graph.add("Concat", *boxes, to=BOXES, axis=1)
    graph.add("Concat", *scores, to=SCORES, axis=1)
    made = helper.make_graph(
        graph.nodes,
        "people-detector",
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [1, "height", "width", 3])],
        [
            helper.make_tensor_value_info(BOXES, TensorProto.FLOAT, [1, "cells", 4]),
            helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, [1, "cells"]),
        ],
        graph.values,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    onnx.checker.check_model(model)
    return model


def _copy_network(converted: onnx.ModelProto, graph: _Graph) -> list[tuple[int, str, str]]:
    """Copy the network; (stride, edges, person score) of each head, the finest first."""
    constants = {one.name: numpy_helper.to_array(one) for one in converted.graph.initializer}
    if len(converted.graph.input) != 1:
        raise ModelError("the converted graph has not one input", MEND)
    names = {converted.graph.input[0].name: _normalised(graph)}
    pads: dict[str, tuple[str, list[int]]] = {}  # result of a padding -> what is padded, and by how much
    sizes = _widths(converted)
    split = {node.input[0]: node for node in converted.graph.node if node.op_type == "Split"}
    heads = []
    for node in converted.graph.node:
        if node.op_type == "Pad":
            amounts = constants[node.input[1]].tolist()
            pads[node.output[0]] = (node.input[0], [*amounts[2:4], *amounts[6:8]])
        elif node.op_type == "Conv" and node.output[0] in split:
            features = names[node.input[0]]
            weight, bias = constants[node.input[1]], constants[node.input[2]]
            if len(weight) != CLASSES + 4 * BINS:
                raise ModelError(f"a head gives {len(weight)} values, {CLASSES + 4 * BINS} are expected", MEND)
            score, edges = (
                graph.add("Conv", features, graph.value(weight[rows]), graph.value(bias[rows]))
                for rows in (slice(PERSON, PERSON + 1), slice(CLASSES, None))
            )
            heads.append((SIDE // sizes[node.output[0]], edges, score))
        elif node.op_type in KEPT and any(name in names or name in pads for name in node.input):
            _copy_node(node, graph, names, pads, constants)
    if [stride for stride, *_ in sorted(heads)] != [8, 16, 32]:
        raise ModelError(f"heads at strides {[stride for stride, *_ in heads]}, 8, 16 and 32 are expected", MEND)
    return sorted(heads)


def _copy_node(
    node: onnx.NodeProto,
    graph: _Graph,
    names: dict[str, str],
    pads: dict[str, tuple[str, list[int]]],
    constants: dict[str, NDArray[np.float32]],
) -> None:
    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    inputs = list(node.input)
    if inputs[0] in pads:  # a padding of its own would stand between what INT8 joins
        inputs[0], attributes["pads"] = pads[inputs[0]]
    if node.op_type == "Resize" and constants[inputs[2]][2] < 1:  # halved: the mean of four, which this is faster for
        names[node.output[0]] = graph.add("AveragePool", names[inputs[0]], kernel_shape=[2, 2], strides=[2, 2])
        return
    given = [names[name] if name in names else graph.value(constants[name]) for name in inputs]
    names[node.output[0]] = graph.add(node.op_type, *given, **attributes)


def _widths(converted: onnx.ModelProto) -> dict[str, int]:
    """Width of each result of the converted graph."""
    inferred = onnx.shape_inference.infer_shapes(converted).graph.value_info
    shapes = {one.name: [axis.dim_value for axis in one.type.tensor_type.shape.dim] for one in inferred}
    return {name: shape[3] for name, shape in shapes.items() if len(shape) == 4}


def _normalised(graph: _Graph) -> str:
    """Bytes (1, h, w, 3) -> (1, 3, h, w) about 0.

    As a convolution, which INT8 takes bytes into as they are; subtracted and divided, it took a fifth of all the time.
    """
    values = _float(graph, graph.add("Transpose", INPUT, perm=[0, 3, 1, 2]))
    mean, std = np.array(MEAN), np.array(STD)
    weight = graph.value((1 / std).reshape(3, 1, 1, 1))
    return graph.add("Conv", values, weight, graph.value(-mean / std), group=3)


def _float(graph: _Graph, name: str) -> str:
    result = f"{name}_float"  # the node's attribute has the name of `add`'s keyword
    graph.nodes.append(helper.make_node("Cast", [name], [result], name=f"Cast_{result}", to=TensorProto.FLOAT))
    return result


def _decoded(graph: _Graph, edges: str, score: str, stride: int) -> tuple[str, str]:
    """One head: boxes (1, h*w, 4) in pixels and scores (1, h*w)."""
    whole = graph.value([1, -1], np.int64)
    scores = graph.add("Sigmoid", graph.add("Reshape", score, whole))
    bins = graph.add("Reshape", edges, graph.value([1, 4, BINS, -1], np.int64))
    likely = graph.add("Softmax", bins, axis=2)
    steps = graph.value(np.arange(BINS).reshape(1, 1, BINS, 1) * stride)
    distances = graph.add("ReduceSum", graph.add("Mul", likely, steps), graph.value([2], np.int64), keepdims=0)
    centres = _centres(graph, score, stride)
    near, far = (
        graph.add("Slice", distances, *(graph.value([v], np.int64) for v in (first, last, 1)))
        for first, last in ((0, 2), (2, 4))
    )
    corners = graph.add("Concat", graph.add("Sub", centres, near), graph.add("Add", centres, far), axis=1)
    return graph.add("Transpose", corners, perm=[0, 2, 1]), scores


def _centres(graph: _Graph, score: str, stride: int) -> str:
    """(1, 2, h*w): x and y of the cells of one head, in pixels, row by row."""
    shape = graph.add("Shape", score)
    along = []
    for axis, spread in ((3, [1, 1, -1]), (2, [1, -1, 1])):
        size = graph.add("Gather", shape, graph.value(axis, np.int64), axis=0)
        steps = graph.add("Range", graph.value(0, np.int64), size, graph.value(1, np.int64))
        places = graph.add("Mul", _float(graph, steps), graph.value(stride))
        shifted = graph.add("Add", places, graph.value(stride / 2))
        along.append(graph.add("Reshape", shifted, graph.value(spread, np.int64)))
    size = graph.add("Slice", shape, *(graph.value([v], np.int64) for v in (1, 4, 0)))
    flat = graph.value([1, 1, -1], np.int64)
    return graph.add("Concat", *(graph.add("Reshape", graph.add("Expand", one, size), flat) for one in along), axis=1)


def decode(raw: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the converted network gives, decoded with numpy: a second way to the boxes, for comparison.

    Args:
        raw: its six outputs, (1, cells, 80) scores and (1, cells, 44) edges of three strides, in any order.

    Returns:
        (n, 4) boxes in pixels of its input and (n,) scores of persons, the finest stride first.
    """
    by_cells = sorted(raw, key=lambda one: (-one.shape[1], -one.shape[2]))  # scores, then edges, finest first
    boxes, scores = [], []
    for score, edges in zip(by_cells[::2], by_cells[1::2], strict=True):
        across = math.isqrt(score.shape[1])
        stride = SIDE // across
        y, x = (np.indices((across, across)) + 0.5).reshape(2, -1) * stride
        weights = np.exp(edges[0].reshape(-1, 4, BINS).astype(np.float64))
        left, top, right, bottom = ((weights * np.arange(BINS)).sum(2) / weights.sum(2)).T * stride
        boxes.append(np.stack([x - left, y - top, x + right, y + bottom], 1))
        scores.append(score[0, :, PERSON].astype(np.float64))
    return np.concatenate(boxes), np.concatenate(scores)
