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


def load_shipped(network: nn.Module, path: Path, examples: Sequence[Tensor]) -> None:
    """Give a network the weights of an ONNX file that was exported from one of its kind.

    The export folded every batch norm into its convolution. Here each norm gets the statistics of what reaches it from
    `examples`, and a scale and shift that undo them: the network computes what the file does, and its norms are such as
    training would have left them.

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
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    for node in graph.node:  # the exporter writes equal values once and passes them on
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    layers = _in_order(network, examples[0])
    nodes = [node for node in graph.node if node.op_type == "Conv" and node.input[1] in values]
    shapes = [values[node.input[1]].shape for node in nodes]
    if shapes != [tuple(layer.weight.shape) for layer, _ in layers]:
        raise ModelError(f"{path}: {len(nodes)} convolutions that do not fit this network's {len(layers)}", mend)
    shifts = []
    with torch.no_grad():
        for (layer, norm), node in zip(layers, nodes, strict=True):
            layer.weight.copy_(_tensor(values[node.input[1]]))
            shift = _tensor(values[node.input[2]]) if len(node.input) > 2 else torch.zeros(layer.out_channels)
            if norm is None:
                layer.bias.copy_(shift)
            else:
                shifts.append((norm, shift))
                norm.running_mean.zero_()
                norm.running_var.fill_(1 - norm.eps)
                norm.weight.fill_(1)
                norm.bias.copy_(shift)
        _settle(network, shifts, examples)


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


def _in_order(network: nn.Module, example: Tensor) -> list[tuple[nn.Conv2d, nn.BatchNorm2d | None]]:
    """The network's convolutions in the order they run, each with the norm that follows it."""
    run: list[nn.Module] = []
    hooks = [
        module.register_forward_hook(lambda module, *_: run.append(module))
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d)
    ]
    network.eval()
    with torch.no_grad():
        network(example)
    for hook in hooks:
        hook.remove()
    follows = [*run[1:], None]
    return [
        (module, after if isinstance(after, nn.BatchNorm2d) else None)
        for module, after in zip(run, follows, strict=True)
        if isinstance(module, nn.Conv2d)
    ]


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(values, np.float32))
