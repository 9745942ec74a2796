"""Training on from a shipped ONNX file: its weights put back into the network they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from edge.contract.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
# Of a layer's weight, by the name of its node; what else has an input of its own (a sum, a scale) is no layer.
_DIMENSIONS = {"Conv": 4, "Gemm": 2, "MatMul": 2, "BatchNormalization": 1}


def load_shipped(network: nn.Module, path: Path, examples: Sequence[Tensor]) -> None:
    """Give a network the weights of an ONNX file that was exported from one of its kind.

    The export folded every batch norm that follows a convolution into it. Here each of those gets the statistics of
    what reaches it from `examples`, and a scale and shift that undo them: the network computes what the file does, and
    its norms are such as training would have left them. All other layers are in the file as they were.

    Args:
        network: of the kind the file was made from; changed in place, left in evaluation mode.
        path: the float32 file.
        examples: inputs of the network, some pictures of the kind it will see.

    Raises:
        ModelError: no readable ONNX file, or it was made from another kind of network.
    """
    mend = "name the float32 file of this project's own model"
    try:
        graph = onnx.load(path).graph
    except Exception as error:
        raise ModelError(f"{path}: no readable ONNX file: {error}", mend) from error
    nodes, layers = _stored(graph), _in_order(network, examples[0])
    if len(nodes) != len(layers) or not all(map(_fits, nodes, layers)):
        raise ModelError(f"{path}: {len(nodes)} layers that do not fit this network's {len(layers)}", mend)
    shifts = []
    with torch.no_grad():
        for (layer, folded), (weight, *further) in zip(layers, nodes, strict=True):
            layer.weight.copy_(weight)
            if folded is not None:
                shift = further[0] if further else torch.zeros(layer.out_channels)
                shifts.append((folded, shift))
                folded.running_mean.zero_()
                folded.running_var.fill_(1 - folded.eps)
                folded.weight.fill_(1)
                folded.bias.copy_(shift)
                continue
            for held, value in zip(_beside_weight(layer), further, strict=True):
                held.copy_(value)
        _settle(network, shifts, examples)


def _fits(stored: list[Tensor], of: tuple[nn.Module, nn.BatchNorm2d | None]) -> bool:
    layer, folded = of
    complete = folded is not None or len(stored) == 1 + len(_beside_weight(layer))
    return complete and bool(stored[0].shape == layer.weight.shape)


def _beside_weight(layer: nn.Module) -> list[Tensor]:
    """What a layer holds beside its weight, in the order an ONNX node takes it."""
    held = [layer.bias, *([layer.running_mean, layer.running_var] if isinstance(layer, _NORMS) else [])]
    return [one for one in held if one is not None]


def _stored(graph: onnx.GraphProto) -> list[list[Tensor]]:
    """What a graph holds of each layer, in the order they run: its weight as torch shapes it, and what goes with it."""
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    for node in graph.node:  # the exporter writes equal values once and passes them on
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    found = []
    for node in graph.node:
        dimensions = _DIMENSIONS.get(node.op_type)
        given = [values[name] for name in node.input[1:] if name in values]
        if dimensions is None or not given or given[0].ndim != dimensions:
            continue
        turned = node.op_type == "MatMul" or (
            node.op_type == "Gemm" and not any(one.name == "transB" and one.i for one in node.attribute)
        )
        found.append([_tensor(given[0].T if turned else given[0]), *map(_tensor, given[1:])])
    return found


def _settle(network: nn.Module, shifts: Sequence[tuple[nn.BatchNorm2d, Tensor]], examples: Sequence[Tensor]) -> None:
    """Give norms that only shift the statistics of `examples`, without changing what the network computes."""
    sums = {norm: [torch.zeros_like(norm.bias), torch.zeros_like(norm.bias), 0] for norm, _ in shifts}

    def watch(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        features = inputs[0].float()
        kept = sums[norm]
        kept[0] += features.sum((0, 2, 3))
        kept[1] += features.square().sum((0, 2, 3))
        kept[2] += features.numel() // features.shape[1]

    hooks = [norm.register_forward_pre_hook(watch) for norm, _ in shifts]
    network.eval()
    for example in examples:
        network(example)
    for hook in hooks:
        hook.remove()
    for norm, shift in shifts:
        total, squares, count = sums[norm]
        mean = total / count
        variance = (squares / count - mean.square()).clamp(min=1e-6)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(shift + mean)


def _in_order(network: nn.Module, example: Tensor) -> list[tuple[nn.Module, nn.BatchNorm2d | None]]:
    """The network's layers with weights in the order they run; convolutions with the norm that the export folded in."""
    run: list[nn.Module] = []
    hooks = [
        module.register_forward_hook(lambda module, *_: run.append(module))
        for module in network.modules()
        if isinstance(module, (nn.Conv2d, nn.Linear, *_NORMS))
    ]
    network.eval()
    with torch.no_grad():
        network(example)
    for hook in hooks:
        hook.remove()
    layers: list[tuple[nn.Module, nn.BatchNorm2d | None]] = []
    for module, before in zip(run, [None, *run], strict=False):
        if isinstance(module, nn.BatchNorm2d) and isinstance(before, nn.Conv2d):
            layers[-1] = (before, module)
        else:
            layers.append((module, None))
    return layers


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(values, np.float32))
