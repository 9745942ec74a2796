"""The SKU embedder's network and the loss it learns by."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everybody knows it by

from models.train.efficientnet import CHANNELS, Features

DIMENSIONS = 128
FIXED = 4  # first parts of the backbone that stay as they came: edges and colours are the same everywhere
DETAIL = (4, 3)  # cells of the last map that the head reads


class SkuEmbedder(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Crops of facings to unit vectors.

    Input (n, 128, 96, 3) uint8 BGR, as `edge.recognise.crops` cuts them; scaling is part of the network, so that no
    caller can get it wrong. Output (n, 128) float32 of length 1. The head reads the last map's 4 x 3 cells rather than
    their mean: where on a pack a colour stands tells packs apart.
    """

    def __init__(self, dimensions: int = DIMENSIONS, dropout: float = 0.1) -> None:
        super().__init__()
        self.body = Features()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(CHANNELS * DETAIL[0] * DETAIL[1], dimensions, bias=False)
        self.norm = nn.BatchNorm1d(dimensions)
        for part in self._fixed():
            part.requires_grad_(requires_grad=False)

    def train(self, mode: bool = True) -> SkuEmbedder:  # noqa: FBT001, FBT002 - torch's own signature
        """Training mode for all but what stays fixed."""
        super().train(mode)
        for part in self._fixed():
            part.eval()
        return self

    def _fixed(self) -> list[nn.Module]:
        return list(self.body)[:FIXED]

    def forward(self, crops: Tensor) -> Tensor:
        """(n, 128, 96, 3) uint8 BGR to (n, d) float32 of length 1."""
        pictures = crops.permute(0, 3, 1, 2).float()
        pictures = (torch.stack([pictures[:, 2], pictures[:, 1], pictures[:, 0]], 1) - 127.0) / 128.0
        features = self.body(pictures.contiguous(memory_format=torch.channels_last))
        return F.normalize(self.norm(self.head(self.dropout(features.flatten(1)))).float())


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
