"""Training on from a shipped file: the network computes what the file does, and a strange file is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from edge.contract.errors import ModelError  # noqa: E402 - after the check for torch
from models.train.embedder import export as write_embedder  # noqa: E402
from models.train.embedder_network import SkuEmbedder  # noqa: E402
from models.train.export import Deployed, write_onnx  # noqa: E402
from models.train.network import DetectorNetwork, NetworkSize  # noqa: E402
from models.train.shipped import load_shipped  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

SMALL = NetworkSize(widths=(4, 8, 8, 8, 8), depths=(1, 1, 1, 1), channels=8)
OTHER = NetworkSize(widths=(4, 8, 8, 8, 12), depths=(1, 1, 1, 1), channels=8)


def trained(seed: int) -> DetectorNetwork:
    """A network whose norms hold statistics, as after training."""
    torch.manual_seed(seed)
    network = DetectorNetwork(SMALL)
    for _ in range(3):
        network.train()(torch.rand(2, 3, 64, 64))
    network.eval()
    return network


def pictures(seed: int) -> list[Any]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(1, 3, 64, 64, generator=generator) for _ in range(3)]


def test_the_network_computes_what_the_file_does(tmp_path: Path) -> None:
    write_onnx(trained(0), tmp_path / "shipped.onnx")
    again = trained(1)
    load_shipped(again, tmp_path / "shipped.onnx", pictures(2))
    frame = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (1, 96, 64, 3), dtype=np.uint8))
    with torch.no_grad():
        wanted, found = Deployed(trained(0))(frame), Deployed(again.eval())(frame)
    for one, other in zip(wanted, found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_its_norms_hold_the_statistics_of_the_pictures(tmp_path: Path) -> None:
    """In training mode, on the pictures that placed its norms, the network gives nearly what it gives at rest."""
    write_onnx(trained(0), tmp_path / "shipped.onnx")
    again = trained(1)
    batch = torch.cat(pictures(2))
    load_shipped(again, tmp_path / "shipped.onnx", [batch])
    with torch.no_grad():
        resting = again.eval()(batch)[0]
        training = again.train()(batch)[0]
    torch.testing.assert_close(training, resting, rtol=2e-2, atol=2e-2)


def used_embedder(seed: int) -> SkuEmbedder:
    """An embedder whose norms hold statistics, as after training."""
    torch.manual_seed(seed)
    network = SkuEmbedder()
    for module in network.modules():
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            for values in (module.running_mean, module.weight, module.bias):
                values.data.add_(0.1 * torch.rand_like(values))
            module.running_var.data.mul_(0.5 + torch.rand_like(module.running_var))
    network.eval()
    return network


def crops(seed: int) -> Any:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (4, 128, 96, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def embedder_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("embedder") / "sku-embedder.onnx"
    write_embedder(used_embedder(0), path)
    return path


def test_the_embedder_computes_what_its_file_does(embedder_file: Path) -> None:
    again = used_embedder(1)
    load_shipped(again, embedder_file, [crops(2)])
    with torch.no_grad():
        torch.testing.assert_close(again.eval()(crops(3)), used_embedder(0)(crops(3)), rtol=1e-3, atol=1e-4)


def test_an_embedders_head_and_last_norm_are_those_of_the_file(embedder_file: Path) -> None:
    again, wanted = used_embedder(1), used_embedder(0)
    load_shipped(again, embedder_file, [crops(2)])
    torch.testing.assert_close(again.head.weight, wanted.head.weight)
    for name, values in wanted.norm.state_dict().items():
        torch.testing.assert_close(again.norm.state_dict()[name], values, msg=name)


def test_a_detectors_file_is_refused_for_an_embedder(tmp_path: Path) -> None:
    write_onnx(trained(0), tmp_path / "shipped.onnx")
    with pytest.raises(ModelError, match="do not fit"):
        load_shipped(used_embedder(0), tmp_path / "shipped.onnx", [crops(0)])


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    write_onnx(trained(0), tmp_path / "shipped.onnx")
    with pytest.raises(ModelError, match="do not fit"):
        load_shipped(DetectorNetwork(OTHER), tmp_path / "shipped.onnx", pictures(0))


def test_what_is_no_onnx_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"broken\.onnx"):
        load_shipped(DetectorNetwork(SMALL), tmp_path / "broken.onnx", pictures(0))
