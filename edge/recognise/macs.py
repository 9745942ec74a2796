"""How much a model computes, from the shapes its operations had: pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a graph as it ran."""

    kind: str  # the operator's ONNX name
    inputs: tuple[tuple[int, ...], ...]  # shapes
    outputs: tuple[tuple[int, ...], ...]


def count_macs(operations: Iterable[Operation]) -> int:
    """Multiplications with accumulation in the convolutions and matrix products; the rest is small beside them."""
    return sum(_macs(operation) for operation in operations)


def _macs(operation: Operation) -> int:
    if operation.kind == "Conv":
        # Every value that comes out is a sum over the weight's (channels of the group, height, width).
        return prod(operation.outputs[0]) * prod(operation.inputs[1][1:])
    if operation.kind == "MatMul":
        return prod(operation.outputs[0]) * operation.inputs[0][-1]
    if operation.kind == "Gemm":
        rows, columns = operation.outputs[0]
        return prod(operation.inputs[0]) * columns if rows else 0
    return 0
