"""INT8 of a tiny made detector and of the shipped embedder, on drawn pictures."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is in the extra `train`, outside the lock")

import onnx  # noqa: E402 - after the check for torch

from edge.contract.catalogue import Sku  # noqa: E402
from edge.contract.errors import ModelError  # noqa: E402
from edge.recognise.catalogue import Catalogue  # noqa: E402
from edge.recognise.detector import ProductDetector  # noqa: E402
from edge.recognise.embedder import SkuEmbedder  # noqa: E402
from edge.recognise.manifest import MODELS, find_model, load_manifest  # noqa: E402
from models.train.embedder_data import FacingCrop  # noqa: E402
from models.train.export import write_onnx  # noqa: E402
from models.train.int8 import nodes_to_quantise  # noqa: E402
from models.train.network import DetectorNetwork, NetworkSize  # noqa: E402
from models.train.photos import Photo  # noqa: E402
from models.train.quantise import quantise  # noqa: E402
from models.train.release import enter  # noqa: E402
from models.train.trials import DetectorTrial, EmbedderTrial  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

SMALL = NetworkSize(widths=(4, 8, 8, 8, 8), depths=(1, 1, 1, 1), channels=8)


def photos(count: int) -> list[Photo]:
    """Blocks on noise, 96 x 96, and their boxes."""
    rng = np.random.default_rng(1)
    made = []
    for number in range(count):
        picture = rng.integers(0, 60, (96, 96, 3), dtype=np.uint8)
        picture[20:70, 30:50] = rng.integers(120, 256, 3)
        made.append(
            Photo(f"{number}.png", picture, np.array([[30, 20, 50, 70]], np.float32), np.zeros((0, 4), np.float32))
        )
    return made


@pytest.fixture(scope="module")
def detector_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest with a tiny untrained detector and, made from it, its INT8 form."""
    folder = tmp_path_factory.mktemp("detector")
    torch.manual_seed(0)
    write_onnx(DetectorNetwork(SMALL), folder / "product-detector.onnx")
    shipped = find_model("product-detector", precision="float32").entry
    digest = hashlib.sha256((folder / "product-detector.onnx").read_bytes()).hexdigest()
    size = shipped.input.model_copy(update={"height": 96, "width": 96})
    enter(folder, shipped.model_copy(update={"sha256": digest, "input": size, "file": "product-detector.onnx"}))
    made = photos(6)
    quantise("product-detector", DetectorTrial(made[:4], made[4:]), folder=folder, data=folder, threads=1, rounds=1)
    return folder


def drawn(sku: str, value: int, count: int) -> list[FacingCrop]:
    rng = np.random.default_rng(value)
    pattern = rng.integers(0, 256, (6, 4, 3)).repeat(12, 0).repeat(12, 1)
    noisy = [np.clip(pattern + rng.normal(0, 8, pattern.shape), 0, 255).astype(np.uint8) for _ in range(count)]
    return [FacingCrop(picture, (6, 6, 42, 66), sku, f"{sku}-{n}.jpg", "drawn") for n, picture in enumerate(noisy)]


@pytest.fixture(scope="module")
def embedder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest with the shipped embedder and an INT8 form calibrated on drawn packs."""
    folder = tmp_path_factory.mktemp("embedder")
    shipped = find_model("sku-embedder", precision="float32")
    shutil.copy(MODELS / shipped.entry.file, folder)
    enter(folder, shipped.entry)
    crops = [drawn(f"sku-{number}", number, 8) for number in range(4)]
    trial = EmbedderTrial([c for one in crops for c in one[:5]], [c for one in crops for c in one[5:]], threads=1)
    outcome = quantise("sku-embedder", trial, folder=folder, data=folder, threads=1, rounds=1)
    assert outcome.float32 == outcome.int8 == 1.0
    return folder


def test_the_int8_entry_says_what_it_was_made_from_and_what_it_costs(detector_folder: Path) -> None:
    plain, small = load_manifest(detector_folder).models
    assert (plain.precision, small.precision) == ("float32", "int8")
    assert small.file == "product-detector.int8.onnx"
    assert small.quantisation is not None
    assert small.quantisation.made_from == plain.sha256
    assert "2 held-back photographs" in small.quantisation.measure
    assert small.quantisation.time_ratio > 0
    assert small.thresholds == plain.thresholds


def test_the_int8_detector_finds_what_the_float32_one_finds(detector_folder: Path) -> None:
    first, second = (
        ProductDetector(find_model("product-detector", folder=detector_folder, precision=precision), threads=1)
        for precision in ("float32", "int8")
    )
    picture = photos(1)[0].image
    plain, small = first.detect(picture, min_score=0.0), second.detect(picture, min_score=0.0)
    assert second.version.endswith("+int8")
    assert abs(len(plain.scores) - len(small.scores)) <= 0.1 * len(plain.scores)
    assert np.abs(np.sort(plain.scores)[-10:] - np.sort(small.scores)[-10:]).max() < 0.02


def test_weights_inside_are_int8_of_seven_bits_and_the_last_convolutions_are_not(detector_folder: Path) -> None:
    graph = onnx.load(detector_folder / "product-detector.int8.onnx").graph
    weights = {held.name: onnx.numpy_helper.to_array(held) for held in graph.initializer}
    signed = [values for values in weights.values() if values.dtype == np.int8 and values.ndim == 4]
    plain = [values for values in weights.values() if values.dtype == np.float32 and values.ndim == 4]
    assert len(signed) > 20
    assert all(np.abs(values).max() <= 64 for values in signed)
    assert len(plain) == 6  # score and edges of three levels


def test_every_channel_has_its_own_scale(detector_folder: Path) -> None:
    graph = onnx.load(detector_folder / "product-detector.int8.onnx").graph
    scales = [onnx.numpy_helper.to_array(held) for held in graph.initializer if held.name.endswith("_scale")]
    assert any(scale.shape == (8,) and len(np.unique(scale)) > 1 for scale in scales)


def test_a_catalogue_of_one_precision_serves_the_other(embedder_folder: Path, tmp_path: Path) -> None:
    first, second = (
        SkuEmbedder(find_model("sku-embedder", folder=embedder_folder, precision=precision), threads=1)
        for precision in ("float32", "int8")
    )
    facings = {f"sku-{n}": np.stack([one.plain(first.shape) for one in drawn(f"sku-{n}", n, 2)]) for n in range(4)}
    catalogue = Catalogue.empty("drawn", first.identity)
    for sku, crops in facings.items():
        listed = Sku(id=sku, name=sku, brand="Drawn", owner="Nobody")
        catalogue = catalogue.with_sku(listed).enrol(sku, first.embed_crops(crops[:1]))
    catalogue.save(tmp_path)
    read = Catalogue.load(tmp_path, second.identity)
    assert read.embedder == first.identity
    for sku, crops in facings.items():
        (said,) = read.identify(second.embed_crops(crops[1:]), second.doubt)
        assert said.sku == sku
    agreement = (first.embed_crops(facings["sku-1"]) * second.embed_crops(facings["sku-1"])).sum(axis=1)
    assert agreement.min() > 0.93  # depthwise convolutions lose more than plain ones: see docs/models/speed.md


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"best\.pt"):
        DetectorTrial.of(tmp_path, tmp_path, corrections=None, threads=1)
    with pytest.raises(ModelError, match=r"split\.json"):
        EmbedderTrial.of(tmp_path, tmp_path, threads=1)


def chain(*kinds: str) -> list[onnx.NodeProto]:
    return [onnx.helper.make_node(kind, [f"t{n}"], [f"t{n + 1}"], name=f"{kind}-{n}") for n, kind in enumerate(kinds)]


@pytest.mark.parametrize(
    ("last_too", "chosen"),
    [(False, ["Conv-1", "Relu-2"]), (True, ["Conv-1", "Relu-2", "Conv-3"])],
)
def test_what_lies_before_another_convolution_is_quantised(*, last_too: bool, chosen: list[str]) -> None:
    nodes = chain("Cast", "Conv", "Relu", "Conv", "Add", "Softmax")
    assert nodes_to_quantise(nodes, last_too=last_too) == chosen
