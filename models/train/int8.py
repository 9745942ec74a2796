"""Static INT8 of an ONNX file: per channel, in QDQ form, calibrated on pictures (onnxruntime.quantization)."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

QUANTISED = frozenset({"Conv", "Relu", "Clip", "Add", "Resize"})


class Pictures(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is untyped here
    """Calibration pictures, one at a time: ONNX Runtime's reader of an iterator."""

    def __init__(self, name: str, pictures: Iterator[NDArray[np.uint8]]) -> None:
        self._feeds = ({name: picture} for picture in pictures)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """The next feed, None after the last."""
        return next(self._feeds, None)


def nodes_to_quantise(
    nodes: Sequence[onnx.NodeProto], *, last_too: bool, also: frozenset[str] = frozenset()
) -> list[str]:
    """Names of the nodes that compute in INT8: convolutions and what lies between them.

    Scores and box edges come from the last convolutions: an error there is an error of the answer, and they cost
    little. What follows them (decoding, norms) stays in float32 as well.

    Args:
        nodes: of the graph, in its order.
        last_too: also the convolutions that no other follows.
        also: kinds of nodes besides the usual ones.
    """
    wanted: set[str] = set()  # tensors that a convolution is reached from
    chosen = []
    for node in reversed(nodes):
        leads_on = any(output in wanted for output in node.output)
        if node.op_type in QUANTISED | also and (leads_on or (last_too and node.op_type == "Conv")):
            chosen.append(node.name)
        if leads_on or node.op_type == "Conv":
            wanted.update(node.input)
    return chosen[::-1]


def write_int8(
    source: Path,
    target: Path,
    pictures: Iterator[NDArray[np.uint8]],
    *,
    last_too: bool,
    also: frozenset[str] = frozenset(),
) -> None:
    """Write the INT8 form of a float32 model of one input.

    Weights are signed and symmetric, one scale a channel; activations are unsigned. Weights keep to seven bits: on CPUs
    with AVX2 and no VNNI two products of eight bits overflow the sixteen they are summed in, and the answer would
    depend on the device.

    Args:
        source: the float32 file.
        target: the file to write.
        pictures: what to calibrate with, each a whole feed of the input.
        last_too: as in `nodes_to_quantise`.
        also: as in `nodes_to_quantise`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        prepared = Path(scratch) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.ERROR)  # it advises what was done a line above
        try:
            quantize_static(
                str(prepared),
                str(target),
                Pictures(graph.input[0].name, pictures),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_quantize=nodes_to_quantise(graph.node, last_too=last_too, also=also),
                calibrate_method=CalibrationMethod.MinMax,
            )
        finally:
            root.setLevel(level)
