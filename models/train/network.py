"""The product detector's network: plain 3x3 convolutions, a feature pyramid, and an anchor-free head.

Plain convolutions because oneDNN runs them in bf16 ten times faster than depthwise ones on the CPUs this is trained on,
and because static INT8 keeps its precision on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (8, 16, 32)
# Each side of a box is a distribution over 0..BINS-1 strides (Li et al. 2020, "Generalized Focal Loss"), so that an
# unclear edge of a bottle can be unclear. 16 strides reach 128 px from the centre on the finest level.
BINS = 16


def _convolution(inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.03, eps=1e-3),
        nn.ReLU(inplace=True),
    )


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """How large a detector is; the default is what is shipped (2.5 M parameters)."""

    widths: tuple[int, int, int, int, int] = (24, 48, 96, 144, 192)  # channels at strides 2, 4, 8, 16, 32
    depths: tuple[int, int, int, int] = (1, 2, 3, 2)  # residuals at strides 4, 8, 16, 32
    channels: int = 64  # of the pyramid and the heads


class Residual(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Two 3x3 convolutions through half the channels, added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.narrow = _convolution(channels, channels // 2)
        self.widen = _convolution(channels // 2, channels)

    def forward(self, features: Tensor) -> Tensor:
        """(b, channels, h, w) -> the same shape."""
        return features + self.widen(self.narrow(features))


class Backbone(nn.Module):  # type: ignore[misc]
    """Features at strides 8, 16 and 32."""

    def __init__(self, widths: tuple[int, int, int, int, int], depths: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.stem = _convolution(3, widths[0], stride=2)
        self.stages = nn.ModuleList(
            nn.Sequential(
                _convolution(widths[i], widths[i + 1], stride=2), *(Residual(widths[i + 1]) for _ in range(n))
            )
            for i, n in enumerate(depths)
        )

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(b, 3, h, w) -> features of strides 8, 16, 32."""
        features = self.stem(pictures)
        levels = []
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        return levels[1:]


class Pyramid(nn.Module):  # type: ignore[misc]
    """Top-down then bottom-up mixing of the levels (Liu et al. 2018, "Path Aggregation Network")."""

    def __init__(self, inputs: tuple[int, int, int], channels: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(_convolution(width, channels, kernel=1) for width in inputs)
        self.down = nn.ModuleList(_convolution(channels, channels) for _ in range(2))
        self.shrink = nn.ModuleList(_convolution(channels, channels, stride=2) for _ in range(2))
        self.up = nn.ModuleList(_convolution(channels, channels) for _ in range(2))

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        """Three levels of the backbone -> three levels of equal channels."""
        fine, middle, coarse = (lateral(level) for lateral, level in zip(self.lateral, levels, strict=True))
        middle = self.down[0](middle + functional.interpolate(coarse, scale_factor=2.0, mode="nearest"))
        fine = self.down[1](fine + functional.interpolate(middle, scale_factor=2.0, mode="nearest"))
        middle = self.up[0](middle + self.shrink[0](fine))
        coarse = self.up[1](coarse + self.shrink[1](middle))
        return [fine, middle, coarse]


class Head(nn.Module):  # type: ignore[misc]
    """Score and four edge distributions for each cell of one level."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.score_tower = nn.Sequential(_convolution(channels, channels), _convolution(channels, channels))
        self.box_tower = nn.Sequential(_convolution(channels, channels), _convolution(channels, channels))
        self.score = nn.Conv2d(channels, 1, 1)
        self.edges = nn.Conv2d(channels, 4 * BINS, 1)
        nn.init.constant_(self.score.bias, -4.6)  # a cell starts as a product with probability 0.01
        nn.init.normal_(self.score.weight, std=0.01)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(b, c, h, w) -> scores (b, h*w) as logits, edges (b, h*w, 4, BINS) as logits."""
        scores = self.score(self.score_tower(features)).flatten(1)
        edges = self.edges(self.box_tower(features)).flatten(2).transpose(1, 2)
        return scores, edges.reshape(edges.shape[0], -1, 4, BINS)


class DetectorNetwork(nn.Module):  # type: ignore[misc]
    """Class-agnostic product detector."""

    def __init__(self, size: NetworkSize | None = None) -> None:
        super().__init__()
        size = size or NetworkSize()
        widths, channels = size.widths, size.channels
        self.backbone = Backbone(widths, size.depths)
        self.pyramid = Pyramid((widths[2], widths[3], widths[4]), channels)
        self.heads = nn.ModuleList(Head(channels) for _ in STRIDES)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run the network.

        Args:
            pictures: (b, 3, h, w) RGB, 0..1, h and w multiples of 32.

        Returns:
            scores (b, n) logits; edges (b, n, 4, BINS) logits of left, top, right, bottom; cells (n, 3): centre x,
            centre y in pixels and stride.
        """
        levels = self.pyramid(self.backbone(pictures))
        outputs = [head(level) for head, level in zip(self.heads, levels, strict=True)]
        cells = torch.cat([cell_centres(level, stride) for level, stride in zip(levels, STRIDES, strict=True)])
        return torch.cat([o[0] for o in outputs], 1).float(), torch.cat([o[1] for o in outputs], 1).float(), cells


def cell_centres(level: Tensor, stride: int) -> Tensor:
    """(h*w, 3): centre x, centre y in pixels and the stride, for the cells of one level, row by row."""
    height, width = level.shape[2], level.shape[3]
    x = (torch.arange(width, dtype=torch.float32) + 0.5) * stride
    y = (torch.arange(height, dtype=torch.float32) + 0.5) * stride
    grid_y, grid_x = torch.meshgrid(y, x, indexing="ij")
    grid_x, grid_y = grid_x.reshape(-1), grid_y.reshape(-1)
    return torch.stack([grid_x, grid_y, torch.full_like(grid_x, float(stride))], 1)


def decode_boxes(edges: Tensor, cells: Tensor) -> Tensor:
    """(b, n, 4, BINS) edge logits -> (b, n, 4) boxes x1, y1, x2, y2 in pixels: the mean of each distribution."""
    bins = torch.arange(BINS, dtype=torch.float32)
    distances = (edges.softmax(-1) * bins).sum(-1) * cells[:, 2:3]
    return torch.cat([cells[:, :2] - distances[..., :2], cells[:, :2] + distances[..., 2:]], -1)
