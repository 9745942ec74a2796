"""The detector's training on tiny made pictures: its code is alive, resumes, and learns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is in the extra `train`, outside the lock")

from models.train.detector import DetectorTraining, Settings  # noqa: E402 - after the check for torch
from models.train.export import write_onnx  # noqa: E402
from models.train.network import DetectorNetwork, NetworkSize  # noqa: E402
from models.train.photos import read_photos  # noqa: E402
from models.train.run import Schedule, load_checkpoint  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

SMALL = NetworkSize(widths=(4, 8, 8, 8, 8), depths=(1, 1, 1, 1), channels=8)
TINY = Settings(seed=3, batch=2, side=64, rate=2e-3, share=0.2, checks=1, network=SMALL)


@pytest.fixture(scope="module")
def made_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures of bright upright blocks on dark noise, and their boxes."""
    folder = tmp_path_factory.mktemp("blocks")
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number in range(1, 7):
        picture = rng.integers(0, 60, (96, 96, 3), dtype=np.uint8)
        for column in rng.permutation(4)[:3]:
            x, y = 4 + 23 * int(column), int(rng.integers(5, 40))
            picture[y : y + 45, x : x + 18] = rng.integers(120, 256, 3)
            annotations.append({"id": len(annotations) + 1, "image_id": number, "bbox": [x, y, 18, 45], "iscrowd": 0})
        cv2.imwrite(str(folder / "images" / f"{number}.png"), picture)
        images.append({"id": number, "file_name": f"{number}.png", "width": 96, "height": 96})
    (folder / "annotations.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    return folder


def training(photos: Path, out: Path, *, steps: int) -> DetectorTraining:
    return DetectorTraining(read_photos(photos), settings=TINY, schedule=Schedule(steps=steps, minutes=None), out=out)


def test_a_short_run_learns_and_leaves_a_checkpoint_and_a_log(made_photos: Path, tmp_path: Path) -> None:
    best = training(made_photos, tmp_path, steps=12).run()
    state = load_checkpoint(best)
    assert state["step"] > 0
    assert len(state["held"]) >= 1
    events = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert events[0]["event"] == "start"
    assert all(np.isfinite(e["ap50"]) for e in events if e["event"] == "held-back")
    assert all(torch.isfinite(value.float()).all() for value in state["average"].values())


def test_a_resumed_run_ends_where_an_unbroken_one_does(made_photos: Path, tmp_path: Path) -> None:
    training(made_photos, tmp_path / "whole", steps=4).run()
    cut = training(made_photos, tmp_path / "cut", steps=4)
    for _ in range(2):
        cut.learn()
    cut.save()
    again = training(made_photos, tmp_path / "cut", steps=4)
    again.resume()
    again.run()
    whole, resumed = (load_checkpoint(tmp_path / name / "last.pt") for name in ("whole", "cut"))
    assert resumed["step"] == whole["step"] == 4
    for name, value in whole["network"].items():
        torch.testing.assert_close(resumed["network"][name], value, rtol=1e-3, atol=1e-4)


def test_the_exported_file_agrees_with_torch_on_frames_of_several_shapes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = DetectorNetwork(SMALL)
    write_onnx(network, tmp_path / "tiny.onnx")  # raises where ONNX Runtime and torch differ
    assert (tmp_path / "tiny.onnx").stat().st_size > 0
