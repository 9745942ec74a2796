"""ONNX files written byte by byte: a detector that always answers the same, whatever it is shown."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from edge.recognise.manifest import Model, ModelEntry, ModelInput

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edge.recognise.manifest import Kind

FLOAT, UINT8, STRING = 1, 2, 8  # types of ONNX


def _field(number: int, value: int | bytes) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    done = bytearray()
    while value > 127:
        done.append(value & 127 | 128)
        value >>= 7
    return bytes([*done, value])


def _named(name: bytes, kind: int, *, rank: int | None = None) -> bytes:
    """An input or output."""
    shape = b"" if rank is None else _field(2, b"".join(_field(1, _field(2, b"d%d" % axis)) for axis in range(rank)))
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + shape))


def _tensor(name: bytes, values: NDArray[np.float32] | list[bytes]) -> bytes:
    if isinstance(values, list):
        return _field(1, len(values)) + _field(2, STRING) + b"".join(_field(6, v) for v in values) + _field(8, name)
    sizes = b"".join(_field(1, size) for size in values.shape)
    return sizes + _field(2, FLOAT) + _field(8, name) + _field(9, values.tobytes())


def answering(boxes: NDArray[np.float32], scores: NDArray[np.float32] | list[bytes], *, opset: int = 17) -> bytes:
    """A graph `frame` -> `boxes`, `scores`, both constant."""
    outputs = {b"boxes": boxes, b"scores": scores}
    nodes = [_field(1, b"all_" + name) + _field(2, name) + _field(4, b"Identity") for name in outputs]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"constant")
    graph += b"".join(_field(5, _tensor(b"all_" + name, values)) for name, values in outputs.items())
    graph += _field(11, _named(b"frame", UINT8, rank=4))
    graph += b"".join(
        _field(12, _named(name, STRING if isinstance(values, list) else FLOAT)) for name, values in outputs.items()
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, opset))


def detector_of(folder: Path, content: bytes, *, kind: Kind = "product-detector") -> Model:
    """A detector of the manifest whose file is this one."""
    path = folder / "detector.onnx"
    path.write_bytes(content)
    entry = ModelEntry(
        name="made",
        kind=kind,
        version="1",
        file=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        input=ModelInput(
            height=640,
            width=640,
            multiple=32,
            layout="NHWC",
            colours="BGR",
            dtype="uint8",
            mean=(0, 0, 0),
            std=(1, 1, 1),
        ),
        licence="Apache-2.0",
        card="card.md",
        training_data=(),
        thresholds={"score": 0.5, "max_iou": 0.6, "follow": 0.2, "private": 0.1},
        figures=(),
    )
    return Model(entry=entry, path=path)
