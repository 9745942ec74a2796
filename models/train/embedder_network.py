"""The SKU embedder's network and the loss it learns by."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everybody knows it by

DIMENSIONS = 128
WIDTHS = (32, 64, 128, 256)


class Block(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Two plain 3x3 convolutions around a shortcut.

    Plain ones, because they train many times faster than depthwise ones on CPUs and quantise without fuss.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = convolution(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """(n, width, h, w) to the same shape."""
        return F.relu(x + self.second(self.first(x)))


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class SkuEmbedder(nn.Module):  # type: ignore[misc]
    """Crops of facings to unit vectors.

    Input (n, 96, 64, 3) uint8 BGR, as `edge.recognise.crops` cuts them; scaling is part of the network, so that no
    caller can get it wrong. Output (n, 128) float32 of length 1. The last map is pooled to 3 x 2 cells rather than to
    one: where on a pack a colour stands tells packs apart.
    """

    def __init__(self, dimensions: int = DIMENSIONS, dropout: float = 0.1) -> None:
        super().__init__()
        a, b, c, d = WIDTHS
        self.body = nn.Sequential(
            convolution(3, a, 2),
            convolution(a, b, 2),
            Block(b),
            convolution(b, c, 2),
            Block(c),
            Block(c),
            convolution(c, d, 2),
            Block(d),
            Block(d),
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(d * 6, dimensions, bias=False)
        self.norm = nn.BatchNorm1d(dimensions)

    def forward(self, crops: Tensor) -> Tensor:
        """(n, 96, 64, 3) uint8 BGR to (n, d) float32 of length 1."""
        x = (crops.permute(0, 3, 1, 2).float() - 127.5) / 64.0
        x = F.avg_pool2d(self.body(x.contiguous(memory_format=torch.channels_last)), 2)
        return F.normalize(self.norm(self.head(self.dropout(x.flatten(1)))).float())


class SubCentreProxies(nn.Module):  # type: ignore[misc]
    """Sub-centre ArcFace (Deng et al. 2020) with one more answer: "none of these".

    Every SKU has several proxies, since a pack has more than one look; a crop is compared with the nearest. The answer
    "none" has a constant cosine: products of no SKU (`label == skus`) learn to stay farther than that from every proxy,
    and SKUs to come nearer. The recogniser's score is this same softmax.
    """

    def __init__(self, skus: int, *, dimensions: int = DIMENSIONS, centres: int = 3) -> None:
        super().__init__()
        self.proxies = nn.Parameter(F.normalize(torch.randn(skus, centres, dimensions), dim=-1))
        self.scale = 20.0
        self.margin = 0.2
        self.none_cosine = 0.45
        self.smoothing = 0.05

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of (n, d) unit embeddings with (n,) labels; the label after the last SKU means none of them."""
        skus, centres, dimensions = self.proxies.shape
        proxies = F.normalize(self.proxies.reshape(skus * centres, dimensions), dim=-1)
        cosines = (embeddings @ proxies.T).reshape(-1, skus, centres).amax(2)
        angles = torch.arccos(cosines.clamp(-0.999, 0.999))
        target = F.one_hot(labels, skus + 1)[:, :skus].bool()
        cosines = torch.where(target, torch.cos(angles + self.margin), cosines)
        none = torch.full((len(cosines), 1), self.none_cosine)
        return F.cross_entropy(self.scale * torch.cat([cosines, none], 1), labels, label_smoothing=self.smoothing)
