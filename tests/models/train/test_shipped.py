"""Training on from a shipped file: the network computes what the file does, and a strange file is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from edge.contract.errors import ModelError  # noqa: E402 - after the check for torch
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


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    write_onnx(trained(0), tmp_path / "shipped.onnx")
    with pytest.raises(ModelError, match="do not fit"):
        load_shipped(DetectorNetwork(OTHER), tmp_path / "shipped.onnx", pictures(0))


def test_what_is_no_onnx_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"broken\.onnx"):
        load_shipped(DetectorNetwork(SMALL), tmp_path / "broken.onnx", pictures(0))
